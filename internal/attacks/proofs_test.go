package attacks

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/binary"
	"slices"
	"testing"

	"filippo.io/edwards25519"
	"github.com/stretchr/testify/require"
	"go.dedis.ch/kyber/v3"

	"github.com/hanpyo/hanpyo/ballot"
	"github.com/hanpyo/hanpyo/internal/entry"
	"github.com/hanpyo/hanpyo/internal/reason"
	"github.com/hanpyo/hanpyo/tally"
	"github.com/hanpyo/hanpyo/zkp"
)

// Every element of what a proof is about, and every one of the proof, is in its
// challenge: another one voids it. So does every byte of a ciphertext beside.
func TestP01StatementOnTheLedger(t *testing.T) {
	eachMessage(t, func(t *testing.T, f *fixture, m *message) {
		var v variants
		for _, x := range m.fields {
			if x.scalar || x.loose {
				continue
			}
			p, err := f.Group.DecodePointOrIdentity(f.bytesOf(m, x))
			require.NoError(t, err)
			other := f.Group.AppendPoint(nil, f.Group.Point().Add(p, f.Group.Generator("attack", 1)))
			v.add(reason.ErrProof, m.with(x, other), "%s at %d", x.name, x.at)
		}
		flip := func(want error, at int, name string) {
			body := bytes.Clone(m.body)
			body[at] ^= 1
			v.add(want, body, "%s", name)
		}
		switch {
		case m.name == "deal":
			c := f.Manifest.Ceremony()
			shares := 4 + (c.Columns*c.Threshold+1)*f.Group.PointLen()
			flip(reason.ErrProof, shares, "the first byte of the shares")
			flip(reason.ErrProof, shares+len(c.Trustees)*(c.Columns*f.Group.ScalarLen()+16)-1, "the last byte of the shares")
		case bytes.HasPrefix([]byte(m.name), []byte("ballot of")):
			flip(reason.ErrProof, 5, "the number") // 1 becomes 0, which is none, or 3 becomes 2
			if m.body[5] == 1 {
				v.wants[len(v.wants)-1] = reason.ErrRange
			}
			flip(reason.ErrProof, 4, "the number by 256")
			if f.tokens {
				flip(reason.ErrProof, 13, "the weight")
				flip(reason.ErrProof, 14, "the first byte of the tokens")
				flip(reason.ErrProof, f.credentialAt()-1, "the last byte of the tokens")
			}
		case m.name == "spoil":
			flip(reason.ErrProof, 0, "the first byte of the tracker")
			flip(reason.ErrProof, 31, "the last byte of the tracker")
			if f.tokens {
				flip(reason.ErrProof, 33, "the style")
				flip(reason.ErrProof, 34, "the first byte of the weight")
				flip(reason.ErrProof, 33+len(f.permit(0)), "the last byte of the tokens")
			}
		case bytes.HasPrefix([]byte(m.name), []byte("share of")):
			flip(reason.ErrBinding, 4, "the first byte of the target")
			flip(reason.ErrBinding, 35, "the last byte of the target")
		case bytes.HasPrefix([]byte(m.name), []byte("mix of")):
			flip(reason.ErrChain, 7, "the step")
			flip(reason.ErrChain, 8, "the first byte of the input's digest")
		}
		if v.bodies == nil {
			return // it carries no proof
		}
		v.requireRefused(t, m)
	})
	// The time of a ballot or spoil is in its proof, too, though it decides
	// nothing: nobody can post them again in other bytes.
	eachBallotBox(t, func(t *testing.T, f *fixture) {
		log, box := f.open(t)
		for _, at := range []int{f.at(t, entry.Ballot, 1), f.at(t, entry.Spoil, 0)} {
			requireRefused(t, reason.ErrProof, log, box, rewrap(t, f.entries[at], func(env *entry.Envelope) { env.Time -= 60 }))
			requireRefused(t, reason.ErrEncoding, log, box, rewrap(t, f.entries[at], func(env *entry.Envelope) { env.Time++ }))
		}
	})
}

// sister returns an election with the same manifest and the same keys, but
// another fingerprint: its authorities have opened another time on a ledger of
// their own.
func (f *fixture) sister(t *testing.T) *fixture {
	env := parse(t, f.entries[f.opened-1])
	env.Time, env.Signatures = env.Time+1, nil
	for _, key := range f.Signers() {
		env.Sign(key)
	}
	other := *f
	e := *f.Election
	other.Election = &e
	other.entries = replace(f.entries[:f.opened], f.opened-1, env.Bytes())
	e.Log = f.Fork(other.entries...)
	var err error
	e.Election, err = ballot.Load(t.Context(), e.Log, ballot.Fingerprint(entry.ID(env.Bytes())))
	require.NoError(t, err)
	require.NotEqual(t, f.Fingerprint, e.Fingerprint)
	for i, key := range f.Opening.Keys {
		require.True(t, key.Equal(e.Opening.Keys[i]))
	}
	return &other
}

// A proof for one place is void in every other: election, contest, style,
// voter, trustee, mixer, step, version.
func TestP02ContextOnTheLedger(t *testing.T) {
	eachBallotBox(t, func(t *testing.T, f *fixture) {
		log, box := f.open(t)
		of := func(env *entry.Envelope) { env.Election = entry.Hash(f.Fingerprint) }
		sister := f.sister(t)
		foreign := sister.vote(t, f.voter(2), f.votes[2]).Bytes()
		_, itsBox := sister.open(t)
		_, err := itsBox.CastBytes(t.Context(), foreign)
		require.NoError(t, err, "control")
		requireRefused(t, reason.ErrBinding, log, box, foreign, "election")
		requireRefused(t, reason.ErrProof, log, box, rewrap(t, foreign, of), "election, as this one's")
		spoil, err := sister.NewSpoil(f.voter(2), ballot.Tracker{1})
		require.NoError(t, err)
		requireRefused(t, reason.ErrBinding, log, box, spoil.Bytes(), "spoil of another election")
		requireRefused(t, reason.ErrProof, log, box, rewrap(t, spoil.Bytes(), of), "spoil, as this one's")

		good := f.vote(t, f.voter(2), f.votes[2]).Bytes()
		requireRefused(t, reason.ErrVersion, log, box, append([]byte{2}, good[1:]...), "version")
		requireRefused(t, reason.ErrEncoding, log, box, rewrap(t, good, func(env *entry.Envelope) { env.Body[1] = 1 }), "style of other columns")
		requireRefused(t, reason.ErrBinding, log, box, rewrap(t, good, func(env *entry.Envelope) { env.Election = f.Manifest.ID() }), "manifest for the election")
		requireRefused(t, reason.ErrProof, log, box, rewrap(t, good, func(env *entry.Envelope) {
			copy(env.Body[f.credentialAt():], f.Voters[1].Key.Public())
		}), "voter")
		_, err = box.CastBytes(t.Context(), good)
		require.NoError(t, err, "control")

		if f.tokens {
			return // the rest is as in other elections
		}
		// Deals: another dealer's, committed to and signed as one's own.
		deal := f.deal(t)
		theirs := parse(t, f.entries[f.by(t, f.trustee(0), entry.Deal, 0)]).Body
		requireReason(t, reason.ErrProof, deal.read(t, [][]byte{theirs})[0], "dealer")

		// Shares: another trustee's, and those of other contests. Proofs of one
		// share under another.
		share := f.sumShare(t)
		other := parse(t, f.entries[f.by(t, f.trustee(0), entry.Share, 1)]).Body
		contest := bytes.Clone(share.body)
		binary.BigEndian.PutUint32(contest, 0)
		refused := share.read(t, [][]byte{other, contest})
		requireReason(t, reason.ErrProof, refused[0], "trustee")
		requireReason(t, reason.ErrBinding, refused[1], "contest")
		if !f.mixed {
			return
		}
		// Mixes: another mixer's.
		mix := f.mix(t, chair)
		report := f.audit(t, insert(f.entries, f.by(t, f.Manifest.Mixers[1].Signing, entry.Mix, 0), f.sign(entry.Mix, mix.body, f.Mixers[1])))
		requireFinding(t, report, "mix.shuffle", f.by(t, f.Manifest.Mixers[1].Signing, entry.Mix, 0), reason.ErrProof)
	})
}

// Where the challenge was the sender's to choose, anybody could sign for
// anybody: a spoil that cancels another voter's ballot.
func TestP04ChosenChallengeOfASpoil(t *testing.T) {
	eachBallotBox(t, func(t *testing.T, f *fixture) {
		log, box := f.open(t)
		g, victim := f.Group, f.Voters[0]
		k, err := g.DecodePoint(victim.Key.Public())
		require.NoError(t, err)
		c, z := g.RandomScalar(), g.RandomScalar()
		commitment := g.Point().Sub(times(g, z, nil), times(g, c, k))
		require.True(t, times(g, z, nil).Equal(g.Point().Add(commitment, times(g, c, k))), "control: the equation holds")
		at := f.spoil(t).fields[0].at
		forged := rewrap(t, f.entries[f.at(t, entry.Spoil, 0)], func(env *entry.Envelope) {
			body := append(slices.Clone(env.Body[:at]), victim.Key.Public()...)
			env.Body = g.AppendScalar(g.AppendPoint(body, commitment), z)
		})
		requireRefused(t, reason.ErrProof, log, box, forged)
	})
}

// A key serves in one role and for one kind of entry: its signature over one
// is none over another, not even with the same bytes behind it.
func TestP09SignaturesOfOtherEntries(t *testing.T) {
	f := honest(t, groups()[0], true)
	kinds := []entry.Kind{}
	for k := entry.Manifest; k <= entry.Rotation; k++ {
		kinds = append(kinds, k)
	}
	body := []byte("the same body")
	for _, signed := range kinds {
		data := f.sign(signed, body, f.Authorities[0])
		for _, shown := range kinds {
			env := parse(t, data)
			env.Kind = shown
			err := env.CheckSigned(f.Manifest.Authorities.Keys, 1)
			if shown == signed {
				require.NoError(t, err, "control")
			} else {
				requireReason(t, reason.ErrSignature, err, "%s as %s", signed, shown)
			}
		}
	}
	// The election's authorities sign with raw keys, a ledger with notes: an
	// entry's signature is none over a checkpoint, nor the other way round.
	cp, err := f.Log.Checkpoint(t.Context())
	require.NoError(t, err)
	text, _, _ := bytes.Cut(cp.Raw, []byte("\n\n"))
	text = append(text, '\n')
	key := f.Authorities[0]
	env := entry.Envelope{Kind: entry.Close, Election: entry.Hash(f.Fingerprint)}
	copy(env.Election[:], f.Fingerprint[:])
	s := entry.Signature{Key: [32]byte(key.Public().(ed25519.PublicKey)), Sig: [64]byte(ed25519.Sign(key, text))}
	env.Signatures = []entry.Signature{s}
	requireReason(t, reason.ErrSignature, env.CheckSigned(f.Manifest.Authorities.Keys, 1))
	env.Signatures = nil
	env.Sign(key)
	require.False(t, ed25519.Verify(key.Public().(ed25519.PublicKey), text, env.Signatures[0].Sig[:]))

	// A voter's knowledge of k is proven in a spoil, not for a trustee's deal,
	// nor that of a deal for a spoil.
	voter := f.Voters[0]
	secret, err := f.Group.DecodeScalar(voter.Key.Bytes())
	require.NoError(t, err)
	image := times(f.Group, secret, nil)
	statement := zkp.Dlog{Base: f.Group.Base(), Image: image}
	at := zkp.Context{Kind: "spoil", Election: f.Fingerprint, Position: make([]byte, 40)}
	proof, err := statement.Prove(f.Group, at, secret)
	require.NoError(t, err)
	require.NoError(t, statement.Verify(f.Group, at, proof))
	for _, kind := range []string{"dkg deal", "dkg complaint", "decryption", "decryption of rows", "ballot", "mix", ""} {
		other := at
		other.Kind = kind
		requireReason(t, reason.ErrProof, statement.Verify(f.Group, other, proof), kind)
	}
}

// The key is in the hash of an Ed25519 signature: a signature for A does not
// turn into one for A + d·B.
func TestP11RelatedKeys(t *testing.T) {
	// The same for the voters' own signatures: z + e·d for K + d·G.
	eachBallotBox(t, func(t *testing.T, f *fixture) {
		m, g := f.spoil(t), f.Group
		d := g.RandomScalar()
		shift := func(x field, by kyber.Point) []byte {
			p, err := g.DecodePoint(f.bytesOf(m, x))
			require.NoError(t, err)
			return m.with(x, g.AppendPoint(nil, g.Point().Add(p, by)))
		}
		related := shift(m.fields[0], times(g, d, nil))
		z, err := g.DecodeScalar(f.bytesOf(m, m.fields[2]))
		require.NoError(t, err)
		for e := range uint64(3) { // the right e is not known before the key is
			body := bytes.Clone(related)
			copy(body[m.fields[2].at:], g.AppendScalar(nil, g.Scalar().Add(z, g.Scalar().Mul(g.Uint64Scalar(e), d))))
			requireReason(t, reason.ErrProof, m.read(t, [][]byte{body})[0])
		}
	})

	f := honest(t, groups()[0], false)
	seed := f.Authorities[0].Seed()
	h := sha512.Sum512(seed)
	a, err := edwards25519.NewScalar().SetBytesWithClamping(h[:32])
	require.NoError(t, err)
	d, err := edwards25519.NewScalar().SetUniformBytes(bytes.Repeat([]byte{7}, 64))
	require.NoError(t, err)
	related := new(edwards25519.Point).ScalarBaseMult(edwards25519.NewScalar().Add(a, d)).Bytes()

	env := parse(t, f.sign(entry.Close, nil, f.Authorities[0]))
	require.NoError(t, env.CheckSigned(f.Manifest.Authorities.Keys, 1), "control")
	// S = r + k·a becomes S + k·d, with the k of the key that signed.
	sig := env.Signatures[0].Sig
	message := append([]byte("hanpyo/v1 entry"), env.Bytes()[:len(env.Bytes())-1-96]...)
	k := func(key []byte) *edwards25519.Scalar {
		sum := sha512.Sum512(slices.Concat(sig[:32], key, message))
		s, err := edwards25519.NewScalar().SetUniformBytes(sum[:])
		require.NoError(t, err)
		return s
	}
	s, err := edwards25519.NewScalar().SetCanonicalBytes(sig[32:])
	require.NoError(t, err)
	own := f.Authorities[0].Public().(ed25519.PublicKey)
	moved := func(k *edwards25519.Scalar) entry.Signature {
		out := entry.Signature{Key: [32]byte(related)}
		copy(out.Sig[:], sig[:32])
		copy(out.Sig[32:], edwards25519.NewScalar().MultiplyAdd(k, d, s).Bytes())
		return out
	}
	// Control: with both secrets, r + k'·(a + d) is a signature of the related key.
	both := edwards25519.NewScalar().MultiplyAdd(edwards25519.NewScalar().Subtract(k(related), k(own)), a, s)
	both.MultiplyAdd(k(related), d, both)
	right := entry.Signature{Key: [32]byte(related)}
	copy(right.Sig[:], sig[:32])
	copy(right.Sig[32:], both.Bytes())
	keys := []ed25519.PublicKey{related}
	env.Signatures = []entry.Signature{right}
	require.NoError(t, env.CheckSigned(keys, 1), "control")
	for _, k := range []*edwards25519.Scalar{k(own), k(related)} {
		env.Signatures = []entry.Signature{moved(k)}
		requireReason(t, reason.ErrSignature, env.CheckSigned(keys, 1))
	}
}

// Two ballots, one with an answer too large by one and one too small, are both
// refused, also when they are verified in one batch.
func TestP14ErrorsThatCancel(t *testing.T) {
	eachBallotBox(t, func(t *testing.T, f *fixture) {
		g := f.Group
		shifted := func(voter int, by int64) []byte {
			return rewrap(t, f.vote(t, f.voter(voter), f.votes[voter]).Bytes(), func(env *entry.Envelope) {
				at := len(env.Body) - g.ScalarLen() // z_k
				z, err := g.DecodeScalar(env.Body[at:])
				require.NoError(t, err)
				copy(env.Body[at:], g.AppendScalar(nil, z.Add(z, g.Int64Scalar(by))))
			})
		}
		good := f.vote(t, f.voter(0), f.votes[0]).Bytes()
		log := f.Fork(slices.Concat(f.entries[:f.opened], [][]byte{shifted(1, 1), good, shifted(2, -1)})...)
		state, err := ballot.Replay(t.Context(), f.Election.Election, log, uint64(f.opened+3), nil)
		require.NoError(t, err)
		require.Len(t, state.Refused(), 2)
		for i, at := range []int{0, 2} {
			require.EqualValues(t, f.opened+at, state.Refused()[i].Index)
			requireReason(t, reason.ErrProof, state.Refused()[i].Err)
		}
		require.Len(t, slices.Collect(state.Counted()), 1)
	})
}

// Who keeps a share with its proof and exchanges what it decrypts needs another
// target; and under another target the proof is void.
func TestP16AnotherSum(t *testing.T) {
	eachElection(t, func(t *testing.T, f *fixture) {
		closed := f.at(t, entry.Close, 0)
		// Without the last ballot, and pinned like that by authorities who conspire.
		entries := without(f.entries[:closed+1], closed-1)
		log := f.Fork(entries...)
		require.NoError(t, tally.Pin(t.Context(), f.Election.Election, log, f.Signers()))
		pinned := entriesOf(t, log)
		require.Len(t, pinned, closed+1)
		const contest = 1 // is added up in both elections
		pin := f.at(t, entry.Pin, 0)
		share := f.by(t, f.trustee(0), entry.Share, contest)
		kept := append(slices.Clone(pinned), f.entries[pin+1:]...)
		at := share - pin - 1 + len(pinned)
		report := f.audit(t, kept)
		require.False(t, report.Verified())
		requireFinding(t, report, "tally.target", at, reason.ErrBinding)
		_, err := tally.Combine(t.Context(), f.Election.Election, f.Fork(kept...))
		requireReason(t, reason.ErrQuorum, err)

		// Signed again with the target that there is now: the proof is of the other.
		const label = "hanpyo/v1 target"
		h := sha256.New()
		h.Write(append([]byte{0, 0, 0, byte(len(label))}, label...))
		h.Write(f.Fingerprint[:])
		h.Write(parse(t, pinned[len(pinned)-1]).Body)
		h.Write([]byte{0, 0, 0, contest})
		body := parse(t, f.entries[share]).Body
		copy(body[4:36], h.Sum(nil))
		report = f.audit(t, replace(kept, at, f.signAs(t, 0, f.entries[share], body)))
		requireFinding(t, report, "decrypt.shares", at, reason.ErrProof)
	})
}
