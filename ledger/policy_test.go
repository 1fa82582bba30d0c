package ledger

import (
	"bytes"
	"crypto/ed25519"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/hanpyo/hanpyo/internal/reason"
)

// newWitnesses returns keys of both types in turn.
func newWitnesses(t testing.TB, n int) (keys []*CosigningKey) {
	t.Helper()
	for i := range n {
		k, err := NewCosigningKey([]CosignatureType{CosignEd25519, CosignMLDSA44}[i%2], fmt.Sprintf("example.org/w%d", i+1))
		require.NoError(t, err)
		keys = append(keys, k)
	}
	return keys
}

// witnessedBy returns the policy that requires a quorum of the witnesses.
func (p Policy) witnessedBy(quorum int, witnesses ...*CosigningKey) Policy {
	p.Witnesses, p.Quorum = nil, quorum
	for _, w := range witnesses {
		p.Witnesses = append(p.Witnesses, w.Public())
	}
	return p
}

func cosign(t testing.TB, w *CosigningKey, c Checkpoint, time int64) string {
	t.Helper()
	line, err := w.Cosign(c, time)
	require.NoError(t, err)
	return string(line)
}

func TestP71CosignedCheckpoint(t *testing.T) {
	signer, policy := newKey(t, testOrigin)
	w := newWitnesses(t, 4)
	policy = policy.witnessedBy(2, w[0], w[1], w[2])
	cp, err := SignCheckpoint(signer, 17, tlog.Hash{1})
	require.NoError(t, err)
	raw := string(cp.Raw)
	lines := make([]string, len(w))
	for i := range w {
		lines[i] = cosign(t, w[i], cp, int64(1000+i))
	}
	for name, c := range map[string]struct {
		raw  string
		want []Cosignature
	}{
		"two":         {raw + lines[0] + lines[1], []Cosignature{{"example.org/w1", 1000}, {"example.org/w2", 1001}}},
		"other order": {raw + lines[2] + lines[0], []Cosignature{{"example.org/w1", 1000}, {"example.org/w3", 1002}}},
		"all":         {raw + lines[0] + lines[1] + lines[2], []Cosignature{{"example.org/w1", 1000}, {"example.org/w2", 1001}, {"example.org/w3", 1002}}},
	} {
		got, err := policy.Check([]byte(c.raw))
		require.NoError(t, err, name)
		require.Equal(t, c.want, got.Cosigned, name)
		require.Equal(t, cp.Root, got.Root)
	}
	lax := policy
	lax.Quorum = 0
	got, err := lax.Check([]byte(raw + lines[1]))
	require.NoError(t, err)
	require.Len(t, got.Cosigned, 1, "a quorum of 0 reports cosignatures")

	other, err := SignCheckpoint(signer, 17, tlog.Hash{2})
	require.NoError(t, err)
	larger, err := SignCheckpoint(signer, 18, tlog.Hash{1})
	require.NoError(t, err)
	elsewhere := cp
	elsewhere.Origin = "example.org/other"
	namesake, err := NewCosigningKey(CosignEd25519, "example.org/w1")
	require.NoError(t, err)
	forged := *namesake // says that it is the witness, under the witness's id
	forged.public.id = w[0].public.id
	retyped, err := cosigningKey(CosignMLDSA44, "example.org/w1", w[0].seed)
	require.NoError(t, err)
	line := func(k *CosigningKey, signature []byte) string {
		return string(noteLine{k.public.name, k.public.id, signature}.bytes())
	}
	signature := func(i int) []byte {
		parsed, err := parseLines(lines[i])
		require.NoError(t, err)
		return slices.Clone(parsed[0].signature)
	}
	change := func(b []byte, at int) []byte { b[at] ^= 1; return b }
	timed := func(i int, time uint64) string {
		return line(w[i], slices.Concat(binary.BigEndian.AppendUint64(nil, time), signature(i)[8:]))
	}
	for name, c := range map[string]struct {
		raw  string
		want error
	}{
		"none":                        {raw, reason.ErrQuorum},
		"one":                         {raw + lines[0], reason.ErrQuorum},
		"one and the log again":       {raw + lines[0] + raw[strings.Index(raw, "—"):], reason.ErrSignature},
		"one twice":                   {raw + lines[0] + lines[0], reason.ErrSignature},
		"one twice at two times":      {raw + lines[0] + cosign(t, w[0], cp, 2000), reason.ErrSignature},
		"a stranger for the second":   {raw + lines[0] + lines[3], reason.ErrSignature},
		"a stranger besides":          {raw + lines[0] + lines[1] + lines[3], reason.ErrSignature},
		"no log":                      {cp.text() + "\n" + lines[0] + lines[1], reason.ErrSignature},
		"witness of another root":     {raw + lines[0] + cosign(t, w[1], other, 1001), reason.ErrSignature},
		"first of another root":       {raw + cosign(t, w[0], other, 1001) + lines[1], reason.ErrSignature},
		"a third of another root":     {raw + lines[0] + lines[1] + cosign(t, w[2], other, 1001), reason.ErrSignature},
		"witness of another size":     {raw + lines[0] + cosign(t, w[1], larger, 1001), reason.ErrSignature},
		"witness of another origin":   {raw + lines[0] + cosign(t, w[1], elsewhere, 1001), reason.ErrSignature},
		"namesake of a witness":       {raw + lines[1] + cosign(t, namesake, cp, 1000), reason.ErrSignature},
		"id of a witness":             {raw + lines[1] + cosign(t, &forged, cp, 1000), reason.ErrSignature},
		"same seed, other type":       {raw + lines[1] + cosign(t, retyped, cp, 1000), reason.ErrSignature},
		"one bit, Ed25519":            {raw + lines[1] + line(w[0], change(signature(0), 20)), reason.ErrSignature},
		"one bit, ML-DSA-44":          {raw + lines[0] + line(w[1], change(signature(1), 20)), reason.ErrSignature},
		"one bit of time, Ed25519":    {raw + lines[1] + line(w[0], change(signature(0), 7)), reason.ErrSignature},
		"one bit of time, ML-DSA-44":  {raw + lines[0] + line(w[1], change(signature(1), 7)), reason.ErrSignature},
		"cut, Ed25519":                {raw + lines[1] + line(w[0], signature(0)[:71]), reason.ErrSignature},
		"cut, ML-DSA-44":              {raw + lines[0] + line(w[1], signature(1)[:2427]), reason.ErrSignature},
		"time only":                   {raw + lines[1] + line(w[0], signature(0)[:8]), reason.ErrSignature},
		"longer, Ed25519":             {raw + lines[1] + line(w[0], append(signature(0), 0)), reason.ErrSignature},
		"longer, ML-DSA-44":           {raw + lines[0] + line(w[1], append(signature(1), 0)), reason.ErrSignature},
		"time 0":                      {raw + lines[1] + timed(0, 0), reason.ErrSignature},
		"time above 2^63":             {raw + lines[1] + timed(0, math.MaxInt64+1), reason.ErrSignature},
		"CRLF after the second":       {raw + lines[0] + strings.Replace(lines[1], "\n", "\r\n", 1), reason.ErrEncoding},
		"no final newline":            {strings.TrimSuffix(raw+lines[0]+lines[1], "\n"), reason.ErrSignature},
		"empty line before witnesses": {raw + "\n" + lines[0] + lines[1], reason.ErrSignature},
		"too long":                    {raw + strings.Repeat(lines[1], 30), reason.ErrLimit},
	} {
		cp, err := policy.Check([]byte(c.raw))
		require.ErrorIs(t, err, c.want, name)
		require.Zero(t, cp, name)
	}
	many := raw
	for i := range maxLines {
		many += line(&CosigningKey{public: verifierKey{name: "w", id: [4]byte{byte(i)}}}, []byte{1})
	}
	_, err = ParseCheckpoint([]byte(many))
	require.ErrorIs(t, err, reason.ErrLimit)

	for _, k := range w[:2] {
		for _, time := range []int64{0, math.MinInt64} {
			_, err = k.Cosign(cp, time)
			require.ErrorIs(t, err, reason.ErrRange)
		}
	}
}

// TestCosignatureOfTimeZero holds that a rightly signed time 0 does not count:
// by it a cosigner does not say that the tree is the newest.
func TestCosignatureOfTimeZero(t *testing.T) {
	signer, policy := newKey(t, testOrigin)
	cp, err := SignCheckpoint(signer, 17, tlog.Hash{1})
	require.NoError(t, err)
	secret, public, err := note.GenerateKey(nil, "example.org/w")
	require.NoError(t, err)
	asNote, err := note.NewSigner(secret)
	require.NoError(t, err)
	// The same key as a cosigner: sign the message of time 0 as a note text.
	v, err := parseKey(public)
	require.NoError(t, err)
	v.kind = CosignEd25519
	v.setID()
	for time, want := range map[uint64]error{0: reason.ErrSignature, 1: nil} {
		signature, err := asNote.Sign(v.kind.message(v.name, cp.text(), cp, int64(time)))
		require.NoError(t, err)
		line := noteLine{v.name, v.id, append(binary.BigEndian.AppendUint64(nil, time), signature...)}
		p := policy
		p.Witnesses, p.Quorum = []string{v.String()}, 1
		_, err = p.Check(append(slices.Clone(cp.Raw), line.bytes()...))
		require.ErrorIs(t, err, want)
	}
}

func TestLongOrigin(t *testing.T) {
	signer, policy := newKey(t, strings.Repeat("o", 256))
	w := newWitnesses(t, 2)
	cp, err := SignCheckpoint(signer, 1, tlog.Hash{1})
	require.NoError(t, err)
	line := cosign(t, w[0], cp, 1)
	_, err = policy.witnessedBy(1, w[0]).Check(append(slices.Clone(cp.Raw), line...))
	require.NoError(t, err)
	_, err = w[1].Cosign(cp, 1)
	require.ErrorIs(t, err, reason.ErrLimit, "ML-DSA-44 cosignatures have one byte for the length")
	short := cp
	short.Origin = ""
	forged := cosign(t, w[1], short, 1) // the length 256 would be read as 0
	require.ErrorIs(t, policy.witnessedBy(1, w[1]).Validate(), reason.ErrLimit)
	otherwise := policy.witnessedBy(1, w[1])
	otherwise.Origin = testOrigin // and the note has the long one
	_, err = otherwise.Check(append(slices.Clone(cp.Raw), forged...))
	require.ErrorIs(t, err, reason.ErrSignature)
	require.ErrorContains(t, err, "origin of 256 bytes")
}

func TestPolicyValidate(t *testing.T) {
	_, policy := newKey(t, testOrigin)
	_, next := newKey(t, testOrigin)
	_, third := newKey(t, testOrigin)
	_, rotation := newKey(t, RotationPrefix+"x")
	w := newWitnesses(t, MaxWitnesses+1)
	require.NoError(t, policy.Validate())
	require.NoError(t, policy.witnessedBy(3, w[:3]...).Validate())
	require.NoError(t, policy.witnessedBy(0, w[:3]...).Validate())
	require.NoError(t, policy.witnessedBy(1, w[:MaxWitnesses]...).Validate())

	renamed, err := cosigningKey(CosignEd25519, "example.org/other", w[0].seed)
	require.NoError(t, err)
	retyped, err := NewCosigningKey(CosignMLDSA44, "example.org/w1")
	require.NoError(t, err)
	namesake, err := NewCosigningKey(CosignEd25519, "example.org/w1")
	require.NoError(t, err)
	itself, err := NewCosigningKey(CosignEd25519, testOrigin)
	require.NoError(t, err)
	log, err := parseKey(policy.Key)
	require.NoError(t, err)
	log.kind = CosignEd25519
	log.setID()
	long, err := NewCosigningKey(CosignEd25519, strings.Repeat("n", 255))
	require.NoError(t, err)
	require.NoError(t, policy.witnessedBy(1, long).Validate())
	longer := long.public
	longer.name += "n"
	longer.setID()
	unknown := w[0].public
	unknown.kind = 7
	unknown.setID()
	cut := w[0].public
	cut.key = cut.key[:31]
	cut.setID()

	witness := func(texts ...string) Policy {
		p := policy
		p.Witnesses, p.Quorum = texts, 1
		return p
	}
	handed := func(h ...Handover) Policy {
		p := policy
		p.Handovers = h
		return p
	}
	require.NoError(t, handed(Handover{Size: 4, Key: next.Key}, Handover{Size: 5, Key: third.Key}).Validate())
	text := w[0].Public()
	key := policy.Key
	for name, c := range map[string]struct {
		policy Policy
		want   error
	}{
		"zero":                    {Policy{}, reason.ErrUnanchored},
		"no key":                  {Policy{Origin: testOrigin}, reason.ErrUnanchored},
		"no origin":               {Policy{Key: key}, reason.ErrUnanchored},
		"witness for a key":       {Policy{Origin: testOrigin, Key: text}, reason.ErrEncoding},
		"origin of a rotation":    {Policy{Origin: RotationPrefix + "x", Key: key}, reason.ErrBinding},
		"key of a rotation":       {Policy{Origin: testOrigin, Key: rotation.Key}, reason.ErrBinding},
		"both of a rotation":      {Policy{Origin: RotationPrefix + "x", Key: rotation.Key}, reason.ErrBinding},
		"two fields":              {witness(text[:strings.LastIndex(text, "+")]), reason.ErrEncoding},
		"not base64":              {witness(text + "!"), reason.ErrEncoding},
		"no key in it":            {witness("w+00000000+"), reason.ErrEncoding},
		"hash":                    {witness(strings.Replace(text, fmt.Sprintf("%x", w[0].public.id), "00000000", 1)), reason.ErrEncoding},
		"hash in capitals":        {witness(strings.Replace(text, fmt.Sprintf("%x", w[0].public.id), strings.ToUpper(fmt.Sprintf("%x", w[0].public.id))+" ", 1)), reason.ErrEncoding},
		"no name":                 {witness(strings.TrimPrefix(text, w[0].public.name)), reason.ErrEncoding},
		"unknown type":            {witness(unknown.String()), reason.ErrVersion},
		"cut":                     {witness(cut.String()), reason.ErrEncoding},
		"key of a log":            {witness(next.Key), reason.ErrEncoding},
		"long name":               {witness(longer.String()), reason.ErrLimit},
		"twice":                   {witness(text, w[1].Public(), text), reason.ErrDuplicate},
		"twice under two names":   {witness(text, renamed.Public()), reason.ErrDuplicate},
		"one name, two types":     {witness(text, retyped.Public()), reason.ErrDuplicate},
		"one name, two keys":      {witness(text, namesake.Public()), reason.ErrDuplicate},
		"the ledger itself":       {witness(log.String()), reason.ErrDuplicate},
		"named like the ledger":   {witness(text, itself.Public()), reason.ErrDuplicate},
		"too many":                {policy.witnessedBy(1, w...), reason.ErrLimit},
		"quorum of none":          {policy.witnessedBy(1), reason.ErrRange},
		"quorum above":            {policy.witnessedBy(3, w[:2]...), reason.ErrRange},
		"quorum below 0":          {policy.witnessedBy(-1, w[:2]...), reason.ErrRange},
		"handover at 0":           {handed(Handover{Key: next.Key}), reason.ErrRange},
		"handover very late":      {handed(Handover{Size: maxSize + 1, Key: next.Key}), reason.ErrRange},
		"handovers at one size":   {handed(Handover{Size: 4, Key: next.Key}, Handover{Size: 4, Key: third.Key}), reason.ErrRange},
		"handovers going back":    {handed(Handover{Size: 4, Key: next.Key}, Handover{Size: 3, Key: third.Key}), reason.ErrRange},
		"handover to a witness":   {handed(Handover{Size: 4, Key: text}), reason.ErrEncoding},
		"handover to itself":      {handed(Handover{Size: 4, Key: key}), reason.ErrDuplicate},
		"handover back":           {handed(Handover{Size: 4, Key: next.Key}, Handover{Size: 5, Key: key}), reason.ErrDuplicate},
		"witness is the next key": {Policy{Origin: testOrigin, Key: next.Key, Handovers: []Handover{{Size: 3, Key: key}}, Witnesses: []string{log.String()}}, reason.ErrDuplicate},
	} {
		require.ErrorIs(t, c.policy.Validate(), c.want, name)
		_, err := c.policy.Check(nil)
		require.ErrorIs(t, err, c.want, name)
	}
}

func TestCosigningKey(t *testing.T) {
	for _, w := range newWitnesses(t, 2) {
		again, err := ParseCosigningKey(w.Secret())
		require.NoError(t, err)
		require.Equal(t, w, again)
		seed := strings.SplitN(w.Secret(), "+", 5)[4]
		view, err := json.Marshal(w)
		require.NoError(t, err)
		for _, shown := range []string{fmt.Sprint(w), fmt.Sprintf("%+v %#v %x %s", w, *w, w, *w), fmt.Sprintf("%v", *w), string(view)} {
			require.Contains(t, shown, w.public.name)
			require.NotContains(t, shown, seed)
			require.NotContains(t, shown, fmt.Sprintf("%x", w.seed))
			require.NotContains(t, shown, fmt.Sprint(w.seed[:4]))
		}
		secret := w.Secret()
		for name, text := range map[string]string{
			"nothing":     "",
			"public":      w.Public(),
			"no prefix":   strings.TrimPrefix(secret, "PRIVATE+"),
			"two fields":  secret[:strings.LastIndex(secret, "+")],
			"cut":         secret[:len(secret)-4],
			"not base64":  secret + "!",
			"other hash":  strings.Replace(secret, fmt.Sprintf("%x", w.public.id), "00000000", 1),
			"other name":  strings.Replace(secret, "example.org", "example.com", 1),
			"no name":     strings.Replace(secret, w.public.name, "", 1),
			"spaced name": strings.Replace(secret, "example", "exam ple", 1),
		} {
			_, err := ParseCosigningKey(text)
			require.ErrorIs(t, err, reason.ErrEncoding, name)
			if text != "" {
				require.NotContains(t, err.Error(), seed)
			}
		}
	}
	_, err := NewCosigningKey(5, "example.org/w")
	require.ErrorIs(t, err, reason.ErrVersion)
	for _, name := range []string{"", "two words", "a+b", "a\nb", "a\x00b", "\xff", strings.Repeat("n", 256)} {
		_, err := NewCosigningKey(CosignEd25519, name)
		require.ErrorIs(t, err, reason.ErrEncoding, name)
	}
	_, err = ParseCosigningKey("PRIVATE+KEY+w+00000000+" + strings.Repeat("A", 44))
	require.ErrorIs(t, err, reason.ErrVersion, "type 0")
}

// TestCosignedMessages holds the bytes of c2sp.org/tlog-cosignature.
func TestCosignedMessages(t *testing.T) {
	c := Checkpoint{Origin: "example.com/behind-the-sofa", Size: 20852163}
	var err error
	c.Root, err = tlog.ParseHash("CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=")
	require.NoError(t, err)
	require.Equal(t, "cosignature/v1\ntime 1679315147\nexample.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n",
		string(CosignEd25519.message("witness.example.com/w1", c.text(), c, 1679315147)))
	want := "subtree/v1\n\x00" + "\x16witness.example.com/w1" + "\x00\x00\x00\x00\x64\x18\x50\xcb" +
		"\x1bexample.com/behind-the-sofa" + "\x00\x00\x00\x00\x00\x00\x00\x00" + "\x00\x00\x00\x00\x01\x3e\x2d\xc3" + string(c.Root[:])
	require.Equal(t, want, string(CosignMLDSA44.message("witness.example.com/w1", c.text(), c, 1679315147)))
}

func FuzzLines(f *testing.F) {
	w := newWitnesses(f, 2)
	c := Checkpoint{Origin: testOrigin, Size: 1}
	for _, k := range w {
		f.Add(cosign(f, k, c, 1))
	}
	f.Add("— a AAAAAAAA\n— b AAAAAAAA\n")
	f.Add("— a AAAA\n\n")
	f.Fuzz(func(t *testing.T, s string) {
		lines, err := parseLines(s)
		if err != nil {
			require.Nil(t, lines)
			return
		}
		var again []byte
		for _, l := range lines {
			again = append(again, l.bytes()...)
		}
		require.Equal(t, s, string(again))
	})
}

func FuzzVerifierKey(f *testing.F) {
	for _, k := range newWitnesses(f, 2) {
		f.Add(k.Public())
	}
	f.Add("a+b+AQ==")
	f.Fuzz(func(t *testing.T, text string) {
		if v, err := parseKey(text); err == nil {
			require.Equal(t, text, v.String())
		}
	})
}

// TestSmallOrderKey holds that no key of a policy is one under which anybody
// signs: not the first of a ledger, not a witness's, not one rotated to.
func TestSmallOrderKey(t *testing.T) {
	identity := append([]byte{1}, make([]byte, 31)...)
	anything := append(slices.Clone(identity), make([]byte, 32)...)
	require.True(t, ed25519.Verify(identity, []byte("any message"), anything), "what the check is there for")
	notCanonical := append([]byte{0xee}, bytes.Repeat([]byte{0xff}, 31)...)
	f := newRotationFixture(t)
	for _, key := range [][]byte{identity, make([]byte, 32), notCanonical} {
		weak := verifierKey{name: testOrigin, kind: logKey, key: key}
		weak.setID()
		require.ErrorIs(t, Policy{Origin: testOrigin, Key: weak.String()}.Validate(), ErrGroup)
		r := f.rotation()
		r.New = weak.String()
		require.NoError(t, r.Sign(f.old))
		_, err := f.policy.Rotate(r)
		require.ErrorIs(t, err, ErrBinding)
		_, err = ParseRotation(r.Bytes())
		require.ErrorIs(t, err, ErrGroup)
		weak.kind = CosignEd25519
		weak.setID()
		witnessed := f.policy
		witnessed.Witnesses, witnessed.Quorum = []string{weak.String()}, 1
		require.ErrorIs(t, witnessed.Validate(), ErrGroup)
	}
}
