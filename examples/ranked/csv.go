package main

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/hanpyo/hanpyo/examples/internal/play"
)

// rankings are ballots of a file of comma-separated values, read by the rule of
// clean.
type rankings struct {
	Source     string // the file's name
	Candidates []string
	Places     int     // how many candidates a ballot can rank
	Ballots    [][]int // candidates, the first preference first; none is a blank ballot
	Cleaned    int     // ballots with something that was passed over
}

// What a ballot has at a rank instead of a candidate.
const (
	nobody  = -1 // skipped
	several = -2 // an overvote
)

// clean returns what a ballot says that has these candidates at its ranks, and
// whether something was passed over. Ranks that are skipped, that several
// candidates share or that repeat a candidate are passed over: the next
// candidate moves up. Minneapolis counts by this rule (Code of Ordinances,
// 167.60(c)(2) as amended in 2013); elsewhere an overvote ends the ranking.
func clean(ranks []int) (ranking []int, cleaned bool) {
	for i, candidate := range ranks {
		switch {
		case candidate >= 0 && !slices.Contains(ranking, candidate):
			cleaned = cleaned || len(ranking) < i
			ranking = append(ranking, candidate)
		case candidate != nobody:
			cleaned = true
		}
	}
	return ranking, cleaned
}

// readRankings reads the file at path, of 64 MiB at most.
func readRankings(path string) (*rankings, error) {
	data, err := play.ReadFile(path)
	if err != nil {
		return nil, err
	}
	return parseRankings(filepath.Base(path), data)
}

// parseRankings reads one of two forms, with a byte order mark or without:
//
//   - a table of ranks. The first line has the candidates after an empty cell;
//     every other line the ballot's number, then for each candidate the rank,
//     or nothing. Candidates with one name get a number behind it.
//   - lines of names. The first line is rank1, rank2, …; every other line has
//     who stands at each rank, or "undervote" or "overvote".
func parseRankings(name string, data []byte) (*rankings, error) {
	if !utf8.Valid(data) {
		return nil, fmt.Errorf("%s: not valid UTF-8", name)
	}
	data = norm.NFC.Bytes(bytes.TrimPrefix(data, []byte("\ufeff"))) // as manifests have names
	r := csv.NewReader(bytes.NewReader(data))
	lines, err := r.ReadAll()
	var bad *csv.ParseError
	switch {
	case errors.As(err, &bad) && bad.Err == csv.ErrQuote: // which may have been opened lines before
		return nil, fmt.Errorf("%s:%d: %w", name, bad.StartLine, bad.Err)
	case errors.As(err, &bad):
		return nil, fmt.Errorf("%s:%d: %w", name, bad.Line, bad.Err)
	case err != nil:
		return nil, fmt.Errorf("%s: %w", name, err)
	case len(lines) == 0:
		return nil, fmt.Errorf("%s: empty", name)
	}
	out := &rankings{Source: name}
	head, lines := lines[0], lines[1:]
	switch {
	case head[0] == "" && len(head) > 1:
		err = out.readTable(head[1:], lines)
	case isRanks(head):
		err = out.readNames(len(head), lines)
	default:
		err = errors.New("the first line is neither candidates after an empty cell nor rank1, rank2, …")
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return out, nil
}

var rankHead = regexp.MustCompile(`^(?i:rank) ?([1-9][0-9]*)$`)

// isRanks reports whether a line is rank1, rank2 and so on.
func isRanks(line []string) bool {
	for i, cell := range line {
		m := rankHead.FindStringSubmatch(cell)
		if m == nil || m[1] != strconv.Itoa(i+1) {
			return false
		}
	}
	return true
}

func (r *rankings) readTable(names []string, lines [][]string) error {
	for i, name := range names {
		if name == "" {
			return fmt.Errorf("candidate %d has no name", i+1)
		}
		r.Candidates = append(r.Candidates, unused(name, r.Candidates))
	}
	r.Places = len(names)
	for i, line := range lines {
		ranks := slices.Repeat([]int{nobody}, r.Places)
		for candidate, cell := range line[1:] {
			if cell == "" {
				continue
			}
			rank, err := strconv.Atoi(cell)
			if err != nil || rank < 1 || rank > r.Places || strconv.Itoa(rank) != cell {
				return fmt.Errorf("ballot %d: %q is not a rank from 1 to %d", i+1, cell, r.Places)
			}
			if ranks[rank-1] == nobody {
				ranks[rank-1] = candidate
			} else {
				ranks[rank-1] = several
			}
		}
		r.add(ranks)
	}
	return nil
}

// unused returns a name, with a number if the others have it already.
func unused(name string, others []string) string {
	numbered := name
	for n := 2; slices.Contains(others, numbered); n++ {
		numbered = name + strconv.Itoa(n)
	}
	return numbered
}

func (r *rankings) readNames(places int, lines [][]string) error {
	marks := map[string]int{"undervote": nobody, "overvote": several}
	for i, line := range lines {
		for rank, name := range line {
			if _, known := marks[name]; known {
				continue
			}
			if strings.TrimSpace(name) == "" {
				return fmt.Errorf("ballot %d: nothing at rank %d", i+1, rank+1)
			}
			marks[name] = len(r.Candidates)
			r.Candidates = append(r.Candidates, name)
		}
	}
	r.Places = min(places, len(r.Candidates))
	for _, line := range lines {
		ranks := make([]int, places)
		for rank, name := range line {
			ranks[rank] = marks[name]
		}
		r.add(ranks)
	}
	return nil
}

func (r *rankings) add(ranks []int) {
	ranking, cleaned := clean(ranks)
	r.Ballots = append(r.Ballots, ranking)
	if cleaned {
		r.Cleaned++
	}
}
