package mixnet

import (
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"go.dedis.ch/kyber/v3"

	"github.com/hanpyo/hanpyo/elgamal"
)

// add returns row + factor·addend, column by column.
func addRow(g *elgamal.Group, row, addend elgamal.Ciphertext, factor kyber.Scalar) elgamal.Ciphertext {
	sum := row.Clone()
	sum.A.Add(sum.A, g.Point().Mul(factor, addend.A))
	for k := range sum.B {
		sum.B[k].Add(sum.B[k], g.Point().Mul(factor, addend.B[k]))
	}
	return sum
}

// Outputs that are not a permutation of the inputs, with the best proof that
// the prover's program makes for them.
func TestP47NotAPermutation(t *testing.T) {
	eachGroup(t, func(t *testing.T, g *elgamal.Group) {
		m := makeMix(g, 2, 5)
		require.NoError(t, m.verify())
		hundred, inverse := g.Uint64Scalar(100), g.Scalar().Inv(g.Uint64Scalar(100))
		zero := m.Key.ReEncrypt(m.Input.Row(0), m.random.scalar())
		zero = addRow(g, zero, m.Input.Row(0), g.Int64Scalar(-1)) // Enc(0)
		one := g.Scalar().One()
		pi := m.secret.permutation
		none := func(string, *prover) {}

		for name, c := range map[string]struct {
			secret    Secret
			output    func(rows []elgamal.Ciphertext)
			interfere func(after string, p *prover)
		}{
			"one row twice, one dropped": {
				Secret{permutation: []int{pi[0], pi[1], pi[2], pi[3], pi[3]}},
				func(r []elgamal.Ciphertext) {
					r[4] = m.Key.ReEncrypt(m.Input.Row(pi[3]), m.secret.randomness[4])
				}, none,
			},
			"one row twice, the order honest": {
				Secret{permutation: pi},
				func(r []elgamal.Ciphertext) {
					r[4] = m.Key.ReEncrypt(m.Input.Row(pi[3]), m.secret.randomness[4])
				}, none,
			},
			"one row twice, the weights honest": {
				Secret{permutation: pi},
				func(r []elgamal.Ciphertext) {
					r[4] = m.Key.ReEncrypt(m.Input.Row(pi[3]), m.secret.randomness[4])
				},
				func(after string, p *prover) {
					if after == "permuted" { // c_b of the row that stands there
						p.b[4] = p.u[pi[3]]
						p.cb = must(p.commitVarTime(p.b, p.rb))
					}
				},
			},
			"two rows added": {
				Secret{permutation: pi},
				func(r []elgamal.Ciphertext) {
					r[0] = addRow(g, r[0], r[1], one)
					r[1] = zero.Clone()
				}, none,
			},
			"a row times 100": {
				Secret{permutation: pi},
				func(r []elgamal.Ciphertext) { r[2] = addRow(g, r[2], r[2], g.Uint64Scalar(99)) }, none,
			},
			"a row times 100, its weight divided": {
				Secret{permutation: pi, randomness: scaled(g, m.secret.randomness, 2, hundred)},
				func(r []elgamal.Ciphertext) { r[2] = addRow(g, r[2], r[2], g.Uint64Scalar(99)) },
				func(after string, p *prover) {
					if after == "permuted" { // so that (d) holds
						p.b[2] = g.Scalar().Mul(p.b[2], inverse)
						p.cb = must(p.commitVarTime(p.b, p.rb))
					}
				},
			},
			"a plaintext changed": {
				Secret{permutation: pi},
				func(r []elgamal.Ciphertext) { r[3].B[0].Add(r[3].B[0], g.Base()) }, none,
			},
			"a tag on two rows": {
				Secret{permutation: pi},
				func(r []elgamal.Ciphertext) {
					r[0].B[1].Add(r[0].B[1], g.Base())
					r[1].B[1].Sub(r[1].B[1], g.Base())
				}, none,
			},
			"columns of two rows exchanged": {
				Secret{permutation: pi},
				func(r []elgamal.Ciphertext) { r[0].B[1], r[1].B[1] = r[1].B[1], r[0].B[1] }, none,
			},
			"columns exchanged in all rows": {
				Secret{permutation: pi},
				func(r []elgamal.Ciphertext) {
					for i := range r {
						r[i].B[0], r[i].B[1] = r[i].B[1], r[i].B[0]
					}
				}, none,
			},
			"the last row's columns are the identity": {
				Secret{permutation: pi},
				func(r []elgamal.Ciphertext) { r[4].B[0], r[4].B[1] = g.Point(), g.Point() }, none,
			},
		} {
			secret := c.secret
			if secret.randomness == nil {
				secret.randomness = m.secret.randomness
			}
			s := Statement{m.Key, m.Input, edited(m.Output, c.output)}
			proof := cheat(s, m.place, &secret, c.interfere)
			require.ErrorIs(t, s.Verify(ctx, m.place, proof, nil), ErrProof, name)
			require.NotEmpty(t, failing(s, first(s.read(ctx, m.place, proof)), second(s.read(ctx, m.place, proof))), name)
		}
	})
}

func first(m messages, _ challenges, err error) messages     { return must(m, err) }
func second(_ messages, ch challenges, err error) challenges { return must(ch, err) }

func scaled(g *elgamal.Group, list []kyber.Scalar, i int, by kyber.Scalar) []kyber.Scalar {
	list = slices.Clone(list)
	list[i] = g.Scalar().Mul(list[i], by)
	return list
}

// Outputs chosen after the proof so that the linear equation still holds: with
// the challenges held they pass, and the digest in the challenges refuses them.
func TestP48OutputsReplacedAfterProving(t *testing.T) {
	eachGroup(t, func(t *testing.T, g *elgamal.Group) {
		m := makeMix(g, 1, 4)
		msg, ch := m.held()
		require.Empty(t, failing(m.Statement, msg, ch))
		s := m.Statement
		s.Output = edited(m.Output, func(r []elgamal.Ciphertext) {
			r[0].B[0].Add(r[0].B[0], g.Point().Mul(msg.a[1], nil))
			r[1].B[0].Sub(r[1].B[0], g.Point().Mul(msg.a[0], nil))
		})
		require.Empty(t, failing(s, msg, ch), "a verifier that does not bind the output would be cheated")
		require.ErrorIs(t, s.Verify(ctx, m.place, m.proof, nil), ErrProof)

		s.Output, s.Input = m.Output, edited(m.Input, func(r []elgamal.Ciphertext) {
			r[0].B[0].Add(r[0].B[0], g.Point().Mul(ch.u[1], nil))
			r[1].B[0].Sub(r[1].B[0], g.Point().Mul(ch.u[0], nil))
		})
		require.Empty(t, failing(s, msg, ch), "a verifier that does not bind the input would be cheated")
		require.ErrorIs(t, s.Verify(ctx, m.place, m.proof, nil), ErrProof)
	})
}

// Whoever knows the weights u before the output is fixed moves a difference
// from one row to another. This is why u comes after everything else.
func TestNegativeControlWeightsKnownBefore(t *testing.T) {
	eachGroup(t, func(t *testing.T, g *elgamal.Group) {
		m := makeMix(g, 1, 4)
		u := secretWeights(g, 4)
		pi := m.secret.permutation
		s := m.Statement
		s.Output = edited(m.Output, func(r []elgamal.Ciphertext) {
			r[0].B[0].Add(r[0].B[0], g.Point().Mul(u[pi[1]], nil))
			r[1].B[0].Sub(r[1].B[0], g.Point().Mul(u[pi[0]], nil))
		})
		var weak messages
		var ch challenges
		proof := cheat(s, m.place, m.secret, func(after string, p *prover) {
			switch after {
			case "permuted":
				p.u = u // as if drawn before
				for i, j := range pi {
					p.b[i] = u[j]
				}
				p.cb = must(p.commitVarTime(p.b, p.rb))
			case "responses":
				weak, ch = p.messages, p.challenges
			}
		})
		require.Empty(t, failing(s, weak, ch), "the weakened verifier is cheated")
		real, ch, err := s.read(ctx, m.place, proof)
		require.NoError(t, err)
		require.Contains(t, failing(s, real, ch), "d1")
		require.ErrorIs(t, s.Verify(ctx, m.place, proof, nil), ErrProof)
	})
}

// With one weight for all columns, what is added to one column may be taken
// from another. With a weight for each it is seen.
func TestNegativeControlUnweightedColumns(t *testing.T) {
	eachGroup(t, func(t *testing.T, g *elgamal.Group) {
		m := makeMix(g, 2, 4)
		s := m.Statement
		s.Output = edited(m.Output, func(r []elgamal.Ciphertext) {
			r[0].B[0].Add(r[0].B[0], g.Base())
			r[0].B[1].Sub(r[0].B[1], g.Base())
		})
		proof := cheat(s, m.place, m.secret, func(string, *prover) {})
		msg, ch, err := s.read(ctx, m.place, proof)
		require.NoError(t, err)
		require.Equal(t, []string{"d1", "d2"}, failing(s, msg, ch))
		c := must(complete(ctx, s, msg, ch))
		weights := secretWeights(g, 6)
		weights[4], weights[5] = weights[3], weights[3]
		sum := must(sumMixes(newWork(ctx, nil, 0), []checkedMix{c}, [][]kyber.Scalar{weights}))
		require.True(t, g.IsIdentity(sum), "the weakened verifier is cheated")
		require.ErrorIs(t, s.Verify(ctx, m.place, proof, nil), ErrProof)
	})
}

// Whoever knows the logarithms of the generators opens commitments to anything.
// A verifier that took these generators would be cheated; ours derives its own.
func TestP22TrapdoorGenerators(t *testing.T) {
	eachGroup(t, func(t *testing.T, plain *elgamal.Group) {
		g := otherGroup(plain)
		m := makeMix(g, 1, 4)
		logs := []kyber.Scalar{g.Scalar().One()}
		trapdoor := []kyber.Point{g.Base()}
		for range 4 {
			logs = append(logs, m.random.scalar())
			trapdoor = append(trapdoor, g.Point().Mul(logs[len(logs)-1], nil))
		}
		generatorCache.Store(g, &generators{turn: make(chan struct{}, 1), list: trapdoor})

		s := m.Statement
		s.Output = edited(m.Output, func(r []elgamal.Ciphertext) { r[2] = addRow(g, r[2], r[2], g.Uint64Scalar(99)) })
		forged := cheat(s, m.place, m.secret, func(after string, p *prover) {
			if after != "responses" {
				return
			}
			// a opens c_b to another list: to u/100 for the row that is scaled.
			honest := p.b[2]
			b := g.Scalar().Mul(honest, g.Scalar().Inv(g.Uint64Scalar(100)))
			diff := g.Scalar().Sub(honest, b)
			diff.Mul(diff, p.x)
			p.a[2] = g.Scalar().Sub(p.a[2], diff)
			p.r = g.Scalar().Add(p.r, g.Scalar().Mul(diff, logs[3]))
		})
		require.NoError(t, s.Verify(ctx, m.place, forged, nil), "with the generators of the cheater")
		generatorCache.Delete(g)
		msg, ch, err := s.read(ctx, m.place, forged)
		require.NoError(t, err)
		require.Contains(t, failing(s, msg, ch), "c")
		require.ErrorIs(t, s.Verify(ctx, m.place, forged, nil), ErrProof)
	})
}

func TestP49P50RowsNotReEncrypted(t *testing.T) {
	eachGroup(t, func(t *testing.T, g *elgamal.Group) {
		for _, n := range []int{1, 2, 5} {
			m := makeMix(g, 2, n)
			for name, rho := range map[string]func(i int) kyber.Scalar{
				"all rows": func(int) kyber.Scalar { return g.Scalar() },
				"the last row": func(i int) kyber.Scalar {
					return map[bool]kyber.Scalar{true: g.Scalar(), false: m.secret.randomness[i]}[i == n-1]
				},
			} {
				secret := &Secret{permutation: m.secret.permutation}
				for i := range n {
					secret.randomness = append(secret.randomness, rho(i))
				}
				s := Statement{m.Key, m.Input, must(secret.apply(newWork(ctx, nil, 0), m.Key, m.Input))}
				proof := must(s.Prove(ctx, m.place, secret, nil))
				require.ErrorIs(t, s.Verify(ctx, m.place, proof, nil), ErrDuplicate, "%d %s", n, name)
				msg, ch, err := s.read(ctx, m.place, proof)
				require.NoError(t, err)
				require.Empty(t, failing(s, msg, ch), "only (e) says so")
			}
		}
		m := makeMix(g, 1, 3)
		s := m.Statement
		s.Output = edited(m.Output, func(r []elgamal.Ciphertext) { r[2] = r[0].Clone() })
		require.ErrorIs(t, s.Verify(ctx, m.place, m.proof, nil), ErrDuplicate)
		s.Output = m.Input
		require.ErrorIs(t, s.Verify(ctx, m.place, m.proof, nil), ErrDuplicate)
	})
}

func TestP55ProofMoved(t *testing.T) {
	eachGroup(t, func(t *testing.T, g *elgamal.Group) {
		m := makeMix(g, 2, 4)
		require.NoError(t, m.verify())
		for name, edit := range map[string]func(s *Statement, p *Place){
			"election": func(_ *Statement, p *Place) { p.Election[31] ^= 1 },
			"contest":  func(_ *Statement, p *Place) { p.Contest = "council" },
			"step":     func(_ *Statement, p *Place) { p.Step++ },
			"mixer":    func(_ *Statement, p *Place) { p.Mixer = []byte("another") },
			"no mixer": func(_ *Statement, p *Place) { p.Mixer = nil },
			"key":      func(s *Statement, _ *Place) { s.Key = elgamal.GenerateKey(g, 2).Public() },
			"keys swapped": func(s *Statement, _ *Place) {
				s.Key = must(elgamal.NewPublicKey(g, []kyber.Point{s.Key.Points[1], s.Key.Points[0]}))
			},
			"input order": func(s *Statement, _ *Place) {
				s.Input = edited(s.Input, func(r []elgamal.Ciphertext) { r[0], r[1] = r[1], r[0] })
			},
			"output order": func(s *Statement, _ *Place) {
				s.Output = edited(s.Output, func(r []elgamal.Ciphertext) { r[2], r[1] = r[1], r[2] })
			},
			"input and output": func(s *Statement, _ *Place) { s.Input, s.Output = s.Output, s.Input },
			"another input": func(s *Statement, _ *Place) {
				s.Input = edited(s.Input, func(r []elgamal.Ciphertext) { r[3].B[1] = g.Base() })
			},
		} {
			s, p := m.Statement, m.place
			edit(&s, &p)
			require.ErrorIs(t, s.Verify(ctx, p, m.proof, nil), ErrProof, name)
		}
	})
}

func TestP52Shapes(t *testing.T) {
	eachGroup(t, func(t *testing.T, g *elgamal.Group) {
		m := makeMix(g, 2, 3)
		other := groups()[0]
		if other == g {
			other = groups()[1]
		}
		for name, c := range map[string]struct {
			edit   func(s *Statement)
			reason error
		}{
			"no key":            {func(s *Statement) { s.Key = nil }, ErrShape},
			"empty key":         {func(s *Statement) { s.Key = &elgamal.PublicKey{} }, ErrShape},
			"no input":          {func(s *Statement) { s.Input = nil }, ErrShape},
			"no output":         {func(s *Statement) { s.Output = nil }, ErrShape},
			"one row less":      {func(s *Statement) { s.Output = listOf(g, 2, s.Output.rows[:2]) }, ErrShape},
			"no rows":           {func(s *Statement) { s.Output = listOf(g, 2, nil) }, ErrShape},
			"no rows before":    {func(s *Statement) { s.Input = listOf(g, 2, nil) }, ErrShape},
			"another width":     {func(s *Statement) { s.Output = makeMix(g, 1, 3).Output }, ErrShape},
			"a key of width 1":  {func(s *Statement) { s.Key = elgamal.GenerateKey(g, 1).Public() }, ErrShape},
			"another group":     {func(s *Statement) { s.Output = makeMix(other, 2, 3).Output }, ErrGroup},
			"a key of another":  {func(s *Statement) { s.Key = elgamal.GenerateKey(other, 2).Public() }, ErrGroup},
			"an input of other": {func(s *Statement) { s.Input = makeMix(other, 2, 3).Input }, ErrGroup},
		} {
			s := m.Statement
			c.edit(&s)
			require.ErrorIs(t, s.Verify(ctx, m.place, m.proof, nil), c.reason, name)
		}
		for _, l := range []int{0, 1, len(m.proof) - 1} {
			require.ErrorIs(t, m.Verify(ctx, m.place, m.proof[:l], nil), ErrEncoding)
		}
		require.ErrorIs(t, m.Verify(ctx, m.place, append(slices.Clone(m.proof), 0), nil), ErrEncoding)
		require.ErrorIs(t, m.Verify(ctx, m.place, makeMix(g, 2, 5).proof, nil), ErrEncoding)
	})
}

// Every point and scalar of a proof, malformed: no scalar has a second
// encoding, and no message is left unread.
func TestMalformedMessages(t *testing.T) {
	eachGroup(t, func(t *testing.T, g *elgamal.Group) {
		m := makeMix(g, 1, 3)
		points := 7 + 1
		for at := 0; at < len(m.proof); {
			size := g.ScalarLen()
			if at < points*g.PointLen() {
				size = g.PointLen()
			}
			bad := slices.Clone(m.proof)
			copy(bad[at:at+size], slices.Repeat([]byte{0xff}, size))
			require.ErrorIs(t, m.Verify(ctx, m.place, bad, nil), ErrEncoding, at)
			copy(bad[at:at+size], make([]byte, size)) // the identity, or 0
			require.ErrorIs(t, m.Verify(ctx, m.place, bad, nil), ErrProof, at)
			at += size
		}
		require.ErrorIs(t, m.Verify(ctx, m.place, make([]byte, len(m.proof)), nil), ErrProof)
	})
}

// With the challenges held fixed, every altered message fails the equations in
// which it stands, not only the hash.
func TestAlteredMessagesFailEquations(t *testing.T) {
	eachGroup(t, func(t *testing.T, g *elgamal.Group) {
		m := makeMix(g, 2, 4)
		delta := m.random.scalar()
		shift := func(p *kyber.Point) { *p = g.Point().Add(*p, g.Base()) }
		add := func(x *kyber.Scalar) { *x = g.Scalar().Add(*x, delta) }
		all := []string{"d0", "d1", "d2"}
		type change struct {
			name  string
			alter func(m *messages)
			want  []string
		}
		list := []change{
			{"c_a", func(m *messages) { shift(&m.ca) }, []string{"a"}},
			{"c_b", func(m *messages) { shift(&m.cb) }, []string{"a", "c"}},
			{"c_d", func(m *messages) { shift(&m.cd) }, []string{"a"}},
			{"c_δ", func(m *messages) { shift(&m.cdelta) }, []string{"b"}},
			{"c_Δ", func(m *messages) { shift(&m.cDelta) }, []string{"b"}},
			{"c_A", func(m *messages) { shift(&m.cA) }, []string{"c"}},
			{"r̃", func(m *messages) { add(&m.rt) }, []string{"a"}},
			{"s̃", func(m *messages) { add(&m.st) }, []string{"b"}},
			{"r", func(m *messages) { add(&m.r) }, []string{"c"}},
			{"τ", func(m *messages) { add(&m.tau) }, all},
			{"all of E₀", func(m *messages) {
				for k := range m.E0 {
					shift(&m.E0[k])
				}
			}, all},
		}
		for k := range 3 {
			list = append(list, change{fmt.Sprint("E₀ ", k), func(m *messages) { shift(&m.E0[k]) }, all[k : k+1]})
		}
		for i := range 4 {
			list = append(list,
				change{fmt.Sprint("ã ", i), func(m *messages) { add(&m.at[i]) }, []string{"a", "b"}},
				change{fmt.Sprint("a ", i), func(m *messages) { add(&m.a[i]) }, append([]string{"c"}, all...)})
		}
		for i := range 2 {
			list = append(list, change{fmt.Sprint("P̃ ", i), func(m *messages) { add(&m.Pt[i]) }, []string{"b"}})
		}
		for _, c := range list {
			msg, ch := m.held()
			msg.E0 = slices.Clone(msg.E0)
			c.alter(&msg)
			require.Equal(t, c.want, failing(m.Statement, msg, ch), c.name)
		}

		msg, ch := m.held()
		for name, c := range map[string]struct {
			edit func(s *Statement)
			want []string
		}{
			"key 1": {func(s *Statement) {
				s.Key = &elgamal.PublicKey{Group: g, Points: []kyber.Point{g.Base(), s.Key.Points[1]}}
			}, []string{"d1"}},
			"input A":    {func(s *Statement) { s.Input = edited(s.Input, func(r []elgamal.Ciphertext) { shift(&r[3].A) }) }, []string{"d0"}},
			"input B 2":  {func(s *Statement) { s.Input = edited(s.Input, func(r []elgamal.Ciphertext) { shift(&r[0].B[1]) }) }, []string{"d2"}},
			"output A":   {func(s *Statement) { s.Output = edited(s.Output, func(r []elgamal.Ciphertext) { shift(&r[0].A) }) }, []string{"d0"}},
			"output B 1": {func(s *Statement) { s.Output = edited(s.Output, func(r []elgamal.Ciphertext) { shift(&r[2].B[0]) }) }, []string{"d1"}},
			"output rows": {func(s *Statement) {
				s.Output = edited(s.Output, func(r []elgamal.Ciphertext) { r[0], r[1] = r[1], r[0] })
			}, all},
		} {
			s := m.Statement
			c.edit(&s)
			require.Equal(t, c.want, failing(s, msg, ch), name)
		}
		for name, alter := range map[string]func(ch *challenges){
			"u": func(ch *challenges) { ch.u = slices.Clone(ch.u); add(&ch.u[1]) },
			"x": func(ch *challenges) { add(&ch.x) },
			"y": func(ch *challenges) { add(&ch.y) },
			"z": func(ch *challenges) { add(&ch.z) },
		} {
			ch := ch
			alter(&ch)
			require.NotEmpty(t, failing(m.Statement, msg, ch), name)
		}
	})
}

// The ends of the chain P̃ are not sent; that of a list of one row has an
// equation of its own.
func TestP52ShortLists(t *testing.T) {
	eachGroup(t, func(t *testing.T, g *elgamal.Group) {
		for n := range 3 {
			m := makeMix(g, 1, n)
			require.NoError(t, m.verify())
			msg, ch := m.held()
			require.Empty(t, failing(m.Statement, msg, ch))
			for name, x := range map[string]*kyber.Scalar{"r̃": &msg.rt, "s̃": &msg.st, "r": &msg.r, "τ": &msg.tau} {
				old := *x
				*x = g.Scalar().Add(old, g.Scalar().One())
				require.NotEmpty(t, failing(m.Statement, msg, ch), "%d %s", n, name)
				*x = old
			}
		}
		m := makeMix(g, 1, 1)
		msg, ch := m.held()
		msg.at[0] = g.Scalar().Add(msg.at[0], g.Scalar().One())
		require.Equal(t, []string{"f"}, failing(m.Statement, msg, ch))

		// A single row with another plaintext, or times 2.
		for _, edit := range []func(r []elgamal.Ciphertext){
			func(r []elgamal.Ciphertext) { r[0].B[0].Add(r[0].B[0], g.Base()) },
			func(r []elgamal.Ciphertext) { r[0] = addRow(g, r[0], r[0], g.Scalar().One()) },
		} {
			s := m.Statement
			s.Output = edited(m.Output, edit)
			for _, half := range []bool{false, true} {
				secret := Secret{permutation: []int{0}, randomness: scaled(g, m.secret.randomness, 0, g.Uint64Scalar(2))}
				proof := cheat(s, m.place, &secret, func(after string, p *prover) {
					if after == "permuted" && half {
						p.b[0] = g.Scalar().Mul(p.b[0], g.Scalar().Inv(g.Uint64Scalar(2)))
						p.cb = must(p.commitVarTime(p.b, p.rb))
					}
				})
				require.ErrorIs(t, s.Verify(ctx, m.place, proof, nil), ErrProof)
			}
		}
	})
}
