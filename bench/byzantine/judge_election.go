package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/hanpyo/hanpyo/internal/entry"
	"github.com/hanpyo/hanpyo/tally"
)

// judgeMissing requires that an error names whose mixes or shares are missing.
func (h *hall) judgeMissing(err error) {
	if err == nil {
		return
	}
	text := err.Error()
	if len(h.mixed) < h.t {
		for j := 1; j <= h.n; j++ {
			name := fmt.Sprintf("mixer %d %q", j, fmt.Sprintf("M%d", j))
			h.expect(strings.Contains(text, name) != slices.Contains(h.mixed, j), "%v have mixed: %v", h.mixed, err)
		}
	}
	for contest, good := range h.good {
		if len(good) >= h.t || contest == motto && len(h.mixed) < h.t {
			continue
		}
		_, after, _ := strings.Cut(text, "contest "+h.e.Manifest.Contests[contest].ID)
		part, _, _ := strings.Cut(after, "; ")
		h.expect(named(errors.New(part), h.n, good), "contest %d has shares of %v: %v", contest, good, err)
	}
}

// judgeResult requires the result that the votes give.
func (h *hall) judgeResult(r *tally.Result) {
	totals := make(map[string]int64)
	for _, t := range r.Contests[mayor].Totals {
		totals[t.ID] = t.Total
	}
	h.expect(totals["ada"] == 2 && totals["bo"] == 1, "mayor: %v", totals)
	h.expect(slices.Equal(r.Contests[motto].Texts, []tally.TextTotal{{Text: "peace", Total: 2}, {Text: "bread", Total: 1}}), "motto: %v", r.Contests[motto].Texts)
}

// judgeReport requires that the audit finds everything that cheaters did, and
// blames nobody else.
func (h *hall) judgeReport(ctx context.Context, r *tally.Report, complete bool) error {
	m, blamed := h.model(phases), false
	for j := 1; j <= h.n; j++ {
		for at := confirm; at <= certify; at++ {
			since, isOut := m.out[j]
			d := h.deed(j, at)
			blamed = blamed || d != nil && d.forks && (at == confirm || !isOut || since == certify)
		}
	}
	for index, x := range h.posts {
		if x.reason == nil || x.foreign {
			continue
		}
		found := false
		for _, c := range r.Checks {
			for _, f := range c.Findings {
				if f.Entry == nil || *f.Entry != index {
					continue
				}
				right := slices.ContainsFunc(append(x.reasons, x.reason), func(reason error) bool { return errors.Is(f.Err, reason) })
				found = found || right && f.Refused == (x.check == "") && (x.check == "" || x.check == c.ID)
				h.expect(right, "entry %d, which is %v: %v", index, x.reason, f.Err)
			}
		}
		h.expect(found, "entry %d is not in the report as %v (%s)", index, x.reason, x.check)
		blamed = blamed || x.check != ""
	}
	for j := range m.out {
		h.expect(slices.ContainsFunc(r.Check("keys.ceremony").Findings, func(f tally.Finding) bool {
			return !f.Refused && strings.Contains(f.Err.Error(), fmt.Sprintf("trustee %d %q", j, fmt.Sprintf("T%d", j)))
		}), "the report does not name trustee %d, who is out of the ceremony", j)
	}
	h.expect(r.Verified() == (complete && !blamed), "verified: %v, although complete: %v, cheaters blamed: %v\n%s", r.Verified(), complete, blamed, r.Text())
	return h.judgeBlame(ctx, r)
}

// judgeBlame requires that every entry that an audit blames is a cheater's.
func (h *hall) judgeBlame(ctx context.Context, r *tally.Report) error {
	for _, c := range r.Checks {
		for _, f := range c.Findings {
			if f.Entry == nil || f.Refused {
				continue
			}
			for en, err := range h.log.Entries(ctx, *f.Entry, *f.Entry+1) {
				if err != nil {
					return err
				}
				x, cheated := h.posts[*f.Entry]
				h.expect(cheated && x.check == c.ID || h.bad[entry.ID(en.Data)], "%s blames entry %d: %v", c.ID, *f.Entry, f.Err)
			}
		}
	}
	return nil
}
