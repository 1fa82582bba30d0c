//go:build !(darwin || dragonfly || freebsd || illumos || linux || netbsd || openbsd)

package dkg

// lockFile does nothing where there is no flock: there a trustee's file must not
// be opened twice at a time.
func lockFile(string) (unlock func(), err error) { return func() {}, nil }

// syncFolder does nothing: folders cannot be synchronised there.
func syncFolder(string) error { return nil }
