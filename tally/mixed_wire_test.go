package tally

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"iter"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.dedis.ch/kyber/v3"

	"github.com/hanpyo/hanpyo/elgamal"
	"github.com/hanpyo/hanpyo/internal/entry"
	"github.com/hanpyo/hanpyo/ledger"
	"github.com/hanpyo/hanpyo/mixnet"
	"github.com/hanpyo/hanpyo/zkp"
)

// The bytes of docs/wire.md, written down once more.
func TestMixedWire(t *testing.T) {
	for _, g := range groups {
		f := honestMixed(t, g)
		point, scalar := g.PointLen(), g.ScalarLen()
		u32 := func(n int) []byte { return binary.BigEndian.AppendUint32(nil, uint32(n)) }
		first := f.closingOf(t, f.entries[:f.mixAt(t, 1, chair)]).mixing.chains[motto].last
		last := f.closing.mixing.chains[motto].last

		body := parse(t, f.entries[f.mixAt(t, 1, motto)]).Body
		digest := first.Digest()
		require.Equal(t, append(append(u32(motto), u32(0)...), digest[:]...), body[:40])
		require.Len(t, body, 40+4*3*point+9*point+(4+2*4+2)*scalar, "four rows of three points")

		pinned := append([]byte{}, f.closing.pinned.body()...)
		label := append(u32(len(targetLabel)), targetLabel...)
		digest = last.Digest()
		target := sha256.Sum256(bytes.Join([][]byte{label, f.Fingerprint[:], pinned, u32(motto), digest[:]}, nil))
		body = parse(t, f.entries[f.shareAt(t, 2, motto)]).Body
		require.Equal(t, append(u32(motto), target[:]...), body[:36])
		points, proofs := body[36:36+4*2*point], body[36+4*2*point:]
		require.Len(t, proofs, 2*(2*point+scalar))

		at, _ := f.Manifest.Contests[motto].Columns()
		hash := sha256.Sum256(points)
		for k := range 2 {
			s := zkp.DLEQBases{Base: g.Base(), Image: f.Outcome.Verification[1][at+k]}
			for i := range 4 {
				d, err := g.DecodePoint(points[(2*i+k)*point:][:point])
				require.NoError(t, err)
				s.Bases2, s.Images2 = append(s.Bases2, last.Row(i).A), append(s.Images2, d)
			}
			position := bytes.Join([][]byte{u32(2), u32(motto), target[:], u32(k), hash[:]}, nil)
			proof := proofs[k*len(proofs)/2:][:len(proofs)/2]
			require.NoError(t, s.Verify(g, zkp.Context{Kind: "decryption of rows", Election: f.Fingerprint, Position: position}, proof))
		}

		// The result: totals, elected and digest of chair, and so on.
		var votes []byte
		for _, v := range []string{"\x01\x00\x00\x00", "\x01\x02\x00\x00", "\x03\x04\x01\x00"} {
			n := map[string]byte{"\x01\x02\x00\x00": 2}[v]
			votes = append(append(votes, v...), 0, 0, 0, 0, 0, 0, 0, max(n, 1))
		}
		hash = sha256.Sum256(bytes.Join([][]byte{u32(20), []byte("hanpyo/v1 plaintexts"), u32(4), votes}, nil))
		of := f.result.Bytes()[32+5*8:]
		require.Equal(t, bytes.Join([][]byte{u32(2), u32(0), u32(2), hash[:]}, nil), of[3*8+1+5*8:][:12+32])
		require.Len(t, of, (3*8+1+5*8+12+32)+(3*8+1+2*8)+(3*8+1+4*8+32))
	}
}

// A result comes back from its bytes, but for what people read.
func TestParseMixedResult(t *testing.T) {
	f := honestMixed(t, groups[0])
	got, err := parseResult(f.Election.Election, f.result.Bytes())
	require.NoError(t, err)
	require.Equal(t, f.result.Bytes(), got.Bytes())
	require.Equal(t, f.result.Contests[chair].Elected, got.Contests[chair].Elected)
	require.Nil(t, got.Contests[chair].Rounds)
	require.Contains(t, got.Text(), "elected: Ada, Cem\n")
	for _, data := range [][]byte{append(f.result.Bytes(), 0), f.result.Bytes()[:len(f.result.Bytes())-1]} {
		_, err = parseResult(f.Election.Election, data)
		require.ErrorIs(t, err, ErrEncoding)
	}
}

func TestMixedResultReads(t *testing.T) {
	f := honestMixed(t, groups[0])
	text := f.result.Text()
	require.Contains(t, text, `
Chair: 5 ballots
         3  Ada
         0  Bo
         1  Cem
         0  Dee
         1  invalid
Single transferable vote, Scottish rules (SSI 2007/42)
         1. The first preferences are counted. Elected: Ada.
         2. The surplus of Ada is transferred: 1.00000.
`)
	require.Contains(t, text, "elected: Ada, Cem\n"+signature+"\n")
	require.Contains(t, text, "         1  \"a long motto that needs two points\"\n"+signature+"\n")
	require.Equal(t, 2, strings.Count(text, signature))
	view, err := f.result.MarshalJSON()
	require.NoError(t, err)
	require.Contains(t, string(view), `"elected":["a","c"],"rounds":{"rule":"Single transferable vote`)
	require.Contains(t, string(view), `"texts":[{"text":"a long motto that needs two points","total":1}]`)

	// A text that is not to be trusted does no harm, and many are cut short.
	c := ContestResult{mixed: &mixedResult{}, Texts: []TextTotal{{"\u202eevil\x1b[2J", 7}}}
	for range shown {
		c.Texts = append(c.Texts, TextTotal{"x", 1})
	}
	text = (&Result{Contests: []ContestResult{c}}).Text()
	require.Contains(t, text, `         7  "\u202eevil\x1b[2J"`)
	require.Contains(t, text, "            and 1 text more\n")
}

// tail is a reader that has only the newest entries.
type tail struct {
	ledger.Reader
	from uint64
}

var errForgotten = errors.New("forgotten")

func (r tail) Entries(ctx context.Context, lo, hi uint64) iter.Seq2[ledger.Entry, error] {
	if lo < r.from && lo < hi {
		return func(yield func(ledger.Entry, error) bool) { yield(ledger.Entry{}, errForgotten) }
	}
	return r.Reader.Entries(ctx, lo, hi)
}

// A mix is read and verified once while the ledger grows, and what could not be
// read is read again.
func TestChainGrows(t *testing.T) {
	f := honestMixed(t, groups[0])
	ctx, pin := t.Context(), uint64(f.at(t, entry.Pin, 0))
	want := f.closing.mixes()
	half := f.mixAt(t, 1, motto) + 1
	c := f.closingOf(t, f.entries[:half])
	require.Len(t, c.mixes(), 2)
	r := f.read(t, f.entries)

	g := c.grown(tail{r, uint64(half)}, uint64(len(f.entries)), c.state)
	require.NoError(t, g.readMixes(ctx, pin))
	require.Equal(t, want, g.mixes())
	require.NoError(t, g.grown(tail{r, uint64(len(f.entries))}, uint64(len(f.entries)), g.state).readMixes(ctx, pin))
	require.Equal(t, want, g.mixes())

	// The last mix cannot be read a second time, when it is to be judged.
	c = f.closingOf(t, f.entries[:half])
	at := f.mixAt(t, 2, motto)
	turns := &turncoat{operator: r, turns: 3, with: f.entries[:at]}
	g = c.grown(turns, uint64(at+1), c.state)
	require.ErrorIs(t, g.readMixes(ctx, pin), ErrIncomplete)
	require.NoError(t, g.readMixes(ctx, pin))
	require.Equal(t, want, g.mixes())
}

// Mixes verified one at a time give the same chain, bad ones between them too.
func TestChainOneByOne(t *testing.T) {
	f := honestMixed(t, groups[0])
	second := f.mixAt(t, 2, chair)
	bad := f.draft(t, f.entries[:second], 3, chair)
	bad.swapRows(0, 1)
	worse := f.draft(t, f.entries[:second], 3, chair)
	copy(worse.row(0), worse.row(1))
	entries := insert(f.entries, second, f.signMix(3, bad.body()), f.signMix(3, worse.body()), f.signMix(3, bad.body()))
	want := f.closingOf(t, entries).mixing.chains[chair]
	require.Len(t, want.judged, 5)
	for _, together := range []int{0, 1, 1 << 30} {
		r := f.read(t, entries)
		got := newChain(f.Manifest, f.Fingerprint, chair, want.key, f.closingOf(t, f.entries[:f.mixAt(t, 1, chair)]).mixing.chains[chair].last)
		got.queue = append(got.queue, want.judged...)
		for i := range got.queue {
			got.queue[i].err, got.queue[i].failed = nil, ""
		}
		require.NoError(t, got.judge(t.Context(), mixWork{together: together, body: func(ctx context.Context, index uint64) ([]byte, error) {
			env, err := readEntry(ctx, r, index)
			require.NoError(t, err)
			_, rest, err := parseMixHead(f.Manifest.Contests, env.Body)
			return rest, err
		}}))
		require.Equal(t, want.digests, got.digests)
		require.Equal(t, want.at, got.at)
		for i, x := range got.judged {
			require.Equal(t, want.judged[i].failed, x.failed)
			require.Equal(t, want.judged[i].err == nil, x.err == nil)
		}
	}
}

func FuzzMix(f *testing.F) {
	contests := mixedContests()
	for _, g := range groups {
		key := elgamal.GenerateKey(g, 2).Public()
		var rows []elgamal.Ciphertext
		for range 3 {
			rows = append(rows, key.Encrypt([]kyber.Point{g.Base(), g.Base()}, g.RandomScalar()))
		}
		input, err := mixnet.NewList(f.Context(), g, 2, rows, nil)
		require.NoError(f, err)
		d := &draft{head: mixHead{contest: motto, input: input.Digest()}, key: key, input: input}
		d.make(f)
		f.Add(d.body())
		f.Add(d.body()[:len(d.body())-1])
		f.Add(d.body()[:40])
	}
	f.Add([]byte{})
	f.Add(make([]byte, 39))
	f.Fuzz(func(t *testing.T, body []byte) {
		head, rest, err := parseMixHead(contests, body)
		if err != nil {
			require.Nil(t, rest)
			return
		}
		for _, g := range groups {
			output, proof, err := parseMixed(t.Context(), g, 2, 3, rest, &mixnet.Options{Workers: 1})
			if err != nil {
				require.Nil(t, output)
				continue
			}
			require.Equal(t, body, head.body(output.Bytes(), proof))
		}
	})
}

func FuzzRowShare(f *testing.F) {
	for _, g := range groups {
		st := &rowStatement{trustee: 1, contest: motto}
		var rows []elgamal.Ciphertext
		var secrets []kyber.Scalar
		for range 2 {
			secrets = append(secrets, g.RandomScalar())
			st.keys = append(st.keys, g.Point().Mul(secrets[len(secrets)-1], nil))
			rows = append(rows, elgamal.Ciphertext{A: g.Point().Mul(g.RandomScalar(), nil), B: []kyber.Point{g.Base(), g.Base()}})
		}
		var err error
		st.list, err = mixnet.NewList(f.Context(), g, 2, rows, nil)
		require.NoError(f, err)
		s, err := st.decrypt(f.Context(), g, secrets)
		require.NoError(f, err)
		require.NoError(f, st.verify(f.Context(), g, s))
		f.Add(s.body())
		f.Add(s.body()[1:])
	}
	f.Add([]byte{})
	f.Fuzz(func(t *testing.T, body []byte) {
		for _, g := range groups {
			s, err := parseRowShare(t.Context(), g, 2, 2, 1, body)
			if err != nil {
				require.Nil(t, s)
				continue
			}
			require.Equal(t, body, s.body())
			require.Len(t, s.points, 4)
		}
	})
}
