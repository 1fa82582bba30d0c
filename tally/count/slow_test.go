package count

import (
	"cmp"
	"fmt"
	"math/big"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// Every rule that is more than adding up, once more: slow, paper by paper, and
// written from the source without regard to the package's code.

// slowPaper is one paper of a count of transferable votes.
type slowPaper struct {
	order  []int
	holder int // -1: nobody
	value  int64
	first  bool // with its first preference
	step   int  // when its holder got it
}

type slowCount struct {
	e       *Election
	papers  []*slowPaper
	status  []byte // 'c'ontinuing, 'e'lected, 'x' excluded
	settled map[int]bool
	quota   int64
	unit    int64
	elected []int
	stages  [][]int64
	steps   int
}

func newSlow(e *Election, unit int64) *slowCount {
	s := &slowCount{e: e, unit: unit, settled: map[int]bool{}}
	for range e.Candidates {
		s.status = append(s.status, 'c')
	}
	for _, b := range e.Ballots {
		o := order(b.Marks)
		for range b.Count {
			if len(o) > 0 {
				s.papers = append(s.papers, &slowPaper{order: o, holder: o[0], value: unit, first: true})
			}
		}
	}
	s.quota = (int64(len(s.papers))/int64(e.Seats+1) + 1) * unit
	return s
}

func (s *slowCount) votes(c int) int64 {
	if s.settled[c] {
		return s.quota
	}
	var v int64
	for _, p := range s.papers {
		if p.holder == c {
			v += p.value
		}
	}
	return v
}

func (s *slowCount) in(status byte) (out []int) {
	for c, st := range s.status {
		if st == status {
			out = append(out, c)
		}
	}
	return out
}

func (s *slowCount) next(p *slowPaper) int {
	for _, c := range p.order[slices.Index(p.order, p.holder)+1:] {
		if s.status[c] == 'c' {
			return c
		}
	}
	return -1
}

func (s *slowCount) send(p *slowPaper, value int64) {
	p.holder, p.value, p.first, p.step = s.next(p), value, false, s.steps
}

// fill elects in the order of votes, then lot; it tells whether that is all.
func (s *slowCount) fill() bool {
	var now []int
	for _, c := range s.in('c') {
		if s.votes(c) >= s.quota {
			now = append(now, c)
		}
	}
	s.elect(now)
	if left := s.in('c'); len(s.elected) < s.e.Seats && len(left) <= s.e.Seats-len(s.elected) {
		s.elect(left)
	}
	return len(s.elected) == s.e.Seats || len(s.in('c')) == 0
}

func (s *slowCount) elect(now []int) {
	slices.SortFunc(now, func(a, b int) int {
		return cmp.Or(cmp.Compare(s.votes(b), s.votes(a)), cmp.Compare(slices.Index(s.e.Lot, a), slices.Index(s.e.Lot, b)))
	})
	for _, c := range now {
		s.status[c] = 'e'
	}
	s.elected = append(s.elected, now...)
}

func (s *slowCount) endStage() {
	var now []int64
	for c := range s.status {
		now = append(now, s.votes(c))
	}
	s.stages = append(s.stages, now)
}

// ranked sorts candidates, the one with most votes first. To look back is to
// compare the votes now, then those of one stage after the other, then the lot.
func (s *slowCount) ranked(candidates []int, backwards bool) []int {
	key := func(c int) (k []int64) {
		for _, stage := range s.stages[:len(s.stages)-1] {
			k = append(k, stage[c])
		}
		if backwards {
			slices.Reverse(k)
		}
		return append(append([]int64{s.votes(c)}, k...), int64(-slices.Index(s.e.Lot, c)))
	}
	slices.SortFunc(candidates, func(a, b int) int { return slices.Compare(key(b), key(a)) })
	return candidates
}

func (s *slowCount) withSurplus() (out []int) {
	for _, c := range s.in('e') {
		if s.votes(c) > s.quota {
			out = append(out, c)
		}
	}
	return out
}

func slowScottish(e *Election) *slowCount {
	s := newSlow(e, 100000)
	for done := s.fill(); !done; done = s.fill() {
		s.endStage()
		if over := s.ranked(s.withSurplus(), true); len(over) > 0 {
			c := over[0]
			votes := s.votes(c)
			for _, p := range s.papers {
				if p.holder == c {
					value := new(big.Int).Mul(big.NewInt(votes-s.quota), big.NewInt(p.value))
					s.send(p, value.Quo(value, big.NewInt(votes)).Int64())
				}
			}
			s.settled[c] = true
			continue
		}
		left := s.ranked(s.in('c'), true)
		c := left[len(left)-1]
		s.status[c] = 'x'
		if len(left)-1 > e.Seats-len(s.elected) {
			for _, p := range s.papers {
				if p.holder == c {
					s.send(p, p.value)
				}
			}
		}
	}
	return s
}

func slowNorthern(e *Election) *slowCount {
	s := newSlow(e, 100)
	for !s.fill() && !s.safe() {
		s.endStage()
		s.steps++
		left := s.ranked(s.in('c'), false)
		slices.Reverse(left)
		vacancies := e.Seats - len(s.elected)
		over := s.ranked(s.withSurplus(), false)
		var surplus int64
		for _, c := range over {
			surplus += s.votes(c) - s.quota
		}
		out := 0
		for k := 1; k <= len(left)-vacancies; k++ {
			sum := surplus
			for _, c := range left[:k] {
				sum += s.votes(c)
			}
			if sum < s.votes(left[k]) {
				out = k
			}
		}
		if out == 0 && len(over) > 0 {
			s.sendLast(over[0])
			continue
		}
		gone := left[:max(1, out)]
		for _, c := range gone {
			s.status[c] = 'x'
		}
		if len(left)-len(gone) <= vacancies {
			continue
		}
		values := map[int64]bool{}
		for _, p := range s.papers {
			if slices.Contains(gone, p.holder) && !p.first {
				values[p.value] = true
			}
		}
		batches := []int64{0} // first preferences
		for v := int64(100); v >= 0; v-- {
			if values[v] {
				batches = append(batches, v)
			}
		}
		var held []*slowPaper
		for _, p := range s.papers {
			if slices.Contains(gone, p.holder) {
				held = append(held, p)
			}
		}
		for i, v := range batches {
			s.steps++
			for _, p := range held {
				if slices.Contains(gone, p.holder) && (i == 0 && p.first || i > 0 && !p.first && p.value == v) {
					s.send(p, p.value)
				}
			}
			if s.fill() {
				return s
			}
		}
	}
	return s
}

// sendLast transfers a surplus on the papers that came last.
func (s *slowCount) sendLast(c int) {
	last := 0
	for _, p := range s.papers {
		if p.holder == c {
			last = max(last, p.step)
		}
	}
	var parcel []*slowPaper
	var transferable int64
	for _, p := range s.papers {
		if p.holder == c && p.step == last {
			parcel = append(parcel, p)
			if s.next(p) >= 0 {
				transferable++
			}
		}
	}
	surplus := s.votes(c) - s.quota
	for _, p := range parcel {
		if transferable > 0 {
			s.send(p, min(p.value, surplus/transferable))
		}
	}
	s.settled[c] = true
}

// safe elects for the last vacancy whom nobody can reach.
func (s *slowCount) safe() bool {
	if s.e.Seats-len(s.elected) != 1 {
		return false
	}
	var safe []int
	for _, c := range s.in('c') {
		var others int64
		for _, d := range s.in('c') {
			if d != c {
				others += s.votes(d)
			}
		}
		for _, d := range s.withSurplus() {
			others += s.votes(d) - s.quota
		}
		if s.votes(c) >= others {
			safe = append(safe, c)
		}
	}
	if len(safe) == 1 {
		s.elect(safe)
	}
	return len(safe) == 1
}

// Those elected agree, and the votes of all at the end.
func TestTransferableAgainstSlow(t *testing.T) {
	compare := func(rule string, places int, slow func(*Election) *slowCount) {
		manyElections(t, rule, 1500, 30, func(_ *rand.Rand, e *Election) {
			want, got := slow(e), counted(t, rule, e)
			require.Equal(t, want.elected, got.Elected)
			for c, row := range got.Rounds[len(got.Rounds)-1].Rows {
				if row != nil {
					require.Equal(t, row[1], big.NewRat(want.votes(c), want.unit).FloatString(places))
				}
			}
		})
	}
	compare("Scottish", 5, slowScottish)
	compare("northern", 2, slowNorthern)
}

func TestMajorityJudgementAgainstSlow(t *testing.T) {
	elections(t, "judgement", func(_ *rand.Rand, e *Election) {
		require.Equal(t, slowMedians(e, lowerMedian), counted(t, "judgement", e).Order)
	})
}

// The strongest path is the strongest of all paths without a circle.
func TestSchulzeAgainstSlow(t *testing.T) {
	elections(t, "Schulze", func(_ *rand.Rand, e *Election) {
		in, err := e.check("", anyRanks)
		require.NoError(t, err)
		pairs := in.pairwise()
		n := len(pairs)
		var best func(from, to int, seen []int) link
		best = func(from, to int, seen []int) (strongest link) {
			for next := range n {
				l := pairs[from][next]
				if l.won <= l.lost || slices.Contains(seen, next) {
					continue
				}
				if next != to {
					if rest := best(next, to, append(slices.Clone(seen), next)); compareLinks(rest, l) < 0 {
						l = rest
					}
				}
				if compareLinks(l, strongest) > 0 {
					strongest = l
				}
			}
			return strongest
		}
		paths := strongest(pairs)
		for i := range n {
			for j := range n {
				if i != j {
					require.Equal(t, best(i, j, []int{i}), paths[i][j])
				}
			}
		}
	})
}

// The order agrees with what is locked in, if a circle is looked for by walking.
func TestRankedPairsAgainstSlow(t *testing.T) {
	elections(t, "pairs", func(_ *rand.Rand, e *Election) {
		in, err := e.check("", anyRanks)
		require.NoError(t, err)
		locked := map[[2]int]bool{}
		var reaches func(a, b int) bool
		reaches = func(a, b int) bool {
			for c := range e.Candidates {
				if locked[[2]int{a, c}] && (c == b || reaches(c, b)) {
					return true
				}
			}
			return false
		}
		for _, m := range in.majorities(in.pairwise()) {
			if !reaches(m.loser, m.winner) {
				locked[[2]int{m.winner, m.loser}] = true
			}
		}
		order := counted(t, "pairs", e).Order
		require.Len(t, order, len(e.Candidates))
		for i, above := range order {
			for _, below := range order[i+1:] {
				require.True(t, reaches(above[0], below[0]))
			}
		}
	})
}

// The seats go to the largest of all quotients.
func TestHighestAveragesAgainstSlow(t *testing.T) {
	for rule, divisor := range map[string]func(int) int64{
		"D'Hondt": func(i int) int64 { return int64(i + 1) }, "Lague": func(i int) int64 { return int64(2*i + 1) },
	} {
		elections(t, rule, func(_ *rand.Rand, e *Election) {
			votes := make([]int64, len(e.Candidates))
			for _, b := range e.Ballots {
				for c, m := range b.Marks {
					votes[c] += b.Count * int64(m)
				}
			}
			type quotient struct {
				list int
				q    *big.Rat
			}
			var all []quotient
			for c, v := range votes {
				for i := range e.Seats {
					if v > 0 {
						all = append(all, quotient{c, big.NewRat(v, divisor(i))})
					}
				}
			}
			slices.SortFunc(all, func(a, b quotient) int {
				return cmp.Or(b.q.Cmp(a.q), cmp.Compare(votes[b.list], votes[a.list]),
					cmp.Compare(slices.Index(e.Lot, a.list), slices.Index(e.Lot, b.list)))
			})
			want := make([]int, len(votes))
			for _, q := range all[:min(e.Seats, len(all))] {
				want[q.list]++
			}
			require.Equal(t, want, counted(t, rule, e).Allocation)
		})
	}
}

// Equal shares with a purse for every voter. The price is found by trying all
// sets of voters who give their last: those whose money per point is lowest.
func slowShares(b *Budget) (funded []int) {
	type voter struct {
		marks []int
		money *big.Rat
	}
	var voters []*voter
	for _, ballot := range b.Ballots {
		for range ballot.Count {
			if slices.Max(ballot.Marks) > 0 {
				voters = append(voters, &voter{marks: ballot.Marks})
			}
		}
	}
	points := make([]int64, len(b.Projects))
	left := b.Limit
	for _, v := range voters {
		v.money = big.NewRat(b.Limit, int64(len(voters)))
		for p, m := range v.marks {
			points[p] += int64(m)
		}
	}
	give := func(v *voter, p int, rho *big.Rat) *big.Rat {
		all := new(big.Rat).Mul(rho, big.NewRat(int64(v.marks[p]), 1))
		if all.Cmp(v.money) > 0 {
			return v.money
		}
		return all
	}
	raised := func(p int, rho *big.Rat) *big.Rat {
		sum := new(big.Rat)
		for _, v := range voters {
			sum.Add(sum, give(v, p, rho))
		}
		return sum
	}
	price := func(p int) *big.Rat {
		cost := big.NewRat(b.Costs[p], 1)
		for _, last := range append([]*voter{nil}, voters...) {
			spent, rest := new(big.Rat), int64(0)
			for _, v := range voters {
				if m := int64(v.marks[p]); m > 0 {
					if last != nil && last.marks[p] > 0 && new(big.Rat).Quo(v.money, big.NewRat(m, 1)).Cmp(
						new(big.Rat).Quo(last.money, big.NewRat(int64(last.marks[p]), 1))) <= 0 {
						spent.Add(spent, v.money)
					} else {
						rest += m
					}
				}
			}
			if rest == 0 {
				if last != nil && last.marks[p] > 0 && spent.Cmp(cost) == 0 {
					return new(big.Rat).Quo(last.money, big.NewRat(int64(last.marks[p]), 1))
				}
				continue
			}
			rho := new(big.Rat).Quo(new(big.Rat).Sub(cost, spent), big.NewRat(rest, 1))
			if rho.Sign() > 0 && raised(p, rho).Cmp(cost) == 0 {
				return rho
			}
		}
		return nil
	}
	before := func(p, q int) int {
		return cmp.Or(cmp.Compare(points[q], points[p]), cmp.Compare(b.Costs[p], b.Costs[q]),
			cmp.Compare(slices.Index(b.Lot, p), slices.Index(b.Lot, q)))
	}
	for {
		best, at := -1, new(big.Rat)
		for p := range b.Projects {
			if slices.Contains(funded, p) {
				continue
			}
			rho := price(p)
			if rho != nil && (best < 0 || cmp.Or(rho.Cmp(at), before(p, best)) < 0) {
				best, at = p, rho
			}
		}
		if best < 0 {
			break
		}
		for _, v := range voters {
			v.money = new(big.Rat).Sub(v.money, give(v, best, at))
		}
		funded, left = append(funded, best), left-b.Costs[best]
	}
	rest := make([]int, len(b.Projects))
	for p := range rest {
		rest[p] = p
	}
	slices.SortFunc(rest, before)
	for _, p := range rest {
		if !slices.Contains(funded, p) && points[p] > 0 && b.Costs[p] <= left {
			funded, left = append(funded, p), left-b.Costs[p]
		}
	}
	return funded
}

func TestEqualSharesAgainstSlow(t *testing.T) {
	for _, rule := range []string{"equal", "equal, 0/1"} {
		manyElections(t, rule, 200, 8, func(_ *rand.Rand, e *Election) {
			require.Equal(t, slowShares(budgetOf(e)), counted(t, rule, e).Elected, fmt.Sprint(budgetOf(e).Costs))
		})
	}
}
