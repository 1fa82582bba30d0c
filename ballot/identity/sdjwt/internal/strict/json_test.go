package strict

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hanpyo/hanpyo/ballot/identity"
)

func TestParseJSON(t *testing.T) {
	v, err := ParseJSON([]byte(` {"a": [1, 2.50, null, true, "\u00e9"], "b": {}} `))
	require.NoError(t, err)
	require.Equal(t, Object{"a": []any{json.Number("1"), json.Number("2.50"), nil, true, "é"}, "b": Object{}}, v)

	for text, want := range map[string]error{
		``:                      identity.ErrEncoding,
		`{`:                     identity.ErrEncoding,
		`{"a":1,}`:              identity.ErrEncoding,
		`{"a":1} {}`:            identity.ErrEncoding,
		`[1 2]`:                 identity.ErrEncoding,
		`01`:                    identity.ErrEncoding,
		`NaN`:                   identity.ErrEncoding,
		`{a:1}`:                 identity.ErrEncoding,
		"\"\xff\"":              identity.ErrEncoding,
		"\ufeff{}":              identity.ErrEncoding,
		`{"a":1,"a":1}`:         identity.ErrDuplicate,
		`{"a":1,"\u0061":1}`:    identity.ErrDuplicate,
		`[{"b":{"a":1,"a":1}}]`: identity.ErrDuplicate,
		strings.Repeat("[", 18) + strings.Repeat("]", 18): identity.ErrLimit,
		"[" + strings.Repeat("1,", maxValues) + "1]":      identity.ErrLimit,
	} {
		v, err := ParseJSON([]byte(text))
		require.ErrorIs(t, err, want, "%.30s", text)
		require.Nil(t, v)
	}
	_, err = ParseObject([]byte(`[]`))
	require.ErrorIs(t, err, identity.ErrEncoding)
}

// FuzzParseJSON compares the strict reader with encoding/json.
func FuzzParseJSON(f *testing.F) {
	for _, s := range []string{`{"a":[1,2.5e3,null,true,"\u00e9"]}`, `{"a":1,"a":2}`, `[[[[]]]]`, `{"a":1}x`, "\"\xff\"", `1`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		v, err := ParseJSON(data)
		if err != nil {
			require.Nil(t, v)
			return
		}
		var want any
		d := json.NewDecoder(bytes.NewReader(data))
		d.UseNumber()
		require.NoError(t, d.Decode(&want))
		require.Equal(t, want, v)
	})
}
