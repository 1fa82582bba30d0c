package count

import (
	"fmt"
	"math/big"
	"slices"
	"strconv"
)

// EqualShares funds projects by the method of equal shares: the budget is divided
// equally among the voters, and a project is funded if those who give it points
// can pay for it out of their shares, in proportion to their points; the one that
// costs them least per point comes first.
//
// Source: D. Peters, G. Pierczyński and P. Skowron, "Proportional Participatory
// Budgeting with Additive Utilities" (NeurIPS 2021), section 3. Completion: when
// the shares can pay no further project, what is left of the budget is spent as
// in [Greedy] ("utilitarian completion"). Ties: more points, then lower cost,
// then lot. Voters with blank ballots have no share.
func EqualShares(b *Budget) (*Result, error) {
	f, err := b.check("equal shares")
	if err != nil {
		return nil, err
	}
	r := f.result("Participatory budgeting, method of equal shares")
	money := f.shares()
	for {
		round := Round{Columns: []string{"points", "cost", "price per point"}, Rows: make([][]string, len(f.costs))}
		var lowest *big.Rat
		var equal []int
		for p, cost := range f.costs {
			if f.funded[p] || f.points[p] == 0 {
				continue
			}
			price := "not affordable"
			if rho := money.price(p, cost); rho != nil {
				price = decimal(rho)
				if lowest == nil || rho.Cmp(lowest) < 0 {
					lowest, equal = rho, nil
				}
				if rho.Cmp(lowest) == 0 {
					equal = append(equal, p)
				}
			}
			round.Rows[p] = []string{strconv.FormatInt(f.points[p], 10), strconv.FormatInt(cost, 10), price}
		}
		if equal == nil {
			break
		}
		p := f.pick(&round, equal)
		round.Action = fmt.Sprintf("%s costs its voters least per point.", printable(f.names[p]))
		money.charge(p, lowest)
		f.pay(r, round, p)
	}
	f.greedy(r)
	return r, nil
}

// sharers are voters with the same marks: they always have the same money.
type sharers struct {
	marks []int
	count int64
	money *big.Int // of each of them, in parts
}

// shares is the money of all voters. A unit of money has so many parts that
// everybody always has a whole number of them: fractions with denominators of
// their own would have to be reduced at every step.
type shares struct {
	parts  *big.Int
	all    []*sharers
	voters [][]*sharers // of each project
	broke  []bool       // projects whose voters could not pay: they never will
}

// shares divides the budget equally.
func (f *funding) shares() *shares {
	s := &shares{parts: big.NewInt(f.papers), voters: make([][]*sharers, len(f.costs)), broke: make([]bool, len(f.costs))}
	at := map[string]*sharers{}
	for _, b := range f.ballots {
		key := fmt.Sprint(b.Marks)
		if at[key] == nil {
			g := &sharers{marks: b.Marks, money: big.NewInt(f.left)}
			at[key], s.all = g, append(s.all, g)
			for p, m := range b.Marks {
				if m > 0 {
					s.voters[p] = append(s.voters[p], g)
				}
			}
		}
		at[key].count += b.Count
	}
	return s
}

// price returns the least ρ at which the project is paid if each of its voters
// gives ρ for every point, or all he has if that is less: Σ min(money, ρ·points)
// = cost. It is nil if they cannot pay.
//
// Every turn takes the ρ at which those left pay the rest in proportion to their
// points. Who has less than that gives all, and ρ only grows by it.
func (s *shares) price(p int, cost int64) *big.Rat {
	if s.broke[p] {
		return nil
	}
	left := slices.Clone(s.voters[p])
	due, points := new(big.Int).Mul(big.NewInt(cost), s.parts), int64(0)
	for _, g := range left {
		points += g.count * int64(g.marks[p])
	}
	var n, has, needs big.Int
	for points > 0 {
		paid, done := new(big.Int), int64(0)
		rest := left[:0]
		for _, g := range left {
			m := int64(g.marks[p])
			has.Mul(g.money, n.SetInt64(points)) // money < m·due/points
			if needs.Mul(due, n.SetInt64(m)); has.Cmp(&needs) < 0 {
				paid.Add(paid, has.Mul(g.money, n.SetInt64(g.count)))
				done += g.count * m
			} else {
				rest = append(rest, g)
			}
		}
		if done == 0 {
			return new(big.Rat).SetFrac(due, needs.Mul(s.parts, n.SetInt64(points)))
		}
		due.Sub(due, paid)
		points -= done
		left = rest
	}
	s.broke[p] = true
	return nil
}

// charge takes from each voter of the project what he pays for it, and makes the
// parts smaller so that this is a whole number of them.
func (s *shares) charge(p int, rho *big.Rat) {
	perPoint := new(big.Rat).Mul(rho, new(big.Rat).SetInt(s.parts))
	finer := perPoint.Denom()
	s.parts.Mul(s.parts, finer)
	for _, g := range s.all {
		g.money.Mul(g.money, finer)
	}
	var pays big.Int
	for _, g := range s.voters[p] {
		if pays.Mul(perPoint.Num(), big.NewInt(int64(g.marks[p]))); pays.Cmp(g.money) > 0 {
			pays.Set(g.money)
		}
		g.money.Sub(g.money, &pays)
	}
}

// decimal shows a number with six places; … says that it goes on.
func decimal(r *big.Rat) string {
	const places = 1_000_000
	scaled := new(big.Int).Mul(r.Num(), big.NewInt(places))
	scaled, rest := scaled.QuoRem(scaled, r.Denom(), new(big.Int))
	whole, part := new(big.Int).QuoRem(scaled, big.NewInt(places), new(big.Int))
	if rest.Sign() != 0 {
		return fmt.Sprintf("%d.%06d…", whole, part)
	}
	return fmt.Sprintf("%d.%06d", whole, part)
}
