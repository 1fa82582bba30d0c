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
	groups := f.shares()
	for {
		round := Round{Columns: []string{"points", "cost", "price per point"}, Rows: make([][]string, len(f.costs))}
		var lowest *big.Rat
		var equal []int
		for p, cost := range f.costs {
			if f.funded[p] || f.points[p] == 0 {
				continue
			}
			price := "not affordable"
			if rho := groups.price(p, cost); rho != nil {
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
		groups.charge(p, lowest)
		f.pay(r, round, p)
	}
	f.greedy(r)
	return r, nil
}

// sharers are voters with the same marks: they always have the same money.
type sharers struct {
	marks []int
	count int64
	money *big.Rat // of each of them
}

type shares []*sharers

// shares divides the budget equally.
func (f *funding) shares() shares {
	var out shares
	at := map[string]*sharers{}
	for _, b := range f.ballots {
		key := fmt.Sprint(b.Marks)
		if at[key] == nil {
			at[key] = &sharers{marks: b.Marks, money: big.NewRat(f.left, f.papers)}
			out = append(out, at[key])
		}
		at[key].count += b.Count
	}
	return out
}

// price returns the least ρ at which the project is paid if each of its voters
// gives ρ for every point, or all he has if that is less: Σ min(money, ρ·points)
// = cost. It is nil if they cannot pay.
func (s shares) price(p int, cost int64) *big.Rat {
	type payer struct {
		*sharers
		most *big.Rat // money per point
	}
	var payers []payer
	due, points := new(big.Rat).SetInt64(cost), int64(0)
	for _, g := range s {
		if m := int64(g.marks[p]); m > 0 {
			payers = append(payers, payer{g, new(big.Rat).Quo(g.money, new(big.Rat).SetInt64(m))})
			points += g.count * m
		}
	}
	slices.SortFunc(payers, func(a, b payer) int { return a.most.Cmp(b.most) })
	for _, g := range payers {
		rho := new(big.Rat).Quo(due, new(big.Rat).SetInt64(points))
		if rho.Cmp(g.most) <= 0 {
			return rho
		}
		due.Sub(due, new(big.Rat).Mul(g.money, new(big.Rat).SetInt64(g.count)))
		points -= g.count * int64(g.marks[p])
	}
	return nil
}

// charge takes from each voter of the project what he pays for it.
func (s shares) charge(p int, rho *big.Rat) {
	for _, g := range s {
		pays := new(big.Rat).Mul(rho, new(big.Rat).SetInt64(int64(g.marks[p])))
		if pays.Cmp(g.money) > 0 {
			pays = g.money
		}
		g.money = new(big.Rat).Sub(g.money, pays)
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
