package tally

import "slices"

// checks are the checks of an audit, in the order of the report. Their ids are
// stable: programs and courts refer to them. docs/checks.md says of each what
// it holds, from which evidence, and what a failure means.
var checks = []struct{ id, title string }{
	{"ledger.checkpoint", "signed, and the root of what was read"},
	{"ledger.origin", "the ledger that the manifest names"},
	{"ledger.witnesses", "cosigned by a quorum of the witnesses"},
	{"ledger.continuity", "extends the checkpoints seen before"},
	{"ledger.rotation", "handed from key to key by those who may"},
	{"manifest.form", "well formed, with the id that was opened"},
	{"manifest.fingerprint", "opened under the fingerprint, signed"},
	{"keys.ceremony", "the messages give a key"},
	{"keys.certified", "outcome signed by holders, opened as such"},
	{"roll.form", "the lines are those that were opened"},
	{"roll.signed", "every line signed by the registrars"},
	{"eligibility.issuance", "tokens are those that were opened"},
	{"eligibility.tokens", "no more tokens used than issued"},
	{"phase.open", "the first open, within the manifest's bounds"},
	{"phase.close", "closed by the authorities"},
	{"phase.pin", "the pin is over these entries"},
	{"phase.hours", "not closed before the announced hour"},
	{"ballot.form", "counted ballots are canonical"},
	{"ballot.eligible", "their credentials are on the roll"},
	{"ballot.proof", "slots are bits, rules hold, voters signed"},
	{"ballot.newest", "the last one of each credential counts"},
	{"ballot.spoiled", "no spoiled ballot counts"},
	{"mix.input", "mixed are the counted ballots"},
	{"mix.chain", "mixed one after the other, by those listed"},
	{"mix.shuffle", "every mixer's proof holds"},
	{"mix.quorum", "enough mixes of every contest"},
	{"tally.target", "shares are of what was pinned"},
	{"tally.sum", "published totals are the counted ballots'"},
	{"decrypt.shares", "every trustee's proof holds"},
	{"decrypt.quorum", "enough shares for every contest"},
	{"result.decoded", "every total was found"},
	{"result.bounds", "published totals are possible"},
	{"result.minimum", "nothing about too few voters"},
	{"result.count", "published counts are the ledger's"},
	{"result.counted", "elected by the manifest's rules"},
	{"result.published", "one result, signed by the authorities"},
}

// These are in a report only if there is something to check: witnesses if the
// manifest names some, continuity if the auditor has brought checkpoints,
// rotation if there is one on the ledger, issuance and tokensUsed, in the place
// of those of the roll, if the voters are let in by tokens, and the last ones if
// the manifest has a mixed contest.
const (
	witnesses  = "ledger.witnesses"
	continuity = "ledger.continuity"
	rotation   = "ledger.rotation"
	issuance   = "eligibility.issuance"
	tokensUsed = "eligibility.tokens"
	mixInput   = "mix.input"
	mixChain   = "mix.chain"
	mixShuffle = "mix.shuffle"
	mixQuorum  = "mix.quorum"
	counted    = "result.counted"
)

var mixChecks = []string{mixInput, mixChain, mixShuffle, mixQuorum, counted}

func isOptional(id string) bool {
	return id == witnesses || id == continuity || id == rotation || id == issuance || id == tokensUsed || slices.Contains(mixChecks, id)
}

// checklist collects the findings of an audit. A check that nobody calls done
// has not run, and one with a fault has failed whatever else was found.
type checklist struct {
	report *Report
	done   map[string]bool
	failed map[string]bool

	// kept are the findings of steps that an audit of the grown ledger need
	// not make again: see keep.
	kept    []func(*checklist)
	keeping bool
}

// keep makes a step whose findings stay true while the ledger grows, and keeps
// them if the step succeeds.
func (l *checklist) keep(step func() bool) bool {
	n := len(l.kept)
	l.keeping = true
	ok := step()
	l.keeping = false
	if !ok {
		l.kept = l.kept[:n]
	}
	return ok
}

func (l *checklist) record(finding func(*checklist)) {
	if l.keeping {
		l.kept = append(l.kept, finding)
	}
}

func newChecklist(report *Report) *checklist {
	for _, c := range checks {
		if !isOptional(c.id) {
			report.Checks = append(report.Checks, Check{ID: c.id, Title: c.title})
		}
	}
	return &checklist{report: report, done: make(map[string]bool), failed: make(map[string]bool)}
}

// include puts an optional check into the report, in its place.
func (l *checklist) include(id string) {
	l.record(func(l *checklist) { l.include(id) })
	at := 0
	for _, c := range checks {
		there := at < len(l.report.Checks) && l.report.Checks[at].ID == c.id
		switch {
		case c.id == id && !there:
			l.report.Checks = slices.Insert(l.report.Checks, at, Check{ID: c.id, Title: c.title})
			return
		case there:
			at++
		}
	}
}

// exclude takes a check out of the report.
func (l *checklist) exclude(id string) {
	l.record(func(l *checklist) { l.exclude(id) })
	l.report.Checks = slices.DeleteFunc(l.report.Checks, func(c Check) bool { return c.ID == id })
}

// retitle says what a check is about here.
func (l *checklist) retitle(id, title string) {
	l.record(func(l *checklist) { l.retitle(id, title) })
	l.report.Check(id).Title = title
}

// pass says that the check was made to its end.
func (l *checklist) pass(id, summary string) {
	l.record(func(l *checklist) { l.pass(id, summary) })
	l.done[id] = true
	if c := l.report.Check(id); c.Summary == "" {
		c.Summary = summary
	}
}

// fail adds a fault.
func (l *checklist) fail(id string, entry *uint64, err error) {
	l.record(func(l *checklist) { l.failed[id] = true })
	l.failed[id] = true
	l.note(id, Finding{Entry: entry, Err: err})
}

// refuse adds an entry that counts for nothing.
func (l *checklist) refuse(id string, entry uint64, err error) {
	l.note(id, Finding{Entry: &entry, Refused: true, Err: err})
}

// missing says why checks cannot be made. It changes nothing about those that
// were made or have failed.
func (l *checklist) missing(err error, ids ...string) {
	for _, id := range ids {
		if !l.done[id] && !l.failed[id] {
			l.note(id, Finding{Err: err})
		}
	}
}

func (l *checklist) note(id string, f Finding) {
	l.record(func(l *checklist) { l.note(id, f) })
	c := l.report.Check(id)
	c.Findings = append(c.Findings, f)
}

// finish sets the statuses.
func (l *checklist) finish() {
	for i := range l.report.Checks {
		c := &l.report.Checks[i]
		switch {
		case l.failed[c.ID]:
			c.Status = Failed
		case l.done[c.ID]:
			c.Status = Passed
		default:
			c.Status = NotRun
			if len(c.Findings) == 0 {
				c.Summary = "an earlier check left nothing to check"
			}
		}
	}
}
