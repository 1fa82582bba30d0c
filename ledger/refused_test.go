package ledger

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/hanpyo/hanpyo/internal/reason"
)

// TestRefused holds that every kind of bad input is refused with an error of
// its own: by its reason and by what it says. Each changes one thing in what
// was accepted.
func TestRefused(t *testing.T) {
	signer, policy := newKey(t, testOrigin)
	stranger, _ := newKey(t, "example.org/stranger")
	witness := newWitnesses(t, 1)[0]
	policy = policy.witnessedBy(1, witness)
	all, stored := leaves(t, 13)
	root := func(size uint64) tlog.Hash {
		h, err := Tree{size, stored}.Root()
		require.NoError(t, err)
		return h
	}
	cp, err := SignCheckpoint(signer, 13, root(13))
	require.NoError(t, err)
	raw := string(cp.Raw) + cosign(t, witness, cp, 1)
	check := func(raw string) error { _, err := policy.Check([]byte(raw)); return err }
	require.NoError(t, check(raw))

	tree := Tree{13, stored}
	included, err := tree.Inclusion(5, 13)
	require.NoError(t, err)
	require.NoError(t, cp.CheckInclusion(5, all[5], included))
	consistent, err := tree.Consistency(7, 13)
	require.NoError(t, err)
	old := Checkpoint{Origin: testOrigin, Size: 7, Root: root(7)}
	require.NoError(t, cp.CheckConsistency(old, consistent))
	none := Checkpoint{Origin: testOrigin, Root: emptyRoot}
	require.NoError(t, cp.CheckConsistency(none, nil))
	other := Checkpoint{Origin: "example.org/other", Size: 13, Root: root(13)}
	empty, err := SignCheckpoint(signer, 0, emptyRoot)
	require.NoError(t, err)
	strange, err := stranger.Sign([]byte(cp.text()))
	require.NoError(t, err)
	strangeLine := noteLine{name: stranger.Name(), signature: strange}

	_, errBehind := tree.Consistency(8, 7)
	_, errTile := parseBundle([]byte{0, 1, 'x', 0}, 1)
	seen := make(map[string]string)
	for _, c := range []struct {
		name string
		err  error
		want error
		text string
	}{
		{"entry too large", CheckEntry(make([]byte, MaxEntry+1)), ErrTooLarge, "larger than 64 MiB"},
		{"wrong origin", check(sign(t, other.text(), signer) + cosign(t, witness, other, 1)), reason.ErrSignature, "example.org/other"},
		{"unknown signature line", check(raw + string(strangeLine.bytes())), reason.ErrSignature, "which is neither"},
		{"duplicate signature line", check(raw + string(cp.Raw[len(cp.text())+1:])), reason.ErrSignature, "has signed already"},
		{"CRLF", check(strings.ReplaceAll(raw, "\n", "\r\n")), reason.ErrEncoding, "carriage return"},
		{"inclusion with an extra node", cp.CheckInclusion(5, all[5], append(included[:len(included):len(included)], all[0])), reason.ErrChain, "proof of 5 hashes, not 4"},
		{"consistency with an extra node", cp.CheckConsistency(old, append(consistent[:len(consistent):len(consistent)], all[0])), reason.ErrChain,
			fmt.Sprintf("proof of %d hashes, not %d", len(consistent)+1, len(consistent))},
		{"from size 0, with nodes", cp.CheckConsistency(none, consistent), reason.ErrChain, "size 0 is no prefix"},
		{"size 0", check(string(empty.Raw) + cosign(t, witness, empty, 1)), reason.ErrIncomplete, "empty ledger"},
		{"m > n", old.CheckConsistency(cp, consistent), reason.ErrChain, "size went from 13 to 7"},
		{"m > n asked for", errBehind, reason.ErrRange, "from 8 to 7"},
		{"tile of the wrong length", errTile, ErrTile, "tile of the wrong length"},
	} {
		require.ErrorIs(t, c.err, c.want, c.name)
		require.ErrorContains(t, c.err, c.text, c.name)
		require.NotContains(t, seen, c.err.Error(), c.name)
		seen[c.err.Error()] = c.name
	}
}

// TestProofLengths compares with the proofs of package tlog.
func TestProofLengths(t *testing.T) {
	_, stored := leaves(t, 70)
	tree := Tree{70, stored}
	for size := range uint64(71) {
		for i := range size {
			p, err := tree.Inclusion(i, size)
			require.NoError(t, err)
			require.Equal(t, len(p), inclusionLength(i, size))
			c, err := tree.Consistency(i+1, size)
			require.NoError(t, err)
			require.Equal(t, len(c), consistencyLength(i+1, size))
		}
	}
}
