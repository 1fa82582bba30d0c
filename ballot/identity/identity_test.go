package identity

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hanpyo/hanpyo/internal/reason"
)

var now = time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC)

func TestStart(t *testing.T) {
	good := Request{Audience: "a", Nonce: "n", Now: now}
	at, err := good.Start([]byte("p"))
	require.NoError(t, err)
	require.Equal(t, now, at)
	good.Now = time.Time{}
	at, err = good.Start(make([]byte, MaxPresentation))
	require.NoError(t, err)
	require.WithinDuration(t, time.Now(), at, time.Hour)

	for name, c := range map[string]struct {
		change func(r *Request)
		size   int
		want   error
	}{
		"no audience":      {func(r *Request) { r.Audience = "" }, 1, ErrShape},
		"long audience":    {func(r *Request) { r.Audience = strings.Repeat("a", maxAudience+1) }, 1, ErrShape},
		"no nonce":         {func(r *Request) { r.Nonce = "" }, 1, ErrShape},
		"long nonce":       {func(r *Request) { r.Nonce = strings.Repeat("a", maxNonce+1) }, 1, ErrShape},
		"short thumbprint": {func(r *Request) { r.ResponseKey = make([]byte, 31) }, 1, ErrShape},
		"empty thumbprint": {func(r *Request) { r.ResponseKey = []byte{} }, 1, ErrShape},
		"nothing":          {func(*Request) {}, 0, ErrEncoding},
		"too much":         {func(*Request) {}, MaxPresentation + 1, ErrLimit},
	} {
		r := good
		c.change(&r)
		_, err := r.Start(make([]byte, c.size))
		require.ErrorIs(t, err, c.want, name)
	}
}

func TestMemory(t *testing.T) {
	m := NewMemory(3, time.Minute)
	var nonces []string
	for range 3 {
		n, err := m.Issue(now)
		require.NoError(t, err)
		require.Len(t, n, 43)
		require.NotContains(t, nonces, n)
		nonces = append(nonces, n)
	}
	_, err := m.Issue(now)
	require.ErrorIs(t, err, ErrLimit)

	require.NoError(t, m.Use(t.Context(), nonces[0], now))
	require.ErrorIs(t, m.Use(t.Context(), nonces[0], now), ErrReplay, "used")
	require.ErrorIs(t, m.Use(t.Context(), "another", now), ErrReplay, "never issued")
	require.ErrorIs(t, NewMemory(3, time.Minute).Use(t.Context(), nonces[1], now), ErrReplay, "issued before a restart")
	require.NoError(t, m.Use(t.Context(), nonces[1], now.Add(time.Minute)), "at the end of its life")
	require.ErrorIs(t, m.Use(t.Context(), nonces[2], now.Add(time.Minute+1)), ErrReplay, "expired")

	// What has expired makes room.
	later := now.Add(time.Hour)
	for range 3 {
		_, err := m.Issue(later)
		require.NoError(t, err)
	}
	require.Len(t, m.outstanding, 3)
	require.Len(t, m.queue, 3)
}

func TestMemoryConcurrent(t *testing.T) {
	m := NewMemory(10, time.Minute)
	n, err := m.Issue(now)
	require.NoError(t, err)
	var served atomic.Int32
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			if m.Use(t.Context(), n, now) == nil {
				served.Add(1)
			}
		})
	}
	wg.Wait()
	require.EqualValues(t, 1, served.Load())
}

func pseudonyms(t testing.TB, key byte, scope string) *Pseudonyms {
	p, err := NewPseudonyms(bytes.Repeat([]byte{key}, 32), scope)
	require.NoError(t, err)
	return p
}

// TestSubjectGolden holds the construction: a registrar's records outlive a
// release. Computed apart with Python's hmac.
func TestSubjectGolden(t *testing.T) {
	s, err := pseudonyms(t, 7, "election").Subject("did:web:id.example.org", Claim{"number", "880101-1234567"}, Claim{"country", "KR"})
	require.NoError(t, err)
	require.Equal(t, "3d8d70ee963a8d803c40c00530b8b21bcf25a2c884c35a5e1a32c53378d5fc49", hex.EncodeToString(s.Bytes()))
}

func TestSubject(t *testing.T) {
	a, b := Claim{"number", "1"}, Claim{"country", "KR"}
	p := pseudonyms(t, 1, "election")
	want, err := p.Subject("issuer", a, b)
	require.NoError(t, err)
	swapped, err := p.Subject("issuer", b, a)
	require.NoError(t, err)
	require.True(t, want == swapped, "the order of claims does not matter")
	require.False(t, want.IsZero())
	back, err := ParseSubject(want.Bytes())
	require.NoError(t, err)
	require.True(t, want == back)

	for name, other := range map[string]func() (Subject, error){
		"issuer":       func() (Subject, error) { return p.Subject("issuer2", a, b) },
		"value":        func() (Subject, error) { return p.Subject("issuer", a, Claim{"country", "FR"}) },
		"name":         func() (Subject, error) { return p.Subject("issuer", a, Claim{"nation", "KR"}) },
		"fewer claims": func() (Subject, error) { return p.Subject("issuer", a) },
		"names shift":  func() (Subject, error) { return p.Subject("issuer", a, Claim{"countryK", "R"}) },
		"issuer shift": func() (Subject, error) { return p.Subject("issue", a, b) },
		"key":          func() (Subject, error) { return pseudonyms(t, 2, "election").Subject("issuer", a, b) },
		"scope":        func() (Subject, error) { return pseudonyms(t, 1, "election2").Subject("issuer", a, b) },
	} {
		s, err := other()
		require.NoError(t, err, name)
		require.False(t, s == want, name)
	}

	for name, c := range map[string]struct {
		issuer string
		claims []Claim
		want   error
	}{
		"no issuer":   {"", []Claim{a}, ErrShape},
		"no claims":   {"issuer", nil, ErrShape},
		"one twice":   {"issuer", []Claim{a, b, {"number", "2"}}, ErrDuplicate},
		"empty name":  {"issuer", []Claim{{"", "1"}}, ErrClaim},
		"empty value": {"issuer", []Claim{{"number", ""}}, ErrClaim},
		"long value":  {"issuer", []Claim{{"number", strings.Repeat("1", MaxClaim+1)}}, ErrClaim},
		"name, UTF-8": {"issuer", []Claim{{"num\xffber", "1"}}, ErrClaim},
		"long name":   {"issuer", []Claim{{strings.Repeat("n", MaxClaim+1), "1"}}, ErrClaim},
		"not UTF-8":   {"issuer", []Claim{{"number", "\xff"}}, ErrClaim},
		"replaced":    {"issuer", []Claim{{"number", "a\ufffd"}}, ErrClaim},
	} {
		s, err := p.Subject(c.issuer, c.claims...)
		require.ErrorIs(t, err, c.want, name)
		require.True(t, s.IsZero(), name)
	}
	for _, data := range [][]byte{nil, make([]byte, 31), make([]byte, 32), append(want.Bytes(), 0)} {
		_, err := ParseSubject(data)
		require.ErrorIs(t, err, ErrEncoding)
	}
	for _, key := range [][]byte{nil, make([]byte, 31), make([]byte, 33)} {
		_, err := NewPseudonyms(key, "election")
		require.ErrorIs(t, err, ErrShape)
	}
	_, err = NewPseudonyms(make([]byte, 32), "")
	require.ErrorIs(t, err, ErrShape)
}

// TestRedacted looks for a subject and for the key in everything that prints.
func TestRedacted(t *testing.T) {
	p := pseudonyms(t, 0xab, "election")
	s, err := p.Subject("issuer", Claim{"number", "1"})
	require.NoError(t, err)
	for _, v := range []any{s, &s, *p, p, struct{ S Subject }{s}, struct{ P *Pseudonyms }{p}, []any{s, p}, map[Subject]int{s: 1}} {
		var out bytes.Buffer
		for _, format := range []string{"%v", "%+v", "%s", "%q", "%x", "%X", "%d"} {
			fmt.Fprintf(&out, format, v)
		}
		data, err := json.Marshal(v)
		require.NoError(t, err)
		out.Write(data)
		slog.New(slog.NewTextHandler(&out, nil)).Info("x", "v", v)
		slog.New(slog.NewJSONHandler(&out, nil)).Info("x", "v", v)
		text := strings.ToLower(out.String())
		for _, secret := range [][]byte{s.id[:4], p.key[:4]} {
			require.NotContains(t, text, hex.EncodeToString(secret))
			require.NotContains(t, text, fmt.Sprintf("%d %d %d", secret[0], secret[1], secret[2]))
		}
	}
	require.Contains(t, fmt.Sprint(s), "redacted")
}

// TestReasons holds that every reason of the package's own is a case of one of
// the general ones, and of no other of its own.
func TestReasons(t *testing.T) {
	general := []error{reason.ErrVersion, reason.ErrUnanchored, reason.ErrProof, reason.ErrState, reason.ErrBinding, reason.ErrSignature, reason.ErrIncomplete}
	own := []error{ErrAlgorithm, ErrType, ErrCritical, ErrIssuer, ErrResolve, ErrDisclosure, ErrExpired, ErrNotYetValid, ErrAudience, ErrNonce, ErrHolder, ErrClaim}
	count := func(err error, list []error) (n int) {
		for _, e := range list {
			if errors.Is(err, e) {
				n++
			}
		}
		return n
	}
	texts := map[string]bool{}
	for _, e := range own {
		require.Equal(t, 1, count(e, general), e)
		require.Equal(t, 1, count(e, own), e)
		require.False(t, texts[e.Error()], e)
		texts[e.Error()] = true
	}
}
