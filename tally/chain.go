package tally

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/hanpyo/hanpyo/ballot"
	"github.com/hanpyo/hanpyo/elgamal"
	"github.com/hanpyo/hanpyo/internal/reason"
	"github.com/hanpyo/hanpyo/mixnet"
)

// mixEntry is a mix on the ledger and what is wrong with it.
type mixEntry struct {
	mixHead // its contest is -1 if it cannot be read
	index   uint64
	mixer   int   // who signed it, a position from 1; 0 if no mixer did
	err     error // nil: it counts
	// failed is the check that it fails if its mixer is to blame. What anybody
	// could have sent, and what came too early or too late, is listed.
	failed string
}

// blamed returns the entry as one that its mixer should not have signed.
func (x mixEntry) blamed(check string, err error) mixEntry {
	x.failed, x.err = check, err
	return x
}

// listed returns the entry as one that does not count.
func (x mixEntry) listed(err error) mixEntry {
	x.err = err
	return x
}

// chain is the mixes of one contest (docs/protocol.md, Mixing): greedy by
// position. A mix counts if its mixer has not mixed the contest, its input is
// the last list, and its proof holds; the m-th completes the chain. Whoever
// mixes, decrypts, combines or audits asks this one type.
//
// A mix is judged by those before it alone, so that what is judged stays so
// while the ledger grows, and no proof is verified twice.
type chain struct {
	manifest *ballot.Manifest
	place    mixnet.Place // of its mixes, but for step and mixer
	key      *elgamal.PublicKey

	last    *mixnet.List // what to mix next; of a complete chain what to decrypt
	digests [][32]byte   // of the counted rows, and of the output of each mix
	mixers  []int        // who mixed, by position
	at      []uint64     // where

	queue  []mixEntry // to be judged, in ledger order
	judged []mixEntry
}

func newChain(m *ballot.Manifest, fp ballot.Fingerprint, contest int, key *elgamal.PublicKey, input *mixnet.List) *chain {
	return &chain{
		manifest: m, key: key, last: input, digests: [][32]byte{input.Digest()},
		place: mixnet.Place{Election: fp, Contest: m.Contests[contest].ID},
	}
}

// missing returns how many mixes the chain lacks.
func (ch *chain) missing() int { return ch.manifest.Mixes - len(ch.mixers) }

// lack says how many mixes the chain has and which mixers it has none of, if
// they are too few.
func (ch *chain) lack() string {
	if ch.missing() == 0 {
		return ""
	}
	var missing []string
	for i, m := range ch.manifest.Mixers {
		if !slices.Contains(ch.mixers, i+1) {
			missing = append(missing, fmt.Sprintf("mixer %d %q%s", i+1, m.Name, ch.refusedBecause(i+1)))
		}
	}
	return fmt.Sprintf("contest %s has %d of %d mixes, missing: %s",
		ch.place.Contest, len(ch.mixers), ch.manifest.Mixes, strings.Join(missing, ", "))
}

func (ch *chain) refusedBecause(mixer int) string {
	for _, x := range ch.judged {
		if x.mixer == mixer && x.err != nil {
			return fmt.Sprintf(" (entry %d: %v)", x.index, root(x.err))
		}
	}
	return ""
}

// before reports whether the chain was complete before an entry.
func (ch *chain) before(index uint64) bool {
	return ch.missing() == 0 && ch.at[len(ch.at)-1] < index
}

// mixWork is what judging mixes needs beside the chain.
type mixWork struct {
	body     func(ctx context.Context, index uint64) ([]byte, error) // of a mix on the ledger, behind its head
	options  *mixnet.Options
	together int // how many points to have in memory, beside the first list and the last, to verify mixes together
}

// togetherPoints is that number for small machines.
const togetherPoints = 1 << 19

// judge judges the queue. After an error what is judged stays, and the rest is
// still to be judged.
func (ch *chain) judge(ctx context.Context, w mixWork) error {
	for len(ch.queue) > 0 {
		judged, err := ch.step(ctx, w)
		if err != nil {
			return err
		}
		ch.judged = append(ch.judged, judged...)
		ch.queue = ch.queue[len(judged):]
	}
	return nil
}

// step judges the front of the queue: it believes every mix that looks right,
// until the chain is complete or a mixer comes back, and verifies them together.
// At the first one that does not hold it stops, because those after it have mixed
// something else. So a mixer makes work only for each mix that is wrong, however
// many there are.
func (ch *chain) step(ctx context.Context, w mixWork) ([]mixEntry, error) {
	r := run{of: ch, last: ch.last, digests: slices.Clone(ch.digests), mixers: slices.Clone(ch.mixers)}
	var judged []mixEntry
	for _, x := range ch.queue {
		if slices.Contains(r.mixers[len(ch.mixers):], x.mixer) {
			break // whether this is a second one follows from the first
		}
		x, err := r.take(ctx, x, w)
		if err != nil {
			return nil, err
		}
		if judged = append(judged, x); x.err == nil {
			r.at = append(r.at, len(judged)-1)
		}
		points := len(r.mixes) * r.last.Len() * (1 + r.last.Width())
		if len(r.mixes) > 0 && (len(r.mixers) == ch.manifest.Mixes || points > w.together) {
			break
		}
	}
	err := mixnet.Cascade{Key: ch.key, Input: ch.last, Mixes: r.mixes}.Verify(ctx, w.options)
	var wrong *mixnet.MixError
	switch {
	case errors.As(err, &wrong):
		r.mixes = r.mixes[:wrong.Mix]
		i := r.at[wrong.Mix]
		judged = judged[:i+1]
		judged[i] = judged[i].blamed(mixShuffle, fmt.Errorf("tally: mix: %w", wrong.Err))
	case err != nil:
		return nil, fmt.Errorf("tally: %w", err)
	}
	for i, m := range r.mixes {
		x := judged[r.at[i]]
		ch.last, ch.digests = m.Output, append(ch.digests, m.Output.Digest())
		ch.mixers, ch.at = append(ch.mixers, x.mixer), append(ch.at, x.index)
	}
	return judged, nil
}

// run is mixes that go on from a chain and are not verified yet.
type run struct {
	of      *chain
	last    *mixnet.List
	digests [][32]byte
	mixers  []int
	mixes   []mixnet.Mix
	at      []int // which of the judged entries they are
}

// take judges a mix but for its proof, as if those before it held. The error is
// that it could not be read from the ledger.
func (r *run) take(ctx context.Context, x mixEntry, w mixWork) (mixEntry, error) {
	contest, step := r.of.place.Contest, len(r.mixers)
	switch {
	case step == r.of.manifest.Mixes:
		return x.listed(fmt.Errorf("tally: mix of contest %s, which is mixed %d times: %w", contest, step, reason.ErrState)), nil
	case slices.Contains(r.mixers, x.mixer):
		return x.listed(fmt.Errorf("tally: the mixer has mixed contest %s already: %w", contest, reason.ErrDuplicate)), nil
	case x.input == r.digests[step]:
	case slices.Contains(r.digests, x.input): // the mixer lost a race
		return x.listed(fmt.Errorf("tally: mix of a list of contest %s that another mixer has mixed: %w", contest, reason.ErrChain)), nil
	default:
		return x.blamed(mixInput, fmt.Errorf("tally: mix of a list that contest %s does not have: %w", contest, reason.ErrChain)), nil
	}
	if uint64(x.step) != uint64(step) {
		return x.blamed(mixChain, fmt.Errorf("tally: mix says %d stand before it, there are %d: %w", x.step, step, reason.ErrChain)), nil
	}
	body, err := w.body(ctx, x.index)
	if err != nil {
		return mixEntry{}, err
	}
	output, proof, err := parseMixed(ctx, r.of.key.Group, r.last.Width(), r.last.Len(), body, w.options)
	if err != nil {
		if ctx.Err() != nil {
			return mixEntry{}, err
		}
		return x.blamed(mixChain, err), nil
	}
	place := r.of.place
	place.Step, place.Mixer = step, r.of.manifest.Mixers[x.mixer-1].Signing
	r.mixes = append(r.mixes, mixnet.Mix{Place: place, Output: output, Proof: proof})
	r.last, r.digests, r.mixers = output, append(r.digests, output.Digest()), append(r.mixers, x.mixer)
	return x, nil
}
