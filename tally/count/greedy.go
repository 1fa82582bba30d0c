package count

// Greedy funds projects by points: again and again the one with most points that
// what is left of the budget can pay. A project without points is never funded.
//
// Source: the rule "greedy" of D. Stolicki, S. Szufa and N. Talmon, "Pabulib: A
// Participatory Budgeting Library" (2020), which most cities use. Ties: lower
// cost, then lot.
func Greedy(b *Budget) (*Result, error) {
	f, err := b.check("greedy")
	if err != nil {
		return nil, err
	}
	r := f.result("Participatory budgeting, greedy by points")
	f.greedy(r)
	return r, nil
}
