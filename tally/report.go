package tally

import (
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/hanpyo/hanpyo/ballot"
	"github.com/hanpyo/hanpyo/ledger"
)

// Status is how a check ended.
type Status uint8

// The statuses. NotRun means that evidence should be there and is not, or that
// an earlier failure left nothing to check; it is never a pass.
const (
	NotRun Status = iota
	Passed
	Failed
)

func (s Status) String() string {
	return [...]string{NotRun: "not run", Passed: "passed", Failed: "failed"}[s]
}

// MarshalText is the status in JSON.
func (s Status) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// Report is what an audit found: every check that the election's manifest asks
// for, in one order, each with a stable id that docs/checks.md explains.
type Report struct {
	Fingerprint ballot.Fingerprint
	Title       string // of the election; empty if its manifest was not found
	Origin      string // of the ledger
	Size        uint64 // of the ledger: its newest checkpoint
	Root        tlog.Hash
	// Witnesses is how many witnesses the manifest names, Quorum how many of
	// them must have cosigned, and Cosigned are those who have, at what time.
	Witnesses, Quorum int
	Cosigned          []ledger.Cosignature
	// Extended is how many checkpoints the auditor brought, if the ledger
	// extends them all.
	Extended int
	Checks   []Check
	Result   *Result // as the audit computed it from the ledger; nil if it could not
}

// Check is one check of an audit.
type Check struct {
	ID       string    `json:"id"`
	Title    string    `json:"title"`  // what it holds, in a few words
	Status   Status    `json:"status"` // of all findings together
	Summary  string    `json:"summary,omitempty"`
	Findings []Finding `json:"findings,omitempty"`
}

// Finding is something to know about one entry of the ledger, or about none in
// particular.
type Finding struct {
	Entry *uint64 // index on the ledger; nil if it is about no one entry
	// Refused says that the entry counts for nothing and makes no check fail:
	// anybody can put such an entry on a ledger.
	Refused bool
	Err     error // what is wrong; wraps the reason
}

// Verified reports whether every check has passed. One that could not run is
// no pass.
func (r *Report) Verified() bool {
	for i := range r.Checks {
		if r.Checks[i].Status != Passed {
			return false
		}
	}
	return len(r.Checks) > 0
}

// Check returns the check with an id, or nil.
func (r *Report) Check(id string) *Check {
	for i := range r.Checks {
		if r.Checks[i].ID == id {
			return &r.Checks[i]
		}
	}
	return nil
}

// reportVersion is the version of the protocol and of the JSON view.
const reportVersion = "v1"

// What the head of a report says about other ledgers that may have been shown.
const (
	noWitnesses = "The manifest names no witnesses: one operator could have shown different ledgers to different people."
	fewCosigned = "Too few of the witnesses have cosigned this: one operator could have shown different ledgers to different people."
	cosigned    = "Cosigned by %s: nobody was shown another ledger of this size or larger, unless %s."
	extended    = "It extends %s that the auditor brought."
)

// witnessed says how far the report excludes that other people were shown
// another ledger: by the witnesses, and by what the auditor brought.
func (r *Report) witnessed() string {
	text := noWitnesses
	switch {
	case r.Witnesses > 0 && (len(r.Cosigned) < r.Quorum || r.Quorum == 0):
		text = fewCosigned
	case r.Witnesses > 0:
		var who []string
		for _, c := range r.Cosigned {
			who = append(who, fmt.Sprintf("%s at %s", c.Witness, time.Unix(c.Time, 0).UTC().Format(time.RFC3339)))
		}
		// Two quorums share at least so many witnesses.
		dishonest := "two separate quorums were asked"
		if common := 2*r.Quorum - r.Witnesses; common > 0 {
			dishonest = plural(uint64(common), "witness is", "witnesses are") + " dishonest"
		}
		text = fmt.Sprintf(cosigned, strings.Join(who, ", "), dishonest)
	}
	if r.Extended > 0 {
		text += " " + fmt.Sprintf(extended, plural(uint64(r.Extended), "checkpoint", "checkpoints"))
	}
	return text
}

// witnessCount is the short form of it.
func (r *Report) witnessCount() string {
	if r.Witnesses == 0 {
		return "no witnesses"
	}
	return fmt.Sprintf("%d of %d witnesses", len(r.Cosigned), r.Witnesses)
}

// MarshalJSON returns the JSON view.
func (r Report) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		Version     string  `json:"version"`
		Verified    bool    `json:"verified"`
		Fingerprint string  `json:"fingerprint"`
		Title       string  `json:"title"`
		Origin      string  `json:"origin"`
		Size        uint64  `json:"size"`
		Root        string  `json:"root"`
		Witnesses   string  `json:"witnesses"`
		Checks      []Check `json:"checks"`
		Result      *Result `json:"result"`
	}{reportVersion, r.Verified(), r.Fingerprint.String(), r.Title, r.Origin, r.Size,
		hex.EncodeToString(r.Root[:]), r.witnessed(), r.Checks, r.Result})
}

// MarshalJSON gives the error as text.
func (f Finding) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		Entry   *uint64 `json:"entry,omitempty"`
		Refused bool    `json:"refused,omitempty"`
		Text    string  `json:"text"`
		Reason  string  `json:"reason"`
	}{f.Entry, f.Refused, f.Err.Error(), root(f.Err).Error()})
}

// Text returns the report for people to read. It lists at most shown findings
// of a check; JSON has them all.
func (r *Report) Text() string {
	var b strings.Builder
	name := r.Origin
	if name == "" {
		name = "unknown ledger"
	}
	fmt.Fprintf(&b, "%s   ledger size %s   %s   %s\n", name, number(r.Size), r.witnessCount(), reportVersion)
	if r.Title != "" {
		fmt.Fprintf(&b, "%s\n", r.Title)
	}
	fmt.Fprintf(&b, "fingerprint %s\n%s\n\n", r.Fingerprint, r.witnessed())
	var failed, notRun uint64
	for i := range r.Checks {
		c := &r.Checks[i]
		mark := "ok"
		switch c.Status {
		case Failed:
			mark = "FAILED"
			failed++
		case NotRun:
			mark = "not run"
			notRun++
		}
		line := fmt.Sprintf("  %-7s  %-20s  %-44s  %s", mark, c.ID, c.Title, c.Summary)
		fmt.Fprintln(&b, strings.TrimRight(line, " "))
		writeFindings(&b, c.Findings)
	}
	switch {
	case r.Verified():
		fmt.Fprintf(&b, "\nVERIFIED: %s passed.\n", plural(uint64(len(r.Checks)), "check", "checks"))
	default:
		fmt.Fprintf(&b, "\nNOT VERIFIED: %s failed, %d could not run.\n", plural(failed, "check", "checks"), notRun)
	}
	return b.String()
}

// shown is how many findings of a kind Text lists for a check.
const shown = 20

func writeFindings(b *strings.Builder, findings []Finding) {
	var refused, other uint64
	for _, f := range findings {
		n := &other
		what := "entry"
		if f.Refused {
			n, what = &refused, "refused entry"
		}
		if *n++; *n > shown {
			continue
		}
		if f.Entry == nil {
			fmt.Fprintf(b, "             %v\n", f.Err)
			continue
		}
		fmt.Fprintf(b, "             %s %d   %v\n", what, *f.Entry, f.Err)
	}
	if other > shown {
		fmt.Fprintf(b, "             and %s more\n", number(other-shown))
	}
	if refused > shown {
		fmt.Fprintf(b, "             and %s more refused\n", number(refused-shown))
	}
}
