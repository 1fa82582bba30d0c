package ballot

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/hanpyo/hanpyo/internal/reason"
	"github.com/hanpyo/hanpyo/internal/wire"
)

// Fingerprint is the hash of an election's open entry. It is what voters and
// auditors are given, over a channel they trust; everything else about the
// election is checked against it. The zero Fingerprint names no election.
type Fingerprint [32]byte

// String returns the fingerprint as 64 hexadecimal digits.
func (f Fingerprint) String() string { return hex.EncodeToString(f[:]) }

// MarshalText returns what String does.
func (f Fingerprint) MarshalText() ([]byte, error) { return []byte(f.String()), nil }

// UnmarshalText is ParseFingerprint.
func (f *Fingerprint) UnmarshalText(text []byte) (err error) {
	*f, err = ParseFingerprint(string(text))
	return err
}

// ParseFingerprint reads what String returns.
func ParseFingerprint(s string) (Fingerprint, error) {
	b, err := hex.DecodeString(s)
	if err != nil || len(b) != len(Fingerprint{}) || strings.ToLower(s) != s {
		return Fingerprint{}, fmt.Errorf("ballot: fingerprint is not 64 lower-case hexadecimal digits: %w", reason.ErrEncoding)
	}
	return Fingerprint(b), nil
}

// Tracker names one ballot. A voter's device computes it from its own bytes
// before it knows whether the ballot will be cast or challenged, and the voter
// looks for it in receipts and on the ledger. It says nothing about the votes
// (docs/wire.md, Ballot).
type Tracker [32]byte

// trackerGroup is how many characters of a printed tracker stand together, for
// the eye that compares two of them.
const trackerGroup = 8

// String returns the tracker as hexadecimal digits in eight groups of eight.
func (t Tracker) String() string {
	digits := hex.EncodeToString(t[:])
	groups := make([]string, 0, len(digits)/trackerGroup)
	for ; len(digits) > 0; digits = digits[trackerGroup:] {
		groups = append(groups, digits[:trackerGroup])
	}
	return strings.Join(groups, "-")
}

// MarshalText returns what String does.
func (t Tracker) MarshalText() ([]byte, error) { return []byte(t.String()), nil }

// UnmarshalText is ParseTracker.
func (t *Tracker) UnmarshalText(text []byte) (err error) {
	*t, err = ParseTracker(string(text))
	return err
}

// ParseTracker reads what String returns.
func ParseTracker(s string) (Tracker, error) {
	var t Tracker
	b, err := hex.DecodeString(strings.ReplaceAll(s, "-", ""))
	if err != nil || len(b) != len(t) || (Tracker)(b).String() != s {
		return Tracker{}, fmt.Errorf("ballot: tracker is not eight groups of eight lower-case hexadecimal digits: %w", reason.ErrEncoding)
	}
	copy(t[:], b)
	return t, nil
}

// trackerLabel separates trackers from all other hashes.
const trackerLabel = "hanpyo/v1 tracker"

// newTracker hashes what a ballot is: H(fingerprint, style, K, number,
// H(A, B₁…B_w), H(proof)). The row and the proof enter as hashes, so that a
// second device can recompute the tracker of a challenged ballot from its
// opening without the proof. The credential makes trackers of two voters
// differ even if a broken device gives both the same row.
func newTracker(fp Fingerprint, style string, number uint32, credential, row, proof []byte) Tracker {
	return newTrackerOf(fp, style, number, credential, row, sha256.Sum256(proof))
}

// newTrackerOf is newTracker for who has only the hash of the proof.
func newTrackerOf(fp Fingerprint, style string, number uint32, credential, row []byte, proofHash [32]byte) Tracker {
	rowHash := sha256.Sum256(row)
	var w wire.Writer
	w.String(trackerLabel)
	w.Raw(fp[:])
	w.String(style)
	w.Var(credential)
	w.Uint32(number)
	w.Raw(rowHash[:])
	w.Raw(proofHash[:])
	return sha256.Sum256(w.Bytes())
}

// pointKey is a point's encoding as a map key of one size for every group.
type pointKey [32]byte

func newPointKey(encoding []byte) pointKey { return sha256.Sum256(encoding) }

// short prints the beginning of a public value, enough to find it.
func short(b []byte) string {
	return hex.EncodeToString(b[:min(4, len(b))]) + "…"
}
