//go:build !(linux || darwin)

package main

// limitFiles cannot limit files here.
func limitFiles(uint64) error { return errSkipped }
