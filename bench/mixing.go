package main

import (
	"context"
	"fmt"

	"github.com/hanpyo/hanpyo/elgamal"
	"github.com/hanpyo/hanpyo/mixnet"
)

// mixed is a mix of ours, as far as it has got.
type mixed struct {
	mixSize
	group  *elgamal.Group
	place  mixnet.Place
	key    *elgamal.PublicKey
	input  *mixnet.List
	output *mixnet.List
	secret *mixnet.Secret
	proof  []byte
}

// mixOperations are the steps of one mixer over a list of rows, and of whoever
// verifies the mix from its bytes. The bytes of a row are those of the output;
// the proof's are counted where it is made.
func mixOperations(s mixSize) []operation {
	m := &mixed{mixSize: s, group: elgamal.Ristretto255(), place: mixnet.Place{Contest: "bench", Mixer: []byte("mixer")}}
	of := func(step string, prepare func(ctx context.Context) (func() error, int, error)) operation {
		return operation{
			name: m.name(step), item: "row", n: s.n,
			prepare: func(ctx context.Context) (p prepared, err error) {
				if err := m.fill(ctx); err != nil {
					return prepared{}, err
				}
				p.do, p.bytes, err = prepare(ctx)
				return p, err
			},
		}
	}
	return []operation{
		of("shuffle", func(ctx context.Context) (func() error, int, error) {
			return func() error { return m.shuffle(ctx) }, m.group.CiphertextLen(s.w), nil
		}),
		of("prove", func(ctx context.Context) (func() error, int, error) {
			return func() error { return m.prove(ctx) }, (mixnet.ProofLen(m.group, s.w, s.n) + s.n/2) / s.n, m.shuffle(ctx)
		}),
		of("verify", func(ctx context.Context) (func() error, int, error) {
			if m.proof == nil {
				if err := m.shuffle(ctx); err != nil {
					return nil, 0, err
				}
				if err := m.prove(ctx); err != nil {
					return nil, 0, err
				}
			}
			data := m.output.Bytes()
			return func() error { return m.verify(ctx, data) }, 0, nil
		}),
	}
}

func (m *mixed) name(step string) string {
	return fmt.Sprintf("Mix/step=%s/group=%s/w=%d/n=%d", step, m.group.Name(), m.w, m.n)
}

// fill makes the input.
func (m *mixed) fill(ctx context.Context) (err error) {
	if m.input != nil {
		return nil
	}
	m.key = elgamal.GenerateKey(m.group, m.w).Public()
	message := m.key.Points // any points
	rows := make([]elgamal.Ciphertext, m.n)
	row := m.key.Encrypt(message, m.group.RandomScalar())
	for i := range rows {
		rows[i], row = row, row.Add(row)
	}
	m.input, err = mixnet.NewList(ctx, m.group, m.w, rows, nil)
	return err
}

func (m *mixed) statement() mixnet.Statement {
	return mixnet.Statement{Key: m.key, Input: m.input, Output: m.output}
}

func (m *mixed) shuffle(ctx context.Context) (err error) {
	m.output, m.secret, err = mixnet.Shuffle(ctx, m.key, m.input, nil)
	m.proof = nil
	return err
}

func (m *mixed) prove(ctx context.Context) (err error) {
	m.proof, err = m.statement().Prove(ctx, m.place, m.secret, nil)
	return err
}

// verify decodes the output and verifies the mix; the input is the verifier's
// own.
func (m *mixed) verify(ctx context.Context, output []byte) error {
	list, err := mixnet.DecodeList(ctx, m.group, m.w, m.n, output, nil)
	if err != nil {
		return err
	}
	return mixnet.Statement{Key: m.key, Input: m.input, Output: list}.Verify(ctx, m.place, m.proof, nil)
}
