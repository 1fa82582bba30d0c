package ballot

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hanpyo/hanpyo/internal/reason"
	"github.com/hanpyo/hanpyo/ledger"
)

func witnessKeys(t testing.TB, n int) (keys []string) {
	for i := range n {
		k, err := ledger.NewCosigningKey([]ledger.CosignatureType{ledger.CosignEd25519, ledger.CosignMLDSA44}[i%2], fmt.Sprintf("example.org/w%d", i))
		require.NoError(t, err)
		keys = append(keys, k.Public())
	}
	return keys
}

// witnessedManifest is a manifest with two of three witnesses.
func witnessedManifest(t testing.TB) Manifest {
	d := testDescription(t, "ristretto255")
	d.Ledger.Witnesses, d.Ledger.Quorum = witnessKeys(t, 3), 2
	return d
}

func TestManifestWitnesses(t *testing.T) {
	d := witnessedManifest(t)
	m, err := NewManifest(d)
	require.NoError(t, err)
	sameManifest(t, m)
	require.Equal(t, ledger.Policy{Origin: d.Ledger.Origin, Key: d.Ledger.Key, Witnesses: d.Ledger.Witnesses, Quorum: 2}, m.Policy())
	d.Ledger.Witnesses[0] = ""
	sameManifest(t, m)

	many := testDescription(t, "ristretto255")
	many.Ledger.Witnesses, many.Ledger.Quorum = witnessKeys(t, ledger.MaxWitnesses), ledger.MaxWitnesses
	m, err = NewManifest(many)
	require.NoError(t, err)
	sameManifest(t, m)
}

func TestManifestWitnessesRefused(t *testing.T) {
	keys := witnessKeys(t, ledger.MaxWitnesses+1)
	accented, err := ledger.NewCosigningKey(ledger.CosignEd25519, "exаmple.org/w")
	require.NoError(t, err)
	rotation := testLedger(ledger.RotationPrefix + "x")
	small := make([]byte, 33)
	small[0], small[1] = 4, 1 // the identity
	for _, c := range []struct {
		name   string
		change func(*Ledger)
		want   error
		where  string
	}{
		{"no quorum", func(l *Ledger) { l.Quorum = 0 }, reason.ErrRange, "ledger.quorum"},
		{"negative quorum", func(l *Ledger) { l.Quorum = -1 }, reason.ErrRange, "ledger.quorum"},
		{"quorum above", func(l *Ledger) { l.Quorum = 4 }, reason.ErrRange, "ledger.quorum"},
		{"quorum of none", func(l *Ledger) { l.Witnesses = nil }, reason.ErrRange, "ledger.quorum"},
		{"twice", func(l *Ledger) { l.Witnesses[2] = l.Witnesses[0] }, reason.ErrDuplicate, "ledger.witnesses[2]"},
		{"too many", func(l *Ledger) { l.Witnesses = keys }, reason.ErrLimit, "ledger.witnesses[16]"},
		{"no key", func(l *Ledger) { l.Witnesses[1] = "" }, reason.ErrEncoding, "ledger.witnesses[1]"},
		{"key of a ledger", func(l *Ledger) { l.Witnesses[1] = testLedger("example.org/other").Key }, reason.ErrEncoding, "ledger.witnesses[1]"},
		{"letters that look like others", func(l *Ledger) { l.Witnesses[1] = accented.Public() }, reason.ErrEncoding, "ledger.witnesses[1]"},
		{"small order", func(l *Ledger) { l.Witnesses[1] = verifierText("w", small) }, reason.ErrGroup, "ledger.witnesses[1]"},
		{"named like a rotation", func(l *Ledger) { l.Origin, l.Key = rotation.Origin, rotation.Key }, reason.ErrBinding, "ledger.key"},
	} {
		d := witnessedManifest(t)
		c.change(&d.Ledger)
		_, err := NewManifest(d)
		require.ErrorIs(t, err, c.want, c.name)
		require.ErrorContains(t, err, "ballot: manifest: "+c.where, c.name)
	}

	m, err := NewManifest(witnessedManifest(t))
	require.NoError(t, err)
	data, plain := m.Bytes(), testDescription(t, "ristretto255")
	end := len(data) - 4 // the quorum
	without, err := NewManifest(plain)
	require.NoError(t, err)
	tail := len(without.Bytes())
	require.Equal(t, without.Bytes(), data[:tail])
	for name, c := range map[string]struct {
		data []byte
		want error
	}{
		"quorum above":    {append(bytes.Clone(data[:end]), 0, 0, 0, 4), reason.ErrRange},
		"quorum as large": {append(bytes.Clone(data[:end]), 0xff, 0xff, 0xff, 0xff), reason.ErrRange},
		"cut":             {data[:end], reason.ErrEncoding},
		"more":            {append(bytes.Clone(data), 0), reason.ErrEncoding},
		"none, said":      {append(bytes.Clone(data[:tail]), make([]byte, 8)...), reason.ErrEncoding},
		"many, not there": {append(bytes.Clone(data[:tail]), 0, 0, 0, 17, 0, 0, 0, 1), reason.ErrLimit},
	} {
		_, err := ParseManifestBytes(c.data)
		require.ErrorIs(t, err, c.want, name)
	}
	for name, change := range map[string][2]string{
		"no quorum":       {"\"quorum\": 2\n  },\n  \"authorities\"", "\"quorum\": 0\n  },\n  \"authorities\""},
		"large quorum":    {"\"quorum\": 2\n  },\n  \"authorities\"", fmt.Sprintf("\"quorum\": %d\n  },\n  \"authorities\"", math.MaxInt32)},
		"witnesses alone": {",\n    \"quorum\": 2\n  },\n  \"authorities\"", "\n  },\n  \"authorities\""},
		"quorum alone":    {"\"witnesses\"", "\"witness\""},
	} {
		view := string(m.JSON())
		require.Contains(t, view, change[0], name)
		_, err := ParseManifest([]byte(strings.Replace(view, change[0], change[1], 1)))
		require.ErrorContains(t, err, "ledger", name)
	}
}

// verifierText returns a verifier key of any bytes.
func verifierText(name string, key []byte) string {
	return fmt.Sprintf("%s+%08x+%s", name, noteKeyHash(name, key), base64.StdEncoding.EncodeToString(key))
}

func noteKeyHash(name string, key []byte) uint32 {
	sum := sha256.Sum256(append([]byte(name+"\n"), key...))
	return binary.BigEndian.Uint32(sum[:])
}
