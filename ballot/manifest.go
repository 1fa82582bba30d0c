package ballot

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"slices"
	"time"

	"github.com/hanpyo/hanpyo/elgamal"
	"github.com/hanpyo/hanpyo/elgamal/dkg"
	"github.com/hanpyo/hanpyo/zkp"
)

// Manifest is the description of one election: who runs it, who may decrypt
// it, and what is voted on. It is the ceremony's description as well; there
// is no second document. docs/manifest.md describes every field.
//
// A manifest comes from [ParseManifest], [ParseManifestBytes] or
// [NewManifest] and must not be changed afterwards.
type Manifest struct {
	Group       *elgamal.Group
	Title       string
	Ledger      Ledger
	Authorities Signers // sign manifest, round, open, close, pin and result
	Registrars  Signers // sign the roll, or issue the tokens
	Trustees    []dkg.TrusteeKeys
	Threshold   int // how many trustees decrypt
	// MinorityThreshold and EveryTrusteeNeeded are the explicit words for a
	// threshold of at most half of the trustees, and for one that no trustee
	// may be missing from.
	MinorityThreshold  bool
	EveryTrusteeNeeded bool
	Mixers             []Mixer // may shuffle the votes of mixed contests; none if there are none
	Mixes              int     // how many of them must, for each such contest
	// SingleMixer is the explicit word for Mixes of 1.
	SingleMixer bool
	// Eligibility is how the ledger knows who may vote: EligibilityRoll, which
	// stands for "", or EligibilityTokens.
	Eligibility string
	Contests    []Contest
	Styles      []Style
	Limits      Limits
	// Opens and Closes are the announced hours, in whole seconds. They decide
	// nothing: the signed open and close entries do.
	Opens, Closes time.Time
	// Rounding is what the times of ballots are rounded down to a multiple
	// of; at least one second.
	Rounding time.Duration

	encoded []byte
	id      [32]byte
}

// Ledger says which ledger the election stands on.
type Ledger struct {
	Origin string // of its checkpoints
	Key    string // its first note verifier key: name+hash+base64
	// Witnesses are the verifier keys of those who cosign its checkpoints, and
	// Quorum is how many must have before anybody believes one; none and 0
	// for a ledger whose operator is believed.
	Witnesses []string
	Quorum    int
}

// What Eligibility can be. By the roll, the registrars put every voter's
// credential on the ledger. By tokens, each of them signs blindly for every
// voter, and nobody can tell which credential is whose (docs/protocol.md §9.1).
const (
	EligibilityRoll   = "roll"
	EligibilityTokens = "tokens"
)

// Signers are keys of which a quorum must sign.
type Signers struct {
	Keys   []ed25519.PublicKey
	Quorum int
}

// Style is the set of contests that a group of voters has.
type Style struct {
	ID       string
	Name     string
	Contests []int // positions in the manifest, ascending
}

// Limits bound an election; defaults stand for zero.
type Limits struct {
	MinGroup             uint64 // fewest counted ballots a result is published for; default 10
	BallotsPerCredential uint32 // a credential's last ballot counts; default 10, at most 65,536
	MaxVoters            uint64 // lines of the roll, or tokens issued
	MaxWeight            uint64 // their total weight; default MaxVoters
}

// Version is the version of manifests and of the protocol that they name.
const Version = 1

// manifestLabel separates the hash of a manifest from all others.
const manifestLabel = "hanpyo/v1 manifest"

// NewManifest checks a description and compiles its contests. It keeps copies
// of what it is given, with names in Unicode normal form C, defaults filled
// in and the contests of each style in the manifest's order.
func NewManifest(description Manifest) (*Manifest, error) {
	m := description.clone()
	if err := m.check(); err != nil {
		return nil, &manifestError{err}
	}
	m.encoded = m.encode()
	m.id = ManifestID(m.encoded)
	return m, nil
}

// ManifestID returns the id of the manifest that has these canonical bytes, if
// there is one. Whoever looks for a manifest among what anybody has posted
// compares ids before parsing.
func ManifestID(encoded []byte) (id [32]byte) {
	h := sha256.New()
	h.Write([]byte(manifestLabel))
	h.Write(encoded)
	h.Sum(id[:0])
	return id
}

// manifestError puts the package's name in front of a path.
type manifestError struct{ err error }

func (e *manifestError) Error() string { return "ballot: manifest: " + e.err.Error() }
func (e *manifestError) Unwrap() error { return e.err }

func (m *Manifest) clone() *Manifest {
	c := *m
	c.Ledger.Witnesses = slices.Clone(m.Ledger.Witnesses)
	c.Authorities.Keys = cloneKeys(m.Authorities.Keys)
	c.Registrars.Keys = cloneKeys(m.Registrars.Keys)
	c.Trustees = slices.Clone(m.Trustees)
	for i := range c.Trustees {
		c.Trustees[i].Signing = bytes.Clone(c.Trustees[i].Signing)
	}
	c.Mixers = slices.Clone(m.Mixers)
	for i := range c.Mixers {
		c.Mixers[i].Signing = bytes.Clone(c.Mixers[i].Signing)
	}
	c.Contests = slices.Clone(m.Contests)
	for i := range c.Contests {
		c.Contests[i].Options = slices.Clone(c.Contests[i].Options)
		c.Contests[i].cloneParams()
	}
	c.Styles = slices.Clone(m.Styles)
	for i := range c.Styles {
		c.Styles[i].Contests = slices.Clone(c.Styles[i].Contests)
	}
	return &c
}

func cloneKeys(keys []ed25519.PublicKey) []ed25519.PublicKey {
	c := make([]ed25519.PublicKey, len(keys))
	for i, k := range keys {
		c[i] = bytes.Clone(k)
	}
	return c
}

// Bytes returns the canonical encoding, the only form that is hashed.
func (m *Manifest) Bytes() []byte { return bytes.Clone(m.encoded) }

// ID returns the hash of the canonical bytes under a label.
func (m *Manifest) ID() [32]byte { return m.id }

// Columns returns how many columns the contests have together: the number of
// keys that the ceremony makes.
func (m *Manifest) Columns() int {
	total := 0
	for i := range m.Contests {
		_, count := m.Contests[i].Columns()
		total += count
	}
	return total
}

// Ceremony returns the description of the key ceremony.
func (m *Manifest) Ceremony() *dkg.Ceremony {
	return &dkg.Ceremony{
		ID:            m.id,
		Group:         m.Group,
		Columns:       m.Columns(),
		Threshold:     m.Threshold,
		Trustees:      m.Trustees,
		Authorities:   m.Authorities.Keys,
		Quorum:        m.Authorities.Quorum,
		AllowMinority: m.MinorityThreshold,
		AllowNoneLost: m.EveryTrusteeNeeded,
	}
}

// RowColumns returns the manifest's columns that a ballot of a style has, in
// the order of its row.
func (m *Manifest) RowColumns(style int) []int {
	var columns []int
	for _, i := range m.Styles[style].Contests {
		first, count := m.Contests[i].Columns()
		for c := range count {
			columns = append(columns, first+c)
		}
	}
	return columns
}

// RowRules returns the rules of a ballot of a style, with each slot's position
// in its row.
func (m *Manifest) RowRules(style int) []zkp.Rule {
	var rules []zkp.Rule
	start := 0
	for _, i := range m.Styles[style].Contests {
		c := &m.Contests[i]
		for _, rule := range c.Rules() {
			terms := slices.Clone(rule.Terms)
			for t := range terms {
				terms[t].Slot += start
			}
			rules = append(rules, zkp.Rule{Terms: terms, Sum: rule.Sum})
		}
		start += c.layout.columns()
	}
	return rules
}

// RowStart returns where a contest's columns start in the row of a style, and
// false if the style does not have the contest.
func (m *Manifest) RowStart(style, contest int) (start int, ok bool) {
	for _, i := range m.Styles[style].Contests {
		if i == contest {
			return start, true
		}
		start += m.Contests[i].layout.columns()
	}
	return 0, false
}

// StyleIndex returns the position of a style by its id.
func (m *Manifest) StyleIndex(id string) (int, bool) {
	i := slices.IndexFunc(m.Styles, func(s Style) bool { return s.ID == id })
	return i, i >= 0
}

// ContestIndex returns the position of a contest by its id.
func (m *Manifest) ContestIndex(id string) (int, bool) {
	i := slices.IndexFunc(m.Contests, func(c Contest) bool { return c.ID == id })
	return i, i >= 0
}

// RoundTime returns a time in seconds since 1970, rounded down as the
// manifest says.
func (m *Manifest) RoundTime(t time.Time) int64 {
	step := int64(m.Rounding / time.Second)
	seconds := t.Unix()
	return seconds - ((seconds%step)+step)%step
}
