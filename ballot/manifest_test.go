package ballot

import (
	"bytes"
	"crypto/ed25519"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"golang.org/x/mod/sumdb/note"

	"github.com/hanpyo/hanpyo/elgamal"
	"github.com/hanpyo/hanpyo/elgamal/dkg"
	"github.com/hanpyo/hanpyo/internal/entry"
	"github.com/hanpyo/hanpyo/internal/reason"
	"github.com/hanpyo/hanpyo/zkp"
)

func testKey(name string) ed25519.PublicKey {
	seed := make([]byte, ed25519.SeedSize)
	copy(seed, name)
	return ed25519.NewKeyFromSeed(seed).Public().(ed25519.PublicKey)
}

func testLedger(origin string) Ledger {
	vkey, err := note.NewEd25519VerifierKey(origin, testKey("log"))
	if err != nil {
		panic(err)
	}
	return Ledger{Origin: origin, Key: vkey}
}

// testDescription is a valid manifest, the same on every call.
func testDescription(t testing.TB, group string) Manifest {
	t.Helper()
	g, err := elgamal.GroupByName(group)
	require.NoError(t, err)
	d := Manifest{
		Group:       g,
		Title:       "Élection 2027",
		Ledger:      testLedger("example.org/test"),
		Authorities: Signers{Keys: []ed25519.PublicKey{testKey("authority 1"), testKey("authority 2")}, Quorum: 2},
		Registrars:  Signers{Keys: []ed25519.PublicKey{testKey("registrar")}, Quorum: 1},
		Threshold:   2,
		Contests: []Contest{
			{ID: "mayor", Name: "시장", Kind: "choose", Min: 1, Max: 1, Blank: true, Options: []Option{{"kim", "김하늘"}, {"haddad", "ليلى حداد"}, {"dupont", "Hélène"}}},
			{ID: "north", Name: "North only", Kind: "points", Points: 5, Options: []Option{{"a", "One"}, {"b", "Two"}}},
			{ID: "south", Name: "South only", Kind: "ranked-points", Values: []int{2, 1}, Options: []Option{{"a", "One"}, {"b", "Two"}}},
		},
		Styles: []Style{{"n", "North", []int{0, 1}}, {"s", "South", []int{0, 2}}},
		Limits: Limits{MaxVoters: 1000, MaxWeight: 5000},
		Opens:  time.Date(2027, 5, 9, 7, 0, 0, 0, time.UTC),
		Closes: time.Date(2027, 5, 9, 19, 0, 0, 0, time.UTC), Rounding: time.Minute,
	}
	for _, name := range []string{"Ana", "Béla", "차은"} {
		d.Trustees = append(d.Trustees, dkg.TrusteeKeys{Name: name, Signing: testKey(name), Encryption: g.HashToPoint("test", []byte(name))})
	}
	return d
}

// sameManifest holds that every form of a manifest is the same manifest.
func sameManifest(t testing.TB, m *Manifest) {
	t.Helper()
	fromJSON, err := ParseManifest(m.JSON())
	require.NoError(t, err)
	fromBytes, err := ParseManifestBytes(m.Bytes())
	require.NoError(t, err)
	for _, other := range []*Manifest{fromJSON, fromBytes} {
		require.Equal(t, m.ID(), other.ID())
		require.Equal(t, m.Bytes(), other.Bytes())
		require.Equal(t, m.JSON(), other.JSON())
	}
}

// The ids are on ledgers: a change of them is another protocol version.
func TestManifestForms(t *testing.T) {
	for group, id := range map[string]string{
		"ristretto255": "316174ef26c640eb309ce9c73039942fac4848c77bca86e98bf1a9a335c342d5",
		"P-256":        "7d0be9e2aef95fc6cf2479afa7a33b4f5f2883e620270106bb669bcacdebb097",
	} {
		m, err := NewManifest(testDescription(t, group))
		require.NoError(t, err)
		sameManifest(t, m)
		got := m.ID()
		require.Equal(t, id, hex.EncodeToString(got[:]), group)
	}
}

func TestManifestFillsDefaultsAndNormalises(t *testing.T) {
	d := testDescription(t, "ristretto255")
	d.Title = "E\u0301lection 2027"    // decomposed
	d.Styles[1].Contests = []int{2, 0} // out of order
	d.Limits = Limits{MaxVoters: 1000} // defaults
	d.Opens = d.Opens.In(time.FixedZone("", 3600))
	m, err := NewManifest(d)
	require.NoError(t, err)
	require.Equal(t, "Élection 2027", m.Title)
	require.Equal(t, []int{0, 2}, m.Styles[1].Contests)
	require.Equal(t, []int{2, 0}, d.Styles[1].Contests, "the description is the caller's")
	require.Equal(t, Limits{MaxVoters: 1000, MaxWeight: 1000, MinGroup: 10, BallotsPerCredential: 10}, m.Limits)
	require.Equal(t, 5, m.Contests[1].Max)
	require.Equal(t, "2027-05-09T07:00:00Z", m.Opens.Format(time.RFC3339))
	sameManifest(t, m)

	d.Authorities.Keys[0][0] ^= 1
	d.Contests[0].Options[0].Name = "other"
	sameManifest(t, m)
}

func TestColumns(t *testing.T) {
	m, err := NewManifest(testDescription(t, "ristretto255"))
	require.NoError(t, err)
	type columns struct{ first, count int }
	var got []columns
	for i := range m.Contests {
		first, count := m.Contests[i].Columns()
		got = append(got, columns{first, count})
	}
	// 3 options and blank; 2 of 3 digits and 3 of slack; 2·2 and 2 + 2 of slack.
	require.Equal(t, []columns{{0, 4}, {4, 9}, {13, 8}}, got)
	require.Equal(t, 21, m.Columns())
	require.Equal(t, []int{0, 1, 2, 3, 13, 14, 15, 16, 17, 18, 19, 20}, m.RowColumns(1))
	require.Len(t, m.RowRules(1), 5)
	start, ok := m.RowStart(1, 2)
	require.True(t, ok)
	require.Equal(t, 4, start)
	_, ok = m.RowStart(1, 1)
	require.False(t, ok)
	for _, rule := range m.RowRules(1)[1:] {
		for _, term := range rule.Terms {
			require.GreaterOrEqual(t, term.Slot, 4)
			require.Less(t, term.Slot, 12)
		}
	}
	c := m.Ceremony()
	require.Equal(t, m.ID(), c.ID)
	require.Equal(t, 21, c.Columns)
	require.Equal(t, 2, c.Threshold)
	require.Len(t, c.Trustees, 3)
	require.Equal(t, 2, c.Quorum)
}

// A ballot of as many columns as a style may have is one leaf of the ledger's
// tree, at most 65,535 bytes, in the group with the longer points too.
func TestLargestBallotFitsOneLeaf(t *testing.T) {
	d := testDescription(t, "P-256")
	d.Contests = []Contest{manyOptions("all", maxColumns)}
	d.Styles = []Style{{"all", "All", []int{0}}}
	m, err := NewManifest(d)
	require.NoError(t, err)
	columns := make([]zkp.Column, maxColumns)
	key := m.Group.Base()
	for i := range columns {
		key = m.Group.Point().Add(key, m.Group.Base())
		columns[i] = zkp.Column{Index: i, Key: key}
	}
	form, err := zkp.NewForm(m.Group, m.ID(), "all", columns, m.RowRules(0))
	require.NoError(t, err)
	const styleAndNumber = 2 + 4
	body := make([]byte, styleAndNumber+m.Group.PointLen()*(1+1+maxColumns)+form.ProofLen()) // K, A, B…
	e := entry.Envelope{Kind: entry.Ballot, Body: body}
	require.LessOrEqual(t, len(e.Bytes()), 65_535)
}

func TestVotesOfAStyle(t *testing.T) {
	m, err := NewManifest(testDescription(t, "ristretto255"))
	require.NoError(t, err)
	good := Votes{"mayor": {"kim": 1}, "north": {"a": 2}}
	row, err := m.EncodeVotes(0, good)
	require.NoError(t, err)
	require.Len(t, row, 13)
	_, err = m.EncodeVotes(0, Votes{"north": {"a": 2}}) // the mayor left blank
	require.NoError(t, err)

	require.NoError(t, m.CheckVotes(0, good))
	require.ErrorIs(t, m.CheckVotes(1, good), reason.ErrShape)
	row, err = m.EncodeVotes(1, good)
	require.ErrorIs(t, err, reason.ErrShape)
	require.Nil(t, row)
	require.EqualError(t, err, `ballot: style s has no contest "north": wrong shape`)
	_, err = m.EncodeVotes(0, Votes{"mayor": {"kim": 1, "dupont": 1}})
	require.EqualError(t, err, "ballot: contest mayor: 2 options chosen, at most 1 allowed: out of range")
	for _, style := range []int{-1, 2} {
		_, err = m.EncodeVotes(style, good)
		require.ErrorIs(t, err, reason.ErrRange)
	}
}

// Every rejection changes one thing of a valid description.
func TestManifestRefuses(t *testing.T) {
	g := elgamal.Ristretto255()
	long := strings.Repeat("x", maxName+1)
	for _, test := range []struct {
		name   string
		change func(*Manifest)
		reason error
		text   string // of the error, after "ballot: manifest: "
	}{
		{"no group", func(m *Manifest) { m.Group = nil }, reason.ErrVersion, "group is missing"},
		{"a group of one's own", func(m *Manifest) { m.Group = ownGroup(t, "ristretto255") }, reason.ErrVersion, `group "ristretto255" is none of the library's`},
		{"a group of another name", func(m *Manifest) { m.Group = ownGroup(t, "plain") }, reason.ErrVersion, `group "plain" is none of the library's`},
		{"no title", func(m *Manifest) { m.Title = "" }, reason.ErrEncoding, "title is empty"},
		{"long title", func(m *Manifest) { m.Title = long }, reason.ErrLimit, "title has 1001 bytes"},

		{"other origin", func(m *Manifest) { m.Ledger.Origin = "example.org/other" }, reason.ErrBinding, "ledger.origin"},
		{"origin of letters that look like others", func(m *Manifest) { m.Ledger = testLedger("exаmple.org") }, reason.ErrEncoding, "ledger.origin"},
		{"origin with a control character", func(m *Manifest) { m.Ledger = testLedger("example.org\x01") }, reason.ErrEncoding, "ledger.origin"},
		{"long origin", func(m *Manifest) { m.Ledger = testLedger(long) }, reason.ErrLimit, "ledger.origin has 1001 bytes"},
		{"no log key", func(m *Manifest) { m.Ledger.Key = "" }, reason.ErrEncoding, "ledger.key"},
		{"log key hash", func(m *Manifest) { m.Ledger.Key = strings.Replace(m.Ledger.Key, "+", "+0", 1) }, reason.ErrEncoding, "ledger.key"},
		{"log key with a line end", func(m *Manifest) { m.Ledger.Key += "\n" }, reason.ErrEncoding, "ledger.key"},
		{"log key hash in capitals", func(m *Manifest) {
			p := strings.SplitN(m.Ledger.Key, "+", 3)
			m.Ledger.Key = p[0] + "+" + strings.ToUpper(p[1]) + "+" + p[2]
		}, reason.ErrEncoding, "ledger.key"},
		{"log key of small order", func(m *Manifest) {
			m.Ledger.Key, _ = note.NewEd25519VerifierKey(m.Ledger.Origin, append([]byte{1}, make([]byte, 31)...))
		}, reason.ErrGroup, "ledger.key"},

		{"no authorities", func(m *Manifest) { m.Authorities.Keys = nil }, reason.ErrShape, "authorities.keys are none"},
		{"too many authorities", func(m *Manifest) {
			for i := range 63 {
				m.Authorities.Keys = append(m.Authorities.Keys, testKey(fmt.Sprint(i)))
			}
		}, reason.ErrLimit, "authorities.keys are 65, at most 64"},
		{"one authority twice", func(m *Manifest) { m.Authorities.Keys[1] = m.Authorities.Keys[0] }, reason.ErrDuplicate, "authorities.keys[1]"},
		{"short authority key", func(m *Manifest) { m.Authorities.Keys[1] = m.Authorities.Keys[1][:31] }, reason.ErrEncoding, "authorities.keys[1]"},
		{"authority key off the curve", func(m *Manifest) { m.Authorities.Keys[1] = append([]byte{2}, make([]byte, 31)...) }, reason.ErrGroup, "authorities.keys[1]"},
		{"authority key of small order", func(m *Manifest) { m.Authorities.Keys[0] = make([]byte, 32) }, reason.ErrGroup, "authorities.keys[0]"},
		{"authority key not reduced", func(m *Manifest) {
			m.Authorities.Keys[0] = append(append([]byte{0xee}, bytes.Repeat([]byte{0xff}, 30)...), 0x7f)
		}, reason.ErrGroup, "authorities.keys[0]"},
		{"quorum above the keys", func(m *Manifest) { m.Authorities.Quorum = 3 }, reason.ErrRange, "authorities.quorum is 3 and must be between 1 and 2"},
		{"no quorum", func(m *Manifest) { m.Registrars.Quorum = 0 }, reason.ErrRange, "registrars.quorum"},
		{"no registrars", func(m *Manifest) { m.Registrars.Keys = nil }, reason.ErrShape, "registrars.keys are none"},

		{"no trustees", func(m *Manifest) { m.Trustees = nil }, reason.ErrShape, "trustees are none"},
		{"too many trustees", func(m *Manifest) {
			for len(m.Trustees) <= maxTrustees {
				m.Trustees = append(m.Trustees, m.Trustees[0])
			}
		}, reason.ErrLimit, "trustees are 65, at most 64"},
		{"nameless trustee", func(m *Manifest) { m.Trustees[2].Name = "" }, reason.ErrEncoding, "trustees[2].name is empty"},
		{"namesake trustee", func(m *Manifest) { m.Trustees[1].Name = "Аna" }, reason.ErrDuplicate, "trustees[1].name"},
		{"short signing key", func(m *Manifest) { m.Trustees[1].Signing = m.Trustees[1].Signing[:31] }, reason.ErrEncoding, "trustees[1].signing has 31 bytes and must have 32"},
		{"trustees with one signing key", func(m *Manifest) { m.Trustees[1].Signing = m.Trustees[0].Signing }, reason.ErrDuplicate, "trustees[1].signing is also the key of Ana"},
		{"trustees with one encryption key", func(m *Manifest) { m.Trustees[2].Encryption = m.Trustees[0].Encryption }, reason.ErrDuplicate, "trustees[2].encryption is also the key of Ana"},
		{"identity as encryption key", func(m *Manifest) { m.Trustees[0].Encryption = g.Point() }, reason.ErrGroup, "trustees[0].encryption"},
		{"no encryption key", func(m *Manifest) { m.Trustees[0].Encryption = nil }, reason.ErrGroup, "trustees[0].encryption"},
		{"encryption key of another group", func(m *Manifest) { m.Trustees[0].Encryption = elgamal.P256().Base() }, reason.ErrGroup, "trustees[0].encryption"},

		{"threshold above the trustees", func(m *Manifest) { m.Threshold = 4 }, reason.ErrRange, "threshold is 4 and must be between 1 and the number of trustees, 3"},
		{"no threshold", func(m *Manifest) { m.Threshold = 0 }, reason.ErrRange, "threshold is 0"},
		{"negative threshold", func(m *Manifest) { m.Threshold = -1 }, reason.ErrRange, "threshold is -1"},
		{"minority without the word", func(m *Manifest) { m.Threshold = 1 }, reason.ErrRange, `threshold is 1 of 3, so a minority can decrypt; say "minority-threshold"`},
		{"half without the word", func(m *Manifest) { m.Trustees = m.Trustees[:2]; m.Threshold = 1 }, reason.ErrRange, "threshold is 1 of 2, so a minority"},
		{"all without the word", func(m *Manifest) { m.Threshold = 3 }, reason.ErrRange, `threshold is 3 of 3, so one lost key voids the election; say "every-trustee-needed"`},
		{"minority word for nothing", func(m *Manifest) { m.MinorityThreshold = true }, reason.ErrRange, "accept"},
		{"all word for nothing", func(m *Manifest) { m.EveryTrusteeNeeded = true }, reason.ErrRange, "accept"},

		{"no contests", func(m *Manifest) { m.Contests = nil }, reason.ErrShape, "contests are none"},
		{"contest id", func(m *Manifest) { m.Contests[1].ID = "a b" }, reason.ErrEncoding, "contests[1].id"},
		{"contest without id", func(m *Manifest) { m.Contests[1].ID = "" }, reason.ErrEncoding, "contests[1].id is empty"},
		{"long contest id", func(m *Manifest) { m.Contests[1].ID = long[:65] }, reason.ErrLimit, "contests[1].id"},
		{"two contests with one id", func(m *Manifest) { m.Contests[1].ID = "Mayor" }, reason.ErrDuplicate, `contests[1].id contest "Mayor" stands beside "mayor"`},
		{"two contests with one name", func(m *Manifest) { m.Contests[2].Name = "NORTH ONLY" }, reason.ErrDuplicate, "contests[2].name"},
		{"unknown kind", func(m *Manifest) { m.Contests[0].Kind = "Choose" }, reason.ErrVersion, `contests[0].kind "Choose" is not known`},
		{"a field of another kind", func(m *Manifest) { m.Contests[0].Points = 3 }, reason.ErrEncoding, `contests[0].points means nothing to kind "choose"`},
		{"no options", func(m *Manifest) { m.Contests[0].Options = nil }, reason.ErrShape, "contests[0].options are none"},
		{"too many options", func(m *Manifest) { m.Contests[1] = manyOptions("north", maxOptions+1) }, reason.ErrLimit, "contests[1].options are 1001, at most 1000"},
		{"two options with one id", func(m *Manifest) { m.Contests[0].Options[2].ID = "kim" }, reason.ErrDuplicate, "contests[0].options[2].id"},
		{"two options with one name", func(m *Manifest) { m.Contests[0].Options[2].Name = "김하늘" }, reason.ErrDuplicate, "contests[0].options[2].name"},
		{"two options alike after normalisation", func(m *Manifest) { m.Contests[0].Options[0].Name = "He\u0301le\u0300ne" }, reason.ErrDuplicate, "contests[0].options[2].name"},
		{"an option with the blank vote's id", func(m *Manifest) { m.Contests[0].Options[2].ID = "Blank" }, reason.ErrDuplicate, "contests[0].options[2].id"},
		{"right to left override", func(m *Manifest) { m.Contests[0].Options[2].Name = "a\u202eb" }, reason.ErrEncoding, "contests[0].options[2].name"},
		{"min above max", func(m *Manifest) { m.Contests[0].Min = 2 }, reason.ErrRange, "contests[0].min is 2 and must be between 1 and 1"},
		{"min 0 with blank", func(m *Manifest) { m.Contests[0].Min = 0 }, reason.ErrRange, "contests[0].min is 0 and must be between 1 and 1"},
		{"max above options", func(m *Manifest) { m.Contests[0].Max = 4 }, reason.ErrRange, "contests[0].max is 4 and must be between 1 and 3"},
		{"approval of more than there are", func(m *Manifest) { m.Contests[1] = manyOptions("north", 3); m.Contests[1].Max = 4 }, reason.ErrRange, "contests[1].max is 4 and must be between 1 and 3"},
		{"negative points", func(m *Manifest) { m.Contests[1].Points = -1 }, reason.ErrRange, "contests[1].points"},
		{"too many points", func(m *Manifest) { m.Contests[1].Points = maxPoints + 1 }, reason.ErrRange, "contests[1].points"},
		{"points that do not fit", func(m *Manifest) { m.Contests[1].Max = 2; m.Contests[1].Exact = true }, reason.ErrRange, "contests[1].points is 5, but the options take 4 at most"},
		{"max above points", func(m *Manifest) { m.Contests[1].Max = 6 }, reason.ErrRange, "contests[1].max"},
		{"no values", func(m *Manifest) { m.Contests[2].Values = nil }, reason.ErrShape, "contests[2].values are 0"},
		{"more values than options", func(m *Manifest) { m.Contests[2].Values = []int{3, 2, 1} }, reason.ErrShape, "contests[2].values are 3"},
		{"rising values", func(m *Manifest) { m.Contests[2].Values = []int{1, 2} }, reason.ErrRange, "contests[2].values[1] is 2, more than the value before"},
		{"value 0", func(m *Manifest) { m.Contests[2].Values = []int{1, 0} }, reason.ErrRange, "contests[2].values[1] is 0"},
		{"too many columns", func(m *Manifest) {
			m.Contests[1].Points, m.Contests[1].Max = 1<<15, 1<<15
			for i := range 70 {
				m.Contests[1].Options = append(m.Contests[1].Options, Option{fmt.Sprintf("x%d", i), fmt.Sprintf("Choice %03d", i+200)})
			}
		}, reason.ErrLimit, "contests[1] needs"},
		{"too many columns of a style", func(m *Manifest) {
			m.Contests[1] = manyOptions("north", 499)
			m.Contests[2] = manyOptions("south", 499)
			m.Styles[0].Contests = []int{0, 1, 2}
		}, reason.ErrLimit, "styles[0].contests need 1002 columns together"},
		{"too many columns of all styles", func(m *Manifest) {
			for i := range 10 {
				m.Styles = append(m.Styles, Style{fmt.Sprintf("s%d", i), fmt.Sprintf("Village %d", i+20), []int{len(m.Contests)}})
				m.Contests = append(m.Contests, manyOptions(fmt.Sprintf("c%d", i+20), 1000))
			}
		}, reason.ErrLimit, "contests need 10021 columns or more together, at most 10000"},
		{"a contest after too many columns", func(m *Manifest) { // is not compiled any more
			for i := range 11 {
				m.Contests = append(m.Contests, manyOptions(fmt.Sprintf("c%d", i+20), 1000))
			}
			m.Contests[len(m.Contests)-1].Kind = "unknown"
		}, reason.ErrLimit, "contests need 10021 columns or more together, at most 10000"},
		{"ranks of too many options", func(m *Manifest) {
			m.Contests[1] = manyOptions("north", 1000)
			m.Contests[1].Kind, m.Contests[1].Max = "ranked-points", 0
			m.Contests[1].Values = slices.Repeat([]int{1}, 1000)
		}, reason.ErrLimit, "contests[1] needs 1000000 columns or more, at most 1000"},
		{"score without max", func(m *Manifest) { m.Contests[1] = kindOf("score") }, reason.ErrRange, "contests[1].max is 0 and must be between 1 and 65536"},
		{"comparisons of one option", func(m *Manifest) {
			m.Contests[1] = kindOf("pairwise")
			m.Contests[1].Options = m.Contests[1].Options[:1]
		}, reason.ErrShape, "contests[1].options are 1 and must be at least 2"},
		{"comparisons of too many options", func(m *Manifest) {
			m.Contests[1] = manyOptions("north", 33)
			m.Contests[1].Kind, m.Contests[1].Max = "star", 5
		}, reason.ErrLimit, "contests[1] needs 1056 columns or more, at most 1000"},
		{"an order of too many options", func(m *Manifest) {
			m.Contests[1] = manyOptions("north", 18)
			m.Contests[1].Kind, m.Contests[1].Exact = "pairwise", true
		}, reason.ErrLimit, "contests[1] needs 1122 columns, at most 1000"},
		{"grades of too many options", func(m *Manifest) {
			m.Contests[1] = manyOptions("north", 501)
			m.Contests[1].Kind, m.Contests[1].Grades = "judgement", testGrades[:2]
		}, reason.ErrLimit, "contests[1] needs 1002 columns or more, at most 1000"},
		{"too many questions", func(m *Manifest) {
			m.Contests[1] = manyOptions("north", 501)
			m.Contests[1].Kind = "referendum"
		}, reason.ErrLimit, "contests[1] needs 1002 columns or more, at most 1000"},
		{"too many squares", func(m *Manifest) {
			m.Contests[1] = manyOptions("north", 4)
			m.Contests[1].Kind, m.Contests[1].Points = "quadratic", maxPoints
		}, reason.ErrLimit, "contests[1] needs 1024 columns or more, at most 1000"},
		{"squares without points", func(m *Manifest) { m.Contests[1] = kindOf("quadratic") }, reason.ErrRange, "contests[1].points is 0 and must be between 1 and 65536"},
		{"ranking of too many options", func(m *Manifest) {
			m.Contests[1] = manyOptions("north", 32)
			m.Contests[1].Kind = "ranking"
		}, reason.ErrLimit, "contests[1] needs 1024 columns or more, at most 1000"},
		{"stars without max", func(m *Manifest) { m.Contests[1] = kindOf("star") }, reason.ErrRange, "contests[1].max is 0 and must be between 1 and 65536"},
		{"more candidates than on lists", func(m *Manifest) {
			m.Contests[1] = kindOf("lists")
			m.Contests[1].Lists, m.Contests[1].Max = []List{{"x", "Red", []int{0, 1}}}, 3
		}, reason.ErrRange, "contests[1].max is 3 and must be between 1 and 2"},
		{"too many equations", func(m *Manifest) {
			m.Contests[1] = equationsOf(nil)
			m.Contests[1].Equations = slices.Repeat([]Equation{{slotTerms(1, 1), 1, 2}}, maxOptions+1)
		}, reason.ErrLimit, "contests[1].equations are 1001, at most 1000"},
		{"one grade", func(m *Manifest) { m.Contests[1] = kindOf("judgement"); m.Contests[1].Grades = testGrades[:1] }, reason.ErrShape, "contests[1].grades are 1 and must be at least 2"},
		{"two grades with one name", func(m *Manifest) {
			m.Contests[1] = kindOf("judgement")
			m.Contests[1].Grades = []Option{{"a", "Good"}, {"b", "gооd"}}
		}, reason.ErrDuplicate, "contests[1].grades[1].name"},
		{"two grades with one id", func(m *Manifest) {
			m.Contests[1] = kindOf("judgement")
			m.Contests[1].Grades = []Option{{"a", "Good"}, {"A", "Poor"}}
		}, reason.ErrDuplicate, "contests[1].grades[1].id"},
		{"grades of another kind", func(m *Manifest) { m.Contests[1].Grades = testGrades }, reason.ErrEncoding, `contests[1].grades means nothing to kind "points"`},
		{"more votes than the budget pays for", func(m *Manifest) { m.Contests[1] = kindOf("quadratic"); m.Contests[1].Points, m.Contests[1].Max = 8, 3 }, reason.ErrRange, "contests[1].max is 3 and must be between 1 and 2"},
		{"ranking min above max", func(m *Manifest) { m.Contests[1] = kindOf("ranking"); m.Contests[1].Min, m.Contests[1].Max = 2, 1 }, reason.ErrRange, "contests[1].min is 2 and must be between 0 and 1"},
		{"no lists", func(m *Manifest) { m.Contests[1] = kindOf("lists") }, reason.ErrShape, "contests[1].lists are 0"},
		{"a candidate on no list", func(m *Manifest) {
			m.Contests[1] = kindOf("lists")
			m.Contests[1].Lists = []List{{"x", "Red", []int{0}}}
		}, reason.ErrShape, "contests[1].options[1] b is on no list"},
		{"a candidate on two lists", func(m *Manifest) {
			m.Contests[1] = kindOf("lists")
			m.Contests[1].Lists = []List{{"x", "Red", []int{0, 1}}, {"y", "Green", []int{1}}}
		}, reason.ErrDuplicate, "contests[1].lists[1].options have b, who is on list x"},
		{"a list of candidates out of order", func(m *Manifest) {
			m.Contests[1] = kindOf("lists")
			m.Contests[1].Lists = []List{{"x", "Red", []int{1, 0}}}
		}, reason.ErrEncoding, "contests[1].lists[0].options are out of order"},
		{"a list of somebody else", func(m *Manifest) {
			m.Contests[1] = kindOf("lists")
			m.Contests[1].Lists = []List{{"x", "Red", []int{0, 1, 2}}}
		}, reason.ErrRange, "contests[1].lists[0].options have no number 2"},
		{"a list with a candidate's id", func(m *Manifest) {
			m.Contests[1] = kindOf("lists")
			m.Contests[1].Lists = []List{{"A", "Red", []int{0, 1}}}
		}, reason.ErrDuplicate, "contests[1].lists[0].id"},
		{"a list with the blank vote's id", func(m *Manifest) {
			m.Contests[1] = kindOf("lists")
			m.Contests[1].Lists = []List{{"blank", "Red", []int{0, 1}}}
		}, reason.ErrDuplicate, "contests[1].lists[0].id is the blank vote's"},

		{"equations with blank", func(m *Manifest) { m.Contests[1] = equationsOf(nil); m.Contests[1].Blank = true }, reason.ErrEncoding, `contests[1].blank means nothing to kind "equations"`},
		{"equations without rows", func(m *Manifest) { m.Contests[1] = equationsOf(nil); m.Contests[1].Rows = nil }, reason.ErrShape, "contests[1].rows are 0"},
		{"two rows with one id", func(m *Manifest) {
			m.Contests[1] = equationsOf(nil)
			m.Contests[1].Rows = append(m.Contests[1].Rows, Row{"X", "Second", m.Contests[1].Rows[0].Terms})
		}, reason.ErrDuplicate, "contests[1].rows[1].id"},
		{"a row without terms", func(m *Manifest) { m.Contests[1] = equationsOf(nil); m.Contests[1].Rows[0].Terms = nil }, reason.ErrShape, "contests[1].rows[0].terms are none"},
		{"equations that their witness breaks", func(m *Manifest) { m.Contests[1] = equationsOf(&Equation{slotTerms(1, 1), 2, 2}) }, reason.ErrRange, "contests[1].witness equation 1 gives 1, at least 2 required"},
		{"a witness of no option", func(m *Manifest) { m.Contests[1] = equationsOf(nil); m.Contests[1].Witness = Vote{"z": 1} }, reason.ErrShape, `contests[1].witness there is no option "z"`},
		{"a witness that is no bit", func(m *Manifest) { m.Contests[1] = equationsOf(nil); m.Contests[1].Witness = Vote{"a": 2} }, reason.ErrRange, "contests[1].witness option a is marked 2"},
		{"an equation that never holds", func(m *Manifest) { m.Contests[1] = equationsOf(&Equation{slotTerms(2, -3), 3, 9}) }, reason.ErrRange, "contests[1].equations[0] never holds: its terms add up to between -3 and 2"},
		{"an equation with low above high", func(m *Manifest) { m.Contests[1] = equationsOf(&Equation{slotTerms(1, 1), 2, 1}) }, reason.ErrRange, "contests[1].equations[0].low is 2, more than high, 1"},
		{"an equation with a far bound", func(m *Manifest) { m.Contests[1] = equationsOf(&Equation{slotTerms(1, 1), 0, 1<<16 + 1}) }, reason.ErrRange, "contests[1].equations[0].high is 65537"},
		{"an equation without terms", func(m *Manifest) { m.Contests[1] = equationsOf(&Equation{nil, 0, 0}) }, reason.ErrShape, "contests[1].equations[0].terms are none"},
		{"a large coefficient", func(m *Manifest) { m.Contests[1] = equationsOf(&Equation{slotTerms(1, 1<<16+1), 0, 1}) }, reason.ErrRange, "contests[1].equations[0].terms.b is 65537"},
		{"a term twice", func(m *Manifest) {
			m.Contests[1] = equationsOf(&Equation{append(slotTerms(1), slotTerms(1)...), 0, 1})
		}, reason.ErrDuplicate, "contests[1].equations[0].terms have a twice"},
		{"terms out of order", func(m *Manifest) {
			m.Contests[1] = equationsOf(&Equation{[]zkp.Term{{Slot: 1, Coefficient: 1}, {Slot: 0, Coefficient: 1}}, 0, 1})
		}, reason.ErrEncoding, "contests[1].equations[0].terms are out of order"},
		{"a term of no option", func(m *Manifest) { m.Contests[1] = equationsOf(&Equation{slotTerms(1, 1, 1), 0, 1}) }, reason.ErrRange, "contests[1].equations[0].terms have no option 2"},
		{"a row that cannot be decrypted", func(m *Manifest) {
			m.Contests[1] = equationsOf(nil)
			m.Contests[1].Rows[0].Terms = slotTerms(1<<16, -1<<16)
			m.Limits.MaxWeight = 1<<23 + 1
		}, reason.ErrRange, "contests[1] result of x can take more than 2^40 values"},
		{"result range", func(m *Manifest) {
			m.Limits.MaxWeight = 1 << 40
		}, reason.ErrRange, "contests[1] result of a can take more than 2^40 values with a total weight of 1099511627776"},

		{"no styles", func(m *Manifest) { m.Styles = nil }, reason.ErrShape, "styles are none"},
		{"too many styles", func(m *Manifest) {
			for i := range maxStyles {
				m.Styles = append(m.Styles, Style{fmt.Sprintf("s%d", i), fmt.Sprintf("Village %d", i+20), []int{0}})
			}
		}, reason.ErrLimit, "styles are 10002, at most 10000"},
		{"style without contests", func(m *Manifest) { m.Styles[1].Contests = nil }, reason.ErrShape, "styles[1].contests are none"},
		{"style with an unknown contest", func(m *Manifest) { m.Styles[1].Contests = []int{0, 2, 3} }, reason.ErrRange, "styles[1].contests have no number 3"},
		{"style with contest −1", func(m *Manifest) { m.Styles[1].Contests = []int{2, -1} }, reason.ErrRange, "styles[1].contests"},
		{"style with a contest twice", func(m *Manifest) { m.Styles[1].Contests = []int{2, 0, 2} }, reason.ErrDuplicate, "styles[1].contests have south twice"},
		{"contest in no style", func(m *Manifest) { m.Styles = m.Styles[:1] }, reason.ErrShape, "contests[2] south is in no style"},
		{"two styles with one id", func(m *Manifest) { m.Styles[1].ID = "N" }, reason.ErrDuplicate, "styles[1].id"},
		{"two styles with one name", func(m *Manifest) { m.Styles[1].Name = "Nоrth" }, reason.ErrDuplicate, "styles[1].name"},

		{"no voters", func(m *Manifest) { m.Limits.MaxVoters = 0 }, reason.ErrRange, "limits.max_voters"},
		{"too many voters", func(m *Manifest) { m.Limits.MaxVoters = maxVoters + 1 }, reason.ErrRange, "limits.max_voters"},
		{"less weight than voters", func(m *Manifest) { m.Limits.MaxWeight = 999 }, reason.ErrRange, "limits.max_weight"},
		{"too much weight", func(m *Manifest) { m.Limits.MaxWeight = 1<<64 - 1 }, reason.ErrRange, "limits.max_weight"},
		{"too many ballots of one credential", func(m *Manifest) { m.Limits.BallotsPerCredential = maxBallots + 1 }, reason.ErrRange, "limits.ballots_per_credential"},
		{"minimum group", func(m *Manifest) { m.Limits.MinGroup = 1<<64 - 1 }, reason.ErrRange, "limits.min_group"},

		{"closes before it opens", func(m *Manifest) { m.Closes = m.Opens }, reason.ErrRange, "closes is not after opens"},
		{"half a second", func(m *Manifest) { m.Opens = m.Opens.Add(time.Millisecond) }, reason.ErrRange, "opens is"},
		{"year 10000", func(m *Manifest) { m.Closes = m.Closes.AddDate(8000, 0, 0) }, reason.ErrRange, "closes is"},
		{"no hours", func(m *Manifest) { m.Opens = time.Time{} }, reason.ErrRange, "opens is"},
		{"no rounding", func(m *Manifest) { m.Rounding = 0 }, reason.ErrRange, "rounding is 0s"},
		{"half seconds of rounding", func(m *Manifest) { m.Rounding = 1500 * time.Millisecond }, reason.ErrRange, "rounding is 1.5s"},
		{"two days of rounding", func(m *Manifest) { m.Rounding = 48 * time.Hour }, reason.ErrRange, "rounding is 48h"},
	} {
		t.Run(test.name, func(t *testing.T) {
			d := testDescription(t, "ristretto255")
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

// kindOf is a contest of a kind, without its parameters.
func kindOf(kind string) Contest {
	return Contest{ID: "north", Name: "North only", Kind: kind, Options: []Option{{"a", "One"}, {"b", "Two"}}}
}

// equationsOf is a valid contest of kind equations, and one equation more.
func equationsOf(e *Equation) Contest {
	c := kindOf("equations")
	c.Rows, c.Witness = []Row{{"x", "First", slotTerms(1)}}, Vote{"a": 1}
	if e != nil {
		c.Equations = []Equation{*e}
	}
	return c
}

func slotTerms(coefficients ...int64) (terms []zkp.Term) {
	for slot, c := range coefficients {
		terms = append(terms, zkp.Term{Slot: slot, Coefficient: c})
	}
	return terms
}

func TestEquationsOfTheManifestAreItsOwn(t *testing.T) {
	d := testDescription(t, "ristretto255")
	d.Contests[1] = equationsOf(&Equation{slotTerms(1, 1), 1, 2})
	m, err := NewManifest(d)
	require.NoError(t, err)
	d.Contests[1].Equations[0].Terms[0].Coefficient = 5
	d.Contests[1].Rows[0].Terms[0].Coefficient = 5
	delete(d.Contests[1].Witness, "a")
	sameManifest(t, m)
	require.NoError(t, m.Contests[1].Check(Vote{"a": 1, "b": 1}))
	d.Contests[1] = equationsOf(nil)
	d.Contests[1].Witness = nil // a vote that marks nothing is a witness, too
	m, err = NewManifest(d)
	require.NoError(t, err)
	sameManifest(t, m)
	d.Contests[1].Witness = Vote{"a": 0}
	again, err := NewManifest(d)
	require.NoError(t, err)
	require.Equal(t, m.ID(), again.ID())
}

func manyOptions(id string, n int) Contest {
	c := Contest{ID: id, Name: "Contest " + id, Kind: "approval"}
	for i := range n {
		c.Options = append(c.Options, Option{fmt.Sprint(i), fmt.Sprintf("Choice %03d", i+200)})
	}
	return c
}

func TestP62ThresholdWords(t *testing.T) {
	d := testDescription(t, "ristretto255")
	d.Threshold, d.MinorityThreshold = 1, true
	m, err := NewManifest(d)
	require.NoError(t, err)
	require.Contains(t, string(m.JSON()), `"minority-threshold"`)
	require.True(t, m.Ceremony().AllowMinority)
	sameManifest(t, m)

	d.Threshold, d.MinorityThreshold, d.EveryTrusteeNeeded = 3, false, true
	m, err = NewManifest(d)
	require.NoError(t, err)
	require.True(t, m.Ceremony().AllowNoneLost)
	sameManifest(t, m)

	d.Trustees, d.Threshold, d.EveryTrusteeNeeded = d.Trustees[:1], 1, false
	m, err = NewManifest(d)
	require.NoError(t, err, "one trustee alone needs no word")
	sameManifest(t, m)
}

// Each changes one thing of a valid JSON manifest.
func TestParseManifestRefuses(t *testing.T) {
	valid, err := os.ReadFile("../examples/manifests/styles.json")
	require.NoError(t, err)
	for _, test := range []struct {
		name, old, new string
		reason         error
		text           string
	}{
		{"duplicate key", `"threshold": 2`, `"threshold": 2, "threshold": 2`, reason.ErrEncoding, `threshold: at byte`},
		{"duplicate key in other case", `"threshold": 2`, `"threshold": 2, "Threshold": 2`, reason.ErrEncoding, `key "Threshold" after key "threshold"`},
		{"duplicate key with a long s", `"styles": [`, `"ſtyles": [], "styles": [`, reason.ErrEncoding, `key "styles" after key "ſtyles"`},
		{"duplicate key with a Kelvin sign", `"kind": "choose",`, `"kind": "choose", "\u212aind": "x",`, reason.ErrEncoding, `after key "kind"`},
		{"key in other case", `"threshold": 2`, `"Threshold": 2`, reason.ErrEncoding, `has no "threshold"`},
		{"unknown key", `"threshold": 2`, `"threshold": 2, "note": {}`, reason.ErrEncoding, "note: unknown key"},
		{"unknown key inside", `"id": "ines",`, `"id": "ines", "party": "x",`, reason.ErrEncoding, "contests[0].options[0].party: unknown key"},
		{"key of another kind", `"kind": "choose",`, `"kind": "choose", "points": 3,`, reason.ErrEncoding, "contests[0].points: unknown key"},
		{"missing key", `"rounding": 60`, `"x": 60`, reason.ErrEncoding, `has no "rounding"`},
		{"missing min", "\"min\": 1,", "", reason.ErrEncoding, `contests[0]: has no "min"`},
		{"null", `"blank": true`, `"blank": null`, reason.ErrEncoding, "contests[0].blank: at byte"},
		{"text for a number", `"threshold": 2`, `"threshold": "2"`, reason.ErrEncoding, "threshold: is text and must be a number"},
		{"number for a boolean", `"blank": true`, `"blank": 1`, reason.ErrEncoding, "contests[0].blank: is a number and must be true or false"},
		{"fraction", `"threshold": 2`, `"threshold": 2.0`, reason.ErrEncoding, "2.0 is not a plain integer"},
		{"exponent", `"max_voters": 3000`, `"max_voters": 3e3`, reason.ErrEncoding, "limits.max_voters: at byte"},
		{"minus zero", `"max_voters": 3000`, `"max_voters": -0`, reason.ErrEncoding, "limits.max_voters: at byte"},
		{"2^53+1", `"max_weight": 1000000`, `"max_weight": 9007199254740993`, reason.ErrEncoding, "limits.max_weight: at byte"},
		{"2^64", `"max_weight": 1000000`, `"max_weight": 18446744073709551616`, reason.ErrEncoding, "limits.max_weight: at byte"},
		{"out of range", `"max_weight": 1000000`, `"max_weight": 1099511627777`, reason.ErrRange, "limits.max_weight: 1099511627777 is not between 1 and 1099511627776"},
		{"other version", `"version": 1`, `"version": 2`, reason.ErrVersion, "version: 2 is not 1"},
		{"other group", `"ristretto255"`, `"edwards25519"`, reason.ErrVersion, "group: "},
		{"group that is not that of the keys", `"ristretto255"`, `"P-256"`, reason.ErrEncoding, "trustees[0].encryption"},
		{"hex in capitals", `"00f46758`, `"00F46758`, reason.ErrEncoding, "trustees[0].encryption: is not 32 bytes in lowercase hex"},
		{"short hex", `"00f46758`, `"f46758`, reason.ErrEncoding, "trustees[0].encryption"},
		{"identity", `"00f4675812aab272add6a992906b5ec56a6528fa882fd99f014ff99a59487e6b"`, `"` + strings.Repeat("0", 64) + `"`, reason.ErrGroup, "trustees[0].encryption"},
		{"point outside the group", `"00f4675812aab272`, `"01f4675812aab272`, reason.ErrEncoding, "trustees[0].encryption"},
		{"local time", `"2027-05-09T07:00:00Z"`, `"2027-05-09T07:00:00+00:00"`, reason.ErrEncoding, "hours.opens"},
		{"fraction of a second", `"2027-05-09T07:00:00Z"`, `"2027-05-09T07:00:00.5Z"`, reason.ErrEncoding, "hours.opens"},
		{"no time", `"2027-05-09T07:00:00Z"`, `"tomorrow"`, reason.ErrEncoding, "hours.opens"},
		{"unknown contest of a style", `["board", "mill"]`, `["board", "mil"]`, reason.ErrShape, `styles[1].contests[1]: there is no contest "mil"`},
		{"word that means nothing", `"threshold": 2`, `"threshold": 2, "accept": ["everything"]`, reason.ErrEncoding, "accept[0]"},
		{"word twice", `"threshold": 2`, `"threshold": 1, "accept": ["minority-threshold", "minority-threshold"]`, reason.ErrDuplicate, "accept[1]"},
		{"unknown kind", `"kind": "choose"`, `"kind": "choice"`, reason.ErrVersion, `contests[0].kind: "choice" is not known`},
		{"number of another kind's", `"max": 1,`, `"max": 70000,`, reason.ErrRange, "contests[0].max: 70000"},
		{"empty", string(valid), ``, reason.ErrEncoding, "at byte 0"},
		{"no object", string(valid), `[]`, reason.ErrEncoding, "is a list and must be an object"},
		{"trailing data", string(valid), string(valid) + "{}", reason.ErrEncoding, "trailing data"},
		{"too large", string(valid), strings.Repeat(" ", maxManifest+1), reason.ErrLimit, "at most"},
	} {
		t.Run(test.name, func(t *testing.T) {
			require.Contains(t, string(valid), test.old)
			m, err := ParseManifest([]byte(strings.Replace(string(valid), test.old, test.new, 1)))
			require.ErrorIs(t, err, test.reason)
			require.ErrorContains(t, err, test.text)
			require.True(t, strings.HasPrefix(err.Error(), "ballot: manifest: "), err)
			require.Nil(t, m)
		})
	}
}

// Every byte of the canonical form counts: cut, extended or changed it is
// refused or another manifest, and whatever is accepted is canonical.
func TestManifestBytesAreCanonical(t *testing.T) {
	m, err := NewManifest(testDescription(t, "ristretto255"))
	require.NoError(t, err)
	data := m.Bytes()
	for i := range data {
		_, err := ParseManifestBytes(data[:i])
		require.Error(t, err, "cut to %d bytes", i)
		for _, bit := range []byte{1, 0x80} {
			changed := bytes.Clone(data)
			changed[i] ^= bit
			if other, err := ParseManifestBytes(changed); err == nil {
				require.Equal(t, changed, other.Bytes())
				require.NotEqual(t, m.ID(), other.ID())
			}
		}
	}
	_, err = ParseManifestBytes(append(bytes.Clone(data), 0))
	require.ErrorIs(t, err, reason.ErrEncoding)
	require.ErrorContains(t, err, "1 trailing bytes")
	_, err = ParseManifestBytes(make([]byte, maxManifest+1))
	require.ErrorIs(t, err, reason.ErrLimit)

	decomposed := bytes.Replace(data, []byte("\x00\x00\x00\x0eÉlection 2027"), []byte("\x00\x00\x00\x0fE\u0301lection 2027"), 1)
	require.NotEqual(t, data, decomposed)
	_, err = ParseManifestBytes(decomposed)
	require.ErrorIs(t, err, reason.ErrEncoding)
	require.ErrorContains(t, err, "not in canonical form")
}

func TestParseManifestBytesRefuses(t *testing.T) {
	m, err := NewManifest(testDescription(t, "ristretto255"))
	require.NoError(t, err)
	encryption := string(m.Group.AppendPoint(nil, m.Trustees[0].Encryption))
	const thresholdAndFlags = "\x00\x00\x00\x02\x00\x00\x00\x00\x00\x03\x00\x00\x00\x05mayor"
	const points = "points\x00\x00\x00\x05"
	for _, test := range []struct {
		name, old, new string
		reason         error
		text           string
	}{
		{"version", "\x01\x01\x00", "\x02\x01\x00", reason.ErrVersion, "version 2 is not 1"},
		{"kind", "\x01\x01\x00", "\x01\x02\x00", reason.ErrEncoding, "kind 2 is not a manifest"},
		{"group", "ristretto255", "ristretto256", reason.ErrVersion, "group: "},
		{"text that is not UTF-8", "lection", "lectio\xff", reason.ErrEncoding, "not UTF-8"},
		{"identity", encryption, strings.Repeat("\x00", 32), reason.ErrGroup, "trustees[0].encryption"},
		{"no point", encryption, strings.Repeat("\xff", 32), reason.ErrEncoding, "trustees[0].encryption"},
		{"flag", thresholdAndFlags, strings.Replace(thresholdAndFlags, "\x02\x00", "\x02\x02", 1), reason.ErrEncoding, "not 0 or 1"},
		{"kind of contest", "choose", "choosy", reason.ErrVersion, "kind \"choosy\" is not known"},
		{"parameter", points, "points\x80\x00\x00\x05", reason.ErrRange, "parameter 2147483653"},
		{"default not filled in", points + points[6:], points + "\x00\x00\x00\x00", reason.ErrEncoding, "not in canonical form"},
	} {
		t.Run(test.name, func(t *testing.T) {
			data := string(m.Bytes())
			require.Contains(t, data, test.old)
			m, err := ParseManifestBytes([]byte(strings.Replace(data, test.old, test.new, 1)))
			require.ErrorIs(t, err, test.reason)
			require.ErrorContains(t, err, test.text)
			require.Nil(t, m)
		})
	}
}

func TestExampleManifests(t *testing.T) {
	type vote struct {
		contest string
		vote    Vote
		reason  error // of an invalid vote
	}
	tests := map[string]struct {
		slots          map[string]int // or other columns
		valid, invalid []vote
	}{
		"choose-one": {
			slots:   map[string]int{"mayor": 5},
			valid:   []vote{{"mayor", Vote{"haddad": 1}, nil}, {"mayor", nil, nil}},
			invalid: []vote{{"mayor", Vote{"haddad": 1, "kim": 1}, reason.ErrRange}},
		},
		"choose-three": {
			slots:   map[string]int{"council": 8},
			valid:   []vote{{"council", Vote{"ahn": 1, "bae": 1, "gu": 1}, nil}, {"council", nil, nil}},
			invalid: []vote{{"council", Vote{"ahn": 1, "bae": 1, "gu": 1, "do": 1}, reason.ErrRange}},
		},
		"approval": {
			slots:   map[string]int{"date": 3, "place": 5},
			valid:   []vote{{"date", nil, nil}, {"date", Vote{"sat": 1, "sun": 1, "mon": 1}, nil}, {"place", Vote{"hall": 1, "online": 1}, nil}, {"place", nil, nil}},
			invalid: []vote{{"date", Vote{"sat": 2}, reason.ErrRange}, {"place", Vote{"hall": 1, "school": 1, "online": 1}, reason.ErrRange}},
		},
		"points": {
			slots:   map[string]int{"parks": 8, "roads": 13},
			valid:   []vote{{"parks", Vote{"M/01": 3}, nil}, {"parks", nil, nil}, {"roads", Vote{"R/01": 5, "R/02": 4, "R/03": 1}, nil}, {"roads", nil, nil}},
			invalid: []vote{{"parks", Vote{"M/01": 2, "M/02": 2}, reason.ErrRange}, {"roads", Vote{"R/01": 6, "R/02": 4}, reason.ErrRange}, {"roads", Vote{"R/01": 5}, reason.ErrRange}},
		},
		"ranked-points": {
			slots:   map[string]int{"projects": 20, "chair": 13},
			valid:   []vote{{"projects", Vote{"5": 1, "9": 3, "11": 2}, nil}, {"chair", Vote{"nowak": 2}, nil}, {"chair", nil, nil}},
			invalid: []vote{{"projects", Vote{"5": 1, "9": 2}, reason.ErrRange}, {"projects", Vote{"5": 1, "9": 1, "11": 2}, reason.ErrDuplicate}, {"chair", Vote{"nowak": 3}, reason.ErrRange}},
		},
		"borda": {
			slots:   map[string]int{"song": 16},
			valid:   []vote{{"song", Vote{"river": 1, "zima": 2, "haru": 3}, nil}},
			invalid: []vote{{"song", Vote{"river": 1, "zima": 2, "haru": 3, "noche": 4}, reason.ErrRange}, {"song", Vote{"river": 1}, reason.ErrRange}},
		},
		"score": {
			slots:   map[string]int{"novels": 18},
			valid:   []vote{{"novels", Vote{"pedro": 5, "tree": 5, "season": 1}, nil}, {"novels", nil, nil}},
			invalid: []vote{{"novels", Vote{"pedro": 6}, reason.ErrRange}},
		},
		"star": {
			slots:   map[string]int{"ferry": 72},
			valid:   []vote{{"ferry", Vote{"tern": 5, "petrel": 5, "muirin": 1}, nil}, {"ferry", nil, nil}},
			invalid: []vote{{"ferry", Vote{"tern": 6}, reason.ErrRange}, {"ferry", Vote{"tern": -1}, reason.ErrRange}},
		},
		"judgement": {
			slots:   map[string]int{"mayor": 13},
			valid:   []vote{{"mayor", Vote{"moreau": 1, "diallo": 4, "petit": 4}, nil}, {"mayor", nil, nil}},
			invalid: []vote{{"mayor", Vote{"moreau": 1, "diallo": 2}, reason.ErrShape}, {"mayor", Vote{"moreau": 5, "diallo": 2, "petit": 1}, reason.ErrRange}},
		},
		"ranking": {
			slots:   map[string]int{"courses": 16, "director": 19},
			valid:   []vote{{"courses", Vote{"logic": 4, "chess": 3, "pottery": 1, "yoruba": 2}, nil}, {"director", Vote{"berg": 1}, nil}, {"director", nil, nil}},
			invalid: []vote{{"courses", Vote{"logic": 1, "chess": 2, "pottery": 3}, reason.ErrRange}, {"director", Vote{"berg": 2}, reason.ErrShape}, {"director", Vote{"berg": 4}, reason.ErrRange}},
		},
		"pairwise": {
			slots:   map[string]int{"leader": 54, "logo": 30},
			valid:   []vote{{"leader", Vote{"aoki": 1, "cohen": 1, "nobody": 2}, nil}, {"leader", nil, nil}, {"logo", Vote{"swirl": 1, "otter": 2, "knot": 5, "hexagon": 4, "plain": 3}, nil}},
			invalid: []vote{{"leader", Vote{"aoki": 5}, reason.ErrRange}, {"logo", Vote{"swirl": 1, "otter": 1, "knot": 5, "hexagon": 4, "plain": 3}, reason.ErrDuplicate}, {"logo", nil, reason.ErrRange}},
		},
		"quadratic": {
			slots:   map[string]int{"bills": 21},
			valid:   []vote{{"bills", Vote{"HB-1": 4, "HB-2": 3, "HB-3": 2, "HB-4": 1}, nil}, {"bills", nil, nil}},
			invalid: []vote{{"bills", Vote{"HB-1": 4, "HB-2": 4}, reason.ErrRange}, {"bills", Vote{"HB-1": 5}, reason.ErrRange}},
		},
		"lists": {
			slots:   map[string]int{"council": 12, "committee": 10},
			valid:   []vote{{"council", Vote{"free": 1, "egli": 1}, nil}, {"council", Vote{"lake": 1}, nil}, {"council", nil, nil}, {"committee", Vote{"lake": 1, "egli": 1, "bucher": 1}, nil}, {"committee", Vote{"egli": 1}, nil}},
			invalid: []vote{{"council", Vote{"free": 1, "bucher": 1}, reason.ErrShape}, {"council", Vote{"egli": 1}, reason.ErrShape}, {"council", Vote{"free": 1, "lake": 1}, reason.ErrRange}, {"committee", Vote{"amrein": 1, "bucher": 1, "ceresa": 1, "egli": 1}, reason.ErrRange}},
		},
		"referendum": {
			slots:   map[string]int{"questions": 12},
			valid:   []vote{{"questions", Vote{"bridge": Yes, "toll": No}, nil}, {"questions", nil, nil}},
			invalid: []vote{{"questions", Vote{"bridge": 2}, reason.ErrRange}},
		},
		"equations": {
			slots:   map[string]int{"trip": 7},
			valid:   []vote{{"trip", Vote{"dive": 1, "boat": 1}, nil}, {"trip", Vote{"hike": 1, "dance": 1}, nil}},
			invalid: []vote{{"trip", Vote{"dive": 1, "dance": 1}, reason.ErrRange}, {"trip", Vote{"cinema": 1, "dance": 1}, reason.ErrRange}, {"trip", Vote{"hike": 1}, reason.ErrRange}},
		},
		"mixed": {
			slots: map[string]int{"committee": 1, "ship": 3, "fee": 3, "days": 3},
			valid: []vote{
				{"committee", Vote{"ito": 1, "costa": 2, "diop": 3, "byrne": 4, "novak": 5}, nil}, {"committee", Vote{"diop": 1}, nil}, {"committee", nil, nil},
				{"ship", Vote{"otter": 1}, nil}, {"ship", Vote{"Lady of the Lake": 1}, nil}, {"ship", nil, nil}, {"fee", Vote{"no": 1}, nil},
			},
			invalid: []vote{
				{"committee", Vote{"diop": 1, "ito": 1}, reason.ErrDuplicate}, {"committee", Vote{"ito": 2}, reason.ErrShape}, {"committee", Vote{"nobody": 1}, reason.ErrShape},
				{"ship", Vote{"otter": 1, "kingfisher": 1}, reason.ErrRange}, {"ship", Vote{strings.Repeat("Lake", 16): 1}, reason.ErrRange}, {"ship", Vote{" Lake": 1}, reason.ErrEncoding},
			},
		},
		"styles": {
			slots:   map[string]int{"board": 3, "well": 2, "mill": 2},
			valid:   []vote{{"board", Vote{"omar": 1}, nil}, {"well", Vote{"yes": 1}, nil}, {"mill", Vote{"no": 1}, nil}},
			invalid: []vote{{"well", nil, reason.ErrRange}, {"mill", Vote{"yes": 1, "no": 1}, reason.ErrRange}},
		},
	}
	files, err := filepath.Glob("../examples/manifests/*.json")
	require.NoError(t, err)
	require.Len(t, files, len(tests), "every worked manifest has votes here")
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".json")
		t.Run(name, func(t *testing.T) {
			test, ok := tests[name]
			require.True(t, ok)
			data, err := os.ReadFile(file)
			require.NoError(t, err)
			m, err := ParseManifest(data)
			require.NoError(t, err)
			sameManifest(t, m)
			for i := range m.Contests {
				_, slots := m.Contests[i].Columns()
				require.Equal(t, test.slots[m.Contests[i].ID], slots, m.Contests[i].ID)
			}
			for style := range m.Styles { // the proof takes what was compiled
				var columns []zkp.Column
				for _, i := range m.Styles[style].Contests {
					c := &m.Contests[i]
					for k := range c.layout.columns() {
						key := m.Group.HashToPoint("test", []byte{byte(c.first + k)})
						columns = append(columns, zkp.Column{Index: c.first + k, Key: key, Mixed: c.Mixed()})
					}
				}
				_, err := zkp.NewForm(m.Group, m.ID(), m.Styles[style].ID, columns, m.RowRules(style))
				require.NoError(t, err)
			}
			contest := func(id string) *Contest {
				i, ok := m.ContestIndex(id)
				require.True(t, ok)
				return &m.Contests[i]
			}
			for _, v := range test.valid {
				row, err := contest(v.contest).Encode(v.vote)
				require.NoError(t, err)
				require.True(t, holds(contest(v.contest), row))
			}
			for _, v := range test.invalid {
				require.ErrorIs(t, contest(v.contest).Check(v.vote), v.reason)
			}
		})
	}
}

// ownGroup is a group that works, by any name.
func ownGroup(t *testing.T, name string) *elgamal.Group {
	curve := elgamal.Ristretto255().Kyber()
	g, err := elgamal.NewGroup(name, curve, curve.(elgamal.Codec))
	require.NoError(t, err)
	return g
}
