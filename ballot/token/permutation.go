package token

import (
	"bytes"
	"crypto/sha3"
	"fmt"
	"math/big"
	"sync"

	"filippo.io/bigmod"

	"github.com/hanpyo/hanpyo/internal/reason"
	"github.com/hanpyo/hanpyo/internal/wire"
)

// The proof that raising to the power of e permutes the units modulo N, so that
// every blinded message could be every voter's. It is that of Goldberg, Reyzin,
// Sagga and Baldimtsi, "Efficient Noninteractive Certification of RSA Moduli and
// Beyond" (ASIACRYPT 2019), for a prime e, over the units:
//
//	ρ₁ … ρ₈ = H(N, context)        reduced modulo N
//	σᵢ      = ρᵢ^(1/e)             the proof
//
// V accepts if N has no factor up to e (1), every ρᵢ is a unit (2), and
// σᵢ^e = ρᵢ (3). docs/protocol.md §12.1.

// roots is how many there are: e⁻⁸ < 2⁻¹²⁸.
const roots = 8

// challenges returns ρ₁ … ρ₈.
func challenges(modulus []byte, c Context) []*big.Int {
	var w wire.Writer
	w.String("hanpyo/v1 issuer key")
	w.Var(modulus)
	w.Uint32(exponent)
	w.Raw(c.Election[:])
	w.Var(c.Registrar)
	c.Class.encode(&w)
	h := sha3.NewSHAKE256()
	h.Write(w.Bytes())

	n := new(big.Int).SetBytes(modulus)
	list := make([]*big.Int, roots)
	for i := range list {
		var wide [Size + 32]byte // 256 bits more than N: the remainders are uniform but for 2⁻²⁵⁶
		h.Read(wide[:])
		list[i] = new(big.Int).SetBytes(wide[:])
		list[i].Mod(list[i], n)
	}
	return list
}

// prove returns σ₁ … σ₈.
func (k *IssuerKey) prove(c Context) []byte {
	var proof []byte
	for _, rho := range challenges(k.modulus.Nat().Bytes(k.modulus), c) {
		root := k.root(natOf(rho.FillBytes(make([]byte, Size)), k.modulus))
		proof = append(proof, root.Bytes(k.modulus)...)
	}
	return proof
}

// checkModulus refuses what cannot be a modulus, before any proof is looked at.
func checkModulus(modulus []byte) error {
	n := new(big.Int).SetBytes(modulus)
	if n.BitLen() != 8*Size {
		return fmt.Errorf("modulus of %d bits, want %d: %w", n.BitLen(), 8*Size, reason.ErrRange)
	}
	if !coprime(smallPrimes(), n) { // (1)
		return fmt.Errorf("modulus has a factor up to %d: %w", exponent, reason.ErrRange)
	}
	return nil
}

// checkProof checks the roots for a modulus that checkModulus has passed.
func checkProof(modulus []byte, c Context, proof []byte) error {
	m, err := bigmod.NewModulus(modulus)
	n := must(m, err) // it is odd
	all := big.NewInt(1)
	for i, rho := range challenges(modulus, c) {
		chunk := proof[i*Size:][:Size]
		sigma, err := bigmod.NewNat().SetBytes(chunk, n)
		if err != nil {
			return fmt.Errorf("root %d is not below the modulus: %w", i+1, reason.ErrEncoding)
		}
		got := bigmod.NewNat().ExpShortVarTime(sigma, exponent, n).Bytes(n)
		if !bytes.Equal(got, rho.FillBytes(make([]byte, Size))) { // (3)
			return fmt.Errorf("root %d: %w", i+1, reason.ErrProof)
		}
		all.Mul(all, rho).Mod(all, new(big.Int).SetBytes(modulus))
	}
	if !coprime(all, new(big.Int).SetBytes(modulus)) { // (2)
		return fmt.Errorf("a challenge is not a unit: %w", reason.ErrProof)
	}
	return nil
}

func coprime(a, n *big.Int) bool {
	return new(big.Int).GCD(nil, nil, new(big.Int).Mod(a, n), n).Cmp(big.NewInt(1)) == 0
}

// smallPrimes returns the product of the primes up to e.
var smallPrimes = sync.OnceValue(func() *big.Int {
	product := big.NewInt(1)
	var composite [exponent + 1]bool
	for i := 2; i <= exponent; i++ {
		if composite[i] {
			continue
		}
		product.Mul(product, big.NewInt(int64(i)))
		for j := i * i; j <= exponent; j += i {
			composite[j] = true
		}
	}
	return product
})
