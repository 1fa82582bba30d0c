package strictjson

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hanpyo/hanpyo/internal/reason"
)

const limit = 1 << 20

func TestReads(t *testing.T) {
	root, err := Parse([]byte(" {\"a\" : [1, -2,\n9007199254740991,\t-9007199254740991, 0, []], \"b\": {\"c\":true,\"d\":false, \"e\": {}},\r\n"+
		`"text":"\"\\\/\b\f\n\r\t\u00e9é\ud83d\udE00😀\u0000",`+`"K2_":"", "unasked": {}} `), limit)
	require.NoError(t, err)
	a := root.Field("a").List()
	require.Len(t, a, 6)
	for i, want := range []int64{1, -2, MaxInteger, -MaxInteger, 0} {
		require.Equal(t, want, a[i].Int(-MaxInteger, MaxInteger))
	}
	require.Equal(t, "a[3]", a[3].Path())
	require.Empty(t, a[5].List())
	b := root.Field("b")
	require.True(t, b.Field("c").Bool())
	require.False(t, b.Field("d").Bool())
	require.True(t, b.Has("e"))
	require.False(t, b.Has("f"))
	require.Equal(t, []string{"c", "d", "e"}, b.Keys())
	require.Empty(t, b.Field("e").Keys())
	require.Equal(t, "\"\\/\b\f\n\r\té\u00e9😀😀\x00", root.Field("text").Text())
	require.Empty(t, root.Field("K2_").Text())
	require.EqualError(t, root.Done(), "json: unasked: unknown key: malformed encoding", "nobody asked for it")

	root, err = Parse([]byte(`{"list": []}`), limit)
	require.NoError(t, err)
	require.Nil(t, root.Field("list").Keys())
	require.EqualError(t, root.Done(), "json: list: is a list and must be an object: malformed encoding")
}

// Each is one change of a valid document.
func TestP79P81Refuses(t *testing.T) {
	const valid = `{"key": [1, "text", true]}`
	_, err := Parse([]byte(valid), limit)
	require.NoError(t, err)
	for _, test := range []struct {
		name, data string
		reason     error
		text       string
	}{
		{"empty", ``, reason.ErrEncoding, "json: at byte 0: no JSON value"},
		{"byte order mark", "\ufeff" + valid, reason.ErrEncoding, "no JSON value"},
		{"trailing value", valid + ` 1`, reason.ErrEncoding, "json: at byte 27: trailing data"},
		{"trailing NUL", valid + "\x00", reason.ErrEncoding, "trailing data"},
		{"other white space", "\u00a0" + valid, reason.ErrEncoding, "no JSON value"},
		{"vertical tab", "\v" + valid, reason.ErrEncoding, "no JSON value"},
		{"comment", valid + "// x", reason.ErrEncoding, "trailing data"},
		{"duplicate key", `{"key": 1, "key": 1}`, reason.ErrEncoding, `json: key: at byte 16: key "key" after key "key"`},
		{"duplicate key by escape", `{"key": 1, "\u006bey": 1}`, reason.ErrEncoding, `key "key" after key "key"`},
		{"duplicate key by case", `{"key": 1, "KEY": 1}`, reason.ErrEncoding, `key "KEY" after key "key"`},
		{"duplicate key by Kelvin sign", `{"key": 1, "` + "\u212a" + `ey": 1}`, reason.ErrEncoding, `after key "key"`},
		{"duplicate key by long s", `{"s": 1, "ſ": 1}`, reason.ErrEncoding, `after key "s"`},
		{"duplicate key by sigma", `{"σ": 1, "ς": 1}`, reason.ErrEncoding, `after key "σ"`},
		{"duplicate key inside", `{"key": [{"a": {}, "a": {}}]}`, reason.ErrEncoding, "json: key[0].a: "},
		{"key without quotes", `{key: 1}`, reason.ErrEncoding, "expected a key"},
		{"number as key", `{1: 1}`, reason.ErrEncoding, "expected a key"},
		{"no colon", `{"key" 1}`, reason.ErrEncoding, "json: key: at byte 7: expected a colon"},
		{"no value", `{"key":}`, reason.ErrEncoding, "no JSON value"},
		{"comma at the end of an object", `{"key": 1,}`, reason.ErrEncoding, "expected a key"},
		{"comma at the end of a list", `[1,]`, reason.ErrEncoding, "json: [1]: at byte 3: no JSON value"},
		{"two commas", `[1,,2]`, reason.ErrEncoding, "no JSON value"},
		{"no comma", `[1 2]`, reason.ErrEncoding, "expected a comma"},
		{"wrong bracket", `[1}`, reason.ErrEncoding, "expected a comma"},
		{"open list", `[1`, reason.ErrEncoding, "expected a comma"},
		{"open object", `{"key": 1`, reason.ErrEncoding, "expected a comma"},
		{"null", `{"key": null}`, reason.ErrEncoding, "json: key: at byte 12: null is no value"},
		{"True", `True`, reason.ErrEncoding, "no JSON value"},
		{"truely", `truely`, reason.ErrEncoding, "trailing data"},
		{"NaN", `NaN`, reason.ErrEncoding, "no JSON value"},
		{"single quotes", `'text'`, reason.ErrEncoding, "no JSON value"},
		{"fraction", `1.0`, reason.ErrEncoding, "1.0 is not a plain integer"},
		{"exponent", `1e3`, reason.ErrEncoding, "1e3 is not a plain integer"},
		{"exponent of zero", `0E0`, reason.ErrEncoding, "not a plain integer"},
		{"minus zero", `-0`, reason.ErrEncoding, "-0 is not the plain form"},
		{"minus", `-`, reason.ErrEncoding, "not a plain integer"},
		{"two minuses", `--1`, reason.ErrEncoding, "not a plain integer"},
		{"minus inside", `1-1`, reason.ErrEncoding, "not a plain integer"},
		{"plus", `+1`, reason.ErrEncoding, "no JSON value"},
		{"leading zero", `01`, reason.ErrEncoding, "01 is not the plain form"},
		{"negative leading zero", `-01`, reason.ErrEncoding, "-01 is not the plain form"},
		{"hex", `0x1`, reason.ErrEncoding, "trailing data"},
		{"underscore", `1_0`, reason.ErrEncoding, "trailing data"},
		{"Arabic digit", `١`, reason.ErrEncoding, "no JSON value"},
		{"2^53", `9007199254740992`, reason.ErrEncoding, "above 2^53-1"},
		{"2^53+1", `9007199254740993`, reason.ErrEncoding, "above 2^53-1"},
		{"-2^53", `-9007199254740992`, reason.ErrEncoding, "above 2^53-1"},
		{"2^64", `18446744073709551616`, reason.ErrEncoding, "above 2^53-1"},
		{"long number", strings.Repeat("9", 10_000), reason.ErrEncoding, strings.Repeat("9", 32) + " is above"},
		{"open text", `"text`, reason.ErrEncoding, "text without end"},
		{"open escape", `"text\`, reason.ErrEncoding, "text without end"},
		{"open unicode escape", `"\u12"`, reason.ErrEncoding, "text without end"},
		{"escape without hex", `"\u12g4"`, reason.ErrEncoding, "four hex digits"},
		{"escape with a sign", `"\u+123"`, reason.ErrEncoding, "four hex digits"},
		{"unknown escape", `"\x41"`, reason.ErrEncoding, "unknown escape"},
		{"line end in text", "\"a\nb\"", reason.ErrEncoding, "control character 0xa"},
		{"NUL in text", "\"a\x00b\"", reason.ErrEncoding, "control character 0x0"},
		{"bad UTF-8", "\"a\xffb\"", reason.ErrEncoding, "not UTF-8"},
		{"overlong UTF-8", "\"\xc0\xaf\"", reason.ErrEncoding, "not UTF-8"},
		{"surrogate in UTF-8", "\"\xed\xa0\x80\"", reason.ErrEncoding, "not UTF-8"},
		{"bad UTF-8 in a key", "{\"\xff\": 1}", reason.ErrEncoding, "not UTF-8"},
		{"bad UTF-8 outside", "[\xff]", reason.ErrEncoding, "no JSON value"},
		{"lone high surrogate", `"\ud83d"`, reason.ErrEncoding, "lone surrogate"},
		{"lone low surrogate", `"\ude00"`, reason.ErrEncoding, "lone surrogate"},
		{"surrogates in the wrong order", `"\ude00\ud83d"`, reason.ErrEncoding, "lone surrogate"},
		{"high surrogate and a letter", `"\ud83d\u0041"`, reason.ErrEncoding, "lone surrogate"},
		{"depth", strings.Repeat("[", MaxDepth+2) + strings.Repeat("]", MaxDepth+2), reason.ErrLimit, "deeper than 16"},
		{"depth 100,000", strings.Repeat(`{"a":[`, 50_000), reason.ErrLimit, "deeper than 16"},
		{"values", "[" + strings.Repeat("0,", MaxValues), reason.ErrLimit, "more than 262144 values"},
		{"long text", `"` + strings.Repeat("x", MaxText+1) + `"`, reason.ErrLimit, "text of more than 4096 bytes"},
		{"long key", `{"` + strings.Repeat("x", MaxText+1) + `": 1}`, reason.ErrLimit, "text of more than 4096 bytes"},
		{"wrong value of a long key", `{"` + strings.Repeat("x", MaxText) + `": nul}`, reason.ErrEncoding, `json: "` + strings.Repeat("x", 64) + `": at byte`},
		{"size", strings.Repeat(" ", limit) + "1", reason.ErrLimit, "at most 1048576"},
	} {
		t.Run(test.name, func(t *testing.T) {
			root, err := Parse([]byte(test.data), limit)
			require.ErrorIs(t, err, test.reason)
			require.ErrorContains(t, err, test.text)
			require.Nil(t, root)
		})
	}
	_, err = Parse([]byte(`"`+strings.Repeat("x", MaxText)+`"`), limit)
	require.NoError(t, err)
	_, err = Parse([]byte(strings.Repeat("[", MaxDepth+1)+strings.Repeat("]", MaxDepth+1)), limit)
	require.NoError(t, err)
}

// The first wrong answer sticks, and later ones are harmless.
func TestValueRefuses(t *testing.T) {
	for _, test := range []struct {
		name   string
		ask    func(root *Value)
		reason error
		text   string
	}{
		{"missing key", func(r *Value) { r.Field("b").Field("c").List() }, reason.ErrEncoding, `json: has no "b": malformed encoding`},
		{"missing key inside", func(r *Value) { r.Field("a").List()[0].Field("x y") }, reason.ErrEncoding, `json: a[0]: has no "x y": malformed encoding`},
		{"field of a list", func(r *Value) { r.Field("a").Field("b") }, reason.ErrEncoding, "json: a: is a list and must be an object: malformed encoding"},
		{"list of an object", func(r *Value) { r.List() }, reason.ErrEncoding, "json: is an object and must be a list: malformed encoding"},
		{"text of a number", func(r *Value) { r.Field("n").Text() }, reason.ErrEncoding, "json: n: is a number and must be text: malformed encoding"},
		{"boolean of text", func(r *Value) { r.Field("t").Bool() }, reason.ErrEncoding, "json: t: is text and must be true or false: malformed encoding"},
		{"number of text", func(r *Value) { r.Field("t").Int(0, 9); r.Field("b") }, reason.ErrEncoding, "json: t: is text and must be a number: malformed encoding"},
		{"number below", func(r *Value) { r.Field("n").Int(8, 9) }, reason.ErrRange, "json: n: 7 is not between 8 and 9: out of range"},
		{"number above", func(r *Value) { r.Field("n").Int(0, 6) }, reason.ErrRange, "json: n: 7 is not between 0 and 6: out of range"},
		{"odd key", func(r *Value) { r.Field(`o"\n`).Int(0, 0) }, reason.ErrRange, `json: "o\"\\n": 1 is not between 0 and 0: out of range`},
	} {
		t.Run(test.name, func(t *testing.T) {
			root, err := Parse([]byte(`{"a": [{"b": 1}], "n": 7, "t": "7", "o\"\\n": 1}`), limit)
			require.NoError(t, err)
			test.ask(root)
			require.Zero(t, root.Field("n").Int(0, 9), "after a failure there are no values")
			require.ErrorIs(t, root.Done(), test.reason)
			require.EqualError(t, root.Done(), test.text)
		})
	}
}

// Whatever Parse accepts is JSON to encoding/json too, with the same content.
func FuzzParse(f *testing.F) {
	for _, s := range []string{`{"a": [1, -2, {"b": "x\ud83d\ude00"}], "c": true}`, `"\u0000"`, `[[[]]]`, `0`, `{"K":1,"\u212a":1}`, `nul`} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		v, err := Parse(data, limit)
		if err != nil {
			require.Nil(t, v)
			return
		}
		var reference any
		require.NoError(t, json.Unmarshal(data, &reference))
		same(t, v, reference)
		require.NoError(t, v.Done())
	})
}

func same(t *testing.T, v *Value, reference any) {
	switch want := reference.(type) {
	case map[string]any:
		require.Len(t, v.items, len(want))
		for key, inner := range want {
			same(t, v.Field(key), inner)
		}
		v.is(object)
	case []any:
		items := v.List()
		require.Len(t, items, len(want))
		for i, inner := range want {
			same(t, items[i], inner)
		}
	case string:
		require.Equal(t, want, v.Text())
	case float64:
		require.Equal(t, int64(want), v.Int(-MaxInteger, MaxInteger))
	case bool:
		require.Equal(t, want, v.Bool())
	default:
		t.Fatalf("%T", reference)
	}
}
