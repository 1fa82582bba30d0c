package tally

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/hanpyo/hanpyo/ballot"
	"github.com/hanpyo/hanpyo/internal/entry"
	"github.com/hanpyo/hanpyo/internal/reason"
)

// The steps of an audit after the ledger has been read. Each returns whether
// the next has something to work on.

// setup checks the key ceremony and the opening.
func (a *audit) setup(ctx context.Context) bool {
	if !a.ceremony() {
		return false
	}
	e, err := ballot.Load(ctx, a.r, a.report.Fingerprint)
	switch {
	case err != nil && (!a.done["ledger.checkpoint"] || a.failed["ledger.checkpoint"] || a.failed["ledger.origin"] || a.failed["manifest.fingerprint"] ||
		a.failed[rotation] || len(a.m.Ledger.Witnesses) > 0 && !a.done[witnesses]):
		a.missing(err, "keys.certified")
		return false
	case isIssuance(err):
		a.fail(issuance, &a.open, err)
		return false
	case wrongEntry(err) != nil: // the reader has changed its mind
		a.fail("ledger.checkpoint", wrongEntry(err), err)
		return false
	case errors.Is(err, reason.ErrBinding):
		a.fail("keys.certified", &a.open, err)
		return false
	case errors.Is(err, reason.ErrIncomplete), err != nil && !reason.Is(err): // the reader no longer has it, or has failed
		a.missing(err, "phase.open")
		return false
	case err != nil:
		a.fail("phase.open", &a.open, err)
		return false
	}
	a.e = e
	a.pass("keys.certified", fmt.Sprintf("%d of %d", len(e.Outcome.Holders), len(a.m.Trustees)))
	a.pass("phase.open", fmt.Sprintf("entry %d", a.open))
	a.issued()
	return true
}

// ceremony replays the key ceremony. Who was put out of it is listed and fails
// nothing: the protocol has dealt with it, as it has with a trustee's second
// message in a phase, of which the first counts. Otherwise one trustee could
// spoil every audit. Two trustees who signed different ceremonies were shown
// different ledgers, and that is a fault.
func (a *audit) ceremony() bool {
	tr, err := a.m.Ceremony().Replay(a.posted.Posted())
	if err != nil {
		a.fail("keys.ceremony", nil, err)
		return false
	}
	for _, k := range tr.Culprits {
		f := Finding{Err: k.Reason}
		if len(k.Entries) > 0 {
			f.Entry = &k.Entries[len(k.Entries)-1]
		}
		a.note("keys.ceremony", f)
	}
	for _, f := range tr.Forks {
		if f.SameTrustee() {
			a.note("keys.ceremony", Finding{Entry: &f.Messages[1].Index, Err: f})
		} else {
			a.fail("keys.certified", &f.Messages[0].Index, f)
		}
	}
	for _, i := range tr.Ignored {
		if !errors.Is(i.Reason, reason.ErrFork) {
			a.refuse("keys.ceremony", i.Index, i.Reason)
		}
	}
	switch {
	case tr.Outcome != nil:
		a.pass("keys.ceremony", fmt.Sprintf("%d of %d dealt", len(tr.Outcome.Dealers), len(a.m.Trustees)))
		return true
	case tr.Failure != nil:
		a.fail("keys.ceremony", nil, tr.Failure)
	default:
		a.missing(fmt.Errorf("tally: the key ceremony is in phase %s: %w", tr.Phase, reason.ErrIncomplete), "keys.ceremony")
	}
	return false
}

// replay applies the counting rule.
func (a *audit) replay(ctx context.Context) bool {
	if a.scanErr != nil {
		return false
	}
	state, sums := a.state, a.sums
	if a.state, a.sums = nil, nil; state == nil {
		state = ballot.NewState(a.e)
		if a.c == nil {
			sums = newAdder(a.e, state)
		}
	}
	o := &ballot.ReplayOptions{
		Workers:  a.o.Workers,
		Progress: func(done, size uint64) { a.progress("verify", done, size) },
		Proven:   a.proven(),
	}
	if sums != nil {
		o.Applied = sums.applied
	}
	err := state.Advance(ctx, a.r, a.cp.Size, o)
	switch {
	case wrongEntry(err) != nil: // the reader has changed its mind
		a.fail("ledger.checkpoint", wrongEntry(err), err)
		return false
	case err != nil && !errors.Is(err, reason.ErrChain) && !errors.Is(err, reason.ErrShape):
		a.missing(err, a.rollCheck())
		return false
	case err != nil: // the ledger is whole, so it is the roll that does not fit
		a.fail(a.rollCheck(), nil, err)
		for _, f := range a.rolls { // anybody may have posted them
			a.note("roll.signed", f)
		}
		return false
	}
	a.state, a.sums = state, sums
	if byTokens(a.m) {
		a.tokens()
	} else {
		a.pass("roll.form", fmt.Sprintf("%s, weight %s", plural(a.e.Opening.Roll.Size, "line", "lines"), number(a.e.Opening.Roll.Weight)))
		a.pass("roll.signed", fmt.Sprintf("%d of %d registrars", a.m.Registrars.Quorum, len(a.m.Registrars.Keys)))
	}
	closed, ok := state.Closed()
	for _, f := range state.Refused() {
		if slices.Contains(a.rotating, f.Index) {
			continue // listed when the ledger was read
		}
		a.refuse(a.checkOf(f, closed), f.Index, f.Err)
	}
	if !ok {
		a.missing(fmt.Errorf("tally: the election is not closed: %w", reason.ErrIncomplete), "phase.close")
		return false
	}
	a.pass("phase.close", fmt.Sprintf("entry %d", closed))
	a.hours(ctx, closed)
	return true
}

// checkOf returns under which check a refused entry is listed.
func (a *audit) checkOf(f ballot.Refusal, closed uint64) string {
	is := func(err error) bool { return errors.Is(f.Err, err) }
	switch f.Kind {
	case entry.Manifest.String():
		return "manifest.form"
	case entry.Round.String(), entry.Commit.String(), entry.Deal.String(), entry.Confirm.String(), entry.Certify.String():
		return "keys.ceremony"
	case entry.Issuer.String(), entry.Issued.String():
		return a.rollCheck()
	case entry.Roll.String():
		if byTokens(a.m) {
			return issuance
		}
		if is(reason.ErrSignature) || is(reason.ErrQuorum) {
			return "roll.signed"
		}
		return "roll.form"
	case entry.Open.String():
		return "phase.open"
	case entry.Close.String():
		return "phase.close"
	case entry.Pin.String():
		return "phase.pin"
	case entry.Mix.String():
		if mixed(a.m) {
			return mixChain
		}
	case entry.Share.String():
		return "decrypt.shares"
	case entry.Result.String():
		return "result.published"
	}
	switch {
	case is(reason.ErrProof):
		return "ballot.proof"
	case is(reason.ErrEligibility):
		return "ballot.eligible"
	case is(reason.ErrReplay), is(reason.ErrDuplicate):
		return "ballot.newest"
	case is(reason.ErrState) && f.Index < a.open:
		return "phase.open"
	case is(reason.ErrState) && closed != 0 && f.Index > closed:
		return "phase.close"
	case is(reason.ErrState):
		return "ballot.spoiled"
	}
	return "ballot.form"
}

// hours compares the signed times with the announced ones. Closing early has
// kept voters out; opening late, by more than the manifest rounds times, is
// listed.
func (a *audit) hours(ctx context.Context, closed uint64) {
	env, err := readEntry(ctx, a.r, closed)
	if err != nil {
		a.missing(err, "phase.hours")
		return
	}
	// Differences are of 64 bits without a sign: signers may say any time.
	opened, opens := a.e.Opening.Time, a.m.Opens.Unix()
	if opened > opens && uint64(opened)-uint64(opens) > uint64(a.m.Rounding/time.Second) {
		a.note("phase.hours", Finding{Entry: &a.open, Err: fmt.Errorf("tally: opened %d s after the announced hour: %w", uint64(opened)-uint64(opens), reason.ErrState)})
	}
	if closes := a.m.Closes.Unix(); env.Time < closes {
		a.fail("phase.hours", &closed, fmt.Errorf("tally: closed %d s before the announced hour: %w", uint64(closes)-uint64(env.Time), reason.ErrState))
		return
	}
	a.pass("phase.hours", a.m.Closes.UTC().Format("2006-01-02 15:04 MST"))
}

// addUp adds up the counted ballots and checks the pin.
func (a *audit) addUp(ctx context.Context) bool {
	c, err := a.c, error(nil)
	if c != nil {
		c = c.grown(a.r, a.cp.Size, a.state)
	} else {
		c, err = newClosing(ctx, a.r, a.cp.Size, a.sums, work{a.o.Workers, a.o.Progress})
	}
	if err != nil {
		a.missing(err, "phase.pin")
		return false
	}
	a.c, a.sums = c, nil
	counted := fmt.Sprintf("%s counted, %s refused", number(c.ballots), number(c.refused))
	a.pass("ballot.form", counted)
	for _, id := range []string{"ballot.eligible", "ballot.proof", "ballot.newest", "ballot.spoiled"} {
		a.pass(id, number(c.ballots)+" counted")
	}
	pins, err := c.pins(ctx)
	if err != nil {
		a.missing(err, "phase.pin")
		return false
	}
	first, none := firstPin(pins)
	for _, p := range pins {
		switch {
		case p.err == nil:
		case none == nil:
			a.fail("phase.pin", &p.index, fmt.Errorf("tally: entries %d and %d are different pins (%v): %w", first, p.index, p.err, reason.ErrFork))
		default:
			a.fail("phase.pin", &p.index, p.err)
		}
	}
	if none != nil {
		if len(pins) == 0 {
			a.missing(fmt.Errorf("tally: no pin: %w", reason.ErrIncomplete), "phase.pin")
		}
		return false
	}
	a.pass("phase.pin", fmt.Sprintf("entry %d, %s", first, plural(c.pinned.size, "entry", "entries")))
	if a.book, err = c.readShares(ctx, first); err != nil {
		a.missing(err, "decrypt.shares")
		return false
	}
	return true
}

// decryption judges the shares and computes the result from them.
func (a *audit) decryption(ctx context.Context) {
	good := 0
	for _, s := range a.book.shares {
		disposed := decrypted
		if s.contest >= 0 {
			disposed = a.c.disposition(s.contest)
		}
		state := errors.Is(s.err, reason.ErrState)
		switch {
		case s.err == nil:
			good++
		case s.trustee == 0, errors.Is(s.err, reason.ErrDuplicate), state && disposed == decrypted:
			a.refuse("decrypt.shares", s.index, s.err)
		case errors.Is(s.err, reason.ErrBinding):
			// Whoever forks a ledger can show an honest trustee another pin or mix.
			a.fail("tally.target", &s.index, fmt.Errorf("signed for another target, which may be what was shown to %w", a.blame(s)))
		case state && disposed == withheld:
			a.fail("result.minimum", &s.index, a.blame(s))
		default:
			a.fail("decrypt.shares", &s.index, a.blame(s))
		}
	}
	contests := 0
	for i := range a.c.sums {
		if a.c.disposition(i) == decrypted {
			contests++
		}
	}
	if good > 0 || contests == 0 {
		a.pass("tally.target", plural(uint64(good), "share", "shares"))
		a.pass("decrypt.shares", fmt.Sprintf("%d of %d", good, len(a.book.shares)))
	} else {
		a.missing(fmt.Errorf("tally: no share that holds: %w", reason.ErrIncomplete), "tally.target", "decrypt.shares")
	}
	if err := a.book.complete(); err != nil {
		a.missing(err, "decrypt.quorum")
		return
	}
	a.pass("decrypt.quorum", fmt.Sprintf("%d of %d trustees, %s", a.m.Threshold, len(a.m.Trustees), plural(uint64(contests), "contest", "contests")))
	result, err := a.book.combine(ctx)
	if ctx.Err() != nil {
		return
	}
	if err != nil {
		a.fail("result.decoded", nil, err)
		return
	}
	a.pass("result.decoded", plural(uint64(contests), "contest", "contests"))
	a.report.Result = result
}

// blame says whose share it is.
func (a *audit) blame(s shareEntry) error {
	return fmt.Errorf("trustee %d %q: %w", s.trustee, a.m.Trustees[s.trustee-1].Name, s.err)
}

// result compares the published result with the ledger's.
func (a *audit) result() {
	published := a.book.published()
	for i := range a.book.results {
		r := &a.book.results[i]
		switch {
		case r.err == nil && !bytes.Equal(r.result.Bytes(), published.result.Bytes()):
			a.fail("result.published", &r.index, fmt.Errorf("tally: entries %d and %d are different results: %w", published.index, r.index, reason.ErrFork))
		case r.err == nil:
		case r.signed:
			a.fail("result.published", &r.index, r.err)
		default:
			a.refuse("result.published", r.index, r.err)
		}
	}
	if published == nil {
		a.missing(fmt.Errorf("tally: no published result: %w", reason.ErrIncomplete), "result.published")
		return
	}
	a.pass("result.published", fmt.Sprintf("entry %d", published.index))
	a.compareCounts(published)
	a.compareTotals(published)
}

// compareCounts compares what follows from the counted ballots alone.
func (a *audit) compareCounts(published *resultEntry) {
	p, ours := published.result, a.c.newResult()
	differs := func(what string, theirs, mine uint64) {
		if theirs != mine {
			a.fail("result.count", &published.index, differing(what, number(theirs), number(mine)))
		}
	}
	differs("voters", p.Voters, ours.Voters)
	differs("weight of the voters", p.VotersWeight, ours.VotersWeight)
	differs("ballots", p.Ballots, ours.Ballots)
	differs("weight of the ballots", p.Weight, ours.Weight)
	differs("refused ballots", p.Refused, ours.Refused)
	for i := range ours.Contests {
		theirs, mine := &p.Contests[i], &ours.Contests[i]
		differs("contest "+mine.ID+", ballots", theirs.Ballots, mine.Ballots)
		differs("contest "+mine.ID+", weight", theirs.Weight, mine.Weight)
		differs("contest "+mine.ID+", smallest group", theirs.Smallest, mine.Smallest)
		if theirs.Withheld != mine.Withheld {
			a.fail("result.minimum", &published.index, fmt.Errorf("tally: contest %s has %d of %d ballots, published as withheld: %t: %w",
				mine.ID, mine.Smallest, mine.Minimum, theirs.Withheld, reason.ErrState))
		}
	}
	a.pass("result.count", number(ours.Ballots)+" of "+number(ours.Voters)+" voted")
	a.pass("result.minimum", fmt.Sprintf("at least %d", a.m.Limits.MinGroup))
}

// compareTotals compares the totals, with their bounds and with those that the
// audit has computed.
func (a *audit) compareTotals(published *resultEntry) {
	var right, all uint64
	for i := range a.m.Contests {
		theirs := &published.result.Contests[i]
		for k, row := range a.m.Contests[i].Results() {
			if theirs.Withheld {
				continue
			}
			total := theirs.Totals[k].Total
			if low, high := a.c.bounds(i, row); total < low || total > high {
				a.fail("result.bounds", &published.index, fmt.Errorf("tally: contest %s, %s: %s is not between %s and %s: %w",
					theirs.ID, row.ID, signedNumber(total), signedNumber(low), signedNumber(high), reason.ErrRange))
			}
			if a.report.Result == nil || a.report.Result.Contests[i].Withheld {
				continue
			}
			all++
			if mine := a.report.Result.Contests[i].Totals[k].Total; total != mine {
				a.fail("tally.sum", &published.index, differing("contest "+theirs.ID+", "+row.ID, signedNumber(total), signedNumber(mine)))
				continue
			}
			right++
		}
	}
	a.pass("result.bounds", "")
	if a.report.Result != nil {
		a.pass("tally.sum", fmt.Sprintf("%d of %d", right, all))
		a.compareMixed(published)
	}
}

func differing(what, published, ledger string) error {
	return fmt.Errorf("tally: %s: published %s, the ledger gives %s: %w", what, published, ledger, reason.ErrProof)
}
