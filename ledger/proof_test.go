package ledger

import (
	"bytes"
	"context"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/hanpyo/hanpyo/internal/reason"
)

// filled returns a ledger with the entries "entry 0" to "entry n-1".
func filled(t testing.TB, n int) (Ledger, Policy) {
	t.Helper()
	signer, policy := newKey(t, testOrigin)
	log := NewMemory(signer)
	for i := range n {
		_, err := log.Append(context.Background(), data(i))
		require.NoError(t, err)
	}
	return log, policy
}

func TestVerifyProof(t *testing.T) {
	log, policy := filled(t, 13)
	cp, err := log.Checkpoint(t.Context())
	require.NoError(t, err)
	for i := range 13 {
		receipt, err := Prove(t.Context(), log, uint64(i))
		require.NoError(t, err)
		proven, err := VerifyProof(policy, data(i), receipt)
		require.NoError(t, err)
		require.Equal(t, Proven{uint64(i), cp}, proven)
	}
	one, policyOne := filled(t, 1) // whose proof has no hashes
	receipt, err := Prove(t.Context(), one, 0)
	require.NoError(t, err)
	require.Contains(t, string(receipt), proofHeader+"\nindex 0\n\n"+testOrigin+"\n1\n")
	_, err = VerifyProof(policyOne, data(0), receipt)
	require.NoError(t, err)

	// The form of c2sp.org/tlog-proof.
	hashes, err := log.Inclusion(t.Context(), 12, 13)
	require.NoError(t, err)
	require.Len(t, hashes, 2)
	receipt, err = Prove(t.Context(), log, 12)
	require.NoError(t, err)
	require.Equal(t, "c2sp.org/tlog-proof@v1\nindex 12\n"+hashes[0].String()+"\n"+hashes[1].String()+"\n\n"+string(cp.Raw), string(receipt))
}

func TestP70P78VerifyProofRefuses(t *testing.T) {
	log, policy := filled(t, 13)
	b, err := Prove(t.Context(), log, 5)
	require.NoError(t, err)
	receipt := string(b)
	_, err = VerifyProof(policy, data(5), b)
	require.NoError(t, err)
	_, stranger := newKey(t, testOrigin)
	hashes, err := log.Inclusion(t.Context(), 5, 13)
	require.NoError(t, err)
	first := hashes[0].String() + "\n"
	replace := func(old, new string) string {
		require.Contains(t, receipt, old)
		return strings.Replace(receipt, old, new, 1)
	}
	for _, c := range []struct {
		name, receipt string
		want          error
	}{
		{"nothing", "", reason.ErrEncoding},
		{"header", replace("@v1", "@v2"), reason.ErrEncoding},
		{"no header", replace(proofHeader+"\n", ""), reason.ErrEncoding},
		{"header only", proofHeader + "\n\n", reason.ErrEncoding},
		{"extra data", replace("index", "extra AAAA\nindex"), reason.ErrEncoding},
		{"index twice", replace("index 5\n", "index 5\nindex 5\n"), reason.ErrEncoding},
		{"no index", replace("index 5\n", ""), reason.ErrEncoding},
		{"index without its name", replace("index 5", "5"), reason.ErrEncoding},
		{"empty index", replace("index 5", "index "), reason.ErrEncoding},
		{"leading zero", replace("index 5", "index 05"), reason.ErrEncoding},
		{"negative index", replace("index 5", "index -5"), reason.ErrEncoding},
		{"two spaces", replace("index 5", "index  5"), reason.ErrEncoding},
		{"large index", replace("index 5", "index 18446744073709551621"), reason.ErrEncoding},
		{"CRLF", strings.ReplaceAll(receipt, "\n", "\r\n"), reason.ErrEncoding},
		{"hash cut", replace(first, first[:20]+"\n"), reason.ErrEncoding},
		{"space behind a hash", replace(first, first[:44]+" \n"), reason.ErrEncoding},
		{"no checkpoint", receipt[:strings.Index(receipt, "\n\n")+2], reason.ErrSignature},
		{"no empty line", replace("\n\n", "\n"), reason.ErrEncoding},
		{"two empty lines", replace("\n\n", "\n\n\n"), reason.ErrEncoding},
		{"trailing newline", receipt + "\n", reason.ErrSignature},
		{"no final newline", receipt[:len(receipt)-1], reason.ErrSignature},
		{"size of the checkpoint", replace("\n13\n", "\n14\n"), reason.ErrSignature},
		{"other index", replace("index 5", "index 6"), reason.ErrChain},
		{"index = size", replace("index 5", "index 13"), reason.ErrChain},
		{"hash missing", replace(first, ""), reason.ErrChain},
		{"hash twice", replace(first, first+first), reason.ErrChain},
		{"other hash", replace(first, tlog.Hash{1}.String()+"\n"), reason.ErrChain},
		{"very long", replace(first, strings.Repeat(first, 2500)), reason.ErrLimit},
	} {
		proven, err := VerifyProof(policy, data(5), []byte(c.receipt))
		require.ErrorIs(t, err, c.want, c.name)
		require.Zero(t, proven)
	}
	for name, c := range map[string]struct {
		policy Policy
		data   []byte
		want   error
	}{
		"other entry":      {policy, data(6), reason.ErrChain},
		"hash for entry":   {policy, bytes.Repeat([]byte{1}, 32), reason.ErrChain},
		"no entry":         {policy, nil, reason.ErrLimit},
		"too large":        {policy, make([]byte, MaxEntry+1), reason.ErrLimit},
		"other key":        {stranger, data(5), reason.ErrSignature},
		"other origin":     {Policy{Origin: "example.org", Key: policy.Key}, data(5), reason.ErrSignature},
		"no policy":        {Policy{}, data(5), reason.ErrUnanchored},
		"longer than leaf": {policy, bytes.Repeat([]byte("entry 5"), 10_000), reason.ErrChain},
	} {
		_, err := VerifyProof(c.policy, c.data, b)
		require.ErrorIs(t, err, c.want, name)
	}
}

// TestVerifyProofOfStub holds that a stub is not proven as an entry.
func TestVerifyProofOfStub(t *testing.T) {
	log, policy := filled(t, 3)
	large := bytes.Repeat([]byte("large"), 20_000)
	index, err := log.Append(t.Context(), large)
	require.NoError(t, err)
	receipt, err := Prove(t.Context(), log, index)
	require.NoError(t, err)
	_, err = VerifyProof(policy, large, receipt)
	require.NoError(t, err)
	_, err = VerifyProof(policy, Leaf(large), receipt)
	require.ErrorIs(t, err, reason.ErrEncoding)
	large[0]++
	_, err = VerifyProof(policy, large, receipt)
	require.ErrorIs(t, err, reason.ErrChain)
}

func TestProveWaits(t *testing.T) {
	log, policy := filled(t, 1)
	var appending sync.WaitGroup
	defer appending.Wait()
	appending.Go(func() {
		if _, err := log.Append(t.Context(), data(1)); err != nil {
			t.Error(err)
		}
	})
	receipt, err := Prove(t.Context(), log, 1)
	require.NoError(t, err)
	_, err = VerifyProof(policy, data(1), receipt)
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = Prove(ctx, log, 2)
	require.ErrorIs(t, err, context.Canceled)
	for _, r := range []Reader{failing{Reader: log, inclusion: errDown}, failing{Reader: log, await: errDown}} {
		receipt, err := Prove(t.Context(), r, 0)
		require.ErrorIs(t, err, errDown)
		require.Nil(t, receipt)
	}
}

func FuzzVerifyProof(f *testing.F) {
	log, policy := filled(f, 13)
	for _, i := range []uint64{0, 5, 12} {
		receipt, err := Prove(context.Background(), log, i)
		require.NoError(f, err)
		f.Add(receipt)
	}
	f.Add([]byte(proofHeader + "\nindex 0\n\n"))
	f.Fuzz(func(t *testing.T, proof []byte) {
		if index, hashes, note, err := parseProof(proof); err == nil {
			require.Equal(t, string(proof), string(formatProof(index, hashes, note)))
		}
		for i := range 13 {
			proven, err := VerifyProof(policy, data(i), proof)
			if err != nil {
				require.Zero(t, proven)
				continue
			}
			require.EqualValues(t, i, proven.Index)
			want, err := Prove(context.Background(), log, uint64(i))
			require.NoError(t, err)
			require.Equal(t, string(want), string(proof))
		}
	})
}
