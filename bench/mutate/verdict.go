package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"runtime/metrics"
	"slices"
	"strings"
	"time"

	"github.com/hanpyo/hanpyo/ballot"
	"github.com/hanpyo/hanpyo/internal/entry"
	"github.com/hanpyo/hanpyo/tally"
)

// judgement is what an audit says and takes.
type judgement struct {
	report   *tally.Report
	err      error
	panicked any
	time     time.Duration // of the processor
	memory   uint64        // bytes allocated
	result   string        // the result's numbers, without what follows from the ledger's size
	findings map[string]int
	refused  map[uint64]bool // which entries are listed as refused
}

func allocated() uint64 {
	s := []metrics.Sample{{Name: "/gc/heap/allocs:bytes"}}
	metrics.Read(s)
	return s[0].Value.Uint64()
}

// judge audits a ledger.
func (b *base) judge(l *operatedLedger, fp ballot.Fingerprint, checkpoints ...[]byte) (j judgement) {
	defer func() { j.panicked = recover() }()
	begin, before := cpuTime(), allocated()
	j.report, j.err = tally.Audit(context.Background(), l, fp, &tally.AuditOptions{Workers: 1, Checkpoints: checkpoints})
	j.time, j.memory = cpuTime()-begin, allocated()-before
	if j.err != nil {
		return j
	}
	j.findings, j.refused = make(map[string]int), make(map[uint64]bool)
	for _, c := range j.report.Checks {
		for _, f := range c.Findings {
			j.findings[finding(c.ID, f)]++
			if f.Entry != nil && f.Refused {
				j.refused[*f.Entry] = true
			}
		}
	}
	if j.report.Result != nil {
		j.result = figures(j.report.Result)
	}
	return j
}

// figures is a result as JSON, without the hash of the pin and the number of
// refused entries.
func figures(r *tally.Result) string {
	plain := *r
	plain.Pin, plain.Refused, plain.RefusedShares = [32]byte{}, 0, nil
	return string(mustValue(json.Marshal(plain)))
}

// reasonOf returns the end of an error.
func reasonOf(err error) string {
	for {
		next := errors.Unwrap(err)
		if next == nil {
			return err.Error()
		}
		err = next
	}
}

func finding(check string, f tally.Finding) string {
	return fmt.Sprintf("%s: %s", check, reasonOf(f.Err))
}

// outcome is how a mutant ended.
type outcome struct {
	caught   bool
	excluded string // why it is no mutant
	reason   string // the check and reason that caught it
	expected bool   // it is a reason that the change may end in
	wrong    string // what is wrong
}

// verdict judges a mutant.
func (m *mutant) verdict() outcome {
	o := m.compare()
	o.expected = o.caught && m.expected(o.reason)
	return o
}

func (m *mutant) compare() outcome {
	j := m.judge(m.ledger, m.fp)
	for range 4 { // for the machine may have been busy
		if !m.slow(j) {
			break
		}
		j = m.judge(m.ledger, m.fp)
	}
	if m.slow(j) {
		return outcome{wrong: fmt.Sprintf("took %v and %d bytes, the base takes %v and %d", j.time, j.memory, m.honest.time, m.honest.memory)}
	}
	switch {
	case j.panicked != nil:
		return outcome{wrong: fmt.Sprintf("panic: %v", j.panicked)}
	case j.err != nil && m.stands:
		return outcome{wrong: fmt.Sprintf("anybody can end the audit: %v", j.err)}
	case j.err != nil:
		return outcome{caught: true, reason: "error: " + reasonOf(j.err)}
	case !j.report.Verified() && m.stands:
		return outcome{wrong: "anybody can spoil the election: " + m.newFinding(j, true)}
	case m.setup:
		return m.setupVerdict(j)
	case !j.report.Verified():
		return outcome{caught: true, reason: m.newFinding(j, true)}
	}
	// It is verified: then nothing but a refused entry may be different.
	if j.result != m.honest.result {
		return outcome{wrong: "verified with another result: " + j.result}
	}
	for what, n := range m.honest.findings {
		if j.findings[what] < n && !m.moved {
			return outcome{wrong: "verified, and no longer found: " + what}
		}
	}
	if why := m.newFinding(j, false); why != "" {
		return outcome{caught: true, reason: why}
	}
	if why := m.exclusion(); why != "" {
		// Even then who has seen the honest ledger knows that this is another one,
		// unless it is that one and something behind it.
		extends := len(m.ledger.entries) >= len(m.entries) && slices.EqualFunc(m.ledger.entries[:len(m.entries)], m.entries, bytes.Equal)
		if again := m.judge(m.ledger, m.fp, m.read(m.entries).cp.Raw); again.err != nil || again.report.Verified() != extends {
			return outcome{wrong: "excluded, but an auditor with the honest checkpoint accepts it: " + why}
		}
		return outcome{excluded: why}
	}
	return outcome{wrong: "accepted"}
}

func (m *mutant) slow(j judgement) bool {
	return j.time > 10*m.honest.time+50*time.Millisecond || j.memory > 4*m.honest.memory+8<<20
}

// newFinding returns the first finding that the base does not have: of the
// changed entry if there is one, else of a check that has not passed. If the
// election is verified it must be one of the changed entry.
func (m *mutant) newFinding(j judgement, failed bool) string {
	of, other, notRun := "", "", ""
	for _, c := range j.report.Checks {
		for _, f := range c.Findings {
			what := finding(c.ID, f)
			switch {
			case j.findings[what] <= m.honest.findings[what] || of != "":
			case m.at >= 0 && f.Entry != nil && *f.Entry == uint64(m.at) && failed == (c.Status != tally.Passed):
				of = what
			case failed && c.Status != tally.Passed && !f.Refused && other == "":
				other = what
			}
		}
		if failed && c.Status != tally.Passed && notRun == "" {
			notRun = c.ID + ": not run"
		}
	}
	switch {
	case !failed:
		return of
	case m.layer < operated: // it is the ledger that does not fit
		return cmp.Or(other, of, notRun)
	}
	return cmp.Or(of, other, notRun)
}

// setupVerdict judges an election that was opened in another way: what came
// after the open is of the old one, so that one of the checks before must tell.
func (m *mutant) setupVerdict(j judgement) outcome {
	for _, c := range j.report.Checks {
		if c.ID == "phase.close" {
			break
		}
		if c.Status != tally.Passed {
			return outcome{caught: true, reason: m.newFinding(j, true)}
		}
	}
	if why := m.exclusion(); why != "" {
		return outcome{excluded: why}
	}
	return outcome{wrong: "opened"}
}

// exclusions are changes that are no attack: what stands on the ledger
// afterwards is another honest election, or this one with something that counts
// for nothing in another place. Everybody who has a checkpoint of the base sees
// that it is another ledger; the verdict holds that too.
var exclusions = []struct {
	why   string
	holds func(m *mutant) bool
}{
	{"the time of an entry decides nothing but whether a close came before its hour, and who signs it chooses it", func(m *mutant) bool {
		return m.layer == acted && strings.HasSuffix(m.field, "/time") && m.kind == timeField && !m.closedEarly()
	}},
	{"what stands behind the pin in another order, or twice, or not at all where enough is left, takes nothing from the result", func(m *mutant) bool {
		return m.moved && m.index > m.closed
	}},
	{"whoever registers and whoever opens agree on another roll, of which nothing is wrong: a fingerprint says so", func(m *mutant) bool {
		return m.setup && m.anotherRoll
	}},
	{"who is on the roll may spoil any tracker", func(m *mutant) bool {
		return m.layer == acted && m.stands && entryKind(m.ledger.entries[m.at]) == entry.Spoil
	}},
	{"the same official entry once more changes nothing", func(m *mutant) bool {
		return m.moved && m.at >= 0 && m.at < len(m.ledger.entries) && m.stands && bytes.Equal(m.ledger.entries[m.at], m.entries[m.index])
	}},
}

// closedEarly reports whether the change is to a close before the announced hour.
func (m *mutant) closedEarly() bool {
	if m.index != m.closed {
		return false
	}
	env, err := entry.Parse(m.ledger.entries[m.index])
	return err == nil && env.Time < m.Manifest.Closes.Unix()
}

func (m *mutant) exclusion() string {
	for _, x := range exclusions {
		if x.holds(m) {
			return x.why
		}
	}
	return ""
}
