package main

import (
	"crypto/sha256"
	"encoding/binary"
	"maps"
	"slices"

	"github.com/hanpyo/hanpyo/ballot"
)

// digest returns the hash of all that is cast in a mixed contest, by which a
// result's signed bytes end if the contest is the last one: the distinct
// plaintexts in the order of their bytes, each with how often it was cast
// (docs/wire.md, Result).
func digest(c *ballot.Contest, cast []ballot.Votes) ([]byte, error) {
	often := make(map[string]uint64)
	for _, votes := range cast {
		plain, err := c.Encode(votes[c.ID])
		if err != nil {
			return nil, err
		}
		often[string(plain)]++
	}
	const label = "hanpyo/v1 plaintexts"
	text := binary.BigEndian.AppendUint32(nil, uint32(len(label)))
	text = append(text, label...)
	text = binary.BigEndian.AppendUint32(text, uint32(c.PlaintextLen()))
	for _, plain := range slices.Sorted(maps.Keys(often)) {
		text = append(text, plain...)
		text = binary.BigEndian.AppendUint64(text, often[plain])
	}
	hash := sha256.Sum256(text)
	return hash[:], nil
}
