package main

import (
	"bytes"
	"math/rand/v2"
	"strings"
)

// donors are the fields of a base and of a second election like it, from which
// changes take values.
type donors struct {
	leaves map[leafKey][]*node
	named  map[string][]*node
}

type leafKey struct {
	kind   fieldKind
	length int
}

func newDonors(bases ...*base) *donors {
	d := &donors{leaves: make(map[leafKey][]*node), named: make(map[string][]*node)}
	for _, b := range bases {
		for _, t := range append(b.trees[:len(b.trees):len(b.trees)], b.checkpoint) {
			for _, n := range t.all() {
				if n.leaf() {
					key := leafKey{n.kind, len(n.data)}
					d.leaves[key] = append(d.leaves[key], n)
				}
				d.named[alike(n.name)] = append(d.named[alike(n.name)], n)
			}
		}
	}
	return d
}

// leaf returns another field of the same kind and length, and as often as not
// the same field of another entry.
func (d *donors) leaf(r *rand.Rand, n *node) *node {
	if r.IntN(2) == 0 {
		if same := d.tree(r, n); same != nil {
			return same
		}
	}
	return other(r, d.leaves[leafKey{n.kind, len(n.data)}], n)
}

// tree returns the same field of another entry.
func (d *donors) tree(r *rand.Rand, n *node) *node { return other(r, d.named[alike(n.name)], n) }

// alike is one name for what all kinds of entries have.
func alike(name string) string {
	if strings.HasSuffix(name, "/signatures") {
		return "signatures"
	}
	return name
}

func other(r *rand.Rand, list []*node, n *node) *node {
	if len(list) == 0 {
		return nil
	}
	was := n.bytes()
	for range 8 {
		if o := list[r.IntN(len(list))]; !bytes.Equal(o.bytes(), was) {
			return o
		}
	}
	return nil
}
