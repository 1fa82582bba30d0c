package zkp

import (
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"go.dedis.ch/kyber/v3"

	"github.com/hanpyo/hanpyo/elgamal"
)

// TestValidateRefuses holds the checks of the draft's ValidateInstance one by
// one. No statement of this package makes such a relation.
func TestValidateRefuses(t *testing.T) {
	for _, g := range []*elgamal.Group{elgamal.Ristretto255(), elgamal.P256()} {
		p := g.Point().Mul(g.Int64Scalar(7), nil)
		minus := g.Int64Scalar(-1)
		for name, test := range map[string]struct {
			change func(*relation)
			want   error
		}{
			"1: no equations":                {func(r *relation) { r.equations = nil }, ErrShape},
			"1: no witness":                  {func(r *relation) { r.scalars = 0 }, ErrShape},
			"2: no image":                    {func(r *relation) { r.equations[0].image = nil }, ErrShape},
			"2: no terms":                    {func(r *relation) { r.equations = append(r.equations, equation{image: []imageTerm{{element: 1}}}) }, ErrShape},
			"3: image without element":       {func(r *relation) { r.equations[0].image[0].element = 2 }, ErrShape},
			"3: image of a negative element": {func(r *relation) { r.equations[0].image[0].element = -1 }, ErrShape},
			"4: term without element":        {func(r *relation) { r.equations[0].terms[0].element = 2 }, ErrShape},
			"4: term without scalar":         {func(r *relation) { r.equations[0].terms[0].scalar = 1 }, ErrShape},
			"5: element that is not used":    {func(r *relation) { r.element(g.Point().Add(p, p)) }, ErrShape},
			"6: scalar that is not used":     {func(r *relation) { r.scalars++ }, ErrShape},
			"8: element that is the identity": {func(r *relation) {
				r.equations[0].image = append(r.equations[0].image, imageTerm{element: r.element(g.Point())})
			}, ErrGroup},
			"9: image that is the identity": {func(r *relation) {
				r.equations[0].image = append(r.equations[0].image, imageTerm{element: 1, coefficient: minus})
			}, ErrGroup},
			"10: scalar of no weight": {func(r *relation) {
				r.equations[0].terms = append(r.equations[0].terms, witnessTerm{coefficient: minus})
			}, ErrShape},
		} {
			r := newRelation(g, 1)
			r.equal(r.element(p), 0, 0)
			require.NoError(t, r.validate())
			test.change(r)
			require.ErrorIs(t, r.validate(), test.want, "%s: %s", g.Name(), name)
		}
	}
}

// TestForeignPoints holds that a statement with a point that is missing, or of
// another group, is refused and does not panic.
func TestForeignPoints(t *testing.T) {
	g := elgamal.Ristretto255()
	x := g.Int64Scalar(5)
	p := g.Point().Mul(x, nil)
	points := func() []kyber.Point { return []kyber.Point{p.Clone(), p.Clone()} }
	for _, foreign := range []kyber.Point{nil, elgamal.P256().Base()} {
		for at := range 2 {
			list := points()
			list[at] = foreign
			for name, verify := range map[string]func() error{
				"keys: keys":   func() error { return DLEQKeys{g.Base(), list, p, points()}.Verify(g, Context{}, nil) },
				"keys: images": func() error { return DLEQKeys{g.Base(), points(), p, list}.Verify(g, Context{}, nil) },
				"bases: bases": func() error { return DLEQBases{g.Base(), p, list, points()}.Verify(g, Context{}, nil) },
				"bases: images": func() error {
					return DLEQBases{g.Base(), p, points(), list}.Verify(g, Context{}, nil)
				},
				"one of: messages": func() error { return OneOf{Key: p, A: p, B: p, Messages: list}.Verify(g, Context{}, nil) },
			} {
				require.ErrorIs(t, verify(), ErrGroup, name)
			}
		}
		for name, verify := range map[string]func() error{
			"keys: base":   func() error { return DLEQKeys{foreign, points(), p, points()}.Verify(g, Context{}, nil) },
			"keys: base 2": func() error { return DLEQKeys{g.Base(), points(), foreign, points()}.Verify(g, Context{}, nil) },
			"bases: base":  func() error { return DLEQBases{foreign, p, points(), points()}.Verify(g, Context{}, nil) },
			"bases: key":   func() error { return DLEQBases{g.Base(), foreign, points(), points()}.Verify(g, Context{}, nil) },
			"one of: key":  func() error { return OneOf{Key: foreign, A: p, B: p, Messages: points()}.Verify(g, Context{}, nil) },
			"one of: A":    func() error { return OneOf{Key: p, A: foreign, B: p, Messages: points()}.Verify(g, Context{}, nil) },
			"one of: B":    func() error { return OneOf{Key: p, A: p, B: foreign, Messages: points()}.Verify(g, Context{}, nil) },
			"dlog: base":   func() error { return Dlog{foreign, p}.Verify(g, Context{}, nil) },
			"dlog: image":  func() error { return Dlog{g.Base(), foreign}.Verify(g, Context{}, nil) },
		} {
			require.ErrorIs(t, verify(), ErrGroup, name)
		}
	}
	for _, n := range []int{0, maxMessages + 1} {
		messages := slices.Repeat([]kyber.Point{p}, n)
		err := OneOf{Key: p, A: p, B: p, Messages: messages}.Verify(g, Context{}, make([]byte, 100))
		require.ErrorIs(t, err, ErrShape, "%d messages", n)
	}
}

// TestProversRefuseBadStatements holds that nobody proves what has a point
// missing, or no group.
func TestProversRefuseBadStatements(t *testing.T) {
	g := elgamal.Ristretto255()
	x, seed := g.Int64Scalar(5), [32]byte{1}
	p := g.Point().Mul(x, nil)
	one := []kyber.Point{p}
	for name, prove := range map[string]func() ([]byte, error){
		"dlog":       func() ([]byte, error) { return Dlog{nil, p}.Prove(g, Context{}, x) },
		"dlogs":      func() ([]byte, error) { return Dlogs{nil, one}.ProveSeeded(g, Context{}, []kyber.Scalar{x}, seed) },
		"dleq":       func() ([]byte, error) { return DLEQ{nil, p, p, p}.ProveSeeded(g, Context{}, x, seed) },
		"dleq keys":  func() ([]byte, error) { return DLEQKeys{nil, one, p, one}.Prove(g, Context{}, []kyber.Scalar{x}) },
		"dleq bases": func() ([]byte, error) { return DLEQBases{nil, p, one, one}.Prove(g, Context{}, x) },
		"one of": func() ([]byte, error) {
			return OneOf{Key: nil, A: p, B: p, Messages: one}.Prove(g, Context{}, OneOfWitness{Randomness: x})
		},
	} {
		proof, err := prove()
		require.ErrorIs(t, err, ErrGroup, name)
		require.Empty(t, proof, name)
	}
	require.ErrorIs(t, Dlog{g.Base(), p}.Verify(nil, Context{}, nil), ErrGroup)
	_, err := DLEQKeys{g.Base(), []kyber.Point{p, g.Point().Neg(p)}, g.Point(), []kyber.Point{g.Point(), g.Point()}}.Prove(
		g, Context{}, []kyber.Scalar{x, g.Scalar().Neg(x)})
	require.NoError(t, err)
}
