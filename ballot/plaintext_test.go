package ballot

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
	"go.dedis.ch/kyber/v3"
	"go.dedis.ch/kyber/v3/util/random"

	"github.com/hanpyo/hanpyo/elgamal"
	"github.com/hanpyo/hanpyo/internal/reason"
)

// groupNames are the groups that manifests name.
var groupNames = []string{"ristretto255", "P-256"}

// mixedDescription is a valid manifest with these contests, at least one of
// which is mixed, the same on every call.
func mixedDescription(t testing.TB, group string, contests ...Contest) Manifest {
	d := testDescription(t, group)
	d.Limits = Limits{MaxVoters: 1000}
	d.Contests, d.Styles = contests, []Style{{ID: "all", Name: "All"}}
	for i := range contests {
		d.Styles[0].Contests = append(d.Styles[0].Contests, i)
	}
	d.Mixers, d.Mixes = []Mixer{{"Archive", testKey("archive")}, {"Trésor", testKey("trésor")}}, 2
	return d
}

// mixedContest returns a contest of a checked manifest.
func mixedContest(t testing.TB, group string, c Contest) *Contest {
	m, err := NewManifest(mixedDescription(t, group, c))
	require.NoError(t, err)
	return &m.Contests[0]
}

func manyChoices(n int) (options []Option) {
	for i := range n {
		options = append(options, Option{fmt.Sprintf("o%d", i), fmt.Sprintf("Choice %04d", i+1000)})
	}
	return options
}

func rankingOf(options, low, high int) Contest {
	return Contest{ID: "chair", Name: "Chair", Kind: "mixed-ranking", Min: low, Max: high, CountBy: "schulze", Plaintexts: PlaintextsPublic, Options: manyChoices(options)}
}

func textOf(options, most int) Contest {
	return Contest{ID: "ship", Name: "Ship", Kind: "write-in", Max: most, Plaintexts: PlaintextsPublic, Options: manyChoices(options)}
}

// embedded embeds a plaintext that may be longer than the contest's.
func embedded(t testing.TB, c *Contest, plain []byte) []kyber.Point {
	p, err := embedPlaintext(c.group, plain)
	require.NoError(t, err)
	return p
}

// firstRanks ranks so many options, the last one first.
func firstRanks(c *Contest, ranks int) Vote {
	v := make(Vote)
	for i := range ranks {
		v[c.Options[len(c.Options)-1-i].ID] = i + 1
	}
	return v
}

func TestPlaintextRoundTrip(t *testing.T) {
	for _, group := range groupNames {
		try := func(c *Contest, v Vote) {
			t.Helper()
			plain, err := c.Encode(v)
			require.NoError(t, err)
			require.Len(t, plain, c.PlaintextLen())
			row := embedded(t, c, plain)
			_, columns := c.Columns()
			require.Len(t, row, columns)
			require.Equal(t, (c.PlaintextLen()+28)/29, columns)
			got, err := c.OpenPlaintext(row)
			require.NoError(t, err)
			require.Equal(t, v, got)
			again, err := c.Encode(got)
			require.NoError(t, err)
			require.Equal(t, plain, again)
		}
		for _, high := range []int{1, 2, 28, 29, 30, 57, 58, 59, 255} {
			if testing.Short() && high > 59 {
				continue
			}
			for _, blank := range []bool{false, true} {
				of := rankingOf(max(2, high), 0, high)
				of.Blank = blank
				c := mixedContest(t, group, of)
				for _, ranks := range []int{0, 1, high - 1, high} {
					try(c, firstRanks(c, ranks))
				}
			}
		}
		for _, most := range []int{1, 27, 28, 29, 56, 57, 58, maxText} {
			c := mixedContest(t, group, textOf(255, most))
			for _, length := range []int{1, most - 1, most} {
				if length > 0 && (length == most || most < maxText) {
					try(c, Vote{strings.Repeat("x", length): 1})
				}
			}
			if most > 2 {
				try(c, Vote{strings.Repeat("é", most/2): 1})
				try(c, Vote{"한표"[:3*min(2, most/3)]: 1})
			}
			try(c, Vote{"o0": 1})
			try(c, Vote{"o254": 1})
		}
		of := textOf(0, 5)
		of.Blank = true
		try(mixedContest(t, group, of), Vote{})
	}
}

// The device normalises what is typed; what is opened has to be normal.
func TestTextIsNormalised(t *testing.T) {
	c := mixedContest(t, "ristretto255", textOf(1, 40))
	typed, err := c.Encode(Vote{"Cafe\u0301": 1, "o0": 0})
	require.NoError(t, err)
	want, err := c.Encode(Vote{"Café": 1})
	require.NoError(t, err)
	require.Equal(t, want, typed)
	v, err := c.OpenPlaintext(embedded(t, c, typed))
	require.NoError(t, err)
	require.Equal(t, Vote{"Café": 1}, v)
}

// Every plaintext that a device would not have written is invalid.
func TestP35P38InvalidPlaintexts(t *testing.T) {
	text := func(s string) []byte { return append([]byte{0}, s...) }
	ranking := func() Contest { return rankingOf(4, 1, 3) }
	written := func() Contest { return textOf(2, 40) }
	blank := func(c Contest) Contest { c.Blank = true; return c }
	for _, test := range []struct {
		name    string
		contest Contest
		good    []byte // what is like it and valid
		plain   []byte
		reason  error
	}{
		{"unknown option", ranking(), []byte{4}, []byte{5}, reason.ErrRange},
		{"unknown option, later", ranking(), []byte{1, 2, 4}, []byte{1, 2, 255}, reason.ErrRange},
		{"option twice", ranking(), []byte{1, 2}, []byte{2, 2}, reason.ErrShape},
		{"option twice, then another", ranking(), []byte{1, 2, 3}, []byte{2, 2, 3}, reason.ErrShape},
		{"first option again", ranking(), []byte{1, 2, 3}, []byte{1, 2, 1}, reason.ErrShape},
		{"gap", ranking(), []byte{1, 2}, []byte{1, 0, 2}, reason.ErrEncoding},
		{"no first preference", blank(ranking()), []byte{}, []byte{0, 1}, reason.ErrEncoding},
		{"more ranks than allowed", ranking(), []byte{1, 2, 3}, []byte{1, 2, 3, 4}, reason.ErrEncoding},
		{"padding", ranking(), []byte{1}, append(make([]byte, 28), 1), reason.ErrEncoding},
		{"padding behind a vote", ranking(), []byte{1}, append([]byte{1}, append(make([]byte, 20), 9)...), reason.ErrEncoding},
		{"nothing", ranking(), []byte{1}, nil, reason.ErrRange},
		{"too few", rankingOf(4, 2, 4), []byte{2, 1}, []byte{2}, reason.ErrRange},

		{"unknown option of a write-in", written(), []byte{2}, []byte{3}, reason.ErrRange},
		{"option and text", written(), []byte{1}, []byte{1, 'x'}, reason.ErrEncoding},
		{"option and a late byte", written(), []byte{1}, append([]byte{1}, append(make([]byte, 39), 'x')...), reason.ErrEncoding},
		{"no mark", written(), text("x"), nil, reason.ErrShape},
		{"text that is an option's id", written(), text("o2"), text("o1"), reason.ErrEncoding},
		{"text that is nearly an option's id", written(), text("O1"), text("o1 "), reason.ErrEncoding},
		{"over-long text", written(), text(strings.Repeat("x", 40)), text(strings.Repeat("x", 41)), reason.ErrEncoding},
		{"padding behind a text", written(), text("x"), append(text("x"), append(make([]byte, 50), 'y')...), reason.ErrEncoding},
		{"a zero inside", written(), text("x y"), text("x\x00y"), reason.ErrEncoding},
		{"a zero in front", blank(written()), nil, text("\x00y"), reason.ErrEncoding},
		{"not UTF-8", written(), text("\u00ff"), text("\xff"), reason.ErrEncoding},
		{"overlong UTF-8", written(), text("/"), text("\xc0\xaf"), reason.ErrEncoding},
		{"half a character", written(), text("é"), text("é"[:1]), reason.ErrEncoding},
		{"a surrogate", written(), text("\ufffd"), text("\xed\xa0\x80"), reason.ErrEncoding},
		{"not in normal form", written(), text("é"), text("e\u0301"), reason.ErrEncoding},
		{"compatible, not normal", written(), text("Å"), text("\u212b"), reason.ErrEncoding},
		{"control character", written(), text("a b"), text("a\nb"), reason.ErrEncoding},
		{"delete", written(), text("ab"), text("a\x7fb"), reason.ErrEncoding},
		{"C1 control", written(), text("a¡"), text("a\u0085"), reason.ErrEncoding},
		{"zero width", written(), text("ab"), text("a\u200bb"), reason.ErrEncoding},
		{"right to left override", written(), text("ab"), text("a\u202eb"), reason.ErrEncoding},
		{"no-break space", written(), text("a b"), text("a\u00a0b"), reason.ErrEncoding},
		{"private", written(), text("a"), text("\ue000"), reason.ErrEncoding},
		{"not assigned", written(), text("\u0377"), text("\u0378"), reason.ErrEncoding},
		{"not assigned in Unicode 15", written(), text("\U0001e4d0"), text("\U000105c0"), reason.ErrEncoding},
		{"no character", written(), text("\ufffd"), text("\uffff"), reason.ErrEncoding},
		{"space in front", written(), text("x"), text(" x"), reason.ErrEncoding},
		{"space behind", written(), text("x"), text("x "), reason.ErrEncoding},
		{"two spaces", written(), text("x y"), text("x  y"), reason.ErrEncoding},
		{"only a space", written(), text("x"), text(" "), reason.ErrEncoding},
		{"many marks", written(), text("x" + strings.Repeat("\u0323", 4)), text("x" + strings.Repeat("\u0323", 5)), reason.ErrEncoding},
	} {
		for _, group := range groupNames {
			c := mixedContest(t, group, test.contest)
			// The good one is cut to the contest's length, the bad one to its columns.
			_, columns := c.Columns()
			fill := func(b []byte, n int) []byte { return append(slices.Clone(b), make([]byte, n-len(b))...) }
			_, err := c.OpenPlaintext(embedded(t, c, fill(test.good, c.PlaintextLen())))
			require.NoError(t, err, test.name)
			v, err := c.OpenPlaintext(embedded(t, c, fill(test.plain, columns*elgamal.EmbedLen)))
			require.ErrorIs(t, err, test.reason, test.name)
			require.True(t, strings.HasPrefix(err.Error(), "ballot: contest "+c.ID+": plaintext "), err)
			require.Nil(t, v)
		}
	}
}

// A point carries its bytes in one way only.
func TestInvalidPoints(t *testing.T) {
	for k, group := range groupNames {
		c := mixedContest(t, group, textOf(2, 40))
		g := c.group
		plain, err := c.Encode(Vote{"Lady of the Lake": 1})
		require.NoError(t, err)
		good := embedded(t, c, plain)
		require.Len(t, good, 2)
		_, err = c.OpenPlaintext(good)
		require.NoError(t, err)

		// The same bytes with another counter, and fewer bytes.
		again := g.Point().Embed(slices.Clone(plain[:elgamal.EmbedLen]), random.New())
		data, err := again.Data()
		require.NoError(t, err)
		require.Equal(t, plain[:elgamal.EmbedLen], data)
		short := g.Point().Embed(plain[:elgamal.EmbedLen-1], random.New())
		stranger, err := elgamal.GroupByName(groupNames[1-k])
		require.NoError(t, err)
		for name, test := range map[string]struct {
			points []kyber.Point
			reason error
		}{
			"another counter":       {[]kyber.Point{again, good[1]}, reason.ErrEncoding},
			"fewer bytes":           {[]kyber.Point{short, good[1]}, reason.ErrEncoding},
			"random":                {[]kyber.Point{g.HashToPoint("test", []byte("random")), good[1]}, reason.ErrEncoding},
			"random at the end":     {[]kyber.Point{good[0], g.HashToPoint("test", []byte("random"))}, reason.ErrEncoding},
			"negative":              {[]kyber.Point{g.Point().Neg(good[0]), good[1]}, reason.ErrEncoding},
			"tagged":                {[]kyber.Point{g.Point().Add(good[0], g.Base()), good[1]}, reason.ErrEncoding},
			"identity":              {[]kyber.Point{g.Point(), good[1]}, reason.ErrEncoding},
			"base":                  {[]kyber.Point{g.Base(), good[1]}, reason.ErrEncoding},
			"exchanged":             {[]kyber.Point{good[1], good[0]}, reason.ErrEncoding}, // a text that starts with zeros
			"one point":             {good[:1], reason.ErrShape},
			"three points":          {append(slices.Clone(good), good[1]), reason.ErrShape},
			"no points":             {nil, reason.ErrShape},
			"nil":                   {[]kyber.Point{nil, good[1]}, reason.ErrGroup},
			"another group's point": {[]kyber.Point{stranger.Base(), good[1]}, reason.ErrGroup},
		} {
			v, err := c.OpenPlaintext(test.points)
			require.ErrorIs(t, err, test.reason, name)
			require.Nil(t, v)
		}
	}
	m, err := NewManifest(testDescription(t, "ristretto255"))
	require.NoError(t, err)
	_, err = m.Contests[0].OpenPlaintext(nil)
	require.ErrorIs(t, err, reason.ErrShape)
	_, columns := m.Contests[0].Columns()
	_, err = m.Contests[0].OpenPlaintext(make([]kyber.Point, columns))
	require.ErrorIs(t, err, reason.ErrShape)
	require.False(t, m.Contests[0].Mixed())
	require.Zero(t, m.Contests[0].PlaintextLen())
	unchecked := textOf(1, 10)
	require.True(t, unchecked.Mixed())
	_, err = unchecked.OpenPlaintext(nil)
	require.ErrorIs(t, err, reason.ErrState)
	_, err = unchecked.Encode(nil)
	require.ErrorIs(t, err, reason.ErrState)
}

func TestP38MixedVotesRefused(t *testing.T) {
	ranking, written := mixedContest(t, "P-256", rankingOf(4, 1, 3)), mixedContest(t, "P-256", textOf(2, 10))
	kelvin := textOf(0, 10)
	kelvin.Options = []Option{{"Kim", "Kim"}}
	for _, test := range []struct {
		contest *Contest
		valid   Vote
		vote    Vote
		reason  error
	}{
		{ranking, Vote{"o0": 1}, Vote{"o0": 2}, reason.ErrShape},
		{ranking, Vote{"o0": 1}, Vote{"o0": -1}, reason.ErrRange},
		{ranking, Vote{"o0": 1, "o1": 2}, Vote{"o0": 1, "o1": 1}, reason.ErrDuplicate},
		{ranking, Vote{"o0": 1, "o1": 2, "o2": 3}, Vote{"o0": 1, "o1": 2, "o2": 3, "o3": 4}, reason.ErrRange},
		{ranking, Vote{"o0": 1, "o1": 0}, Vote{"o1": 0}, reason.ErrRange},
		{ranking, Vote{"o0": 1}, Vote{"Lake": 1}, reason.ErrShape},
		{written, Vote{"Lake": 1}, Vote{"Lake": 2}, reason.ErrRange},
		{written, Vote{"Lake": 1}, Vote{"Lake": -1}, reason.ErrRange},
		{written, Vote{"Lake": 1}, Vote{"Lake": 0}, reason.ErrShape},
		{written, Vote{"Lake": 1}, nil, reason.ErrShape},
		{written, Vote{"Lake": 1}, Vote{"": 1}, reason.ErrEncoding},
		{written, Vote{"Lake": 1}, Vote{"\x00": 1}, reason.ErrEncoding},
		{written, Vote{"Lake": 1}, Vote{"Lake": 1, "Sea": 1}, reason.ErrRange},
		{written, Vote{"o0": 1}, Vote{"o0": 1, "Lake": 1}, reason.ErrRange},
		{written, Vote{"o0": 1}, Vote{"o0": 1, "o1": 1}, reason.ErrRange},
		{written, Vote{"0123456789": 1}, Vote{"0123456789a": 1}, reason.ErrRange},
		{written, Vote{"ééééé": 1}, Vote{"éééééé": 1}, reason.ErrRange},
		{mixedContest(t, "P-256", kelvin), Vote{"Kim": 1}, Vote{"\u212aim": 1}, reason.ErrShape}, // normal form C makes it Kim
	} {
		require.NoError(t, test.contest.Check(test.valid))
		err := test.contest.Check(test.vote)
		require.ErrorIs(t, err, test.reason, "%v", test.vote)
		plain, err := test.contest.Encode(test.vote)
		require.ErrorIs(t, err, test.reason)
		require.Nil(t, plain)
	}
}

func TestCountMixed(t *testing.T) {
	ids := func(c *Contest) (ids []string) {
		for _, r := range c.Results() {
			require.Nil(t, r.Terms)
			ids = append(ids, r.ID)
		}
		return ids
	}
	count := func(c *Contest, votes ...Vote) []int64 {
		totals, err := c.Count(func(yield func(Vote, uint64) bool) {
			for _, v := range votes {
				if !yield(v, 1) {
					return
				}
			}
		})
		require.NoError(t, err)
		return totals
	}
	c := mixedContest(t, "ristretto255", rankingOf(3, 0, 2))
	require.Equal(t, []string{"o0", "o1", "o2", InvalidID}, ids(c))
	require.Equal(t, []int64{1, 0, 2, 0}, count(c, Vote{"o0": 1}, Vote{"o2": 1, "o1": 2}, Vote{"o2": 1}, Vote{}))
	of := rankingOf(2, 0, 0)
	of.Blank = true
	c = mixedContest(t, "ristretto255", of)
	require.Equal(t, 1, c.Min)
	require.Equal(t, 2, c.Max)
	require.Equal(t, []string{"o0", "o1", BlankID, InvalidID}, ids(c))
	require.Equal(t, []int64{0, 1, 2, 0}, count(c, nil, Vote{"o1": 1, "o0": 2}, Vote{"o1": 0}))
	of = textOf(2, 9)
	of.Blank = true
	c = mixedContest(t, "ristretto255", of)
	require.Equal(t, []string{"o0", "o1", WrittenID, BlankID, InvalidID}, ids(c))
	require.Equal(t, []int64{1, 0, 3, 1, 0}, count(c, nil, Vote{"o0": 1}, Vote{"Lake": 1}, Vote{"Lake": 1, "o0": 0}, Vote{"invalid": 1}))
	require.Empty(t, c.Rules())
}

func FuzzOpenPlaintext(f *testing.F) {
	blank := textOf(1, 40)
	blank.Blank = true
	contests := []*Contest{
		mixedContest(f, "ristretto255", rankingOf(5, 1, 4)),
		mixedContest(f, "P-256", rankingOf(40, 0, 30)),
		mixedContest(f, "ristretto255", textOf(3, 28)),
		mixedContest(f, "P-256", blank),
	}
	f.Add(uint8(0), []byte{1, 2, 3, 4})
	f.Add(uint8(1), []byte{40, 1, 39})
	f.Add(uint8(2), []byte("\x00Lady of the Lake"))
	f.Add(uint8(2), []byte{3})
	f.Add(uint8(3), []byte("\x00e\u0301"))
	f.Add(uint8(3), []byte{})
	f.Fuzz(func(t *testing.T, which uint8, data []byte) {
		c := contests[int(which)%len(contests)]
		_, columns := c.Columns()
		all := make([]byte, columns*elgamal.EmbedLen)
		copy(all, data)
		v, err := c.OpenPlaintext(embedded(t, c, all))
		if err != nil {
			require.Nil(t, v)
			n := 0
			for _, r := range []error{reason.ErrEncoding, reason.ErrShape, reason.ErrRange} {
				if strings.HasSuffix(err.Error(), ": "+r.Error()) {
					n++
				}
			}
			require.Equal(t, 1, n, "%v", err)
			return
		}
		again, err := c.Encode(v)
		require.NoError(t, err)
		require.Equal(t, all[:c.PlaintextLen()], again)
		require.Empty(t, bytes.Trim(all[c.PlaintextLen():], "\x00"))
		for text := range v {
			require.True(t, utf8.ValidString(text))
		}
	})
}
