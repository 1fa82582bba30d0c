package ballot

import (
	"bytes"
	"crypto/ed25519"
	"fmt"
	"strings"
	"time"

	"github.com/hanpyo/hanpyo/elgamal"
	"github.com/hanpyo/hanpyo/elgamal/dkg"
	"github.com/hanpyo/hanpyo/internal/entry"
	"github.com/hanpyo/hanpyo/internal/reason"
	"github.com/hanpyo/hanpyo/internal/wire"
	"github.com/hanpyo/hanpyo/ledger"
)

// manifestKind opens the canonical bytes, after the version.
const manifestKind = uint8(entry.Manifest)

// encode writes the canonical bytes; docs/manifest.md has the table.
func (m *Manifest) encode() []byte {
	var w wire.Writer
	w.Uint8(Version)
	w.Uint8(manifestKind)
	w.String(m.Group.Name())
	w.String(m.Title)
	w.String(m.Ledger.Origin)
	w.String(m.Ledger.Key)
	m.Authorities.encode(&w)
	m.Registrars.encode(&w)
	w.Uint32(uint32(len(m.Trustees)))
	for _, t := range m.Trustees {
		w.String(t.Name)
		w.Raw(t.Signing)
		w.Raw(m.Group.AppendPoint(nil, t.Encryption))
	}
	w.Uint32(uint32(m.Threshold))
	writeBool(&w, m.MinorityThreshold)
	writeBool(&w, m.EveryTrusteeNeeded)
	w.Uint32(uint32(len(m.Contests)))
	for i := range m.Contests {
		m.Contests[i].encodeTo(&w)
	}
	if m.mixed() { // otherwise there are no mixers
		m.encodeMixers(&w)
	}
	w.Uint32(uint32(len(m.Styles)))
	for _, s := range m.Styles {
		w.String(s.ID)
		w.String(s.Name)
		w.Uint32(uint32(len(s.Contests)))
		for _, i := range s.Contests {
			w.Uint32(uint32(i))
		}
	}
	w.Uint64(m.Limits.MaxVoters)
	w.Uint64(m.Limits.MaxWeight)
	w.Uint64(m.Limits.MinGroup)
	w.Uint32(m.Limits.BallotsPerCredential)
	w.Int64(m.Opens.Unix())
	w.Int64(m.Closes.Unix())
	w.Uint32(uint32(m.Rounding / time.Second))
	// A manifest ends where nothing follows that is not the default.
	if len(m.Ledger.Witnesses) > 0 || m.tokens() {
		w.Uint32(uint32(len(m.Ledger.Witnesses)))
		for _, key := range m.Ledger.Witnesses {
			w.String(key)
		}
		w.Uint32(uint32(m.Ledger.Quorum))
	}
	if m.tokens() {
		w.String(m.Eligibility)
	}
	return w.Bytes()
}

func writeBool(w *wire.Writer, v bool) {
	if v {
		w.Uint8(1)
	} else {
		w.Uint8(0)
	}
}

func (s *Signers) encode(w *wire.Writer) {
	w.Uint32(uint32(len(s.Keys)))
	for _, k := range s.Keys {
		w.Raw(k)
	}
	w.Uint32(uint32(s.Quorum))
}

func (c *Contest) encodeTo(w *wire.Writer) {
	w.String(c.ID)
	w.String(c.Name)
	w.String(c.Kind)
	for _, name := range c.kind.params() {
		c.encodeParam(strings.TrimSuffix(name, "?"), w)
	}
	writeBool(w, c.Blank)
	encodeOptions(w, c.Options)
}

// ParseManifestBytes reads a manifest's canonical bytes. It accepts exactly
// what Bytes returns.
func ParseManifestBytes(data []byte) (*Manifest, error) {
	if len(data) > maxManifest {
		return nil, fmt.Errorf("ballot: manifest: %d bytes, at most %d: %w", len(data), maxManifest, reason.ErrLimit)
	}
	r := wire.NewReader(data)
	description := decodeManifest(r)
	if err := r.Done(); err != nil {
		return nil, &manifestError{err}
	}
	m, err := NewManifest(description)
	if err != nil {
		return nil, err
	}
	if !bytes.Equal(m.encoded, data) {
		return nil, fmt.Errorf("ballot: manifest: not in canonical form: %w", reason.ErrEncoding)
	}
	return m, nil
}

func decodeManifest(r *wire.Reader) (m Manifest) {
	if v := r.Uint8(); r.Err() == nil && v != Version {
		r.Fail(fmt.Errorf("version %d is not %d: %w", v, Version, reason.ErrVersion))
	}
	if k := r.Uint8(); r.Err() == nil && k != manifestKind {
		r.Fail(fmt.Errorf("kind %d is not a manifest: %w", k, reason.ErrEncoding))
	}
	// After the reader's first failure every further one is ignored.
	g, err := elgamal.GroupByName(r.String(maxName))
	if err != nil {
		r.Fail(fmt.Errorf("group: %w", err))
		return m
	}
	m.Group = g
	m.Title = r.String(maxName)
	m.Ledger.Origin = r.String(maxName)
	m.Ledger.Key = r.String(2 * maxName)
	m.Authorities = decodeSigners(r)
	m.Registrars = decodeSigners(r)
	for i := range r.Count(maxTrustees, 4+ed25519.PublicKeySize+g.PointLen()) {
		m.Trustees = append(m.Trustees, decodeTrustee(g, i, r))
	}
	m.Threshold = int(r.Uint32())
	m.MinorityThreshold = readBool(r)
	m.EveryTrusteeNeeded = readBool(r)
	for range r.Count(maxContests, 4) {
		m.Contests = append(m.Contests, decodeContest(r))
	}
	if m.mixed() {
		m.decodeMixers(r)
	}
	for range r.Count(maxStyles, 4) {
		m.Styles = append(m.Styles, decodeStyle(r))
	}
	m.Limits.MaxVoters = r.Uint64()
	m.Limits.MaxWeight = r.Uint64()
	m.Limits.MinGroup = r.Uint64()
	m.Limits.BallotsPerCredential = r.Uint32()
	m.Opens = time.Unix(r.Int64(), 0)
	m.Closes = time.Unix(r.Int64(), 0)
	m.Rounding = time.Duration(r.Uint32()) * time.Second
	if r.Rest() >= 4+4 { // otherwise Done says that bytes are left
		for range r.Count(ledger.MaxWitnesses, 4) {
			m.Ledger.Witnesses = append(m.Ledger.Witnesses, r.String(4*maxName))
		}
		m.Ledger.Quorum = int(r.Uint32())
		if r.Rest() >= 4 {
			m.Eligibility = r.String(maxID)
		}
	}
	return m
}

func readBool(r *wire.Reader) bool {
	v := r.Uint8()
	if v > 1 {
		r.Fail(fmt.Errorf("byte %d is %d, not 0 or 1: %w", r.Offset()-1, v, reason.ErrEncoding))
	}
	return v == 1
}

func decodeSigners(r *wire.Reader) (s Signers) {
	for range r.Count(entry.MaxSignatures, ed25519.PublicKeySize) {
		s.Keys = append(s.Keys, r.Raw(ed25519.PublicKeySize))
	}
	s.Quorum = int(r.Uint32())
	return s
}

func decodeTrustee(g *elgamal.Group, i int, r *wire.Reader) (t dkg.TrusteeKeys) {
	t.Name = r.String(maxName)
	t.Signing = r.Raw(ed25519.PublicKeySize)
	var err error
	if t.Encryption, err = g.DecodePoint(r.Raw(g.PointLen())); err != nil {
		r.Fail(at(fmt.Sprintf("trustees[%d].encryption", i), err))
	}
	return t
}

func decodeContest(r *wire.Reader) (c Contest) {
	c.ID = r.String(maxID)
	c.Name = r.String(maxName)
	c.Kind = r.String(maxID)
	k, ok := kinds[c.Kind]
	if !ok {
		r.Fail(fmt.Errorf("contest kind %+q is not known: %w", c.Kind, reason.ErrVersion))
		return c
	}
	for _, name := range k.params() {
		c.decodeParam(strings.TrimSuffix(name, "?"), r)
	}
	c.Blank = readBool(r)
	c.Options = decodeOptions(r)
	return c
}

func decodeStyle(r *wire.Reader) (s Style) {
	s.ID = r.String(maxID)
	s.Name = r.String(maxName)
	for range r.Count(maxContests, 4) {
		s.Contests = append(s.Contests, int(r.Uint32()))
	}
	return s
}
