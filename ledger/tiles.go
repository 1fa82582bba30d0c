package ledger

import (
	"encoding/binary"
	"fmt"
	"strings"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/hanpyo/hanpyo/internal/reason"
)

// What c2sp.org/tlog-tiles fixes: a tile of level l holds up to 256 hashes of
// level 8·l of the tree, and a bundle up to 256 entries.
const (
	tileHeight = 8
	tileWidth  = 1 << tileHeight
	maxLevel   = 7                             // a tree of maxSize has no tiles above
	maxTile    = tileWidth * tlog.HashSize     // bytes
	maxBundle  = tileWidth * (2 + MaxLeaf)     // bytes
	maxPath    = len("entries/") + 7*5 + 3 + 6 // of a tile, in bytes
)

// ErrTile is a tile, or a bundle of entries, that does not have the length
// that its place in the tree requires. It wraps [reason.ErrEncoding].
var ErrTile = fmt.Errorf("ledger: tile of the wrong length: %w", reason.ErrEncoding)

// bundle stands in a tlog.Tile for the level of a bundle of entries.
const bundle = -1

// tilePath returns the path of a tile below the log's address: level and
// number, which package tlog writes in the same way after the height.
func tilePath(t tlog.Tile) string {
	level, rest, _ := strings.Cut(strings.TrimPrefix(t.Path(), fmt.Sprintf("tile/%d/", tileHeight)), "/")
	if t.L == bundle {
		level = "entries"
	}
	return "tile/" + level + "/" + rest
}

// parseTilePath decodes what follows "tile/" in a tile's path.
func parseTilePath(path string) (t tlog.Tile, ok bool) {
	if len(path) > maxPath {
		return tlog.Tile{}, false
	}
	level, rest, _ := strings.Cut(path, "/")
	if level == "entries" {
		level = "data"
	} else if level == "data" {
		return tlog.Tile{}, false
	}
	t, err := tlog.ParseTilePath(fmt.Sprintf("tile/%d/%s/%s", tileHeight, level, rest))
	return t, err == nil && t.L <= maxLevel
}

// tileStart returns the level in the tree and the number there of the first
// hash of t.
func tileStart(t tlog.Tile) (level int, n uint64) {
	return tileHeight * max(t.L, 0), uint64(t.N) << tileHeight
}

// tileExists reports whether a tree of the given size has all hashes of t.
func tileExists(t tlog.Tile, size uint64) bool {
	level, n := tileStart(t)
	return uint64(t.N) <= maxSize>>tileHeight && n+uint64(t.W) <= size>>level
}

// appendBundle adds a leaf to a bundle: its length as two bytes, the leaf.
func appendBundle(b, leaf []byte) []byte {
	return append(binary.BigEndian.AppendUint16(b, uint16(len(leaf))), leaf...)
}

// parseBundle decodes a bundle of exactly n leaves, which are parts of b.
func parseBundle(b []byte, n int) ([][]byte, error) {
	leaves := make([][]byte, n)
	for i := range leaves {
		if len(b) < 2 || len(b)-2 < int(binary.BigEndian.Uint16(b)) {
			return nil, fmt.Errorf("ends in entry %d of %d: %w", i, n, ErrTile)
		}
		end := 2 + int(binary.BigEndian.Uint16(b))
		leaves[i], b = b[2:end:end], b[end:]
	}
	if len(b) > 0 {
		return nil, fmt.Errorf("%d bytes after entry %d: %w", len(b), n-1, ErrTile)
	}
	return leaves, nil
}
