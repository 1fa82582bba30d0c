package witness

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/hanpyo/hanpyo/internal/reason"
	"github.com/hanpyo/hanpyo/ledger"
)

// ErrLocked means that another process has the directory open.
var ErrLocked = errors.New("witness is open elsewhere")

// Names of the files in a witness's directory.
const (
	stateName = "seen"
	lockName  = "lock"
)

// stateHeader is the first line of the file; the last is the SHA-256 of all
// before it, in hex.
const stateHeader = "hanpyo witness v1\n"

// state is the newest checkpoint that was cosigned of each ledger: its origin,
// size and root, three lines each, in the order of the origins.
type state struct {
	path string
	seen map[string]ledger.Checkpoint
}

// openState reads the file in dir, which it makes the first time.
func openState(dir string) (*state, func(), error) {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, nil, fmt.Errorf("witness: %w", err)
	}
	if err := makeState(dir); err != nil {
		return nil, nil, fmt.Errorf("witness: %w", err)
	}
	unlock, err := lock(filepath.Join(dir, lockName))
	if err != nil {
		return nil, nil, fmt.Errorf("witness: %s: %w", dir, err)
	}
	s := &state{path: filepath.Join(dir, stateName), seen: make(map[string]ledger.Checkpoint)}
	data, err := os.ReadFile(s.path)
	if err == nil {
		s.seen, err = parseState(data)
	} else if errors.Is(err, fs.ErrNotExist) {
		err = fmt.Errorf("what the witness has seen is lost: %w", reason.ErrChain)
	}
	if err != nil {
		unlock()
		return nil, nil, fmt.Errorf("witness: %s: %w", s.path, err)
	}
	return s, unlock, nil
}

// makeState writes that nothing has been seen into a dir that was never locked.
// From then on there is a state, so that one which is lost is missed. Whoever
// does this at the same time does not write over what the other has seen.
func makeState(dir string) error {
	if _, err := os.Lstat(filepath.Join(dir, lockName)); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	f, err := os.CreateTemp(dir, stateName+".*")
	if err != nil {
		return err
	}
	defer os.Remove(f.Name())
	_, err = f.Write(encodeState(nil))
	if err == nil {
		err = f.Sync()
	}
	if e := f.Close(); err == nil {
		err = e
	}
	if err == nil {
		err = os.Link(f.Name(), filepath.Join(dir, stateName))
	}
	if err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return syncFolder(dir)
}

func parseState(data []byte) (map[string]ledger.Checkpoint, error) {
	end := len(data) - 2*sha256.Size - 1
	if end < 0 || string(data[end:]) != checksum(data[:end]) {
		return nil, fmt.Errorf("its end is not the hash of the rest: %w", reason.ErrChain)
	}
	text, ok := strings.CutPrefix(string(data[:end]), stateHeader)
	if !ok {
		return nil, fmt.Errorf("not %q: %w", strings.TrimSpace(stateHeader), reason.ErrVersion)
	}
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	if text == "" {
		lines = nil
	}
	seen := make(map[string]ledger.Checkpoint)
	for len(lines) >= 3 {
		size, errSize := strconv.ParseUint(lines[1], 10, 64)
		root, errRoot := tlog.ParseHash(lines[2])
		if errSize != nil || errRoot != nil {
			return nil, fmt.Errorf("size or root of %.100q: %w", lines[0], reason.ErrEncoding)
		}
		seen[lines[0]] = ledger.Checkpoint{Origin: lines[0], Size: size, Root: root}
		lines = lines[3:]
	}
	if !bytes.Equal(encodeState(seen), data) {
		return nil, fmt.Errorf("not in its one form: %w", reason.ErrEncoding)
	}
	return seen, nil
}

func encodeState(seen map[string]ledger.Checkpoint) []byte {
	b := []byte(stateHeader)
	for _, origin := range slices.Sorted(maps.Keys(seen)) {
		b = fmt.Appendf(b, "%s\n%d\n%s\n", origin, seen[origin].Size, seen[origin].Root)
	}
	return append(b, checksum(b)...)
}

func checksum(b []byte) string { return fmt.Sprintf("%x\n", sha256.Sum256(b)) }

// get returns the newest checkpoint of a ledger, or that of the empty one.
func (s *state) get(origin string) ledger.Checkpoint {
	if cp, ok := s.seen[origin]; ok {
		return cp
	}
	return ledger.Checkpoint{Origin: origin, Root: tlog.Hash(sha256.Sum256(nil))}
}

// put makes cp the newest checkpoint of its ledger, durably. After an error it
// may be either: then the old one stands here, and a file with the new one
// only makes the witness refuse more.
func (s *state) put(cp ledger.Checkpoint) error {
	seen := maps.Clone(s.seen)
	seen[cp.Origin] = ledger.Checkpoint{Origin: cp.Origin, Size: cp.Size, Root: cp.Root}
	if err := replaceFile(s.path, encodeState(seen)); err != nil {
		return fmt.Errorf("witness: %w", err)
	}
	s.seen = seen
	return nil
}

// replaceFile makes path hold data, durably and as a whole or not at all.
func replaceFile(path string, data []byte) error {
	f, err := os.OpenFile(path+".new", os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o644)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	if err == nil {
		err = f.Sync()
	}
	if e := f.Close(); err == nil {
		err = e
	}
	if err == nil {
		err = os.Rename(path+".new", path)
	}
	if err != nil {
		return err
	}
	return syncFolder(filepath.Dir(path))
}
