package ballot

import (
	"bytes"
	"crypto/ed25519"
	"encoding/hex"
	"fmt"
	"slices"

	"github.com/hanpyo/hanpyo/elgamal"
	"github.com/hanpyo/hanpyo/internal/entry"
	"github.com/hanpyo/hanpyo/internal/reason"
	"github.com/hanpyo/hanpyo/internal/strictjson"
	"github.com/hanpyo/hanpyo/internal/wire"
)

// Mixer is one who may shuffle the encrypted votes of mixed contests. Nobody
// learns who cast which as long as one of those who did keeps its permutation to
// itself.
type Mixer struct {
	Name    string
	Signing ed25519.PublicKey
}

// maxMixers is how many mixers a manifest may name.
const maxMixers = 64

// mixed reports whether there is a mixed contest.
func (m *Manifest) mixed() bool {
	return slices.ContainsFunc(m.Contests, func(c Contest) bool { return c.Mixed() })
}

func (m *Manifest) checkMixers() error {
	n := len(m.Mixers)
	switch {
	case !m.mixed() && (n > 0 || m.Mixes != 0):
		return at("mixers", fmt.Errorf("are named, but no contest is mixed: %w", reason.ErrShape))
	case !m.mixed() && m.SingleMixer:
		return at("accept", fmt.Errorf("says %q, but no contest is mixed: %w", wordOneMixer, reason.ErrRange))
	case !m.mixed():
		return nil
	case n == 0:
		i := slices.IndexFunc(m.Contests, func(c Contest) bool { return c.Mixed() })
		return at("mixers", fmt.Errorf("are none, and contest %s is mixed: %w", m.Contests[i].ID, reason.ErrShape))
	case n > maxMixers:
		return at("mixers.keys", fmt.Errorf("are %d, at most %d: %w", n, maxMixers, reason.ErrLimit))
	}
	names := newDistinct("mixer")
	for i := range m.Mixers {
		if err := m.checkMixer(i, names); err != nil {
			return at(fmt.Sprintf("mixers.keys[%d]", i), err)
		}
	}
	switch {
	case m.Mixes < 1 || m.Mixes > n:
		return at("mixers.needed", fmt.Errorf("is %d and must be between 1 and the number of mixers, %d: %w", m.Mixes, n, reason.ErrRange))
	case m.Mixes == 1 && !m.SingleMixer:
		return at("mixers.needed", fmt.Errorf("is 1, so one mixer alone can know who cast which vote; say %q in accept if that is meant: %w", wordOneMixer, reason.ErrRange))
	case m.Mixes != 1 && m.SingleMixer:
		return at("accept", fmt.Errorf("says %q of %d mixes: %w", wordOneMixer, m.Mixes, reason.ErrRange))
	}
	return nil
}

func (m *Manifest) checkMixer(i int, names *distinct) error {
	mixer := &m.Mixers[i]
	if err := setName("name", &mixer.Name); err != nil {
		return err
	}
	if err := names.name(mixer.Name); err != nil {
		return at("name", err)
	}
	if err := checkEd25519(mixer.Signing); err != nil {
		return at("signing", err)
	}
	for _, other := range m.Mixers[:i] {
		if bytes.Equal(mixer.Signing, other.Signing) {
			return at("signing", fmt.Errorf("is also the key of %s: %w", other.Name, reason.ErrDuplicate))
		}
	}
	return nil
}

// checkMixable holds that a mixed contest can be mixed: that one mix of all
// votes there can be fits one entry of the ledger.
func (c *Contest) checkMixable(m *Manifest) error {
	c.group = m.Group
	if most := maxMixedVoters(m.Group, c.layout.columns()); m.Limits.MaxVoters > most {
		return fmt.Errorf("can be mixed for at most %d voters, max_voters is %d: %w", most, m.Limits.MaxVoters, reason.ErrLimit)
	}
	return nil
}

// maxMixedVoters returns how many rows of so many columns one mix entry can
// have: behind contest, step and the digest of its input (docs/wire.md, Mix) it
// has A and all B of every row, and the proof of docs/protocol.md §6, which has
// three scalars for each row, 7 points and 2 scalars, and a point a column.
func maxMixedVoters(g *elgamal.Group, columns int) uint64 {
	point, scalar := g.PointLen(), g.ScalarLen()
	fixed := 4 + 4 + 32 + (7+columns)*point + 2*scalar
	return uint64((entry.MaxBody - fixed) / ((1+columns)*point + 3*scalar))
}

// checkUnweighted holds that nobody with a style has another weight than 1 if
// the style has a mixed contest: no weight can multiply a vote that is mixed.
func (m *Manifest) checkUnweighted(style int, weight uint64) error {
	if weight == 1 {
		return nil
	}
	for _, i := range m.Styles[style].Contests {
		if c := &m.Contests[i]; c.Mixed() {
			return fmt.Errorf("weight %d in style %s, whose contest %s is mixed and so has weights of 1 only: %w", weight, m.Styles[style].ID, c.ID, reason.ErrRange)
		}
	}
	return nil
}

type (
	mixersJSON struct {
		Keys   []mixerJSON `json:"keys"`
		Needed int         `json:"needed"`
	}
	mixerJSON struct {
		Name    string `json:"name"`
		Signing string `json:"signing"`
	}
)

func readMixers(m *Manifest, v *strictjson.Value) {
	for _, k := range v.Field("keys").List() {
		m.Mixers = append(m.Mixers, Mixer{Name: k.Field("name").Text(), Signing: readHex(k.Field("signing"), ed25519.PublicKeySize)})
	}
	m.Mixes = int(v.Field("needed").Int(1, maxMixers))
}

func (m *Manifest) viewMixers() *mixersJSON {
	if !m.mixed() {
		return nil
	}
	view := &mixersJSON{Needed: m.Mixes}
	for _, mixer := range m.Mixers {
		view.Keys = append(view.Keys, mixerJSON{mixer.Name, hex.EncodeToString(mixer.Signing)})
	}
	return view
}

func (m *Manifest) encodeMixers(w *wire.Writer) {
	w.Uint32(uint32(len(m.Mixers)))
	for _, mixer := range m.Mixers {
		w.String(mixer.Name)
		w.Raw(mixer.Signing)
	}
	w.Uint32(uint32(m.Mixes))
	writeBool(w, m.SingleMixer)
}

func (m *Manifest) decodeMixers(r *wire.Reader) {
	for range r.Count(maxMixers, 4+ed25519.PublicKeySize) {
		m.Mixers = append(m.Mixers, Mixer{Name: r.String(maxName), Signing: r.Raw(ed25519.PublicKeySize)})
	}
	m.Mixes = int(r.Uint32())
	m.SingleMixer = readBool(r)
}
