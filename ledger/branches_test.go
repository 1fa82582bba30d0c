package ledger

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/hanpyo/hanpyo/internal/reason"
)

// Sizes and indexes are looked at before anything is computed with them.
func TestCheckInclusionLooksAtSizesFirst(t *testing.T) {
	for _, c := range []struct{ index, size uint64 }{{13, 13}, {14, 13}, {0, 0}, {1 << 63, 13}, {5, maxSize + 1}, {5, 1<<64 - 1}} {
		err := Checkpoint{Origin: testOrigin, Size: c.size}.CheckInclusion(c.index, tlog.Hash{}, nil)
		require.ErrorIs(t, err, reason.ErrChain)
		require.EqualError(t, err, fmt.Sprintf("ledger: entry %d: not in the ledger of size %d: ledger is inconsistent", c.index, c.size))
	}
}

// A cosignature may be shorter than the time in it.
func TestShortCosignatures(t *testing.T) {
	_, policy := newKey(t, testOrigin)
	for _, k := range newWitnesses(t, 2) {
		_, size := k.public.kind.sizes()
		for _, n := range []int{0, 1, 7, 8, 8 + size - 1, 8 + size + 1} {
			_, err := k.public.verifyCosignature("", Checkpoint{Origin: policy.Origin}, make([]byte, n))
			require.ErrorIs(t, err, reason.ErrSignature)
			require.ErrorContains(t, err, fmt.Sprintf(": %d bytes: ", n))
		}
	}
}

// The line of a signer has one form.
func TestSignatureLinesBeginWithADash(t *testing.T) {
	signer, policy := newKey(t, testOrigin)
	cp, err := SignCheckpoint(signer, 17, tlog.Hash{1})
	require.NoError(t, err)
	_, err = policy.Check(cp.Raw)
	require.NoError(t, err)
	for _, prefix := range []string{"", "-", "— — ", "—", "—  ", "— a+"} {
		raw := strings.Replace(string(cp.Raw), linePrefix, prefix, 1)
		_, err := policy.Check([]byte(raw))
		require.ErrorIs(t, err, reason.ErrSignature, prefix)
		_, err = ParseCheckpoint([]byte(raw))
		require.ErrorIs(t, err, reason.ErrSignature, prefix)
	}
}

// What a handler cannot read is an error, and neither missing nor empty.
func TestHandlerOfAReaderThatFails(t *testing.T) {
	log, _ := filled(t, 5)
	get := func(r Reader, path string) int {
		rec := httptest.NewRecorder()
		Handler(r).ServeHTTP(rec, httptest.NewRequest(http.MethodGet, path, nil))
		return rec.Code
	}
	hashes, entries, large := "/tile/0/000.p/5", "/tile/entries/000.p/5", "/large/00?index=2"
	require.Equal(t, http.StatusOK, get(failing{Reader: log}, hashes))
	require.Equal(t, http.StatusOK, get(failing{Reader: log}, entries))
	require.Equal(t, http.StatusNotFound, get(failing{Reader: log}, large))
	require.Equal(t, http.StatusInternalServerError, get(failing{Reader: log, inclusion: errDown}, hashes))
	require.Equal(t, http.StatusInternalServerError, get(failing{Reader: log, entriesAt: 2}, entries))
	require.Equal(t, http.StatusInternalServerError, get(failing{Reader: log, entriesAt: 2}, large))
	for _, path := range []string{"/checkpoint", hashes, entries, large} {
		require.Equal(t, http.StatusInternalServerError, get(noCheckpoint{log}, path), path)
	}
}

type noCheckpoint struct{ Reader }

func (noCheckpoint) Checkpoint(context.Context) (Checkpoint, error) { return Checkpoint{}, errDown }

// The number of a large entry is not guessed.
func TestLargeEntryWithoutItsIndex(t *testing.T) {
	signer, _ := newKey(t, testOrigin)
	log := NewMemory(signer)
	_, err := log.Append(t.Context(), make([]byte, MaxLeaf+1))
	require.NoError(t, err)
	path := fmt.Sprintf("/large/%x", newStub(make([]byte, MaxLeaf+1)).Hash)
	for query, want := range map[string]int{"?index=0": 200, "": 404, "?index=": 404, "?index=00": 404, "?index=x": 404} {
		rec := httptest.NewRecorder()
		Handler(log).ServeHTTP(rec, httptest.NewRequest(http.MethodGet, path+query, nil))
		require.Equal(t, want, rec.Code, query)
	}
}

// Hashes above the published size stay behind it.
func TestHashesBelowThePublishedSize(t *testing.T) {
	log, _ := filled(t, 5)
	cp := Checkpoint{Size: 3}
	hashes, err := subtreeHashes(t.Context(), log, cp, 0, 0, 3)
	require.NoError(t, err)
	require.Len(t, hashes, 3)
	_, err = subtreeHashes(t.Context(), log, cp, 0, 0, 4)
	require.ErrorIs(t, err, reason.ErrIncomplete)
	broken := tlog.HashReaderFunc(func([]int64) ([]tlog.Hash, error) { return nil, errDown })
	_, err = Tree{Size: 5, Hashes: broken}.Subtrees(0, 0, 3, new(tlog.Hash))
	require.ErrorIs(t, err, errDown)
}

// longer adds hashes to proofs.
type longer struct{ Reader }

func (l longer) Inclusion(ctx context.Context, index, size uint64) (tlog.RecordProof, error) {
	p, err := l.Reader.Inclusion(ctx, index, size)
	return append(p, make(tlog.RecordProof, 70)...), err
}

func TestVerifiedStartsFromAProofOfTheRightLength(t *testing.T) {
	log, policy := filled(t, 13)
	cp, err := log.Checkpoint(t.Context())
	require.NoError(t, err)
	v, err := Verified(longer{log}, policy, cp)
	require.NoError(t, err)
	_, err = read(t.Context(), v, 5, 13)
	var wrong *EntryError
	require.ErrorAs(t, err, &wrong)
	require.EqualValues(t, 5, wrong.Index)
	require.ErrorIs(t, err, reason.ErrChain)
	require.ErrorContains(t, err, "proof of 74 hashes, not 4")
}

// A carriage return is named: editors and mailers add them.
func TestCarriageReturnInAProof(t *testing.T) {
	log, policy := filled(t, 13)
	receipt, err := Prove(t.Context(), log, 5)
	require.NoError(t, err)
	_, err = VerifyProof(policy, data(5), []byte(strings.ReplaceAll(string(receipt), "\n", "\r\n")))
	require.ErrorIs(t, err, reason.ErrEncoding)
	require.ErrorContains(t, err, "proof: carriage return")
}

// A full tile is cut to a partial one only if it is one.
func TestBeginning(t *testing.T) {
	tile := tlog.Tile{H: tileHeight, L: 0, W: 3}
	b, err := beginning(make([]byte, maxTile), tile)
	require.NoError(t, err)
	require.Len(t, b, 3*tlog.HashSize)
	for _, n := range []int{0, 3 * tlog.HashSize, maxTile - 1, maxTile + 1} {
		_, err := beginning(make([]byte, n), tile)
		require.ErrorIs(t, err, ErrTile, "%d bytes", n)
	}
	tile.L = bundle
	for _, n := range []int{0, 3, 2*tileWidth - 1} {
		_, err := beginning(make([]byte, n), tile)
		require.ErrorIs(t, err, ErrTile, "%d bytes", n)
	}
}

// A remote log that cannot be asked is unavailable, and not short.
func TestRemoteUnavailable(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusBadGateway)
	}))
	defer server.Close()
	r, err := OpenHTTP(server.URL, Policy{}, nil)
	require.NoError(t, err)
	_, err = r.Inclusion(t.Context(), 1, 2)
	require.ErrorIs(t, err, ErrUnavailable)
	_, err = r.Consistency(t.Context(), 1, 2)
	require.ErrorIs(t, err, ErrUnavailable)
	_, err = read(t.Context(), r, 0, 0)
	require.ErrorIs(t, err, ErrUnavailable)
	var wrong *EntryError
	_, err = r.(*remote).data(t.Context(), 7, []byte(stubPrefix))
	require.ErrorAs(t, err, &wrong)
	require.NotErrorIs(t, err, ErrUnavailable, "what is no leaf is not asked for")
}

// Whoever has stopped waiting gets no checkpoint.
func TestAwaitOfAnEndedContext(t *testing.T) {
	signer, policy := newKey(t, testOrigin)
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	for name, open := range map[string]func() (Ledger, error){
		"memory":    func() (Ledger, error) { return NewMemory(signer), nil },
		"paced":     func() (Ledger, error) { return Paced(t.Context(), NewMemory(signer), time.Hour) },
		"witnessed": func() (Ledger, error) { return Witnessed(t.Context(), NewMemory(signer), policy, nil, nil) },
	} {
		log, err := open()
		require.NoError(t, err)
		_, err = log.Await(t.Context(), 0)
		require.NoError(t, err, name)
		_, err = log.Await(ended, 0)
		require.ErrorIs(t, err, context.Canceled, name)
		require.NoError(t, log.Close())
	}
}

// inconsistent is a ledger that gives no consistency proofs.
type inconsistent struct{ Ledger }

func (inconsistent) Consistency(context.Context, uint64, uint64) (tlog.TreeProof, error) {
	return nil, errDown
}

// What was published before is not given up for a shorter ledger, nor for one
// that cannot be compared.
func TestWitnessedRestores(t *testing.T) {
	log, policy := filled(t, 3)
	before, err := log.Checkpoint(t.Context())
	require.NoError(t, err)
	_, err = log.Append(t.Context(), []byte("more"))
	require.NoError(t, err)
	o := &WitnessedOptions{Published: before.Raw}
	_, err = Witnessed(t.Context(), inconsistent{log}, policy, nil, o)
	require.ErrorIs(t, err, errDown)
	require.NotErrorIs(t, err, reason.ErrChain)
	signer, shorter := newKey(t, testOrigin)
	cp, err := SignCheckpoint(signer, 3, before.Root)
	require.NoError(t, err)
	_, err = Witnessed(t.Context(), NewMemory(signer), shorter, nil, &WitnessedOptions{Published: cp.Raw})
	require.ErrorIs(t, err, reason.ErrChain)
	require.ErrorContains(t, err, "has size 0, but size 3 was published")
}

// A key that cannot sign publishes nothing.
func TestMemoryThatCannotSign(t *testing.T) {
	_, err := NewMemory(badName{}).Checkpoint(t.Context())
	require.ErrorContains(t, err, "ledger: signing")
}
