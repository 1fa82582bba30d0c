package count

// Plurality elects whoever is marked on most ballots, where a ballot marks one
// candidate with 1.
//
// Source: the "relative majority" of the common rules, for instance rules 45 and
// 50 of Schedule 1 to the Representation of the People Act 1983. Ties: lot (rule
// 49 there).
func Plurality(e *Election) (*Result, error) {
	in, err := e.check("plurality", one)
	if err != nil {
		return nil, err
	}
	return in.sum("Plurality", "votes", itself), nil
}
