package zkp_test

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
	"go.dedis.ch/kyber/v3"

	"github.com/hanpyo/hanpyo/ballot"
	"github.com/hanpyo/hanpyo/elgamal"
	"github.com/hanpyo/hanpyo/internal/electiontest"
	"github.com/hanpyo/hanpyo/zkp"
)

// sealed is what a voter without a client that checks can send: a row of any
// values with the best proof there is.
type sealed struct {
	form *zkp.Form
	keys *elgamal.PublicKey
}

func (s sealed) verify(values []int64) error {
	g := s.keys.Group
	r, k := g.RandomScalar(), g.RandomScalar()
	messages, slots := make([]kyber.Point, len(values)), make([]kyber.Scalar, len(values))
	for i, v := range values {
		slots[i] = g.Int64Scalar(v)
		messages[i] = g.Point().Mul(slots[i], nil)
	}
	b := zkp.BallotStatement{Credential: g.Point().Mul(k, nil), Number: 1, Row: s.keys.Encrypt(messages, r)}
	return s.form.Verify(b, s.form.ProveAnything(b, r, slots, k))
}

// allowed says whether slots are bits and satisfy the rules.
func allowed(rules []zkp.Rule, values []int64) bool {
	for _, v := range values {
		if v != 0 && v != 1 {
			return false
		}
	}
	for _, rule := range rules {
		sum := -rule.Sum
		for _, t := range rule.Terms {
			sum += t.Coefficient * values[t.Slot]
		}
		if sum != 0 {
			return false
		}
	}
	return true
}

// Of random contests of every kind, a random valid vote has a proof, and what
// is made of it by force has none: other bits, and numbers that are no bits,
// also where every rule still holds.
func TestVotesForcedPastTheClientAreRefused(t *testing.T) {
	rounds := 3
	if testing.Short() {
		rounds = 1
	}
	for _, g := range []*elgamal.Group{elgamal.Ristretto255(), elgamal.P256()} {
		for _, kind := range electiontest.Kinds {
			t.Run(g.Name()+"/"+kind, func(t *testing.T) {
				for round := range rounds {
					refuseForced(t, g, kind, uint64(round))
				}
			})
		}
	}
}

func refuseForced(t *testing.T, g *elgamal.Group, kind string, seed uint64) {
	r := rand.New(rand.NewPCG(seed, 3))
	contest := electiontest.RandomContest(r, kind, "it", 3)
	m := electiontest.Prepare(t, &electiontest.Options{Group: g, Contests: []ballot.Contest{contest}, Voters: 1, Trustees: 1}).Manifest
	c, rules := &m.Contests[0], m.RowRules(0)
	var columns []zkp.Column
	var points []kyber.Point
	for i := range m.Columns() {
		points = append(points, g.HashToPoint("test keys", fmt.Append(nil, i)))
		columns = append(columns, zkp.Column{Index: i, Key: points[i]})
	}
	keys, err := elgamal.NewPublicKey(g, points)
	require.NoError(t, err)
	form, err := zkp.NewForm(g, m.ID(), "all", columns, rules)
	require.NoError(t, err)
	s := sealed{form, keys}

	bits, err := c.Encode(electiontest.RandomVote(r, c))
	require.NoError(t, err)
	valid := make([]int64, len(bits))
	for i, bit := range bits {
		valid[i] = int64(bit)
	}
	require.True(t, allowed(rules, valid))
	require.NoError(t, s.verify(valid))

	refuse := func(values []int64) {
		if !allowed(rules, values) {
			require.ErrorIs(t, s.verify(values), zkp.ErrProof, "%v", values)
		}
	}
	other := func() []int64 { return append([]int64(nil), valid...) }
	for range 2 {
		flipped, doubled := other(), other()
		for range 1 + r.IntN(3) {
			flipped[r.IntN(len(flipped))] ^= 1
		}
		refuse(flipped)
		doubled[r.IntN(len(doubled))] = 2
		refuse(doubled)
	}
	for _, rule := range rules { // two slots changed so that this rule holds all the same
		moved := other()
		if len(rule.Terms) < 2 {
			continue
		}
		a, b := rule.Terms[0], rule.Terms[len(rule.Terms)-1]
		moved[a.Slot] += b.Coefficient
		moved[b.Slot] -= a.Coefficient
		refuse(moved)
	}
}
