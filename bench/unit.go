package main

import (
	"bytes"

	"filippo.io/edwards25519"
)

// unitName is what other figures are divided by to compare machines.
const unitName = "edwards25519.ScalarMult"

// newUnit returns one ScalarMult of filippo.io/edwards25519, by a scalar of
// full length.
func newUnit() func() error {
	x, err := edwards25519.NewScalar().SetUniformBytes(bytes.Repeat([]byte{7}, 64))
	if err != nil {
		panic("bench: " + err.Error())
	}
	p := edwards25519.NewGeneratorPoint()
	return func() error {
		p.ScalarMult(x, p)
		return nil
	}
}

// measureUnit returns the processor time of one unit in nanoseconds.
func measureUnit() float64 {
	const times = 250
	unit := newUnit()
	cpu := cpuTime()
	for range times {
		_ = unit()
	}
	return float64(cpuTime()-cpu) / times
}
