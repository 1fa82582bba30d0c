package boltledger

import (
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"

	"github.com/hanpyo/hanpyo/internal/reason"
	"github.com/hanpyo/hanpyo/ledger"
)

// largeName is the directory of large entries: one file each, named by the
// SHA-256 of its content in hex. They stay out of the database because it
// copies neighbours whenever it writes.
const largeName = "large"

func (s *store) largePath(stub ledger.Stub) string {
	return filepath.Join(s.dir, largeName, hex.EncodeToString(stub.Hash[:]))
}

// putLarge stores the data of stub durably, unless it is there already.
func (s *store) putLarge(stub ledger.Stub, data []byte) error {
	if _, err := s.getLarge(stub); err == nil {
		return syncDir(filepath.Join(s.dir, largeName))
	}
	if err := writeFile(s.largePath(stub), data); err != nil {
		return fmt.Errorf("boltledger: %w", err)
	}
	return nil
}

// getLarge reads the data of stub and checks it.
func (s *store) getLarge(stub ledger.Stub) ([]byte, error) {
	path := s.largePath(stub)
	f, err := openFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s: missing: %w", path, reason.ErrIncomplete)
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, err
	}
	if uint64(info.Size()) != stub.Size {
		return nil, fmt.Errorf("%s: %d bytes instead of %d: %w", path, info.Size(), stub.Size, reason.ErrChain)
	}
	data := make([]byte, stub.Size)
	if _, err := io.ReadFull(f, data); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	if err := stub.Check(data); err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return data, nil
}
