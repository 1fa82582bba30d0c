//go:build linux || darwin

package main

import (
	"os/signal"
	"syscall"
)

// limitFiles lets no file of this process grow above n bytes: a write across
// that is cut short, one beyond fails.
func limitFiles(n uint64) error {
	signal.Ignore(syscall.SIGXFSZ)
	return syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: n, Max: n})
}
