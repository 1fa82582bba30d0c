package boltledger

import (
	"crypto/sha256"
	"encoding/binary"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/mod/sumdb/tlog"
)

// TestWindow holds that the ids which the database lacks are of the newest
// entries, however the ledger grows.
func TestWindow(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for _, most := range []int{1, idStep, maxBatch} {
		n := new(ids)
		var size uint64
		for size < 3*idWindow/2 {
			from := size
			for range 1 + rng.IntN(most) {
				n.add(tlog.Hash(sha256.Sum256(binary.BigEndian.AppendUint64(nil, size))), size)
				size++
			}
			for _, part := range n.due(from, size) {
				clear(part)
			}
			if from/(10*maxBatch) == size/(10*maxBatch) {
				continue
			}
			count := 0
			for p, part := range n {
				for _, index := range part {
					require.GreaterOrEqual(t, index, lastDue(uint64(p), size))
					require.GreaterOrEqual(t, index+idWindow, size)
				}
				count += len(part)
			}
			require.Less(t, count, idWindow*2/3) // about half
		}
	}
}
