package tally

import (
	"context"
	"crypto/ed25519"
	"fmt"
	"slices"
	"time"

	"github.com/hanpyo/hanpyo/ballot"
	"github.com/hanpyo/hanpyo/internal/entry"
	"github.com/hanpyo/hanpyo/internal/reason"
	"github.com/hanpyo/hanpyo/mixnet"
)

// MixOptions say how to mix. nil is the default.
type MixOptions struct {
	// Workers is how many goroutines work; zero is one for each CPU.
	Workers int
	// Progress, if set, is called now and then, never concurrently, with what
	// is being done and how much of how much is done.
	Progress func(step string, done, size uint64)
}

// Mix lets a mixer shuffle the rows of every mixed contest that is not mixed
// enough, and posts each shuffle with its proof (docs/protocol.md, Mixing).
//
// The mixer believes nobody. It reads the ledger like a trustee in [Decrypt],
// and verifies every mix that others have posted before it goes on from there.
// If another mixer is faster it mixes what that one has made; a contest that is
// then complete, and one that this mixer has mixed already, it leaves alone, so
// that it may be called again at any time. It keeps nothing of what it knows of
// the order. It takes about 4 kB of memory for each row of one column.
//
// The error is ErrSignature for a key that is no mixer's, and ErrState before
// the close and the pin; ErrIncomplete if the ledger does not show yet what was
// posted, and ErrChain, and others of a mix that does not hold, if it has not
// kept it.
func Mix(ctx context.Context, e *ballot.Election, log ballot.Log, mixer ed25519.PrivateKey, o *MixOptions) error {
	var w work
	if o != nil {
		w = work{o.Workers, o.Progress}
	}
	if len(mixer) != ed25519.PrivateKeySize || mixerPosition(e.Manifest, mixer.Public().(ed25519.PublicKey)) == 0 {
		return fmt.Errorf("tally: mix: the key is that of no mixer: %w", reason.ErrSignature)
	}
	c, err := readClosing(ctx, e, log, w)
	if err != nil {
		return err
	}
	pin, err := c.pin(ctx)
	if err != nil {
		return err
	}
	for contest := range c.sums {
		if c, err = c.mix(ctx, log, pin, contest, mixer); err != nil {
			return err
		}
	}
	return nil
}

// mix mixes one contest, if it can, and returns c on the ledger as it is then.
func (c *closing) mix(ctx context.Context, log ballot.Log, pin uint64, contest int, mixer ed25519.PrivateKey) (*closing, error) {
	position := mixerPosition(c.e.Manifest, mixer.Public().(ed25519.PublicKey))
	for {
		if err := c.readMixes(ctx, pin); err != nil {
			return nil, err
		}
		ch := c.mixing.chains[contest]
		if ch == nil || ch.missing() == 0 || slices.Contains(ch.mixers, position) {
			return c, nil
		}
		body, err := ch.shuffle(ctx, contest, c.work, mixer)
		if err != nil {
			return nil, err
		}
		env := entry.Envelope{Kind: entry.Mix, Election: entry.Hash(c.e.Fingerprint), Time: time.Now().Unix(), Body: body}
		env.Sign(mixer)
		index, err := appendPublished(ctx, log, env.Bytes())
		if err != nil {
			return nil, err
		}
		r, cp, err := c.e.Manifest.Verified(ctx, log)
		if err != nil {
			return nil, fmt.Errorf("tally: %w", err)
		}
		if cp.Size <= index {
			return nil, fmt.Errorf("tally: the mix is entry %d, the ledger has a checkpoint of %d entries: %w", index, cp.Size, reason.ErrIncomplete)
		}
		c = c.grown(r, cp.Size, c.state)
		if err := c.readMixes(ctx, pin); err != nil {
			return nil, err
		}
		// Another mixer may have been faster. All else would come up again.
		at := slices.IndexFunc(ch.judged, func(x mixEntry) bool { return x.index == index })
		if at < 0 {
			return nil, fmt.Errorf("tally: entry %d is not the mix that was posted there: %w", index, reason.ErrChain)
		}
		if x := ch.judged[at]; x.failed != "" {
			return nil, fmt.Errorf("tally: entry %d: %w", index, x.err)
		}
	}
}

// shuffle returns the body of a mix that goes on from the chain.
func (ch *chain) shuffle(ctx context.Context, contest int, w work, mixer ed25519.PrivateKey) ([]byte, error) {
	input := ch.last
	output, secret, err := mixnet.Shuffle(ctx, ch.key, input, w.mixnet("shuffle"))
	if err != nil {
		return nil, fmt.Errorf("tally: %w", err)
	}
	place := ch.place
	place.Step, place.Mixer = len(ch.mixers), mixer.Public().(ed25519.PublicKey)
	proof, err := mixnet.Statement{Key: ch.key, Input: input, Output: output}.Prove(ctx, place, secret, w.mixnet("prove"))
	if err != nil {
		return nil, fmt.Errorf("tally: %w", err)
	}
	head := mixHead{contest: contest, step: uint32(place.Step), input: input.Digest()}
	return head.body(output.Bytes(), proof), nil
}
