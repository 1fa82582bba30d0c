package boltledger

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"

	"github.com/hanpyo/hanpyo/internal/reason"
)

// maxNote is more than any checkpoint has bytes.
const maxNote = 1 << 20

// readNote reads a file with a checkpoint. Of one that is too large to be that
// it returns the beginning, which does not parse.
func readNote(path string) ([]byte, error) {
	f, err := openFile(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, maxNote))
}

// openFile opens a file for reading. It refuses pipes and devices, which would
// be waited for or never end.
func openFile(path string) (*os.File, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	if !info.Mode().IsRegular() && !info.IsDir() { // reading a directory fails by itself
		return nil, fmt.Errorf("%s: not a regular file: %w", path, reason.ErrEncoding)
	}
	return os.Open(path)
}

// writeFile makes path hold data, durably and as a whole or not at all.
func writeFile(path string, data []byte) (err error) {
	dir := filepath.Dir(path)
	f, err := os.CreateTemp(dir, "*.tmp")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = f.Close()
			_ = os.Remove(f.Name())
		}
	}()
	if _, err := f.Write(data); err != nil {
		return err
	}
	if err := f.Chmod(0o644); err != nil && runtime.GOOS != "windows" {
		return err
	}
	if err := f.Sync(); err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	if err := os.Rename(f.Name(), path); err != nil {
		return err
	}
	return syncDir(dir)
}

// sector is what a disk writes whole or not at all.
const sector = 512

// overwrite makes path hold data, durably, by writing over what it holds. It
// costs one sync instead of two and no new file, and is for less than a sector
// over as much or less; otherwise it reports false.
func overwrite(path string, data []byte) (done bool, err error) {
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return false, nil
	}
	defer func() {
		if e := f.Close(); err == nil {
			err = e
		}
	}()
	info, err := f.Stat()
	if err != nil || info.Size() > int64(len(data)) || len(data) > sector {
		return false, err
	}
	if _, err := f.WriteAt(data, 0); err != nil {
		return false, err
	}
	return true, datasync(f)
}

// removeTemporary removes what an interrupted writeFile left behind.
func removeTemporary(dir string) error {
	found, err := os.ReadDir(dir)
	if err != nil {
		return err
	}
	for _, f := range found {
		if filepath.Ext(f.Name()) != ".tmp" {
			continue
		}
		if err := os.Remove(filepath.Join(dir, f.Name())); err != nil {
			return err
		}
	}
	return nil
}

// syncDir makes the names in dir durable. Windows has no such call: there the
// file system's journal keeps names in order.
func syncDir(dir string) error {
	if runtime.GOOS == "windows" {
		return nil
	}
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	err = d.Sync()
	if e := d.Close(); err == nil {
		err = e
	}
	return err
}
