package main

import (
	"math/rand/v2"

	"github.com/hanpyo/hanpyo/ballot"
	"github.com/hanpyo/hanpyo/examples/internal/play"
)

// poll is what is voted on and how.
type poll struct {
	play.Poll
	Revotes map[int]ballot.Votes // by voter; they replace what was cast
	File    *pabulib             // if it is from a file
}

// final yields what counts of each voter.
func (p *poll) final(yield func(ballot.Votes) bool) {
	for voter, cast := range p.Cast {
		if again, ok := p.Revotes[voter]; ok {
			cast = again
		}
		if !yield(cast) {
			return
		}
	}
}

// totals adds the plain votes up, in the plainest way: by contest, then by
// option or "blank".
func (p *poll) totals() map[string]map[string]int64 {
	totals := make(map[string]map[string]int64)
	for _, c := range p.Contests {
		sum := make(map[string]int64)
		for cast := range p.final {
			given := false
			for option, mark := range cast[c.ID] {
				switch {
				case mark == 0:
					continue
				case c.Kind == "ranked-points":
					sum[option] += int64(c.Values[mark-1])
				default:
					sum[option] += int64(mark)
				}
				given = true
			}
			if c.Blank && !given {
				sum[ballot.BlankID]++
			}
		}
		totals[c.ID] = sum
	}
	return totals
}

// poll makes an election with one contest of the file's.
func (p *pabulib) poll() *poll {
	c := ballot.Contest{ID: "projects", Name: p.Title}
	switch p.VoteType {
	case approvalVote:
		c.Kind, c.Max = "approval", p.MaxLength
	case cumulativeVote:
		c.Kind, c.Points = "points", p.MaxSum
	case ordinalVote: // the first is worth as many points as there are ranks
		c.Kind, c.Exact = "ranked-points", p.MinLength == p.MaxLength
		for worth := p.MaxLength; worth > 0; worth-- {
			c.Values = append(c.Values, worth)
		}
	}
	for _, pr := range p.Projects {
		// With the number that voters know it by: two projects may share a name.
		c.Options = append(c.Options, ballot.Option{ID: pr.ID, Name: pr.Name + " (" + pr.ID + ")"})
	}
	made := &poll{Poll: play.Poll{Title: p.Title, Contests: []ballot.Contest{c}, Source: p.Source}, File: p}
	for _, vote := range p.Votes {
		made.Cast = append(made.Cast, ballot.Votes{c.ID: ballot.Vote(vote)})
	}
	return made
}

// generated makes an election of five kinds of contest with so many voters,
// of whom one in twenty votes twice. The same number gives the same votes.
func generated(voters int) *poll {
	made := &poll{Revotes: make(map[int]ballot.Votes), Poll: play.Poll{
		Source: "generated election",
		Title:  "해달군 선거 2027 — Haedal county election",
		Contests: []ballot.Contest{
			{ID: "mayor", Name: "군수 — Mayor", Kind: "choose", Min: 1, Max: 1, Blank: true, Options: []ballot.Option{
				{ID: "kim", Name: "김하늘"}, {ID: "lee", Name: "이바다"}, {ID: "brown", Name: "Amelia Brown"}, {ID: "okafor", Name: "Chidi Okafor"},
			}},
			{ID: "council", Name: "군의회 — County council, three seats", Kind: "choose", Max: 3, Options: []ballot.Option{
				{ID: "park", Name: "박새벽"}, {ID: "choi", Name: "최가람"}, {ID: "jung", Name: "정다온"}, {ID: "kang", Name: "강여울"},
				{ID: "smith", Name: "Nora Smith"}, {ID: "garcia", Name: "José García"}, {ID: "novak", Name: "Žofie Nováková"}, {ID: "rossi", Name: "Luca Rossi"},
			}},
			{ID: "streets", Name: "거리 — What shall we do for the streets?", Kind: "approval", Blank: true, Options: []ballot.Option{
				{ID: "bicycles", Name: "자전거 도로 — bicycle lanes"}, {ID: "trees", Name: "가로수 — trees"}, {ID: "benches", Name: "벤치 — benches"},
				{ID: "lights", Name: "가로등 — street lights"}, {ID: "quiet", Name: "야간 저속 — 30 km/h at night"},
			}},
			{ID: "budget", Name: "예산 — Ten points for the budget, five at most on one item", Kind: "points", Points: 10, Max: 5, Options: []ballot.Option{
				{ID: "school", Name: "학교 — schools"}, {ID: "library", Name: "도서관 — library"}, {ID: "clinic", Name: "보건소 — clinic"}, {ID: "harbour", Name: "항구 — harbour"},
			}},
			{ID: "bridge", Name: "다리 이름 — A name for the new bridge, in order of preference", Kind: "ranked-points", Values: []int{3, 2, 1}, Exact: true, Blank: true, Options: []ballot.Option{
				{ID: "otter", Name: "해달교 — Otter Bridge"}, {ID: "moon", Name: "달빛교 — Moonlight Bridge"}, {ID: "sea", Name: "바다교 — Sea Bridge"},
				{ID: "maple", Name: "단풍교 — Maple Bridge"}, {ID: "sun", Name: "해돋이교 — Sunrise Bridge"},
			}},
		},
	}}
	random := rand.New(rand.NewPCG(2027, uint64(voters)))
	for voter := range voters {
		made.Cast = append(made.Cast, randomVotes(random, made.Contests))
		if voter%20 == 0 {
			made.Revotes[voter] = randomVotes(random, made.Contests)
		}
	}
	return made
}

// randomVotes marks options in a random order, with a liking for the first
// ones. One in sixteen leaves a contest blank where that can be.
func randomVotes(random *rand.Rand, contests []ballot.Contest) ballot.Votes {
	all := make(ballot.Votes)
	for _, c := range contests {
		vote := make(ballot.Vote)
		all[c.ID] = vote
		if c.Blank && random.IntN(16) == 0 {
			continue
		}
		order := random.Perm(len(c.Options))
		for i := 1; i < len(order); i++ {
			if order[i] < order[i-1] && random.IntN(2) == 0 {
				order[i], order[i-1] = order[i-1], order[i]
			}
		}
		switch c.Kind {
		case "choose", "approval":
			most := len(order)
			if c.Max > 0 {
				most = c.Max
			}
			for _, i := range order[:1+random.IntN(most)] {
				vote[c.Options[i].ID] = 1
			}
		case "points":
			left := random.IntN(c.Points + 1)
			for _, i := range order {
				vote[c.Options[i].ID] = min(left, random.IntN(c.Max+1))
				left -= vote[c.Options[i].ID]
			}
		case "ranked-points":
			for rank := range c.Values {
				vote[c.Options[order[rank]].ID] = rank + 1
			}
		}
	}
	return all
}
