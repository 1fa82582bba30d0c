package vectors

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"strings"

	"github.com/stretchr/testify/require"
)

// text changes the first place at which a text says one thing to another.
func (g *generator) text(t target, name, what, old, to, reason string) {
	data := g.data(t.place)
	at := bytes.Index(data, []byte(old))
	require.GreaterOrEqual(g, at, 0, "%s: no %q", t.id, old)
	g.add(t, field{name, at, len(old)}, change{what, constant([]byte(to)), reason})
}

// notes changes checkpoints and receipts: docs/ledger.md.
func (g *generator) notes() {
	const file = "sums"
	path := here + "elections/" + file + ".json"
	m := g.made[path]
	c := target{"checkpoint/" + file, m.file.Group, "checkpoint", place{path, "/checkpoint"}}
	lines := strings.SplitAfter(m.file.Checkpoint, "\n") // origin, size, root, empty, signature
	signature := lines[4]
	change := func(name, what, old, to, reason string) { g.text(c, name, what, old, to, reason) }
	change("origin", "another", "example.org/election\n", "example.org/elections\n", "signature")
	change("size", "one more", lines[1], next(lines[1]), "signature")
	change("size", "with a zero before it", lines[1], "0"+lines[1], "encoding")
	change("size", "with a sign", lines[1], "+"+lines[1], "encoding")
	change("size", "not decimal", lines[1], "0x"+lines[1], "encoding")
	change("root", "another", lines[2], other(lines[2]), "signature")
	change("root", "the same in another form: unused bits are set", lines[2], unused(lines[2]), "encoding")
	change("root", "without padding", lines[2], strings.Replace(lines[2], "=", "", 1), "encoding")
	change("text", "with an extension line", lines[2], lines[2]+"extension\n", "encoding")
	change("text", "without the root", lines[2], "", "encoding")
	change("text", "a carriage return in the last line but one", lines[2], strings.Replace(lines[2], "\n", "\r\n", 1), "encoding")
	change("signature line", "another signature", signature, other(signature), "signature")
	change("signature line", "of another name", signature, strings.Replace(signature, "org", "net", 1), "signature")
	change("signature line", "twice", signature, signature+signature, "signature")
	change("signature line", "beside one of a stranger", signature, signature+strings.Replace(signature, "org", "net", 1), "signature")
	change("signature line", "none", signature, "", "signature")
	change("signature line", "with a space more", signature, strings.Replace(signature, " ", "  ", 1), "signature")
	g.add(c, field{"all", 0, len(m.file.Checkpoint)}, changeTo("empty", nil, "signature"))

	for i, r := range m.file.Receipts[:1] {
		at := func(pointer string) target {
			return target{fmt.Sprintf("receipt/%s/%d", file, i), m.file.Group, "receipt", place{path, fmt.Sprintf("/receipts/%d/%s", i, pointer)}}
		}
		p := at("proof")
		lines := strings.SplitAfter(r.Proof, "\n")
		g.add(at("tracker"), field{"tracker", 0, 32}, changeOf("another", bit, "binding"))
		g.add(at("index"), field{"index", 0, len(fmt.Sprint(r.Index))}, changeTo("one more than the proof's", fmt.Append(nil, r.Index+1), "chain"))
		g.add(at("index"), field{"index", 0, len(fmt.Sprint(r.Index))}, changeTo("before the open", []byte("3"), "state"))
		g.text(p, "header", "another version", "@v1", "@v2", "encoding")
		g.text(p, "index line", "one more", lines[1], next(lines[1]), "chain")
		g.text(p, "index line", "with a zero before it", "index ", "index 0", "encoding")
		g.text(p, "index line", "left out", lines[1], "", "encoding")
		g.text(p, "hash 1", "another", lines[2], other(lines[2]), "chain")
		g.text(p, "hash 1", "unused bits are set", lines[2], unused(lines[2]), "encoding")
		g.text(p, "hash 1", "left out", lines[2], "", "chain")
		g.text(p, "hash 1", "twice", lines[2], lines[2]+lines[2], "chain")
		g.text(p, "hashes 1 and 2", "exchanged", lines[2]+lines[3], lines[3]+lines[2], "chain")
		g.text(p, "extra data", "a line", lines[1], "extra AAAA\n"+lines[1], "encoding")
		note := r.Proof[strings.Index(r.Proof, "\n\n")+2:]
		g.text(p, "checkpoint", "that of the whole ledger", note, m.file.Checkpoint, "chain")
		g.text(p, "checkpoint", "without its signature", note[strings.Index(note, "— "):], "", "signature")
		g.text(p, "checkpoint", "another root", "\n\n"+note, "\n\n"+strings.Replace(note, strings.Split(note, "\n")[2], strings.TrimSpace(other(strings.Split(note, "\n")[2]+"\n")), 1), "signature")
		g.add(p, field{"all", 0, len(r.Proof)}, changeTo("empty", nil, "encoding"))
	}
}

func changeTo(what string, b []byte, reason string) change {
	return change{what, constant(b), reason}
}

func changeOf(what string, to func([]byte) []byte, reason string) change {
	return change{what, to, reason}
}

// next is a line with the number at its end one more.
func next(line string) string {
	head, last := "", strings.TrimSuffix(line, "\n")
	if i := strings.LastIndex(last, " "); i >= 0 {
		head, last = last[:i+1], last[i+1:]
	}
	var n int
	fmt.Sscan(last, &n)
	return fmt.Sprintf("%s%d\n", head, n+1)
}

// other is a line with another letter near the end of its base64.
func other(line string) string {
	b := []byte(line)
	i := len(b) - 8
	if b[i] == 'A' {
		b[i] = 'B'
	} else {
		b[i] = 'A'
	}
	return string(b)
}

// unused is the line of a hash with one of the two bits set that base64 leaves
// over.
func unused(line string) string {
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
	b := []byte(line)
	i := bytes.IndexByte(b, '=') - 1
	b[i] = letters[strings.IndexByte(letters, b[i])|1]
	return string(b)
}

// manifests changes manifests in JSON and in canonical bytes: docs/manifest.md.
func (g *generator) manifests() {
	path := here + "elections/sums.json"
	m := g.made[path]
	j := target{"manifest/sums", m.file.Group, "manifest", place{path, "/manifest"}}
	text := func(name, what, old, to, reason string) { g.text(j, name, what, old, to, reason) }
	text("version", "2", `"version": 1`, `"version": 2`, "version")
	text("version", "a fraction", `"version": 1`, `"version": 1.0`, "encoding")
	text("version", "an exponent", `"version": 1`, `"version": 1e0`, "encoding")
	text("version", "a text", `"version": 1`, `"version": "1"`, "encoding")
	text("version", "null", `"version": 1`, `"version": null`, "encoding")
	text("version", "with a zero before it", `"version": 1`, `"version": 01`, "encoding")
	text("version", "twice", `"version": 1`, `"version": 1, "version": 1`, "encoding")
	text("version", "the key in other case", `"version": 1`, `"Version": 1`, "encoding")
	text("version", "the key twice, once in other case", `"version": 1`, `"version": 1, "VERSION": 1`, "encoding")
	text("version", "an unknown key beside it", `"version": 1`, `"version": 1, "versions": 1`, "encoding")
	text("group", "not known", `"ristretto255"`, `"edwards25519"`, "version")
	text("group", "left out", `  "group": "ristretto255",`, ``, "encoding")
	text("title", "empty", `"Test"`, `""`, "encoding")
	text("title", "with a character that turns the direction", `"Test"`, "\"Te\u202est\"", "encoding")
	text("title", "with a zero-width space", `"Test"`, "\"Te\u200bst\"", "encoding")
	text("title", "with a control character", `"Test"`, `"Te\u0001st"`, "encoding")
	text("title", "with a lone surrogate", `"Test"`, `"Te\ud800st"`, "encoding")
	text("title", "not UTF-8", `"Test"`, "\"Te\xffst\"", "encoding")
	text("title", "with two spaces", `"Test"`, `"Te  st"`, "encoding")
	text("title", "of 1,001 bytes", `"Test"`, `"`+strings.Repeat("t", 1001)+`"`, "limit")
	text("ledger.origin", "not the key's name", `"origin": "example.org/election"`, `"origin": "example.org/other"`, "binding")
	text("ledger.key", "of no key", m.file.Key, strings.Replace(m.file.Key, "+A", "+B", 1), "encoding")
	first := fmt.Sprintf("%x", []byte(m.Manifest.Authorities.Keys[0]))
	second := fmt.Sprintf("%x", []byte(m.Manifest.Authorities.Keys[1]))
	text("authorities.keys", "one twice", second, first, "duplicate")
	text("authorities.keys", "one in capitals", first, strings.ToUpper(first), "encoding")
	text("authorities.keys", "one a digit short", first, first[1:], "encoding")
	text("authorities.keys", "one of small order", first, strings.Repeat("0", 64), "group")
	text("authorities.keys", "the identity", first, "01"+strings.Repeat("0", 62), "group")
	text("authorities.keys", "one that is no point", first, "02"+strings.Repeat("0", 62), "group")
	text("authorities.quorum", "more than there are", `"quorum": 2`, `"quorum": 4`, "range")
	text("authorities.quorum", "0", `"quorum": 2`, `"quorum": 0`, "range")
	text("authorities.quorum", "below 0", `"quorum": 2`, `"quorum": -1`, "range")
	text("trustees", "the second has the first one's signing key", fmt.Sprintf("%x", []byte(m.Manifest.Trustees[1].Signing)), fmt.Sprintf("%x", []byte(m.Manifest.Trustees[0].Signing)), "duplicate")
	e1, e2 := hex.EncodeToString(m.Group.AppendPoint(nil, m.Manifest.Trustees[0].Encryption)), hex.EncodeToString(m.Group.AppendPoint(nil, m.Manifest.Trustees[1].Encryption))
	text("trustees", "the second has the first one's encryption key", e2, e1, "duplicate")
	text("trustees", "an encryption key that is the identity", e1, strings.Repeat("0", 64), "group")
	text("trustees", "an encryption key that is not canonical", e1, hex.EncodeToString(curves["ristretto255"].twin(unhex(e1))), "encoding")
	text("trustees", "two names that look alike", `"Trustee 2"`, "\"Trustee l\"", "duplicate")
	text("threshold", "0", `"threshold": 2`, `"threshold": 0`, "range")
	text("threshold", "more than there are trustees", `"threshold": 2`, `"threshold": 4`, "range")
	text("threshold", "1 of 3 without the word for it", `"threshold": 2`, `"threshold": 1`, "range")
	text("threshold", "3 of 3 without the word for it", `"threshold": 2`, `"threshold": 3`, "range")
	text("accept", "a word that does not apply", `"threshold": 2`, `"threshold": 2, "accept": ["minority-threshold"]`, "range")
	text("accept", "a word that is none", `"threshold": 2`, `"threshold": 2, "accept": ["anything"]`, "encoding")
	text("mixers", "where nothing is mixed", `"threshold": 2`, fmt.Sprintf(`"threshold": 2, "mixers": {"keys": [{"name": "M", "signing": %q}], "needed": 1}`, first), "shape")
	text("contests.kind", "not known", `"choose"`, `"chose"`, "version")
	text("contests.min", "above max", `"min": 1`, `"min": 2`, "range")
	text("contests.max", "above the number of options", `"max": 1`, `"max": 3`, "range")
	text("contests.points", "where the kind has none", `"min": 1`, `"min": 1, "points": 3`, "encoding")
	text("contests.points", "above 65,536", `"points": 3`, `"points": 65537`, "range")
	text("options.id", "twice", `"id": "grace"`, `"id": "ada"`, "duplicate")
	text("options.id", "twice, once in other case", `"id": "grace"`, `"id": "Ada"`, "duplicate")
	text("options.id", "with a space", `"id": "ada"`, `"id": "a da"`, "encoding")
	text("options.id", "of 65 characters", `"id": "ada"`, `"id": "`+strings.Repeat("a", 65)+`"`, "limit")
	text("options.id", "that of the blank vote", `"id": "ada"`, `"id": "blank"`, "duplicate")
	text("options.name", "that of another in Greek letters", `"Grace"`, "\"Αda\"", "duplicate")
	text("options", "none", "[\n        {\n          \"id\": \"ada\",\n          \"name\": \"Ada\"\n        },\n        {\n          \"id\": \"grace\",\n          \"name\": \"Grace\"\n        }\n      ]", "[]", "shape")
	text("styles.contests", "one that there is not", `"mayor",`, `"mayors",`, "shape")
	text("styles.contests", "one that nobody has", "\"mayor\",\n        \"parks\"", `"mayor"`, "shape")
	text("styles.contests", "one twice", "\"mayor\",\n        \"parks\"", `"mayor", "parks", "parks"`, "duplicate")
	text("limits.max_voters", "0", `"max_voters": 8`, `"max_voters": 0`, "range")
	text("limits.max_voters", "above 2^40", `"max_voters": 8`, `"max_voters": 1099511627777`, "range")
	text("limits.max_weight", "below max_voters", `"max_weight": 16`, `"max_weight": 7`, "range")
	text("limits.ballots_per_credential", "above 65,536", `"ballots_per_credential": 10`, `"ballots_per_credential": 65537`, "range")
	text("hours.closes", "before it opens", "2027-05-09T07:00:00Z", "2027-05-09T06:00:00Z", "range")
	text("hours.closes", "no time", "2027-05-09T07:00:00Z", "2027-05-09 07:00:00", "encoding")
	text("hours.closes", "not in UTC", "07:00:00Z", "07:00:00+01:00", "encoding")
	text("rounding", "0", `"rounding": 60`, `"rounding": 0`, "range")
	text("rounding", "above a day", `"rounding": 60`, `"rounding": 86401`, "range")
	text("eligibility", "not known", `"eligibility": "roll"`, `"eligibility": "all"`, "version")
	text("document", "text behind the end", "\"rounding\": 60\n}", "\"rounding\": 60\n} {}", "encoding")
	text("document", "a comma behind the last value", `"rounding": 60`, `"rounding": 60,`, "encoding")
	g.add(j, field{"document", 0, len(m.file.Manifest)}, changeTo("empty", nil, "encoding"))
	g.add(j, field{"document", 0, 0}, changeTo("a byte order mark before it", []byte("\ufeff"), "encoding"))

	b := target{"manifest-bytes/sums", m.file.Group, "manifest bytes", place{path, "/manifest_bytes"}}
	g.add(b, field{"version", 0, 1}, changeTo("2", []byte{2}, "version"))
	g.add(b, field{"kind of entry", 1, 1}, changeTo("2", []byte{2}, "encoding"))
	g.whole(b, "all", "encoding")
	g.text(b, "group", "not known", "ristretto255", "ristretto256", "version")
	g.text(b, "title", "a length beyond the end", "\x00\x00\x00\x04Test", "\x00\x00\xff\xffTest", "limit")
	g.text(b, "title", "not UTF-8", "Test", "Te\xff\xfe", "encoding")
	g.text(b, "title", "not in normal form C", "\x00\x00\x00\x04Test", "\x00\x00\x00\x06Tese\u0301", "encoding")
	g.text(b, "kind of a contest", "not known", "choose", "chosen", "version")
}
