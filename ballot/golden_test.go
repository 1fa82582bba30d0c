package ballot

import (
	"encoding/hex"
	"encoding/json"
	"os"
	"testing"

	"github.com/stretchr/testify/require"
	"go.dedis.ch/kyber/v3"

	"github.com/hanpyo/hanpyo/elgamal"
)

// These were computed from docs/wire.md alone, in another language.

func TestTrackerKnownAnswer(t *testing.T) {
	var fp Fingerprint
	for i := range fp {
		fp[i] = byte(i)
	}
	credential := make([]byte, 32)
	for i := range credential {
		credential[i] = 1
	}
	tracker := newTracker(fp, "city", 7, credential, []byte("A and B"), []byte("proof"))
	require.Equal(t, "da421043-4f861847-b626ef05-99567c8f-8f3a6f96-1a3294ae-ea947f08-3e431f94", tracker.String())
}

func TestRandomnessKnownAnswer(t *testing.T) {
	for _, test := range []struct {
		group *elgamal.Group
		want  string
	}{
		{elgamal.Ristretto255(), "484f39886ac91d9e4839af8b4eb5012407955ca246a0f6540864e3190f8dc10b"},
		{elgamal.P256(), "15a6ec329274871dbcbc05988cec4ba4829950af3394cc67d7e93f8f00aaeb78"},
	} {
		e := &Election{Group: test.group, styles: []styleInfo{{id: "city"}}}
		for i := range e.Fingerprint {
			e.Fingerprint[i] = byte(i)
		}
		credential := make([]byte, test.group.PointLen())
		for i := range credential {
			credential[i] = 1
		}
		r := e.randomness([seedLen]byte{}, 0, 7, credential, []uint8{0, 1, 0, 0, 1})
		require.Equal(t, test.want, hex.EncodeToString(test.group.AppendScalar(nil, r)))
	}
}

// testdata/plaintexts.json was computed from docs/manifest.md alone, in another
// language: what votes are encoded to and the points that carry it.
func TestPlaintextsKnownAnswers(t *testing.T) {
	data, err := os.ReadFile("testdata/plaintexts.json")
	require.NoError(t, err)
	var vectors []struct {
		Group, Kind, Content string
		Options, Max         int
		Blank                bool
		Vote                 Vote
		Points               []string
	}
	require.NoError(t, json.Unmarshal(data, &vectors))
	require.NotEmpty(t, vectors)
	for _, v := range vectors {
		of := map[string]Contest{"mixed-ranking": rankingOf(v.Options, 0, v.Max), "write-in": textOf(v.Options, v.Max)}[v.Kind]
		of.Blank = v.Blank
		c := mixedContest(t, v.Group, of)
		content, err := c.Encode(v.Vote)
		require.NoError(t, err)
		require.Equal(t, v.Content, hex.EncodeToString(content))
		var points []kyber.Point
		for i, p := range embedded(t, c, content) {
			require.Equal(t, v.Points[i], hex.EncodeToString(c.group.AppendPoint(nil, p)))
			points = append(points, p)
		}
		require.Len(t, points, len(v.Points))
		opened, err := c.OpenPlaintext(points)
		require.NoError(t, err)
		again, err := c.Encode(opened)
		require.NoError(t, err)
		require.Equal(t, content, again)
	}
}
