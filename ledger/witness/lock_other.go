//go:build !(darwin || dragonfly || freebsd || illumos || linux || netbsd || openbsd)

package witness

// lock does nothing where there is no flock: there a witness's directory must
// not be opened twice at a time.
func lock(string) (unlock func(), err error) { return func() {}, nil }

// syncFolder does nothing: folders cannot be synchronised there.
func syncFolder(string) error { return nil }
