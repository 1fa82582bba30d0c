package main

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"go.dedis.ch/kyber/v3"
	"golang.org/x/mod/sumdb/note"

	"github.com/hanpyo/hanpyo/ballot"
	"github.com/hanpyo/hanpyo/elgamal"
	"github.com/hanpyo/hanpyo/elgamal/dkg"
	"github.com/hanpyo/hanpyo/ledger"
	"github.com/hanpyo/hanpyo/tally"
	"github.com/hanpyo/hanpyo/zkp"
)

// trustees and threshold are those of every election here.
const (
	trustees  = 3
	threshold = 2
)

// election is an election in which everybody has voted, from the keys to the
// published result, on a ledger in memory.
type election struct {
	*ballot.Election
	log      ledger.Ledger
	staff    []ed25519.PrivateKey // authority and registrar
	trustees []*dkg.Trustee
	voters   []*ballot.Voter
	ballots  []*ballot.Ballot
	form     *zkp.Form
}

// hold holds an election with one kind of ballot and so many voters.
func hold(ctx context.Context, g *elgamal.Group, k kind, voters int) (*election, error) {
	e, err := openFor(ctx, g, k, voters)
	if err != nil {
		return nil, err
	}
	if err := e.vote(ctx, k); err != nil {
		return nil, err
	}
	return e, e.count(ctx)
}

// openFor opens an election, on a ledger in memory.
func openFor(ctx context.Context, g *elgamal.Group, k kind, voters int) (*election, error) {
	e := &election{}
	manifest, err := e.prepare(g, k, voters, inMemory)
	if err != nil {
		return nil, err
	}
	if err := e.makeKey(ctx, manifest); err != nil {
		return nil, err
	}
	return e, e.register(ctx, manifest, voters)
}

// vote has everybody vote.
func (e *election) vote(ctx context.Context, k kind) error {
	e.ballots = make([]*ballot.Ballot, len(e.voters))
	return parallel(ctx, runtime.GOMAXPROCS(0), len(e.voters), func(i int) (err error) {
		if e.ballots[i], _, err = e.Encrypt(e.voters[i], k.votes(i)); err != nil {
			return err
		}
		_, err = e.log.Append(ctx, e.ballots[i].Bytes())
		return err
	})
}

// parallel calls do for every number below n from many goroutines, until one
// fails.
func parallel(ctx context.Context, goroutines, n int, do func(i int) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var next atomic.Int64
	var wait sync.WaitGroup
	for range min(goroutines, n) {
		wait.Go(func() {
			for i := int(next.Add(1)) - 1; i < n && ctx.Err() == nil; i = int(next.Add(1)) - 1 {
				if err := do(i); err != nil {
					cancel(err)
				}
			}
		})
	}
	wait.Wait()
	return context.Cause(ctx)
}

func inMemory(operator note.Signer) (ledger.Ledger, error) { return ledger.NewMemory(operator), nil }

// prepare makes the officials' keys, the ledger and the manifest.
func (e *election) prepare(g *elgamal.Group, k kind, voters int, open func(operator note.Signer) (ledger.Ledger, error)) (*ballot.Manifest, error) {
	secret, public, err := note.GenerateKey(rand.Reader, "example.org/bench")
	if err != nil {
		return nil, err
	}
	operator, err := note.NewSigner(secret)
	if err != nil {
		return nil, err
	}
	if e.log, err = open(operator); err != nil {
		return nil, err
	}
	key, private, err := ed25519.GenerateKey(nil)
	if err != nil {
		return nil, err
	}
	e.staff = []ed25519.PrivateKey{private}
	officials := ballot.Signers{Keys: []ed25519.PublicKey{key}, Quorum: 1}
	var keys []dkg.TrusteeKeys
	for i := range trustees {
		t := dkg.NewMemoryTrustee(g)
		e.trustees = append(e.trustees, t)
		keys = append(keys, t.Keys(fmt.Sprintf("Trustee %d", i+1)))
	}
	all := ballot.Style{ID: "all", Name: "All"}
	for i := range k.contests {
		all.Contests = append(all.Contests, i)
	}
	now := time.Now().Truncate(time.Second)
	return ballot.NewManifest(ballot.Manifest{
		Group:       g,
		Title:       k.name,
		Ledger:      ballot.Ledger{Origin: operator.Name(), Key: public},
		Authorities: officials,
		Registrars:  officials,
		Trustees:    keys,
		Threshold:   threshold,
		Contests:    k.contests,
		Styles:      []ballot.Style{all},
		Limits:      ballot.Limits{MinGroup: 1, MaxVoters: uint64(voters)},
		Opens:       now.Add(-time.Hour), // nobody waits
		Closes:      now.Add(-time.Minute),
		Rounding:    time.Minute,
	})
}

// makeKey posts the manifest and runs the key ceremony.
func (e *election) makeKey(ctx context.Context, m *ballot.Manifest) error {
	if err := ballot.Publish(ctx, e.log, m, e.staff); err != nil {
		return err
	}
	for phase := dkg.Committing; ; phase++ {
		for _, t := range e.trustees {
			posted, err := e.posted(ctx)
			if err != nil {
				return err
			}
			message, _, err := t.Next(m.Ceremony(), posted)
			if err != nil {
				return err
			}
			if message == nil {
				continue
			}
			if _, err := e.log.Append(ctx, message); err != nil {
				return err
			}
		}
		if phase == dkg.Complete {
			return nil
		}
		if err := ballot.EndRound(ctx, e.log, m, phase, e.staff); err != nil {
			return err
		}
	}
}

// posted returns the ledger as trustees read it.
func (e *election) posted(ctx context.Context) (posted []dkg.Posted, err error) {
	cp, err := e.log.Checkpoint(ctx)
	if err != nil {
		return nil, err
	}
	for entry, err := range e.log.Entries(ctx, 0, cp.Size) {
		if err != nil {
			return nil, err
		}
		posted = append(posted, dkg.Posted(entry))
	}
	return posted, nil
}

// register makes the voters' credentials and opens the election for them.
func (e *election) register(ctx context.Context, m *ballot.Manifest, voters int) error {
	var lines []ballot.RollLine
	for range voters {
		v := &ballot.Voter{Key: ballot.NewVoterKey(m.Group)}
		e.voters = append(e.voters, v)
		lines = append(lines, ballot.RollLine{Key: v.Key.Public(), Weight: 1})
	}
	roll, err := ballot.NewRoll(m, lines)
	if err != nil {
		return err
	}
	for _, v := range e.voters {
		if v.Line, err = roll.Find(v.Key.Public()); err != nil {
			return err
		}
	}
	return e.open(ctx, m, roll)
}

// open posts the roll and opens the election.
func (e *election) open(ctx context.Context, m *ballot.Manifest, roll *ballot.Roll) error {
	if err := ballot.PublishRoll(ctx, e.log, m, roll, e.staff); err != nil {
		return err
	}
	fingerprint, err := ballot.Open(ctx, e.log, m, e.staff)
	if err != nil {
		return err
	}
	if e.Election, err = ballot.Load(ctx, e.log, fingerprint); err != nil {
		return err
	}
	e.form, err = e.Form(0)
	return err
}

// count closes the election, decrypts and publishes.
func (e *election) count(ctx context.Context) error {
	if err := ballot.Close(ctx, e.log, e.Fingerprint, e.staff); err != nil {
		return err
	}
	if err := tally.Pin(ctx, e.Election, e.log, e.staff); err != nil {
		return err
	}
	for _, t := range e.trustees[:threshold] {
		if err := tally.Decrypt(ctx, e.Election, e.log, t); err != nil {
			return err
		}
	}
	result, err := tally.Combine(ctx, e.Election, e.log)
	if err != nil {
		return err
	}
	return tally.Publish(ctx, e.Election, e.log, result, e.staff)
}

// read decodes a ballot's entry into what its proof is about and the proof, the
// way docs/wire.md says: but for the time, which the envelope has, they end it,
// and all lengths follow from the form.
func (e *election) read(entry []byte) (s zkp.BallotStatement, proof []byte, err error) {
	g, w := e.Group, e.Manifest.Columns()
	s.Time = int64(binary.BigEndian.Uint64(entry[34:]))
	entry = entry[:len(entry)-1] // the number of signatures, 0
	cut := func(n int) (last []byte) {
		entry, last = entry[:len(entry)-n], entry[len(entry)-n:]
		return last
	}
	proof = cut(e.form.ProofLen())
	points, err := g.DecodePointsOrIdentity(cut(g.PointLen() + g.CiphertextLen(w)))
	if err != nil {
		return s, nil, err
	}
	if slices.ContainsFunc(points, g.IsIdentity) {
		return s, nil, errors.New("a point of a ballot is the identity")
	}
	s.Credential, s.Row = points[0], elgamal.Ciphertext{A: points[1], B: points[2:]}
	s.Number = binary.BigEndian.Uint32(cut(4))
	return s, proof, nil
}

// verifyBatch decodes n ballots, the first again when they run out, and
// verifies them together. A batch does not know equal ballots from others.
func (e *election) verifyBatch(entries [][]byte, n int) error {
	batch := zkp.NewBatch(e.Group)
	for i := range n {
		s, proof, err := e.read(entries[i%len(entries)])
		if err != nil {
			return err
		}
		if err := e.form.AddTo(batch, s, "", proof); err != nil {
			return err
		}
	}
	return batch.Verify()
}

// entries returns the ballots as they stand on the ledger.
func (e *election) entries() (list [][]byte) {
	for _, b := range e.ballots {
		list = append(list, b.Bytes())
	}
	return list
}

// sum adds up all ballots.
func (e *election) sum() elgamal.Ciphertext {
	sum := e.ballots[0].Row().Clone()
	for _, b := range e.ballots[1:] {
		sum = sum.Add(b.Row())
	}
	return sum
}

// share is one trustee's part of a result.
type share struct {
	points []kyber.Point // one for each result row of all contests
	proofs [][]byte      // one for each contest
}

// decrypt makes a trustee's share of a sum: partial decryptions of the result
// rows, with a proof for each contest, as package tally does.
func (e *election) decrypt(trustee int, secrets []kyber.Scalar, sum elgamal.Ciphertext) (*share, error) {
	g, s := e.Group, &share{}
	for i := range e.Manifest.Contests {
		var xs []kyber.Scalar
		var points []kyber.Point
		for _, row := range e.Manifest.Contests[i].Results() {
			x, first := g.Scalar(), e.firstColumn(i)
			for _, t := range row.Terms {
				x.Add(x, g.Scalar().Mul(g.Int64Scalar(t.Coefficient), secrets[first+t.Slot]))
			}
			xs = append(xs, x)
			points = append(points, g.MultiScalarMul([]kyber.Scalar{x}, []kyber.Point{sum.A}))
		}
		proof, err := e.shareStatement(i, trustee, sum.A, points).Prove(g, shareContext, xs)
		if err != nil {
			return nil, err
		}
		s.points, s.proofs = append(s.points, points...), append(s.proofs, proof)
	}
	return s, nil
}

var shareContext = zkp.Context{Kind: "bench"}

func (e *election) firstColumn(contest int) int {
	first, _ := e.Manifest.Contests[contest].Columns()
	return first
}

// weighted returns the result rows' combinations of a contest's points.
func (e *election) weighted(contest int, points []kyber.Point) (list []kyber.Point) {
	first := e.firstColumn(contest)
	for _, row := range e.Manifest.Contests[contest].Results() {
		var scalars []kyber.Scalar
		var chosen []kyber.Point
		for _, t := range row.Terms {
			scalars = append(scalars, e.Group.Int64Scalar(t.Coefficient))
			chosen = append(chosen, points[first+t.Slot])
		}
		list = append(list, e.Group.MultiScalarMulVarTime(scalars, chosen))
	}
	return list
}

func (e *election) shareStatement(contest, trustee int, a kyber.Point, points []kyber.Point) zkp.DLEQKeys {
	return zkp.DLEQKeys{
		Base: e.Group.Base(), Images: e.weighted(contest, e.Outcome.Verification[trustee]),
		Base2: a, Images2: points,
	}
}

// combine checks the shares of the first trustees and opens the result rows.
func (e *election) combine(shares []*share, sum elgamal.Ciphertext) (totals []int64, err error) {
	g := e.Group
	batch, at := zkp.NewBatch(g), 0
	var positions []int
	for j := range shares {
		positions = append(positions, j+1)
	}
	lagrange, err := elgamal.LagrangeAtZero(g, positions)
	if err != nil {
		return nil, err
	}
	table := elgamal.NewLogTable(g, uint64(e.widest()))
	for i := range e.Manifest.Contests {
		rows := e.Manifest.Contests[i].Results()
		for j, s := range shares {
			statement := e.shareStatement(i, j, sum.A, s.points[at:at+len(rows)])
			if err := statement.AddTo(batch, shareContext, "", s.proofs[i]); err != nil {
				return nil, err
			}
		}
		for k, m := range e.weighted(i, sum.B) {
			points := make([]kyber.Point, len(shares))
			for j, s := range shares {
				points[j] = s.points[at+k]
			}
			m = g.Point().Sub(m, g.MultiScalarMulVarTime(lagrange, points))
			n := int64(len(e.ballots))
			total, err := table.Log(m, n*rows[k].Low, n*rows[k].High)
			if err != nil {
				return nil, err
			}
			totals = append(totals, total)
		}
		at += len(rows)
	}
	return totals, batch.Verify()
}

// widest returns how many values the widest result row can have.
func (e *election) widest() int64 {
	most := int64(0)
	for i := range e.Manifest.Contests {
		for _, row := range e.Manifest.Contests[i].Results() {
			most = max(most, row.High-row.Low)
		}
	}
	return most*int64(len(e.ballots)) + 1
}
