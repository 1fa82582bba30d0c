package ballot

// kind is what a kind of contest has to say for itself. A kind is one small
// value; kinds lists them all.
type kind interface {
	// params names the contest fields that the kind uses besides options and
	// blank, in the order of the manifest's canonical bytes. Those that may be
	// left out of a manifest end in a question mark.
	params() []string
	// compile checks the contest's fields, sets defaults, allots slots and
	// states rules and result rows.
	compile(c *Contest, l *layout) error
	// check returns which rule a vote breaks, in words; marked counts the
	// options with a mark that is not zero. A blank vote does not come here.
	check(c *Contest, v Vote, marked int) error
	// mark writes the content of a checked vote: the slots that follow from it
	// directly, while slacks are filled in later, or the plaintext. A blank vote
	// does not come here.
	mark(c *Contest, v Vote, content []uint8)
	// count returns what a checked vote adds to each of the kind's result rows.
	// It knows nothing of slots. A blank vote does not come here.
	count(c *Contest, v Vote) []int64
}

// mixedKind is a kind whose content is a plaintext, to be mixed, instead of
// slots.
type mixedKind interface {
	kind
	// read returns the vote that a plaintext of the right length means, if it
	// is what mark would write.
	read(c *Contest, plain []uint8) (Vote, error)
}

var kinds = map[string]kind{
	"choose":        choose{},
	"approval":      approval{},
	"referendum":    referendum{},
	"points":        points{},
	"score":         score{},
	"star":          star{},
	"quadratic":     quadratic{},
	"judgement":     judgement{},
	"ranked-points": rankedPoints{},
	"ranking":       ranking{},
	"pairwise":      pairwise{},
	"lists":         lists{},
	"equations":     equations{},
	"mixed-ranking": mixedRanking{},
	"write-in":      writeIn{},
}

// perOption is the count of a kind with one result row for each option.
func perOption(c *Contest, v Vote, value func(mark int) int64) []int64 {
	rows := make([]int64, len(c.Options))
	for i, o := range c.Options {
		rows[i] = value(v[o.ID])
	}
	return rows
}

// itself is the value of a mark that counts as the number it is.
func itself(mark int) int64 { return int64(mark) }
