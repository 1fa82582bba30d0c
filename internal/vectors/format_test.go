package vectors

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hanpyo/hanpyo/internal/reason"
)

// vector is one change of something that is accepted, and why what comes of it
// is refused. docs/vectors.md describes the fields.
type vector struct {
	ID          string   `json:"id"`
	Group       string   `json:"group"`
	Where       string   `json:"where"`
	Mutates     place    `json:"mutates"`
	Field       string   `json:"field"`
	Change      string   `json:"change"`
	Edits       []edit   `json:"edits,omitempty"`
	Also        []also   `json:"also,omitempty"`
	Then        []string `json:"then,omitempty"`
	Fingerprint string   `json:"fingerprint,omitempty"`
	Check       string   `json:"check,omitempty"`
	Reason      string   `json:"reason"`
}

// place is a value in a file: a path from the module's root and a JSON pointer
// (RFC 6901).
type place struct {
	File    string `json:"file"`
	Pointer string `json:"pointer"`
}

// also is what else changes in the file, because otherwise it would be refused
// for that.
type also struct {
	Pointer string `json:"pointer"`
	Edits   []edit `json:"edits"`
}

// edit puts bytes in the place of others. Offsets are those of the unchanged
// value; a vector's edits are in ascending order and do not overlap.
type edit struct {
	At     int    `json:"at"`
	Remove int    `json:"remove"`
	Insert string `json:"insert"`
}

// election is a whole election with what is needed to change it.
type election struct {
	Name         string    `json:"name"`
	Group        string    `json:"group"`
	Title        string    `json:"title"`
	Origin       string    `json:"origin"`
	Key          string    `json:"key"`
	TestOnlyKey  string    `json:"test_only_private_key"`
	Fingerprint  string    `json:"fingerprint"`
	Manifest     string    `json:"manifest"`
	Entries      []string  `json:"entries"`
	Refused      []refused `json:"refused"`
	Checkpoint   string    `json:"checkpoint"`
	Receipts     []receipt `json:"receipts"`
	Openings     []opening `json:"openings,omitempty"`
	Verdict      string    `json:"verdict"`
	Result       []totals  `json:"result"`
	ManifestBody string    `json:"manifest_bytes"`
}

type refused struct {
	Entry  int    `json:"entry"`
	Reason string `json:"reason"`
}

type receipt struct {
	Entry   int    `json:"entry"`
	Index   int    `json:"index"`
	Tracker string `json:"tracker"`
	Proof   string `json:"proof"`
}

// opening is of a challenged ballot; its receipt is of the spoil.
type opening struct {
	Tracker string  `json:"tracker"`
	Text    string  `json:"text"`
	Receipt receipt `json:"receipt"`
}

type totals struct {
	Contest string           `json:"contest"`
	Totals  map[string]int64 `json:"totals"`
}

// reasons are the names that vectors have for the reasons. docs/vectors.md
// explains them; they do not change.
var reasons = map[string]error{
	"encoding":    reason.ErrEncoding,
	"group":       reason.ErrGroup,
	"binding":     reason.ErrBinding,
	"proof":       reason.ErrProof,
	"range":       reason.ErrRange,
	"shape":       reason.ErrShape,
	"duplicate":   reason.ErrDuplicate,
	"replay":      reason.ErrReplay,
	"eligibility": reason.ErrEligibility,
	"state":       reason.ErrState,
	"chain":       reason.ErrChain,
	"signature":   reason.ErrSignature,
	"fork":        reason.ErrFork,
	"quorum":      reason.ErrQuorum,
	"limit":       reason.ErrLimit,
	"incomplete":  reason.ErrIncomplete,
	"unanchored":  reason.ErrUnanchored,
	"version":     reason.ErrVersion,
}

const (
	root         = "../.."
	here         = "internal/vectors/testdata/"
	negativeFile = here + "negative.json"
)

// files are the JSON documents that vectors change, by path.
type files map[string]any

func (f files) open(t testing.TB, name string) any {
	if doc, ok := f[name]; ok {
		return doc
	}
	require.False(t, strings.Contains(name, ".."), "a path inside the module")
	data, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(name)))
	require.NoError(t, err)
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	var doc any
	require.NoError(t, d.Decode(&doc))
	f[name] = doc
	return doc
}

// value returns what a pointer points to.
func value(doc any, pointer string) (any, error) {
	if pointer == "" {
		return doc, nil
	}
	head, tail, err := step(pointer)
	if err != nil {
		return nil, err
	}
	switch d := doc.(type) {
	case map[string]any:
		if v, ok := d[head]; ok {
			return value(v, tail)
		}
	case []any:
		if i, err := strconv.Atoi(head); err == nil && 0 <= i && i < len(d) {
			return value(d[i], tail)
		}
	}
	return nil, fmt.Errorf("nothing at %q", pointer)
}

// with returns a document with another value where a pointer points to. It
// shares with the old one all that is the same.
func with(doc any, pointer string, v any) any {
	if pointer == "" {
		return v
	}
	head, tail, _ := step(pointer)
	switch d := doc.(type) {
	case map[string]any:
		d = maps.Clone(d)
		d[head] = with(d[head], tail, v)
		return d
	case []any:
		d = slices.Clone(d)
		i, _ := strconv.Atoi(head)
		d[i] = with(d[i], tail, v)
		return d
	}
	panic("no such place: " + pointer)
}

func step(pointer string) (head, tail string, err error) {
	rest, ok := strings.CutPrefix(pointer, "/")
	if !ok {
		return "", "", fmt.Errorf("pointer %q does not begin with /", pointer)
	}
	head, tail, ok = strings.Cut(rest, "/")
	if ok {
		tail = "/" + tail
	}
	return strings.ReplaceAll(strings.ReplaceAll(head, "~1", "/"), "~0", "~"), tail, nil
}

// octets returns the bytes that edits apply to: those that a string of
// hexadecimal digits says, the UTF-8 of any other, and a number's digits.
func octets(v any) ([]byte, error) {
	switch v := v.(type) {
	case string:
		if b, err := hex.DecodeString(v); err == nil {
			return b, nil
		}
		return []byte(v), nil
	case json.Number:
		return []byte(v), nil
	}
	return nil, fmt.Errorf("%T has no bytes", v)
}

// spelled is octets, backwards: b as a value of old's form.
func spelled(old any, b []byte) any {
	if s, ok := old.(string); ok {
		if _, err := hex.DecodeString(s); err == nil {
			return hex.EncodeToString(b)
		}
		return string(b)
	}
	return json.Number(b)
}

// apply makes the edits.
func apply(data []byte, edits []edit) ([]byte, error) {
	var out []byte
	end := 0
	for _, e := range edits {
		insert, err := hex.DecodeString(e.Insert)
		if err != nil || e.At < end || e.Remove < 0 || e.At+e.Remove > len(data) {
			return nil, fmt.Errorf("edit at %d of %d bytes, after %d", e.At, len(data), end)
		}
		out = append(append(out, data[end:e.At]...), insert...)
		end = e.At + e.Remove
	}
	return append(out, data[end:]...), nil
}

// changed returns the document with the vector's edits made, and the changed
// bytes.
func (v *vector) changed(doc any) (any, []byte, error) {
	doc, b, err := edited(doc, v.Mutates.Pointer, v.Edits)
	for _, a := range v.Also {
		if err == nil {
			doc, _, err = edited(doc, a.Pointer, a.Edits)
		}
	}
	return doc, b, err
}

func edited(doc any, pointer string, edits []edit) (any, []byte, error) {
	old, err := value(doc, pointer)
	if err != nil {
		return nil, nil, err
	}
	data, err := octets(old)
	if err != nil {
		return nil, nil, err
	}
	b, err := apply(data, edits)
	if err != nil {
		return nil, nil, err
	}
	return with(doc, pointer, spelled(old, b)), b, nil
}

// readVectors reads negative.json.
func readVectors(t testing.TB) (list []vector) {
	data, err := os.ReadFile(filepath.Join(root, negativeFile))
	require.NoError(t, err)
	d := json.NewDecoder(bytes.NewReader(data))
	d.DisallowUnknownFields()
	require.NoError(t, d.Decode(&list))
	return list
}

// as turns a document's part into a value.
func as[T any](t testing.TB, doc any) (v T) {
	data, err := json.Marshal(doc)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(data, &v))
	return v
}
