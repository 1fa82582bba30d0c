package tally

import (
	"bufio"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/mod/sumdb/note"

	"github.com/hanpyo/hanpyo/ballot"
	"github.com/hanpyo/hanpyo/elgamal"
	"github.com/hanpyo/hanpyo/internal/electiontest"
	"github.com/hanpyo/hanpyo/ledger"
	"github.com/hanpyo/hanpyo/ledger/boltledger"
)

// The environment of a child in which voters cast until it is killed.
const (
	killedDir    = "HANPYO_TALLY_DIR"
	killedKey    = "HANPYO_TALLY_KEY"
	killedOpen   = "HANPYO_TALLY_FINGERPRINT"
	killedVoters = "HANPYO_TALLY_VOTERS"
)

// A process in which voters cast and cast again is killed in the middle, again
// and again: every receipt that a voter has seen holds, and the ballot counts or
// is superseded by one that does.
func TestCastingKilled(t *testing.T) {
	if dir := os.Getenv(killedDir); dir != "" {
		fmt.Fprintln(os.Stderr, castForever(dir))
		os.Exit(1)
	}
	if testing.Short() {
		t.Skip("starts processes")
	}
	dir := filepath.Join(t.TempDir(), "ledger")
	var log ledger.Ledger
	e := electiontest.New(t, &electiontest.Options{
		Trustees: 1, Voters: 6, Contests: electiontest.Contests()[:1], Limits: ballot.Limits{BallotsPerCredential: 1000},
		Ledger: func(s note.Signer) (l ledger.Ledger, err error) {
			log, err = boltledger.Open(dir, s)
			return log, err
		},
	})
	var keys []string
	for _, v := range e.Voters {
		keys = append(keys, hex.EncodeToString(v.Key.Bytes()))
	}
	require.NoError(t, log.Close())

	var seen []racingReceipt
	for run := range 4 {
		cmd := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$")
		cmd.Env = append(os.Environ(), killedDir+"="+dir, killedKey+"="+e.SignerKey, killedOpen+"="+e.Fingerprint.String(), killedVoters+"="+strings.Join(keys, ","))
		out, err := cmd.StdoutPipe()
		require.NoError(t, err)
		require.NoError(t, cmd.Start())
		lines := bufio.NewScanner(out)
		lines.Buffer(nil, 1<<20)
		before := len(seen)
		for lines.Scan() {
			if r, ok := parseSeen(lines.Text()); ok {
				seen = append(seen, r)
			}
			if len(seen) == before+10+17*run {
				require.NoError(t, cmd.Process.Kill())
			}
		}
		require.Error(t, cmd.Wait())
		require.GreaterOrEqual(t, len(seen), before+10+17*run, "it ended by itself")

		reopened, err := boltledger.Open(dir, e.Signer)
		require.NoError(t, err)
		holdSeen(t, reopened, e, seen)
		require.NoError(t, reopened.Close())
	}
}

// holdSeen checks receipts that were seen before a crash.
func holdSeen(t *testing.T, log ledger.Ledger, e *electiontest.Election, seen []racingReceipt) {
	opened, err := ballot.Load(t.Context(), log, e.Fingerprint)
	require.NoError(t, err)
	cp, err := log.Checkpoint(t.Context())
	require.NoError(t, err)
	state, err := ballot.Replay(t.Context(), opened, log, cp.Size, nil)
	require.NoError(t, err)
	require.Empty(t, state.Refused())
	stand := make(map[uint64]bool)
	for c := range state.Counted() {
		stand[c.Index] = true
	}
	for i, r := range seen {
		require.NoError(t, opened.VerifyReceipt(r.sent, r.Receipt))
		index, err := state.Status(r.Tracker)
		require.Equal(t, r.Index, index)
		var superseded *ballot.SupersededError
		if errors.As(err, &superseded) {
			require.Greater(t, superseded.By, r.Index)
			require.True(t, stand[superseded.By])
		} else {
			require.NoError(t, err)
			require.True(t, stand[r.Index])
		}
		if i == len(seen)-1 {
			got, err := Trace(t.Context(), log, e.Fingerprint, r.sent, r.Receipt)
			require.NoError(t, err)
			require.Equal(t, superseded == nil, got.Verdict == Counted)
		}
	}
}

// castForever is the child: each voter's device finds out how far it was, and
// goes on. It prints every receipt.
func castForever(dir string) error {
	ctx := context.Background()
	signer, err := note.NewSigner(os.Getenv(killedKey))
	if err != nil {
		return err
	}
	log, err := boltledger.Open(dir, signer)
	if err != nil {
		return err
	}
	fp, err := ballot.ParseFingerprint(os.Getenv(killedOpen))
	if err != nil {
		return err
	}
	e, err := ballot.Load(ctx, log, fp)
	if err != nil {
		return err
	}
	box, err := ballot.OpenBox(ctx, e, log)
	if err != nil {
		return err
	}
	var mu sync.Mutex
	errs := make(chan error)
	for text := range strings.SplitSeq(os.Getenv(killedVoters), ",") {
		v, err := device(ctx, e, log, text)
		if err != nil {
			return err
		}
		s, err := box.Standing(v.Key.Public())
		if err != nil {
			return err
		}
		v.Number = s.Number
		go func() {
			for {
				b, _, err := e.Encrypt(v, nil)
				if err != nil {
					errs <- err
					return
				}
				r, err := box.Cast(ctx, b)
				if err != nil {
					errs <- err
					return
				}
				mu.Lock()
				fmt.Printf("receipt %d %s %x %x end\n", r.Index, r.Tracker, b.Bytes(), r.Proof)
				mu.Unlock()
			}
		}()
	}
	return <-errs
}

// device returns what a voter's device has, from the secret of its key.
func device(ctx context.Context, e *ballot.Election, r ledger.Reader, secret string) (*ballot.Voter, error) {
	data, err := hex.DecodeString(secret)
	if err != nil {
		return nil, err
	}
	key, err := ballot.ParseVoterKey(elgamal.Ristretto255(), data)
	if err != nil {
		return nil, err
	}
	line, err := e.FindLine(ctx, r, key.Public())
	return &ballot.Voter{Key: key, Line: line}, err
}

// parseSeen reads a receipt that the child printed. The last one may be cut.
func parseSeen(line string) (r racingReceipt, ok bool) {
	var tracker string
	if _, err := fmt.Sscanf(line, "receipt %d %s %x %x end", &r.Index, &tracker, &r.sent, &r.Proof); err != nil || !strings.HasSuffix(line, " end") {
		return r, false
	}
	var err error
	r.Tracker, err = ballot.ParseTracker(tracker)
	return r, err == nil
}
