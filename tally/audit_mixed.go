package tally

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hanpyo/hanpyo/internal/reason"
)

// The steps of an audit that only mixed contests need.

// mixes judges the mixes.
func (a *audit) mixes() {
	if !mixed(a.m) {
		return
	}
	good, all := 0, a.c.mixes()
	for _, x := range all {
		switch {
		case x.err == nil:
			good++
		case x.failed == "":
			a.refuse(mixChain, x.index, x.err)
		default:
			err := fmt.Errorf("mixer %d %q: %w", x.mixer, a.m.Mixers[x.mixer-1].Name, x.err)
			if x.failed == mixInput { // whoever forks a ledger can show an honest mixer other rows
				err = fmt.Errorf("mixed what may have been shown to %w", err)
			}
			a.fail(x.failed, &x.index, err)
		}
	}
	contests := 0
	var unmixed, incomplete []string
	for _, ch := range a.c.mixing.chains {
		if ch == nil {
			continue
		}
		contests++
		if lack := ch.lack(); lack != "" {
			incomplete = append(incomplete, lack)
		}
		if len(ch.mixers) == 0 {
			unmixed = append(unmixed, ch.place.Contest)
		}
	}
	if len(unmixed) > 0 {
		a.missing(fmt.Errorf("tally: no mix that holds of contest %s: %w", strings.Join(unmixed, ", "), reason.ErrIncomplete), mixInput, mixChain, mixShuffle)
	} else {
		a.pass(mixInput, plural(uint64(contests), "contest", "contests"))
		a.pass(mixChain, fmt.Sprintf("%d of %d", good, len(all)))
		a.pass(mixShuffle, plural(uint64(good), "mix", "mixes"))
	}
	if len(incomplete) > 0 {
		a.missing(fmt.Errorf("tally: %s: %w", strings.Join(incomplete, "; "), reason.ErrQuorum), mixQuorum)
	} else {
		a.pass(mixQuorum, fmt.Sprintf("%d of %d mixers, %s", a.m.Mixes, len(a.m.Mixers), plural(uint64(contests), "contest", "contests")))
	}
}

// compareMixed compares what is published of mixed contests beside totals: who
// is elected, in what order, and the digest of the plaintexts.
func (a *audit) compareMixed(published *resultEntry) {
	if !mixed(a.m) {
		return
	}
	ranked := 0
	for i := range a.m.Contests {
		theirs, mine := &published.result.Contests[i], &a.report.Result.Contests[i]
		if theirs.mixed == nil || mine.mixed == nil {
			continue
		}
		if theirs.mixed.plaintexts != mine.mixed.plaintexts {
			a.fail("tally.sum", &published.index, differing("contest "+mine.ID+", plaintexts",
				fmt.Sprintf("%x…", theirs.mixed.plaintexts[:4]), fmt.Sprintf("%x…", mine.mixed.plaintexts[:4])))
		}
		if !mine.mixed.ranking {
			continue
		}
		ranked++
		if !slices.Equal(theirs.mixed.elected, mine.mixed.elected) {
			a.fail(counted, &published.index, differing("contest "+mine.ID+", elected", nobodyOr(theirs.Elected), nobodyOr(mine.Elected)))
		}
	}
	a.pass(counted, plural(uint64(ranked), "contest", "contests"))
}

func nobodyOr(ids []string) string {
	if len(ids) == 0 {
		return "nobody"
	}
	return strings.Join(ids, ", ")
}
