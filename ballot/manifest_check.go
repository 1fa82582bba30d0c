package ballot

import (
	"bytes"
	"crypto/ed25519"
	"fmt"
	"math/bits"
	"slices"
	"strings"
	"time"

	"filippo.io/edwards25519"
	"golang.org/x/mod/sumdb/note"

	"github.com/hanpyo/hanpyo/elgamal"
	"github.com/hanpyo/hanpyo/elgamal/dkg"
	"github.com/hanpyo/hanpyo/internal/entry"
	"github.com/hanpyo/hanpyo/internal/reason"
	"github.com/hanpyo/hanpyo/ledger"
)

// Limits of a manifest.
const (
	maxTrustees = dkg.MaxTrustees
	maxContests = dkg.MaxColumns // each has a column
	maxStyles   = 10_000
	maxVoters   = 1 << 40
	maxBallots  = 1 << 16 // of one credential
	maxRounding = 24 * time.Hour

	defaultMinGroup = 10
	defaultBallots  = 10
)

// firstYear and lastYear bound the announced hours: what RFC 3339 can write.
const firstYear, lastYear = 1970, 9999

func (m *Manifest) check() error {
	if m.Group == nil {
		return at("group", fmt.Errorf("is missing: %w", reason.ErrVersion))
	}
	// Whoever reads the manifest has its name only.
	if g, err := elgamal.GroupByName(m.Group.Name()); err != nil || g != m.Group {
		return at("group", fmt.Errorf("%.40q is none of the library's: %w", m.Group.Name(), reason.ErrVersion))
	}
	for _, step := range []func() error{
		func() error { return setName("title", &m.Title) },
		func() error { return at2("ledger", m.Ledger.check()) },
		func() error { return at2("authorities", m.Authorities.check()) },
		func() error { return at2("registrars", m.Registrars.check()) },
		m.checkEligibility, // after the registrars
		m.checkTrustees,
		m.checkThreshold,
		m.checkLimits, // before the contests, whose results they bound
		m.checkContests,
		m.checkMixers, // after the contests, which need them or not
		m.checkStyles,
		m.checkHours,
	} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

// at2 is at for an error that may be nil.
func at2(path string, err error) error {
	if err == nil {
		return nil
	}
	return at(path, err)
}

func setName(path string, name *string) error {
	s, err := normalName(*name)
	*name = s
	return at2(path, err)
}

func (l *Ledger) check() error {
	verifier, err := note.NewVerifier(l.Key)
	if err != nil {
		return at("key", fmt.Errorf("%.100q is not a note verifier key (%v): %w", l.Key, err, reason.ErrEncoding))
	}
	if verifier.Name() != l.Origin {
		return at("origin", fmt.Errorf("%.100q is not the name of the key, %q: %w", l.Origin, verifier.Name(), reason.ErrBinding))
	}
	if len(l.Origin) > maxName {
		return at("origin", fmt.Errorf("has %d bytes, at most %d: %w", len(l.Origin), maxName, reason.ErrLimit))
	}
	for _, r := range l.Origin {
		if r <= ' ' || r > '~' {
			return at("origin", fmt.Errorf("%+q is not of printable ASCII: %w", l.Origin, reason.ErrEncoding))
		}
	}
	return l.checkWitnesses()
}

// checkWitnesses checks what is left of the ledger's policy.
func (l *Ledger) checkWitnesses() error {
	policy := ledger.Policy{Origin: l.Origin, Key: l.Key}
	// NewVerifier is lenient. There is one way to write a key, which has no small
	// order, and whose name is not that of a rotation.
	if err := policy.Validate(); err != nil {
		return at("key", err)
	}
	for i, text := range l.Witnesses {
		policy.Witnesses = append(policy.Witnesses, text)
		err := policy.Validate()
		if err == nil {
			err = checkCosigner(text)
		}
		if err != nil {
			return at(fmt.Sprintf("witnesses[%d]", i), err)
		}
	}
	if n := len(l.Witnesses); l.Quorum < min(1, n) || l.Quorum > n {
		return at("quorum", fmt.Errorf("is %d of %d witnesses: %w", l.Quorum, n, reason.ErrRange))
	}
	return nil
}

// checkCosigner checks the name of a witness's key.
func checkCosigner(text string) error {
	name, _, _ := strings.Cut(text, "+")
	for _, r := range name {
		if r <= ' ' || r > '~' {
			return fmt.Errorf("%+q is not of printable ASCII: %w", name, reason.ErrEncoding)
		}
	}
	return nil
}

func (s *Signers) check() error {
	if len(s.Keys) == 0 {
		return at("keys", fmt.Errorf("are none: %w", reason.ErrShape))
	}
	if len(s.Keys) > entry.MaxSignatures {
		return at("keys", fmt.Errorf("are %d, at most %d: %w", len(s.Keys), entry.MaxSignatures, reason.ErrLimit))
	}
	for i, k := range s.Keys {
		path := fmt.Sprintf("keys[%d]", i)
		if err := checkEd25519(k); err != nil {
			return at(path, err)
		}
		for _, other := range s.Keys[:i] {
			if bytes.Equal(k, other) {
				return at(path, fmt.Errorf("%x… stands twice: %w", k[:4], reason.ErrDuplicate))
			}
		}
	}
	if s.Quorum < 1 || s.Quorum > len(s.Keys) {
		return at("quorum", fmt.Errorf("is %d and must be between 1 and %d: %w", s.Quorum, len(s.Keys), reason.ErrRange))
	}
	return nil
}

// checkEd25519 refuses keys that are not canonical points, and the eight of
// small order, under which one signature verifies for many messages.
func checkEd25519(key ed25519.PublicKey) error {
	if len(key) != ed25519.PublicKeySize {
		return fmt.Errorf("has %d bytes and must have %d: %w", len(key), ed25519.PublicKeySize, reason.ErrEncoding)
	}
	p, err := new(edwards25519.Point).SetBytes(key)
	if err != nil || !bytes.Equal(p.Bytes(), key) {
		return fmt.Errorf("%x… is not an Ed25519 key: %w", key[:4], reason.ErrGroup)
	}
	if new(edwards25519.Point).MultByCofactor(p).Equal(edwards25519.NewIdentityPoint()) == 1 {
		return fmt.Errorf("%x… is an Ed25519 key of small order: %w", key[:4], reason.ErrGroup)
	}
	return nil
}

func (m *Manifest) checkTrustees() error {
	if len(m.Trustees) == 0 {
		return at("trustees", fmt.Errorf("are none: %w", reason.ErrShape))
	}
	if len(m.Trustees) > maxTrustees {
		return at("trustees", fmt.Errorf("are %d, at most %d: %w", len(m.Trustees), maxTrustees, reason.ErrLimit))
	}
	names := newDistinct("trustee")
	for i := range m.Trustees {
		if err := m.checkTrustee(i, names); err != nil {
			return at(fmt.Sprintf("trustees[%d]", i), err)
		}
	}
	return nil
}

func (m *Manifest) checkTrustee(i int, names *distinct) error {
	t := &m.Trustees[i]
	if err := setName("name", &t.Name); err != nil {
		return err
	}
	if err := names.name(t.Name); err != nil {
		return at("name", err)
	}
	if err := checkEd25519(t.Signing); err != nil {
		return at("signing", err)
	}
	if err := m.Group.CheckPoint(t.Encryption); err != nil {
		return at("encryption", err)
	}
	if m.Group.IsIdentity(t.Encryption) {
		return at("encryption", fmt.Errorf("is the identity: %w", reason.ErrGroup))
	}
	for _, other := range m.Trustees[:i] {
		if bytes.Equal(t.Signing, other.Signing) {
			return at("signing", fmt.Errorf("is also the key of %s: %w", other.Name, reason.ErrDuplicate))
		}
		if t.Encryption.Equal(other.Encryption) {
			return at("encryption", fmt.Errorf("is also the key of %s: %w", other.Name, reason.ErrDuplicate))
		}
	}
	return nil
}

func (m *Manifest) checkThreshold() error {
	t, n := m.Threshold, len(m.Trustees)
	if t < 1 || t > n {
		return at("threshold", fmt.Errorf("is %d and must be between 1 and the number of trustees, %d: %w", t, n, reason.ErrRange))
	}
	minority, everyone := 2*t <= n, t == n && n > 1
	switch {
	case minority && !m.MinorityThreshold:
		return at("threshold", fmt.Errorf("is %d of %d, so a minority can decrypt; say %q in accept if that is meant: %w", t, n, wordMinority, reason.ErrRange))
	case everyone && !m.EveryTrusteeNeeded:
		return at("threshold", fmt.Errorf("is %d of %d, so one lost key voids the election; say %q in accept if that is meant: %w", t, n, wordEveryone, reason.ErrRange))
	case m.MinorityThreshold && !minority:
		return at("accept", fmt.Errorf("says %q of a threshold of %d of %d: %w", wordMinority, t, n, reason.ErrRange))
	case m.EveryTrusteeNeeded && !everyone:
		return at("accept", fmt.Errorf("says %q of a threshold of %d of %d: %w", wordEveryone, t, n, reason.ErrRange))
	}
	return nil
}

func (m *Manifest) checkLimits() error {
	l := &m.Limits
	if l.MinGroup == 0 {
		l.MinGroup = defaultMinGroup
	}
	if l.BallotsPerCredential == 0 {
		l.BallotsPerCredential = defaultBallots
	}
	if l.MaxWeight == 0 {
		l.MaxWeight = l.MaxVoters
	}
	for _, limit := range []struct {
		name             string
		value, low, high uint64
	}{
		{"max_voters", l.MaxVoters, 1, maxVoters},
		{"max_weight", l.MaxWeight, l.MaxVoters, maxVoters},
		{"min_group", l.MinGroup, 1, maxVoters},
		{"ballots_per_credential", uint64(l.BallotsPerCredential), 1, maxBallots},
	} {
		if limit.value < limit.low || limit.value > limit.high {
			return at("limits."+limit.name, fmt.Errorf("is %d and must be between %d and %d: %w", limit.value, limit.low, limit.high, reason.ErrRange))
		}
	}
	return nil
}

func (m *Manifest) checkContests() error {
	if len(m.Contests) == 0 {
		return at("contests", fmt.Errorf("are none: %w", reason.ErrShape))
	}
	first := 0
	taken := newDistinct("contest")
	for i := range m.Contests {
		c := &m.Contests[i]
		if err := m.checkContest(c, first, taken); err != nil {
			return at(fmt.Sprintf("contests[%d]", i), err)
		}
		// Before the next is compiled: a few bytes can ask for many columns.
		if first += c.layout.columns(); first > dkg.MaxColumns {
			return at("contests", fmt.Errorf("need %d columns or more together, at most %d: %w", first, dkg.MaxColumns, reason.ErrLimit))
		}
	}
	return nil
}

func (m *Manifest) checkContest(c *Contest, first int, taken *distinct) error {
	if err := setCalled(&c.ID, &c.Name, taken); err != nil {
		return err
	}
	options := newDistinct("option")
	for i := range c.Options {
		o := &c.Options[i]
		if err := setResult(&o.ID, &o.Name, options); err != nil {
			return at(fmt.Sprintf("options[%d]", i), err)
		}
		if c.Mixed() && (strings.EqualFold(o.ID, WrittenID) || strings.EqualFold(o.ID, InvalidID)) {
			return at(fmt.Sprintf("options[%d].id", i), fmt.Errorf("%q is that of another result row: %w", o.ID, reason.ErrDuplicate))
		}
	}
	if err := c.checkNames(options); err != nil {
		return err
	}
	if err := c.compile(first); err != nil {
		return err
	}
	if c.Mixed() {
		return c.checkMixable(m)
	}
	return c.checkRange(m.Limits.MaxWeight)
}

// checkNames normalises and checks what the parameters of a contest call
// things. Votes name lists as they name options.
func (c *Contest) checkNames(options *distinct) error {
	for i := range c.Lists {
		if err := setResult(&c.Lists[i].ID, &c.Lists[i].Name, options); err != nil {
			return at(fmt.Sprintf("lists[%d]", i), err)
		}
	}
	grades, rows := newDistinct("grade"), newDistinct("row")
	for i := range c.Grades {
		if err := setCalled(&c.Grades[i].ID, &c.Grades[i].Name, grades); err != nil {
			return at(fmt.Sprintf("grades[%d]", i), err)
		}
	}
	for i := range c.Rows {
		if err := setResult(&c.Rows[i].ID, &c.Rows[i].Name, rows); err != nil {
			return at(fmt.Sprintf("rows[%d]", i), err)
		}
	}
	return nil
}

// checkRange holds that every result row can be decrypted when the whole roll
// has the given weight. Not for mixed contests, whose results are counted.
func (c *Contest) checkRange(weight uint64) error {
	for _, row := range c.layout.results {
		// Low and High are at most 1,000·2¹⁶ in size.
		over, width := bits.Mul64(weight, uint64(row.High-row.Low))
		if over != 0 || width > maxResultRange {
			return fmt.Errorf("result of %s can take more than 2^40 values with a total weight of %d: %w", row.ID, weight, reason.ErrRange)
		}
	}
	return nil
}

// setCalled normalises and checks the id and the name of one thing.
func setCalled(id, name *string, taken *distinct) error {
	if err := checkID(*id); err != nil {
		return at("id", err)
	}
	if err := taken.id(*id); err != nil {
		return at("id", err)
	}
	if err := setName("name", name); err != nil {
		return err
	}
	return at2("name", taken.name(*name))
}

// setResult is setCalled for what has a result row, beside that of blank votes.
func setResult(id, name *string, taken *distinct) error {
	if strings.EqualFold(*id, BlankID) {
		return at("id", fmt.Errorf("is the blank vote's: %w", reason.ErrDuplicate))
	}
	return setCalled(id, name, taken)
}

func (m *Manifest) checkStyles() error {
	if len(m.Styles) == 0 {
		return at("styles", fmt.Errorf("are none: %w", reason.ErrShape))
	}
	if len(m.Styles) > maxStyles {
		return at("styles", fmt.Errorf("are %d, at most %d: %w", len(m.Styles), maxStyles, reason.ErrLimit))
	}
	taken := newDistinct("style")
	used := make([]bool, len(m.Contests))
	for i := range m.Styles {
		if err := m.checkStyle(&m.Styles[i], used, taken); err != nil {
			return at(fmt.Sprintf("styles[%d]", i), err)
		}
	}
	if i := slices.Index(used, false); i >= 0 {
		return at(fmt.Sprintf("contests[%d]", i), fmt.Errorf("%s is in no style, so nobody can vote on it: %w", m.Contests[i].ID, reason.ErrShape))
	}
	return nil
}

func (m *Manifest) checkStyle(s *Style, used []bool, taken *distinct) error {
	if err := setCalled(&s.ID, &s.Name, taken); err != nil {
		return err
	}
	if len(s.Contests) == 0 {
		return at("contests", fmt.Errorf("are none: %w", reason.ErrShape))
	}
	slices.Sort(s.Contests)
	columns := 0
	for i, contest := range s.Contests {
		if contest < 0 || contest >= len(m.Contests) {
			return at("contests", fmt.Errorf("have no number %d: %w", contest, reason.ErrRange))
		}
		if i > 0 && contest == s.Contests[i-1] {
			return at("contests", fmt.Errorf("have %s twice: %w", m.Contests[contest].ID, reason.ErrDuplicate))
		}
		used[contest] = true
		columns += m.Contests[contest].layout.columns()
	}
	if columns > maxColumns {
		return at("contests", fmt.Errorf("need %d columns together, at most %d: %w", columns, maxColumns, reason.ErrLimit))
	}
	if n := m.ballotLen(s); n > maxBallot {
		return at("contests", fmt.Errorf("make ballots of %d bytes with their tokens, at most %d: %w", n, maxBallot, reason.ErrLimit))
	}
	return nil
}

func (m *Manifest) checkHours() error {
	for _, hour := range []struct {
		name string
		time *time.Time
	}{{"opens", &m.Opens}, {"closes", &m.Closes}} {
		t := hour.time.UTC()
		if t.Year() < firstYear || t.Year() > lastYear || t.Nanosecond() != 0 {
			return at(hour.name, fmt.Errorf("is %s, not a whole second of the years %d to %d: %w", t.Format(time.RFC3339Nano), firstYear, lastYear, reason.ErrRange))
		}
		*hour.time = time.Unix(t.Unix(), 0).UTC()
	}
	if !m.Opens.Before(m.Closes) {
		return at("closes", fmt.Errorf("is not after opens: %w", reason.ErrRange))
	}
	if m.Rounding < time.Second || m.Rounding > maxRounding || m.Rounding%time.Second != 0 {
		return at("rounding", fmt.Errorf("is %s and must be between 1 and %d whole seconds: %w", m.Rounding, maxRounding/time.Second, reason.ErrRange))
	}
	return nil
}
