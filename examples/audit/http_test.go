package main

import (
	"net/http/httptest"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hanpyo/hanpyo/ledger"
	"github.com/hanpyo/hanpyo/ledger/boltledger"
)

// TestServed audits a ledger that is served, with the verdict that
// its directory has.
func TestServed(t *testing.T) {
	_, want, _ := start("-ledger", one.dir, "-fingerprint", one.fingerprint)
	log, err := boltledger.OpenReadOnly(one.dir)
	require.NoError(t, err)
	defer log.Close()
	server := httptest.NewServer(ledger.Handler(log))
	defer server.Close()
	status, out, errs := start("-ledger", server.URL, "-fingerprint", one.fingerprint)
	require.Zero(t, status, errs)
	require.Equal(t, want, out)
	status, _, errs = start("-ledger", server.URL+"/elsewhere", "-fingerprint", one.fingerprint)
	require.Equal(t, notRun, status)
	require.Contains(t, errs, "/elsewhere/checkpoint")
	status, _, errs = start("-ledger", server.URL, "-fingerprint", other.fingerprint)
	require.Equal(t, notRun, status)
	require.Contains(t, errs, server.URL)
	server.Close()
	status, _, errs = start("-ledger", server.URL, "-fingerprint", one.fingerprint)
	require.Equal(t, notRun, status)
	require.Contains(t, errs, "audit: could not run: ")
	require.Contains(t, errs, server.URL)

	mirror := filepath.Join(t.TempDir(), "mirror")
	_, err = boltledger.Mirror(t.Context(), mirror, log, ledger.Policy{})
	require.ErrorIs(t, err, ledger.ErrUnanchored)
}
