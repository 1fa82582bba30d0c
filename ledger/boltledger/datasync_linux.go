package boltledger

import (
	"os"
	"syscall"
)

// datasync makes what was written to f durable, but not the time of it, which
// costs a commit of the file system's journal.
func datasync(f *os.File) error {
	for {
		if err := syscall.Fdatasync(int(f.Fd())); err != syscall.EINTR {
			return err
		}
	}
}
