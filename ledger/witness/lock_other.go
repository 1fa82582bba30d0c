//go:build !(darwin || dragonfly || freebsd || illumos || linux || netbsd || openbsd)

package witness

import "os"

// lock makes the file and no more where there is no flock: there a witness's
// directory must not be opened twice at a time.
func lock(path string) (unlock func(), err error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o644)
	if err != nil {
		return nil, err
	}
	return func() { f.Close() }, nil
}

// syncFolder does nothing: folders cannot be synchronised there.
func syncFolder(string) error { return nil }
