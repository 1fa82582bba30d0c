package boltledger

import (
	"os"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"
	"go.etcd.io/bbolt"
	"golang.org/x/mod/sumdb/note"

	"github.com/hanpyo/hanpyo/internal/reason"
)

// TestGuard holds that a panic and a memory fault of bbolt are errors that name
// the file, then and for every later use, and that the ledger can be closed
// and opened again.
func TestGuard(t *testing.T) {
	secret, _, err := note.GenerateKey(nil, "example.org/2027-council")
	require.NoError(t, err)
	signer, err := note.NewSigner(secret)
	require.NoError(t, err)
	for name, f := range map[string]func(s *store, tx *bbolt.Tx){
		"panic": func(*store, *bbolt.Tx) { panic("page 3 already freed") },
		"memory fault": func(s *store, tx *bbolt.Tx) {
			data := s.pages(tx).data
			require.NoError(t, os.Truncate(s.path, 0)) // while it is mapped
			t.Errorf("no fault at %d", data[len(data)-1])
		},
	} {
		t.Run(name, func(t *testing.T) {
			if runtime.GOOS == "windows" && name == "memory fault" {
				t.Skip("a mapped file cannot be cut here")
			}
			dir := t.TempDir()
			log, err := Open(dir, signer)
			require.NoError(t, err)
			s := log.(*writer).store
			whole, err := os.ReadFile(s.path)
			require.NoError(t, err)
			err = s.view(func(tx *bbolt.Tx) error { f(s, tx); return nil })
			require.ErrorIs(t, err, reason.ErrChain)
			require.ErrorContains(t, err, s.path+": damaged: ")
			_, later := log.Append(t.Context(), []byte("later"))
			require.Equal(t, err, later)
			_, later = log.Checkpoint(t.Context())
			require.Equal(t, err, later)
			require.NoError(t, log.Close())
			require.NoError(t, os.WriteFile(s.path, whole, 0o644))
			log, err = Open(dir, signer)
			require.NoError(t, err)
			require.NoError(t, log.Close())
		})
	}
}
