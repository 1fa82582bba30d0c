package count

// Approval elects whoever is approved on most ballots, where a ballot marks any
// number of candidates with 1.
//
// Source: S. J. Brams and P. C. Fishburn, "Approval Voting", American Political
// Science Review 72 (1978). Ties: lot.
func Approval(e *Election) (*Result, error) {
	in, err := e.check("approval", upTo(1))
	if err != nil {
		return nil, err
	}
	return in.sum("Approval voting", "approvals", itself), nil
}
