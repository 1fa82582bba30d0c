//go:build !(darwin || dragonfly || freebsd || linux || netbsd || openbsd)

package boltledger

import "os"

// unlock does nothing where closing a file gives up its locks.
func unlock(*os.File) error { return nil }
