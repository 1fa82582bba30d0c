package dkg

import "github.com/hanpyo/hanpyo/elgamal"

// NewMemoryTrustee makes the keys of a new trustee without a file, for tests
// and rehearsals: its share and its pins end with the process.
func NewMemoryTrustee(g *elgamal.Group) *Trustee { return &Trustee{&vault{state: newSecret(g)}} }
