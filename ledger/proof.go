package ledger

import (
	"bytes"
	"context"
	"fmt"
	"strings"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/hanpyo/hanpyo/internal/reason"
)

// proofHeader is the first line of a proof.
const proofHeader = "c2sp.org/tlog-proof@v1"

// maxProof bounds a proof, in bytes: header, index, 60 hashes, checkpoint.
const maxProof = 4096 + maxCheckpoint

// Proven says where an entry stands, by which checkpoint.
type Proven struct {
	Index      uint64
	Checkpoint Checkpoint
}

// Prove returns the receipt of the entry at index in the form
// c2sp.org/tlog-proof@v1: a text that anybody who has the entry and the
// ledger's key can check offline with [VerifyProof]. It waits until a
// published checkpoint covers the entry.
func Prove(ctx context.Context, r Reader, index uint64) ([]byte, error) {
	cp, err := r.Await(ctx, index+1)
	if err != nil {
		return nil, err
	}
	proof, err := r.Inclusion(ctx, index, cp.Size)
	if err != nil {
		return nil, err
	}
	return formatProof(index, proof, cp.Raw), nil
}

func formatProof(index uint64, proof tlog.RecordProof, checkpoint []byte) []byte {
	b := fmt.Appendf(nil, "%s\nindex %d\n", proofHeader, index)
	for _, h := range proof {
		b = fmt.Appendf(b, "%s\n", h)
	}
	return append(append(b, '\n'), checkpoint...)
}

// VerifyProof checks that proof shows data on the ledger of p. It needs no
// ledger. A malformed text is ErrEncoding, and so is the optional line of
// extra data, which nothing authenticates; a checkpoint that p does not
// believe fails as in [Policy.Check]; a proof of another entry, index or root
// is ErrChain.
func VerifyProof(p Policy, data []byte, proof []byte) (Proven, error) {
	if err := CheckEntry(data); err != nil {
		return Proven{}, err
	}
	index, hashes, note, err := parseProof(proof)
	if err != nil {
		return Proven{}, fmt.Errorf("ledger: proof: %w", err)
	}
	cp, err := p.Check(note)
	if err != nil {
		return Proven{}, err
	}
	if err := cp.CheckInclusion(index, LeafHash(data), hashes); err != nil {
		return Proven{}, err
	}
	return Proven{Index: index, Checkpoint: cp}, nil
}

func parseProof(proof []byte) (index uint64, hashes tlog.RecordProof, checkpoint []byte, err error) {
	if len(proof) > maxProof {
		return 0, nil, nil, fmt.Errorf("%d bytes: %w", len(proof), reason.ErrLimit)
	}
	if bytes.IndexByte(proof, '\r') >= 0 {
		return 0, nil, nil, fmt.Errorf("carriage return: lines end with a newline only: %w", reason.ErrEncoding)
	}
	head, note, ok := strings.Cut(string(proof), "\n\n")
	lines := strings.Split(head, "\n")
	if !ok || len(lines) < 2 || lines[0] != proofHeader {
		return 0, nil, nil, fmt.Errorf("not a %s text: %w", proofHeader, reason.ErrEncoding)
	}
	number, ok := strings.CutPrefix(lines[1], "index ")
	if !ok {
		return 0, nil, nil, fmt.Errorf("second line is not the index: %w", reason.ErrEncoding)
	}
	if index, err = parseDecimal(number); err != nil {
		return 0, nil, nil, fmt.Errorf("index: %w", err)
	}
	for i, line := range lines[2:] {
		h, err := parseHash(line)
		if err != nil {
			return 0, nil, nil, fmt.Errorf("hash %d: %w", i, err)
		}
		hashes = append(hashes, h)
	}
	return index, hashes, []byte(note), nil
}
