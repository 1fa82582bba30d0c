package ledger

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/hanpyo/hanpyo/internal/reason"
)

func TestLeaf(t *testing.T) {
	ordinary := bytes.Repeat([]byte{7}, MaxLeaf)
	require.Equal(t, ordinary, Leaf(ordinary))
	_, ok, err := ParseLeaf(ordinary)
	require.NoError(t, err)
	require.False(t, ok)

	large := append(ordinary, 7)
	leaf := Leaf(large)
	sum := sha256.Sum256(large)
	require.Equal(t, "68616e70796f2f7631206c6172676520656e7472790a"+hex.EncodeToString(sum[:])+"0000000000010000", hex.EncodeToString(leaf))
	stub, ok, err := ParseLeaf(leaf)
	require.NoError(t, err)
	require.True(t, ok)
	require.Equal(t, Stub{sum, 1 << 16}, stub)
	require.Equal(t, leaf, stub.Leaf())
	require.NoError(t, stub.Check(large))
	require.ErrorIs(t, stub.Check(ordinary), reason.ErrChain)
	require.ErrorIs(t, Stub{sum, 1<<16 + 1}.Check(large), reason.ErrChain)
	require.Equal(t, tlog.RecordHash(leaf), LeafHash(large))

	// The stub as an entry would have the leaf of the large entry.
	require.ErrorIs(t, CheckEntry(leaf), reason.ErrEncoding)
	require.NotEqual(t, LeafHash(large), LeafHash(leaf))
}

func TestParseLeafRefuses(t *testing.T) {
	valid := Stub{Size: MaxEntry}.Leaf()
	_, ok, err := ParseLeaf(valid)
	require.NoError(t, err)
	require.True(t, ok)
	for name, leaf := range map[string][]byte{
		"prefix only":   []byte(stubPrefix),
		"cut":           valid[:len(valid)-1],
		"trailing byte": append(valid[:len(valid):len(valid)], 0),
		"no length":     Stub{}.Leaf(),
		"small entry":   Stub{Size: MaxLeaf}.Leaf(),
		"too large":     Stub{Size: MaxEntry + 1}.Leaf(),
		"absurd":        Stub{Size: 1<<64 - 1}.Leaf(),
	} {
		stub, ok, err := ParseLeaf(leaf)
		require.ErrorIs(t, err, reason.ErrEncoding, name)
		require.False(t, ok)
		require.Zero(t, stub)
	}
}

func FuzzParseLeaf(f *testing.F) {
	f.Add([]byte("an entry"))
	f.Add(Stub{Size: 1 << 20}.Leaf())
	f.Add([]byte(stubPrefix))
	f.Fuzz(func(t *testing.T, leaf []byte) {
		stub, ok, err := ParseLeaf(leaf)
		switch {
		case err != nil:
			require.ErrorIs(t, err, reason.ErrEncoding)
			require.True(t, isReserved(leaf))
		case ok:
			require.Equal(t, leaf, stub.Leaf())
			require.Error(t, CheckEntry(leaf))
		case len(leaf) > 0 && len(leaf) <= MaxLeaf:
			require.NoError(t, CheckEntry(leaf))
			require.Equal(t, leaf, Leaf(leaf))
		}
	})
}
