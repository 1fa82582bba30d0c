package dkg

import (
	"crypto/sha256"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"

	"github.com/hanpyo/hanpyo/internal/entry"
	"github.com/hanpyo/hanpyo/internal/wire"
)

// Transcript is what a list of posted messages means.
type Transcript struct {
	Phase    Phase     // what the trustees may post next, unless there is a Failure
	Outcome  *Outcome  // nil until the ceremony is complete
	Failure  error     // why there will be no outcome; nil if there still may be one
	Culprits []Culprit // who provably did not follow the protocol
	Forks    []*Fork   // signed messages that cannot both stand
	Absent   []Absence // who was silent where a message was expected, which is no fault
	Ignored  []Ignored // entries that changed nothing

	c        *Ceremony
	messages [Complete][]*message // [phase][position-1], the ones that count
	rounds   []Posted
	deals    []*deal                  // [position-1], nil for who did not deal well
	proposed *Outcome                 // once phase Confirming has ended
	signed   [Complete + 1]entry.Hash // [phase]: transcript hash of all before it
}

// message is an entry that counts.
type message struct {
	Posted
	id   entry.Hash
	body []byte
}

// Absence is the silence of a trustee in a phase that has ended.
type Absence struct {
	Trustee int
	Phase   Phase
}

// Ignored is an entry that changed nothing: junk, a duplicate, something late,
// something of another ceremony.
type Ignored struct {
	Index   uint64
	Trustee int // who signed it, 0 if that is not known
	Reason  error
}

// Replay applies posted messages in the order of the ledger. It is
// deterministic and never fails for what somebody posted: the only error is
// that of [Ceremony.Check]. Entries of other kinds are passed over. The result
// refers to the bytes of posted, which must not change.
func (c *Ceremony) Replay(posted []Posted) (*Transcript, error) {
	if err := c.Check(); err != nil {
		return nil, err
	}
	n := len(c.Trustees)
	tr := &Transcript{c: c, Phase: Committing, deals: make([]*deal, n)}
	for p := Committing; p < Complete; p++ {
		tr.messages[p] = make([]*message, n)
	}
	for _, p := range posted {
		if trustee, err := tr.apply(p); err != nil {
			tr.Ignored = append(tr.Ignored, Ignored{p.Index, trustee, fmt.Errorf("dkg: entry %d: %w", p.Index, err)})
		}
	}
	return tr, nil
}

// apply applies one entry. An error says why it changed nothing.
func (tr *Transcript) apply(p Posted) (trustee int, err error) {
	e, err := entry.Parse(p.Data)
	if err != nil {
		return 0, err
	}
	phase, ok := phaseOf(e.Kind)
	if !ok && e.Kind != entry.Round {
		return 0, nil
	}
	if e.Election != tr.c.ID {
		return 0, fmt.Errorf("%s of ceremony %x…: %w", e.Kind, e.Election[:4], ErrBinding)
	}
	if e.Kind == entry.Round {
		return 0, tr.applyRound(p, e)
	}
	if trustee, err = tr.c.sender(e); err != nil {
		return 0, err
	}
	m := &message{Posted: p, id: entry.ID(p.Data), body: e.Body}
	first := tr.messages[phase][trustee-1]
	switch {
	case first != nil && first.id == m.id:
		return trustee, fmt.Errorf("%s of %s again: %w", e.Kind, tr.c.name(trustee), ErrDuplicate)
	case first != nil:
		fork := &Fork{Phase: phase, Trustees: []int{trustee, trustee}, Messages: []Posted{first.Posted, p}}
		tr.Forks = append(tr.Forks, fork)
		return trustee, fork
	case tr.Failure != nil:
		return trustee, fmt.Errorf("%s of %s after the ceremony failed: %w", e.Kind, tr.c.name(trustee), ErrState)
	case phase != tr.Phase:
		return trustee, fmt.Errorf("%s of %s in phase %s: %w", e.Kind, tr.c.name(trustee), tr.Phase, ErrState)
	}
	tr.messages[phase][trustee-1] = m
	return trustee, nil
}

func (tr *Transcript) applyRound(p Posted, e *entry.Envelope) error {
	ends, err := tr.c.readRound(e)
	if err != nil {
		return err
	}
	if ends != tr.Phase || tr.Failure != nil {
		return fmt.Errorf("end of phase %s in phase %s: %w", ends, tr.Phase, ErrState)
	}
	tr.rounds = append(tr.rounds, p)
	for i, m := range tr.messages[ends] {
		if m == nil && tr.expects(i+1, ends) {
			tr.Absent = append(tr.Absent, Absence{i + 1, ends})
		}
	}
	switch ends {
	case Committing:
		tr.endCommitting()
	case Dealing:
		tr.endDealing()
	case Confirming:
		tr.endConfirming()
	case Certifying:
		tr.endCertifying()
	}
	tr.Phase++
	tr.signed[tr.Phase] = tr.hash()
	return nil
}

// expects tells whether a trustee has something to say in a phase.
func (tr *Transcript) expects(trustee int, p Phase) bool {
	return !tr.out(trustee) && (p != Dealing || tr.messages[Committing][trustee-1] != nil)
}

// hash is the hash of all messages that count so far, in order of phase and
// position. It is what confirm and certify entries sign.
func (tr *Transcript) hash() entry.Hash {
	var w wire.Writer
	w.String("hanpyo/v1 dkg transcript")
	w.Raw(tr.c.ID[:])
	for p := Committing; p < tr.Phase; p++ {
		for _, m := range tr.messages[p] {
			if m == nil {
				w.Uint8(0)
				continue
			}
			w.Uint8(1)
			w.Raw(m.id[:])
		}
	}
	return sha256.Sum256(w.Bytes())
}

func (tr *Transcript) endCommitting() {
	var committed []int
	for i, m := range tr.messages[Committing] {
		if m == nil {
			continue
		}
		if _, err := parseCommit(m.body); err != nil {
			tr.blame(i+1, Committing, err, m)
			continue
		}
		committed = append(committed, i+1)
	}
	tr.require(committed, "committed")
}

// endDealing checks the deals. Each is checked on its own, so that the work is
// shared among the processors.
func (tr *Transcript) endDealing() {
	errs := make([]error, len(tr.deals))
	var wg sync.WaitGroup
	slots := make(chan struct{}, runtime.GOMAXPROCS(0))
	for i, m := range tr.messages[Dealing] {
		if m == nil || tr.messages[Committing][i] == nil || tr.out(i+1) {
			continue
		}
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			tr.deals[i], errs[i] = tr.checkDeal(i+1, m)
		})
	}
	wg.Wait()
	for i, err := range errs {
		m := tr.messages[Dealing][i]
		switch {
		case err != nil:
			tr.blame(i+1, Dealing, err, tr.messages[Committing][i], m)
		case m != nil && tr.deals[i] == nil:
			why := fmt.Errorf("dkg: entry %d: deal of %s, who did not commit: %w", m.Index, tr.c.name(i+1), ErrState)
			tr.Ignored = append(tr.Ignored, Ignored{m.Index, i + 1, why})
		}
	}
	tr.require(tr.dealers(), "dealt")
}

func (tr *Transcript) checkDeal(dealer int, m *message) (*deal, error) {
	commitment, err := parseCommit(tr.messages[Committing][dealer-1].body)
	if err != nil {
		return nil, err
	}
	if commitment != m.id {
		return nil, fmt.Errorf("deal is not the one committed to: %w", ErrBinding)
	}
	d, err := tr.c.parseDeal(m.body)
	if err != nil {
		return nil, err
	}
	d.dealer, d.id = dealer, m.id
	if err := tr.c.dlogs(d).Verify(tr.c.Group, tr.c.dealContext(d), d.proof); err != nil {
		return nil, fmt.Errorf("deal: %w", err)
	}
	return d, nil
}

// endConfirming judges the complaints, each by itself: the result does not
// depend on their order.
func (tr *Transcript) endConfirming() {
	for i, m := range tr.messages[Confirming] {
		if m == nil {
			continue
		}
		body, err := tr.c.parseConfirm(m.body)
		if err != nil {
			tr.blame(i+1, Confirming, err, m)
			continue
		}
		if body.transcript != tr.signed[Confirming] {
			// Neither an acceptance nor a complaint: it is about other deals.
			tr.fork(Confirming, i+1, m)
			continue
		}
		for _, k := range body.complaints {
			d := tr.deals[k.dealer-1]
			if d == nil {
				tr.blame(i+1, Confirming, fmt.Errorf("complaint against %s, who is no dealer: %w", tr.c.name(k.dealer), ErrState), m)
				continue
			}
			culprit, why := tr.c.judge(d, i+1, k)
			dealt := tr.messages[Dealing][k.dealer-1]
			if culprit == k.dealer {
				tr.blame(culprit, Confirming, why, m, dealt)
			} else {
				tr.blame(culprit, Confirming, why, dealt, m)
			}
		}
	}
	if tr.require(tr.dealers(), "dealt") {
		tr.proposed, tr.Failure = tr.conclude()
	}
}

func (tr *Transcript) endCertifying() {
	hash := tr.proposed.Hash()
	var holders []int
	for i, m := range tr.messages[Certifying] {
		if m == nil {
			continue
		}
		if tr.out(i + 1) {
			why := fmt.Errorf("dkg: entry %d: certificate of %s, who is out: %w", m.Index, tr.c.name(i+1), ErrEligibility)
			tr.Ignored = append(tr.Ignored, Ignored{m.Index, i + 1, why})
			continue
		}
		body, err := parseCertificate(m.body)
		switch {
		case err != nil:
			tr.blame(i+1, Certifying, err, m)
		case body.transcript != tr.signed[Certifying]:
			tr.fork(Certifying, i+1, m)
		case body.outcome != hash:
			tr.blame(i+1, Certifying, fmt.Errorf("certificate of another outcome: %w", ErrBinding), m)
		default:
			holders = append(holders, i+1)
		}
	}
	if tr.require(holders, "certified") {
		tr.Outcome = tr.proposed
		tr.Outcome.Holders = holders
	}
}

// dealers returns the positions of the dealers who are still in.
func (tr *Transcript) dealers() []int {
	var list []int
	for i, d := range tr.deals {
		if d != nil && !tr.out(i+1) {
			list = append(list, i+1)
		}
	}
	return list
}

// require makes the ceremony fail, naming all who are missing, if fewer than
// the threshold are in the list.
func (tr *Transcript) require(list []int, did string) bool {
	if len(list) >= tr.c.Threshold {
		return true
	}
	var missing []string
	for i := range tr.c.Trustees {
		if !slices.Contains(list, i+1) {
			missing = append(missing, tr.c.name(i+1)+" "+tr.whyMissing(i+1))
		}
	}
	tr.Failure = fmt.Errorf("dkg: %d trustees %s, %d are needed; missing: %s: %w",
		len(list), did, tr.c.Threshold, strings.Join(missing, ", "), ErrQuorum)
	return false
}

func (tr *Transcript) whyMissing(trustee int) string {
	for _, k := range tr.Culprits {
		if k.Trustee == trustee {
			return fmt.Sprintf("(out since %s)", k.Phase)
		}
	}
	var why []string
	for _, f := range tr.Forks {
		if f.Trustees[0] == trustee && !f.SameTrustee() {
			why = append(why, fmt.Sprintf("another transcript in %s", f.Phase))
		}
	}
	for _, a := range tr.Absent {
		if a.Trustee == trustee {
			why = append(why, fmt.Sprintf("silent in %s", a.Phase))
		}
	}
	return "(" + strings.Join(why, ", ") + ")"
}
