package boltledger

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/mod/sumdb/note"
)

// FuzzPages reads a database of any bytes, and holds that whatever stands
// there, reading ends, and stays inside.
func FuzzPages(f *testing.F) {
	size := int64(os.Getpagesize())
	secret, _, err := note.GenerateKey(nil, "example.org/2027-council")
	require.NoError(f, err)
	signer, err := note.NewSigner(secret)
	require.NoError(f, err)
	dir := f.TempDir()
	log, err := Open(dir, signer)
	require.NoError(f, err)
	for i := range byte(20) {
		_, err := log.Append(f.Context(), []byte{i})
		require.NoError(f, err)
	}
	require.NoError(f, log.Close())
	whole, err := os.ReadFile(filepath.Join(dir, databaseName))
	require.NoError(f, err)
	for id := uint64(2); int64(id) < int64(len(whole))/size; id++ {
		f.Add(whole, id, number(3)) // one of them is the root
	}
	f.Add([]byte{}, uint64(0), []byte{})
	f.Fuzz(func(t *testing.T, data []byte, root uint64, key []byte) {
		for _, whole := range []bool{true, false} {
			c := &pages{nil, bytes.NewReader(data), data, size, uint64(int64(len(data)) / size), root, make(map[uint64]page), make(map[string]bucketRoot)}
			for _, name := range [][]byte{metaBucket, hashBucket, key} {
				leaf, err := c.bucket(name, key, whole, nil)
				if err != nil {
					continue
				}
				if _, _, err := leaf.get(key); whole {
					require.NoError(t, err, "a checked page")
				}
			}
			leaf, err := c.descend(root, key, whole, nil)
			for i := 0; err == nil && i < leaf.elements(); i++ {
				_, _, err = leaf.element(i)
				require.True(t, err == nil || !whole)
			}
		}
	})
}
