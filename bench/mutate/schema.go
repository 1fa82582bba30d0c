package main

import (
	"fmt"

	"github.com/hanpyo/hanpyo/ballot"
	"github.com/hanpyo/hanpyo/ballot/token"
	"github.com/hanpyo/hanpyo/elgamal"
	"github.com/hanpyo/hanpyo/internal/entry"
)

// schema knows how the entries of one election are laid out: docs/wire.md and
// docs/manifest.md, written down once more.
type schema struct {
	m    *ballot.Manifest
	g    *elgamal.Group
	p, s int // bytes of a point and a scalar
}

func newSchema(m *ballot.Manifest) *schema {
	return &schema{m: m, g: m.Group, p: m.Group.PointLen(), s: m.Group.ScalarLen()}
}

// walk cuts an entry into fields that cover every byte of it. What is no
// envelope, or has a body of another form, is one field of junk or has one.
func (sc *schema) walk(data []byte) *node {
	env, err := entry.Parse(data)
	if err != nil {
		return &node{kind: record, name: "junk", kids: []*node{{kind: opaque, name: "junk/all", data: data}}}
	}
	root, err := sc.envelope(env, data, true)
	if err != nil {
		root, err = sc.envelope(env, data, false)
	}
	if err != nil {
		panic(err) // entry.Parse and this file disagree
	}
	return root
}

func (sc *schema) envelope(env *entry.Envelope, data []byte, deep bool) (*node, error) {
	w, root := newWalker(env.Kind.String(), data)
	w.field(enum, "version", 1)
	w.field(enum, "kind", 1)
	w.field(id, "election", 32)
	w.field(timeField, "time", 8)
	n, length := w.counted(number, "body length", 4)
	whole := w.rest
	if n > uint64(len(whole)) {
		return nil, fmt.Errorf("body of %d bytes", n)
	}
	w.group(record, "body", length, func() {
		w.rest = whole[:n]
		if deep {
			sc.body(w, env.Kind)
		} else {
			w.field(opaque, "bytes", int(n))
		}
		if err := w.done(); err == nil {
			w.rest = whole[n:]
		}
	})
	count, signers := w.counted(number, "signature count", 1)
	w.list("signatures", signers, count, func() {
		w.group(record, "signed", nil, func() {
			w.field(id, "key", 32)
			w.field(signature, "signature", 64)
		})
	})
	return root, w.done()
}

func (sc *schema) body(w *walker, kind entry.Kind) {
	switch kind {
	case entry.Manifest:
		sc.manifest(w)
	case entry.Round:
		w.field(enum, "ends", 1)
	case entry.Commit:
		w.field(hash, "deal", 32)
	case entry.Deal:
		sc.deal(w)
	case entry.Confirm:
		sc.confirm(w)
	case entry.Certify:
		w.field(hash, "transcript", 32)
		w.field(hash, "outcome", 32)
	case entry.Roll:
		w.number(number, "first", 8)
		n, count := w.counted(number, "lines", 4)
		w.list("roll", count, n, func() {
			w.group(record, "line", nil, func() {
				w.field(point, "credential", sc.p)
				w.field(number, "weight", 8)
				w.field(number, "style", 4)
			})
		})
	case entry.Open:
		sc.open(w)
	case entry.Ballot:
		sc.ballot(w)
	case entry.Issuer:
		n, count := w.counted(number, "class count", 4)
		w.list("keys", count, n, func() {
			w.group(record, "key", nil, func() {
				w.field(number, "style", 4)
				w.field(number, "weight", 8)
				w.field(opaque, "N", token.Size)
				w.leaves(opaque, "proof", "root", token.PublicKeySize/token.Size-1, token.Size)
			})
		})
	case entry.Issued:
		n, count := w.counted(number, "class count", 4)
		w.list("classes", count, n, func() {
			w.group(record, "class", nil, func() {
				w.field(number, "style", 4)
				w.field(number, "weight", 8)
				w.field(number, "eligible", 8)
				w.field(number, "issued", 8)
			})
		})
		w.field(number, "size", 8)
		w.field(hash, "root", 32)
	case entry.Spoil:
		w.field(id, "tracker", 32)
		if sc.tokens() {
			w.field(number, "style", 2)
			sc.permit(w)
		}
		w.field(point, "credential", sc.p)
		w.group(record, "proof", nil, func() {
			w.field(point, "A", sc.p)
			w.field(scalar, "z", sc.s)
		})
	case entry.Close: // empty
	case entry.Pin:
		w.field(number, "close", 8)
		w.field(number, "size", 8)
		w.field(hash, "root", 32)
	case entry.Mix:
		sc.mix(w)
	case entry.Share:
		sc.share(w)
	case entry.Result:
		sc.result(w)
	case entry.Rotation:
		w.lines("name", "size", "root", "old key", "new key", "end", "signature")
	default:
		w.fail("no schema")
	}
}

func (sc *schema) deal(w *walker) {
	columns := int(w.number(number, "columns", 2))
	t := int(w.number(number, "commitments per column", 1))
	n := int(w.number(number, "recipients", 1))
	w.list("commitments", nil, uint64(columns), func() { w.leaves(point, "column", "C", t, sc.p) })
	w.field(point, "R", sc.p)
	w.leaves(opaque, "shares", "share", n, columns*sc.s+16)
	w.group(record, "proof", nil, func() {
		w.leaves(point, "commitments", "A", columns+1, sc.p)
		w.leaves(scalar, "responses", "z", columns+1, sc.s)
	})
}

func (sc *schema) confirm(w *walker) {
	w.field(hash, "transcript", 32)
	n, count := w.counted(number, "complaint count", 1)
	w.list("complaints", count, n, func() {
		w.group(record, "complaint", nil, func() {
			w.field(number, "dealer", 1)
			w.field(point, "D", sc.p)
			_, length := w.counted(number, "proof length", 4)
			w.group(record, "proof", length, func() {
				w.field(point, "A", sc.p)
				w.field(point, "A2", sc.p)
				w.field(scalar, "z", sc.s)
			})
		})
	})
}

func (sc *schema) open(w *walker) {
	w.field(id, "manifest", 32)
	w.field(hash, "outcome", 32)
	n, count := w.counted(number, "key count", 4)
	w.list("keys", count, n, func() { w.field(point, "key", sc.p) })
	w.field(hash, "root", 32)
	w.field(number, "lines", 8)
	w.field(number, "weight", 8)
	n, count = w.counted(number, "group count", 4)
	w.list("groups", count, n, func() {
		w.group(record, "group", nil, func() {
			w.field(number, "style", 4)
			w.field(number, "weight", 8)
			w.field(number, "lines", 8)
		})
	})
}

// tokens reports whether voters are let in by tokens.
func (sc *schema) tokens() bool { return sc.m.Eligibility == ballot.EligibilityTokens }

// permit reads what lets a voter in, in an election by tokens.
func (sc *schema) permit(w *walker) {
	w.group(record, "permit", nil, func() {
		w.field(number, "weight", 8)
		w.leaves(signature, "tokens", "token", len(sc.m.Registrars.Keys), token.Size)
	})
}

func (sc *schema) ballot(w *walker) {
	style := int(w.number(number, "style", 2))
	if style >= len(sc.m.Styles) {
		w.fail("style %d", style)
		return
	}
	columns, slots := sc.columns(style)
	w.field(number, "number", 4)
	if sc.tokens() {
		sc.permit(w)
	}
	w.field(point, "credential", sc.p)
	w.field(point, "A", sc.p)
	w.leaves(point, "columns", "B", columns, sc.p)
	w.group(record, "proof", nil, func() {
		if slots == 0 {
			w.field(point, "R", sc.p)
			w.field(point, "Q", sc.p)
			w.field(scalar, "z_r", sc.s)
			w.field(scalar, "z_k", sc.s)
			return
		}
		for _, name := range []string{"V", "S", "R", "L", "C1", "C0", "Q"} {
			w.field(point, name, sc.p)
		}
		w.leaves(scalar, "answers", "f", slots, sc.s)
		for _, name := range []string{"z_r", "z_v", "z_c", "z_k"} {
			w.field(scalar, name, sc.s)
		}
	})
}

// columns returns how many columns a style has, and how many of them are slots.
func (sc *schema) columns(style int) (columns, slots int) {
	for _, i := range sc.m.Styles[style].Contests {
		c := &sc.m.Contests[i]
		_, n := c.Columns()
		columns += n
		if !c.Mixed() {
			slots += n
		}
	}
	return columns, slots
}

// mixed reports whether there is a style with a mixed contest under a number.
func (sc *schema) mixed(style uint64) bool {
	if style >= uint64(len(sc.m.Styles)) {
		return false
	}
	columns, slots := sc.columns(int(style))
	return columns > slots
}

// contest reads the number of a contest.
func (sc *schema) contest(w *walker) *ballot.Contest {
	n := w.number(number, "contest", 4)
	if n >= uint64(len(sc.m.Contests)) {
		w.fail("contest %d", n)
		return nil
	}
	return &sc.m.Contests[n]
}

func (sc *schema) mix(w *walker) {
	c := sc.contest(w)
	if c == nil {
		return
	}
	_, width := c.Columns()
	w.field(number, "step", 4)
	w.field(hash, "input", 32)
	n := 0
	for ; ; n++ { // how many rows there are follows from the length
		size := n*(1+width)*sc.p + (7+width)*sc.p + (4+2*n+max(0, n-2))*sc.s
		if size == len(w.rest) {
			break
		}
		if size > len(w.rest) {
			w.fail("%d bytes are of no number of rows", len(w.rest))
			return
		}
	}
	w.list("output", nil, uint64(n), func() {
		w.group(record, "row", nil, func() {
			w.field(point, "A", sc.p)
			w.leaves(point, "columns", "B", width, sc.p)
		})
	})
	w.group(record, "proof", nil, func() {
		w.leaves(point, "commitments", "C", 7+width, sc.p)
		w.leaves(scalar, "answers", "z", 4+2*n+max(0, n-2), sc.s)
	})
}

func (sc *schema) share(w *walker) {
	c := sc.contest(w)
	if c == nil {
		return
	}
	w.field(hash, "target", 32)
	if !c.Mixed() {
		w.leaves(point, "rows", "D", len(c.Results()), sc.p)
		w.group(record, "proof", nil, func() {
			w.field(point, "A", sc.p)
			w.field(point, "A2", sc.p)
			w.field(scalar, "z", sc.s)
		})
		return
	}
	_, width := c.Columns()
	proofs := width * (2*sc.p + sc.s)
	w.leaves(point, "mixed rows", "D", (len(w.rest)-proofs)/sc.p, sc.p)
	w.list("proofs", nil, uint64(width), func() {
		w.group(record, "proof", nil, func() {
			w.field(point, "A", sc.p)
			w.field(point, "A2", sc.p)
			w.field(scalar, "z", sc.s)
		})
	})
}

func (sc *schema) result(w *walker) {
	w.field(hash, "pin", 32)
	for _, name := range []string{"voters", "voters' weight", "ballots", "weight", "refused"} {
		w.field(number, name, 8)
	}
	w.list("contests", nil, uint64(len(sc.m.Contests)), func() {
		c := &sc.m.Contests[len(w.in.kids)]
		w.group(record, "contest", nil, func() {
			w.field(number, "ballots", 8)
			w.field(number, "weight", 8)
			w.field(number, "smallest", 8)
			if w.number(enum, "withheld", 1) != 0 {
				return
			}
			w.leaves(number, "totals", "total", len(c.Results()), 8)
			if c.Kind == "mixed-ranking" {
				n, count := w.counted(number, "elected count", 4)
				w.list("elected", count, n, func() { w.field(number, "option", 4) })
			}
			if c.Mixed() {
				w.field(hash, "plaintexts", 32)
			}
		})
	})
}
