package elgamal

import "testing"

// eachGroup runs a test over both built-in groups.
func eachGroup(t *testing.T, test func(t *testing.T, g *Group)) {
	t.Helper()
	for _, g := range []*Group{Ristretto255(), P256()} {
		t.Run(g.Name(), func(t *testing.T) { test(t, g) })
	}
}
