package ballot

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func FuzzParseManifest(f *testing.F) {
	files, err := filepath.Glob("../examples/manifests/*.json")
	require.NoError(f, err)
	for _, file := range files {
		data, err := os.ReadFile(file)
		require.NoError(f, err)
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := ParseManifest(data)
		if err != nil {
			require.Nil(t, m)
			return
		}
		sameManifest(t, m)
	})
}

func FuzzParseManifestBytes(f *testing.F) {
	for _, group := range []string{"ristretto255", "P-256"} {
		f.Add(testManifest(f, group).Bytes())
	}
	for _, name := range []string{"judgement", "lists", "equations", "mixed"} { // whose parameters are more than numbers
		data, err := os.ReadFile("../examples/manifests/" + name + ".json")
		require.NoError(f, err)
		m, err := ParseManifest(data)
		require.NoError(f, err)
		f.Add(m.Bytes())
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		m, err := ParseManifestBytes(data)
		if err != nil {
			require.Nil(t, m)
			return
		}
		require.Equal(t, data, m.Bytes())
		sameManifest(t, m)
	})
}
