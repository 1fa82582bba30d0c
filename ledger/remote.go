package ledger

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"iter"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/hanpyo/hanpyo/internal/reason"
)

// HTTPOptions are the options of [OpenHTTP]. The zero value works.
type HTTPOptions struct {
	// Client makes the requests. By default one that gives a request two
	// minutes, follows three redirects and none from https to http.
	Client *http.Client
	// Poll is how often Await asks for a new checkpoint, by default every
	// second.
	Poll time.Duration
}

// What a remote reader fetches and keeps at a time.
const (
	fetchBundles = 4    // bundles of a reading, 64 MiB at most and mostly 1 MiB
	fetchTiles   = 8    // requests for tiles
	keepTiles    = 1024 // tiles, 8 MiB
)

// OpenHTTP returns a reader of the log that is served at base after
// c2sp.org/tlog-tiles, by [Handler] or by anything else. It makes no request
// yet.
//
// The reader trusts nothing that it is sent. A checkpoint must satisfy p and
// extend those seen before: otherwise the error is that of [Policy.Check], a
// [*ForkError] or ErrChain. Every tile is checked against the checkpoint and
// every entry against its tile: ErrTile is one of the wrong length, ErrChain
// one with a wrong hash, ErrLimit an answer that is too long, ErrIncomplete
// something that the server does not have, ErrUnavailable a server that cannot
// be asked.
//
// The zero policy believes a checkpoint without its signature. It is for who
// learns the key from the ledger itself, as an audit that starts from a
// fingerprint does, and then reads through [Verified]. Any other must make
// sense, as [Policy.Validate] says.
func OpenHTTP(base string, p Policy, o *HTTPOptions) (Reader, error) {
	u, err := url.Parse(base)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.RawQuery != "" || u.Fragment != "" {
		return nil, fmt.Errorf("ledger: %q is not the address of a log: %w", base, reason.ErrEncoding)
	}
	signed := p.Origin != "" || p.Key != "" || len(p.Witnesses) > 0 || p.Quorum != 0 || len(p.Handovers) > 0
	if signed {
		if err := p.Validate(); err != nil {
			return nil, err
		}
	}
	r := &remote{base: strings.TrimSuffix(u.String(), "/") + "/", policy: p, signed: signed, poll: time.Second, tiles: make(map[tlog.Tile][]byte)}
	r.client = &http.Client{Timeout: 2 * time.Minute, CheckRedirect: checkRedirect}
	if o != nil && o.Client != nil {
		r.client = o.Client
	}
	if o != nil && o.Poll > 0 {
		r.poll = o.Poll
	}
	return r, nil
}

func checkRedirect(req *http.Request, via []*http.Request) error {
	switch {
	case len(via) > 3:
		return errors.New("more than three redirects")
	case via[0].URL.Scheme == "https" && req.URL.Scheme != "https":
		return errors.New("redirected from https")
	}
	return nil
}

// remote is a log behind HTTP.
type remote struct {
	base   string // ends with a slash
	policy Policy
	signed bool // by the policy's key
	client *http.Client
	poll   time.Duration

	mu     sync.Mutex
	newest Checkpoint // Raw is nil before the first
	tiles  map[tlog.Tile][]byte
}

// Checkpoint implements [Reader]: it asks the server, and returns the newest
// checkpoint seen.
func (r *remote) Checkpoint(ctx context.Context) (Checkpoint, error) {
	raw, err := r.get(ctx, "checkpoint", maxCheckpoint)
	if err != nil {
		return Checkpoint{}, err
	}
	var cp Checkpoint
	if r.signed {
		cp, err = r.policy.Check(raw)
	} else {
		cp, err = ParseCheckpoint(raw)
	}
	if err != nil {
		return Checkpoint{}, fmt.Errorf("ledger: %scheckpoint: %w", r.base, err)
	}
	for {
		old := r.current()
		from, to := old, cp
		if to.Size < from.Size { // a cache may be late
			from, to = to, from
		}
		if old.Raw != nil {
			proof, err := r.tree(ctx, to).Consistency(from.Size, to.Size)
			if err == nil {
				err = to.CheckConsistency(from, proof)
			}
			if err != nil {
				return Checkpoint{}, fmt.Errorf("ledger: %scheckpoint: %w", r.base, err)
			}
		}
		if r.replace(old, to) {
			return to, nil
		}
	}
}

func (r *remote) current() Checkpoint {
	r.mu.Lock()
	defer r.mu.Unlock()
	cp := r.newest
	cp.Raw = bytes.Clone(cp.Raw)
	return cp
}

// replace makes cp the newest checkpoint if old still is.
func (r *remote) replace(old, cp Checkpoint) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.newest.Size != old.Size || (r.newest.Raw == nil) != (old.Raw == nil) {
		return false
	}
	cp.Raw = bytes.Clone(cp.Raw)
	r.newest = cp
	return true
}

// covering returns a checkpoint of at least the given size, if there is one.
func (r *remote) covering(ctx context.Context, size uint64) (Checkpoint, error) {
	cp := r.current()
	if err := ctx.Err(); err != nil || cp.Raw != nil && size <= cp.Size {
		return cp, err
	}
	cp, err := r.Checkpoint(ctx)
	if err != nil {
		return Checkpoint{}, err
	}
	return cp, Tree{Size: cp.Size}.CheckSpan(0, size)
}

// Await implements [Reader] by asking again and again.
func (r *remote) Await(ctx context.Context, size uint64) (Checkpoint, error) {
	for {
		cp, err := r.Checkpoint(ctx)
		if err != nil || cp.Size >= size {
			return cp, err
		}
		select {
		case <-time.After(r.poll):
		case <-ctx.Done():
			return Checkpoint{}, ctx.Err()
		}
	}
}

// Inclusion implements [Reader].
func (r *remote) Inclusion(ctx context.Context, index, size uint64) (tlog.RecordProof, error) {
	cp, err := r.covering(ctx, size)
	if err != nil {
		return nil, err
	}
	return r.tree(ctx, cp).Inclusion(index, size)
}

// Consistency implements [Reader].
func (r *remote) Consistency(ctx context.Context, old, size uint64) (tlog.TreeProof, error) {
	cp, err := r.covering(ctx, size)
	if err != nil {
		return nil, err
	}
	return r.tree(ctx, cp).Consistency(old, size)
}

// Entries implements [Reader].
func (r *remote) Entries(ctx context.Context, lo, hi uint64) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		cp, err := r.covering(ctx, hi)
		if err == nil {
			err = Tree{Size: cp.Size}.CheckSpan(lo, hi)
		}
		for err == nil && lo < hi {
			var leaves [][]byte
			leaves, err = r.leaves(ctx, cp, lo, hi)
			for i := 0; err == nil && i < len(leaves); i++ {
				var data []byte
				if data, err = r.data(ctx, lo, leaves[i]); err == nil && !yield(Entry{Index: lo, Data: data}, nil) {
					return
				}
				lo++
			}
		}
		if err != nil {
			yield(Entry{}, err)
		}
	}
}

// leaves returns the leaves from lo on and below hi that stand in a few
// bundles, each checked against its hash.
func (r *remote) leaves(ctx context.Context, cp Checkpoint, lo, hi uint64) ([][]byte, error) {
	first := lo / tileWidth
	hi = min(hi, (first+fetchBundles)*tileWidth)
	bundles := make([][][]byte, (hi-1)/tileWidth-first+1)
	err := inParallel(len(bundles), func(i int) error {
		t := tlog.Tile{H: tileHeight, L: bundle, N: int64(first) + int64(i), W: tileWidth}
		t.W = int(min(cp.Size-uint64(t.N)*tileWidth, tileWidth))
		b, err := r.fetchTile(ctx, t, maxBundle)
		if err == nil {
			bundles[i], err = parseBundle(b, t.W)
		}
		if err != nil {
			return fmt.Errorf("ledger: %s%s: %w", r.base, tilePath(t), err)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	indexes := make([]int64, 0, hi-lo)
	for i := lo; i < hi; i++ {
		indexes = append(indexes, tlog.StoredHashIndex(0, int64(i)))
	}
	hashes, err := r.tree(ctx, cp).Hashes.ReadHashes(indexes)
	if err != nil {
		return nil, err
	}
	leaves := make([][]byte, 0, hi-lo)
	for i := lo; i < hi; i++ {
		leaf := bundles[i/tileWidth-first][i%tileWidth]
		if tlog.RecordHash(leaf) != hashes[i-lo] {
			return nil, &EntryError{i, fmt.Errorf("%s: differs from the ledger of size %d: %w", r.base, cp.Size, reason.ErrChain)}
		}
		leaves = append(leaves, leaf)
	}
	return leaves, nil
}

// data returns the data for a checked leaf, which the caller may change.
func (r *remote) data(ctx context.Context, index uint64, leaf []byte) ([]byte, error) {
	stub, large, err := ParseLeaf(leaf)
	if err == nil && !large {
		return leaf, nil
	}
	if err != nil {
		return nil, &EntryError{index, err}
	}
	path := fmt.Sprintf("large/%s?index=%d", hex.EncodeToString(stub.Hash[:]), index)
	data, err := r.get(ctx, path, int(stub.Size))
	if err == nil {
		if err = stub.Check(data); err != nil {
			err = fmt.Errorf("ledger: %s%s: %w", r.base, path, err)
		}
	}
	if err != nil {
		return nil, &EntryError{index, err}
	}
	return data, nil
}

// tree returns the tree of cp. Its hashes are checked against the root.
func (r *remote) tree(ctx context.Context, cp Checkpoint) Tree {
	read := func(indexes []int64) ([]tlog.Hash, error) {
		if len(indexes) == 0 {
			return nil, nil
		}
		t := &tileReader{r: r, ctx: ctx}
		hashes, err := tlog.TileHashReader(tlog.Tree{N: int64(cp.Size), Hash: cp.Root}, t).ReadHashes(indexes)
		if err != nil && t.err == nil {
			err = fmt.Errorf("ledger: %s: tiles do not fit the root at size %d: %w", r.base, cp.Size, reason.ErrChain)
		}
		return hashes, err
	}
	return Tree{cp.Size, tlog.HashReaderFunc(read)}
}

// tileReader is a tlog.TileReader for one call.
type tileReader struct {
	r   *remote
	ctx context.Context
	err error // of ReadTiles
}

// Height implements tlog.TileReader.
func (t *tileReader) Height() int { return tileHeight }

// ReadTiles implements tlog.TileReader.
func (t *tileReader) ReadTiles(tiles []tlog.Tile) ([][]byte, error) {
	data := make([][]byte, len(tiles))
	t.err = inParallel(len(tiles), func(i int) error {
		t.r.mu.Lock()
		data[i] = t.r.tiles[tiles[i]]
		t.r.mu.Unlock()
		if data[i] != nil {
			return nil
		}
		b, err := t.r.fetchTile(t.ctx, tiles[i], maxTile)
		if err == nil && len(b) != tiles[i].W*tlog.HashSize {
			err = fmt.Errorf("ledger: %s%s: %d bytes instead of %d: %w", t.r.base, tilePath(tiles[i]), len(b), tiles[i].W*tlog.HashSize, ErrTile)
		}
		data[i] = b
		return err
	})
	return data, t.err
}

// SaveTiles implements tlog.TileReader: these tiles were checked.
func (t *tileReader) SaveTiles(tiles []tlog.Tile, data [][]byte) {
	t.r.mu.Lock()
	defer t.r.mu.Unlock()
	if len(t.r.tiles)+len(tiles) > keepTiles {
		clear(t.r.tiles)
	}
	for i, tile := range tiles {
		if len(t.r.tiles) < keepTiles {
			t.r.tiles[tile] = data[i]
		}
	}
}

// fetchTile returns a tile as it was sent. A server may have dropped a partial
// tile once there is the full one: then it returns the beginning of that.
func (r *remote) fetchTile(ctx context.Context, t tlog.Tile, limit int) ([]byte, error) {
	b, err := r.get(ctx, tilePath(t), limit)
	if !errors.Is(err, errNotThere) || t.W == tileWidth {
		return b, err
	}
	full := t
	full.W = tileWidth
	b, fullErr := r.get(ctx, tilePath(full), limit)
	if fullErr != nil {
		return nil, err
	}
	return beginning(b, t)
}

// beginning cuts a full tile to the width of t.
func beginning(b []byte, t tlog.Tile) ([]byte, error) {
	if t.L != bundle {
		if len(b) != maxTile {
			return nil, fmt.Errorf("%d bytes instead of %d: %w", len(b), maxTile, ErrTile)
		}
		return b[:t.W*tlog.HashSize], nil
	}
	leaves, err := parseBundle(b, tileWidth)
	if err != nil {
		return nil, err
	}
	end := 0
	for _, leaf := range leaves[:t.W] {
		end += 2 + len(leaf)
	}
	return b[:end], nil
}

// errNotThere is an answer that says so.
var errNotThere = fmt.Errorf("the server does not have it: %w", reason.ErrIncomplete)

// get returns what stands at a path below the base, at most limit bytes.
func (r *remote) get(ctx context.Context, path string, limit int) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, r.base+path, nil)
	if err != nil {
		return nil, fmt.Errorf("ledger: %w", err)
	}
	resp, err := r.client.Do(req)
	if err != nil {
		return nil, fmt.Errorf("ledger: %w: %w", ErrUnavailable, reason.Foreign(err))
	}
	defer resp.Body.Close()
	switch resp.StatusCode {
	case http.StatusOK:
	case http.StatusNotFound, http.StatusGone:
		return nil, fmt.Errorf("ledger: %s%s: %w", r.base, path, errNotThere)
	default:
		return nil, fmt.Errorf("ledger: %s%s: status %d: %w", r.base, path, resp.StatusCode, ErrUnavailable)
	}
	var b bytes.Buffer
	n, err := b.ReadFrom(io.LimitReader(resp.Body, int64(limit)+1))
	if err != nil {
		return nil, fmt.Errorf("ledger: %s%s: %w: %w", r.base, path, ErrUnavailable, reason.Foreign(err))
	}
	if n > int64(limit) {
		return nil, fmt.Errorf("ledger: %s%s: more than %d bytes: %w", r.base, path, limit, reason.ErrLimit)
	}
	return b.Bytes(), nil
}

// inParallel calls f for 0 ≤ i < n, some at a time, and returns the error of
// the lowest i that has one.
func inParallel(n int, f func(i int) error) error {
	errs := make([]error, n)
	slots := make(chan struct{}, fetchTiles)
	var wg sync.WaitGroup
	for i := range n {
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			errs[i] = f(i)
		})
	}
	wg.Wait()
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
