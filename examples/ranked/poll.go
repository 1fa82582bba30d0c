package main

import (
	"cmp"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/hanpyo/hanpyo/ballot"
	"github.com/hanpyo/hanpyo/examples/internal/play"
	"github.com/hanpyo/hanpyo/tally/count"
)

// rules are the rules of counting that a contest with rankings may name.
var rules = map[string]func(*count.Election) (*count.Result, error){
	"plurality":            firstPreferences,
	"borda":                count.Borda,
	"instant-runoff":       count.InstantRunoff,
	"scottish-stv":         count.ScottishSTV,
	"northern-ireland-stv": count.NorthernIrelandSTV,
	"schulze":              count.Schulze,
	"ranked-pairs":         count.RankedPairs,
}

// firstPreferences counts nothing else.
func firstPreferences(e *count.Election) (*count.Result, error) {
	first := *e
	first.Ballots = nil
	for _, b := range e.Ballots {
		marks := make([]int, len(b.Marks))
		for c, rank := range b.Marks {
			if rank == 1 {
				marks[c] = 1
			}
		}
		first.Ballots = append(first.Ballots, count.Ballot{Marks: marks, Count: b.Count})
	}
	return count.Plurality(&first)
}

// contestID is what votes name the only contest by.
const contestID = "ranking"

// newPoll returns what the options say to vote on, with all the votes.
func newPoll(o *options) (*play.Poll, *rankings, error) {
	r := generated(o.Voters)
	if o.Votes != "" {
		var err error
		if r, err = readRankings(o.Votes); err != nil {
			return nil, nil, err
		}
	}
	return r.poll(o), r, nil
}

// poll makes an election with one contest. Options are named by their number,
// because names of candidates are for people.
func (r *rankings) poll(o *options) *play.Poll {
	c := ballot.Contest{
		ID:         contestID,
		Name:       "누구를 뽑을까요? — Who shall be elected?",
		Kind:       "mixed-ranking",
		Blank:      true,
		Max:        r.Places,
		CountBy:    o.count,
		Seats:      o.seats,
		Plaintexts: ballot.PlaintextsPublic, // every ranking, but not whose it is
	}
	for i, name := range r.Candidates {
		c.Options = append(c.Options, ballot.Option{ID: strconv.Itoa(i + 1), Name: name})
	}
	p := &play.Poll{Title: strings.TrimSuffix(r.Source, filepath.Ext(r.Source)), Contests: []ballot.Contest{c}, Source: r.Source}
	for _, ranking := range r.Ballots {
		vote := make(ballot.Vote)
		for i, candidate := range ranking {
			vote[c.Options[candidate].ID] = i + 1
		}
		p.Cast = append(p.Cast, ballot.Votes{c.ID: vote})
	}
	return p
}

// generated makes an election with so many voters, most of whom like the
// neighbours of whom they like. One in thirty casts a blank ballot. The same
// number gives the same votes.
func generated(voters int) *rankings {
	r := &rankings{
		Source:     "해달군 의회 선거 2027 — Haedal county council",
		Candidates: []string{"박새벽", "최가람", "정다온", "Nora Smith", "José García", "Žofie Nováková", "Chidi Okafor"},
		Places:     7,
	}
	random := rand.New(rand.NewPCG(2027, uint64(voters)))
	for range voters {
		var ranking []int
		if random.IntN(30) > 0 {
			place := 7 * random.Float64()
			dislike := make([]float64, r.Places)
			for c := range dislike {
				distance := place - float64(c)
				dislike[c] = distance*distance + 9*random.Float64()
				ranking = append(ranking, c)
			}
			slices.SortFunc(ranking, func(a, b int) int { return cmp.Compare(dislike[a], dislike[b]) })
			ranking = ranking[:1+random.IntN(r.Places)]
		}
		r.Ballots = append(r.Ballots, ranking)
	}
	return r
}

// count counts the plain ballots.
func (r *rankings) count(o *options) (*count.Result, error) {
	e := &count.Election{Candidates: r.Candidates, Seats: o.seats}
	for _, ranking := range r.Ballots {
		marks := make([]int, len(r.Candidates))
		for i, candidate := range ranking {
			marks[candidate] = i + 1
		}
		e.Ballots = append(e.Ballots, count.Ballot{Marks: marks})
	}
	return rules[o.count](e)
}

// firsts returns how many ballots prefer each candidate to all others, and how
// many are blank.
func (r *rankings) firsts() (firsts []int64, blank int64) {
	firsts = make([]int64, len(r.Candidates))
	for _, ranking := range r.Ballots {
		if len(ranking) == 0 {
			blank++
		} else {
			firsts[ranking[0]]++
		}
	}
	return firsts, blank
}
