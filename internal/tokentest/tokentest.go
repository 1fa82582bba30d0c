// Package tokentest has issuer keys for tests, because making one takes half a
// second. They are public and no secrets.
package tokentest

import (
	_ "embed"
	"encoding/hex"
	"strings"
	"sync"

	"github.com/hanpyo/hanpyo/ballot/token"
)

//go:embed keys.txt
var text string

// Keys is how many keys there are.
const Keys = 12

var keys [Keys]struct {
	once sync.Once
	key  *token.IssuerKey
}

// Key returns key i of [Keys]. No two are equal.
func Key(i int) *token.IssuerKey {
	k := &keys[i]
	k.once.Do(func() {
		b, err := hex.DecodeString(strings.Fields(text)[i])
		if err == nil {
			k.key, err = token.ParseIssuerKey(b)
		}
		if err != nil {
			panic("tokentest: " + err.Error())
		}
	})
	return k.key
}
