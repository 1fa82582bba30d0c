package vectors

import (
	"bytes"

	"github.com/stretchr/testify/require"

	"github.com/hanpyo/hanpyo/internal/entry"
)

// issuance puts changed issuer and issued entries of the first registrar before
// its true ones, which stand because these do not: docs/wire.md, Issuer, Issued.
func (e *entriesOf) issuance() {
	const modulus = 384
	issuer, second := e.at(entry.Issuer, 0), e.at(entry.Issuer, 1)
	before := func(index int, f field, c change, by signedBy) {
		data, err := apply(bytes.Clone(e.raw[index]), e.edits(index, f, c, by))
		require.NoError(e, err)
		kind := entry.Kind(data[1]).String()
		at := issuer - 1
		if kind == "issued" {
			at = e.at(entry.Issued, 0) - 1
		}
		e.then(at, "before the true one, "+kind+": "+f.name, c.what, c.reason, data)
	}
	for _, index := range []int{issuer, e.at(entry.Issued, 0)} {
		n, size := len(e.raw[index]), len(e.envelope(index).Body)
		before(index, field{"signature", n - 64, 64}, change{"another S", bit, "signature"}, asItWas)
		before(index, field{"signatures", n - 97, 97}, change{"none", is(0), "signature"}, asItWas)
		before(index, field{"time", 34, 8}, change{"a second later, signed by an authority", plus(1), "signature"}, authority)
		before(index, field{"election", 2, 32}, change{"another", bit, "binding"}, again)
		before(index, body("class 1, style", 4, 4), change{"that there is not", plus(1), "range"}, again)
		before(index, body("class 1, weight", 8, 8), change{"0", is(make([]byte, 8)...), "range"}, again)
		before(index, body("class 1, weight", 8, 8), change{"above max_weight", plus(16), "range"}, again)
		before(index, body("body", size-1, 1), change{"without its last byte", constant(nil), "encoding"}, again)
		before(index, body("body", size, 0), change{"with a byte more", is(0), "encoding"}, again)
	}
	key := 4 + 4 + 8
	theirs := e.envelope(second).Body[key:]
	before(issuer, body("key 1, N", key, modulus), change{"that of the other registrar", constant(theirs[:modulus]), "proof"}, again)
	before(issuer, body("key 1", key, len(theirs)), change{"that of the other registrar with its proof", constant(theirs), "proof"}, again)
	before(issuer, body("key 1, N", key, modulus), change{"a bit less", func(b []byte) []byte { b[0] &= 0x7f; return b }, "range"}, again)
	before(issuer, body("key 1, N", key, modulus), change{"even", func(b []byte) []byte { b[modulus-1] &^= 1; return b }, "range"}, again)
	before(issuer, body("key 1, root 1", key+modulus, modulus), change{"another", bit, "proof"}, again)
	before(issuer, body("key 1, root 1", key+modulus, modulus), change{"not below N", is(bytes.Repeat([]byte{0xff}, modulus)...), "encoding"}, again)
	before(issuer, body("key 1, root 8", key+8*modulus, modulus), change{"0", is(make([]byte, modulus)...), "proof"}, again)
	before(issuer, body("key 1, roots 1 and 2", key+modulus, 2*modulus), swapped("exchanged", "proof", modulus), again)
	issued := e.at(entry.Issued, 0)
	before(issued, body("class 1, issued", 4+4+8+8, 8), change{"more than are eligible", plus(1), "range"}, again)
	before(issued, body("class 1, weight", 8, 8), change{"2, for which it has no key", plus(1), "shape"}, again)
}
