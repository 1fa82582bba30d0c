package main

import (
	"fmt"

	"github.com/hanpyo/hanpyo/ballot"
)

// kind is a kind of ballot to measure.
type kind struct {
	name     string
	contests []ballot.Contest
	votes    func(voter int) ballot.Votes

	// classic is a filled-in ballot of the same contests as other systems have
	// it: a ciphertext and a proof for every option, and one for every sum.
	classic classicVotes
}

// classicVotes are the options of all contests in one list, 1 where chosen, and
// what must hold of their sums.
type classicVotes struct {
	options []uint8
	sums    []classicSum
}

// classicSum says that the chosen among some options are low to high.
type classicSum struct {
	options   []int
	low, high int
}

var kinds = []kind{
	oneOf(2),
	oneOf(5),
	upTo(5, 20),
	ranking(10),
	severalContests(),
	oneOf(50),
}

// kindNamed returns the kind with this name.
func kindNamed(name string) kind {
	for _, k := range kinds {
		if k.name == name {
			return k
		}
	}
	panic("bench: no kind of ballot called " + name)
}

func options(n int) (list []ballot.Option) {
	for i := range n {
		list = append(list, ballot.Option{ID: optionID(i), Name: fmt.Sprintf("Option %d", i+1)})
	}
	return list
}

func optionID(i int) string { return fmt.Sprintf("o%d", i+1) }

// choice is a contest of k of n options; marks chooses k of them, others for
// other voters.
func choice(id string, low, high, n int) ballot.Contest {
	return ballot.Contest{ID: id, Name: id, Kind: "choose", Min: low, Max: high, Options: options(n)}
}

func marks(voter, k, n int) ballot.Vote {
	v := ballot.Vote{}
	for i := range k {
		v[optionID((voter+i)%n)] = 1
	}
	return v
}

// add appends a contest of n options, of which the first k are chosen and low
// to high must be.
func (c *classicVotes) add(k, low, high, n int) {
	sum := classicSum{low: low, high: high}
	for i := range n {
		sum.options = append(sum.options, len(c.options))
		chosen := uint8(0)
		if i < k {
			chosen = 1
		}
		c.options = append(c.options, chosen)
	}
	if low > 0 || high < n {
		c.sums = append(c.sums, sum)
	}
}

// oneOf is one choice among n.
func oneOf(n int) kind {
	k := kind{
		name:     fmt.Sprintf("1-of-%d", n),
		contests: []ballot.Contest{choice("c", 1, 1, n)},
		votes:    func(voter int) ballot.Votes { return ballot.Votes{"c": marks(voter, 1, n)} },
	}
	k.classic.add(1, 1, 1, n)
	return k
}

// upTo is at most k choices among n, all of which are used.
func upTo(k, n int) kind {
	made := kind{
		name:     fmt.Sprintf("%d-of-%d", k, n),
		contests: []ballot.Contest{choice("c", 0, k, n)},
		votes:    func(voter int) ballot.Votes { return ballot.Votes{"c": marks(voter, k, n)} },
	}
	made.classic.add(k, 0, k, n)
	return made
}

// ranking is a Borda count of n candidates: a full order of them, as a matrix
// of n² slots with one 1 in every row and column, and points for each place.
func ranking(n int) kind {
	c := ballot.Contest{ID: "c", Name: "c", Kind: "ranked-points", Exact: true, Options: options(n)}
	k := kind{name: fmt.Sprintf("rank-%d", n)}
	k.classic.options = make([]uint8, n*n)
	for i := range n {
		c.Values = append(c.Values, n-i)
		row, column := classicSum{low: 1, high: 1}, classicSum{low: 1, high: 1}
		for j := range n {
			row.options = append(row.options, i*n+j)
			column.options = append(column.options, j*n+i)
		}
		k.classic.options[i*n+i] = 1
		k.classic.sums = append(k.classic.sums, row, column)
	}
	k.contests = []ballot.Contest{c}
	k.votes = func(voter int) ballot.Votes {
		v := ballot.Vote{}
		for i := range n {
			v[optionID(i)] = 1 + (voter+i)%n
		}
		return ballot.Votes{"c": v}
	}
	return k
}

// severalContests is a ballot of 30 slots: an office, a council, an approval of
// projects, another office and three questions.
func severalContests() kind {
	k := kind{name: "30-slots"}
	var chosen []int // how many, by contest
	add := func(id string, low, high, n, voted int) {
		k.contests = append(k.contests, choice(id, low, high, n))
		k.classic.add(voted, low, high, n)
		chosen = append(chosen, voted)
	}
	add("mayor", 1, 1, 5, 1)
	add("council", 1, 3, 8, 2)
	add("projects", 0, 6, 6, 3)
	add("sheriff", 1, 1, 3, 1)
	for i := range 3 {
		add(fmt.Sprintf("question-%d", i+1), 1, 1, 2, 1)
	}
	k.votes = func(voter int) ballot.Votes {
		votes := ballot.Votes{}
		for i, c := range k.contests {
			votes[c.ID] = marks(voter+i, chosen[i], len(c.Options))
		}
		return votes
	}
	return k
}
