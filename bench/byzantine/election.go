package main

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"time"

	"github.com/hanpyo/hanpyo/ballot"
	"github.com/hanpyo/hanpyo/elgamal"
	"github.com/hanpyo/hanpyo/internal/entry"
	"github.com/hanpyo/hanpyo/ledger"
	"github.com/hanpyo/hanpyo/mixnet"
	"github.com/hanpyo/hanpyo/tally"
)

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
