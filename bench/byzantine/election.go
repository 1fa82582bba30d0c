package main

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"go.dedis.ch/kyber/v3"
	"golang.org/x/mod/sumdb/note"

	"github.com/hanpyo/hanpyo/ballot"
	"github.com/hanpyo/hanpyo/elgamal"
	"github.com/hanpyo/hanpyo/internal/entry"
	"github.com/hanpyo/hanpyo/internal/wire"
	"github.com/hanpyo/hanpyo/ledger"
	"github.com/hanpyo/hanpyo/mixnet"
	"github.com/hanpyo/hanpyo/tally"
)

// The contests: one that is added up, one that is mixed.
const (
	mayor = iota
	motto
)

var votes = []ballot.Votes{
	{"mayor": {"ada": 1}, "motto": {"peace": 1}},
	{"mayor": {"ada": 1}, "motto": {"bread": 1}},
	{"mayor": {"bo": 1}, "motto": {"peace": 1}},
}

const origin = "example.org/byzantine"

// hall is where an election is held whose keys a ceremony of the scenario makes.
type hall struct {
	*play
	log     ledger.Ledger
	e       *ballot.Election
	mixers  []ed25519.PrivateKey
	ballots []elgamal.Ciphertext // the rows of the ballots that count, in ledger order
	pinBody []byte
	key     *elgamal.PublicKey // of contest motto
	list    *mixnet.List       // what is to be mixed next
	mixed   []int              // who has mixed, by position
	good    [2][]int           // whose shares count, for each contest
	posts   map[uint64]post    // what cheaters have posted, by index
	late    []post             // what they will, after the result
}

// post is what a cheater posts, and what an audit must say about it.
type post struct {
	data    []byte
	reason  error   // why it does not count; nil if it does
	check   string  // the check that fails for it; "" if it is only listed
	reasons []error // further reasons that will do
	foreign bool    // of another election: nobody has to list it
	later   bool    // posted after the result, if there is one
}

// move is what a mixer or trustee does at its turn, and what would be right.
type move struct {
	position int
	contest  int
	body     []byte
	sign     func(kind entry.Kind, body []byte) []byte
}

// elect plays the ceremony on a ledger, and then an election with its keys.
func (p *play) elect(ctx context.Context) error {
	h := &hall{play: p, posts: make(map[uint64]post)}
	m, err := h.manifest()
	if err != nil {
		return err
	}
	if err := ballot.Publish(ctx, h.log, m, p.authorities); err != nil {
		return err
	}
	if err := p.ceremony(m.Ceremony()); err != nil || p.outcome == nil {
		return err
	}
	for _, e := range p.posted {
		if _, err := h.log.Append(ctx, e.Data); err != nil {
			return err
		}
	}
	if err := h.vote(ctx, m); err != nil {
		return err
	}
	early, err := h.early(ctx)
	if err != nil {
		return err
	}
	if err := h.append(ctx, early...); err != nil {
		return err
	}
	if err := tally.Pin(ctx, h.e, h.log, p.authorities); err != nil {
		return err
	}
	if err := h.mixAll(ctx); err != nil {
		return err
	}
	if err := h.decryptAll(ctx); err != nil {
		return err
	}
	return h.finish(ctx)
}

func (h *hall) manifest() (*ballot.Manifest, error) {
	skey, vkey, err := note.GenerateKey(rand.Reader, origin)
	if err != nil {
		return nil, err
	}
	signer, err := note.NewSigner(skey)
	if err != nil {
		return nil, err
	}
	h.log = ledger.NewMemory(signer)
	var authorities []ed25519.PublicKey
	for _, key := range h.authorities {
		authorities = append(authorities, key.Public().(ed25519.PublicKey))
	}
	var mixers []ballot.Mixer
	for i := range h.n {
		_, key, err := ed25519.GenerateKey(rand.Reader)
		if err != nil {
			return nil, err
		}
		h.mixers = append(h.mixers, key)
		mixers = append(mixers, ballot.Mixer{Name: fmt.Sprintf("M%d", i+1), Signing: key.Public().(ed25519.PublicKey)})
	}
	now := time.Now().Truncate(time.Second)
	return ballot.NewManifest(ballot.Manifest{
		Group: h.group, Title: "Byzantine", Ledger: ballot.Ledger{Origin: origin, Key: vkey},
		Authorities: ballot.Signers{Keys: authorities, Quorum: 2}, Registrars: ballot.Signers{Keys: authorities[:1], Quorum: 1},
		Trustees: h.trusteeKeys(), Threshold: h.t, MinorityThreshold: 2*h.t <= h.n, EveryTrusteeNeeded: h.t == h.n && h.n > 1,
		Mixers: mixers, Mixes: h.t, SingleMixer: h.t == 1,
		Contests: []ballot.Contest{
			{ID: "mayor", Name: "Mayor", Kind: "choose", Min: 1, Max: 1, Options: []ballot.Option{{ID: "ada", Name: "Ada"}, {ID: "bo", Name: "Bo"}}},
			{ID: "motto", Name: "Motto", Kind: "write-in", Max: 20, Plaintexts: ballot.PlaintextsPublic},
		},
		Styles: []ballot.Style{{ID: "all", Name: "All", Contests: []int{mayor, motto}}},
		Limits: ballot.Limits{MinGroup: 1, MaxVoters: uint64(len(votes))},
		Opens:  now.Add(-time.Second), Closes: now, Rounding: time.Minute,
	})
}

// vote opens the election, lets everybody vote, and closes it.
func (h *hall) vote(ctx context.Context, m *ballot.Manifest) error {
	var voters []*ballot.Voter
	var lines []ballot.RollLine
	for range votes {
		v := &ballot.Voter{Key: ballot.NewVoterKey(h.group)}
		voters, lines = append(voters, v), append(lines, ballot.RollLine{Key: v.Key.Public(), Weight: 1})
	}
	roll, err := ballot.NewRoll(m, lines)
	if err != nil {
		return err
	}
	if err := ballot.PublishRoll(ctx, h.log, m, roll, h.authorities[:1]); err != nil {
		return err
	}
	fp, err := ballot.Open(ctx, h.log, m, h.authorities)
	if err != nil {
		return err
	}
	if h.e, err = ballot.Load(ctx, h.log, fp); err != nil {
		return err
	}
	h.expect(h.e.Outcome.Hash() == h.outcome.Hash(), "the election has another outcome than the trustees")
	box, err := ballot.OpenBox(ctx, h.e, h.log)
	if err != nil {
		return err
	}
	for i, v := range voters {
		if v.Line, err = roll.Find(v.Key.Public()); err != nil {
			return err
		}
		b, _, err := h.e.Encrypt(v, votes[i])
		if err != nil {
			return err
		}
		if _, err := box.Cast(ctx, b); err != nil {
			return err
		}
		h.ballots = append(h.ballots, b.Row())
	}
	if err := ballot.Close(ctx, h.log, fp, h.authorities); err != nil {
		return err
	}
	return h.firstList(ctx)
}

// firstList takes what is to be mixed from the ballots, and the right pin from
// the ledger.
func (h *hall) firstList(ctx context.Context) error {
	first, width := h.e.Manifest.Contests[motto].Columns()
	var rows []elgamal.Ciphertext
	for _, row := range h.ballots {
		rows = append(rows, elgamal.Ciphertext{A: row.A, B: row.B[first : first+width]})
	}
	var err error
	if h.list, err = mixnet.NewList(ctx, h.group, width, rows, nil); err != nil {
		return err
	}
	if h.key, err = elgamal.NewPublicKey(h.group, h.outcome.Keys[first:first+width]); err != nil {
		return err
	}
	cp, err := h.log.Checkpoint(ctx)
	if err != nil {
		return err
	}
	var w wire.Writer
	w.Uint64(cp.Size - 1)
	w.Uint64(cp.Size)
	w.Raw(cp.Root[:])
	h.pinBody = w.Bytes()
	return nil
}

// target is what a share of a contest is for.
func (h *hall) target(contest int) [32]byte {
	var w wire.Writer
	w.String("hanpyo/v1 target")
	w.Raw(h.e.Fingerprint[:])
	w.Raw(h.pinBody)
	w.Uint32(uint32(contest))
	if contest == motto {
		digest := h.list.Digest()
		w.Raw(digest[:])
	}
	return sha256.Sum256(w.Bytes())
}

// append posts what cheaters say, all that is due now.
func (h *hall) append(ctx context.Context, posts ...post) error {
	for _, x := range posts {
		index, err := h.log.Append(ctx, x.data)
		if err != nil {
			return err
		}
		if _, there := h.posts[index]; !there {
			h.posts[index] = x
		}
	}
	return nil
}

// signedBy returns a function that signs entries of the election.
func (h *hall) signedBy(key ed25519.PrivateKey) func(entry.Kind, []byte) []byte {
	return func(kind entry.Kind, body []byte) []byte {
		e := entry.Envelope{Kind: kind, Election: entry.Hash(h.e.Fingerprint), Time: time.Now().Unix(), Body: body}
		e.Sign(key)
		return e.Bytes()
	}
}

// early is what is posted before the pin.
func (h *hall) early(ctx context.Context) (posts []post, err error) {
	for j := 1; j <= h.n; j++ {
		if d := h.deed(j, mix); d != nil && d.early {
			m, err := h.mixMove(ctx, j)
			if err != nil {
				return nil, err
			}
			posts = append(posts, d.mix(h, m)...)
		}
		if d := h.deed(j, decrypt); d != nil && d.early {
			for contest := range h.e.Manifest.Contests {
				m, err := h.shareMove(j, contest)
				if err != nil {
					return nil, err
				}
				posts = append(posts, d.share(h, m)...)
			}
		}
	}
	return posts, nil
}

// mixAll lets every mixer mix, in their order.
func (h *hall) mixAll(ctx context.Context) error {
	for j := 1; j <= h.n; j++ {
		d := h.deed(j, mix)
		complete := len(h.mixed) == h.t
		switch {
		case d != nil && d.early:
		case d == nil && complete:
			if err := tally.Mix(ctx, h.e, h.log, h.mixers[j-1], nil); err != nil {
				return fmt.Errorf("mixer %d, who has nothing to do: %w", j, err)
			}
		case d == nil:
			if err := h.mixHonestly(ctx, j); err != nil {
				return fmt.Errorf("honest mixer %d: %w", j, err)
			}
		default:
			m, err := h.mixMove(ctx, j)
			if err != nil {
				return err
			}
			for _, x := range d.mix(h, m) {
				if x.later {
					h.late = append(h.late, x)
					continue
				}
				if complete && x.reason != errNobody {
					x.reason, x.check, x.reasons = tally.ErrState, "", nil
				}
				if err := h.append(ctx, x); err != nil {
					return err
				}
				if x.reason == nil {
					if err := h.goOn(ctx, j, parsed(x.data).Body); err != nil {
						return err
					}
					complete = len(h.mixed) == h.t
				}
			}
		}
	}
	return nil
}

// mixHonestly lets the library mix.
func (h *hall) mixHonestly(ctx context.Context, mixer int) error {
	before, err := h.log.Checkpoint(ctx)
	if err != nil {
		return err
	}
	if err := tally.Mix(ctx, h.e, h.log, h.mixers[mixer-1], nil); err != nil {
		return err
	}
	for en, err := range h.log.Entries(ctx, before.Size, before.Size+1) {
		if err != nil {
			return err
		}
		return h.goOn(ctx, mixer, parsed(en.Data).Body)
	}
	return errors.New("nothing was posted")
}

// goOn takes in a mix that counts.
func (h *hall) goOn(ctx context.Context, mixer int, body []byte) (err error) {
	head, size := 4+4+32, h.list.Len()*h.group.CiphertextLen(h.list.Width())
	h.list, err = mixnet.DecodeList(ctx, h.group, h.list.Width(), h.list.Len(), body[head:head+size], nil)
	h.mixed = append(h.mixed, mixer)
	return err
}

// decryptAll lets every trustee decrypt, in their order.
func (h *hall) decryptAll(ctx context.Context) error {
	complete := len(h.mixed) == h.t
	for j := 1; j <= h.n; j++ {
		d := h.deed(j, decrypt)
		if t := h.trustees[j-1].honest; t != nil {
			err := tally.Decrypt(ctx, h.e, h.log, t)
			if complete && err != nil || !complete && !errors.Is(err, tally.ErrState) {
				return fmt.Errorf("honest trustee %d: %w", j, err)
			}
			h.good[mayor] = append(h.good[mayor], j)
			if complete {
				h.good[motto] = append(h.good[motto], j)
			}
			continue
		}
		if d != nil && d.early {
			continue
		}
		for contest := range h.e.Manifest.Contests {
			if contest == motto && !complete {
				break
			}
			m, err := h.shareMove(j, contest)
			if err != nil {
				return err
			}
			posts := []post{{data: m.sign(entry.Share, m.body)}}
			if d != nil {
				posts = d.share(h, m)
			}
			for _, x := range posts {
				if x.later {
					h.late = append(h.late, x)
					continue
				}
				if err := h.append(ctx, x); err != nil {
					return err
				}
				if x.reason == nil {
					h.good[contest] = append(h.good[contest], j)
				}
			}
		}
	}
	return nil
}

// finish combines and publishes, if there is enough, and holds the audit
// against what everybody did.
func (h *hall) finish(ctx context.Context) error {
	complete := len(h.mixed) == h.t && len(h.good[mayor]) >= h.t && len(h.good[motto]) >= h.t
	if h.n-h.cheaters(mix) >= h.t && h.n-h.villains() >= h.t {
		h.expect(complete, "the honest are not enough")
	}
	result, err := tally.Combine(ctx, h.e, h.log)
	if !complete {
		h.expect(errors.Is(err, tally.ErrQuorum), "combined from too little: %v", err)
		h.judgeMissing(err)
	} else {
		if err != nil {
			return err
		}
		h.result = true
		h.judgeResult(result)
		if err := tally.Publish(ctx, h.e, h.log, result, h.authorities); err != nil {
			return err
		}
		if err := h.append(ctx, h.late...); err != nil {
			return err
		}
	}
	report, err := tally.Audit(ctx, h.log, h.e.Fingerprint, nil)
	if err != nil {
		return err
	}
	return h.judgeReport(ctx, report, complete)
}

// villains returns how many trustees cheat in any phase.
func (h *hall) villains() (n int) {
	for j := range h.n {
		if h.villain(j + 1) {
			n++
		}
	}
	return n
}

// judgeMissing requires that an error names whose mixes or shares are missing.
func (h *hall) judgeMissing(err error) {
	if err == nil {
		return
	}
	text := err.Error()
	if len(h.mixed) < h.t {
		for j := 1; j <= h.n; j++ {
			name := fmt.Sprintf("mixer %d %q", j, fmt.Sprintf("M%d", j))
			h.expect(strings.Contains(text, name) != slices.Contains(h.mixed, j), "%v have mixed: %v", h.mixed, err)
		}
	}
	for contest, good := range h.good {
		if len(good) >= h.t || contest == motto && len(h.mixed) < h.t {
			continue
		}
		_, after, _ := strings.Cut(text, "contest "+h.e.Manifest.Contests[contest].ID)
		part, _, _ := strings.Cut(after, "; ")
		h.expect(named(errors.New(part), h.n, good), "contest %d has shares of %v: %v", contest, good, err)
	}
}

// judgeResult requires the result that the votes give.
func (h *hall) judgeResult(r *tally.Result) {
	totals := make(map[string]int64)
	for _, t := range r.Contests[mayor].Totals {
		totals[t.ID] = t.Total
	}
	h.expect(totals["ada"] == 2 && totals["bo"] == 1, "mayor: %v", totals)
	h.expect(slices.Equal(r.Contests[motto].Texts, []tally.TextTotal{{Text: "peace", Total: 2}, {Text: "bread", Total: 1}}), "motto: %v", r.Contests[motto].Texts)
}

// judgeReport requires that the audit finds everything that cheaters did, and
// blames nobody else.
func (h *hall) judgeReport(ctx context.Context, r *tally.Report, complete bool) error {
	m, blamed := h.model(phases), false
	for j := 1; j <= h.n; j++ {
		for at := confirm; at <= certify; at++ {
			since, isOut := m.out[j]
			d := h.deed(j, at)
			blamed = blamed || d != nil && d.forks && (at == confirm || !isOut || since == certify)
		}
	}
	for index, x := range h.posts {
		if x.reason == nil || x.foreign {
			continue
		}
		found := false
		for _, c := range r.Checks {
			for _, f := range c.Findings {
				if f.Entry == nil || *f.Entry != index {
					continue
				}
				right := slices.ContainsFunc(append(x.reasons, x.reason), func(reason error) bool { return errors.Is(f.Err, reason) })
				found = found || right && f.Refused == (x.check == "") && (x.check == "" || x.check == c.ID)
				h.expect(right, "entry %d, which is %v: %v", index, x.reason, f.Err)
			}
		}
		h.expect(found, "entry %d is not in the report as %v (%s)", index, x.reason, x.check)
		blamed = blamed || x.check != ""
	}
	for j := range m.out {
		h.expect(slices.ContainsFunc(r.Check("keys.ceremony").Findings, func(f tally.Finding) bool {
			return !f.Refused && strings.Contains(f.Err.Error(), fmt.Sprintf("trustee %d %q", j, fmt.Sprintf("T%d", j)))
		}), "the report does not name trustee %d, who is out of the ceremony", j)
	}
	h.expect(r.Verified() == (complete && !blamed), "verified: %v, although complete: %v, cheaters blamed: %v\n%s", r.Verified(), complete, blamed, r.Text())
	return h.judgeBlame(ctx, r)
}

// judgeBlame requires that every entry that an audit blames is a cheater's.
func (h *hall) judgeBlame(ctx context.Context, r *tally.Report) error {
	for _, c := range r.Checks {
		for _, f := range c.Findings {
			if f.Entry == nil || f.Refused {
				continue
			}
			for en, err := range h.log.Entries(ctx, *f.Entry, *f.Entry+1) {
				if err != nil {
					return err
				}
				x, cheated := h.posts[*f.Entry]
				h.expect(cheated && x.check == c.ID || h.bad[entry.ID(en.Data)], "%s blames entry %d: %v", c.ID, *f.Entry, f.Err)
			}
		}
	}
	return nil
}

// sum returns the encrypted sum of contest mayor.
func (h *hall) sum() elgamal.Ciphertext {
	first, width := h.e.Manifest.Contests[mayor].Columns()
	sum := elgamal.Ciphertext{A: h.group.Point(), B: slices.Repeat([]kyber.Point{h.group.Point()}, width)}
	for _, row := range h.ballots {
		sum = sum.Add(elgamal.Ciphertext{A: row.A, B: row.B[first : first+width]})
	}
	return sum
}
