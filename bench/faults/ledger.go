package main

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"

	"golang.org/x/mod/sumdb/note"

	"github.com/hanpyo/hanpyo/ledger"
	"github.com/hanpyo/hanpyo/ledger/boltledger"
)

// A key for these ledgers only.
const (
	secretKey = "PRIVATE+KEY+example.org/2027-council+4af4ad60+AWFuIGV4YW1wbGUga2V5LCAzMiBieXRlcyBsb25nLi4u"
	publicKey = "example.org/2027-council+4af4ad60+AensiGkrelCEd7LM5+3o4tO/zQ28y2nju4fojei/uqF4"
)

var policy = ledger.Policy{Origin: "example.org/2027-council", Key: publicKey}

// The environment of a child that appends.
const (
	childDir   = "HANPYO_FAULTS_DIR"
	childLimit = "HANPYO_FAULTS_LIMIT" // RLIMIT_FSIZE
	childCount = 12
)

func open(dir string) (ledger.Ledger, error) {
	signer, err := note.NewSigner(secretKey)
	if err != nil {
		return nil, err
	}
	return boltledger.Open(dir, signer)
}

// entry is what is appended at index i. One in eight is large.
func entry(i int) []byte {
	b := fmt.Appendf(nil, "entry %d\n", i)
	if i%8 == 5 {
		return bytes.Repeat(b, 70_000/len(b)+1)
	}
	return b
}

// child appends entries to the ledger in dir after those that are there, and
// prints each index once it is acknowledged.
func child(dir string) int {
	if limit := os.Getenv(childLimit); limit != "" {
		var n uint64
		if _, err := fmt.Sscan(limit, &n); err != nil {
			return 2
		}
		if err := limitFiles(n); err != nil {
			return 2
		}
	}
	log, err := open(dir)
	if err != nil {
		fmt.Println("error", err)
		return 1
	}
	cp, err := log.Checkpoint(context.Background())
	if err != nil {
		fmt.Println("error", err)
		return 1
	}
	for i := int(cp.Size); i < int(cp.Size)+childCount; i++ {
		index, err := log.Append(context.Background(), entry(i))
		if err != nil {
			fmt.Println("error", err)
			return 1
		}
		fmt.Println("acked", index)
	}
	if err := log.Close(); err != nil {
		fmt.Println("error", err)
		return 1
	}
	return 0
}

// runChild runs cmd, a child on a ledger of size entries, and returns the size
// that it has acknowledged.
func runChild(cmd *exec.Cmd, dir string, size int, env ...string) (acked int, ended error, err error) {
	cmd.Env = append(append(os.Environ(), childDir+"="+dir), env...)
	var out bytes.Buffer
	cmd.Stdout = &out
	ended = cmd.Run()
	var status *exec.ExitError
	if ended != nil && !errors.As(ended, &status) {
		return 0, nil, ended
	}
	acked = size
	for lines := bufio.NewScanner(&out); lines.Scan(); {
		text, ok := strings.CutPrefix(lines.Text(), "acked ")
		if !ok {
			continue
		}
		var index int
		if _, err := fmt.Sscan(text, &index); err != nil || index != acked {
			return 0, nil, fmt.Errorf("child says %q after %d", lines.Text(), acked)
		}
		acked++
	}
	return acked, ended, nil
}

// checkWhole opens the ledger in dir and returns why it is not what it must be:
// the entries from 0 on, acked of them at least, max at most. Then it appends
// one more and opens it again.
func checkWhole(dir string, acked, max int) (size int, err error) {
	for range 2 {
		log, err := open(dir)
		if err != nil {
			return 0, err
		}
		size, err = checkEntries(log, acked, max)
		if err == nil {
			_, err = log.Append(context.Background(), entry(size))
		}
		if e := log.Close(); err == nil {
			err = e
		}
		if err != nil {
			return 0, err
		}
		acked, max = size+1, size+1
	}
	return size, nil
}

// wrongContent is a ledger that shows something else without an error: the one
// thing that must never be.
type wrongContent struct{ text string }

func (w wrongContent) Error() string { return w.text }

// checkEntries reads everything in a ledger, believing nothing.
func checkEntries(r ledger.Reader, acked, max int) (int, error) {
	ctx := context.Background()
	cp, err := r.Checkpoint(ctx)
	if err != nil {
		return 0, err
	}
	size := int(cp.Size)
	if size < acked || size > max {
		return 0, wrongContent{fmt.Sprintf("size %d, not from %d to %d", size, acked, max)}
	}
	if size == 0 {
		return 0, nil
	}
	v, err := ledger.Verified(r, policy, cp)
	if err != nil {
		return 0, err
	}
	for e, err := range v.Entries(ctx, 0, cp.Size) {
		if err != nil {
			return 0, err
		}
		if !bytes.Equal(e.Data, entry(int(e.Index))) {
			return 0, wrongContent{fmt.Sprintf("entry %d is another", e.Index)}
		}
	}
	return size, nil
}

// self returns a command that runs this program again.
func self() *exec.Cmd {
	path, err := os.Executable()
	if err != nil {
		path = os.Args[0]
	}
	return exec.Command(path)
}
