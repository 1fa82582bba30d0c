package ballot

import (
	"bytes"
	"crypto/ed25519"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/hanpyo/hanpyo/elgamal"
	"github.com/hanpyo/hanpyo/elgamal/dkg"
	"github.com/hanpyo/hanpyo/internal/reason"
	"github.com/hanpyo/hanpyo/internal/strictjson"
	"github.com/hanpyo/hanpyo/ledger"
)

// maxManifest is how large a manifest may be, in JSON and in canonical bytes.
const maxManifest = 4 << 20

// The explicit words of a manifest's accept list.
const (
	wordMinority = "minority-threshold"
	wordEveryone = "every-trustee-needed"
	wordOneMixer = "single-mixer"
)

// ParseManifest reads a manifest in JSON, strictly: no duplicate or unknown
// keys, no null, integers only. The error says where. Names are brought into
// Unicode normal form C.
func ParseManifest(data []byte) (*Manifest, error) {
	root, err := strictjson.Parse(data, maxManifest)
	if err != nil {
		return nil, &manifestError{err}
	}
	description := readManifest(root)
	if err := root.Done(); err != nil {
		return nil, &manifestError{err}
	}
	return NewManifest(description)
}

func readManifest(v *strictjson.Value) (m Manifest) {
	if version := v.Field("version").Int(0, strictjson.MaxInteger); v.Err() == nil && version != Version {
		v.Field("version").Fail(fmt.Errorf("%d is not %d: %w", version, Version, reason.ErrVersion))
	}
	group := v.Field("group")
	g, err := elgamal.GroupByName(group.Text())
	if err != nil {
		group.Fail(err)
		return m
	}
	m.Group = g
	m.Title = v.Field("title").Text()
	m.Ledger.Origin = v.Field("ledger").Field("origin").Text()
	m.Ledger.Key = v.Field("ledger").Field("key").Text()
	if l := v.Field("ledger"); l.Has("witnesses") {
		for _, w := range l.Field("witnesses").List() {
			m.Ledger.Witnesses = append(m.Ledger.Witnesses, w.Text())
		}
		m.Ledger.Quorum = int(l.Field("quorum").Int(1, ledger.MaxWitnesses))
	}
	m.Authorities = readSigners(v.Field("authorities"))
	m.Registrars = readSigners(v.Field("registrars"))
	if v.Has("eligibility") {
		m.Eligibility = v.Field("eligibility").Text()
	}
	for _, t := range v.Field("trustees").List() {
		m.Trustees = append(m.Trustees, readTrustee(g, t))
	}
	m.Threshold = int(v.Field("threshold").Int(0, maxTrustees))
	if v.Has("mixers") {
		readMixers(&m, v.Field("mixers"))
	}
	if v.Has("accept") {
		readAccept(&m, v.Field("accept").List())
	}
	for _, c := range v.Field("contests").List() {
		m.Contests = append(m.Contests, readContest(c))
	}
	for _, s := range v.Field("styles").List() {
		m.Styles = append(m.Styles, readStyle(&m, s))
	}
	m.Limits = readLimits(v.Field("limits"))
	m.Opens = readTime(v.Field("hours").Field("opens"))
	m.Closes = readTime(v.Field("hours").Field("closes"))
	m.Rounding = time.Duration(v.Field("rounding").Int(1, int64(maxRounding/time.Second))) * time.Second
	return m
}

// readHex reads lowercase hex of a fixed number of bytes.
func readHex(v *strictjson.Value, size int) []byte {
	s := v.Text()
	b, err := hex.DecodeString(s)
	if v.Err() == nil && (err != nil || len(b) != size || strings.ToLower(s) != s) {
		v.Fail(fmt.Errorf("is not %d bytes in lowercase hex: %w", size, reason.ErrEncoding))
	}
	return b
}

func readSigners(v *strictjson.Value) (s Signers) {
	for _, k := range v.Field("keys").List() {
		s.Keys = append(s.Keys, readHex(k, ed25519.PublicKeySize))
	}
	s.Quorum = int(v.Field("quorum").Int(0, 1<<16))
	return s
}

func readTrustee(g *elgamal.Group, v *strictjson.Value) (t dkg.TrusteeKeys) {
	t.Name = v.Field("name").Text()
	t.Signing = readHex(v.Field("signing"), ed25519.PublicKeySize)
	var err error
	if t.Encryption, err = g.DecodePoint(readHex(v.Field("encryption"), g.PointLen())); err != nil {
		v.Field("encryption").Fail(err)
	}
	return t
}

func readAccept(m *Manifest, words []*strictjson.Value) {
	for _, word := range words {
		said := map[string]*bool{
			wordMinority: &m.MinorityThreshold, wordEveryone: &m.EveryTrusteeNeeded, wordOneMixer: &m.SingleMixer,
		}[word.Text()]
		switch {
		case said == nil:
			word.Fail(fmt.Errorf("is none of %q, %q and %q: %w", wordMinority, wordEveryone, wordOneMixer, reason.ErrEncoding))
		case *said:
			word.Fail(fmt.Errorf("stands twice: %w", reason.ErrDuplicate))
		default:
			*said = true
		}
	}
}

func readContest(v *strictjson.Value) (c Contest) {
	c.ID = v.Field("id").Text()
	c.Name = v.Field("name").Text()
	c.Kind = v.Field("kind").Text()
	c.Options = readOptions(v.Field("options"))
	c.Blank = v.Has("blank") && v.Field("blank").Bool()
	k, ok := kinds[c.Kind]
	if !ok {
		v.Field("kind").Fail(fmt.Errorf("%q is not known: %w", c.Kind, reason.ErrVersion))
		return c
	}
	for _, name := range k.params() {
		name, optional := strings.CutSuffix(name, "?")
		if optional && !v.Has(name) {
			continue
		}
		c.readParam(name, v.Field(name))
	}
	return c
}

func readStyle(m *Manifest, v *strictjson.Value) (s Style) {
	s.ID = v.Field("id").Text()
	s.Name = v.Field("name").Text()
	for _, id := range v.Field("contests").List() {
		i, ok := m.ContestIndex(id.Text())
		if !ok {
			id.Fail(fmt.Errorf("there is no contest %+q: %w", id.Text(), reason.ErrShape))
		}
		s.Contests = append(s.Contests, i)
	}
	return s
}

func readLimits(v *strictjson.Value) (l Limits) {
	l.MaxVoters = uint64(v.Field("max_voters").Int(1, maxVoters))
	if v.Has("max_weight") {
		l.MaxWeight = uint64(v.Field("max_weight").Int(1, maxVoters))
	}
	if v.Has("min_group") {
		l.MinGroup = uint64(v.Field("min_group").Int(1, maxVoters))
	}
	if v.Has("ballots_per_credential") {
		l.BallotsPerCredential = uint32(v.Field("ballots_per_credential").Int(1, maxBallots))
	}
	return l
}

// readTime reads RFC 3339 in UTC with whole seconds: 2027-05-09T07:00:00Z.
func readTime(v *strictjson.Value) time.Time {
	s := v.Text()
	t, err := time.Parse(time.RFC3339, s)
	if v.Err() == nil && (err != nil || t.UTC().Format(time.RFC3339) != s) {
		v.Fail(fmt.Errorf("%.40q is not a time like 2027-05-09T07:00:00Z: %w", s, reason.ErrEncoding))
	}
	return t.UTC()
}

// The JSON view in the order in which it is written.
type (
	manifestJSON struct {
		Version     int           `json:"version"`
		Group       string        `json:"group"`
		Title       string        `json:"title"`
		Ledger      ledgerJSON    `json:"ledger"`
		Authorities signersJSON   `json:"authorities"`
		Registrars  signersJSON   `json:"registrars"`
		Eligibility string        `json:"eligibility"`
		Trustees    []trusteeJSON `json:"trustees"`
		Threshold   int           `json:"threshold"`
		Mixers      *mixersJSON   `json:"mixers,omitempty"`
		Accept      []string      `json:"accept,omitempty"`
		Contests    []contestJSON `json:"contests"`
		Styles      []styleJSON   `json:"styles"`
		Limits      limitsJSON    `json:"limits"`
		Hours       hoursJSON     `json:"hours"`
		Rounding    int64         `json:"rounding"`
	}
	ledgerJSON struct {
		Origin    string   `json:"origin"`
		Key       string   `json:"key"`
		Witnesses []string `json:"witnesses,omitempty"`
		Quorum    int      `json:"quorum,omitempty"`
	}
	signersJSON struct {
		Keys   []string `json:"keys"`
		Quorum int      `json:"quorum"`
	}
	trusteeJSON struct {
		Name       string `json:"name"`
		Signing    string `json:"signing"`
		Encryption string `json:"encryption"`
	}
	optionJSON struct {
		ID   string `json:"id"`
		Name string `json:"name"`
	}
	contestJSON struct {
		ID   string `json:"id"`
		Name string `json:"name"`
		Kind string `json:"kind"`
		paramsJSON
		Blank   bool         `json:"blank,omitempty"`
		Options []optionJSON `json:"options"`
	}
	// paramsJSON has the contest's parameters: nil, or what viewParam returns.
	paramsJSON struct {
		Min       any `json:"min,omitempty"`
		Max       any `json:"max,omitempty"`
		Points    any `json:"points,omitempty"`
		Values    any `json:"values,omitempty"`
		Exact     any `json:"exact,omitempty"`
		Grades    any `json:"grades,omitempty"`
		Lists     any `json:"lists,omitempty"`
		Panachage any `json:"panachage,omitempty"`
		Equations any `json:"equations,omitempty"`
		Rows      any `json:"rows,omitempty"`
		Witness   any `json:"witness,omitempty"`

		Count      any `json:"count,omitempty"`
		Seats      any `json:"seats,omitempty"`
		Plaintexts any `json:"plaintexts,omitempty"`
	}
	styleJSON struct {
		ID       string   `json:"id"`
		Name     string   `json:"name"`
		Contests []string `json:"contests"`
	}
	limitsJSON struct {
		MaxVoters            uint64 `json:"max_voters"`
		MaxWeight            uint64 `json:"max_weight"`
		MinGroup             uint64 `json:"min_group"`
		BallotsPerCredential uint32 `json:"ballots_per_credential"`
	}
	hoursJSON struct {
		Opens  string `json:"opens"`
		Closes string `json:"closes"`
	}
)

// JSON returns the manifest as indented JSON, which parses back to the same
// manifest. It is a view: only the canonical bytes are hashed.
func (m *Manifest) JSON() []byte {
	view := manifestJSON{
		Version:     Version,
		Group:       m.Group.Name(),
		Title:       m.Title,
		Ledger:      ledgerJSON(m.Ledger),
		Authorities: m.Authorities.view(),
		Registrars:  m.Registrars.view(),
		Eligibility: m.Eligibility,
		Threshold:   m.Threshold,
		Limits:      limitsJSON{m.Limits.MaxVoters, m.Limits.MaxWeight, m.Limits.MinGroup, m.Limits.BallotsPerCredential},
		Hours:       hoursJSON{m.Opens.UTC().Format(time.RFC3339), m.Closes.UTC().Format(time.RFC3339)},
		Rounding:    int64(m.Rounding / time.Second),
	}
	for _, t := range m.Trustees {
		encryption := m.Group.AppendPoint(nil, t.Encryption)
		view.Trustees = append(view.Trustees, trusteeJSON{t.Name, hex.EncodeToString(t.Signing), hex.EncodeToString(encryption)})
	}
	view.Mixers = m.viewMixers()
	if m.MinorityThreshold {
		view.Accept = append(view.Accept, wordMinority)
	}
	if m.EveryTrusteeNeeded {
		view.Accept = append(view.Accept, wordEveryone)
	}
	if m.SingleMixer {
		view.Accept = append(view.Accept, wordOneMixer)
	}
	for i := range m.Contests {
		view.Contests = append(view.Contests, m.Contests[i].view())
	}
	for _, s := range m.Styles {
		style := styleJSON{ID: s.ID, Name: s.Name}
		for _, i := range s.Contests {
			style.Contests = append(style.Contests, m.Contests[i].ID)
		}
		view.Styles = append(view.Styles, style)
	}
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	if err := e.Encode(view); err != nil {
		panic("ballot: manifest view: " + err.Error())
	}
	return b.Bytes()
}

func (s *Signers) view() signersJSON {
	view := signersJSON{Quorum: s.Quorum}
	for _, k := range s.Keys {
		view.Keys = append(view.Keys, hex.EncodeToString(k))
	}
	return view
}

func (c *Contest) view() contestJSON {
	view := contestJSON{ID: c.ID, Name: c.Name, Kind: c.Kind, Blank: c.Blank, Options: viewOptions(c.Options)}
	for name, to := range map[string]*any{
		"min": &view.Min, "max": &view.Max, "points": &view.Points, "values": &view.Values, "exact": &view.Exact,
		"grades": &view.Grades, "lists": &view.Lists, "panachage": &view.Panachage,
		"equations": &view.Equations, "rows": &view.Rows, "witness": &view.Witness,
		"count": &view.Count, "seats": &view.Seats, "plaintexts": &view.Plaintexts,
	} {
		if uses(c.kind, name) {
			*to = c.viewParam(name)
		}
	}
	return view
}
