package zkp

import (
	"github.com/hanpyo/hanpyo/elgamal"
	"github.com/hanpyo/hanpyo/internal/wire"
)

// Context says where a proof stands. A proof made for one context does not
// hold in another.
type Context struct {
	Kind     string   // what the proof is for; one constant per use in the library, such as "dkg deal"
	Election [32]byte // manifest id or fingerprint
	Position []byte   // canonical bytes of what is special to this one: trustee, contest, step; may be nil
}

// The protocols of this package, as they stand in session identifiers. No two
// may be equal.
const (
	protocolSigma  = "DSFS-with-sigma-proofs_Shake128_" // and the name of the group: the draft's flavour and suite
	protocolList   = "hanpyo combined list"
	protocolOneOf  = "hanpyo one of"
	protocolBallot = "hanpyo ballot"
	protocolNonce  = "hanpyo nonces"
)

// session returns the session identifier of one proof. The tag is an injective
// encoding of: library and version, protocol with its suite, the group, what
// kind of statement this is, the context, and extra, which is empty unless a
// statement needs another one inside.
func session(g *elgamal.Group, protocol, statement string, c Context, extra []byte) [32]byte {
	return deriveSessionID(sessionTag(g, protocol, statement, c, extra))
}

func sessionTag(g *elgamal.Group, protocol, statement string, c Context, extra []byte) []byte {
	if protocol == protocolSigma {
		protocol += suiteName(g)
	}
	var w wire.Writer
	w.Raw([]byte("hanpyo-v1"))
	w.String(protocol)
	w.String(g.Name())
	w.Var(g.Order().Bytes())
	w.Var(g.AppendPoint(nil, g.Base()))
	w.String(statement)
	w.String(c.Kind)
	w.Raw(c.Election[:])
	w.Var(c.Position)
	w.Var(extra)
	return w.Bytes()
}

// suiteName is the group's name in the draft's ciphersuite identifiers. The
// draft defines P256; ristretto255 follows its rule.
func suiteName(g *elgamal.Group) string {
	if g.Name() == "P-256" {
		return "P256"
	}
	return g.Name()
}
