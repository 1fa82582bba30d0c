package ledger

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"strconv"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/hanpyo/hanpyo/internal/reason"
)

// maxRequests is how many requests a handler works on at a time; the others
// wait. It bounds memory: an answer is at most a large entry.
const maxRequests = 16

// Handler serves r over HTTP after c2sp.org/tlog-tiles:
//
//	GET /checkpoint
//	GET /tile/LEVEL/N[.p/W]
//	GET /tile/entries/N[.p/W]
//	GET /large/HASH?index=N
//
// The last is ours: the data of the large entry at index N, whose stub stands
// in its bundle, by its SHA-256 in lower-case hex. Any part of the tree that
// has been published is there, also partial tiles of every width. What r
// returns is served as it is: clients check it, as [OpenHTTP] does.
//
// Use [http.StripPrefix] for a log below a path, and a server with timeouts.
func Handler(r Reader) http.Handler {
	h := &handler{r: r, slots: make(chan struct{}, maxRequests)}
	mux := http.NewServeMux()
	mux.Handle("GET /checkpoint", h.answer("text/plain; charset=utf-8", "no-cache", h.checkpoint))
	mux.Handle("GET /tile/{tile...}", h.answer("application/octet-stream", forever, h.tile))
	mux.Handle("GET /large/{hash}", h.answer("application/octet-stream", forever, h.large))
	return mux
}

// forever is for what never changes.
const forever = "public, max-age=31536000, immutable"

type handler struct {
	r     Reader
	slots chan struct{}
}

// errNotFound is a request for what is not there, or not yet.
var errNotFound = errors.New("not found")

// answer returns the handler that sends what get returns.
func (h *handler) answer(contentType, cache string, get func(*http.Request) ([]byte, error)) http.HandlerFunc {
	return func(w http.ResponseWriter, req *http.Request) {
		select {
		case h.slots <- struct{}{}:
			defer func() { <-h.slots }()
		case <-req.Context().Done():
			return
		}
		body, err := get(req)
		w.Header().Set("X-Content-Type-Options", "nosniff")
		if err != nil {
			status := http.StatusInternalServerError
			switch {
			case errors.Is(err, errNotFound):
				status = http.StatusNotFound
			case errors.Is(err, ErrClosed):
				status = http.StatusServiceUnavailable
			}
			w.Header().Set("Cache-Control", "no-store")
			http.Error(w, http.StatusText(status), status) // the error may name files
			return
		}
		w.Header().Set("Content-Type", contentType)
		w.Header().Set("Cache-Control", cache)
		w.Header().Set("Access-Control-Allow-Origin", "*") // it is public, and browsers may check it
		w.Header().Set("Content-Length", strconv.Itoa(len(body)))
		_, _ = w.Write(body)
	}
}

func (h *handler) checkpoint(req *http.Request) ([]byte, error) {
	cp, err := h.r.Checkpoint(req.Context())
	return cp.Raw, err
}

func (h *handler) tile(req *http.Request) ([]byte, error) {
	t, ok := parseTilePath(req.PathValue("tile"))
	if !ok {
		return nil, errNotFound
	}
	cp, err := h.r.Checkpoint(req.Context())
	if err != nil {
		return nil, err
	}
	if !tileExists(t, cp.Size) {
		return nil, errNotFound
	}
	if t.L == bundle {
		return h.bundle(req.Context(), t)
	}
	level, first := tileStart(t)
	hashes, err := subtreeHashes(req.Context(), h.r, cp, level, first, first+uint64(t.W))
	var b []byte
	for _, hash := range hashes {
		b = append(b, hash[:]...)
	}
	return b, err
}

func (h *handler) bundle(ctx context.Context, t tlog.Tile) ([]byte, error) {
	var b []byte
	_, lo := tileStart(t)
	hi := lo + uint64(t.W)
	for e, err := range inOrder(h.r.Entries(ctx, lo, hi), lo, hi) {
		if err != nil {
			return nil, err
		}
		b = appendBundle(b, Leaf(e.Data))
	}
	return b, nil
}

func (h *handler) large(req *http.Request) ([]byte, error) {
	index, err := parseDecimal(req.URL.Query().Get("index"))
	if err != nil {
		return nil, errNotFound
	}
	cp, err := h.r.Checkpoint(req.Context())
	if err != nil {
		return nil, err
	}
	if index >= cp.Size {
		return nil, errNotFound
	}
	for e, err := range inOrder(h.r.Entries(req.Context(), index, index+1), index, index+1) {
		if err != nil {
			return nil, err
		}
		hash := newStub(e.Data).Hash
		if len(e.Data) > MaxLeaf && hex.EncodeToString(hash[:]) == req.PathValue("hash") {
			return e.Data, nil
		}
	}
	return nil, errNotFound
}

// subtreeHashes returns what [HashReader] says, in the tree of cp, also of a
// reader that is none.
func subtreeHashes(ctx context.Context, r Reader, cp Checkpoint, level int, begin, end uint64) ([]tlog.Hash, error) {
	nodes, err := Tree{Size: cp.Size}.nodes(level, begin, end)
	if err != nil {
		return nil, err
	}
	if r, ok := r.(HashReader); ok {
		return r.Hashes(ctx, level, begin, end)
	}
	var hashes []tlog.Hash
	for _, node := range nodes {
		h, err := provenHash(ctx, r, cp, node.level, node.n)
		if err != nil {
			return nil, err
		}
		hashes = append(hashes, h)
	}
	return hashes, nil
}

// provenHash returns the hash of the complete subtree n of a level in the tree
// of cp. It stands in the proof that an entry beside that subtree is in the
// tree.
func provenHash(ctx context.Context, r Reader, cp Checkpoint, level int, n uint64) (tlog.Hash, error) {
	begin, end := n<<level, (n+1)<<level
	var beside uint64
	switch {
	case begin == 0 && end == cp.Size:
		return cp.Root, nil
	case n%2 == 0 && end < cp.Size:
		beside = end // its right sibling, complete or not
	default:
		beside = begin - 1 // its left sibling, or what stands left of the last subtree
	}
	proof, err := r.Inclusion(ctx, beside, cp.Size)
	if err != nil {
		return tlog.Hash{}, err
	}
	lo, hi := uint64(0), cp.Size
	for i := len(proof) - 1; i >= 0 && hi-lo > 1; i-- { // from the root down
		mid := lo + 1<<leftLevel(hi-lo)
		sibling := [2]uint64{mid, hi}
		if beside < mid {
			hi = mid
		} else {
			sibling = [2]uint64{lo, mid}
			lo = mid
		}
		if sibling == [2]uint64{begin, end} {
			return proof[i], nil
		}
	}
	return tlog.Hash{}, fmt.Errorf("ledger: proof for entry %d is too short: %w", beside, reason.ErrChain)
}
