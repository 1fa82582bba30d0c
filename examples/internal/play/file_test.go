package play

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestReadFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "votes")
	require.NoError(t, os.WriteFile(path, []byte("votes"), 0o644))
	data, err := ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, "votes", string(data))

	require.NoError(t, os.Truncate(path, maxFileSize+1))
	_, err = ReadFile(path)
	require.ErrorContains(t, err, "votes: larger than 67108864 bytes")
}

func TestWriteJSON(t *testing.T) {
	path := filepath.Join(t.TempDir(), "report.json")
	require.NoError(t, WriteJSON("", func() {}), "nothing to write")
	require.Error(t, WriteJSON(path, func() {}))
	require.NoFileExists(t, path)
	require.NoError(t, WriteJSON(path, []int{1}))
	data, err := os.ReadFile(path)
	require.NoError(t, err)
	require.Equal(t, "[\n  1\n]\n", string(data))
}
