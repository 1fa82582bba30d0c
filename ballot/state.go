package ballot

import (
	"cmp"
	"fmt"
	"iter"
	"slices"

	"github.com/hanpyo/hanpyo/ballot/token"
	"github.com/hanpyo/hanpyo/internal/entry"
	"github.com/hanpyo/hanpyo/internal/reason"
	"github.com/hanpyo/hanpyo/ledger"
)

// State is the counting rule of an election (docs/protocol.md §9.3):
// entries are applied in ledger order, and what counts follows. Ballot
// box, trustees, count and auditors all use this one function, so they cannot
// disagree about it.
//
// A ballot is accepted if and only if, in this order,
//
//  1. it stands between open and close (ErrState),
//  2. it parses (ErrEncoding, ErrGroup, ErrRange),
//  3. its proof holds (ErrProof),
//  4. the roll has its credential, with its style; or, in an election by
//     tokens, there are tokens for its style and weight, that of each registrar
//     holds for its credential, and no earlier accepted ballot of the credential
//     has another style or weight (ErrEligibility),
//  5. no earlier valid spoil by its credential names its tracker (ErrState),
//  6. its A stands in no earlier accepted ballot (ErrDuplicate, or ErrReplay
//     if it is that very ballot),
//  7. its number is within the manifest's limit (ErrRange) and greater than
//     that of every earlier accepted ballot of the credential (ErrReplay).
//
// The first that fails is the reason. The last accepted ballot of a credential
// counts. Every other entry is refused: listed with its reason, never counted,
// and it changes nothing.
//
// A State takes up to 120 bytes for each line of the roll, or for each
// credential with an accepted ballot where there is no roll, 220 for each
// accepted ballot, 250 for each spoil and 250 for each refused entry. It is not
// safe for concurrent use.
type State struct {
	e    *Election
	next uint64

	roll     *rollRecord
	issuance *Issuance
	lines    []line
	lineOf   map[pointKey]uint32 // credential → index into lines
	accepted map[Tracker]accepted
	masks    map[pointKey]uint64 // A of an accepted ballot → its index
	spoiled  map[spoilKey]uint64
	spoils   map[pointKey]uint32 // credential → how many of spoiled are its
	refused  []Refusal
	closed   uint64 // index of the close; 0: not closed
	pins     []uint64
	policy   ledger.Policy // of the ledger, with the rotations so far
}

// line is a line of the roll and where it stands; in an election by tokens, a
// credential of which a ballot was accepted.
type line struct {
	weight  uint64
	counted uint64 // index of the ballot that counts
	number  uint32 // its number; 0: no ballot yet
	ballots uint32 // how many were accepted
	style   uint32
}

// accepted is an accepted ballot.
type accepted struct {
	index uint64
	line  uint32
}

type spoilKey struct {
	tracker    Tracker
	credential pointKey
}

// Refusal is an entry that the counting rule refused.
type Refusal struct {
	Index uint64
	Kind  string // "ballot", "close", …; "unknown" if it is no entry at all
	Err   error  // wraps the reason
}

// CountedBallot is a ballot that counts: the last accepted one of its
// credential.
type CountedBallot struct {
	Index  uint64 // on the ledger
	Weight uint64
	Style  int
}

// NewState returns the state before the first entry.
func NewState(e *Election) *State {
	return &State{
		e:        e,
		roll:     newRollRecord(e.Manifest),
		issuance: newIssuance(e.Manifest),
		lineOf:   make(map[pointKey]uint32),
		accepted: make(map[Tracker]accepted),
		masks:    make(map[pointKey]uint64),
		spoiled:  make(map[spoilKey]uint64),
		spoils:   make(map[pointKey]uint32),
		policy:   e.Manifest.Policy(),
	}
}

// Next returns the index of the entry to apply next, which is how many have
// been applied.
func (s *State) Next() uint64 { return s.next }

// Closed returns the index of the close: the first valid one after the open.
func (s *State) Closed() (index uint64, ok bool) { return s.closed, s.closed != 0 }

// Pins returns the indices of the pins after the close that a quorum of the
// authorities signed, in order. Their bodies belong to package tally.
func (s *State) Pins() []uint64 { return slices.Clone(s.pins) }

// Refused returns the refused entries in ledger order.
func (s *State) Refused() []Refusal { return slices.Clone(s.refused) }

// refusal returns why an applied entry is refused, or nil.
func (s *State) refusal(index uint64) error {
	i, ok := slices.BinarySearchFunc(s.refused, index, func(r Refusal, index uint64) int { return cmp.Compare(r.Index, index) })
	if !ok {
		return nil
	}
	return s.refused[i].Err
}

// Counted yields the ballots that count, in ledger order.
func (s *State) Counted() iter.Seq[CountedBallot] {
	return func(yield func(CountedBallot) bool) {
		order := make([]uint32, 0, len(s.lines))
		for i := range s.lines {
			if s.lines[i].number > 0 {
				order = append(order, uint32(i))
			}
		}
		slices.SortFunc(order, func(a, b uint32) int { return cmp.Compare(s.lines[a].counted, s.lines[b].counted) })
		for _, i := range order {
			l := &s.lines[i]
			if !yield(CountedBallot{Index: l.counted, Weight: l.weight, Style: int(l.style)}) {
				return
			}
		}
	}
}

// counted returns the ballot that counts of a credential: of none so far if the
// index is 0, which is never a ballot's.
func (s *State) counted(credential pointKey) CountedBallot {
	i, ok := s.lineOf[credential]
	if !ok {
		return CountedBallot{}
	}
	l := &s.lines[i]
	return CountedBallot{Index: l.counted, Weight: l.weight, Style: int(l.style)}
}

// Status returns the index of the ballot with tracker t, and nil if it counts
// as the ledger stands. The error is a *[SupersededError] if a later ballot of
// the same credential counts instead, and wraps ErrIncomplete if it is not among
// the accepted ballots.
func (s *State) Status(t Tracker) (index uint64, err error) {
	at, ok := s.accepted[t]
	if !ok {
		return 0, fmt.Errorf("ballot: %s is not among the accepted ballots: %w", t, reason.ErrIncomplete)
	}
	if last := s.lines[at.line].counted; last != at.index {
		return at.index, &SupersededError{Tracker: t, Index: at.index, By: last}
	}
	return at.index, nil
}

// Credentials returns of how many credentials of each class a ballot was
// accepted: in an election by tokens, how many tokens of each registrar were
// used.
func (s *State) Credentials() map[token.Class]uint64 {
	n := make(map[token.Class]uint64)
	for i := range s.lines {
		if l := &s.lines[i]; l.ballots > 0 {
			n[token.Class{Style: s.e.styles[l.style].id, Weight: l.weight}]++
		}
	}
	return n
}

// Standing is what the ledger says about one credential.
type Standing struct {
	Ballots int    // how many ballots of it were accepted
	Counted uint64 // the index of the one that counts, if there are any
	Number  uint32 // the number of that one, the largest; 0: none
}

// Standing says where a voter stands, by the encoding of the credential as on
// the roll (ErrEligibility if it is not there). Without a roll every credential
// that has not voted stands at zero. More ballots than the voter
// has cast mean that somebody else has the credential's secret. A device that
// has lost count goes on from Number, see Voter.
func (s *State) Standing(credential []byte) (Standing, error) {
	i, ok := s.lineOf[newPointKey(credential)]
	switch {
	case !ok && s.e.Manifest.tokens():
		return Standing{}, nil
	case !ok:
		return Standing{}, fmt.Errorf("ballot: the credential %s is not on the roll: %w", short(credential), reason.ErrEligibility)
	}
	l := &s.lines[i]
	return Standing{Ballots: int(l.ballots), Counted: l.counted, Number: l.number}, nil
}

// Apply applies the next entry of the ledger. It returns why the entry is
// refused, or nil if it is accepted or is not for the counting rule to judge
// (the messages of the key ceremony before the open; mixes, shares and results
// after the close). The error is about the caller or the election as a whole:
// an entry out of order, or a ledger that is not the one from which the
// election was loaded, or whose roll is not the one which the open entry names
// (all ErrChain, or ErrFork where it has an earlier open entry).
func (s *State) Apply(en ledger.Entry) (*Refusal, error) {
	x, err := s.e.examineAll([]ledger.Entry{en}, nil, nil)
	if err != nil {
		return nil, err
	}
	return s.apply(en.Index, x[0])
}

// apply applies an entry of which everything that needs no history has been
// checked.
func (s *State) apply(index uint64, x examined) (*Refusal, error) {
	if index != s.next {
		return nil, fmt.Errorf("ballot: entry %d applied where %d is next: %w", index, s.next, reason.ErrChain)
	}
	if open := s.e.Opening.Index; index <= open {
		if err := s.beforeOrOpen(index, x); err != nil {
			return nil, err
		}
		if index == open {
			s.next++
			return nil, nil
		}
	}
	err := s.judge(index, x)
	s.next++
	if err == nil {
		return nil, nil
	}
	s.refused = append(s.refused, Refusal{Index: index, Kind: x.kind.String(), Err: err})
	return &s.refused[len(s.refused)-1], nil
}

// beforeOrOpen requires that the ledger up to the open is one on which this
// election was opened where Load found it opened.
func (s *State) beforeOrOpen(index uint64, x examined) error {
	switch open := s.e.Opening.Index; {
	case index == open && !x.opens:
		return fmt.Errorf("ballot: entry %d is not the open entry that was loaded: %w", index, reason.ErrChain)
	case index == open && s.e.Manifest.tokens():
		return s.issuance.check(&s.e.Opening)
	case index == open:
		return s.roll.check(&s.e.Opening)
	case x.foreign == nil && x.kind == entry.Open && x.err == nil:
		return fmt.Errorf("ballot: entry %d opened an election of this manifest before entry %d: %w", index, open, reason.ErrFork)
	}
	return nil
}

// judge decides about one entry and, if it stands, records it.
func (s *State) judge(index uint64, x examined) error {
	if x.foreign != nil {
		return x.foreign
	}
	switch x.kind {
	case entry.Ballot:
		if err := s.check(index, x); err != nil {
			return err
		}
		s.accept(index, x.ballot)
	case entry.Spoil:
		if err := s.check(index, x); err != nil {
			return err
		}
		s.spoiled[spoilKey{x.spoil.tracker, x.spoil.credentialKey}] = index
		s.spoils[x.spoil.credentialKey]++
	case entry.Close:
		if err := s.phase(index, x.kind); err != nil {
			return err
		}
		if x.err != nil {
			return x.err
		}
		s.closed = index
	case entry.Pin:
		if err := s.afterClose(x.kind); err != nil {
			return err
		}
		if x.err != nil {
			return x.err
		}
		s.pins = append(s.pins, index)
	case entry.Mix:
		if err := s.afterClose(x.kind); err != nil {
			return err
		}
		if !s.e.Manifest.mixed() {
			return fmt.Errorf("ballot: mix of an election that mixes nothing: %w", reason.ErrRange)
		}
	case entry.Share, entry.Result:
		return s.afterClose(x.kind)
	case entry.Roll:
		if err := s.beforeOpen(index, x.kind); err != nil {
			return err
		}
		return s.addRoll(x.env)
	case entry.Issuer, entry.Issued:
		if err := s.beforeOpen(index, x.kind); err != nil {
			return err
		}
		return s.issuance.add(x.env)
	case entry.Rotation:
		p, err := s.e.Manifest.rotated(s.policy, index, x.env)
		if err != nil {
			return err
		}
		s.policy = p
	case entry.Open: // one that does not count
		if x.err != nil {
			return x.err
		}
		return fmt.Errorf("ballot: open: entry %d opens this election: %w", s.e.Opening.Index, reason.ErrState)
	default: // the manifest and the ceremony
		if err := s.beforeOpen(index, x.kind); err != nil {
			return err
		}
		return x.err
	}
	return nil
}

func (s *State) beforeOpen(index uint64, kind entry.Kind) error {
	if index > s.e.Opening.Index {
		return fmt.Errorf("ballot: %s after the open, entry %d: %w", kind, s.e.Opening.Index, reason.ErrState)
	}
	return nil
}

// addRoll takes in the lines of a roll entry.
func (s *State) addRoll(env *entry.Envelope) error {
	lines, err := s.roll.add(env)
	for _, l := range lines {
		s.lineOf[newPointKey(l.Key)] = uint32(len(s.lines))
		s.lines = append(s.lines, line{weight: l.Weight, style: uint32(l.Style)})
	}
	return err
}

// phase requires that the entry stands between open and close.
func (s *State) phase(index uint64, kind entry.Kind) error {
	switch {
	case index < s.e.Opening.Index:
		return fmt.Errorf("ballot: %s before the open, entry %d: %w", kind, s.e.Opening.Index, reason.ErrState)
	case s.closed != 0:
		return fmt.Errorf("ballot: %s after the close, entry %d: %w", kind, s.closed, reason.ErrState)
	}
	return nil
}

func (s *State) afterClose(kind entry.Kind) error {
	if s.closed == 0 {
		return fmt.Errorf("ballot: %s before the close: %w", kind, reason.ErrState)
	}
	return nil
}

// check says whether a ballot or spoil would stand as entry index. It only
// reads.
func (s *State) check(index uint64, x examined) error {
	if err := s.phase(index, x.kind); err != nil {
		return err
	}
	if x.err != nil {
		return x.err
	}
	if x.spoil != nil {
		return s.checkSpoil(x.spoil)
	}
	return s.checkBallot(x.ballot)
}

// checkBallot makes the checks of a ballot that depend on what stands before.
func (s *State) checkBallot(b *Ballot) error {
	l, err := s.lineFor(b)
	if err != nil {
		return err
	}
	if at, ok := s.spoiled[spoilKey{b.tracker, b.credentialKey}]; ok {
		return fmt.Errorf("ballot: spoiled by entry %d: %w", at, reason.ErrState)
	}
	if at, ok := s.accepted[b.tracker]; ok {
		return fmt.Errorf("ballot: stands already as entry %d: %w", at.index, reason.ErrReplay)
	}
	if at, ok := s.masks[b.maskKey]; ok {
		return fmt.Errorf("ballot: A stands already in entry %d: %w", at, reason.ErrDuplicate)
	}
	if limit := s.e.Manifest.Limits.BallotsPerCredential; b.number > limit {
		return fmt.Errorf("ballot: number %d, at most %d ballots a credential: %w", b.number, limit, reason.ErrRange)
	}
	if b.number <= l.number {
		return fmt.Errorf("ballot: number %d, entry %d of the same credential has number %d: %w",
			b.number, l.counted, l.number, reason.ErrReplay)
	}
	return nil
}

// lineFor returns the line of a ballot's credential, which has the ballot's
// style. Without a roll it is one that has cast nothing until there is another.
func (s *State) lineFor(b *Ballot) (*line, error) {
	i, ok := s.lineOf[b.credentialKey]
	if s.e.Manifest.tokens() {
		if !ok {
			return &line{}, nil
		}
		l := &s.lines[i]
		if int(l.style) != b.style || l.weight != b.weight {
			return nil, fmt.Errorf("ballot: style %q and weight %d, the credential's first ballot has %q and %d: %w",
				s.e.styles[b.style].id, b.weight, s.e.styles[l.style].id, l.weight, reason.ErrEligibility)
		}
		return l, nil
	}
	if !ok {
		return nil, fmt.Errorf("ballot: its credential is not on the roll: %w", reason.ErrEligibility)
	}
	l := &s.lines[i]
	if int(l.style) != b.style {
		return nil, fmt.Errorf("ballot: style %q, the roll gives its credential %q: %w",
			s.e.styles[b.style].id, s.e.styles[l.style].id, reason.ErrEligibility)
	}
	return l, nil
}

// accept records a ballot that check let through.
func (s *State) accept(index uint64, b *Ballot) {
	line := s.lineNumber(b)
	s.accepted[b.tracker] = accepted{index: index, line: line}
	s.masks[b.maskKey] = index
	l := &s.lines[line]
	l.counted, l.number = index, b.number
	l.ballots++
}

// lineNumber returns where the line of an accepted ballot's credential is, and
// makes one if there is no roll and none yet.
func (s *State) lineNumber(b *Ballot) uint32 {
	i, ok := s.lineOf[b.credentialKey]
	if !ok {
		i = uint32(len(s.lines))
		s.lineOf[b.credentialKey] = i
		s.lines = append(s.lines, line{weight: b.weight, style: uint32(b.style)})
	}
	return i
}

// checkSpoil makes the checks of a spoil that depend on what stands before: its
// credential is on the roll, if there is one, it is the credential's first spoil of the tracker,
// and the ballot has not been cast.
func (s *State) checkSpoil(x *Spoil) error {
	if _, ok := s.lineOf[x.credentialKey]; !ok && !s.e.Manifest.tokens() {
		return fmt.Errorf("ballot: spoil: its credential is not on the roll: %w", reason.ErrEligibility)
	}
	if at, ok := s.spoiled[spoilKey{x.tracker, x.credentialKey}]; ok {
		return fmt.Errorf("ballot: spoil: spoiled already by entry %d: %w", at, reason.ErrReplay)
	}
	if at, ok := s.accepted[x.tracker]; ok {
		return fmt.Errorf("ballot: spoil: the ballot was cast as entry %d: %w", at.index, reason.ErrState)
	}
	return nil
}

// stands returns where a ballot or spoil stands already. The error is that a
// later ballot supersedes it.
func (s *State) stands(x examined) (index uint64, ok bool, err error) {
	if x.spoil != nil {
		index, ok = s.spoiled[spoilKey{x.spoil.tracker, x.spoil.credentialKey}]
		return index, ok, nil
	}
	if _, ok := s.accepted[x.ballot.tracker]; !ok {
		return 0, false, nil
	}
	index, err = s.Status(x.ballot.tracker)
	return index, true, err
}
