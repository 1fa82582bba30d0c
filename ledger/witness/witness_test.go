package witness

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"unicode"

	"github.com/stretchr/testify/require"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/hanpyo/hanpyo/internal/reason"
	"github.com/hanpyo/hanpyo/ledger"
)

const origin = "example.org/log"

func newSigner(t testing.TB, name string) (note.Signer, string) {
	t.Helper()
	secret, public, err := note.GenerateKey(nil, name)
	require.NoError(t, err)
	s, err := note.NewSigner(secret)
	require.NoError(t, err)
	return s, public
}

func newKeys(t testing.TB, n int) (keys []*ledger.CosigningKey) {
	t.Helper()
	for i := range n {
		k, err := ledger.NewCosigningKey([]ledger.CosignatureType{ledger.CosignEd25519, ledger.CosignMLDSA44}[i%2], fmt.Sprintf("example.org/w%d", i+1))
		require.NoError(t, err)
		keys = append(keys, k)
	}
	return keys
}

func policyOf(logKey string, quorum int, keys ...*ledger.CosigningKey) ledger.Policy {
	p := ledger.Policy{Origin: origin, Key: logKey, Quorum: quorum}
	for _, k := range keys {
		p.Witnesses = append(p.Witnesses, k.Public())
	}
	return p
}

// history is a ledger of which every size can be signed.
type history struct {
	t      testing.TB
	signer note.Signer
	hashes []tlog.Hash
}

func (h *history) ReadHashes(indexes []int64) (list []tlog.Hash, err error) {
	for _, i := range indexes {
		list = append(list, h.hashes[i])
	}
	return list, nil
}

// newHistory returns the ledger of entries "name i", for i from 0 to n-1, of
// which the first shared are called "shared i".
func newHistory(t testing.TB, signer note.Signer, name string, shared, n int) *history {
	h := &history{t: t, signer: signer}
	for i := range n {
		data := fmt.Appendf(nil, "%s %d", name, i)
		if i < shared {
			data = fmt.Appendf(nil, "shared %d", i)
		}
		more, err := tlog.StoredHashes(int64(i), data, h)
		require.NoError(t, err)
		h.hashes = append(h.hashes, more...)
	}
	return h
}

func (h *history) at(size uint64) []byte {
	root, err := ledger.Tree{Size: size, Hashes: h}.Root()
	require.NoError(h.t, err)
	cp, err := ledger.SignCheckpoint(h.signer, size, root)
	require.NoError(h.t, err)
	return cp.Raw
}

func (h *history) proof(old, size uint64) tlog.TreeProof {
	proof, err := ledger.Tree{Size: size, Hashes: h}.Consistency(old, size)
	require.NoError(h.t, err)
	return proof
}

func TestAddCheckpoint(t *testing.T) {
	signer, logKey := newSigner(t, origin)
	_, second := newSigner(t, origin)
	stranger, _ := newSigner(t, origin)
	elsewhere, _ := newSigner(t, "example.org/elsewhere")
	keys := newKeys(t, 2)
	w, err := Open(t.TempDir(), keys, []string{second, logKey})
	require.NoError(t, err)
	server := httptest.NewServer(w)
	defer server.Close()
	h, fork := newHistory(t, signer, "mine", 5, 20), newHistory(t, signer, "yours", 5, 20)
	post := func(method, path string, body []byte) (int, string, string) {
		r, err := http.NewRequestWithContext(t.Context(), method, server.URL+path, bytes.NewReader(body))
		require.NoError(t, err)
		answer, err := http.DefaultClient.Do(r)
		require.NoError(t, err)
		defer answer.Body.Close()
		text, err := io.ReadAll(answer.Body)
		require.NoError(t, err)
		return answer.StatusCode, answer.Header.Get("Content-Type"), string(text)
	}
	add := func(old uint64, proof tlog.TreeProof, cp []byte) (int, string, string) {
		return post(http.MethodPost, "/prefix/add-checkpoint", formatRequest(old, proof, cp))
	}
	policy := policyOf(logKey, 2, keys...)
	grow := func(old, size uint64) {
		t.Helper()
		status, _, body := add(old, h.proof(old, size), h.at(size))
		require.Equal(t, http.StatusOK, status, body)
		cp, err := policy.Check(append(h.at(size), body...))
		require.NoError(t, err)
		require.Len(t, cp.Cosigned, 2)
	}
	grow(0, 5)
	grow(5, 5)
	grow(5, 11)
	foreign := strings.Repeat("— example.org/unknown AAAAAAAA\n", 2)
	for i := range 40 {
		foreign += fmt.Sprintf("— example.org/unknown%d AAAAAAAA\n", i)
	}
	foreign += fmt.Sprintf("— %s AAAAAAAA\n", origin)
	status, _, body := add(11, nil, append(h.at(11), foreign...))
	require.Equal(t, http.StatusOK, status, "%s: signature lines of others are ignored", body)

	good := formatRequest(11, h.proof(11, 13), h.at(13))
	replace := func(old, new string) []byte {
		require.Contains(t, string(good), old)
		return bytes.Replace(good, []byte(old), []byte(new), 1)
	}
	bySomebody := func(s note.Signer) []byte {
		other := *h
		other.signer = s
		return formatRequest(11, h.proof(11, 13), other.at(13))
	}
	cosigned := append(h.at(13), func() []byte {
		other := *h
		other.signer = stranger
		raw := other.at(13)
		return raw[bytes.Index(raw, []byte("—")):]
	}()...)
	rewritten := func(change func(text string) string) []byte {
		text := strings.SplitN(string(h.at(13)), "\n\n", 2)[0] + "\n"
		raw, err := note.Sign(&note.Note{Text: change(text)}, signer)
		require.NoError(t, err)
		return formatRequest(11, h.proof(11, 13), raw)
	}
	extended := rewritten(func(text string) string { return text + "more\n" })
	spelt := rewritten(func(text string) string { return strings.Replace(text, "\n13\n", "\n013\n", 1) })
	// A line that a trusted key did not make, beside one that it did.
	secondKey, err := note.NewVerifier(second)
	require.NoError(t, err)
	forged := binary.BigEndian.AppendUint32(nil, secondKey.KeyHash())
	forgedLine := fmt.Sprintf("— %s %s\n", origin, base64.StdEncoding.EncodeToString(append(forged, make([]byte, 64)...)))
	unknownLine := formatRequest(11, h.proof(11, 13)[1:], cosigned)
	for name, c := range map[string]struct {
		body   []byte
		status int
	}{
		"unknown ledger":       {bySomebody(elsewhere), http.StatusNotFound},
		"unknown key":          {bySomebody(stranger), http.StatusForbidden},
		"broken signature":     {replace("\n13\n", "\n14\n"), http.StatusForbidden},
		"old above":            {formatRequest(14, nil, h.at(13)), http.StatusBadRequest},
		"proof too short":      {formatRequest(11, h.proof(11, 13)[1:], h.at(13)), http.StatusUnprocessableEntity},
		"proof too long":       {formatRequest(11, append(h.proof(11, 13), tlog.Hash{}), h.at(13)), http.StatusUnprocessableEntity},
		"no proof":             {formatRequest(11, nil, h.at(13)), http.StatusUnprocessableEntity},
		"no proof, two keys":   {unknownLine, http.StatusUnprocessableEntity},
		"proof of equal size":  {formatRequest(11, h.proof(5, 11), h.at(11)), http.StatusUnprocessableEntity},
		"another history":      {formatRequest(11, fork.proof(11, 13), fork.at(13)), http.StatusUnprocessableEntity},
		"their proof":          {formatRequest(11, h.proof(11, 13), fork.at(13)), http.StatusUnprocessableEntity},
		"nothing":              {nil, http.StatusBadRequest},
		"no old size":          {replace("old 11\n", ""), http.StatusBadRequest},
		"size without old":     {replace("old 11", "11"), http.StatusBadRequest},
		"old size spelt":       {replace("old 11", "old 011"), http.StatusBadRequest},
		"old size signed":      {replace("old 11", "old +11"), http.StatusBadRequest},
		"no empty line":        {replace("\n\n", "\n"), http.StatusBadRequest},
		"CRLF":                 {bytes.ReplaceAll(good, []byte("\n"), []byte("\r\n")), http.StatusBadRequest},
		"hash cut":             {replace(h.proof(11, 13)[0].String(), h.proof(11, 13)[0].String()[1:]), http.StatusBadRequest},
		"no hash":              {replace("old 11\n", "old 11\n-\n"), http.StatusBadRequest},
		"64 hashes":            {replace("old 11\n", "old 11\n"+strings.Repeat(tlog.Hash{}.String()+"\n", 64)), http.StatusBadRequest},
		"no checkpoint":        {[]byte("old 11\n\n"), http.StatusBadRequest},
		"extension line":       {extended, http.StatusBadRequest},
		"size spelt":           {spelt, http.StatusBadRequest},
		"a key's forged line":  {formatRequest(11, h.proof(11, 13), append(h.at(13), forgedLine...)), http.StatusForbidden},
		"no signature":         {formatRequest(11, h.proof(11, 13), h.at(13)[:bytes.Index(h.at(13), []byte("—"))]), http.StatusBadRequest},
		"only lines of others": {formatRequest(11, h.proof(11, 13), append(h.at(13)[:bytes.Index(h.at(13), []byte("—"))], foreign...)), http.StatusForbidden},
		"not a line":           {formatRequest(11, h.proof(11, 13), append(h.at(13), "- a AAAAAAAA\n"...)), http.StatusBadRequest},
		"very long":            {append(slices.Clone(good), make([]byte, maxRequest)...), http.StatusBadRequest},
	} {
		status, _, body := post(http.MethodPost, addCheckpoint, c.body)
		require.Equal(t, c.status, status, "%s: %s", name, body)
		require.NotContains(t, body, "—", name)
	}
	for text, body := range map[string][]byte{"is not an origin, a size and a root": extended, `"013" is not a canonical number`: spelt} {
		_, _, got := post(http.MethodPost, addCheckpoint, body)
		require.Contains(t, got, text)
	}
	for name, c := range map[string]struct {
		old uint64
		h   *history
		to  uint64
	}{
		"from 0": {0, h, 13}, "from before": {5, h, 13}, "from later": {12, h, 13},
		"equal size, another root": {11, fork, 11}, "back": {5, h, 7}, "back from 0": {0, h, 5},
		"another history from what both have": {5, fork, 13},
	} {
		status, kind, body := add(c.old, c.h.proof(c.old, c.to), c.h.at(c.to))
		require.Equal(t, http.StatusConflict, status, name)
		require.Equal(t, "text/x.tlog.size", kind, name)
		require.Equal(t, "11\n", body, name)
	}
	status, _, _ = post(http.MethodGet, addCheckpoint, nil)
	require.Equal(t, http.StatusMethodNotAllowed, status)
	status, _, _ = post(http.MethodPost, "/", good)
	require.Equal(t, http.StatusNotFound, status)
	grow(11, 13) // none of this has changed what it knows

	require.NoError(t, w.Close())
	_, err = w.Cosign(t.Context(), 13, nil, h.at(13))
	require.ErrorIs(t, err, ledger.ErrClosed)
	status, _, _ = add(13, nil, h.at(13))
	require.Equal(t, http.StatusInternalServerError, status)
}

// TestErrorsNameNoFiles holds that who asks is not told where the witness keeps
// its state, nor anything else of what fails inside.
func TestErrorsNameNoFiles(t *testing.T) {
	signer, logKey := newSigner(t, origin)
	dir := t.TempDir()
	w, err := Open(dir, newKeys(t, 1), []string{logKey})
	require.NoError(t, err)
	defer w.Close()
	require.NoError(t, os.Mkdir(filepath.Join(dir, stateName+".new"), 0o755))
	rec := httptest.NewRecorder()
	body := formatRequest(0, nil, newHistory(t, signer, "mine", 5, 20).at(5))
	w.ServeHTTP(rec, httptest.NewRequest(http.MethodPost, addCheckpoint, bytes.NewReader(body)))
	require.Equal(t, http.StatusInternalServerError, rec.Code)
	require.Equal(t, "Internal Server Error\n", rec.Body.String())
}

// TestStateLost holds that a witness which has lost what it has seen does not
// begin anew: it would cosign a fork.
func TestStateLost(t *testing.T) {
	signer, logKey := newSigner(t, origin)
	h, fork := newHistory(t, signer, "mine", 5, 20), newHistory(t, signer, "yours", 5, 20)
	dir, keys := t.TempDir(), newKeys(t, 1)
	path := filepath.Join(dir, stateName)
	for _, used := range []bool{false, true} {
		w, err := Open(dir, keys, []string{logKey})
		require.NoError(t, err)
		if used {
			_, err = w.Cosign(t.Context(), 0, nil, h.at(9))
			require.NoError(t, err)
		}
		require.NoError(t, w.Close())
		seen, err := os.ReadFile(path)
		require.NoError(t, err)
		require.NoError(t, os.Remove(path))
		_, err = Open(dir, keys, []string{logKey})
		require.ErrorIs(t, err, reason.ErrChain)
		require.ErrorContains(t, err, path)
		require.NoFileExists(t, path)

		require.NoError(t, os.WriteFile(path, seen, 0o644)) // a copy was found
	}
	w, err := Open(dir, keys, []string{logKey})
	require.NoError(t, err)
	_, err = w.Cosign(t.Context(), 0, nil, fork.at(9))
	require.ErrorIs(t, err, reason.ErrChain)
	require.NoError(t, w.Close())

	// The state alone is enough, as when it is moved to another machine.
	require.NoError(t, os.Remove(filepath.Join(dir, lockName)))
	w, err = Open(dir, keys, []string{logKey})
	require.NoError(t, err)
	_, err = w.Cosign(t.Context(), 9, h.proof(9, 12), h.at(12))
	require.NoError(t, err)
	require.NoError(t, w.Close())

	files, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Len(t, files, 2, "nothing else is left behind")
}

func TestReopen(t *testing.T) {
	signer, logKey := newSigner(t, origin)
	h, fork := newHistory(t, signer, "mine", 5, 20), newHistory(t, signer, "yours", 5, 20)
	dir, keys := filepath.Join(t.TempDir(), "new"), newKeys(t, 1)
	open := func() *Witness {
		w, err := Open(dir, keys, []string{logKey})
		require.NoError(t, err)
		return w
	}
	w := open()
	_, err := w.Cosign(t.Context(), 0, nil, h.at(9))
	require.NoError(t, err)
	if runtime.GOOS == "linux" {
		_, err = Open(dir, keys, []string{logKey})
		require.ErrorIs(t, err, ErrLocked)
	}
	require.NoError(t, w.Close())
	w = open()
	var conflict *ledger.ConflictError
	_, err = w.Cosign(t.Context(), 0, nil, fork.at(9))
	require.ErrorAs(t, err, &conflict)
	require.EqualValues(t, 9, conflict.Size)
	require.ErrorIs(t, err, reason.ErrChain)
	_, err = w.Cosign(t.Context(), 9, nil, fork.at(9))
	require.ErrorAs(t, err, &conflict)
	_, err = w.Cosign(t.Context(), 9, fork.proof(9, 12), fork.at(12))
	require.ErrorIs(t, err, reason.ErrChain)
	_, err = w.Cosign(t.Context(), 9, h.proof(9, 12), h.at(12))
	require.NoError(t, err)

	// What cannot be written down is not signed.
	require.NoError(t, os.Mkdir(filepath.Join(dir, stateName+".new"), 0o755))
	lines, err := w.Cosign(t.Context(), 12, h.proof(12, 13), h.at(13))
	require.Error(t, err)
	require.Nil(t, lines)
	require.NoError(t, os.Remove(filepath.Join(dir, stateName+".new")))
	require.NoError(t, os.Remove(filepath.Join(dir, stateName)))
	require.NoError(t, os.Mkdir(filepath.Join(dir, stateName), 0o755))
	lines, err = w.Cosign(t.Context(), 12, h.proof(12, 13), h.at(13))
	require.Error(t, err)
	require.Nil(t, lines)
	require.NoError(t, os.Remove(filepath.Join(dir, stateName)))
	_, err = w.Cosign(t.Context(), 12, h.proof(12, 13), h.at(13))
	require.NoError(t, err)
	require.NoError(t, w.Close())

	data, err := os.ReadFile(filepath.Join(dir, stateName))
	require.NoError(t, err)
	for i := range data {
		bad := slices.Clone(data)
		bad[i] ^= 1
		require.NoError(t, os.WriteFile(filepath.Join(dir, stateName), bad, 0o644))
		_, err := Open(dir, keys, []string{logKey})
		require.ErrorIs(t, err, reason.ErrChain, "byte %d", i)
		require.ErrorContains(t, err, stateName)
	}
	require.NoError(t, os.Remove(filepath.Join(dir, stateName)))
	require.NoError(t, os.Mkdir(filepath.Join(dir, stateName), 0o755))
	_, err = Open(dir, keys, []string{logKey})
	require.Error(t, err)
	_, err = Open(filepath.Join(dir, lockName), keys, []string{logKey})
	require.Error(t, err)
}

func TestOpenRefuses(t *testing.T) {
	_, logKey := newSigner(t, origin)
	_, rotation := newSigner(t, ledger.RotationPrefix+"x")
	keys := newKeys(t, 1)
	_, err := Open(t.TempDir(), nil, []string{logKey})
	require.ErrorIs(t, err, reason.ErrShape)
	own, err := ledger.NewCosigningKey(ledger.CosignEd25519, origin)
	require.NoError(t, err)
	_, err = Open(t.TempDir(), []*ledger.CosigningKey{own}, []string{logKey})
	require.ErrorIs(t, err, reason.ErrDuplicate, "a ledger is no witness of itself")
	_, err = Open(t.TempDir(), []*ledger.CosigningKey{keys[0], nil}, []string{logKey})
	require.ErrorIs(t, err, reason.ErrShape)
	for key, want := range map[string]error{
		"":               reason.ErrUnanchored,
		logKey:           reason.ErrDuplicate,
		"junk":           reason.ErrEncoding,
		keys[0].Public(): reason.ErrEncoding,
		rotation:         reason.ErrBinding,
	} {
		_, err := Open(t.TempDir(), keys, []string{logKey, key})
		require.ErrorIs(t, err, want, key)
	}
}

// TestOpenLongOrigin: a cosignature of ML-DSA-44 has one byte for the length of
// the origin, so that such a key can witness no ledger with a longer one.
func TestOpenLongOrigin(t *testing.T) {
	keys := newKeys(t, 2)
	for length, want := range map[int]error{255: nil, 256: reason.ErrLimit} {
		signer, logKey := newSigner(t, strings.Repeat("o", length))
		dir := filepath.Join(t.TempDir(), "new")
		w, err := Open(dir, keys, []string{logKey})
		require.ErrorIs(t, err, want)
		if want != nil {
			require.NoDirExists(t, dir)
			w, err = Open(dir, keys[:1], []string{logKey})
			require.NoError(t, err, "Ed25519 has no such limit")
		}
		_, err = w.Cosign(t.Context(), 0, nil, newHistory(t, signer, "mine", 0, 5).at(5))
		require.NoError(t, err)
		require.NoError(t, w.Close())
	}
}

func TestParseState(t *testing.T) {
	cp := ledger.Checkpoint{Origin: "b", Size: 2, Root: tlog.Hash{1}}
	seen := map[string]ledger.Checkpoint{"b": cp, "a": {Origin: "a", Size: 1}}
	got, err := parseState(encodeState(seen))
	require.NoError(t, err)
	require.Equal(t, seen, got)
	got, err = parseState(encodeState(nil))
	require.NoError(t, err)
	require.Empty(t, got)
	root := tlog.Hash{}.String()
	for text, want := range map[string]error{
		"other\n":                                                reason.ErrVersion,
		stateHeader + "a\n":                                      reason.ErrEncoding,
		stateHeader + "a\n1\n":                                   reason.ErrEncoding,
		stateHeader + "a\n01\n" + root + "\n":                    reason.ErrEncoding,
		stateHeader + "a\nx\n" + root + "\n":                     reason.ErrEncoding,
		stateHeader + "a\n1\n" + root[1:] + "\n":                 reason.ErrEncoding,
		stateHeader + "a\n1\n" + root:                            reason.ErrEncoding,
		stateHeader + "\n":                                       reason.ErrEncoding,
		stateHeader + "b\n1\n" + root + "\na\n1\n" + root + "\n": reason.ErrEncoding,
		stateHeader + "a\n1\n" + root + "\na\n1\n" + root + "\n": reason.ErrEncoding,
	} {
		_, err := parseState([]byte(text + checksum([]byte(text))))
		require.ErrorIs(t, err, want, text)
	}
	bad := []byte(stateHeader + "a\nx\n" + root + "\n")
	_, err = parseState(append(bad, checksum(bad)...))
	require.ErrorContains(t, err, `size or root of "a"`)
	_, err = parseState(nil)
	require.ErrorIs(t, err, reason.ErrChain)
}

// Of two requests that both extend what the witness knows, one comes first.
func TestConcurrent(t *testing.T) {
	signer, logKey := newSigner(t, origin)
	a, b := newHistory(t, signer, "mine", 5, 20), newHistory(t, signer, "yours", 5, 20)
	w, err := Open(t.TempDir(), newKeys(t, 1), []string{logKey})
	require.NoError(t, err)
	defer w.Close()
	_, err = w.Cosign(t.Context(), 0, nil, a.at(5))
	require.NoError(t, err)
	var signed atomic.Int32
	var wait sync.WaitGroup
	for i := range 20 {
		wait.Go(func() {
			h, size := []*history{a, b}[i%2], uint64(6+i/2)
			if _, err := w.Cosign(context.Background(), 5, h.proof(5, size), h.at(size)); err == nil {
				signed.Add(1)
			}
		})
	}
	wait.Wait()
	require.EqualValues(t, 1, signed.Load())
}

func TestClient(t *testing.T) {
	_, logKey := newSigner(t, origin)
	_ = logKey
	var status int
	var body string
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		require.Equal(t, "/w/add-checkpoint", r.URL.Path)
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}))
	defer server.Close()
	c := &Client{URL: server.URL + "/w/", HTTP: server.Client()}
	for _, x := range []struct {
		status int
		body   string
		want   error
	}{
		{200, "— w AAAAAAAA\n", nil},
		{200, strings.Repeat("x", maxAnswer+1), reason.ErrLimit},
		{400, "bad", reason.ErrEncoding},
		{403, "", reason.ErrSignature},
		{404, "", ErrUnknown},
		{422, "", reason.ErrChain},
		{409, "17\n", &ledger.ConflictError{Size: 17}},
		{409, "017\n", &ledger.ConflictError{Size: 3}},
		{409, "", &ledger.ConflictError{Size: 3}},
	} {
		status, body = x.status, x.body
		lines, err := c.Cosign(t.Context(), 3, nil, []byte("checkpoint"))
		if want, ok := x.want.(*ledger.ConflictError); ok {
			var got *ledger.ConflictError
			require.ErrorAs(t, err, &got)
			require.Equal(t, want, got)
			continue
		}
		require.ErrorIs(t, err, x.want, "%d", x.status)
		if x.want == nil {
			require.Equal(t, x.body, string(lines))
		}
	}
	status, body = 500, "broken"
	_, err := c.Cosign(t.Context(), 3, nil, nil)
	require.ErrorContains(t, err, "broken")
	require.ErrorIs(t, err, ledger.ErrUnavailable)
	_, err = (&Client{URL: "http://127.0.0.1:1"}).Cosign(t.Context(), 3, nil, nil)
	require.ErrorIs(t, err, ledger.ErrUnavailable)
	_, err = (&Client{URL: "://"}).Cosign(t.Context(), 3, nil, nil)
	require.Error(t, err)
}

// TestClientErrors holds that a witness has no say in how long the error is that
// is shown, and cannot send commands to the terminal on which it is.
func TestClientErrors(t *testing.T) {
	for name, answer := range map[string]string{
		"long status":      "HTTP/1.1 500 " + strings.Repeat("x", 1<<20) + "\r\n\r\n",
		"status to be run": "HTTP/1.1 500 \x1b[2J\x1b[31mall is well\r\n\r\n",
		"body to be run":   "HTTP/1.1 500 Error\r\n\r\n\x1b[2J\x1b[31mall is well",
		"header to be run": "HTTP/1.1 200 OK\r\n\x1b[2J\r\n\r\n",
		"body that ends":   "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\na",
		"no HTTP":          "hello\n",
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
			_, err := (&Client{URL: server.URL}).Cosign(t.Context(), 3, nil, []byte("checkpoint"))
			require.ErrorIs(t, err, ledger.ErrUnavailable)
			require.Less(t, len(err.Error()), 1000)
			for _, c := range err.Error() {
				require.True(t, unicode.IsPrint(c), "%q", err)
			}
		})
	}
}

func FuzzRequest(f *testing.F) {
	f.Add(formatRequest(11, tlog.TreeProof{{1}, {2}}, []byte("checkpoint")))
	f.Add([]byte("old 0\n\n"))
	f.Fuzz(func(t *testing.T, body []byte) {
		old, proof, checkpoint, err := parseRequest(body)
		if err == nil {
			require.Equal(t, body, formatRequest(old, proof, checkpoint))
		}
	})
}
