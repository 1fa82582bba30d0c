package mixnet

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"flag"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
	"go.dedis.ch/kyber/v3"

	"github.com/hanpyo/hanpyo/elgamal"
)

var update = flag.Bool("update", false, "write testdata/golden.json anew")

// golden is one mix with all that a second implementation needs to verify it.
type golden struct {
	Group, Election, Contest string
	Step                     int
	Mixer                    string
	Key                      []string
	Rows                     int
	Input, Output            string
	InputDigest              string
	OutputDigest             string
	Proof                    string
}

// TestGoldenVectors holds transcript, wire format and prover still.
func TestGoldenVectors(t *testing.T) {
	const file = "testdata/golden.json"
	var got []golden
	for _, g := range groups() {
		for n := range 4 {
			random := &stream{group: g, name: "golden"}
			key := must(elgamal.NewPublicKey(g, []kyber.Point{random.point(), random.point()}))
			m := &mixed{place: testPlace(), random: random}
			m.Key = key
			m.fill(n)
			require.NoError(t, m.verify())
			e := golden{
				Group: g.Name(), Election: hex.EncodeToString(m.place.Election[:]), Contest: m.place.Contest, Step: m.place.Step,
				Mixer: hex.EncodeToString(m.place.Mixer), Rows: n,
				Input: hex.EncodeToString(m.Input.encoded), Output: hex.EncodeToString(m.Output.encoded),
				InputDigest: hex.EncodeToString(m.Input.digest[:]), OutputDigest: hex.EncodeToString(m.Output.digest[:]),
				Proof: hex.EncodeToString(m.proof),
			}
			for _, y := range key.Points {
				e.Key = append(e.Key, hex.EncodeToString(g.AppendPoint(nil, y)))
			}
			got = append(got, e)
		}
	}
	if *update {
		require.NoError(t, os.WriteFile(file, append(must(json.MarshalIndent(got, "", "\t")), '\n'), 0o644))
	}
	var want []golden
	require.NoError(t, json.Unmarshal(must(os.ReadFile(file)), &want))
	require.Equal(t, want, got)
}

// The digest of a list is the one that docs/protocol.md §6.1 states.
func TestDigestIsAsWritten(t *testing.T) {
	g := elgamal.Ristretto255()
	rows := make([]elgamal.Ciphertext, 1300) // two leaves
	row := elgamal.Ciphertext{A: g.Base(), B: []kyber.Point{g.Base()}}
	for i := range rows {
		rows[i], row = row, row.Add(row)
	}
	l := listOf(g, 1, rows)
	b := l.Bytes()
	one, two := sha256.Sum256(b[:1024*64]), sha256.Sum256(b[1024*64:])
	head := "hanpyo-v1 list" + "\x00\x00\x00\x0cristretto255" + "\x00\x00\x00\x01" + "\x00\x00\x05\x14"
	require.Equal(t, sha256.Sum256([]byte(head+string(one[:])+string(two[:]))), l.Digest())
}
