package attacks

import (
	"context"
	"crypto/ed25519"
	"testing"

	"github.com/stretchr/testify/require"
	"go.dedis.ch/kyber/v3"

	"github.com/hanpyo/hanpyo/ballot"
	"github.com/hanpyo/hanpyo/ballot/token"
	"github.com/hanpyo/hanpyo/elgamal"
	"github.com/hanpyo/hanpyo/elgamal/dkg"
	"github.com/hanpyo/hanpyo/ledger"
	"github.com/hanpyo/hanpyo/mixnet"
	"github.com/hanpyo/hanpyo/tally"
	"github.com/hanpyo/hanpyo/zkp"
)

// ended runs something that may wait for ever, with a context that has ended.
func ended(ctx context.Context, act func(context.Context) error) error {
	ctx, cancel := context.WithCancel(ctx)
	cancel()
	return act(ctx)
}

// What comes in as a value and not as bytes may be nil, empty or of another
// group: it is refused, and nothing panics.
func TestP85ZeroValues(t *testing.T) {
	eachElection(t, func(t *testing.T, f *fixture) {
		g, e, ctx := f.Group, f.Election.Election, t.Context()
		other := groups()[0]
		if other == g {
			other = groups()[1]
		}
		log, box := f.open(t)
		policy := f.Manifest.Policy()
		stranger := f.voter(0)
		stranger.Key = ballot.NewVoterKey(other)
		c, proof := zkp.Context{Kind: "test"}, make([]byte, 3*g.PointLen())
		points := []kyber.Point{nil, other.Base()}
		two := func(_ any, err error) error { return err }
		for name, call := range map[string]func() error{
			"nil ballot":          func() error { return e.VerifyBallot(nil) },
			"empty ballot":        func() error { return e.VerifyBallot(new(ballot.Ballot)) },
			"nil spoil":           func() error { return e.VerifySpoil(nil) },
			"empty spoil":         func() error { return e.VerifySpoil(new(ballot.Spoil)) },
			"cast nil":            func() error { return two(box.Cast(ctx, nil)) },
			"cast empty":          func() error { return two(box.Cast(ctx, new(ballot.Ballot))) },
			"empty receipt":       func() error { return e.VerifyReceipt(nil, ballot.Receipt{}) },
			"nil voter":           func() error { _, _, err := e.Encrypt(nil, nil); return err },
			"empty voter":         func() error { _, _, err := e.Encrypt(new(ballot.Voter), nil); return err },
			"voter of the others": func() error { _, _, err := e.Encrypt(stranger, f.votes[0]); return err },
			"votes on nothing":    func() error { return f.Manifest.CheckVotes(0, ballot.Votes{"": nil}) },
			"style -1":            func() error { return f.Manifest.CheckVotes(-1, nil) },
			"style 99":            func() error { return f.Manifest.CheckVotes(99, nil) },
			"no fingerprint":      func() error { return two(ballot.Load(ctx, log, ballot.Fingerprint{})) },
			"form of style -1":    func() error { return two(e.Form(-1)) },
			"form of style 99":    func() error { return two(e.Form(99)) },
			"empty manifest":      func() error { return two(ballot.NewManifest(ballot.Manifest{})) },
			"empty line":          func() error { return e.Opening.Roll.VerifyLine(f.Manifest, ballot.ProvenLine{}) },
			"no lines":            func() error { return two(ballot.NewRoll(f.Manifest, nil)) },
			"empty lines":         func() error { return two(ballot.NewRoll(f.Manifest, make([]ballot.RollLine, 2))) },
			"line past the end":   func() error { return two(f.Roll.Line(1 << 63)) },
			"no authorities":      func() error { return ballot.Close(ctx, log, f.Fingerprint, nil) },
			"empty authorities":   func() error { return ballot.Close(ctx, log, f.Fingerprint, make([]ed25519.PrivateKey, 2)) },
			"no mixer":            func() error { return tally.Mix(ctx, e, log, nil, nil) },
			"half a mixer":        func() error { return tally.Mix(ctx, e, log, make(ed25519.PrivateKey, 5), nil) },
			"no result":           func() error { return tally.Publish(ctx, e, log, nil, f.Signers()) },
			"empty result":        func() error { return tally.Publish(ctx, e, log, new(tally.Result), f.Signers()) },
			"audit of nothing":    func() error { return two(tally.Audit(ctx, log, ballot.Fingerprint{}, nil)) },

			"opening of nothing":     func() error { return two(e.CheckOpening(ballot.Tracker{}, "", nil, ballot.Receipt{})) },
			"empty draft cast":       func() error { return two(new(ballot.Draft).Cast()) },
			"empty draft challenged": func() error { return two(new(ballot.Draft).Challenge()) },
			"empty draft opened":     func() error { return two(new(ballot.Draft).Open(ballot.Receipt{})) },
			"trace of nothing":       func() error { return two(tally.Trace(ctx, log, f.Fingerprint, nil, ballot.Receipt{})) },
			"receipt past the end": func() error {
				return ended(ctx, func(ctx context.Context) error { return two(box.Receipt(ctx, 1<<63)) })
			},
			"submit nothing": func() error { return two(box.Submit(ctx, nil)) },
			"no shares":      func() error { return two(ballot.CombineShares(f.Manifest, "v", nil)) },
			"nil shares":     func() error { return two(ballot.CombineShares(f.Manifest, "v", make([]*ballot.CodeShare, 1))) },
			"empty shares":   func() error { return two(ballot.CombineShares(f.Manifest, "v", []*ballot.CodeShare{{}})) },
			"no codes":       func() error { return two(ballot.VoterKeyFromCodes(f.Manifest, "v", nil)) },
			"no issuer keys": func() error { return ballot.PublishIssuer(ctx, log, f.Manifest, nil, f.Registrars[0]) },
			"nil issuer keys": func() error {
				return ballot.PublishIssuer(ctx, log, f.Manifest, make([]*token.PublicKey, 1), f.Registrars[0])
			},
			"desk without anything": func() error { return two(token.OpenDesk(ctx, log, token.DeskConfig{})) },
			"nothing issued":        func() error { return token.CheckIssuance(ctx, log, nil, token.Issued{}) },
			"nil keys issued":       func() error { return token.CheckIssuance(ctx, log, make([]*token.PublicKey, 1), token.Issued{}) },
			"no token key":          func() error { return two(token.NewRequest(nil, []byte("m"))) },
			"empty token key":       func() error { return two(token.NewRequest(new(token.PublicKey), []byte("m"))) },
			"empty token key's":     func() error { return new(token.PublicKey).Verify([]byte("m"), make([]byte, token.Size)) },
			"empty request":         func() error { return two(new(token.Request).Finish(make([]byte, token.Size))) },
			"request of no key":     func() error { return two(token.ParseRequest(nil, make([]byte, 100))) },
			"empty issuer key":      func() error { return two(new(token.IssuerKey).Sign(make([]byte, token.Size))) },
			"public key of nothing": func() error { return two(token.ParsePublicKey(nil, token.Context{})) },
			"public key for nobody": func() error { return two(new(token.IssuerKey).Public(token.Context{})) },

			"empty policy":       func() error { return two(ledger.Policy{}.Check(nil)) },
			"empty fork":         func() error { return new(ledger.ForkError).Check(policy) },
			"empty rotation":     func() error { return two(policy.Rotate(ledger.Rotation{})) },
			"empty checkpoints":  func() error { return two(ledger.Verified(log, policy, ledger.Checkpoint{})) },
			"entry past the end": func() error { return ledger.Checkpoint{Size: 1}.CheckInclusion(1<<63, ledger.LeafHash(nil), nil) },

			"empty culprit":    func() error { return f.Manifest.Ceremony().CheckCulprit(dkg.Culprit{}) },
			"junk culprit":     func() error { return f.Manifest.Ceremony().CheckCulprit(dkg.Culprit{Evidence: make([]dkg.Posted, 3)}) },
			"empty ceremony":   func() error { return new(dkg.Ceremony).Check() },
			"replay of none":   func() error { return two(new(dkg.Ceremony).Replay(nil)) },
			"shares of none":   func() error { return two(f.Trustees[0].Shares(f.Manifest.Ceremony(), nil)) },
			"shares of nobody": func() error { return two(dkg.NewMemoryTrustee(g).Shares(f.Manifest.Ceremony(), f.Outcome)) },
			"shares of junk":   func() error { return two(f.Trustees[0].Shares(f.Manifest.Ceremony(), new(dkg.Outcome))) },

			"nil point":          func() error { return g.CheckPoint(nil) },
			"point of another":   func() error { return g.CheckPoint(other.Base()) },
			"extract nil":        func() error { return two(elgamal.Extract(g, nil)) },
			"extract of another": func() error { return two(elgamal.Extract(g, other.Base())) },
			"no keys":            func() error { return two(elgamal.NewPublicKey(g, nil)) },
			"nil keys":           func() error { return two(elgamal.NewPublicKey(g, points)) },
			"decrypt nothing":    func() error { return two(elgamal.GenerateKey(g, 1).Decrypt(elgamal.Ciphertext{})) },
			"decrypt another": func() error {
				return two(elgamal.GenerateKey(g, 1).Decrypt(elgamal.Ciphertext{A: points[1], B: points[1:]}))
			},
			"Lagrange of none":     func() error { return two(elgamal.LagrangeAtZero(g, nil)) },
			"plaintext of nothing": func() error { return two(f.Manifest.Contests[0].OpenPlaintext(points)) },
			"logarithm of nil":     func() error { return two(elgamal.NewLogTable(g, 8).Log(nil, 0, 3)) },

			"empty Dlog":  func() error { return zkp.Dlog{}.Verify(g, c, proof) },
			"empty Dlogs": func() error { return zkp.Dlogs{}.Verify(g, c, proof) },
			"nil Dlogs":   func() error { return zkp.Dlogs{Base: g.Base(), Images: points}.Verify(g, c, proof) },
			"empty DLEQ":  func() error { return zkp.DLEQ{}.Verify(g, c, proof) },
			"DLEQ of another": func() error {
				return zkp.DLEQ{Base: g.Base(), Image: g.Base(), Base2: other.Base(), Image2: g.Base()}.Verify(g, c, proof)
			},
			"empty DLEQKeys": func() error { return zkp.DLEQKeys{}.Verify(g, c, proof) },
			"ragged DLEQKeys": func() error {
				return zkp.DLEQKeys{Base: g.Base(), Images: points[1:], Base2: g.Base()}.Verify(g, c, proof)
			},
			"empty DLEQBases":  func() error { return zkp.DLEQBases{}.Verify(g, c, proof) },
			"empty OneOf":      func() error { return zkp.OneOf{}.Verify(g, c, proof) },
			"empty form":       func() error { return two(zkp.NewForm(g, f.Fingerprint, "", nil, nil)) },
			"nil column":       func() error { return two(zkp.NewForm(g, f.Fingerprint, "", make([]zkp.Column, 1), nil)) },
			"empty statement":  func() error { return must(e.Form(0)).Verify(zkp.BallotStatement{}, proof) },
			"empty shuffle":    func() error { return mixnet.Statement{}.Verify(ctx, mixnet.Place{}, proof, nil) },
			"empty cascade":    func() error { return mixnet.Cascade{Mixes: make([]mixnet.Mix, 1)}.Verify(ctx, nil) },
			"list of width -1": func() error { return two(mixnet.DecodeList(context.Background(), g, -1, 1, nil, nil)) },
			"list of rows -1":  func() error { return two(mixnet.DecodeList(context.Background(), g, 1, -1, nil, nil)) },
			"list of 2^62":     func() error { return two(mixnet.DecodeList(context.Background(), g, 1<<31, 1<<31, nil, nil)) },
			"list of nil rows": func() error { return two(mixnet.NewList(ctx, g, 1, make([]elgamal.Ciphertext, 2), nil)) },
			"ragged rows": func() error {
				return two(mixnet.NewList(ctx, g, 2, []elgamal.Ciphertext{{A: g.Base(), B: []kyber.Point{g.Base()}}}, nil))
			},
			"rows of another": func() error {
				return two(mixnet.NewList(ctx, g, 1, []elgamal.Ciphertext{{A: points[1], B: points[1:]}}, nil))
			},
			"ciphertext of -1":  func() error { return two(g.DecodeCiphertext(nil, -1)) },
			"shuffle with none": func() error { _, _, err := mixnet.Shuffle(ctx, nil, nil, nil); return err },
		} {
			before := size(t, log)
			var err error
			require.NotPanics(t, func() { err = call() }, name)
			require.Error(t, err, name)
			require.Equal(t, before, size(t, log), name)
		}
	})
}
