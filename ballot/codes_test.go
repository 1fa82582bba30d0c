package ballot

import (
	"crypto/rand"
	"encoding/json"
	"fmt"
	mathrand "math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hanpyo/hanpyo/internal/reason"
)

func TestCodeRoundTrip(t *testing.T) {
	seen := make(map[Code]bool)
	for range 200 {
		c := NewCode()
		require.False(t, seen[c])
		seen[c] = true
		text := c.Text()
		require.Regexp(t, `^([0-9A-HJKMNP-TV-Z]{5}-){5}[0-9A-HJKMNP-TV-Z]{5}$`, text)
		for name, typed := range map[string]string{
			"as printed":  text,
			"small":       strings.ToLower(text),
			"no hyphens":  strings.ReplaceAll(text, "-", ""),
			"with spaces": " " + strings.ReplaceAll(text, "-", "  ") + " ",
			"O for 0":     strings.ReplaceAll(text, "0", "O"),
			"l for 1":     strings.ReplaceAll(text, "1", "l"),
			"I for 1":     strings.ReplaceAll(text, "1", "I"),
		} {
			got, err := ParseCode(typed)
			require.NoError(t, err, name)
			require.Equal(t, c, got, name)
		}
	}
}

// TestCodeUsesAllBits holds the entropy: every symbol takes every value.
func TestCodeUsesAllBits(t *testing.T) {
	var seen [codeSymbols][32]bool
	for range 2000 {
		for i, s := range NewCode().symbols {
			seen[i][s] = true
		}
	}
	for i := range seen {
		require.NotContains(t, seen[i], false, "symbol %d", i)
	}
}

func TestCodeGolden(t *testing.T) {
	var c Code
	for i := range c.symbols {
		c.symbols[i] = byte(i)
	}
	require.Equal(t, "01234-56789-ABCDE-FGHJK-MNPQR-SGCCH", c.Text())
	require.Equal(t, "00000-00000-00000-00000-00000-00000", Code{}.Text())
}

// TestMulGF32 compares with multiplication and division of polynomials as one
// learns it at school, and holds that α has order 31.
func TestMulGF32(t *testing.T) {
	for a := range 32 {
		for b := range 32 {
			product := 0
			for i := range 5 {
				if b>>i&1 == 1 {
					product ^= a << i
				}
			}
			for i := 9; i >= 5; i-- {
				if product>>i&1 == 1 {
					product ^= 0x25 << (i - 5)
				}
			}
			require.EqualValues(t, product, mulGF32(byte(a), byte(b)))
		}
	}
	power, order := byte(2), 1
	for ; power != 1; order++ {
		power = mulGF32(power, 2)
	}
	require.Equal(t, 31, order)
}

// TestCodeGenerator holds that the generator has the roots 1, α, α², α³, which
// is what makes the distance five.
func TestCodeGenerator(t *testing.T) {
	for j, root := range []byte{1, 2, 4, 8} {
		value := byte(1)
		for _, c := range codeGenerator {
			value = mulGF32(value, root) ^ c
		}
		require.Zero(t, value, "α^%d", j)
	}
}

func TestCodeFindsTypos(t *testing.T) {
	c := NewCode()
	text := strings.ReplaceAll(c.Text(), "-", "")
	refuse := func(typed, what string) {
		t.Helper()
		_, err := ParseCode(typed)
		require.ErrorIs(t, err, reason.ErrEncoding, what)
		require.NotContains(t, err.Error(), text[:5])
	}
	for i := range len(text) {
		for _, wrong := range codeAlphabet {
			if byte(wrong) != text[i] {
				refuse(text[:i]+string(wrong)+text[i+1:], "one wrong symbol")
			}
		}
		refuse(text[:i]+text[i+1:], "one left out")
		refuse(text[:i]+"7"+text[i:], "one more")
		if i > 0 && text[i] != text[i-1] {
			refuse(text[:i-1]+text[i:i+1]+text[i-1:i]+text[i+1:], "two exchanged")
		}
	}
	random := mathrand.New(mathrand.NewPCG(1, 2))
	for range 2000 { // two to four wrong symbols
		typed := []byte(text)
		for _, i := range random.Perm(len(text))[:2+random.IntN(3)] {
			for typed[i] == text[i] {
				typed[i] = codeAlphabet[random.IntN(32)]
			}
		}
		refuse(string(typed), "some wrong symbols")
	}
	for _, junk := range []string{"", "-", text[:29] + "U", text[:29] + "*", text[:29] + "\n", text[:29] + "０", text + text, strings.Repeat("0", 1<<20)} {
		refuse(junk, "junk")
	}
	_, err := ParseCode(text[:29] + "U")
	require.ErrorContains(t, err, "character 30 is none of a code's")
}

func shareManifest(t testing.TB, group string, registrars int) *Manifest {
	d := testDescription(t, group)
	d.Registrars.Keys = nil
	for i := range registrars {
		d.Registrars.Keys = append(d.Registrars.Keys, testKey(fmt.Sprint("registrar ", i)))
	}
	d.Registrars.Quorum = registrars
	m, err := NewManifest(d)
	require.NoError(t, err)
	return m
}

// codesAndShares makes what all registrars of a manifest make for one voter.
func codesAndShares(t testing.TB, m *Manifest, voter string) (codes []Code, shares []*CodeShare) {
	for _, registrar := range m.Registrars.Keys {
		c := NewCode()
		s, err := NewCodeShare(m, registrar, voter, c)
		require.NoError(t, err)
		codes, shares = append(codes, c), append(shares, s)
	}
	return codes, shares
}

func forBothGroups(t *testing.T, test func(t *testing.T, group string)) {
	for _, group := range []string{"ristretto255", "P-256"} {
		t.Run(group, func(t *testing.T) { test(t, group) })
	}
}

func TestCodeShares(t *testing.T) {
	forBothGroups(t, func(t *testing.T, group string) {
		for _, registrars := range []int{1, 2, 3} {
			m := shareManifest(t, group, registrars)
			codes, shares := codesAndShares(t, m, "042-117")
			for i, s := range shares {
				again, err := ParseCodeShare(m, s.Bytes())
				require.NoError(t, err)
				require.Equal(t, s, again)
				shares[i] = again
			}
			key, err := CombineShares(m, "042-117", shares)
			require.NoError(t, err)

			// The device types the codes from the letters.
			for i, c := range codes {
				codes[i], err = ParseCode(strings.ToLower(c.Text()))
				require.NoError(t, err)
			}
			voter, err := VoterKeyFromCodes(m, "042-117", codes)
			require.NoError(t, err)
			require.Equal(t, key, voter.Public())
			_, err = NewRoll(m, []RollLine{{Key: key, Weight: 1}})
			require.NoError(t, err)

			slices.Reverse(shares)
			reversed, err := CombineShares(m, "042-117", shares)
			require.NoError(t, err)
			require.Equal(t, key, reversed, "shares come in any order")
		}
	})
}

// TestOneRegistrarCannotVote: with its own code and everything public a
// registrar gets another key than the voter's.
func TestOneRegistrarCannotVote(t *testing.T) {
	forBothGroups(t, func(t *testing.T, group string) {
		m := shareManifest(t, group, 2)
		codes, shares := codesAndShares(t, m, "v")
		key, err := CombineShares(m, "v", shares)
		require.NoError(t, err)
		for name, wrong := range map[string][]Code{
			"one code twice": {codes[0], codes[0]},
			"a guess":        {codes[0], NewCode()},
			"wrong order":    {codes[1], codes[0]},
		} {
			k, err := VoterKeyFromCodes(m, "v", wrong)
			require.NoError(t, err, name)
			require.NotEqual(t, key, k.Public(), name)
		}
		k, err := VoterKeyFromCodes(m, "w", codes)
		require.NoError(t, err)
		require.NotEqual(t, key, k.Public(), "another voter's id")
		require.NotEqual(t, shares[0].Key, key)
		require.NotEqual(t, shares[1].Key, key)
	})
}

func TestCombineSharesRefuses(t *testing.T) {
	forBothGroups(t, func(t *testing.T, group string) {
		m, other := shareManifest(t, group, 2), shareManifest(t, group, 3)
		require.NotEqual(t, m.ID(), other.ID())
		codes, shares := codesAndShares(t, m, "v")
		g := m.Group
		with := func(i int, change func(s *CodeShare)) []*CodeShare {
			changed := *shares[i]
			changed.Proof = slices.Clone(changed.Proof)
			change(&changed)
			list := slices.Clone(shares)
			list[i] = &changed
			return list
		}
		share := func(m *Manifest, registrar int, voter string, c Code) *CodeShare {
			s, err := NewCodeShare(m, m.Registrars.Keys[registrar], voter, c)
			require.NoError(t, err)
			return s
		}
		first, err := g.DecodePoint(shares[0].Key)
		require.NoError(t, err)
		known := NewVoterKey(g)
		rogue := g.AppendPoint(nil, g.Point().Sub(known.public, first)) // K₂ = X − K₁
		opposite := g.AppendPoint(nil, g.Point().Neg(first))

		for name, change := range map[string]struct {
			shares []*CodeShare
			want   error
		}{
			"none":                   {nil, reason.ErrIncomplete},
			"one missing":            {shares[:1], reason.ErrIncomplete},
			"nil":                    {[]*CodeShare{shares[0], nil}, reason.ErrShape},
			"one twice":              {[]*CodeShare{shares[0], shares[0]}, reason.ErrDuplicate},
			"two of one registrar":   {[]*CodeShare{shares[0], share(m, 0, "v", NewCode())}, reason.ErrDuplicate},
			"one too many":           {append(slices.Clone(shares), share(m, 1, "v", NewCode())), reason.ErrDuplicate},
			"a stranger":             {with(1, func(s *CodeShare) { s.Registrar = testKey("stranger") }), reason.ErrEligibility},
			"no registrar":           {with(1, func(s *CodeShare) { s.Registrar = nil }), reason.ErrEligibility},
			"another voter":          {[]*CodeShare{shares[0], share(m, 1, "w", codes[1])}, reason.ErrBinding},
			"another voter renamed":  {[]*CodeShare{shares[0], renamed(share(m, 1, "w", codes[1]), "v")}, reason.ErrProof},
			"another election":       {[]*CodeShare{shares[0], share(other, 1, "v", codes[1])}, reason.ErrProof},
			"registrars exchanged":   {[]*CodeShare{exchanged(shares[0], shares[1]), exchanged(shares[1], shares[0])}, reason.ErrProof},
			"rogue key":              {with(1, func(s *CodeShare) { s.Key = rogue }), reason.ErrProof},
			"the opposite":           {with(1, func(s *CodeShare) { s.Key = opposite }), reason.ErrProof},
			"the other's key":        {with(1, func(s *CodeShare) { s.Key = shares[0].Key }), reason.ErrProof},
			"the other's as well":    {with(1, func(s *CodeShare) { s.Key, s.Proof = shares[0].Key, shares[0].Proof }), reason.ErrProof},
			"proof changed":          {with(1, func(s *CodeShare) { s.Proof[len(s.Proof)/2+3] ^= 1 }), reason.ErrProof},
			"proof short":            {with(1, func(s *CodeShare) { s.Proof = s.Proof[1:] }), reason.ErrEncoding},
			"proof long":             {with(1, func(s *CodeShare) { s.Proof = append(s.Proof, 0) }), reason.ErrEncoding},
			"no proof":               {with(1, func(s *CodeShare) { s.Proof = nil }), reason.ErrEncoding},
			"the identity":           {with(1, func(s *CodeShare) { s.Key = g.AppendPoint(nil, g.Point()) }), reason.ErrGroup},
			"no key":                 {with(1, func(s *CodeShare) { s.Key = nil }), reason.ErrEncoding},
			"no key but a long text": {with(1, func(s *CodeShare) { s.Key = make([]byte, 1000) }), reason.ErrEncoding},
		} {
			key, err := CombineShares(m, "v", change.shares)
			require.ErrorIs(t, err, change.want, name)
			require.Nil(t, key, name)
		}
		_, err = CombineShares(m, "w", shares)
		require.ErrorIs(t, err, reason.ErrBinding)
	})
}

func renamed(s *CodeShare, voter string) *CodeShare {
	s.Voter = voter
	return s
}

func exchanged(s, by *CodeShare) *CodeShare {
	changed := *s
	changed.Registrar = by.Registrar
	return &changed
}

// TestIdentitySum: two registrars whose parts cancel out, which takes both.
func TestIdentitySum(t *testing.T) {
	forBothGroups(t, func(t *testing.T, group string) {
		m := shareManifest(t, group, 2)
		shares := make([]*CodeShare, 2)
		k := m.Group.RandomScalar()
		for i := range shares {
			s, err := newCodeShare(m, m.Registrars.Keys[i], "v", k)
			require.NoError(t, err)
			shares[i] = s
			_, err = s.verify(m)
			require.NoError(t, err)
			k = m.Group.Scalar().Neg(k)
		}
		_, err := CombineShares(m, "v", shares)
		require.ErrorIs(t, err, reason.ErrGroup)
	})
}

func TestNamesOfCodeShares(t *testing.T) {
	m := shareManifest(t, "ristretto255", 2)
	for voter, want := range map[string]error{
		"": reason.ErrEncoding, "a b": reason.ErrEncoding, "é": reason.ErrEncoding, "-1": reason.ErrEncoding, strings.Repeat("x", 65): reason.ErrLimit,
	} {
		_, err := NewCodeShare(m, m.Registrars.Keys[0], voter, NewCode())
		require.ErrorIs(t, err, want, voter)
		_, err = VoterKeyFromCodes(m, voter, []Code{NewCode(), NewCode()})
		require.ErrorIs(t, err, want, voter)
	}
	_, err := NewCodeShare(m, testKey("stranger"), "v", NewCode())
	require.ErrorIs(t, err, reason.ErrEligibility)
	for _, n := range []int{0, 1, 3} {
		_, err = VoterKeyFromCodes(m, "v", make([]Code, n))
		require.ErrorIs(t, err, reason.ErrShape)
	}
}

// A share is read from exactly its bytes, and only where it would be taken.
func TestParseCodeShareRefuses(t *testing.T) {
	forBothGroups(t, func(t *testing.T, group string) {
		m := shareManifest(t, group, 2)
		_, shares := codesAndShares(t, m, "v")
		good := shares[0].Bytes()
		s, err := ParseCodeShare(m, good)
		require.NoError(t, err)
		require.Equal(t, shares[0], s)
		refuse := func(want error, change func(b []byte) []byte) {
			t.Helper()
			s, err := ParseCodeShare(m, change(slices.Clone(good)))
			require.ErrorIs(t, err, want)
			require.Nil(t, s)
		}
		refuse(reason.ErrEncoding, func(b []byte) []byte { return append(b, 0) })
		for n := range good {
			refuse(reason.ErrEncoding, func(b []byte) []byte { return b[:n] })
		}
		refuse(reason.ErrEligibility, func(b []byte) []byte { return append(slices.Clone(testKey("stranger")), b[32:]...) })
		refuse(reason.ErrEncoding, func(b []byte) []byte { b[36] = ' '; return b }) // the voter
		refuse(reason.ErrProof, func(b []byte) []byte { b[36] = 'w'; return b })
	})
}

func TestCodeNeverPrinted(t *testing.T) {
	c := NewCode()
	marshalled, err := json.Marshal(map[string]any{"c": c, "p": &c})
	require.NoError(t, err)
	out := fmt.Sprintf("%v %+v %#v %s %x %d %q %v", c, c, c, c, c, c, c, &c) + string(marshalled)
	text := c.Text()
	for i := 0; i+5 <= len(text); i += 6 {
		require.NotContains(t, strings.ToUpper(out), text[i:i+5])
	}
	require.NotContains(t, out, fmt.Sprintf("%x", c.symbols[:4]))
	require.NotContains(t, out, strings.Trim(fmt.Sprint(c.symbols[:4]), "[]"))
	require.Contains(t, out, "[redacted]")
}

func FuzzParseCode(f *testing.F) {
	f.Add(NewCode().Text())
	f.Add("00000-00000-00000-00000-00000-00000")
	f.Add("oooooIIIII lllll")
	f.Fuzz(func(t *testing.T, text string) {
		c, err := ParseCode(text)
		if err != nil {
			require.Equal(t, Code{}, c)
			return
		}
		again, err := ParseCode(c.Text())
		require.NoError(t, err)
		require.Equal(t, c, again)
	})
}

func FuzzParseCodeShare(f *testing.F) {
	m := shareManifest(f, "ristretto255", 2)
	_, shares := codesAndShares(f, m, "v")
	f.Add(shares[0].Bytes())
	f.Add(shares[1].Bytes()[:40])
	junk := make([]byte, 133)
	rand.Read(junk)
	f.Add(junk)
	f.Fuzz(func(t *testing.T, b []byte) {
		s, err := ParseCodeShare(m, b)
		if err != nil {
			require.Nil(t, s)
			return
		}
		require.Equal(t, b, s.Bytes())
	})
}
