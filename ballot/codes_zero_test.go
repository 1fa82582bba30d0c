package ballot

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// A code that nobody has made is known to everybody, and so would be the key
// that follows from it.
func TestP85ZeroCode(t *testing.T) {
	forBothGroups(t, func(t *testing.T, group string) {
		m := shareManifest(t, group, 2)
		codes, _ := codesAndShares(t, m, "voter")
		_, err := NewCodeShare(m, m.Registrars.Keys[0], "voter", Code{})
		require.ErrorIs(t, err, ErrShape)
		_, err = VoterKeyFromCodes(m, "voter", codes)
		require.NoError(t, err)
		_, err = VoterKeyFromCodes(m, "voter", []Code{codes[0], {}})
		require.ErrorIs(t, err, ErrShape)
	})
}
