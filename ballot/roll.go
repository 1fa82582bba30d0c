package ballot

import (
	"bytes"
	"cmp"
	"fmt"
	"iter"
	"runtime"
	"slices"
	"sync"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/hanpyo/hanpyo/elgamal"
	"github.com/hanpyo/hanpyo/internal/reason"
	"github.com/hanpyo/hanpyo/internal/wire"
)

// RollLine says what one credential may do.
type RollLine struct {
	Key    []byte // the credential's point, encoded
	Weight uint64 // what the ballot counts; 1 or more
	Style  int    // position among the manifest's styles
}

// bytes returns the line's canonical bytes: key, weight, style.
func (l RollLine) bytes() []byte {
	var w wire.Writer
	l.encode(&w)
	return w.Bytes()
}

func (l RollLine) encode(w *wire.Writer) {
	w.Raw(l.Key)
	w.Uint64(l.Weight)
	w.Uint32(uint32(l.Style))
}

func lineLen(g *elgamal.Group) int { return g.PointLen() + 8 + 4 }

// maxRollLines is how many lines one roll entry has at most, and all but the
// last have.
const maxRollLines = 1000

// RollTotals describe a roll of any length in a few lines. They are what the
// open entry names, and all that a voter's device needs to check its own line.
type RollTotals struct {
	Size   uint64    // number of lines
	Weight uint64    // sum of their weights
	Root   tlog.Hash // RFC 6962 Merkle root over the lines' canonical bytes
	Groups []RollGroup
}

// RollGroup counts the lines of one style and weight. The groups of a roll
// are in ascending order of style, then weight.
type RollGroup struct {
	Style  int
	Weight uint64
	Lines  uint64
}

// maxRollGroups bounds how many different pairs of style and weight a roll
// has, so that its totals fit one ledger entry.
const maxRollGroups = 2000

// Roll is the list of credentials that may vote, in ascending order of their
// keys. It is immutable.
type Roll struct {
	lines  []RollLine
	hashes storedHashes
	totals RollTotals
}

// storedHashes are a tree's hashes in the order of [tlog.StoredHashes].
type storedHashes []tlog.Hash

// ReadHashes implements [tlog.HashReader].
func (s storedHashes) ReadHashes(indexes []int64) ([]tlog.Hash, error) {
	hashes := make([]tlog.Hash, len(indexes))
	for i, x := range indexes {
		hashes[i] = s[x]
	}
	return hashes, nil
}

// NewRoll makes the roll of an election from lines in any order. It checks
// every line (ErrGroup for keys that are not points, ErrRange for weights and
// styles), that the keys are distinct (ErrDuplicate) and that the manifest's
// maximum of voters and weight holds (ErrLimit).
func NewRoll(m *Manifest, lines []RollLine) (*Roll, error) {
	r := &Roll{lines: slices.Clone(lines)}
	for i := range r.lines {
		r.lines[i].Key = bytes.Clone(r.lines[i].Key)
	}
	slices.SortFunc(r.lines, func(a, b RollLine) int { return bytes.Compare(a.Key, b.Key) })
	reader := NewRollReader(m)
	if err := reader.addLines(r.lines); err != nil {
		return nil, err
	}
	var err error
	if r.totals, err = reader.Totals(); err != nil {
		return nil, err
	}
	for i, l := range r.lines {
		more, err := tlog.StoredHashesForRecordHash(int64(i), tlog.RecordHash(l.bytes()), r.hashes)
		if err != nil {
			panic("ballot: roll's tree: " + err.Error())
		}
		r.hashes = append(r.hashes, more...)
	}
	return r, nil
}

// Totals returns what the open entry says of the roll.
func (r *Roll) Totals() RollTotals {
	t := r.totals
	t.Groups = slices.Clone(t.Groups)
	return t
}

// ProvenLine is one line of a roll with the proof that it stands there.
type ProvenLine struct {
	RollLine
	Index uint64
	Proof tlog.RecordProof // RFC 6962 inclusion in the roll's tree
}

// Line returns line i with its proof.
func (r *Roll) Line(i uint64) (ProvenLine, error) {
	if i >= r.totals.Size {
		return ProvenLine{}, fmt.Errorf("ballot: roll: line %d of %d: %w", i, r.totals.Size, reason.ErrRange)
	}
	proof, err := tlog.ProveRecord(int64(r.totals.Size), int64(i), r.hashes)
	if err != nil {
		panic("ballot: roll's tree: " + err.Error())
	}
	line := r.lines[i]
	line.Key = bytes.Clone(line.Key)
	return ProvenLine{RollLine: line, Index: i, Proof: proof}, nil
}

// Find returns the line of a credential with its proof, or ErrEligibility.
func (r *Roll) Find(key []byte) (ProvenLine, error) {
	i, ok := slices.BinarySearchFunc(r.lines, key, func(l RollLine, key []byte) int { return bytes.Compare(l.Key, key) })
	if !ok {
		return ProvenLine{}, fmt.Errorf("ballot: the credential %.4x… is not on the roll: %w", key, reason.ErrEligibility)
	}
	return r.Line(uint64(i))
}

// VerifyLine checks that a line stands on the roll with these totals: a valid
// line of the manifest (ErrGroup, ErrRange) at its place (ErrChain).
func (t *RollTotals) VerifyLine(m *Manifest, p ProvenLine) error {
	if err := checkLine(m, p.RollLine); err != nil {
		return fmt.Errorf("ballot: roll: line %d: %w", p.Index, err)
	}
	if t.Size > maxVoters || p.Index >= t.Size {
		return fmt.Errorf("ballot: roll: line %d of %d: %w", p.Index, t.Size, reason.ErrRange)
	}
	if err := tlog.CheckRecord(p.Proof, int64(t.Size), t.Root, int64(p.Index), tlog.RecordHash(p.bytes())); err != nil {
		return fmt.Errorf("ballot: roll: line %d is not under the roll's root (%v): %w", p.Index, err, reason.ErrChain)
	}
	return nil
}

func checkLine(m *Manifest, l RollLine) error {
	if _, err := m.Group.DecodePoint(l.Key); err != nil {
		return err
	}
	if l.Weight < 1 || l.Weight > m.Limits.MaxWeight {
		return fmt.Errorf("weight %d is not between 1 and %d: %w", l.Weight, m.Limits.MaxWeight, reason.ErrRange)
	}
	if l.Style < 0 || l.Style >= len(m.Styles) {
		return fmt.Errorf("style %d of %d: %w", l.Style, len(m.Styles), reason.ErrRange)
	}
	return m.checkUnweighted(l.Style, l.Weight)
}

// Bodies returns the bodies of the roll entries, in order: the number of the
// first line, the number of lines, the lines.
func (r *Roll) Bodies() iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		first := 0
		for chunk := range slices.Chunk(r.lines, maxRollLines) {
			var w wire.Writer
			w.Uint64(uint64(first))
			w.Uint32(uint32(len(chunk)))
			for _, l := range chunk {
				l.encode(&w)
			}
			if !yield(w.Bytes()) {
				return
			}
			first += len(chunk)
		}
	}
}

// RollReader reads a roll back from the bodies of its entries, in order, in
// memory that does not grow with the roll: a hash for each complete subtree,
// at most 40; the numbers of at most 2,000 groups; and of all keys the last,
// since keys in ascending order are distinct.
type RollReader struct {
	m      *Manifest
	totals RollTotals
	last   []byte               // key of the last line
	full   bool                 // the last body was full, or there is none
	edge   []tlog.Hash          // of the complete subtrees, largest first
	groups map[RollGroup]uint64 // lines, by style and weight
	sought *soughtLine          // nil unless a line is to be proven
}

// NewRollReader returns a reader that has read nothing.
func NewRollReader(m *Manifest) *RollReader {
	return &RollReader{m: m, full: true, groups: make(map[RollGroup]uint64)}
}

// Add reads the next body and returns its lines, whose keys alias it. After
// an error the reader must not be used again. Errors: ErrEncoding, ErrChain
// for a body that does not follow the one before, and those of [NewRoll].
func (r *RollReader) Add(body []byte) ([]RollLine, error) {
	w := wire.NewReader(body)
	first := w.Uint64()
	lines := make([]RollLine, w.Count(maxRollLines, lineLen(r.m.Group)))
	for i := range lines {
		lines[i] = RollLine{Key: w.Raw(r.m.Group.PointLen()), Weight: w.Uint64(), Style: int(w.Uint32())}
	}
	if err := w.Done(); err != nil {
		return nil, fmt.Errorf("ballot: roll: %w", err)
	}
	if first != r.totals.Size || !r.full {
		return nil, fmt.Errorf("ballot: roll: an entry starts at line %d, the one before ends at %d: %w", first, r.totals.Size, reason.ErrChain)
	}
	if len(lines) == 0 {
		return nil, fmt.Errorf("ballot: roll: an entry has no lines: %w", reason.ErrEncoding)
	}
	if err := r.addLines(lines); err != nil {
		return nil, err
	}
	r.full = len(lines) == maxRollLines
	return lines, nil
}

func (r *RollReader) addLines(lines []RollLine) error {
	if err := checkLines(r.m, r.totals.Size, lines); err != nil {
		return err
	}
	for _, l := range lines {
		if err := r.addLine(l); err != nil {
			return fmt.Errorf("ballot: roll: line %d: %w", r.totals.Size, err)
		}
	}
	return nil
}

// addLine takes in a line that checkLine has passed.
func (r *RollReader) addLine(l RollLine) error {
	switch bytes.Compare(r.last, l.Key) {
	case 0:
		return fmt.Errorf("key %.4x… stands twice: %w", l.Key, reason.ErrDuplicate)
	case 1:
		return fmt.Errorf("keys are not in order: %w", reason.ErrEncoding)
	}
	r.last = append(r.last[:0], l.Key...)
	if r.totals.Size++; r.totals.Size > r.m.Limits.MaxVoters {
		return fmt.Errorf("more lines than max_voters, %d: %w", r.m.Limits.MaxVoters, reason.ErrLimit)
	}
	// Both are at most maxVoters, so the sum does not overflow.
	if r.totals.Weight += l.Weight; r.totals.Weight > r.m.Limits.MaxWeight {
		return fmt.Errorf("more weight than max_weight, %d: %w", r.m.Limits.MaxWeight, reason.ErrLimit)
	}
	if r.groups[RollGroup{Style: l.Style, Weight: l.Weight}]++; len(r.groups) > maxRollGroups {
		return fmt.Errorf("more than %d pairs of style and weight: %w", maxRollGroups, reason.ErrLimit)
	}
	// As in binary counting: n trailing ones of the old size are n complete
	// subtrees that the new line completes to a larger one.
	hash := tlog.RecordHash(l.bytes())
	sought := r.sought.found(l, r.totals.Size-1)
	for size := r.totals.Size - 1; size&1 == 1; size >>= 1 {
		last := len(r.edge) - 1
		sought = r.sought.joined(last, r.edge[last], hash, sought)
		hash = tlog.NodeHash(r.edge[last], hash)
		r.edge = r.edge[:last]
	}
	if sought {
		r.sought.in = len(r.edge)
	}
	r.edge = append(r.edge, hash)
	return nil
}

// Totals returns the totals of the lines read so far; an error if there are
// none.
func (r *RollReader) Totals() (RollTotals, error) {
	if r.totals.Size == 0 {
		return RollTotals{}, fmt.Errorf("ballot: roll: no lines: %w", reason.ErrShape)
	}
	t := r.totals
	t.Root = r.edge[len(r.edge)-1]
	for i := len(r.edge) - 2; i >= 0; i-- {
		t.Root = tlog.NodeHash(r.edge[i], t.Root)
	}
	for g, lines := range r.groups {
		t.Groups = append(t.Groups, RollGroup{Style: g.Style, Weight: g.Weight, Lines: lines})
	}
	slices.SortFunc(t.Groups, func(a, b RollGroup) int {
		return cmp.Or(cmp.Compare(a.Style, b.Style), cmp.Compare(a.Weight, b.Weight))
	})
	return t, nil
}

// CheckGroups holds that the voters of every style and weight are at least as
// many as the manifest's minimum group, so that no result can be about fewer
// than that by its style or its weight alone (ErrState), and that those with a
// mixed contest all weigh 1 (ErrRange).
func (t *RollTotals) CheckGroups(m *Manifest) error {
	for _, g := range t.Groups {
		if g.Style < 0 || g.Style >= len(m.Styles) {
			return fmt.Errorf("ballot: %s: style %d of %d: %w", m.voters(), g.Style, len(m.Styles), reason.ErrRange)
		}
		if g.Lines < m.Limits.MinGroup {
			return fmt.Errorf("ballot: %s: style %s has %s of weight %d, the minimum group is %d: %w",
				m.voters(), m.Styles[g.Style].ID, plural(int(g.Lines), "voter"), g.Weight, m.Limits.MinGroup, reason.ErrState)
		}
		if err := m.checkUnweighted(g.Style, g.Weight); err != nil {
			return fmt.Errorf("ballot: %s: %w", m.voters(), err)
		}
	}
	return nil
}

// checkLines checks each line by itself, on all cores: decoding a point is
// what a roll's reading takes its time for. Of several wrong lines it names
// the first.
func checkLines(m *Manifest, first uint64, lines []RollLine) error {
	workers := min(runtime.GOMAXPROCS(0), (len(lines)+99)/100)
	bad := make([]int, workers) // of each worker's lines; len(lines) if none
	var wait sync.WaitGroup
	for w := range workers {
		wait.Go(func() {
			bad[w] = len(lines)
			for i := w; i < len(lines); i += workers {
				if checkLine(m, lines[i]) != nil {
					bad[w] = i
					return
				}
			}
		})
	}
	wait.Wait()
	if workers == 0 || slices.Min(bad) == len(lines) {
		return nil
	}
	i := slices.Min(bad)
	return fmt.Errorf("ballot: roll: line %d: %w", first+uint64(i), checkLine(m, lines[i]))
}
