package tally

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"fmt"

	"github.com/hanpyo/hanpyo/ballot"
	"github.com/hanpyo/hanpyo/elgamal"
	"github.com/hanpyo/hanpyo/internal/entry"
	"github.com/hanpyo/hanpyo/internal/reason"
	"github.com/hanpyo/hanpyo/internal/wire"
	"github.com/hanpyo/hanpyo/mixnet"
)

// mixHead is the beginning of a mix: what was mixed.
type mixHead struct {
	contest int
	step    uint32   // how many mixes stand before it
	input   [32]byte // digest of the list that it mixes
}

// body returns the canonical bytes of a mix: contest, step, digest of the
// input, rows of the output, proof. How many rows there are, of how many
// columns, follows from the ledger.
func (h mixHead) body(rows, proof []byte) []byte {
	var w wire.Writer
	w.Uint32(uint32(h.contest))
	w.Uint32(h.step)
	w.Raw(h.input[:])
	w.Raw(rows)
	w.Raw(proof)
	return w.Bytes()
}

// parseMixHead reads the head of what body returns, for an election with the
// given contests.
func parseMixHead(contests []ballot.Contest, body []byte) (h mixHead, rest []byte, err error) {
	r := wire.NewReader(body)
	n := r.Uint32()
	h.step = r.Uint32()
	copy(h.input[:], r.Raw(len(h.input)))
	if r.Err() != nil {
		return mixHead{}, nil, fmt.Errorf("tally: mix: %w", r.Err())
	}
	if uint64(n) >= uint64(len(contests)) {
		return mixHead{}, nil, fmt.Errorf("tally: mix of contest %d of %d: %w", n, len(contests), reason.ErrRange)
	}
	if h.contest = int(n); !contests[n].Mixed() {
		return mixHead{}, nil, fmt.Errorf("tally: mix of contest %s, which is not mixed: %w", contests[n].ID, reason.ErrRange)
	}
	return h, body[r.Offset():], nil
}

// parseMixed reads what stands behind the head of a mix: the output, of as many
// rows as the input, and the proof.
func parseMixed(ctx context.Context, g *elgamal.Group, width, rows int, rest []byte, o *mixnet.Options) (output *mixnet.List, proof []byte, err error) {
	size := rows * g.CiphertextLen(width)
	if want := size + mixnet.ProofLen(g, width, rows); len(rest) != want {
		return nil, nil, fmt.Errorf("tally: mix: %d bytes for %d rows of %d columns and their proof, must be %d: %w",
			len(rest), rows, width, want, reason.ErrEncoding)
	}
	if output, err = mixnet.DecodeList(ctx, g, width, rows, rest[:size], o); err != nil {
		return nil, nil, fmt.Errorf("tally: mix: %w", err)
	}
	return output, rest[size:], nil
}

// mixerOf returns which of the manifest's mixers signed an entry, a position
// from 1.
func mixerOf(m *ballot.Manifest, env *entry.Envelope) (int, error) {
	if len(env.Signatures) != 1 {
		return 0, fmt.Errorf("tally: mix with %d signatures, must be 1: %w", len(env.Signatures), reason.ErrSignature)
	}
	at := mixerPosition(m, env.Signatures[0].Key[:])
	if at == 0 {
		return 0, fmt.Errorf("tally: mix of somebody who is no mixer: %w", reason.ErrSignature)
	}
	if err := env.CheckSigned([]ed25519.PublicKey{m.Mixers[at-1].Signing}, 1); err != nil {
		return 0, fmt.Errorf("tally: %w", err)
	}
	return at, nil
}

// mixerPosition returns the position of a mixer by its key, from 1; 0 if it is
// not in the manifest.
func mixerPosition(m *ballot.Manifest, key []byte) int {
	for i, mixer := range m.Mixers {
		if bytes.Equal(mixer.Signing, key) {
			return i + 1
		}
	}
	return 0
}
