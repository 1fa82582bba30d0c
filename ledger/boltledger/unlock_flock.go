//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package boltledger

import (
	"os"
	"syscall"
)

// unlock gives up the lock on the database file f. Closing f is not enough
// while its memory map lasts, which only bbolt can undo.
func unlock(f *os.File) error { return syscall.Flock(int(f.Fd()), syscall.LOCK_UN) }
