package ledger_test

import (
	"testing"

	"golang.org/x/mod/sumdb/note"

	"github.com/hanpyo/hanpyo/ledger"
	"github.com/hanpyo/hanpyo/ledger/ledgertest"
)

func TestMemory(t *testing.T) {
	ledgertest.Run(t, inMemory)
}

func FuzzLedgerModel(f *testing.F) { ledgertest.FuzzModel(f, inMemory, false) }

func inMemory(_ string, s note.Signer) (ledger.Ledger, error) { return ledger.NewMemory(s), nil }
