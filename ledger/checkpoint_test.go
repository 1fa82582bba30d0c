package ledger

import (
	"crypto/ed25519"
	"encoding/base64"
	"fmt"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/hanpyo/hanpyo/internal/reason"
)

const testOrigin = "example.org/log"

func newKey(t testing.TB, name string) (note.Signer, Policy) {
	t.Helper()
	secret, public, err := note.GenerateKey(nil, name)
	require.NoError(t, err)
	signer, err := note.NewSigner(secret)
	require.NoError(t, err)
	return signer, Policy{Origin: name, Key: public}
}

func sign(t testing.TB, text string, signers ...note.Signer) string {
	t.Helper()
	raw, err := note.Sign(&note.Note{Text: text}, signers...)
	require.NoError(t, err)
	return string(raw)
}

// impostor has the name and key hash of another signer, and its own key.
type impostor struct {
	note.Signer
	key ed25519.PrivateKey
}

func (i impostor) Sign(msg []byte) ([]byte, error) { return ed25519.Sign(i.key, msg), nil }

func TestP71PolicyCheck(t *testing.T) {
	signer, policy := newKey(t, testOrigin)
	stranger, _ := newKey(t, "example.org/stranger")
	namesake, _ := newKey(t, testOrigin)
	_, key, err := ed25519.GenerateKey(nil)
	require.NoError(t, err)
	root := tlog.Hash{0: 1, 31: 2}
	text := testOrigin + "\n17\n" + root.String() + "\n"
	valid := sign(t, text, signer)

	cp, err := policy.Check([]byte(valid))
	require.NoError(t, err)
	require.Equal(t, Checkpoint{Origin: testOrigin, Size: 17, Root: root, Raw: []byte(valid)}, cp)
	same, err := SignCheckpoint(signer, 17, root)
	require.NoError(t, err)
	require.Equal(t, cp, same)

	signature := valid[len(text)+1:]
	another := strings.TrimPrefix(sign(t, text, stranger), text+"\n")
	line, _ := strings.CutSuffix(signature, "\n")
	lineBytes, err := base64.StdEncoding.DecodeString(line[strings.LastIndex(line, " ")+1:])
	require.NoError(t, err)
	whole := base64.StdEncoding.EncodeToString(lineBytes) // ends in "=": two bits mean nothing
	lenient := whole[:len(whole)-2] + string(next64(whole[len(whole)-2])) + "="
	require.NotEqual(t, whole, lenient)
	cut := base64.StdEncoding.EncodeToString(lineBytes[:len(lineBytes)-1])
	prefix := line[:strings.LastIndex(line, " ")+1]
	flipped := append([]byte(nil), lineBytes...)
	flipped[10] ^= 1

	signed := func(text string) string { return sign(t, text, signer) }
	for _, c := range []struct {
		name, raw string
		want      error
	}{
		{"nothing", "", reason.ErrSignature},
		{"not signed", text, reason.ErrSignature},
		{"no signature line", text + "\n", reason.ErrSignature},
		{"stranger", sign(t, text, stranger), reason.ErrSignature},
		{"same name, other key", sign(t, text, namesake), reason.ErrSignature},
		{"same key hash, other key", sign(t, text, impostor{signer, key}), reason.ErrSignature},
		{"signature of another text", text + strings.TrimPrefix(sign(t, "other\n", signer), "other\n"), reason.ErrSignature},
		{"size changed", strings.Replace(valid, "17", "18", 1), reason.ErrSignature},
		{"one bit of the signature", text + "\n" + prefix + base64.StdEncoding.EncodeToString(flipped) + "\n", reason.ErrSignature},
		{"signature cut", text + "\n" + prefix + cut + "\n", reason.ErrSignature},
		{"signature in lax base64", text + "\n" + prefix + lenient + "\n", reason.ErrSignature},
		{"key hash only", text + "\n" + prefix + base64.StdEncoding.EncodeToString(lineBytes[:4]) + "\n", reason.ErrSignature},
		{"signature twice", valid + signature, reason.ErrSignature},
		{"further signature", valid + another, reason.ErrSignature},
		{"further signature first", text + "\n" + another + signature, reason.ErrSignature},
		{"further signature, unknown form", valid + "— who what\n", reason.ErrSignature},
		{"CRLF", strings.ReplaceAll(valid, "\n", "\r\n"), reason.ErrEncoding},
		{"CR before the last newline", text + "\n" + line + "\r\n", reason.ErrEncoding},
		{"no final newline", strings.TrimSuffix(valid, "\n"), reason.ErrSignature},
		{"empty line at the end", valid + "\n", reason.ErrSignature},
		{"empty line before", "\n" + valid, reason.ErrEncoding},
		{"two empty lines between", text + "\n\n" + signature, reason.ErrSignature},
		{"space at the end", text + "\n" + line + " \n", reason.ErrSignature},
		{"hyphen for dash", strings.Replace(valid, "—", "-", 1), reason.ErrSignature},
		{"other origin", signed("example.org/other\n17\n" + root.String() + "\n"), reason.ErrSignature},
		{"origin in capitals", signed(strings.ToUpper(testOrigin) + "\n17\n" + root.String() + "\n"), reason.ErrSignature},
		{"two lines", signed(testOrigin + "\n17\n"), reason.ErrEncoding},
		{"extension line", signed(text + "more\n"), reason.ErrEncoding},
		{"no size", signed(testOrigin + "\n\n" + root.String() + "\n"), reason.ErrSignature},
		{"leading zero", signed(testOrigin + "\n017\n" + root.String() + "\n"), reason.ErrEncoding},
		{"sign", signed(testOrigin + "\n+17\n" + root.String() + "\n"), reason.ErrEncoding},
		{"negative", signed(testOrigin + "\n-17\n" + root.String() + "\n"), reason.ErrEncoding},
		{"hexadecimal", signed(testOrigin + "\n0x11\n" + root.String() + "\n"), reason.ErrEncoding},
		{"underscore", signed(testOrigin + "\n1_7\n" + root.String() + "\n"), reason.ErrEncoding},
		{"space", signed(testOrigin + "\n17 \n" + root.String() + "\n"), reason.ErrEncoding},
		{"too large", signed(fmt.Sprintf("%s\n%d\n%s\n", testOrigin, uint64(maxSize+1), root)), reason.ErrEncoding},
		{"larger than 64 bits", signed(testOrigin + "\n18446744073709551633\n" + root.String() + "\n"), reason.ErrEncoding},
		{"root cut", signed(testOrigin + "\n17\n" + root.String()[:40] + "\n"), reason.ErrEncoding},
		{"root of 33 bytes", signed(testOrigin + "\n17\n" + base64.StdEncoding.EncodeToString(make([]byte, 33)) + "\n"), reason.ErrEncoding},
		{"root in lax base64", signed(testOrigin + "\n17\n" + strings.Replace(root.String(), "AI=", "AJ=", 1) + "\n"), reason.ErrEncoding},
		{"root in URL base64", signed(testOrigin + "\n17\n" + strings.Repeat("_", 43) + "=\n"), reason.ErrEncoding},
		{"empty ledger", signed(testOrigin + "\n0\n" + emptyRoot.String() + "\n"), reason.ErrIncomplete},
		{"very long", valid + strings.Repeat(signature, 600), reason.ErrLimit},
	} {
		cp, err := policy.Check([]byte(c.raw))
		require.ErrorIs(t, err, c.want, c.name)
		require.Zero(t, cp, c.name)
	}
	for name, raw := range map[string]string{ // what is wrong without looking at the key
		"no final newline":  strings.TrimSuffix(valid, "\n"),
		"further newline":   valid + "\n",
		"signature twice":   valid + signature,
		"hyphen for dash":   strings.Replace(valid, "—", "-", 1),
		"space at the end":  text + "\n" + line + " \n",
		"no signature line": text + "\n",
		"not signed":        text,
		"lax base64":        text + "\n" + prefix + lenient + "\n",
	} {
		_, err := ParseCheckpoint([]byte(raw))
		require.ErrorIs(t, err, reason.ErrSignature, name)
	}

	for name, c := range map[string]struct {
		policy Policy
		want   error
	}{
		"zero":          {Policy{}, reason.ErrUnanchored},
		"no key":        {Policy{Origin: testOrigin}, reason.ErrUnanchored},
		"no origin":     {Policy{Key: policy.Key}, reason.ErrUnanchored},
		"malformed key": {Policy{Origin: testOrigin, Key: policy.Key[:len(policy.Key)-1]}, reason.ErrEncoding},
		"other origin":  {Policy{Origin: "example.org", Key: policy.Key}, reason.ErrSignature},
	} {
		_, err := c.policy.Check([]byte(valid))
		require.ErrorIs(t, err, c.want, name)
	}
}

// next64 returns a base64 digit that differs in the lowest bit only, which
// padding makes meaningless.
func next64(c byte) byte {
	const digits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
	return digits[strings.IndexByte(digits, c)^1]
}

func TestSignCheckpointFails(t *testing.T) {
	_, err := SignCheckpoint(badName{}, 1, tlog.Hash{})
	require.ErrorContains(t, err, "ledger: signing")
}

type badName struct{ note.Signer }

func (badName) Name() string    { return "two words" }
func (badName) KeyHash() uint32 { return 1 }

func TestP70CheckInclusion(t *testing.T) {
	const n = 13
	all, stored := leaves(t, n)
	tree := Tree{n, stored}
	root, err := tree.Root()
	require.NoError(t, err)
	cp := Checkpoint{Origin: testOrigin, Size: n, Root: root}
	proof, err := tree.Inclusion(5, n)
	require.NoError(t, err)
	require.NoError(t, cp.CheckInclusion(5, all[5], proof))

	shorter := Checkpoint{Origin: testOrigin, Size: n - 1, Root: root}
	huge := Checkpoint{Origin: testOrigin, Size: 1<<62 + 1, Root: root}
	beyond := Checkpoint{Origin: testOrigin, Size: 1<<64 - 1, Root: root}
	for name, err := range map[string]error{
		"other index":      cp.CheckInclusion(6, all[5], proof),
		"other leaf":       cp.CheckInclusion(5, all[6], proof),
		"node as leaf":     cp.CheckInclusion(5, tlog.NodeHash(all[4], all[5]), proof[1:]),
		"index = size":     cp.CheckInclusion(n, all[5], proof),
		"index > size":     cp.CheckInclusion(1<<63, all[5], proof),
		"empty proof":      cp.CheckInclusion(5, all[5], nil),
		"hash missing":     cp.CheckInclusion(5, all[5], proof[:len(proof)-1]),
		"hash too many":    cp.CheckInclusion(5, all[5], append(proof[:len(proof):len(proof)], root)),
		"hashes swapped":   cp.CheckInclusion(5, all[5], tlog.RecordProof{proof[1], proof[0], proof[2], proof[3]}),
		"other root":       Checkpoint{Origin: testOrigin, Size: n, Root: all[0]}.CheckInclusion(5, all[5], proof),
		"other size":       shorter.CheckInclusion(11, all[11], proof),
		"size that hangs":  huge.CheckInclusion(5, all[5], proof),
		"size beyond 2^63": beyond.CheckInclusion(5, all[5], proof),
	} {
		require.ErrorIs(t, err, reason.ErrChain, name)
		var at *EntryError
		require.ErrorAs(t, err, &at, name)
	}
}

func TestP69CheckConsistency(t *testing.T) {
	const n, m = 13, 7
	all, stored := leaves(t, n)
	at := func(size uint64) Checkpoint {
		root, err := Tree{size, stored}.Root()
		require.NoError(t, err)
		return Checkpoint{Origin: testOrigin, Size: size, Root: root}
	}
	old, cp := at(m), at(n)
	proof, err := Tree{n, stored}.Consistency(m, n)
	require.NoError(t, err)
	require.NoError(t, cp.CheckConsistency(old, proof))
	require.NoError(t, cp.CheckConsistency(cp, nil))
	require.NoError(t, cp.CheckConsistency(at(0), nil))
	require.NoError(t, at(0).CheckConsistency(at(0), nil))

	with := func(c Checkpoint, change func(*Checkpoint)) Checkpoint {
		change(&c)
		return c
	}
	for name, err := range map[string]error{
		"old larger":         old.CheckConsistency(cp, proof),
		"old root":           cp.CheckConsistency(with(old, func(c *Checkpoint) { c.Root = all[0] }), proof),
		"new root":           with(cp, func(c *Checkpoint) { c.Root = all[0] }).CheckConsistency(old, proof),
		"old size":           cp.CheckConsistency(with(old, func(c *Checkpoint) { c.Size-- }), proof),
		"new size":           with(cp, func(c *Checkpoint) { c.Size++ }).CheckConsistency(with(old, func(c *Checkpoint) { c.Size = 8 }), proof),
		"other origin":       cp.CheckConsistency(with(old, func(c *Checkpoint) { c.Origin = "example.org" }), proof),
		"empty proof":        cp.CheckConsistency(old, nil),
		"hash missing":       cp.CheckConsistency(old, proof[1:]),
		"hash too many":      cp.CheckConsistency(old, append(proof[:len(proof):len(proof)], cp.Root)),
		"equal sizes, proof": cp.CheckConsistency(cp, proof),
		"size 0, proof":      cp.CheckConsistency(at(0), proof),
		"size 0, other root": cp.CheckConsistency(with(at(0), func(c *Checkpoint) { c.Root = cp.Root }), nil),
		"size that hangs":    with(cp, func(c *Checkpoint) { c.Size = 1<<62 + 1 }).CheckConsistency(old, proof),
		"sizes above 2^63":   with(cp, func(c *Checkpoint) { c.Size = 1<<64 - 1 }).CheckConsistency(with(old, func(c *Checkpoint) { c.Size = 1 << 63 }), proof),
		"equal sizes that hang": with(cp, func(c *Checkpoint) { c.Size = 1<<62 + 1 }).CheckConsistency(
			with(cp, func(c *Checkpoint) { c.Size = 1<<62 + 1 }), proof),
	} {
		require.ErrorIs(t, err, reason.ErrChain, name)
	}
}

func TestP68Fork(t *testing.T) {
	signer, policy := newKey(t, testOrigin)
	a, err := SignCheckpoint(signer, 9, tlog.Hash{1})
	require.NoError(t, err)
	b, err := SignCheckpoint(signer, 9, tlog.Hash{2})
	require.NoError(t, err)
	err = b.CheckConsistency(a, nil)
	require.ErrorIs(t, err, reason.ErrFork)
	var fork *ForkError
	require.ErrorAs(t, err, &fork)
	require.NoError(t, fork.Check(policy))
	require.NoError(t, (&ForkError{Checkpoint{Raw: b.Raw}, Checkpoint{Raw: a.Raw}}).Check(policy), "the notes suffice")

	larger, err := SignCheckpoint(signer, 10, tlog.Hash{2})
	require.NoError(t, err)
	stranger, _ := newKey(t, testOrigin)
	forged, err := SignCheckpoint(stranger, 9, tlog.Hash{2})
	require.NoError(t, err)
	require.ErrorIs(t, (&ForkError{a, a}).Check(policy), reason.ErrProof)
	require.ErrorIs(t, (&ForkError{a, larger}).Check(policy), reason.ErrProof)
	require.ErrorIs(t, (&ForkError{a, forged}).Check(policy), reason.ErrSignature)
	require.ErrorIs(t, (&ForkError{forged, a}).Check(policy), reason.ErrSignature)
}

func FuzzCheckpoint(f *testing.F) {
	signer, policy := newKey(f, testOrigin)
	cp, err := SignCheckpoint(signer, 17, tlog.Hash{1})
	require.NoError(f, err)
	f.Add(cp.Raw)
	f.Add([]byte("a\n1\n" + cp.Root.String() + "\n\n— b AAAAAAAA\n"))
	f.Add([]byte("\n\n\n\n"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		c, err := ParseCheckpoint(raw)
		if err != nil {
			require.Zero(t, c)
		} else {
			require.Equal(t, raw, c.Raw)
			require.True(t, strings.HasPrefix(string(raw), c.text()+"\n— "))
			require.LessOrEqual(t, strings.Count(string(raw), "\n"), 4+maxLines)
		}
		checked, errCheck := policy.Check(raw)
		if errCheck == nil {
			require.Equal(t, c, checked)
			require.Equal(t, cp.Raw, raw, "the only note that this key has signed")
		}
	})
}
