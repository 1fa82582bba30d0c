package tally

import (
	"bytes"
	"context"
	"encoding/json"
	"iter"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/mod/sumdb/note"

	"github.com/hanpyo/hanpyo/ballot"
	"github.com/hanpyo/hanpyo/elgamal"
	"github.com/hanpyo/hanpyo/internal/electiontest"
	"github.com/hanpyo/hanpyo/internal/entry"
	"github.com/hanpyo/hanpyo/internal/reason"
	"github.com/hanpyo/hanpyo/ledger"
)

func TestHonestElection(t *testing.T) {
	for _, g := range groups {
		t.Run(g.Name(), func(t *testing.T) {
			f := honest(t, g)
			for _, c := range f.result.Contests {
				var totals []int64
				for _, total := range c.Totals {
					totals = append(totals, total.Total)
				}
				require.Equal(t, f.plain[c.ID], totals, "contest %s", c.ID)
			}
			require.EqualValues(t, 5, f.result.Ballots)
			require.EqualValues(t, 9, f.result.Weight)
			require.EqualValues(t, 2, f.result.Refused)
			report := f.audit(t, f.entries)
			requireReport(t, report, nil, nil)
			require.Equal(t, f.result, report.Result)
			for id, entries := range map[string][]int{
				"ballot.form": {28, 29}, "ballot.proof": {27}, "ballot.spoiled": {26}, "ballot.newest": nil,
			} {
				var refused []int
				for _, f := range report.Check(id).Findings {
					require.True(t, f.Refused)
					refused = append(refused, int(*f.Entry))
				}
				require.Equal(t, entries, refused, id)
			}
		})
	}
}

// attack is one change of an honest election's ledger, which its operator
// signs, and the checks that must fail or have nothing to work on.
type attack struct {
	name   string
	change func(t *testing.T, f *fixture) [][]byte
	failed []string
	notRun []string
	// reason is that of the first finding of the first of these checks or, if
	// there is none, of the one share that is listed and fails nothing.
	reason error
}

func (a attack) run(t *testing.T, f *fixture) {
	t.Run(a.name, func(t *testing.T) {
		report := f.audit(t, a.change(t, f))
		requireReport(t, report, a.failed, a.notRun)
		if a.reason != nil && report.Verified() {
			findings := report.Check("decrypt.shares").Findings
			require.Len(t, findings, 1)
			require.True(t, findings[0].Refused)
			require.ErrorIs(t, findings[0].Err, a.reason)
		} else if a.reason != nil {
			id := append(slices.Clone(a.failed), a.notRun...)[0]
			var faults []error
			for _, finding := range report.Check(id).Findings {
				if !finding.Refused {
					faults = append(faults, finding.Err)
				}
			}
			require.NotEmpty(t, faults, report.Text())
			require.ErrorIs(t, faults[0], a.reason)
		}
	})
}

// published returns the fixture's ledger with another result, signed by the
// authorities.
func published(change func(*Result)) func(*testing.T, *fixture) [][]byte {
	return func(t *testing.T, f *fixture) [][]byte {
		r, err := parseResult(f.Election.Election, f.result.Bytes())
		require.NoError(t, err)
		change(r)
		return replace(f.entries, f.at(t, entry.Result, 0), f.sign(entry.Result, r.Bytes(), f.Signers()...))
	}
}

// pinnedAs returns the fixture's ledger with another pin.
func pinnedAs(change func(*pinned)) func(*testing.T, *fixture) [][]byte {
	return func(t *testing.T, f *fixture) [][]byte {
		p := f.closing.pinned
		change(&p)
		return replace(f.entries, f.at(t, entry.Pin, 0), f.sign(entry.Pin, p.body(), f.Signers()...))
	}
}

func TestP67P75AttacksOnTheLedger(t *testing.T) {
	eachGroup(t, func(t *testing.T, g *elgamal.Group) {
		afterPin := from("tally.target")
		attacks := []attack{
			{"a ballot dropped", func(t *testing.T, f *fixture) [][]byte {
				return without(f.entries, f.at(t, entry.Ballot, 2))
			}, []string{"phase.pin"}, afterPin, ErrState},
			{"a ballot added", func(t *testing.T, f *fixture) [][]byte {
				b, _, err := f.Encrypt(voter(f, 3), fixtureVotes[0].votes)
				require.NoError(t, err)
				return insert(f.entries, f.at(t, entry.Close, 0), b.Bytes())
			}, []string{"phase.pin"}, afterPin, ErrState},
			{"a ballot doubled", func(t *testing.T, f *fixture) [][]byte {
				at := f.at(t, entry.Ballot, 2)
				return insert(f.entries, at, f.entries[at])
			}, []string{"phase.pin"}, afterPin, ErrState},
			{"a ballot replaced by another of the same voter", func(t *testing.T, f *fixture) [][]byte {
				b, _, err := f.Encrypt(voter(f, 2), fixtureVotes[0].votes)
				require.NoError(t, err)
				return replace(f.entries, f.at(t, entry.Ballot, 3), b.Bytes())
			}, []string{"phase.pin"}, afterPin, ErrChain},
			{"a refused ballot dropped and junk in its place", func(t *testing.T, f *fixture) [][]byte {
				return replace(f.entries, f.at(t, entry.Ballot, 6), []byte("junk"))
			}, []string{"phase.pin"}, afterPin, ErrChain},
			{"the pin over another root", pinnedAs(func(p *pinned) { p.root[0] ^= 1 }), []string{"phase.pin"}, afterPin, ErrChain},
			{"the pin over another close", pinnedAs(func(p *pinned) { p.close, p.size = p.close-1, p.size-1 }), []string{"phase.pin"}, afterPin, ErrState},
			{"the pin of another size", pinnedAs(func(p *pinned) { p.size++ }), []string{"phase.pin"}, afterPin, ErrRange},
			{"a pin with a byte too many", func(t *testing.T, f *fixture) [][]byte {
				return replace(f.entries, f.at(t, entry.Pin, 0), f.sign(entry.Pin, append(f.closing.pinned.body(), 0), f.Signers()...))
			}, []string{"phase.pin"}, afterPin, ErrEncoding},
			{"a pin that too few have signed", func(t *testing.T, f *fixture) [][]byte {
				return replace(f.entries, f.at(t, entry.Pin, 0), f.sign(entry.Pin, f.closing.pinned.body(), f.Authorities[0]))
			}, nil, append([]string{"phase.pin"}, afterPin...), ErrIncomplete},
			{"no pin", func(t *testing.T, f *fixture) [][]byte {
				return without(f.entries, f.at(t, entry.Pin, 0))
			}, nil, append([]string{"phase.pin"}, afterPin...), ErrIncomplete},
			{"two pins", func(t *testing.T, f *fixture) [][]byte {
				p := f.closing.pinned
				p.root[0] ^= 1
				return insert(f.entries, f.at(t, entry.Pin, 0)+1, f.sign(entry.Pin, p.body(), f.Signers()...))
			}, []string{"phase.pin"}, nil, ErrFork},
			{"the same pin twice", func(t *testing.T, f *fixture) [][]byte {
				return insert(f.entries, f.at(t, entry.Pin, 0)+1, f.sign(entry.Pin, f.closing.pinned.body(), f.Signers()...))
			}, nil, nil, nil},
			{"an earlier wrong pin before the right one", func(t *testing.T, f *fixture) [][]byte {
				p := f.closing.pinned
				p.root[0] ^= 1
				return insert(f.entries, f.at(t, entry.Pin, 0), f.sign(entry.Pin, p.body(), f.Signers()...))
			}, []string{"phase.pin"}, nil, ErrFork},
			{"closed an hour early", func(t *testing.T, f *fixture) [][]byte {
				env := parse(t, f.entries[f.at(t, entry.Close, 0)])
				again := entry.Envelope{Kind: env.Kind, Election: env.Election, Time: env.Time - 3600}
				for _, key := range f.Signers() {
					again.Sign(key)
				}
				return replace(f.entries, f.at(t, entry.Close, 0), again.Bytes())
			}, []string{"phase.hours", "phase.pin"}, afterPin, ErrState},
			{"a close that nobody signed", func(t *testing.T, f *fixture) [][]byte {
				return replace(f.entries, f.at(t, entry.Close, 0), f.sign(entry.Close, nil))
			}, nil, from("phase.close"), ErrIncomplete},
			{"no ceremony", func(t *testing.T, f *fixture) [][]byte {
				return slices.DeleteFunc(slices.Clone(f.entries), func(data []byte) bool {
					env, err := entry.Parse(data)
					return err == nil && env.Kind >= entry.Round && env.Kind <= entry.Certify
				})
			}, nil, from("keys.ceremony"), ErrIncomplete},
			{"too few certificates", func(t *testing.T, f *fixture) [][]byte {
				return without(f.entries, f.at(t, entry.Certify, 0), f.at(t, entry.Certify, 1))
			}, []string{"keys.ceremony"}, from("keys.certified"), ErrQuorum},
			{"a dealer's deal left out", func(t *testing.T, f *fixture) [][]byte {
				return without(f.entries, f.at(t, entry.Deal, 0))
			}, []string{"keys.ceremony", "keys.certified"}, from("roll.form"), ErrQuorum},
			{"no roll", func(t *testing.T, f *fixture) [][]byte {
				return without(f.entries, f.at(t, entry.Roll, 0))
			}, []string{"roll.form"}, from("roll.signed", "phase.open"), nil},
			{"a roll that the registrars have not signed", func(t *testing.T, f *fixture) [][]byte {
				env := parse(t, f.entries[f.at(t, entry.Roll, 0)])
				env.Signatures = nil
				return replace(f.entries, f.at(t, entry.Roll, 0), env.Bytes())
			}, []string{"roll.form"}, from("roll.signed", "phase.open"), reason.ErrShape},
			{"no manifest", func(t *testing.T, f *fixture) [][]byte {
				return without(f.entries, f.at(t, entry.Manifest, 0))
			}, nil, from("ledger.checkpoint"), nil},
			{"a manifest that too few have signed", func(t *testing.T, f *fixture) [][]byte {
				env := parse(t, f.entries[0])
				env.Signatures = env.Signatures[:1]
				return replace(f.entries, 0, env.Bytes())
			}, []string{"manifest.fingerprint"}, from("keys.certified"), ErrQuorum},
			{"no open", func(t *testing.T, f *fixture) [][]byte {
				return without(f.entries, f.at(t, entry.Open, 0))
			}, nil, from("ledger.checkpoint"), nil},
		}
		for _, a := range attacks {
			a.run(t, honest(t, g))
		}
	})
}

// voter returns a copy of a voter, whose numbers go on from the fixture's.
func voter(f *fixture, i int) *ballot.Voter {
	v := *f.Voters[i]
	return &v
}

func TestP63P64AttacksOnShares(t *testing.T) {
	const mayor, clubs, board = 0, 2, 3
	// instead of trustee 3's share of a contest, so that two good ones remain
	instead := func(contest int, body func(t *testing.T, f *fixture) []byte) func(*testing.T, *fixture) [][]byte {
		return func(t *testing.T, f *fixture) [][]byte {
			return replace(f.entries, f.shareAt(t, 3, contest), f.signShare(3, body(t, f)))
		}
	}
	after := func(body func(t *testing.T, f *fixture) []byte) func(*testing.T, *fixture) [][]byte {
		return func(t *testing.T, f *fixture) [][]byte {
			return insert(f.entries, len(f.entries), f.signShare(1, body(t, f)))
		}
	}
	shares, target := []string{"decrypt.shares"}, []string{"tally.target"}
	attacks := []attack{
		{"another proof", instead(mayor, func(t *testing.T, f *fixture) []byte {
			s := f.share(t, 3, mayor)
			s.proof = f.share(t, 3, board).proof
			return s.body(f.Group)
		}), shares, nil, ErrProof},
		{"another point", instead(mayor, func(t *testing.T, f *fixture) []byte {
			s := f.share(t, 3, mayor)
			s.points[1] = s.points[0]
			return s.body(f.Group)
		}), shares, nil, ErrProof},
		{"points of two rows swapped", instead(mayor, func(t *testing.T, f *fixture) []byte {
			s := f.share(t, 3, mayor)
			s.points[0], s.points[1] = s.points[1], s.points[0]
			return s.body(f.Group)
		}), shares, nil, ErrProof},
		{"the identity for a point", instead(mayor, func(t *testing.T, f *fixture) []byte {
			s := f.share(t, 3, mayor)
			s.points[2] = f.Group.Point()
			return s.body(f.Group)
		}), shares, nil, ErrProof},
		{"the share of another contest", instead(clubs, func(t *testing.T, f *fixture) []byte {
			s := f.share(t, 3, board)
			s.contest, s.target = clubs, f.share(t, 3, clubs).target
			return s.body(f.Group)
		}), shares, nil, ErrProof},
		{"the share of another trustee", instead(mayor, func(t *testing.T, f *fixture) []byte {
			return f.share(t, 2, mayor).body(f.Group)
		}), shares, nil, ErrProof},
		{"a share for another target", instead(mayor, func(t *testing.T, f *fixture) []byte {
			s := f.share(t, 3, mayor)
			p := f.closing.pinned
			p.root[0] ^= 1
			s.target = p.target(f.Fingerprint, mayor)
			return s.body(f.Group)
		}), target, nil, ErrBinding},
		{"the target of another contest", instead(clubs, func(t *testing.T, f *fixture) []byte {
			s := f.share(t, 3, clubs)
			s.target = f.share(t, 3, board).target
			return s.body(f.Group)
		}), target, nil, ErrBinding},
		{"a contest that there is not", instead(mayor, func(t *testing.T, f *fixture) []byte {
			s := f.share(t, 3, mayor)
			s.contest = 4
			return s.body(f.Group)
		}), shares, nil, ErrRange},
		{"a byte too many", instead(mayor, func(t *testing.T, f *fixture) []byte {
			return append(f.share(t, 3, mayor).body(f.Group), 0)
		}), shares, nil, ErrEncoding},
		{"a byte too few", instead(mayor, func(t *testing.T, f *fixture) []byte {
			b := f.share(t, 3, mayor).body(f.Group)
			return b[:len(b)-1]
		}), shares, nil, ErrEncoding},
		{"an empty share", instead(mayor, func(*testing.T, *fixture) []byte { return nil }), shares, nil, ErrEncoding},

		// What anybody could have sent fails nothing.
		{"a share of another election", func(t *testing.T, f *fixture) [][]byte {
			at := f.shareAt(t, 3, mayor)
			env := entry.Envelope{Kind: entry.Share, Election: entry.Hash{7}, Body: f.share(t, 3, mayor).body(f.Group)}
			f.Trustees[2].Sign(&env)
			return replace(f.entries, at, env.Bytes())
		}, nil, nil, ErrBinding},
		{"a share that nobody signed", func(t *testing.T, f *fixture) [][]byte {
			return replace(f.entries, f.shareAt(t, 3, mayor), f.sign(entry.Share, f.share(t, 3, mayor).body(f.Group)))
		}, nil, nil, ErrSignature},
		{"a share that an authority signed", func(t *testing.T, f *fixture) [][]byte {
			return replace(f.entries, f.shareAt(t, 3, mayor), f.sign(entry.Share, f.share(t, 3, mayor).body(f.Group), f.Authorities[0]))
		}, nil, nil, ErrSignature},
		{"a share whose signature is wrong", func(t *testing.T, f *fixture) [][]byte {
			data := slices.Clone(f.entries[f.shareAt(t, 3, mayor)])
			data[len(data)-1] ^= 1
			return replace(f.entries, f.shareAt(t, 3, mayor), data)
		}, nil, nil, ErrSignature},
		{"one trustee twice", func(t *testing.T, f *fixture) [][]byte {
			return insert(f.entries, f.shareAt(t, 2, mayor), f.signShare(1, f.share(t, 1, mayor).body(f.Group)))
		}, nil, nil, ErrDuplicate},
		{"a share after the result", func(t *testing.T, f *fixture) [][]byte {
			at := f.shareAt(t, 3, mayor)
			return append(without(f.entries, at), f.entries[at])
		}, nil, nil, ErrState},
		{"a share before the pin", func(t *testing.T, f *fixture) [][]byte {
			at := f.shareAt(t, 3, mayor)
			return insert(without(f.entries, at), f.at(t, entry.Pin, 0), f.entries[at])
		}, nil, nil, ErrState},
		// Nor can a trustee spoil the audit of a result that is out.
		{"another proof after the result", after(func(t *testing.T, f *fixture) []byte {
			s := f.share(t, 1, mayor)
			s.proof = flip(s.proof, len(s.proof)-1)
			return s.body(f.Group)
		}), nil, nil, ErrState},
		{"a share after the result that is none", after(func(*testing.T, *fixture) []byte { return nil }), nil, nil, ErrState},
		{"another proof, second", func(t *testing.T, f *fixture) [][]byte {
			s := f.share(t, 1, mayor)
			s.proof = flip(s.proof, len(s.proof)-1)
			return insert(f.entries, f.shareAt(t, 2, mayor), f.signShare(1, s.body(f.Group)))
		}, nil, nil, ErrDuplicate},
		{"another target after the result", after(func(t *testing.T, f *fixture) []byte {
			s := f.share(t, 1, mayor)
			s.target[0] ^= 1
			return s.body(f.Group)
		}), target, nil, ErrBinding},

		// One trustee twice is not two.
		{"one trustee twice and nobody else", func(t *testing.T, f *fixture) [][]byte {
			return replace(without(f.entries, f.shareAt(t, 3, mayor)), f.shareAt(t, 2, mayor),
				f.signShare(1, f.share(t, 1, mayor).body(f.Group)))
		}, []string{"result.published"}, []string{"tally.sum", "decrypt.quorum", "result.decoded", "result.bounds", "result.minimum", "result.count"}, ErrState},
	}
	for _, g := range groups {
		t.Run(g.Name(), func(t *testing.T) {
			if testing.Short() && g != groups[0] {
				t.Skip("P-256 in the long run")
			}
			for _, a := range attacks {
				a.run(t, honest(t, g))
			}
		})
	}
}

func TestP42P44AttacksOnTheResult(t *testing.T) {
	attacks := []attack{
		{"one vote more", published(func(r *Result) { r.Contests[0].Totals[0].Total++ }), []string{"tally.sum"}, nil, ErrProof},
		{"a vote moved", published(func(r *Result) {
			r.Contests[0].Totals[0].Total++
			r.Contests[0].Totals[1].Total--
		}), []string{"tally.sum"}, nil, ErrProof},
		{"the superseded ballot counted instead of the last", published(func(r *Result) {
			// voter 0 had voted like voter 2
			r.Contests[0].Totals[0].Total--
			r.Contests[0].Totals[1].Total++
		}), []string{"tally.sum"}, nil, ErrProof},
		{"a refused ballot counted", published(func(r *Result) {
			r.Ballots, r.Weight, r.Refused = r.Ballots+1, r.Weight+3, r.Refused-1
			r.Contests[0].Ballots, r.Contests[0].Weight = r.Contests[0].Ballots+1, r.Contests[0].Weight+3
			r.Contests[0].Totals[0].Total += 3
		}), []string{"result.count", "tally.sum"}, nil, ErrProof},
		{"less than nothing", published(func(r *Result) { r.Contests[0].Totals[0].Total = -1 }), []string{"result.bounds", "tally.sum"}, nil, ErrRange},
		{"more than there are", published(func(r *Result) { r.Contests[0].Totals[0].Total = 10 }), []string{"result.bounds", "tally.sum"}, nil, ErrRange},
		{"fewer than every ballot gives", published(func(r *Result) { r.Contests[3].Totals[0].Total = 4 }), []string{"result.bounds", "tally.sum"}, nil, ErrRange},
		{"another turnout", published(func(r *Result) { r.Ballots++ }), []string{"result.count"}, nil, ErrProof},
		{"another number of voters", published(func(r *Result) { r.Voters++ }), []string{"result.count"}, nil, ErrProof},
		{"another weight of voters", published(func(r *Result) { r.VotersWeight++ }), []string{"result.count"}, nil, ErrProof},
		{"another number of refused ballots", published(func(r *Result) { r.Refused = 0 }), []string{"result.count"}, nil, ErrProof},
		{"another smallest group", published(func(r *Result) { r.Contests[2].Smallest++ }), []string{"result.count"}, nil, ErrProof},
		{"a contest withheld that is not", published(func(r *Result) { r.Contests[1].Withheld = true }), []string{"result.minimum"}, nil, ErrState},
		{"another pin", published(func(r *Result) { r.Pin[0] ^= 1 }), []string{"result.published"},
			[]string{"tally.sum", "result.bounds", "result.minimum", "result.count"}, ErrBinding},
		{"a result before its shares", func(t *testing.T, f *fixture) [][]byte {
			at := f.at(t, entry.Result, 0)
			return insert(without(f.entries, at), f.shareAt(t, 2, 1), f.entries[at])
		}, []string{"result.published"}, []string{"tally.sum", "result.bounds", "result.minimum", "result.count"}, ErrState},
		{"a result that too few have signed", func(t *testing.T, f *fixture) [][]byte {
			return replace(f.entries, f.at(t, entry.Result, 0), f.sign(entry.Result, f.result.Bytes(), f.Authorities[0]))
		}, nil, []string{"result.published", "tally.sum", "result.bounds", "result.minimum", "result.count"}, ErrIncomplete},
		{"no result", func(t *testing.T, f *fixture) [][]byte {
			return without(f.entries, f.at(t, entry.Result, 0))
		}, nil, []string{"result.published", "tally.sum", "result.bounds", "result.minimum", "result.count"}, ErrIncomplete},
		{"a result with a byte too many", func(t *testing.T, f *fixture) [][]byte {
			return replace(f.entries, f.at(t, entry.Result, 0), f.sign(entry.Result, append(f.result.Bytes(), 0), f.Signers()...))
		}, []string{"result.published"}, []string{"tally.sum", "result.bounds", "result.minimum", "result.count"}, ErrEncoding},
		{"two results", func(t *testing.T, f *fixture) [][]byte {
			wrong := published(func(r *Result) { r.Contests[0].Totals[0].Total++ })(t, f)
			return append(slices.Clone(f.entries), wrong[f.at(t, entry.Result, 0)])
		}, []string{"result.published"}, nil, ErrFork},
		{"the same result twice", func(t *testing.T, f *fixture) [][]byte {
			return append(slices.Clone(f.entries), f.sign(entry.Result, f.result.Bytes(), f.Signers()...))
		}, nil, nil, nil},
	}
	for _, a := range attacks {
		a.run(t, honest(t, groups[0]))
	}
}

// A ledger that ends early, or a reader that does not deliver all of it.
func TestP67TruncatedLedger(t *testing.T) {
	f := honest(t, groups[0])
	for _, c := range []struct {
		name   string
		at     int
		notRun []string
	}{
		{"before the ceremony", 1, from("ledger.checkpoint")},
		{"before the roll", f.at(t, entry.Roll, 0), from("ledger.checkpoint")},
		{"before the open", f.at(t, entry.Open, 0), from("ledger.checkpoint")},
		{"after the open", f.at(t, entry.Open, 0) + 1, from("phase.close")},
		{"in the middle of the ballots", f.at(t, entry.Ballot, 3), from("phase.close")},
		{"before the close", f.at(t, entry.Close, 0), from("phase.close")},
		{"before the pin", f.at(t, entry.Pin, 0), append(from("tally.target"), "phase.pin")},
		{"before the shares", f.at(t, entry.Pin, 0) + 1, from("tally.target")},
		{"after the shares of one trustee", f.shareAt(t, 2, 0), from("tally.sum", "decrypt.shares")},
		{"before the result", f.at(t, entry.Result, 0), from("tally.sum", "decrypt.shares", "decrypt.quorum", "result.decoded")},
	} {
		t.Run(c.name, func(t *testing.T) {
			// The operator signs the shorter ledger.
			requireReport(t, f.audit(t, f.entries[:c.at]), nil, c.notRun)
			// The checkpoint is that of the whole ledger, the entries are missing.
			r := f.read(t, f.entries)
			r.entries = r.entries[:c.at]
			report, err := Audit(t.Context(), r, f.Fingerprint, nil)
			require.NoError(t, err)
			notRun := from("ledger.checkpoint")
			if c.at > f.at(t, entry.Open, 0) {
				notRun = append(from("keys.ceremony"), "ledger.checkpoint")
			}
			requireReport(t, report, nil, notRun)
		})
	}
}

// The operator changes an entry and does not sign again.
func TestP67ChangedEntries(t *testing.T) {
	eachGroup(t, func(t *testing.T, g *elgamal.Group) {
		f := honest(t, g)
		for i := range f.entries {
			r := f.read(t, f.entries)
			r.entries = replace(f.entries, i, flip(f.entries[i], 2))
			report, err := Audit(t.Context(), r, f.Fingerprint, nil)
			require.NoError(t, err)
			require.False(t, report.Verified())
			if i == 0 || i == f.at(t, entry.Open, 0) {
				// Without them there is no key to check the ledger with.
				requireReport(t, report, nil, from("ledger.checkpoint"))
				continue
			}
			c := report.Check("ledger.checkpoint")
			require.Equal(t, Failed, c.Status, "entry %d\n%s", i, report.Text())
			require.Len(t, c.Findings, 1)
			require.EqualValues(t, i, *c.Findings[0].Entry)
			require.ErrorIs(t, c.Findings[0].Err, ErrChain)
		}
	})
}

func TestP71Checkpoints(t *testing.T) {
	eachGroup(t, func(t *testing.T, g *elgamal.Group) {
		f := honest(t, g)
		other := func(name string) note.Signer {
			skey, _, err := note.GenerateKey(nil, name)
			require.NoError(t, err)
			s, err := note.NewSigner(skey)
			require.NoError(t, err)
			return s
		}
		rest := from("keys.certified")
		t.Run("by another key", func(t *testing.T) {
			report, err := Audit(t.Context(), newOperator(t, other("example.org/election"), f.entries), f.Fingerprint, nil)
			require.NoError(t, err)
			requireReport(t, report, []string{"ledger.checkpoint"}, rest)
			require.ErrorIs(t, report.Check("ledger.checkpoint").Findings[0].Err, ErrSignature)
		})
		t.Run("of another ledger", func(t *testing.T) {
			report, err := Audit(t.Context(), newOperator(t, other("example.org/other"), f.entries), f.Fingerprint, nil)
			require.NoError(t, err)
			requireReport(t, report, []string{"ledger.checkpoint", "ledger.origin"}, rest)
		})
		t.Run("that is none", func(t *testing.T) {
			r := f.read(t, f.entries)
			r.cp.Raw = []byte("junk")
			report, err := Audit(t.Context(), r, f.Fingerprint, nil)
			require.NoError(t, err)
			requireReport(t, report, []string{"ledger.checkpoint"}, rest)
		})
		t.Run("of which the reader says something else", func(t *testing.T) {
			r := f.read(t, f.entries)
			r.cp.Size, r.cp.Origin, r.cp.Root = 20, "example.org/other", ledger.LeafHash(nil)
			report, err := Audit(t.Context(), r, f.Fingerprint, nil)
			require.NoError(t, err)
			requireReport(t, report, nil, nil)
			require.EqualValues(t, len(f.entries), report.Size)
		})
		t.Run("of an empty ledger", func(t *testing.T) {
			report, err := Audit(t.Context(), f.read(t, nil), f.Fingerprint, nil)
			require.NoError(t, err)
			requireReport(t, report, nil, from("ledger.checkpoint"))
		})
	})
}

func TestP67P68Continuity(t *testing.T) {
	eachGroup(t, func(t *testing.T, g *elgamal.Group) {
		f := honest(t, g)
		brought := func(entries [][]byte) []byte { return f.read(t, entries).cp.Raw }
		audit := func(entries [][]byte, checkpoints ...[]byte) *Report {
			report, err := Audit(t.Context(), f.read(t, entries), f.Fingerprint, &AuditOptions{Checkpoints: checkpoints})
			require.NoError(t, err)
			return report
		}
		half := f.entries[:20]
		requireReport(t, audit(f.entries, brought(half), brought(f.entries)), nil, nil)
		requireReport(t, audit(f.entries, []byte("junk")), nil, []string{continuity})
		short := f.read(t, f.entries)
		short.entries = half
		report, err := Audit(t.Context(), short, f.Fingerprint, &AuditOptions{Checkpoints: [][]byte{brought(f.entries[:30])}})
		require.NoError(t, err)
		requireReport(t, report, nil, append(from("keys.ceremony"), "ledger.checkpoint", continuity))

		// Shares do not change the result, but an operator who drops one is seen.
		fewer := without(f.entries, f.shareAt(t, 3, 0))
		requireReport(t, audit(fewer), nil, nil)
		for desc, c := range map[string]struct {
			entries [][]byte
			reason  error
		}{
			"larger":    {f.entries, ErrChain},
			"a prefix":  {f.entries[:len(f.entries)-2], ErrChain},
			"same size": {swap(fewer, len(fewer)-2, len(fewer)-3), ErrFork},
		} {
			report := audit(fewer, brought(c.entries))
			requireReport(t, report, []string{continuity}, nil)
			require.ErrorIs(t, report.Check(continuity).Findings[0].Err, c.reason, desc)
		}
		var fork *ledger.ForkError
		require.ErrorAs(t, audit(fewer, brought(swap(fewer, len(fewer)-2, len(fewer)-3))).Check(continuity).Findings[0].Err, &fork)
		require.NoError(t, fork.Check(f.Manifest.Policy()), "the evidence convinces whoever has the key")
	})
}

func TestForeignFingerprint(t *testing.T) {
	f := honest(t, groups[0])
	r := f.read(t, f.entries)
	_, err := Audit(t.Context(), r, ballot.Fingerprint{}, nil)
	require.ErrorIs(t, err, ErrUnanchored)
	for desc, fp := range map[string]ballot.Fingerprint{
		"of nothing":     {1},
		"of a ballot":    ballot.Fingerprint(entry.ID(f.entries[f.at(t, entry.Ballot, 0)])),
		"of the result":  ballot.Fingerprint(entry.ID(f.entries[f.at(t, entry.Result, 0)])),
		"the manifest's": ballot.Fingerprint(f.Manifest.ID()),
	} {
		report, err := Audit(t.Context(), r, fp, nil)
		require.NoError(t, err)
		requireReport(t, report, nil, from("ledger.checkpoint"))
		require.ErrorIs(t, report.Check("manifest.fingerprint").Findings[0].Err, ErrIncomplete, desc)
	}
}

// Somebody else's manifest under the id of this one, signed by somebody else's
// authorities, is refused.
func TestForeignManifest(t *testing.T) {
	f := honest(t, groups[0])
	other := electiontest.Prepare(t, nil)
	env := entry.Envelope{Kind: entry.Manifest, Election: entry.Hash(f.Manifest.ID()), Body: other.Manifest.Bytes()}
	for _, key := range other.Signers() {
		env.Sign(key)
	}
	commit := electionless(t, f.entries[f.at(t, entry.Commit, 0)], [32]byte{1})
	report := f.audit(t, insert(f.entries, 0, env.Bytes(), f.sign(entry.Manifest, []byte("junk")), []byte("junk"), commit))
	require.Equal(t, f.Manifest.Title, report.Title)
	c := report.Check("manifest.form")
	require.Equal(t, Passed, c.Status)
	require.ErrorIs(t, c.Findings[0].Err, ErrBinding)
	requireReport(t, report, []string{"phase.pin"}, from("tally.target")) // the pin is over other entries
	require.Len(t, report.Check("keys.ceremony").Findings, 1)
	require.EqualValues(t, 3, *report.Check("keys.ceremony").Findings[0].Entry)
}

// Every entry that counts for nothing is listed under the check that it would
// have been for, once.
func TestRefusedEntriesAreListed(t *testing.T) {
	f := honest(t, groups[0])
	roll := parse(t, f.entries[f.at(t, entry.Roll, 0)])
	unsigned := entry.Envelope{Kind: entry.Roll, Election: roll.Election, Body: roll.Body}
	junk := entry.Envelope{Kind: entry.Roll, Election: roll.Election, Body: []byte("junk")}
	for _, key := range f.Registrars {
		junk.Sign(key)
	}
	ballotAt, spoilAt := f.at(t, entry.Ballot, 1), f.at(t, entry.Spoil, 0)
	manifest := parse(t, f.entries[0])
	manifest.Signatures = manifest.Signatures[:1]
	before := []struct {
		data  []byte
		check string
		want  error
	}{
		{unsigned.Bytes(), "roll.signed", ErrQuorum},
		{junk.Bytes(), "roll.form", ErrEncoding},
		{manifest.Bytes(), "manifest.form", ErrQuorum},
		{f.sign(entry.Manifest, nil, f.Signers()...), "manifest.form", ErrBinding},
		{electionless(t, f.entries[f.at(t, entry.Deal, 0)], [32]byte{1}), "keys.ceremony", ErrBinding},
		{f.entries[ballotAt], "phase.open", ErrState},
		{f.entries[spoilAt], "phase.open", ErrState},
	}
	after := []struct {
		data  []byte
		check string
		want  error
	}{
		{f.entries[ballotAt], "phase.close", ErrState},
		{f.entries[spoilAt], "phase.close", ErrState},
		{f.entries[f.at(t, entry.Close, 0)], "phase.close", ErrState},
		{f.entries[f.at(t, entry.Commit, 0)], "keys.ceremony", ErrState},
		{f.entries[f.at(t, entry.Roll, 0)], "roll.form", ErrState},
		{f.sign(entry.Pin, f.closing.pinned.body()), "phase.pin", ErrQuorum},
		{electionless(t, f.entries[f.shareAt(t, 1, 0)], [32]byte{1}), "decrypt.shares", ErrBinding},
		{electionless(t, f.entries[f.at(t, entry.Result, 0)], [32]byte{1}), "result.published", ErrBinding},
		{f.sign(entry.Result, f.result.Bytes()), "result.published", ErrQuorum},
		{[]byte("junk"), "ballot.form", reason.ErrVersion},
	}
	open, pin := f.at(t, entry.Open, 0), f.at(t, entry.Pin, 0)
	entries := f.entries
	for i, c := range after {
		entries = insert(entries, pin+1+i, c.data)
	}
	report := f.audit(t, entries)
	requireReport(t, report, nil, nil)
	for i, c := range after {
		requireListed(t, report, c.check, uint64(pin+1+i), c.want)
	}
	for i, c := range before {
		entries = insert(entries, open+i, c.data)
	}
	report = f.audit(t, entries)
	requireReport(t, report, []string{"phase.pin"}, from("tally.target"))
	for i, c := range before {
		requireListed(t, report, c.check, uint64(open+i), c.want)
	}

	// A ballot again.
	again := f.audit(t, insert(f.entries, f.at(t, entry.Close, 0), f.entries[ballotAt]))
	requireListed(t, again, "ballot.newest", uint64(f.at(t, entry.Close, 0)), reason.ErrReplay)
}

// requireListed requires that an entry is listed under one check, once.
func requireListed(t *testing.T, report *Report, check string, index uint64, want error) {
	t.Helper()
	var under []string
	for _, c := range report.Checks {
		for _, finding := range c.Findings {
			if finding.Entry != nil && *finding.Entry == index {
				under = append(under, c.ID)
				require.True(t, finding.Refused)
				require.ErrorIs(t, finding.Err, want, "%s, entry %d", c.ID, index)
			}
		}
	}
	require.Equal(t, []string{check}, under, "entry %d\n%s", index, report.Text())
}

func TestOpenedLate(t *testing.T) {
	f := honest(t, groups[0])
	opens := f.Manifest.Opens.Unix()
	for time, findings := range map[int64]int{opens + 60: 0, opens + 61: 1, opens + 3600: 1, math.MaxInt64: 1, 0: 0, math.MinInt64: 0} {
		e := *f.Election.Election
		e.Opening.Time = time
		report := &Report{}
		a := &audit{checklist: newChecklist(report), report: report, r: f.read(t, f.entries), evidence: evidence{m: f.Manifest, e: &e}}
		a.hours(t.Context(), uint64(f.at(t, entry.Close, 0)))
		a.finish()
		require.Equal(t, Passed, report.Check("phase.hours").Status)
		require.Len(t, report.Check("phase.hours").Findings, findings, "at %d", time)
	}
}

// What the authorities open must be what the ceremony made, and only once.
func TestOpening(t *testing.T) {
	f := honest(t, groups[0])
	at := f.at(t, entry.Open, 0)
	again := func(change func(*entry.Envelope)) []byte {
		env := parse(t, f.entries[at])
		env.Signatures, env.Time = nil, env.Time+1
		change(env)
		for _, key := range f.Signers() {
			env.Sign(key)
		}
		return env.Bytes()
	}
	audit := func(entries [][]byte, fp ballot.Fingerprint) *Report {
		report, err := Audit(t.Context(), f.read(t, entries), fp, nil)
		require.NoError(t, err)
		return report
	}
	t.Run("another outcome", func(t *testing.T) {
		open := again(func(env *entry.Envelope) { env.Body[32] ^= 1 })
		report := audit(replace(f.entries, at, open), ballot.Fingerprint(entry.ID(open)))
		requireReport(t, report, []string{"keys.certified"}, from("roll.form"))
		require.ErrorIs(t, report.Check("keys.certified").Findings[0].Err, ErrBinding)
	})
	t.Run("more voters than the manifest allows", func(t *testing.T) {
		open := again(func(env *entry.Envelope) {
			env.Body[64+4+len(f.Outcome.Keys)*f.Group.PointLen()+32] = 1
		})
		report := audit(replace(f.entries, at, open), ballot.Fingerprint(entry.ID(open)))
		requireReport(t, report, []string{"phase.open"}, append(from("roll.form", "phase.open"), "keys.certified"))
	})
	t.Run("that nobody signed", func(t *testing.T) {
		env := parse(t, f.entries[at])
		env.Signatures = nil
		report := audit(replace(f.entries, at, env.Bytes()), ballot.Fingerprint(entry.ID(env.Bytes())))
		requireReport(t, report, []string{"manifest.fingerprint"}, from("keys.certified"))
	})
	t.Run("after another one", func(t *testing.T) {
		report := audit(insert(f.entries, at, again(func(*entry.Envelope) {})), f.Fingerprint)
		requireReport(t, report, []string{"phase.open"}, append(from("roll.form", "phase.open"), "keys.certified"))
		require.ErrorIs(t, report.Check("phase.open").Findings[0].Err, ErrFork)
	})
	t.Run("before another one", func(t *testing.T) {
		report := audit(append(slices.Clone(f.entries), again(func(*entry.Envelope) {})), f.Fingerprint)
		requireReport(t, report, nil, nil)
		require.True(t, report.Check("phase.open").Findings[0].Refused)
	})
}

// turncoat is a reader that shows other entries the n-th time it is asked for
// some.
type turncoat struct {
	*operator
	asked, turns int
	with         [][]byte
}

func (r *turncoat) Entries(ctx context.Context, lo, hi uint64) iter.Seq2[ledger.Entry, error] {
	if r.asked++; r.asked == r.turns {
		return (&operator{entries: r.with}).Entries(ctx, lo, hi)
	}
	return r.operator.Entries(ctx, lo, hi)
}

// A reader that shows the audit one ledger in one pass and another one in the
// next does not get through with it.
func TestReaderThatChangesItsMind(t *testing.T) {
	f := honest(t, groups[0])
	honestReport := f.audit(t, f.entries)
	vote, _, err := f.Encrypt(voter(f, 2), fixtureVotes[0].votes)
	require.NoError(t, err)
	for desc, with := range map[string][][]byte{
		"another vote": replace(f.entries, f.at(t, entry.Ballot, 3), vote.Bytes()),
		"no roll":      replace(f.entries, f.at(t, entry.Roll, 0), []byte("junk")),
		"fewer":        f.entries[:f.at(t, entry.Close, 0)],
		"other shares": replace(f.entries, f.shareAt(t, 1, 0), []byte("junk")),
	} {
		differed := 0
		for turns := 1; ; turns++ {
			r := &turncoat{operator: f.read(t, f.entries), turns: turns, with: with}
			report, err := Audit(t.Context(), r, f.Fingerprint, &AuditOptions{Workers: 1})
			require.NoError(t, err)
			if r.asked < turns {
				break
			}
			if desc == "fewer" {
				for _, c := range report.Checks {
					require.NotEqual(t, Failed, c.Status, "time %d\n%s", turns, report.Text())
				}
			}
			// What was asked for that time may not have been in those entries.
			if report.Verified() {
				require.Equal(t, honestReport, report, "%s, time %d", desc, turns)
			} else {
				differed++
			}
		}
		require.Greater(t, differed, 2, desc)
	}
}

func TestAuditOptionsChangeNothing(t *testing.T) {
	f := honest(t, groups[0])
	r := f.read(t, f.entries)
	want, err := Audit(t.Context(), r, f.Fingerprint, nil)
	require.NoError(t, err)
	wantJSON, err := json.Marshal(want)
	require.NoError(t, err)
	steps := make(map[string]uint64)
	for _, workers := range []int{1, 2, 7} {
		report, err := Audit(t.Context(), r, f.Fingerprint, &AuditOptions{
			Workers:  workers,
			Progress: func(step string, done, size uint64) { steps[step] = max(steps[step], done) },
		})
		require.NoError(t, err)
		require.Equal(t, want.Text(), report.Text())
		got, err := json.Marshal(report)
		require.NoError(t, err)
		require.Equal(t, wantJSON, got)
	}
	require.Equal(t, map[string]uint64{"read": 45, "verify": 45, "add": 1}, steps)
}

func TestAuditStops(t *testing.T) {
	f := honest(t, groups[0])
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := Audit(ctx, f.read(t, f.entries), f.Fingerprint, nil)
	require.ErrorIs(t, err, context.Canceled)
	for _, at := range []string{"verify", "add"} {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		_, err := Audit(ctx, f.read(t, f.entries), f.Fingerprint, &AuditOptions{Progress: func(step string, _, _ uint64) {
			if step == at {
				cancel()
			}
		}})
		require.ErrorIs(t, err, context.Canceled, at)
		cancel()
	}
}

func TestReportJSON(t *testing.T) {
	f := honest(t, groups[0])
	report := f.audit(t, published(func(r *Result) { r.Ballots++ })(t, f))
	data, err := json.Marshal(report)
	require.NoError(t, err)
	var got struct {
		Version, Fingerprint, Title, Origin, Root, Witnesses string
		Verified                                             bool
		Size                                                 int
		Checks                                               []struct {
			ID, Title, Status, Summary string
			Findings                   []struct {
				Entry        *int
				Refused      bool
				Text, Reason string
			}
		}
		Result struct {
			Ballots  int
			Contests []struct {
				ID     string
				Totals []struct {
					ID    string
					Total int
				}
			}
		}
	}
	d := json.NewDecoder(bytes.NewReader(data))
	require.NoError(t, d.Decode(&got))
	require.Equal(t, "v1", got.Version)
	require.False(t, got.Verified)
	require.Equal(t, f.Fingerprint.String(), got.Fingerprint)
	require.Equal(t, 45, got.Size)
	require.Contains(t, got.Witnesses, "no witnesses")
	require.Len(t, got.Checks, len(from(checks[0].id)))
	require.Equal(t, 5, got.Result.Ballots)
	require.Equal(t, 3, got.Result.Contests[0].Totals[3].Total)
	for _, c := range got.Checks {
		if c.ID == "result.count" {
			require.Equal(t, "failed", c.Status)
			require.Equal(t, 44, *c.Findings[0].Entry)
			require.Equal(t, "tally: ballots: published 6, the ledger gives 5: proof does not hold", c.Findings[0].Text)
			require.Equal(t, "proof does not hold", c.Findings[0].Reason)
		} else {
			require.Equal(t, "passed", c.Status, c.ID)
		}
	}
	require.True(t, strings.HasSuffix(report.Text(), "\nNOT VERIFIED: 1 check failed, 0 could not run.\n"))
}
