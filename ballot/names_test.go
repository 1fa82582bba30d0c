package ballot

import (
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/text/unicode/norm"
)

func TestLookAlikesAreReachableAndFinal(t *testing.T) {
	for from, to := range lookAlikes {
		if norm.NFKD.String(string(from)) != string(from) {
			t.Errorf("%U is decomposed before it is looked up", from)
		}
		require.NotContains(t, lookAlikes, to, "%U maps to %U, which maps on", from, to)
		require.Equal(t, string(to), norm.NFKD.String(string(to)))
	}
}
