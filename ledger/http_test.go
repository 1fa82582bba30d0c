package ledger_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
	"unicode"

	"github.com/stretchr/testify/require"
	"golang.org/x/mod/sumdb/note"

	"github.com/hanpyo/hanpyo/ledger"
)

// served is a ledger of 600 entries, a large one at 300, and what to change of
// the answers of its server.
type served struct {
	log    ledger.Ledger
	signer note.Signer
	policy ledger.Policy
	base   string
	large  []byte
	stub   ledger.Stub

	change func(path string, status int, body []byte) (int, []byte)
}

func serve(t testing.TB) *served {
	secret, public, err := note.GenerateKey(nil, "example.org/served")
	require.NoError(t, err)
	s := &served{policy: ledger.Policy{Origin: "example.org/served", Key: public}}
	s.signer, err = note.NewSigner(secret)
	require.NoError(t, err)
	s.log = ledger.NewMemory(s.signer)
	s.large = bytes.Repeat([]byte("large"), 20_000)
	for i := range 600 {
		b := fmt.Appendf(nil, "entry %d", i)
		if i == 300 {
			b = s.large
		}
		_, err := s.log.Append(t.Context(), b)
		require.NoError(t, err)
	}
	stub, large, err := ledger.ParseLeaf(ledger.Leaf(s.large))
	require.NoError(t, err)
	require.True(t, large)
	s.stub = stub
	handler := ledger.Handler(s.log)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		rec := httptest.NewRecorder()
		handler.ServeHTTP(rec, r)
		status, body := rec.Code, rec.Body.Bytes()
		if s.change != nil {
			status, body = s.change(r.URL.Path, status, body)
		}
		w.WriteHeader(status)
		_, _ = w.Write(body)
	}))
	t.Cleanup(server.Close)
	s.base = server.URL
	return s
}

func (s *served) open(t testing.TB, p ledger.Policy) ledger.Reader {
	r, err := ledger.OpenHTTP(s.base, p, &ledger.HTTPOptions{Poll: time.Millisecond})
	require.NoError(t, err)
	return r
}

// readAll reads everything, and returns how many entries came before the error.
func readAll(ctx context.Context, r ledger.Reader) (n uint64, err error) {
	cp, err := r.Checkpoint(ctx)
	if err != nil {
		return 0, err
	}
	for e, err := range r.Entries(ctx, 0, cp.Size) {
		if err != nil {
			return n, err
		}
		if e.Index != n {
			return n, fmt.Errorf("entry %d at %d", e.Index, n)
		}
		n++
	}
	return n, nil
}

func TestHandler(t *testing.T) {
	s := serve(t)
	h := ledger.Handler(s.log)
	get := func(method, path string) *http.Response {
		rec := httptest.NewRecorder()
		h.ServeHTTP(rec, httptest.NewRequest(method, path, nil))
		return rec.Result()
	}
	hash := hex.EncodeToString(s.stub.Hash[:])
	const binary, forever = "application/octet-stream", "public, max-age=31536000, immutable"
	for _, c := range []struct {
		path, contentType, cache string
		length                   int64
	}{
		{"/checkpoint", "text/plain; charset=utf-8", "no-cache", -1},
		{"/tile/0/000", binary, forever, 256 * 32},
		{"/tile/0/002.p/88", binary, forever, 88 * 32},
		{"/tile/0/002.p/1", binary, forever, 32},
		{"/tile/0/001.p/255", binary, forever, 255 * 32},
		{"/tile/1/000.p/2", binary, forever, 2 * 32},
		{"/tile/entries/000", binary, forever, -1},
		{"/tile/entries/002.p/88", binary, forever, 88 * (2 + 9)},
		{"/large/" + hash + "?index=300", binary, forever, 100_000},
	} {
		resp := get(http.MethodGet, c.path)
		require.Equal(t, http.StatusOK, resp.StatusCode, c.path)
		require.Equal(t, c.contentType, resp.Header.Get("Content-Type"), c.path)
		require.Equal(t, c.cache, resp.Header.Get("Cache-Control"), c.path)
		if c.length >= 0 {
			require.Equal(t, c.length, resp.ContentLength, c.path)
		}
		require.Equal(t, http.StatusOK, get(http.MethodHead, c.path).StatusCode)
		require.Equal(t, http.StatusMethodNotAllowed, get(http.MethodPost, c.path).StatusCode)
	}
	for _, path := range []string{
		"/", "/check", "/tile/", "/tile/0", "/tile/0/", "/tile/0/0", "/tile/0/00", "/tile/0/0000", "/tile/00/000",
		"/tile/0/002", "/tile/0/002.p/89", "/tile/0/002.p/0", "/tile/0/002.p/256", "/tile/0/000.p/256", "/tile/0/002.p/088",
		"/tile/0/002.p/-1", "/tile/0/002.p", "/tile/0/x000/000", "/tile/0/003.p/1", "/tile/1/000", "/tile/1/000.p/3", "/tile/1/001.p/1",
		"/tile/2/000.p/1", "/tile/7/000.p/1", "/tile/8/000.p/1", "/tile/64/000.p/1", "/tile/-1/000", "/tile/data/000", "/tile/8/0/000", "/tile/entries/002",
		"/tile/entries/003.p/1", "/tile/0/x999/x999/x999/x999/x999/x999/999", "/tile/7/x999/x999/x999/x999/x999/x999/999",
		"/tile/0/" + strings.Repeat("x999/", 1000) + "999", "/tile/0/000/000", "/tile/0/abc",
		"/large/" + hash, "/large/" + hash + "?index=299", "/large/" + hash + "?index=600", "/large/" + hash + "?index=0300",
		"/large/" + hash + "?index=-1", "/large/" + strings.ToUpper(hash) + "?index=300", "/large/00?index=300", "/large/",
	} {
		resp := get(http.MethodGet, path)
		require.Equal(t, http.StatusNotFound, resp.StatusCode, path)
		require.NotContains(t, resp.Header.Get("Cache-Control"), "immutable", path)
	}
	require.NoError(t, s.log.Close())
	resp := get(http.MethodGet, "/checkpoint")
	require.Equal(t, http.StatusServiceUnavailable, resp.StatusCode)
	require.Equal(t, "no-store", resp.Header.Get("Cache-Control"))
}

// brokenReader fails to read, with an error that names a file.
type brokenReader struct{ ledger.Reader }

func (brokenReader) Checkpoint(context.Context) (ledger.Checkpoint, error) {
	return ledger.Checkpoint{}, fmt.Errorf("/home/secret: %w", ledger.ErrChain)
}

func TestHandlerHidesErrors(t *testing.T) {
	rec := httptest.NewRecorder()
	ledger.Handler(brokenReader{}).ServeHTTP(rec, httptest.NewRequest(http.MethodGet, "/checkpoint", nil))
	require.Equal(t, http.StatusInternalServerError, rec.Code)
	require.NotContains(t, rec.Body.String(), "secret")
}

// TestP82RemoteHostile changes one answer of a server each time.
func TestP82RemoteHostile(t *testing.T) {
	s := serve(t)
	only := func(path string, f func([]byte) []byte) func(string, int, []byte) (int, []byte) {
		return func(at string, status int, b []byte) (int, []byte) {
			if strings.HasPrefix(at, path) {
				b = f(bytes.Clone(b))
			}
			return status, b
		}
	}
	missing := func(path string) func(string, int, []byte) (int, []byte) {
		return func(at string, status int, b []byte) (int, []byte) {
			if strings.HasPrefix(at, path) {
				return http.StatusNotFound, nil
			}
			return status, b
		}
	}
	flip := func(at int) func([]byte) []byte {
		return func(b []byte) []byte { b[at] ^= 1; return b }
	}
	cut := func(b []byte) []byte { return b[:len(b)-1] }
	more := func(b []byte) []byte { return append(b, 0) }
	other, _, err := note.GenerateKey(nil, "example.org/served")
	require.NoError(t, err)
	otherSigner, err := note.NewSigner(other)
	require.NoError(t, err)
	cp, err := s.log.Checkpoint(t.Context())
	require.NoError(t, err)
	sign := func(signer note.Signer, size uint64, root [32]byte) func([]byte) []byte {
		return func([]byte) []byte {
			c, err := ledger.SignCheckpoint(signer, size, root)
			require.NoError(t, err)
			return c.Raw
		}
	}
	for _, c := range []struct {
		name   string
		change func(string, int, []byte) (int, []byte)
		read   uint64 // entries that are in order before
		want   error
		text   string
	}{
		{"nothing", nil, 600, nil, ""},
		{"checkpoint gone", missing("/checkpoint"), 0, ledger.ErrIncomplete, "/checkpoint: the server does not have it"},
		{"checkpoint too long", only("/checkpoint", func([]byte) []byte { return make([]byte, 1<<20) }), 0, ledger.ErrLimit, "/checkpoint"},
		{"checkpoint with CRLF", only("/checkpoint", func(b []byte) []byte { return bytes.ReplaceAll(b, []byte("\n"), []byte("\r\n")) }),
			0, nil, "/checkpoint"},
		{"checkpoint of another key", only("/checkpoint", sign(otherSigner, cp.Size, cp.Root)), 0, ledger.ErrSignature, "/checkpoint"},
		{"checkpoint of size 0", only("/checkpoint", sign(s.signer, 0, [32]byte{1})), 0, ledger.ErrIncomplete, "/checkpoint"},
		{"checkpoint with another root", only("/checkpoint", sign(s.signer, 600, [32]byte{1})), 0, ledger.ErrChain, "tiles do not fit the root"},
		{"checkpoint of a huge size", only("/checkpoint", sign(s.signer, 1<<60, [32]byte{1})), 0, ledger.ErrIncomplete, "/tile/"},
		{"checkpoint too small", only("/checkpoint", sign(s.signer, 599, cp.Root)), 0, ledger.ErrChain, "tiles do not fit the root"},
		{"hash", only("/tile/0/001", flip(5)), 0, ledger.ErrChain, "tiles do not fit the root"},
		{"upper hash", only("/tile/1/000.p/2", flip(40)), 0, ledger.ErrChain, "tiles do not fit the root"},
		{"tile cut", only("/tile/0/001", cut), 0, ledger.ErrTile, "/tile/0/001"},
		{"tile a byte longer", only("/tile/0/001", more), 0, ledger.ErrLimit, "/tile/0/001"},
		{"partial tile a byte longer", only("/tile/0/002.p/88", more), 0, ledger.ErrTile, "/tile/0/002.p/88"},
		{"tile empty", only("/tile/0/001", func([]byte) []byte { return nil }), 0, ledger.ErrTile, "/tile/0/001"},
		{"tile without end", only("/tile/0/001", func([]byte) []byte { return make([]byte, 1<<20) }), 0, ledger.ErrLimit, "/tile/0/001"},
		{"tile gone", missing("/tile/0/001"), 0, ledger.ErrIncomplete, "/tile/0/001"},
		{"partial tile gone", missing("/tile/0/002.p/88"), 0, ledger.ErrIncomplete, "/tile/0/002.p/88"},
		{"entry", only("/tile/entries/001", flip(5)), 0, ledger.ErrChain, "entry 256"},
		{"bundle cut", only("/tile/entries/001", cut), 0, ledger.ErrTile, "/tile/entries/001"},
		{"bundle a byte longer", only("/tile/entries/001", more), 0, ledger.ErrTile, "/tile/entries/001"},
		{"bundle without end", only("/tile/entries/001", func([]byte) []byte { return make([]byte, 20<<20) }), 0, ledger.ErrLimit, "/tile/entries/001"},
		{"bundle gone", missing("/tile/entries/001"), 0, ledger.ErrIncomplete, "/tile/entries/001"},
		{"large entry", only("/large/", flip(77)), 300, ledger.ErrChain, "entry 300"},
		{"large entry cut", only("/large/", cut), 300, ledger.ErrChain, "entry 300"},
		{"large entry longer", only("/large/", more), 300, ledger.ErrLimit, "entry 300"},
		{"large entry gone", missing("/large/"), 300, ledger.ErrIncomplete, "entry 300"},
		{"server error", func(string, int, []byte) (int, []byte) { return http.StatusBadGateway, nil }, 0, ledger.ErrUnavailable, "status 502"},
		{"no content", func(string, int, []byte) (int, []byte) { return http.StatusNoContent, nil }, 0, ledger.ErrUnavailable, "status 204"},
	} {
		t.Run(c.name, func(t *testing.T) {
			s.change = c.change
			n, err := readAll(t.Context(), s.open(t, s.policy))
			require.Equal(t, c.read, n)
			if c.name == "nothing" {
				require.NoError(t, err)
				return
			}
			require.Error(t, err)
			require.ErrorContains(t, err, c.text)
			require.ErrorContains(t, err, s.base)
			if c.want != nil {
				require.ErrorIs(t, err, c.want)
			}
		})
	}
	require.ErrorIs(t, ledger.ErrTile, ledger.ErrEncoding)
}

// TestRemoteErrors holds that a server has no say in how long the error is that
// is shown, and cannot send commands to the terminal on which it is.
func TestRemoteErrors(t *testing.T) {
	s := serve(t)
	for name, answer := range map[string]string{
		"long status":      "HTTP/1.1 500 " + strings.Repeat("x", 1<<20) + "\r\n\r\n",
		"status to be run": "HTTP/1.1 500 \x1b[2J\x1b[31mall is well\r\n\r\n",
		"header to be run": "HTTP/1.1 200 OK\r\n\x1b[2J\r\n\r\n",
		"long header":      "HTTP/1.1 200 OK\r\n" + strings.Repeat("x", 1<<20) + "\r\n\r\n",
		"long redirect":    "HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:1/" + strings.Repeat("x", 1<<20) + "\r\n\r\n",
		"body that ends":   "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\na",
		"no HTTP":          "hello\n",
		"nothing":          "",
	} {
		t.Run(name, func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				c, _, err := http.NewResponseController(w).Hijack()
				if err != nil {
					return
				}
				defer c.Close()
				_, _ = io.WriteString(c, answer)
			}))
			defer server.Close()
			r, err := ledger.OpenHTTP(server.URL, s.policy, nil)
			require.NoError(t, err)
			_, err = r.Checkpoint(t.Context())
			require.ErrorIs(t, err, ledger.ErrUnavailable)
			require.Less(t, len(err.Error()), 1000)
			for _, c := range err.Error() {
				require.True(t, unicode.IsPrint(c), "%q", err)
			}
		})
	}
}

// TestRemoteHistory holds that a reader follows a log only to what extends it.
func TestRemoteHistory(t *testing.T) {
	s := serve(t)
	r := s.open(t, s.policy)
	newest, err := r.Checkpoint(t.Context())
	require.NoError(t, err)
	answer := func(size uint64, root [32]byte) {
		cp, err := ledger.SignCheckpoint(s.signer, size, root)
		require.NoError(t, err)
		s.change = func(path string, status int, b []byte) (int, []byte) {
			if path == "/checkpoint" {
				return status, cp.Raw
			}
			return status, b
		}
	}
	answer(600, [32]byte{1})
	_, err = r.Checkpoint(t.Context())
	var fork *ledger.ForkError
	require.ErrorAs(t, err, &fork)
	require.NoError(t, fork.Check(s.policy))
	answer(599, [32]byte{1})
	_, err = r.Checkpoint(t.Context())
	require.ErrorIs(t, err, ledger.ErrChain)
	answer(601, [32]byte{1})
	_, err = r.Checkpoint(t.Context())
	require.ErrorIs(t, err, ledger.ErrIncomplete)

	// An older checkpoint of the same log, from a cache, is no offence.
	old := new(ledger.Range)
	for e, err := range s.log.Entries(t.Context(), 0, 500) {
		require.NoError(t, err)
		old.Append(ledger.LeafHash(e.Data))
	}
	root, err := old.Root()
	require.NoError(t, err)
	answer(500, root)
	cp, err := r.Checkpoint(t.Context())
	require.NoError(t, err)
	require.Equal(t, newest, cp)

	fresh := s.open(t, s.policy)
	cp, err = fresh.Checkpoint(t.Context())
	require.NoError(t, err)
	require.EqualValues(t, 500, cp.Size)
	s.change = func(path string, status int, b []byte) (int, []byte) {
		if strings.Contains(path, "001.p/") { // the partial tiles of size 500 are gone
			return http.StatusNotFound, nil
		}
		return status, b
	}
	n := 0
	for _, err := range fresh.Entries(t.Context(), 0, 500) {
		require.NoError(t, err)
		n++
	}
	require.Equal(t, 500, n)
	cp, err = fresh.Await(t.Context(), 600)
	require.NoError(t, err)
	require.Equal(t, newest, cp)

	_, err = s.log.Append(t.Context(), []byte("more"))
	require.NoError(t, err)
	for _, err := range r.Entries(t.Context(), 600, 601) { // asks for a newer checkpoint
		require.NoError(t, err)
	}
	for _, err := range r.Entries(t.Context(), 600, 602) {
		require.ErrorIs(t, err, ledger.ErrIncomplete)
	}
}

// TestRemoteWithoutPolicy holds that who has no key yet gets a consistent log,
// and that Verified with the key does the rest.
func TestRemoteWithoutPolicy(t *testing.T) {
	s := serve(t)
	r := s.open(t, ledger.Policy{})
	n, err := readAll(t.Context(), r)
	require.NoError(t, err)
	require.EqualValues(t, 600, n)
	cp, err := r.Checkpoint(t.Context())
	require.NoError(t, err)
	v, err := ledger.Verified(r, s.policy, cp)
	require.NoError(t, err)
	n, err = readAll(t.Context(), v)
	require.NoError(t, err)
	require.EqualValues(t, 600, n)
	_, other, err := note.GenerateKey(nil, "example.org/served")
	require.NoError(t, err)
	_, err = ledger.Verified(r, ledger.Policy{Origin: "example.org/served", Key: other}, cp)
	require.ErrorIs(t, err, ledger.ErrSignature)
}

// TestRemotePolicy holds that only the policy that says nothing at all stands
// for no policy: one with a part missing is a mistake, and must not be read as
// leave to believe anybody.
func TestRemotePolicy(t *testing.T) {
	s := serve(t)
	key, err := ledger.NewCosigningKey(ledger.CosignEd25519, "example.org/w")
	require.NoError(t, err)
	change := func(f func(*ledger.Policy)) ledger.Policy {
		p := s.policy
		f(&p)
		return p
	}
	for name, c := range map[string]struct {
		policy ledger.Policy
		want   error
	}{
		"whole":          {s.policy, nil},
		"none":           {ledger.Policy{}, nil},
		"no origin":      {change(func(p *ledger.Policy) { p.Origin = "" }), ledger.ErrUnanchored},
		"no key":         {change(func(p *ledger.Policy) { p.Key = "" }), ledger.ErrUnanchored},
		"witnesses only": {ledger.Policy{Witnesses: []string{key.Public()}, Quorum: 1}, ledger.ErrUnanchored},
		"no witnesses":   {ledger.Policy{Witnesses: []string{}}, nil},
		"quorum only":    {ledger.Policy{Quorum: 1}, ledger.ErrUnanchored},
		"handover only":  {ledger.Policy{Handovers: []ledger.Handover{{Size: 3, Key: s.policy.Key}}}, ledger.ErrUnanchored},
		"quorum above":   {change(func(p *ledger.Policy) { p.Quorum = 1 }), ledger.ErrRange},
		"malformed key":  {change(func(p *ledger.Policy) { p.Key = "?" }), ledger.ErrEncoding},
	} {
		r, err := ledger.OpenHTTP(s.base, c.policy, nil)
		require.ErrorIs(t, err, c.want, name)
		require.Equal(t, c.want != nil, r == nil, name)
	}
}

func TestRemoteAddress(t *testing.T) {
	for _, base := range []string{"", "example.org/log", "/tmp/ledger", "ftp://example.org", "http://", "https://example.org/?a=b", "https://example.org/#a", ":"} {
		_, err := ledger.OpenHTTP(base, ledger.Policy{}, nil)
		require.ErrorIs(t, err, ledger.ErrEncoding, base)
	}
	_, err := ledger.OpenHTTP("https://example.org", ledger.Policy{Origin: "a", Key: "?"}, nil)
	require.ErrorIs(t, err, ledger.ErrEncoding)

	s := serve(t)
	mux := http.NewServeMux()
	mux.Handle("/council/log/", http.StripPrefix("/council/log", ledger.Handler(s.log)))
	server := httptest.NewServer(mux)
	defer server.Close()
	for _, base := range []string{server.URL + "/council/log", server.URL + "/council/log/"} {
		r, err := ledger.OpenHTTP(base, s.policy, nil)
		require.NoError(t, err)
		n, err := readAll(t.Context(), r)
		require.NoError(t, err)
		require.EqualValues(t, 600, n)
	}
}

func TestRemoteRedirects(t *testing.T) {
	s := serve(t)
	hops := 0
	var plain *httptest.Server
	redirect := http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		to := s.base + r.URL.Path
		if hops > 0 {
			hops--
			to = plain.URL + r.URL.Path
		}
		http.Redirect(w, r, to, http.StatusFound)
	})
	plain = httptest.NewServer(redirect)
	defer plain.Close()
	r, err := ledger.OpenHTTP(plain.URL, s.policy, nil)
	require.NoError(t, err)
	_, err = r.Checkpoint(t.Context())
	require.NoError(t, err)
	hops = 2
	_, err = r.Checkpoint(t.Context())
	require.NoError(t, err)
	hops = 3
	_, err = r.Checkpoint(t.Context())
	require.ErrorContains(t, err, "more than three redirects")

	secure := httptest.NewUnstartedServer(redirect)
	secure.Config.ErrorLog = nil
	secure.StartTLS()
	defer secure.Close()
	client := secure.Client()
	own, err := ledger.OpenHTTP(secure.URL, s.policy, &ledger.HTTPOptions{Client: client})
	require.NoError(t, err)
	hops = 0
	_, err = own.Checkpoint(t.Context())
	require.NoError(t, err, "a client of one's own has its own rules")
	defaultTransport := http.DefaultTransport.(*http.Transport)
	before := defaultTransport.TLSClientConfig
	defaultTransport.TLSClientConfig = &tls.Config{RootCAs: client.Transport.(*http.Transport).TLSClientConfig.RootCAs}
	defer func() { defaultTransport.TLSClientConfig = before }()
	r, err = ledger.OpenHTTP(secure.URL, s.policy, nil)
	require.NoError(t, err)
	_, err = r.Checkpoint(t.Context())
	require.ErrorContains(t, err, "redirected from https")
}

func TestRemoteCancelled(t *testing.T) {
	s := serve(t)
	r := s.open(t, s.policy)
	_, err := r.Checkpoint(t.Context())
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err = r.Checkpoint(ctx)
	require.ErrorIs(t, err, context.Canceled)
	_, err = r.Await(ctx, 1)
	require.ErrorIs(t, err, context.Canceled)
	_, err = r.Inclusion(ctx, 1, 2)
	require.ErrorIs(t, err, context.Canceled)
	_, err = r.Consistency(ctx, 1, 2)
	require.ErrorIs(t, err, context.Canceled)
	for _, err := range r.Entries(ctx, 0, 1) {
		require.ErrorIs(t, err, context.Canceled)
	}
	waiting, stop := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer stop()
	_, err = r.Await(waiting, 601)
	require.ErrorIs(t, err, context.DeadlineExceeded)

	hang := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, "example.org")
		w.(http.Flusher).Flush()
		<-hang
	}))
	defer server.Close()
	defer close(hang)
	stuck, err := ledger.OpenHTTP(server.URL, s.policy, nil)
	require.NoError(t, err)
	short, end := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer end()
	_, err = stuck.Checkpoint(short)
	require.ErrorIs(t, err, context.DeadlineExceeded)
}

// TestDeepTree reads from a log whose tree has tiles of three levels.
func TestDeepTree(t *testing.T) {
	if testing.Short() {
		t.Skip("makes 70,000 entries")
	}
	s := serve(t)
	for i := 600; i < 70_000; i++ {
		_, err := s.log.Append(t.Context(), fmt.Appendf(nil, "entry %d", i))
		require.NoError(t, err)
	}
	r := s.open(t, s.policy)
	cp, err := r.Checkpoint(t.Context())
	require.NoError(t, err)
	require.EqualValues(t, 70_000, cp.Size)
	for _, lo := range []uint64{0, 65_535, 69_990} {
		for e, err := range r.Entries(t.Context(), lo, lo+5) {
			require.NoError(t, err)
			require.Equal(t, fmt.Sprintf("entry %d", e.Index), string(e.Data))
		}
		want, err := s.log.Inclusion(t.Context(), lo, 69_999)
		require.NoError(t, err)
		got, err := r.Inclusion(t.Context(), lo, 69_999)
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
	rec := httptest.NewRecorder()
	ledger.Handler(s.log).ServeHTTP(rec, httptest.NewRequest(http.MethodGet, "/tile/2/000.p/1", nil))
	require.Equal(t, 32, rec.Body.Len())
}
