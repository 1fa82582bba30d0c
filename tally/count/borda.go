package count

// Borda elects whoever has the largest sum of points, where a ballot ranks
// candidates without equal ranks: of n candidates the first preference gets n − 1
// points, the second n − 2, and so on. Those not ranked get none.
//
// Source: J.-C. de Borda, "Mémoire sur les élections au scrutin" (1781). Ties:
// lot.
func Borda(e *Election) (*Result, error) {
	in, err := e.check("Borda", strict)
	if err != nil {
		return nil, err
	}
	n := len(in.names)
	return in.sum("Borda count", "points", func(rank int) int64 { return int64(n - rank) }), nil
}
