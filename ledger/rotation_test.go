package ledger

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/mod/sumdb/note"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/hanpyo/hanpyo/internal/reason"
)

// rotationFixture is a ledger with witnesses whose key changes at size 9.
type rotationFixture struct {
	old, next note.Signer
	policy    Policy // before
	nextKey   string
	witnesses []*CosigningKey
}

func newRotationFixture(t testing.TB) rotationFixture {
	old, policy := newKey(t, testOrigin)
	next, nextPolicy := newKey(t, testOrigin)
	w := newWitnesses(t, 3)
	return rotationFixture{old, next, policy.witnessedBy(2, w...), nextPolicy.Key, w}
}

func (f rotationFixture) rotation() Rotation {
	return Rotation{Old: f.policy.Key, New: f.nextKey, Size: 9, Root: tlog.Hash{9}}
}

// checkpoint returns a checkpoint that two witnesses have cosigned.
func (f rotationFixture) checkpoint(t testing.TB, signer note.Signer, size uint64, root tlog.Hash) []byte {
	cp, err := SignCheckpoint(signer, size, root)
	require.NoError(t, err)
	return append(cp.Raw, cosign(t, f.witnesses[0], cp, 1)+cosign(t, f.witnesses[1], cp, 1)...)
}

// TestP90Rotation is P90: a retired key signs nothing new, and what it has signed
// stays.
func TestP90Rotation(t *testing.T) {
	f := newRotationFixture(t)
	byKey := f.rotation()
	require.NoError(t, byKey.Sign(f.old))
	byWitnesses := f.rotation()
	require.NoError(t, byWitnesses.Cosign(f.witnesses[2], 5))
	require.NoError(t, byWitnesses.Cosign(f.witnesses[1], 6))
	third, thirdPolicy := newKey(t, testOrigin)
	for name, r := range map[string]Rotation{"by the old key": byKey, "by the witnesses": byWitnesses} {
		parsed, err := ParseRotation(r.Bytes())
		require.NoError(t, err, name)
		require.Equal(t, r, parsed)
		after, err := f.policy.Rotate(parsed)
		require.NoError(t, err, name)
		require.Empty(t, f.policy.Handovers)

		for _, c := range []struct {
			name   string
			signer note.Signer
			size   uint64
			root   tlog.Hash
			want   error
		}{
			{"old key before", f.old, 8, tlog.Hash{8}, nil},
			{"old key at the size", f.old, 9, tlog.Hash{9}, nil},
			{"old key at the size, other root", f.old, 9, tlog.Hash{8}, reason.ErrSignature},
			{"old key above", f.old, 10, tlog.Hash{10}, reason.ErrSignature},
			{"old key far above", f.old, 1 << 50, tlog.Hash{10}, reason.ErrSignature},
			{"new key above", f.next, 10, tlog.Hash{10}, nil},
			{"new key at the size", f.next, 9, tlog.Hash{9}, reason.ErrSignature},
			{"new key before", f.next, 8, tlog.Hash{8}, reason.ErrSignature},
			{"stranger above", third, 10, tlog.Hash{10}, reason.ErrSignature},
		} {
			_, err := after.Check(f.checkpoint(t, c.signer, c.size, c.root))
			require.ErrorIs(t, err, c.want, "%s: %s", name, c.name)
		}

		// And once more.
		second := Rotation{Old: f.nextKey, New: thirdPolicy.Key, Size: 20, Root: tlog.Hash{20}}
		require.NoError(t, second.Sign(f.next))
		last, err := after.Rotate(second)
		require.NoError(t, err)
		for size, signer := range map[uint64]note.Signer{9: f.old, 10: f.next, 20: f.next, 21: third} {
			_, err := last.Check(f.checkpoint(t, signer, size, tlog.Hash{byte(size)}))
			require.NoError(t, err)
		}
		_, err = last.Check(f.checkpoint(t, f.next, 21, tlog.Hash{21}))
		require.ErrorIs(t, err, reason.ErrSignature)
		back := Rotation{Old: thirdPolicy.Key, New: f.policy.Key, Size: 30}
		require.NoError(t, back.Sign(third))
		_, err = last.Rotate(back)
		require.ErrorIs(t, err, reason.ErrDuplicate, "a retired key stays retired")
	}
}

// TestP68P90ForkAtHandover holds that a rotation takes nobody's evidence away, also
// not of a fork at the very size at which the key was handed over.
func TestP68P90ForkAtHandover(t *testing.T) {
	f := newRotationFixture(t)
	r := f.rotation()
	require.NoError(t, r.Sign(f.old))
	after, err := f.policy.Rotate(r)
	require.NoError(t, err)
	signed := func(signer note.Signer, size uint64, root byte) Checkpoint {
		cp, err := SignCheckpoint(signer, size, tlog.Hash{root})
		require.NoError(t, err)
		return cp
	}
	for name, c := range map[string]struct {
		fork ForkError
		want error
	}{
		"at the handover":                      {ForkError{signed(f.old, 9, 9), signed(f.old, 9, 8)}, nil},
		"at the handover, neither handed over": {ForkError{signed(f.old, 9, 7), signed(f.old, 9, 8)}, nil},
		"below":                                {ForkError{signed(f.old, 8, 9), signed(f.old, 8, 8)}, nil},
		"above":                                {ForkError{signed(f.next, 10, 9), signed(f.next, 10, 8)}, nil},
		"no fork":                              {ForkError{signed(f.old, 9, 9), signed(f.old, 9, 9)}, reason.ErrProof},
		"other sizes":                          {ForkError{signed(f.old, 9, 9), signed(f.old, 8, 8)}, reason.ErrProof},
		"retired key":                          {ForkError{signed(f.next, 10, 9), signed(f.old, 10, 8)}, reason.ErrSignature},
		"new key too early":                    {ForkError{signed(f.old, 9, 9), signed(f.next, 9, 8)}, reason.ErrSignature},
	} {
		require.ErrorIs(t, c.fork.Check(after), c.want, name)
	}
}

func TestP71RotationRefused(t *testing.T) {
	f := newRotationFixture(t)
	_, elsewhere := newKey(t, "example.org/other")
	with := func(change func(*Rotation), signers ...any) Rotation {
		r := f.rotation()
		if change != nil {
			change(&r)
		}
		for _, s := range signers {
			switch s := s.(type) {
			case note.Signer:
				require.NoError(t, r.Sign(s))
			case *CosigningKey:
				require.NoError(t, r.Cosign(s, 1))
			}
		}
		return r
	}
	honest := with(nil, f.old)
	w := f.witnesses
	stranger, err := NewCosigningKey(CosignEd25519, "example.org/stranger")
	require.NoError(t, err)
	other := with(func(r *Rotation) { r.Size = 8 }, f.old)
	asCheckpoint, err := w[0].Cosign(Checkpoint{Origin: testOrigin, Size: 9, Root: tlog.Hash{9}}, 1)
	require.NoError(t, err)
	unwitnessed := f.policy
	unwitnessed.Witnesses, unwitnessed.Quorum = nil, 0
	optional := f.policy
	optional.Quorum = 0
	after, err := f.policy.Rotate(honest)
	require.NoError(t, err)
	_, err = unwitnessed.Rotate(honest)
	require.NoError(t, err)
	for name, c := range map[string]struct {
		policy Policy
		r      Rotation
		want   error
	}{
		"unsigned":                {f.policy, with(nil), reason.ErrSignature},
		"by the new key":          {f.policy, with(nil, f.next), reason.ErrSignature},
		"by both keys":            {f.policy, with(nil, f.old, f.next), reason.ErrSignature},
		"by one witness":          {f.policy, with(nil, w[0]), reason.ErrQuorum},
		"by one witness twice":    {f.policy, with(nil, w[0], w[0]), reason.ErrSignature},
		"by a witness and others": {f.policy, with(nil, w[0], stranger), reason.ErrSignature},
		"no witnesses":            {unwitnessed, with(nil, w[0], w[1]), reason.ErrSignature},
		"no quorum":               {optional, with(nil, w[0], w[1]), reason.ErrQuorum},
		"signature of another":    {f.policy, Rotation{honest.Old, honest.New, 9, tlog.Hash{9}, other.lines}, reason.ErrSignature},
		"cosigned as a ledger":    {f.policy, Rotation{honest.Old, honest.New, 9, tlog.Hash{9}, asCheckpoint}, reason.ErrSignature},
		"size changed":            {f.policy, Rotation{honest.Old, honest.New, 10, tlog.Hash{9}, honest.lines}, reason.ErrSignature},
		"root changed":            {f.policy, Rotation{honest.Old, honest.New, 9, tlog.Hash{8}, honest.lines}, reason.ErrSignature},
		"size 0":                  {f.policy, with(func(r *Rotation) { r.Size = 0 }, f.old), reason.ErrRange},
		"from another key":        {f.policy, with(func(r *Rotation) { r.Old = f.nextKey }, f.old), reason.ErrBinding},
		"to another ledger":       {f.policy, with(func(r *Rotation) { r.New = elsewhere.Key }, f.old), reason.ErrBinding},
		"to no key":               {f.policy, with(func(r *Rotation) { r.New = "" }, f.old), reason.ErrBinding},
		"to itself":               {f.policy, with(func(r *Rotation) { r.New = r.Old }, f.old), reason.ErrDuplicate},
		"a second time":           {after, honest, reason.ErrBinding},
		"back in size":            {after, with(func(r *Rotation) { r.Old, r.New, r.Size = f.nextKey, elsewhere.Key, 9 }, f.next), reason.ErrBinding},
		"no policy":               {Policy{}, honest, reason.ErrUnanchored},
	} {
		p, err := c.policy.Rotate(c.r)
		require.ErrorIs(t, err, c.want, name)
		require.Zero(t, p, name)
	}
	// A second rotation at the size of the first.
	_, third := newKey(t, testOrigin)
	again := Rotation{Old: f.nextKey, New: third.Key, Size: 9}
	require.NoError(t, again.Sign(f.next))
	_, err = after.Rotate(again)
	require.ErrorIs(t, err, reason.ErrRange)

	r := f.rotation()
	require.Error(t, r.Sign(badName{}))
	require.ErrorIs(t, r.Cosign(w[0], 0), reason.ErrRange)
	require.Equal(t, f.rotation(), r)
	line := with(nil, w[0]).lines
	r.Add(line)
	r.Add(with(nil, w[1]).lines)
	_, err = f.policy.Rotate(r)
	require.NoError(t, err)
}

func TestParseRotation(t *testing.T) {
	f := newRotationFixture(t)
	r := f.rotation()
	require.NoError(t, r.Sign(f.old))
	text, err := ParseRotation(r.Bytes())
	require.NoError(t, err)
	require.Equal(t, r, text)
	raw := string(r.Bytes())
	swap := func(old, new string) string { require.Contains(t, raw, old); return strings.Replace(raw, old, new, 1) }
	for name, c := range map[string]struct {
		raw  string
		want error
	}{
		"nothing":           {"", reason.ErrSignature},
		"no signature":      {raw[:strings.Index(raw, "—")], reason.ErrSignature},
		"CRLF":              {strings.ReplaceAll(raw, "\n", "\r\n"), reason.ErrSignature},
		"no final newline":  {strings.TrimSuffix(raw, "\n"), reason.ErrSignature},
		"a checkpoint":      {string(f.checkpoint(t, f.old, 9, tlog.Hash{9})), reason.ErrEncoding},
		"a line more":       {swap("\n\n", "\nmore\n\n"), reason.ErrEncoding},
		"size":              {swap("\n9\n", "\n09\n"), reason.ErrEncoding},
		"root":              {swap(r.Root.String(), r.Root.String()[1:]), reason.ErrEncoding},
		"no origin":         {raw[strings.Index(raw, "\n"):], reason.ErrEncoding},
		"other origin":      {swap(RotationPrefix, RotationPrefix+"0"), reason.ErrBinding},
		"origin of a log":   {swap(r.head().Origin, testOrigin), reason.ErrBinding},
		"other new key":     {swap(f.nextKey, f.policy.Key), reason.ErrBinding},
		"witness's key":     {swap(f.nextKey, f.witnesses[0].Public()), reason.ErrEncoding},
		"malformed key":     {swap(f.nextKey, f.nextKey+"A"), reason.ErrEncoding},
		"malformed old key": {swap(f.policy.Key, f.policy.Key+"A"), reason.ErrEncoding},
		"too long":          {raw + strings.Repeat("—", maxCheckpoint), reason.ErrLimit},
	} {
		_, err := ParseRotation([]byte(c.raw))
		require.ErrorIs(t, err, c.want, name)
	}
}

func FuzzRotation(f *testing.F) {
	fixture := newRotationFixture(f)
	r := fixture.rotation()
	require.NoError(f, r.Sign(fixture.old))
	f.Add(r.Bytes())
	require.NoError(f, r.Cosign(fixture.witnesses[1], 7))
	f.Add(r.Bytes())
	f.Fuzz(func(t *testing.T, raw []byte) {
		r, err := ParseRotation(raw)
		if err != nil {
			require.Zero(t, r)
			return
		}
		require.Equal(t, raw, r.Bytes())
	})
}
