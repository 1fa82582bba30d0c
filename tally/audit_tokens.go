package tally

import (
	"errors"
	"fmt"
	"strings"

	"github.com/hanpyo/hanpyo/ballot"
	"github.com/hanpyo/hanpyo/internal/reason"
)

// The steps of an audit that only elections by tokens need.

func byTokens(m *ballot.Manifest) bool { return m.Eligibility == ballot.EligibilityTokens }

// chooseEligibility puts the checks of tokens in the place of those of a roll.
func (a *audit) chooseEligibility() {
	if !byTokens(a.m) {
		return
	}
	a.exclude("roll.form")
	a.exclude("roll.signed")
	a.include(issuance)
	a.include(tokensUsed)
	a.retitle("ballot.eligible", "their credentials have all tokens")
}

// rollCheck is the check about what the open entry says of the voters.
func (a *audit) rollCheck() string {
	if byTokens(a.m) {
		return issuance
	}
	return "roll.form"
}

// issued reports that the open entry is about the tokens that the registrars
// have published.
func (a *audit) issued() {
	if !byTokens(a.m) {
		return
	}
	a.pass(issuance, fmt.Sprintf("%s, %s", plural(uint64(len(a.m.Registrars.Keys)), "registrar", "registrars"),
		plural(uint64(len(a.e.Issuance().Classes())), "class", "classes")))
}

// tokens compares for each class how many credentials have voted with how many
// tokens each registrar says it has issued. That these are no more than voters
// who could have had one is a condition of the registrar's entry.
func (a *audit) tokens() {
	if !byTokens(a.m) {
		return
	}
	used, all := a.state.Credentials(), a.e.Issuance()
	var numbers []string
	for _, class := range all.Classes() {
		var issued, eligible []string
		for i := range a.m.Registrars.Keys {
			said, _, err := all.Issued(i)
			if err != nil {
				a.fail(tokensUsed, &a.open, err) // cannot be: the election was opened
				return
			}
			n := said.Tokens(class)
			if used[class] > n {
				a.fail(tokensUsed, nil, fmt.Errorf("tally: style %s, weight %d: %d tokens of registrar %d used, %d issued: %w", class.Style, class.Weight, used[class], i+1, n, reason.ErrEligibility))
			}
			issued, eligible = append(issued, number(n)), append(eligible, number(said.Eligible[class]))
		}
		numbers = append(numbers, fmt.Sprintf("%s of weight %d: %s used, %s issued, %s eligible",
			class.Style, class.Weight, number(used[class]), strings.Join(issued, "+"), strings.Join(eligible, "+")))
	}
	a.pass(tokensUsed, strings.Join(numbers, "; "))
}

// isIssuance reports whether an election could not be loaded because of what
// the registrars have published.
func isIssuance(err error) bool {
	var e *ballot.IssuanceError
	return errors.As(err, &e)
}
