package dkg

import (
	"crypto/sha256"
	"fmt"
	"sync"

	"go.dedis.ch/kyber/v3"

	"github.com/hanpyo/hanpyo/elgamal"
	"github.com/hanpyo/hanpyo/internal/wire"
)

// Outcome is the result of a ceremony.
type Outcome struct {
	Dealers []int // positions of those whose deals make up the keys
	Holders []int // positions of those who certified the outcome and so have shares
	Keys    []kyber.Point
	// Verification is the public key of every trustee's share:
	// Verification[j-1][k] for position j and column k.
	Verification [][]kyber.Point
	Culprits     []Culprit // who was put out before the outcome was certified
}

// Hash is what the holders certified: everything but who they are.
func (o *Outcome) Hash() [32]byte {
	var w wire.Writer
	w.String("hanpyo/v1 dkg outcome")
	w.Uint8(uint8(len(o.Dealers)))
	for _, i := range o.Dealers {
		w.Uint8(uint8(i))
	}
	writePoints(&w, o.Keys)
	w.Uint8(uint8(len(o.Verification)))
	for _, v := range o.Verification {
		writePoints(&w, v)
	}
	w.Uint8(uint8(len(o.Culprits)))
	for _, k := range o.Culprits {
		w.Uint8(uint8(k.Trustee))
		w.Uint8(uint8(k.Phase))
	}
	return sha256.Sum256(w.Bytes())
}

func writePoints(w *wire.Writer, points []kyber.Point) {
	w.Uint32(uint32(len(points)))
	for _, p := range points {
		b, err := p.MarshalBinary()
		if err != nil {
			panic("dkg: a point without an encoding")
		}
		w.Var(b)
	}
}

// conclude adds up the deals of those who are in.
func (tr *Transcript) conclude() (*Outcome, error) {
	g, o := tr.c.Group, &Outcome{Dealers: tr.dealers(), Culprits: tr.Culprits}
	o.Keys = make([]kyber.Point, tr.c.Columns)
	o.Verification = make([][]kyber.Point, len(tr.c.Trustees))
	sums := make([][]kyber.Point, tr.c.Columns) // commitments to the sums of the polynomials
	for k := range sums {
		sums[k] = make([]kyber.Point, tr.c.Threshold)
		for m := range sums[k] {
			sum := g.Point()
			for _, i := range o.Dealers {
				sum.Add(sum, tr.deals[i-1].commitments[k][m])
			}
			sums[k][m] = sum
		}
		o.Keys[k] = sums[k][0]
	}
	var wg sync.WaitGroup
	for j := range o.Verification {
		wg.Go(func() {
			for _, sum := range sums {
				o.Verification[j] = append(o.Verification[j], elgamal.EvalCommitments(g, sum, j+1))
			}
		})
	}
	wg.Wait()
	return o, tr.c.checkKeys(o)
}

// checkKeys refuses what happens only if all dealers conspire: with one honest
// dealer every key is random.
func (c *Ceremony) checkKeys(o *Outcome) error {
	seen := make(map[string]int)
	for k, key := range o.Keys {
		if c.Group.IsIdentity(key) {
			return fmt.Errorf("dkg: key of column %d is the identity: %w", k, ErrGroup)
		}
		b := string(c.Group.AppendPoint(nil, key))
		if first, ok := seen[b]; ok {
			return fmt.Errorf("dkg: columns %d and %d have one key: %w", first, k, ErrDuplicate)
		}
		seen[b] = k
	}
	for j, keys := range o.Verification {
		for k, key := range keys {
			if c.Group.IsIdentity(key) {
				return fmt.Errorf("dkg: verification key of %s, column %d is the identity: %w", c.name(j+1), k, ErrGroup)
			}
		}
	}
	return nil
}
