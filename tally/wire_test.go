package tally

import (
	"bytes"
	"encoding/hex"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hanpyo/hanpyo/ballot"
	"github.com/hanpyo/hanpyo/internal/electiontest"
	"github.com/hanpyo/hanpyo/internal/entry"
)

func TestPinBytes(t *testing.T) {
	p := newPin(30, [32]byte{0xab, 31: 0xcd})
	want := "000000000000001e" + "000000000000001f" + "ab" + hex.EncodeToString(make([]byte, 30)) + "cd"
	require.Equal(t, want, hex.EncodeToString(p.body()))
	got, err := parsePin(p.body())
	require.NoError(t, err)
	require.Equal(t, p, got)

	for desc, c := range map[string]struct {
		change func([]byte) []byte
		want   error
	}{
		"empty":           {func([]byte) []byte { return nil }, ErrEncoding},
		"a byte too many": {func(b []byte) []byte { return append(b, 0) }, ErrEncoding},
		"a byte too few":  {func(b []byte) []byte { return b[:len(b)-1] }, ErrEncoding},
		"size too large":  {func(b []byte) []byte { b[15]++; return b }, ErrRange},
		"size too small":  {func(b []byte) []byte { b[15]--; return b }, ErrRange},
		"size of 0 with the close at 2^64 - 1": {func(b []byte) []byte {
			copy(b, bytes.Repeat([]byte{0xff}, 8))
			copy(b[8:], make([]byte, 8))
			return b
		}, ErrRange},
	} {
		_, err := parsePin(c.change(p.body()))
		require.ErrorIs(t, err, c.want, desc)
	}
}

// Everything that a target is made of changes it.
func TestTargetsDiffer(t *testing.T) {
	p := newPin(30, [32]byte{1})
	fp := ballot.Fingerprint{1}
	seen := map[[32]byte]string{p.target(fp, 0): "the target", p.hash(fp): "the pin"}
	q := p
	q.root[31]++
	for desc, h := range map[string][32]byte{
		"contest":                 p.target(fp, 1),
		"list":                    p.rowsTarget(fp, 0, [32]byte{}),
		"another list":            p.rowsTarget(fp, 0, [32]byte{1}),
		"list of another contest": p.rowsTarget(fp, 1, [32]byte{}),
		"fingerprint":             p.target(ballot.Fingerprint{2}, 0),
		"root":                    q.target(fp, 0),
		"close":                   newPin(31, p.root).target(fp, 0),
		"pin of another election": p.hash(ballot.Fingerprint{2}),
		"pin of another root":     q.hash(fp),
	} {
		require.NotContains(t, seen, h, desc)
		seen[h] = desc
	}
}

func TestShareBytes(t *testing.T) {
	for _, g := range groups {
		f := honest(t, g)
		for i := range f.Manifest.Contests {
			s := f.share(t, 1, i)
			body := s.body(g)
			got, err := parseShare(g, f.Manifest.Contests, body)
			require.NoError(t, err)
			require.Equal(t, body, got.body(g))
			require.Len(t, got.points, len(f.Manifest.Contests[i].Results()))
			require.Len(t, body, 4+32+len(got.points)*g.PointLen()+len(s.proof))
		}
		body := f.share(t, 1, 0).body(g)
		for n := range 36 + 4*g.PointLen() {
			_, err := parseShare(g, f.Manifest.Contests, body[:n])
			require.ErrorIs(t, err, ErrEncoding, "cut to %d bytes", n)
		}
		for desc, c := range map[string]struct {
			at   int
			with []byte
			want error
		}{
			"a contest too many":         {0, []byte{0, 0, 0, 4}, ErrRange},
			"contest 2^32 - 1":           {0, []byte{0xff, 0xff, 0xff, 0xff}, ErrRange},
			"a point that is none":       {36, bytes.Repeat([]byte{0xff}, g.PointLen()), ErrEncoding},
			"a later point that is none": {36 + g.PointLen(), bytes.Repeat([]byte{0xff}, g.PointLen()), ErrEncoding},
		} {
			b := bytes.Clone(body)
			copy(b[c.at:], c.with)
			_, err := parseShare(g, f.Manifest.Contests, b)
			require.ErrorIs(t, err, c.want, desc)
		}
	}
}

func TestResultBytes(t *testing.T) {
	f := honest(t, groups[0])
	body := f.result.Bytes()
	require.Len(t, body, 32+5*8+4*25+12*8)
	got, err := parseResult(f.Election.Election, body)
	require.NoError(t, err)
	require.Equal(t, f.result, got)
	for n := range body {
		_, err := parseResult(f.Election.Election, body[:n])
		require.ErrorIs(t, err, ErrEncoding, "cut to %d bytes", n)
	}
	_, err = parseResult(f.Election.Election, append(bytes.Clone(body), 0))
	require.ErrorIs(t, err, ErrEncoding)
	body[32+5*8+24] = 2 // neither withheld nor not
	_, err = parseResult(f.Election.Election, body)
	require.ErrorIs(t, err, ErrEncoding)

	withheld := *f.result
	withheld.Contests = append([]ContestResult(nil), f.result.Contests...)
	withheld.Contests[1].Withheld, withheld.Contests[1].Totals = true, nil
	got, err = parseResult(f.Election.Election, withheld.Bytes())
	require.NoError(t, err)
	require.Equal(t, &withheld, got)
}

func FuzzPin(f *testing.F) {
	f.Add(newPin(30, [32]byte{1}).body())
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, data []byte) {
		p, err := parsePin(data)
		if err != nil {
			require.Equal(t, pinned{}, p)
			return
		}
		require.Equal(t, data, p.body())
	})
}

// fuzzed is an election for the fuzz targets of bodies whose form depends on
// the manifest.
func fuzzed(f *testing.F) *fixture {
	// A manifest is all that the parsers need; the ceremony would be slow.
	e := electiontest.Prepare(f, &electiontest.Options{Contests: append(contests(), mixedContests()[chair], mixedContests()[motto])})
	return &fixture{Election: e}
}

func FuzzShare(f *testing.F) {
	e := fuzzed(f)
	g := e.Manifest.Group
	s := &share{contest: 1, proof: bytes.Repeat([]byte{1}, 96)}
	for range e.Manifest.Contests[1].Results() {
		s.points = append(s.points, g.Base())
	}
	f.Add(s.body(g))
	f.Add((&share{contest: 5, rest: []byte("not looked into")}).body(g))
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, data []byte) {
		s, err := parseShare(g, e.Manifest.Contests, data)
		if err != nil {
			require.Nil(t, s)
			return
		}
		require.Equal(t, data, s.body(g))
	})
}

func FuzzResult(f *testing.F) {
	e := &ballot.Election{Manifest: fuzzed(f).Manifest, Fingerprint: ballot.Fingerprint{1}}
	r := emptyResult(e)
	f.Add(r.Bytes()) // nothing of the mixed contests, which is too little
	for i := 4; i < 6; i++ {
		r.Contests[i].mixed = newMixedResult(&e.Manifest.Contests[i])
	}
	f.Add(r.Bytes())
	r.Contests[4].mixed.elected = []int{3, 0}
	r.Contests[5].mixed.plaintexts[31] = 1
	f.Add(r.Bytes())
	r.Contests[0].Withheld, r.Contests[0].Totals = true, nil
	r.Contests[1].Totals[0].Total = -5
	f.Add(r.Bytes())
	f.Fuzz(func(t *testing.T, data []byte) {
		r, err := parseResult(e, data)
		if err != nil {
			require.Nil(t, r)
			return
		}
		require.Equal(t, data, r.Bytes())
	})
}

func TestKindsOfTheBodies(t *testing.T) {
	// A body of one kind never parses as one of another.
	f := honest(t, groups[0])
	bodies := map[entry.Kind][]byte{
		entry.Pin: f.closing.pinned.body(), entry.Share: f.share(t, 1, 0).body(f.Group), entry.Result: f.result.Bytes(),
	}
	for kind, body := range bodies {
		_, errPin := parsePin(body)
		_, errShare := parseShare(f.Group, f.Manifest.Contests, body)
		_, errResult := parseResult(f.Election.Election, body)
		require.Equal(t, kind == entry.Pin, errPin == nil)
		require.Equal(t, kind == entry.Share, errShare == nil)
		require.Equal(t, kind == entry.Result, errResult == nil)
	}
}
