package ballot

import (
	"encoding/hex"
	"testing"

	"github.com/stretchr/testify/require"

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
		{elgamal.Ristretto255(), "c05d9810e05722e14f8bf0e7ee6b69ea1c0bee0e0a1d720cce38514bc44d0f0e"},
		{elgamal.P256(), "138a740c3460e41d22325b7ae7d86020df51d47074e89ab31d8a927a0dec66df"},
	} {
		e := &Election{Group: test.group, styles: []styleInfo{{id: "city"}}}
		for i := range e.Fingerprint {
			e.Fingerprint[i] = byte(i)
		}
		credential := make([]byte, test.group.PointLen())
		for i := range credential {
			credential[i] = 1
		}
		r, err := e.randomness([seedLen]byte{}, 0, 7, credential)
		require.NoError(t, err)
		require.Equal(t, test.want, hex.EncodeToString(test.group.AppendScalar(nil, r)))
	}
}
