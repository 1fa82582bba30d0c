package mixnet

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"math"

	"go.dedis.ch/kyber/v3"

	"github.com/hanpyo/hanpyo/elgamal"
)

// Secret is what a mixer knows of its mix: the order and the randomness. It
// must be kept secret, is printed as redacted, and serves to prove the mix and
// for nothing else; then it is to be forgotten.
type Secret struct {
	permutation   []int          // π, from 0: output i is input π(i) re-encrypted
	randomness    []kyber.Scalar // ρᵢ
	input, output [32]byte       // digests of the lists it is about
}

// String and GoString keep the secret out of logs.
func (Secret) String() string   { return "mixnet.Secret(redacted)" }
func (Secret) GoString() string { return "mixnet.Secret(redacted)" }

// Format keeps the secret out of every verb of package fmt.
func (s Secret) Format(f fmt.State, _ rune) { fmt.Fprint(f, s.String()) }

// MarshalJSON keeps the secret out of JSON.
func (Secret) MarshalJSON() ([]byte, error) { return []byte(`"redacted"`), nil }

// Shuffle re-encrypts the rows of the input and puts them in an order that is
// uniform among all:
//
//	C'ᵢ = C_π(i) + Enc(0; ρᵢ)
//
// docs/protocol.md §6. Progress counts rows. Errors: ErrShape, ErrGroup if key
// and input do not fit together, and that of the context.
func Shuffle(ctx context.Context, key *elgamal.PublicKey, input *List, o *Options) (*List, *Secret, error) {
	if err := checkKey(key, input); err != nil {
		return nil, nil, fmt.Errorf("mixnet: %w", err)
	}
	n := input.Len()
	secret := &Secret{permutation: randomPermutation(n), randomness: make([]kyber.Scalar, n)}
	for i := range secret.randomness {
		secret.randomness[i] = key.Group.RandomScalar()
	}
	output, err := secret.apply(newWork(ctx, o, n), key, input)
	if err != nil {
		return nil, nil, err
	}
	return output, secret, nil
}

// apply makes the output, and binds the secret to it and to the input.
func (s *Secret) apply(w *work, key *elgamal.PublicKey, input *List) (*List, error) {
	rows := make([]elgamal.Ciphertext, len(s.permutation))
	err := w.each(len(rows), 64, func(lo, hi int) error {
		points := make([]kyber.Point, 0, (hi-lo)*(1+key.Width()))
		for i := lo; i < hi; i++ {
			rows[i] = key.ReEncrypt(input.rows[s.permutation[i]], s.randomness[i])
			points = append(append(points, rows[i].A), rows[i].B...)
		}
		key.Group.RememberPoints(points) // the list encodes them
		return nil
	})
	if err != nil {
		return nil, err
	}
	quiet := &Options{Workers: w.workers}
	output, err := NewList(w.ctx, key.Group, key.Width(), rows, quiet)
	if err != nil {
		return nil, err
	}
	s.input, s.output = input.digest, output.digest
	return output, nil
}

// randomPermutation returns a uniform permutation of 0…n−1, by the method of
// Fisher and Yates.
func randomPermutation(n int) []int {
	p := make([]int, n)
	for i := range p {
		p[i] = i
	}
	for i := n - 1; i > 0; i-- {
		j := randomBelow(uint64(i) + 1)
		p[i], p[j] = p[j], p[i]
	}
	return p
}

// randomBelow returns a uniform integer in [0, n). What lies above the largest
// multiple of n is thrown away, or small numbers would come more often.
func randomBelow(n uint64) uint64 {
	limit := math.MaxUint64 - math.MaxUint64%n
	var b [8]byte
	for {
		rand.Read(b[:]) // never fails
		if v := binary.BigEndian.Uint64(b[:]); v < limit {
			return v % n
		}
	}
}

// checkKey refuses a key and a list that do not fit together.
func checkKey(key *elgamal.PublicKey, l *List) error {
	switch {
	case key == nil || key.Group == nil:
		return fmt.Errorf("no key: %w", ErrShape)
	case l == nil:
		return fmt.Errorf("no list: %w", ErrShape)
	case l.group != key.Group:
		return fmt.Errorf("list and key of different groups: %w", ErrGroup)
	case l.width != key.Width():
		return fmt.Errorf("list of %d columns under a key of %d: %w", l.width, key.Width(), ErrShape)
	}
	for k, y := range key.Points { // of a key that elgamal.NewPublicKey has not made
		if err := key.Group.CheckPoint(y); err != nil {
			return fmt.Errorf("key of column %d: %w", k+1, err)
		}
		if key.Group.IsIdentity(y) {
			return fmt.Errorf("key of column %d: identity: %w", k+1, ErrGroup)
		}
	}
	return nil
}
