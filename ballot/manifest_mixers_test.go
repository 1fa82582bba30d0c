package ballot

import (
	"bytes"
	"encoding/hex"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hanpyo/hanpyo/elgamal"
	"github.com/hanpyo/hanpyo/internal/entry"
	"github.com/hanpyo/hanpyo/internal/reason"
	"github.com/hanpyo/hanpyo/mixnet"
)

// testMixed is a valid manifest with both mixed kinds beside slots.
func testMixed(t testing.TB, group string) Manifest {
	d := mixedDescription(t, group, rankingOf(3, 0, 0), testDescription(t, group).Contests[0], textOf(2, 60))
	d.Contests[2].Blank = true
	return d
}

// The ids are on ledgers: a change of them is another protocol version.
func TestMixedManifestForms(t *testing.T) {
	for group, id := range map[string]string{
		"ristretto255": "030e4fc0cd29a614d93881fc52dbeeddce3bb84235ce03c9a4e210b2d1946091",
		"P-256":        "6b5ace5b1c2d516e3806ae0d8bc550abd015537dc1b5188985adc1107785d97e",
	} {
		m, err := NewManifest(testMixed(t, group))
		require.NoError(t, err)
		sameManifest(t, m)
		got := m.ID()
		require.Equal(t, id, hex.EncodeToString(got[:]), group)
		require.Equal(t, "Trésor", m.Mixers[1].Name)
	}
	d := testMixed(t, "P-256")
	d.Mixes, d.SingleMixer = 1, true
	d.Contests[2].Options = nil
	d.Ledger.Witnesses, d.Ledger.Quorum = witnessKeys(t, 3), 2
	d.Mixers[0].Name = "Tre\u0301sorerie"
	m, err := NewManifest(d)
	require.NoError(t, err)
	sameManifest(t, m)
	require.Equal(t, "Trésorerie", m.Mixers[0].Name)
	d.Mixers[0].Signing[0] ^= 1
	sameManifest(t, m)
}

func TestMixedColumns(t *testing.T) {
	m, err := NewManifest(testMixed(t, "ristretto255"))
	require.NoError(t, err)
	for i, want := range [][4]int{{0, 1, 3, 1}, {1, 4, 0, 0}, {5, 3, 61, 1}} {
		c := &m.Contests[i]
		first, count := c.Columns()
		mixed := 0
		if c.Mixed() {
			mixed = 1
		}
		require.Equal(t, want, [4]int{first, count, c.PlaintextLen(), mixed})
	}
	require.Equal(t, 8, m.Columns())
	require.Equal(t, 8, m.Ceremony().Columns)
	require.Equal(t, []int{0, 1, 2, 3, 4, 5, 6, 7}, m.RowColumns(0))
	start, ok := m.RowStart(0, 1)
	require.True(t, ok)
	require.Equal(t, 1, start)
	start, ok = m.RowStart(0, 2)
	require.True(t, ok)
	require.Equal(t, 5, start)
	rules := m.RowRules(0)
	require.Len(t, rules, 1)
	require.Len(t, rules[0].Terms, 4)
	for _, term := range rules[0].Terms {
		require.GreaterOrEqual(t, term.Slot, 1)
		require.Less(t, term.Slot, 5)
	}
	content, err := m.EncodeVotes(0, Votes{"chair": {"o2": 1, "o0": 2}, "mayor": {"haddad": 1}, "ship": {"Lake": 1}})
	require.NoError(t, err)
	require.Equal(t, append([]byte{3, 1, 0}, append(append([]byte{0, 0, 1, 0, 0}, "Lake"...), make([]byte, 56)...)...), content)
}

// Every rejection changes one thing of a valid description.
func TestMixedManifestRefuses(t *testing.T) {
	for _, test := range []struct {
		name   string
		change func(*Manifest)
		reason error
		text   string
	}{
		{"no mixers", func(m *Manifest) { m.Mixers = nil }, reason.ErrShape, "mixers are none, and contest chair is mixed"},
		{"no number", func(m *Manifest) { m.Mixes = 0 }, reason.ErrRange, "mixers.needed is 0 and must be between 1 and the number of mixers, 2"},
		{"negative number", func(m *Manifest) { m.Mixes = -1 }, reason.ErrRange, "mixers.needed is -1"},
		{"more than there are", func(m *Manifest) { m.Mixes = 3 }, reason.ErrRange, "mixers.needed is 3"},
		{"one without the word", func(m *Manifest) { m.Mixes = 1 }, reason.ErrRange, `mixers.needed is 1, so one mixer alone can know who cast which vote; say "single-mixer"`},
		{"one of one without the word", func(m *Manifest) { m.Mixers, m.Mixes = m.Mixers[:1], 1 }, reason.ErrRange, "mixers.needed is 1, so"},
		{"the word for nothing", func(m *Manifest) { m.SingleMixer = true }, reason.ErrRange, `accept says "single-mixer" of 2 mixes`},
		{"too many mixers", func(m *Manifest) {
			for len(m.Mixers) <= maxMixers {
				m.Mixers = append(m.Mixers, m.Mixers[0])
			}
		}, reason.ErrLimit, "mixers.keys are 65, at most 64"},
		{"nameless mixer", func(m *Manifest) { m.Mixers[1].Name = "" }, reason.ErrEncoding, "mixers.keys[1].name is empty"},
		{"namesake mixer", func(m *Manifest) { m.Mixers[1].Name = "Аrchive" }, reason.ErrDuplicate, "mixers.keys[1].name"},
		{"one key twice", func(m *Manifest) { m.Mixers[1].Signing = m.Mixers[0].Signing }, reason.ErrDuplicate, "mixers.keys[1].signing is also the key of Archive"},
		{"short key", func(m *Manifest) { m.Mixers[0].Signing = m.Mixers[0].Signing[:31] }, reason.ErrEncoding, "mixers.keys[0].signing has 31 bytes"},
		{"no key", func(m *Manifest) { m.Mixers[0].Signing = nil }, reason.ErrEncoding, "mixers.keys[0].signing has 0 bytes"},
		{"key of small order", func(m *Manifest) { m.Mixers[0].Signing = make([]byte, 32) }, reason.ErrGroup, "mixers.keys[0].signing"},

		{"plaintexts not mentioned", func(m *Manifest) { m.Contests[0].Plaintexts = "" }, reason.ErrRange, `contests[0].plaintexts is "" and must be "public": every vote becomes public`},
		{"secret plaintexts", func(m *Manifest) { m.Contests[2].Plaintexts = "secret" }, reason.ErrRange, `contests[2].plaintexts is "secret"`},
		{"public totals", func(m *Manifest) { m.Contests[1].Plaintexts = PlaintextsPublic }, reason.ErrEncoding, `contests[1].plaintexts means nothing to kind "choose"`},
		{"a rule for totals", func(m *Manifest) { m.Contests[1].CountBy = "borda" }, reason.ErrEncoding, `contests[1].count means nothing to kind "choose"`},
		{"a rule for texts", func(m *Manifest) { m.Contests[2].CountBy = "plurality" }, reason.ErrEncoding, `contests[2].count means nothing to kind "write-in"`},
		{"seats for texts", func(m *Manifest) { m.Contests[2].Seats = 1 }, reason.ErrEncoding, `contests[2].seats means nothing to kind "write-in"`},
		{"no rule", func(m *Manifest) { m.Contests[0].CountBy = "" }, reason.ErrVersion, `contests[0].count is "" and must be one of ["borda" "instant-runoff"`},
		{"unknown rule", func(m *Manifest) { m.Contests[0].CountBy = "Schulze" }, reason.ErrVersion, `contests[0].count is "Schulze"`},
		{"rule for scores", func(m *Manifest) { m.Contests[0].CountBy = "score" }, reason.ErrVersion, `contests[0].count is "score"`},
		{"negative seats", func(m *Manifest) { m.Contests[0].Seats = -1 }, reason.ErrRange, "contests[0].seats is -1"},
		{"seats for all", func(m *Manifest) { m.Contests[0].Seats = 3 }, reason.ErrRange, "contests[0].seats is 3, schulze of 3 options fills between 1 and 2"},
		{"two winners of a runoff", func(m *Manifest) { m.Contests[0].CountBy, m.Contests[0].Seats = "instant-runoff", 2 }, reason.ErrRange, "contests[0].seats is 2, instant-runoff of 3 options fills between 1 and 1"},
		{"one seat in Northern Ireland", func(m *Manifest) { m.Contests[0].CountBy = "northern-ireland-stv" }, reason.ErrRange, "contests[0].seats is 1, northern-ireland-stv of 3 options fills between 2 and 2"},
		{"one option to rank", func(m *Manifest) { m.Contests[0] = rankingOf(1, 0, 0) }, reason.ErrShape, "contests[0].options are 1 and must be between 2 and 255"},
		{"256 options to rank", func(m *Manifest) { m.Contests[0] = rankingOf(256, 0, 0) }, reason.ErrShape, "contests[0].options are 256 and must be between 2 and 255"},
		{"256 options and a text", func(m *Manifest) { m.Contests[2] = textOf(256, 10) }, reason.ErrLimit, "contests[2].options are 256, at most 255"},
		{"ranks above options", func(m *Manifest) { m.Contests[0].Max = 4 }, reason.ErrRange, "contests[0].max is 4 and must be between 1 and 3"},
		{"least above most", func(m *Manifest) { m.Contests[0].Max, m.Contests[0].Min = 2, 3 }, reason.ErrRange, "contests[0].min is 3 and must be between 0 and 2"},
		{"text of no length", func(m *Manifest) { m.Contests[2].Max = 0 }, reason.ErrRange, "contests[2].max is 0 and must be between 1 and 1000"},
		{"long text", func(m *Manifest) { m.Contests[2].Max = 1001 }, reason.ErrRange, "contests[2].max is 1001"},
		{"least of a text", func(m *Manifest) { m.Contests[2].Min = 1 }, reason.ErrEncoding, `contests[2].min means nothing to kind "write-in"`},
		{"option written", func(m *Manifest) { m.Contests[2].Options[1].ID = "Written" }, reason.ErrDuplicate, `contests[2].options[1].id "Written" is that of another result row`},
		{"option invalid", func(m *Manifest) { m.Contests[0].Options[0].ID = "invalid" }, reason.ErrDuplicate, "contests[0].options[0].id"},
		{"option blank", func(m *Manifest) { m.Contests[0].Options[0].ID = "blank" }, reason.ErrDuplicate, "contests[0].options[0].id is the blank vote's"},

		{"too many voters", func(m *Manifest) { m.Limits.MaxVoters = 299_299; m.Limits.MaxWeight = 0 }, reason.ErrLimit, "contests[2] can be mixed for at most 299298 voters, max_voters is 299299"},
		{"too many columns", func(m *Manifest) {
			m.Contests[0] = manyOptions("many", 963)
			m.Contests[2].Max = maxText
		}, reason.ErrLimit, "styles[0].contests need 1002 columns together, at most 1000"},
	} {
		t.Run(test.name, func(t *testing.T) {
			d := testMixed(t, "ristretto255")
			_, err := NewManifest(d)
			require.NoError(t, err)
			test.change(&d)
			m, err := NewManifest(d)
			require.ErrorIs(t, err, test.reason)
			require.ErrorContains(t, err, "ballot: manifest: "+test.text)
			require.Nil(t, m)
		})
	}
}

// Mixers and their word belong to mixed contests.
func TestMixersWithoutMixedContests(t *testing.T) {
	mixed := testMixed(t, "P-256")
	for _, test := range []struct {
		name   string
		change func(*Manifest)
		reason error
		text   string
	}{
		{"mixers", func(m *Manifest) { m.Mixers, m.Mixes = mixed.Mixers, 2 }, reason.ErrShape, "mixers are named, but no contest is mixed"},
		{"mixers without a number", func(m *Manifest) { m.Mixers = mixed.Mixers }, reason.ErrShape, "mixers are named"},
		{"a number", func(m *Manifest) { m.Mixes = 2 }, reason.ErrShape, "mixers are named"},
		{"the word", func(m *Manifest) { m.SingleMixer = true }, reason.ErrRange, `accept says "single-mixer", but no contest is mixed`},
	} {
		d := testDescription(t, "P-256")
		test.change(&d)
		m, err := NewManifest(d)
		require.ErrorIs(t, err, test.reason, test.name)
		require.ErrorContains(t, err, "ballot: manifest: "+test.text)
		require.Nil(t, m)
	}
}

// One mix of as many voters as there may be fits one entry, and one more does
// not.
func TestLargestMixFitsOneEntry(t *testing.T) {
	for _, name := range groupNames {
		g, err := elgamal.GroupByName(name)
		require.NoError(t, err)
		for _, columns := range []int{1, 2, 9, 35} {
			most := int(maxMixedVoters(g, columns))
			size := func(rows int) int {
				return 4 + 4 + 32 + rows*g.CiphertextLen(columns) + mixnet.ProofLen(g, columns, rows)
			}
			require.LessOrEqual(t, size(most), entry.MaxBody)
			require.Greater(t, size(most+1), entry.MaxBody)
			require.LessOrEqual(t, most, mixnet.MaxRows)
		}
	}
}

func TestMixedManifestBytesAreCanonical(t *testing.T) {
	m, err := NewManifest(testMixed(t, "ristretto255"))
	require.NoError(t, err)
	data := m.Bytes()
	for i := range data {
		_, err := ParseManifestBytes(data[:i])
		require.Error(t, err, "cut to %d bytes", i)
		changed := bytes.Clone(data)
		changed[i] ^= 1 << (i % 8)
		if other, err := ParseManifestBytes(changed); err == nil {
			require.Equal(t, changed, other.Bytes())
			require.NotEqual(t, m.ID(), other.ID())
		}
	}
	const needed = "\x00\x00\x00\x02\x00\x00\x00\x00\x01\x00\x00\x00\x03all" // the number, the word, one style
	require.Equal(t, 1, bytes.Count(data, []byte(needed)))
	for _, test := range []struct {
		name, old, new string
		reason         error
		text           string
	}{
		{"the word", needed, "\x00\x00\x00\x02\x02" + needed[5:], reason.ErrEncoding, "not 0 or 1"},
		{"number", needed, "\x7f\x00\x00\x02" + needed[4:], reason.ErrRange, "mixers.needed is 2130706434"},
		{"too many mixers", "\x00\x00\x00\x02\x00\x00\x00\x07Archive", "\x00\x00\x00\xff\x00\x00\x00\x07Archive", reason.ErrLimit, ""},
		{"long rule", "\x00\x00\x00\x07schulze", "\x00\x00\xff\x07schulze", reason.ErrLimit, ""},
		{"default not filled in", "schulze\x00\x00\x00\x01", "schulze\x00\x00\x00\x00", reason.ErrEncoding, "not in canonical form"},
	} {
		require.Contains(t, string(data), test.old)
		_, err := ParseManifestBytes([]byte(strings.Replace(string(data), test.old, test.new, 1)))
		require.ErrorIs(t, err, test.reason, test.name)
		require.ErrorContains(t, err, test.text)
	}
}

// Each changes one thing in the worked manifest.
func TestParseMixedManifestRefuses(t *testing.T) {
	data, err := os.ReadFile("../examples/manifests/mixed.json")
	require.NoError(t, err)
	_, err = ParseManifest(data)
	require.NoError(t, err)
	for _, test := range []struct {
		old, new string
		reason   error
		text     string
	}{
		{`"needed": 2`, `"needed": 0`, reason.ErrRange, "mixers.needed"},
		{`"needed": 2`, `"quorum": 2`, reason.ErrEncoding, `mixers: has no "needed"`},
		{`"needed": 2`, `"needed": 2, "quorum": 2`, reason.ErrEncoding, "mixers.quorum: unknown key"},
		{`"needed": 2`, `"needed": 1`, reason.ErrRange, `mixers.needed is 1, so one mixer alone`},
		{`"threshold": 2,`, `"threshold": 2, "accept": ["one-mixer"],`, reason.ErrEncoding, "accept[0]: is none of"},
		{`"threshold": 2,`, `"threshold": 2, "accept": ["single-mixer"],`, reason.ErrRange, `accept says "single-mixer" of 2 mixes`},
		{`{"name": "Town archive", "signing": "`, `{"name": "Town archive", "signing": "00`, reason.ErrEncoding, "mixers.keys[0].signing"},
		{`{"name": "Town archive", `, `{`, reason.ErrEncoding, `mixers.keys[0]: has no "name"`},
		{`"mixers"`, `"mixer"`, reason.ErrEncoding, "mixer: unknown key"},
		{`"count": "scottish-stv"`, `"count": 1`, reason.ErrEncoding, "contests[0].count"},
		{`"count": "scottish-stv",`, ``, reason.ErrEncoding, `contests[0]: has no "count"`},
		{`"seats": 2,`, `"seats": 5,`, reason.ErrRange, "contests[0].seats is 5, scottish-stv of 5 options fills between 1 and 4"},
		{`"plaintexts": "public"`, `"plaintexts": "Public"`, reason.ErrRange, `contests[0].plaintexts is "Public" and must be "public"`},
		{`"plaintexts": "public",`, ``, reason.ErrRange, `contests[0].plaintexts is "" and must be "public": every vote becomes public, detached from its voter`},
		{`"max": 60,`, ``, reason.ErrEncoding, `contests[1]: has no "max"`},
	} {
		require.Contains(t, string(data), test.old)
		m, err := ParseManifest([]byte(strings.Replace(string(data), test.old, test.new, 1)))
		require.ErrorIs(t, err, test.reason, test.new)
		require.ErrorContains(t, err, test.text)
		require.Nil(t, m)
	}
	_, err = ParseManifest([]byte(strings.Replace(strings.Replace(string(data), `"needed": 2`, `"needed": 1`, 1), `"threshold": 2,`, `"threshold": 2, "accept": ["single-mixer"],`, 1)))
	require.NoError(t, err)
}
