package count

import "fmt"

// Score elects whoever has the largest sum of points, where a ballot gives every
// candidate 0 to most points.
//
// Source: W. D. Smith, "Range voting" (2000), with sums instead of averages: no
// mark is 0 points. Ties: lot.
func Score(e *Election, most int) (*Result, error) {
	if most < 1 || most > MaxMark {
		return nil, fmt.Errorf("count: score: scale of %d points: %w", most, ErrRange)
	}
	in, err := e.check("score", upTo(most))
	if err != nil {
		return nil, err
	}
	return in.sum("Score voting", "points", itself), nil
}
