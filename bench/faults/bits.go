package main

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/hanpyo/hanpyo/ledger/boltledger"
)

// smallSize is the number of entries of the ledgers that torn and flips hurt.
const smallSize = 7

func makeSmall(dir string, n int) error {
	log, err := open(dir)
	if err != nil {
		return err
	}
	cp, err := log.Checkpoint(context.Background())
	if err != nil {
		return err
	}
	for i := int(cp.Size); i < n; i++ {
		if _, err := log.Append(context.Background(), entry(i)); err != nil {
			return err
		}
	}
	return log.Close()
}

// readOnly reads a ledger as an auditor does, size entries of it.
func readOnly(dir string, least, most int) error {
	r, err := boltledger.OpenReadOnly(dir)
	if err != nil {
		return err
	}
	_, err = checkEntries(r, least, most)
	if e := r.Close(); err == nil {
		err = e
	}
	return err
}

// judge files what a check of damaged files said.
func (c *count) judge(what, dir string, err error) {
	var wrong wrongContent
	switch {
	case err == nil:
	case errors.As(err, &wrong):
		c.failed("%s: %v", what, err)
	case strings.Contains(err.Error(), dir):
		c.reported++
	default:
		c.failed("%s: does not name the file: %v", what, err)
	}
}

// flips flips every step-th bit of every file of a small ledger. Reading must
// give what was there, or an error that names the file. Where it reads well a
// writer opens it and appends: that goes well, or is refused without harm.
func flips(dir string, step int) (count, error) {
	seed, at := filepath.Join(dir, "seed"), filepath.Join(dir, "at")
	if err := makeSmall(seed, smallSize); err != nil {
		return count{}, err
	}
	if err := os.CopyFS(at, os.DirFS(seed)); err != nil {
		return count{}, err
	}
	large, err := filepath.Glob(filepath.Join(at, "large", "*"))
	if err != nil {
		return count{}, err
	}
	var c count
	c.acked = smallSize
	for _, path := range append([]string{filepath.Join(at, "ledger.db"), filepath.Join(at, "checkpoint")}, large...) {
		whole, err := os.ReadFile(path)
		if err != nil {
			return count{}, err
		}
		stepHere := step
		if len(large) > 0 && path == large[0] {
			stepHere = step * 8 // one bit of each byte: 70,000 equal cases
		}
		for bit := 0; bit < 8*len(whole); bit += stepHere {
			if err := flip(&c, dir, path, whole, bit); err != nil {
				return count{}, err
			}
		}
		if err := os.WriteFile(path, whole, 0o644); err != nil {
			return count{}, err
		}
	}
	return c, nil
}

func flip(c *count, dir, path string, whole []byte, bit int) error {
	at := filepath.Join(dir, "at")
	b := bytes.Clone(whole)
	b[bit/8] ^= 1 << (bit % 8)
	if err := os.WriteFile(path, b, 0o644); err != nil {
		return err
	}
	c.faults++
	what := fmt.Sprintf("%s, bit %d", filepath.Base(path), bit)
	err := readOnly(at, smallSize, smallSize)
	c.judge(what, at, err)
	if err != nil || bit%512 != 0 && !inFreelist(whole, bit/8) {
		return nil
	}
	work := filepath.Join(dir, "work")
	defer os.RemoveAll(work)
	if err := os.CopyFS(work, os.DirFS(at)); err != nil {
		return err
	}
	_, err = checkWhole(work, smallSize, smallSize)
	c.judge(what+", appending after it", work, err)
	if err != nil {
		if err := readOnly(work, smallSize, smallSize+2); err != nil {
			c.failed("%s: appending after it did harm: %v", what, err)
		}
	}
	return nil
}

// inFreelist reports whether an offset of a database is in a list of free pages.
func inFreelist(db []byte, at int) bool {
	const flags, freelist = 8, 0x10
	page := at / os.Getpagesize() * os.Getpagesize()
	return len(db) >= page+16 && binary.NativeEndian.Uint16(db[page+flags:]) == freelist && at < page+1024
}

// torn takes the difference that one append makes to the database, and applies
// it in part. Of the meta page every number of bytes; of the other pages each
// sector as it was, new or zero, before and after the meta page counts.
func torn(dir string, step int) (count, error) {
	const sector = 512
	page := os.Getpagesize()
	seed, at := filepath.Join(dir, "seed"), filepath.Join(dir, "at")
	var c count
	for n := 1; n <= 8; n++ {
		if err := makeSmall(seed, n-1); err != nil {
			return count{}, err
		}
		path := filepath.Join(seed, "ledger.db")
		before, err := os.ReadFile(path)
		if err != nil {
			return count{}, err
		}
		oldCheckpoint, err := os.ReadFile(filepath.Join(seed, "checkpoint"))
		if err != nil {
			return count{}, err
		}
		if err := makeSmall(seed, n); err != nil {
			return count{}, err
		}
		after, err := os.ReadFile(path)
		if err != nil {
			return count{}, err
		}
		if len(before) < len(after) {
			before = append(before, make([]byte, len(after)-len(before))...)
		}
		// try opens the ledger with this database, as it is before the append
		// was acknowledged, or after.
		try := func(what string, db []byte, acked bool) error {
			if c.faults++; c.faults%step != 0 {
				return nil
			}
			defer os.RemoveAll(at)
			if err := os.CopyFS(at, os.DirFS(seed)); err != nil {
				return err
			}
			if err := os.WriteFile(filepath.Join(at, "ledger.db"), db, 0o644); err != nil {
				return err
			}
			least := n
			if !acked {
				least = n - 1
				if err := os.WriteFile(filepath.Join(at, "checkpoint"), oldCheckpoint, 0o644); err != nil {
					return err
				}
			}
			c.acked += least
			_, err := checkWhole(at, least, n)
			if err != nil && !acked {
				c.failed("append %d, %s: %v", n, what, err) // an interrupted write must not stop it
				return nil
			}
			c.judge(what, at, err)
			return nil
		}
		for p := 0; p < len(after); p += page {
			if bytes.Equal(before[p:p+page], after[p:p+page]) {
				continue
			}
			if p < 2*page { // the meta page, in the making
				for cut := 1; cut <= 96; cut++ {
					db := slices.Concat(after[:p], after[p:p+cut], before[p+cut:p+page], after[p+page:])
					if err := try(fmt.Sprintf("%d bytes of the meta page", cut), db, false); err != nil {
						return count{}, err
					}
				}
				continue
			}
			for s := p; s < p+page; s += sector {
				for name, old := range map[string][]byte{"old": before[s : s+sector], "zero": make([]byte, sector)} {
					interrupted := slices.Concat(before[:2*page], after[2*page:s], old, after[s+sector:])
					if err := try(fmt.Sprintf("sector %d %s", s, name), interrupted, false); err != nil {
						return count{}, err
					}
					lied := slices.Concat(after[:s], old, after[s+sector:])
					if err := try(fmt.Sprintf("sector %d %s after all", s, name), lied, true); err != nil {
						return count{}, err
					}
				}
			}
		}
	}
	return c, nil
}
