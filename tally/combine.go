package tally

import (
	"context"
	"fmt"
	"slices"

	"go.dedis.ch/kyber/v3"

	"github.com/hanpyo/hanpyo/ballot"
	"github.com/hanpyo/hanpyo/elgamal"
	"github.com/hanpyo/hanpyo/internal/reason"
	"github.com/hanpyo/hanpyo/ledger"
)

// Combine computes the result from the ledger alone: it reads and checks the
// whole ledger like [Decrypt], takes the trustees' shares from it, and combines
// any t of them that hold. Shares that do not hold, or come late or twice, are
// named in the result and take nothing from the others.
//
// The error is ErrState before the close and the pin, and ErrQuorum, naming
// whose shares are missing for which contest, as long as they are too few.
func Combine(ctx context.Context, e *ballot.Election, r ledger.Reader) (*Result, error) {
	c, err := readClosing(ctx, e, r, work{})
	if err != nil {
		return nil, err
	}
	pin, err := c.pin(ctx)
	if err != nil {
		return nil, err
	}
	book, err := c.readShares(ctx, pin)
	if err != nil {
		return nil, err
	}
	if err := book.complete(); err != nil {
		return nil, err
	}
	return book.combine(ctx)
}

// combine computes the result from enough shares.
func (b *shareBook) combine(ctx context.Context) (*Result, error) {
	c := b.c
	if err := c.checkWeights(); err != nil {
		return nil, err
	}
	result := c.newResult()
	table := elgamal.NewLogTable(c.e.Group, c.widest())
	for i := range result.Contests {
		if c.disposition(i) != decrypted {
			continue
		}
		if c.e.Manifest.Contests[i].Mixed() {
			p, err := b.openMixed(ctx, i)
			if err != nil {
				return nil, err
			}
			if err := result.Contests[i].fill(&c.e.Manifest.Contests[i], p); err != nil {
				return nil, err
			}
			continue
		}
		totals, err := b.open(i, table)
		if err != nil {
			return nil, err
		}
		for k, total := range totals {
			result.Contests[i].Totals[k].Total = total
		}
	}
	for _, s := range b.shares {
		if s.err != nil {
			result.RefusedShares = append(result.RefusedShares, c.refusedShare(s))
		}
	}
	return result, nil
}

// open decrypts the result rows of a contest with the shares of t trustees:
//
//	M_k = Σᵢ ℓ_kᵢ·Bᵢ − Σⱼ Lⱼ·D_k⁽ʲ⁾
//
// where Lⱼ are the Lagrange coefficients at 0, and looks up M_k = total·G.
func (b *shareBook) open(contest int, table *elgamal.LogTable) ([]int64, error) {
	c, g := b.c, b.c.e.Group
	trustees, lagrange, err := b.combiners(contest)
	if err != nil {
		return nil, err
	}
	var totals []int64
	for k, row := range c.e.Manifest.Contests[contest].Results() {
		points := make([]kyber.Point, len(trustees))
		for j, trustee := range trustees {
			points[j] = b.good[contest][trustee].points[k]
		}
		m := combine(g, row, c.sums[contest].row.B)
		m.Sub(m, g.MultiScalarMulVarTime(lagrange, points))
		low, high := c.bounds(contest, row)
		total, err := table.Log(m, low, high)
		if err != nil {
			return nil, fmt.Errorf("tally: contest %s, %s: %w", c.e.Manifest.Contests[contest].ID, row.ID, err)
		}
		totals = append(totals, total)
	}
	return totals, nil
}

// combiners returns t trustees whose shares to combine, and their Lagrange
// coefficients.
func (b *shareBook) combiners(contest int) (trustees []int, lagrange []kyber.Scalar, err error) {
	for trustee, s := range b.good[contest] {
		if s.rows == nil || s.rows.points != nil {
			trustees = append(trustees, trustee)
		}
	}
	slices.Sort(trustees)
	trustees = trustees[:b.c.e.Manifest.Threshold]
	if lagrange, err = elgamal.LagrangeAtZero(b.c.e.Group, trustees); err != nil {
		return nil, nil, fmt.Errorf("tally: %w", err)
	}
	return trustees, lagrange, nil
}

// openMixed decrypts the rows of a mixed contest with the shares of t trustees.
func (b *shareBook) openMixed(ctx context.Context, contest int) (*plaintexts, error) {
	c := b.c
	trustees, lagrange, err := b.combiners(contest)
	if err != nil {
		return nil, err
	}
	var shares []*rowShare
	for _, trustee := range trustees {
		shares = append(shares, b.good[contest][trustee].rows)
	}
	p := newPlaintexts(&c.e.Manifest.Contests[contest])
	if err := openRows(ctx, c.e.Group, c.work.workers, c.mixing.chains[contest].last, lagrange, shares, p.open); err != nil {
		return nil, fmt.Errorf("tally: %w", err)
	}
	return p, nil
}

// bounds returns the least and the greatest total that the counted ballots of
// a contest can give to a result row. Every one of them adds at least Low and
// at most High, times its weight; their weight is at most the manifest's
// maximum (checkWeights), for which that was checked.
func (c *closing) bounds(contest int, row ballot.ResultRow) (low, high int64) {
	weight := int64(c.sums[contest].weight)
	return weight * row.Low, weight * row.High
}

// checkWeights requires that what is added up weighs no more than the manifest
// allows all voters together (ErrRange), so that the search for a total ends: by
// roll it cannot weigh more, but by tokens all registrars together can sign for
// any number of credentials, whatever they have published.
func (c *closing) checkWeights() error {
	for i := range c.sums {
		if c.disposition(i) != decrypted || c.e.Manifest.Contests[i].Mixed() {
			continue
		}
		if weight, limit := c.sums[i].weight, c.e.Manifest.Limits.MaxWeight; weight > limit {
			return fmt.Errorf("tally: contest %s: the ballots that count weigh %d, all voters together at most %d: %w", c.e.Manifest.Contests[i].ID, weight, limit, reason.ErrRange)
		}
	}
	return nil
}

// widest returns how many values the widest result row has, over all contests:
// the one table of logarithms serves them all.
func (c *closing) widest() uint64 {
	width := uint64(1)
	for i := range c.sums {
		if c.disposition(i) != decrypted || c.e.Manifest.Contests[i].Mixed() {
			continue
		}
		for _, row := range c.e.Manifest.Contests[i].Results() {
			low, high := c.bounds(i, row)
			width = max(width, uint64(high-low)+1)
		}
	}
	return width
}
