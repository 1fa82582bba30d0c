package ledger

import (
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/mod/sumdb/tlog"
)

func TestTilePath(t *testing.T) {
	for path, tile := range map[string]tlog.Tile{
		"0/x001/x234/067":        {H: 8, L: 0, N: 1234067, W: 256},
		"0/x001/x234/067.p/1":    {H: 8, L: 0, N: 1234067, W: 1},
		"7/000.p/255":            {H: 8, L: 7, N: 0, W: 255},
		"3/x999/999":             {H: 8, L: 3, N: 999999, W: 256},
		"entries/x001/000":       {H: 8, L: bundle, N: 1000, W: 256},
		"entries/x273/000.p/112": {H: 8, L: bundle, N: 273000, W: 112},
	} {
		require.Equal(t, "tile/"+path, tilePath(tile))
		got, ok := parseTilePath(path)
		require.True(t, ok, path)
		require.Equal(t, tile, got)
	}
}

func FuzzParseTilePath(f *testing.F) {
	for _, path := range []string{"0/000", "entries/x001/x234/067.p/5", "7/x999/x999/x999/x999/x999/x999/999.p/255", "data/000", "0/x9/9", ""} {
		f.Add(path)
	}
	f.Fuzz(func(t *testing.T, path string) {
		tile, ok := parseTilePath(path)
		if !ok {
			return
		}
		require.Equal(t, "tile/"+path, tilePath(tile))
		for _, size := range []uint64{0, 1, 255, 256, maxSize} {
			level, n := tileStart(tile)
			if tileExists(tile, size) {
				require.LessOrEqual(t, (n+uint64(tile.W))<<level, size)
			}
		}
	})
}

func FuzzParseBundle(f *testing.F) {
	f.Add([]byte{0, 1, 'a', 0, 0}, uint8(2))
	f.Add([]byte{0, 1}, uint8(1))
	f.Add([]byte{255, 255}, uint8(1))
	f.Add([]byte{}, uint8(0))
	f.Fuzz(func(t *testing.T, b []byte, n uint8) {
		leaves, err := parseBundle(b, int(n)+1)
		if err != nil {
			require.ErrorIs(t, err, ErrTile)
			require.Nil(t, leaves)
			return
		}
		require.Len(t, leaves, int(n)+1)
		var again []byte
		for _, leaf := range leaves {
			again = appendBundle(again, leaf)
		}
		require.Equal(t, b, again)
	})
}
