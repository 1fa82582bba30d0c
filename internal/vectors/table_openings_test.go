package vectors

import (
	"crypto/sha256"
	"encoding/base32"
	"encoding/binary"
	"strings"
)

// openings changes the opening of a challenged ballot: docs/wire.md.
func (g *generator) openings() {
	path := here + "elections/sums.json"
	m := g.made[path]
	c := curves[m.file.Group]
	const prefix = "HANPYO/OPENING/1/"
	o := m.file.Openings[0]
	at := func(pointer string) target {
		return target{"opening/sums", m.file.Group, "opening", place{path, "/openings/0/" + pointer}}
	}
	all := field{"text", 0, len(o.Text)}
	letters := base32.StdEncoding.WithPadding(base32.NoPadding)
	data, err := letters.DecodeString(strings.TrimPrefix(o.Text, prefix))
	if err != nil {
		g.Fatal(err)
	}
	g.add(at("tracker"), field{"tracker", 0, 32}, changeOf("another", bit, "binding"))
	g.add(at("text"), all, changeTo("in small letters", []byte(strings.ToLower(o.Text)), "encoding"))
	g.add(at("text"), all, changeTo("without its prefix", []byte(strings.TrimPrefix(o.Text, prefix)), "encoding"))
	g.add(at("text"), all, changeTo("of version 2", []byte(strings.Replace(o.Text, "/1/", "/2/", 1)), "version"))
	g.add(at("text"), all, changeTo("with padding", []byte(o.Text+"="), "encoding"))
	g.add(at("text"), all, changeTo("without its last letter", []byte(o.Text[:len(o.Text)-1]), "encoding"))
	g.add(at("text"), all, changeTo("of more characters than a QR code holds", []byte(prefix+strings.Repeat("A", 4297-len(prefix))), "limit"))
	g.add(at("text"), field{"text", len(prefix), 1}, changeOf("one letter", func(b []byte) []byte { return []byte{'A' + (b[0]-'A'+1)%26} }, "encoding"))

	// with the right checksum of what was changed
	with := func(name string, from, n int, ch change) {
		changed := append(append(data[:from:from], ch.to(data[from:from+n:from+n])...), data[from+n:len(data)-4]...)
		label := "hanpyo/v1 opening"
		sum := sha256.Sum256(append(append(binary.BigEndian.AppendUint32(nil, uint32(len(label))), label...), changed...))
		text := prefix + letters.EncodeToString(append(changed, sum[:4]...))
		g.add(at("text"), field{name, all.at, all.n}, changeTo(ch.what, []byte(text), ch.reason))
	}
	flipped := func(old []byte) []byte { return bit(append([]byte(nil), old...)) }
	with("election", 0, 8, changeOf("another", flipped, "binding"))
	with("style", 8, 2, changeTo("that there is not", []byte{0, 1}, "range"))
	with("number", 10, 4, changeTo("0", make([]byte, 4), "range"))
	with("number", 10, 4, changeOf("another", flipped, "binding"))
	for _, ch := range c.pointChanges("group", "binding") {
		with("credential", 14, c.point, ch)
	}
	n := 14 + c.point
	with("seed", n, 32, changeOf("another", flipped, "binding"))
	with("proof", n+32, 32, changeOf("another", flipped, "binding"))
	with("votes", n+64, 4, changeTo("for another option", []byte{2, 0x80, 3, 0x88}, "binding"))
	with("votes", n+64, 4, changeTo("for more options than may be", []byte{2, 0xa0, 3, 0x88}, "range"))
	with("votes", n+64, 4, changeTo("with a bit behind the last mark", []byte{2, 0x21, 3, 0x88}, "encoding"))
	with("votes", n+64, 4, changeTo("with more bits for a mark than it needs", []byte{3, 0x08, 3, 0x88}, "encoding"))
	with("votes", n+64, 4, changeTo("with 33 bits for a mark", []byte{33, 0x20, 3, 0x88}, "encoding"))
	with("votes", n+64, 4, changeTo("with a byte more", []byte{2, 0x20, 3, 0x88, 0}, "encoding"))
	with("votes", n+64, 4, changeTo("of one contest only", []byte{2, 0x20}, "encoding"))
}
