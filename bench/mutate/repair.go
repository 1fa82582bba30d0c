package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"slices"

	"go.dedis.ch/kyber/v3"

	"github.com/hanpyo/hanpyo/ballot"
	"github.com/hanpyo/hanpyo/elgamal"
	"github.com/hanpyo/hanpyo/elgamal/dkg"
	"github.com/hanpyo/hanpyo/internal/entry"
	"github.com/hanpyo/hanpyo/internal/wire"
	"github.com/hanpyo/hanpyo/ledger"
	"github.com/hanpyo/hanpyo/mixnet"
	"github.com/hanpyo/hanpyo/tally"
	"github.com/hanpyo/hanpyo/zkp"
)

// Whoever acts can do more than change bytes: sign again, and prove again what
// can be proven. Everything here is written from docs/wire.md and
// docs/protocol.md with package zkp, not with the code under test.

// redo is what whoever made an entry makes again for its changed form.
type redo struct {
	prove   bool // proofs
	encrypt bool // the row of a ballot, with the same votes
	next    bool // and its number, the next one
}

// act lets the parties who signed an entry sign its changed form, and
// prove again what is still true. It reports whether they could: what is
// no envelope, nobody can sign, and who signs what was signed before changes
// nothing.
func (b *base) act(original, changed []byte, how redo) ([]byte, bool) {
	was, err := entry.Parse(original)
	if err != nil {
		return nil, false
	}
	env, err := entry.Parse(bytes.Clone(changed))
	if err != nil {
		return nil, false
	}
	same := bytes.Equal(unsigned(was), unsigned(env))
	if how.prove && !same {
		if body, ok := b.reprove(was, env, original, how); ok {
			env.Body = body
		}
	}
	if !same || !slices.Equal(keysOf(was), keysOf(env)) {
		signers := env.Signatures
		env.Signatures = nil
		for _, s := range signers {
			if sign := b.keys[string(s.Key[:])]; sign != nil {
				sign(env)
			}
		}
	}
	out := env.Bytes()
	return out, !bytes.Equal(out, original)
}

func unsigned(env *entry.Envelope) []byte {
	e := *env
	e.Signatures = nil
	return e.Bytes()
}

func keysOf(env *entry.Envelope) (keys []string) {
	for _, s := range env.Signatures {
		keys = append(keys, string(s.Key[:]))
	}
	return keys
}

// again lets the same parties sign an entry that has changed.
func (b *base) again(env *entry.Envelope) []byte {
	signers := env.Signatures
	env.Signatures = nil
	for _, s := range signers {
		b.keys[string(s.Key[:])](env)
	}
	return env.Bytes()
}

// reprove returns the body with a new proof by whoever made the entry. Where
// the changed statement is false, or cannot be read, there is none. A voter's
// device may encrypt the same votes again for it.
func (b *base) reprove(was, env *entry.Envelope, original []byte, how redo) ([]byte, bool) {
	changed := b.schema.walk(env.Bytes())
	body := changed.find(env.Kind.String() + "/body")
	proof := changed.find(env.Kind.String() + "/body/proof")
	if body == nil || proof == nil || was.Kind != env.Kind {
		return nil, false
	}
	var made []byte
	var err error
	switch env.Kind {
	case entry.Ballot:
		w, ok := b.witnesses[entry.ID(original)]
		if !ok {
			return nil, false
		}
		if how.encrypt {
			b.encryptAgain(changed, &w)
		}
		if n := changed.find("ballot/body/number"); how.next {
			putNumber(n, getNumber(n)+1)
		}
		made, err = b.proveBallot(env, changed, w)
	case entry.Spoil:
		made, err = b.proveSpoil(env, changed)
	case entry.Share:
		made, err = b.proveShare(env, changed)
	default:
		return nil, false
	}
	if err != nil || made == nil {
		return nil, false
	}
	proof.kids, proof.data, proof.kind = nil, made, opaque
	return body.bytes(), true
}

// points decodes the leaves below a field.
func (b *base) points(n *node) (points []kyber.Point, err error) {
	for _, leaf := range n.all() {
		if leaf.kind != point {
			continue
		}
		p, err := b.Group.DecodePointOrIdentity(leaf.data)
		if err != nil {
			return nil, err
		}
		points = append(points, p)
	}
	return points, nil
}

func (b *base) proveBallot(env *entry.Envelope, t *node, w witness) ([]byte, error) {
	row, err := b.points(&node{kind: record, kids: []*node{t.find("ballot/body/credential"), t.find("ballot/body/A"), t.find("ballot/body/columns")}})
	if err != nil {
		return nil, err
	}
	form, err := b.Form(int(getNumber(t.find("ballot/body/style"))))
	if err != nil {
		return nil, err
	}
	secret := b.secretOf(t.find("ballot/body/credential").data)
	if secret == nil {
		secret = mustValue(b.Group.DecodeScalar(w.voter.Key.Bytes()))
	}
	var bound []byte
	if permit := t.find("ballot/body/permit"); permit != nil {
		bound = permit.bytes()
	}
	return form.Prove(zkp.BallotStatement{
		Bound:      bound,
		Credential: row[0], Number: uint32(getNumber(t.find("ballot/body/number"))), Time: env.Time,
		Row: elgamal.Ciphertext{A: row[1], B: row[2:]},
	}, zkp.BallotWitness{Randomness: w.r, Bits: w.bits, Credential: secret})
}

// secretOf returns the secret of a credential, if anybody here has it.
func (b *base) secretOf(credential []byte) kyber.Scalar {
	keys := []*ballot.VoterKey{b.stranger}
	for _, v := range b.Voters {
		keys = append(keys, v.Key)
	}
	for _, k := range keys {
		if bytes.Equal(k.Public(), credential) {
			return mustValue(b.Group.DecodeScalar(k.Bytes()))
		}
	}
	return nil
}

// encryptAgain puts another encryption of a ballot's votes into it, if it still
// has their columns.
func (b *base) encryptAgain(t *node, w *witness) {
	columns := t.find("ballot/body/columns")
	style := int(getNumber(t.find("ballot/body/style")))
	if len(columns.kids) != len(w.points) || style != b.style(w.voter) {
		return
	}
	g := b.Group
	w.r = g.RandomScalar()
	t.find("ballot/body/A").data = g.AppendPoint(nil, g.Point().Mul(w.r, nil))
	for i, column := range b.Manifest.RowColumns(style) {
		m := g.Point().Add(w.points[i], g.Point().Mul(w.r, b.Opening.Keys[column]))
		columns.kids[i].data = g.AppendPoint(nil, m)
	}
}

func (b *base) proveSpoil(env *entry.Envelope, t *node) ([]byte, error) {
	secret := b.secretOf(t.find("spoil/body/credential").data)
	if secret == nil {
		return nil, nil
	}
	var position wire.Writer
	position.Raw(t.find("spoil/body/tracker").data)
	position.Int64(env.Time)
	if b.schema.tokens() {
		position.Raw(t.find("spoil/body/style").data)
		position.Raw(t.find("spoil/body/permit").bytes())
	}
	return zkp.Dlog{Base: b.Group.Base(), Image: b.Group.Point().Mul(secret, nil)}.Prove(b.Group,
		zkp.Context{Kind: "spoil", Election: env.Election, Position: position.Bytes()}, secret)
}

// trustee returns which trustee signs an entry, from 0; -1 if none does.
func (b *base) trustee(env *entry.Envelope) int {
	if len(env.Signatures) == 0 {
		return -1
	}
	return slices.IndexFunc(b.Manifest.Trustees[:len(b.secrets)], func(t dkg.TrusteeKeys) bool { return bytes.Equal(t.Signing, env.Signatures[0].Key[:]) })
}

// proveShare proves what a share of sums says of its contest and target.
func (b *base) proveShare(env *entry.Envelope, t *node) ([]byte, error) {
	g, j, contest := b.Group, b.trustee(env), int(getNumber(t.find("share/body/contest")))
	if j < 0 || contest >= len(b.sums) || b.sums[contest].A == nil || b.Manifest.Contests[contest].Mixed() {
		return nil, nil
	}
	images, err := b.points(t.find("share/body/rows"))
	if err != nil {
		return nil, err
	}
	first, _ := b.Manifest.Contests[contest].Columns()
	statement := zkp.DLEQKeys{Base: g.Base(), Base2: b.sums[contest].A, Images2: images}
	var secrets []kyber.Scalar
	var position wire.Writer
	position.Uint32(uint32(j + 1))
	position.Uint32(uint32(contest))
	position.Raw(t.find("share/body/target").data)
	rows := b.Manifest.Contests[contest].Results()
	position.Uint32(uint32(len(rows)))
	for _, row := range rows {
		x := g.Scalar()
		position.Uint32(uint32(len(row.Terms)))
		for _, term := range row.Terms {
			position.Uint32(uint32(term.Slot))
			position.Int64(term.Coefficient)
			x.Add(x, g.Scalar().Mul(g.Int64Scalar(term.Coefficient), b.secrets[j][first+term.Slot]))
		}
		secrets = append(secrets, x)
		statement.Images = append(statement.Images, g.Point().Mul(x, nil))
	}
	return statement.Prove(g, zkp.Context{Kind: "decryption", Election: env.Election, Position: position.Bytes()}, secrets)
}

// rows returns a trustee's partial decryptions of a list, and their proofs.
func (b *base) rows(env *entry.Envelope, contest int, target []byte, list *mixnet.List) []byte {
	g, j := b.Group, b.trustee(env)
	first, width := b.Manifest.Contests[contest].Columns()
	var rows, proofs []byte
	images := make([][]kyber.Point, width)
	for i := range list.Len() {
		for k := range width {
			d := g.Point().Mul(b.secrets[j][first+k], list.Row(i).A)
			rows, images[k] = g.AppendPoint(rows, d), append(images[k], d)
		}
	}
	hash := sha256.Sum256(rows)
	for k, images := range images {
		secret := b.secrets[j][first+k]
		statement := zkp.DLEQBases{Base: g.Base(), Image: g.Point().Mul(secret, nil), Images2: images}
		for i := range list.Len() {
			statement.Bases2 = append(statement.Bases2, list.Row(i).A)
		}
		var position wire.Writer
		position.Uint32(uint32(j + 1))
		position.Uint32(uint32(contest))
		position.Raw(target)
		position.Uint32(uint32(k))
		position.Raw(hash[:])
		proofs = append(proofs, mustValue(statement.Prove(g,
			zkp.Context{Kind: "decryption of rows", Election: env.Election, Position: position.Bytes()}, secret))...)
	}
	return append(rows, proofs...)
}

// goOn lets the officials go on honestly from the first closed entries, the
// last of which is the close, as they did in the base: a pin of these entries,
// the same mixes, shares of the new targets, the same result. Whatever was
// changed before the close counts for nothing, or the audit will tell.
func (b *base) goOn(entries [][]byte, closed, refused int) [][]byte {
	fp := b.Fingerprint
	out := slices.Clone(entries[:closed+1])
	var body wire.Writer
	body.Uint64(uint64(closed))
	body.Uint64(uint64(closed + 1))
	r := ledger.NewRange(0)
	for _, data := range out {
		r.Append(ledger.LeafHash(data))
	}
	root := mustValue(r.Root())
	body.Raw(root[:])
	for _, data := range entries[closed+1:] {
		env, err := entry.Parse(bytes.Clone(data))
		if err != nil {
			out = append(out, data)
			continue
		}
		switch env.Kind {
		case entry.Pin:
			env.Body = body.Bytes()
		case entry.Share:
			b.shareAgain(env, body.Bytes(), b.lists)
		case entry.Result:
			pin := labelled("hanpyo/v1 pin", fp, body.Bytes())
			copy(env.Body, pin[:])
			at := &node{kind: number, data: env.Body[32+4*8 : 32+5*8]}
			env.Body = slices.Clone(env.Body)
			putNumber(at, getNumber(at)+uint64(refused))
			copy(env.Body[32+4*8:], at.data)
		case entry.Rotation:
			out = append(out, mustValue(b.rotate(out)))
			continue
		default:
			out = append(out, data)
			continue
		}
		out = append(out, b.again(env))
	}
	return out
}

// shareAgain makes a share of the same contest for another pin, and if it is
// mixed for a last list.
func (b *base) shareAgain(env *entry.Envelope, pin []byte, lists []*mixnet.List) {
	contest := binary.BigEndian.Uint32(env.Body)
	list := lists[contest]
	var w wire.Writer
	w.Raw(pin)
	w.Uint32(contest)
	if list != nil {
		digest := list.Digest()
		w.Raw(digest[:])
	}
	target := labelled("hanpyo/v1 target", b.Fingerprint, w.Bytes())
	env.Body = slices.Clone(env.Body)
	copy(env.Body[4:], target[:])
	if list != nil {
		env.Body = append(env.Body[:36:36], b.rows(env, int(contest), target[:], list)...)
		return
	}
	body, ok := b.reprove(env, env, nil, redo{prove: true})
	if !ok {
		panic("mutate: a share cannot be proven again")
	}
	env.Body = body
}

// goAlong lets those who act after an entry behind the close do so as if
// nothing were wrong with it: trustees decrypt for that pin and that list, mixers
// mix and the count is made by the library, as far as it lets them.
func (b *base) goAlong(entries [][]byte, from int) [][]byte {
	ctx, e := context.Background(), b.Election.Election
	log := b.Fork(entries[:from+1]...)
	lists := slices.Clone(b.lists)
	for i, data := range b.entries {
		env, err := entry.Parse(bytes.Clone(data))
		if i <= from || err != nil {
			continue
		}
		switch env.Kind {
		case entry.Mix:
			if entryKind(entries[from]) != entry.Mix {
				mustValue(log.Append(ctx, data))
				continue
			}
			mixer := slices.IndexFunc(b.Manifest.Mixers, func(m ballot.Mixer) bool { return bytes.Equal(m.Signing, env.Signatures[0].Key[:]) })
			_ = tally.Mix(ctx, e, log, b.Mixers[mixer], nil) // which may see that there is nothing to mix
		case entry.Share:
			if b.lastLists(log, lists) {
				pin := b.pinOn(log)
				b.shareAgain(env, pin, lists)
				mustValue(log.Append(ctx, b.again(env)))
			}
		case entry.Result:
			if result, err := tally.Combine(ctx, e, log); err == nil {
				_ = tally.Publish(ctx, e, log, result, b.Signers())
			}
		case entry.Rotation:
			so := mustValue(b.rotate(b.readAll(log)))
			mustValue(log.Append(ctx, so))
		}
	}
	return b.readAll(log)
}

func (b *base) readAll(log ledger.Reader) (all [][]byte) {
	ctx := context.Background()
	for en, err := range log.Entries(ctx, 0, mustValue(log.Checkpoint(ctx)).Size) {
		must(err)
		all = append(all, en.Data)
	}
	return all
}

// lastLists sets the last list of each mixed contest to the output of its last
// mix on a ledger. It reports whether those can be read.
func (b *base) lastLists(log ledger.Reader, lists []*mixnet.List) bool {
	ctx := context.Background()
	for _, data := range b.readAll(log) {
		if entryKind(data) != entry.Mix {
			continue
		}
		t := b.schema.walk(data)
		output := t.find("mix/body/output")
		if output == nil {
			return false
		}
		contest := getNumber(t.find("mix/body/contest"))
		_, width := b.Manifest.Contests[contest].Columns()
		list, err := mixnet.DecodeList(ctx, b.Group, width, len(output.kids), output.bytes(), nil)
		if err != nil {
			return false
		}
		lists[contest] = list
	}
	return true
}

// pinOn returns the body of the last pin on a ledger.
func (b *base) pinOn(log ledger.Reader) (body []byte) {
	for _, data := range b.readAll(log) {
		if entryKind(data) == entry.Pin {
			body = mustValue(entry.Parse(bytes.Clone(data))).Body
		}
	}
	return body
}

func labelled(label string, fp ballot.Fingerprint, body []byte) [32]byte {
	var w wire.Writer
	w.String(label)
	w.Raw(fp[:])
	w.Raw(body)
	return sha256.Sum256(w.Bytes())
}
