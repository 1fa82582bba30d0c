package reason

import (
	"fmt"
	"strings"
	"unicode"
)

// Foreign returns err with a text that can be shown: no more than its first 300
// characters, and of those that do not print a dot. It is for errors that quote
// what a stranger has sent, as those of package net/http do.
func Foreign(err error) error { return foreign{err} }

type foreign struct{ error }

func (f foreign) Error() string {
	return strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return '·'
	}, fmt.Sprintf("%.300s", f.error.Error()))
}

func (f foreign) Unwrap() error { return f.error }
