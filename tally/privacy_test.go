package tally

import (
	"bytes"
	"crypto/ed25519"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hanpyo/hanpyo/ballot"
	"github.com/hanpyo/hanpyo/elgamal"
	"github.com/hanpyo/hanpyo/internal/electiontest"
	"github.com/hanpyo/hanpyo/internal/entry"
	"github.com/hanpyo/hanpyo/internal/wire"
)

// The same people vote in two elections by tokens, with two contests each, all
// for the same. Of everything that stands on the two ledgers, and of everything
// that the registrars have seen or written down, nothing that came from one
// voter is found anywhere else, but for what is public about all voters. A
// voter's own entries in one election share the credential and its tokens, as
// revoting demands.
func TestLedgersLinkNobody(t *testing.T) {
	for _, g := range groups {
		if testing.Short() && g != elgamal.Ristretto255() {
			continue
		}
		t.Run(g.Name(), func(t *testing.T) {
			first := playWalked(t, g, 0, nil)
			second := playWalked(t, g, 4, nil)
			require.Empty(t, walk(t, first, second))
			require.NotZero(t, first.revotes, "of which there is something to find")

			// It finds what it looks for: a credential that is used again, and a
			// registrar that writes down what it should not know.
			third := playWalked(t, g, 4, first.f.Voters[0].Key)
			findings := walk(t, first, third)
			require.Len(t, findings, 1)
			require.Equal(t, "voter 0 of election 1 and voter 0 of election 2", findings[0])
			second.seen = append(second.seen, second.f.Voters[2].Key.Public())
			require.Equal(t, []string{"voter 2 of election 2 and the registrars of election 2"}, walk(t, first, second))
		})
	}
}

// walked is an election that was played to its result.
type walked struct {
	f       *fixture
	voters  map[int][][]byte // every entry of a voter
	rest    [][]byte         // all other entries
	seen    [][]byte         // what registrars have seen and logged
	revotes int
}

// playWalked runs an election. again, if not nil, is the credential that voter 0
// uses, though it has served before.
func playWalked(t *testing.T, g *elgamal.Group, firstIssuer int, again *ballot.VoterKey) *walked {
	contests := []ballot.Contest{mixedContests()[mayor], mixedContests()[motto]}
	e := electiontest.Prepare(t, &electiontest.Options{
		Group: g, Tokens: true, FirstIssuer: firstIssuer, Voters: 4, Weights: []uint64{1}, Trustees: 1,
		Contests: contests, Mixers: 2, Rounding: time.Hour,
	})
	if again != nil {
		e.Voters[0].Key = again
	}
	e.Publish()
	e.RunCeremony()
	e.Issue()
	e.Open()
	w := &walked{f: &fixture{Election: e}, voters: make(map[int][][]byte)}
	votes := ballot.Votes{"mayor": {"a": 1}, "motto": {"the same for all of us": 1}}
	cast := func(voter int) {
		b, _, err := e.Encrypt(e.Voters[voter], votes)
		require.NoError(t, err)
		_, err = e.Box().Cast(t.Context(), b)
		require.NoError(t, err)
		w.voters[voter] = append(w.voters[voter], b.Bytes())
	}
	// Voter 1 challenges the device first, and voter 2 votes three times.
	_, tracker, err := e.Encrypt(e.Voters[1], votes)
	require.NoError(t, err)
	spoil, err := e.NewSpoil(e.Voters[1], tracker)
	require.NoError(t, err)
	_, err = e.Box().Spoil(t.Context(), spoil.Bytes())
	require.NoError(t, err)
	w.voters[1] = append(w.voters[1], spoil.Bytes())
	for _, voter := range []int{2, 0, 1, 2, 3, 2} {
		cast(voter)
	}
	w.revotes = 2
	w.f.close(t)
	w.f.finish(t)
	for _, data := range w.f.entries {
		if kind := parse(t, data).Kind; kind != entry.Ballot && kind != entry.Spoil {
			w.rest = append(w.rest, data)
		}
	}
	require.Len(t, w.f.entries, len(w.rest)+7)
	for _, r := range e.Issuers {
		w.seen = append(w.seen, r.Seen...)
		cp, err := r.Log.Checkpoint(t.Context())
		require.NoError(t, err)
		for en, err := range r.Log.Entries(t.Context(), 0, cp.Size) {
			require.NoError(t, err)
			w.seen = append(w.seen, en.Data)
		}
	}
	return w
}

// windowLen is how many equal bytes are no accident: one in 2¹²⁸ pairs.
const windowLen = 16

type window [windowLen]byte

// windows calls f with every window of data, at whatever offset.
func windows(data []byte, f func(window)) {
	for i := range len(data) - windowLen + 1 {
		f(window(data[i:]))
	}
}

// own returns what of a voter's entry is the voter's own: all that stands behind
// its head, which is one of those that follow from the manifest and the open
// entry alone.
func (w *walked) own(t *testing.T, data []byte) []byte {
	e, kind := w.f.Election.Election, parse(t, data).Kind
	m := e.Manifest
	now := m.RoundTime(time.Unix(e.Opening.Time, 0))
	for _, at := range []int64{now, now + int64(m.Rounding/time.Second)} {
		for _, group := range e.Opening.Roll.Groups {
			for number := range m.Limits.BallotsPerCredential {
				if own, ok := bytes.CutPrefix(data, w.head(t, kind, at, group, number+1)); ok {
					return own
				}
			}
		}
	}
	require.Fail(t, "an entry begins like none", "%x", data[:64])
	return nil
}

// head is how an entry begins, up to what is the voter's own.
func (w *walked) head(t *testing.T, kind entry.Kind, at int64, group ballot.RollGroup, number uint32) []byte {
	e := w.f.Election.Election
	g, tokens := e.Group, 384*len(e.Manifest.Registrars.Keys)
	var b wire.Writer
	b.Uint8(1)
	b.Uint8(uint8(kind))
	b.Raw(e.Fingerprint[:])
	b.Int64(at)
	if kind == entry.Spoil { // behind the tracker style and weight have 10 bytes
		b.Uint32(uint32(32 + 2 + 8 + tokens + 2*g.PointLen() + g.ScalarLen()))
		return b.Bytes()
	}
	form, err := e.Form(group.Style)
	require.NoError(t, err)
	points := 2 + len(e.Manifest.RowColumns(group.Style))
	b.Uint32(uint32(2 + 4 + 8 + tokens + points*g.PointLen() + form.ProofLen()))
	b.Uint16(uint16(group.Style))
	b.Uint32(number)
	b.Uint64(group.Weight)
	return b.Bytes()
}

// fields returns the fields of a voter's entry of 8 bytes and more.
func (w *walked) fields(t *testing.T, data []byte) (fields [][]byte) {
	e, env := w.f.Election.Election, parse(t, data)
	g, r := e.Group, wire.NewReader(env.Body)
	take := func(n int) { fields = append(fields, r.Raw(n)) }
	fields = append(fields, env.Election[:], slices.Clone(data[34:42]))
	style := 0
	if env.Kind == entry.Spoil {
		take(32) // tracker
	}
	style = int(r.Uint16())
	if env.Kind == entry.Ballot {
		r.Uint32() // number
	}
	take(8) // weight
	for range e.Manifest.Registrars.Keys {
		take(384)
	}
	take(g.PointLen()) // K
	if env.Kind == entry.Ballot {
		for range 1 + len(e.Manifest.RowColumns(style)) {
			take(g.PointLen())
		}
		for range 7 {
			take(g.PointLen())
		}
	} else {
		take(g.PointLen())
	}
	for r.Rest() > 0 {
		take(g.ScalarLen())
	}
	require.NoError(t, r.Done())
	return fields
}

// public are the values of fields that an election's voters share, from the
// manifest and the open entry alone.
func (w *walked) public() map[string]bool {
	e := w.f.Election.Election
	m := e.Manifest
	known := map[string]bool{string(e.Fingerprint[:]): true}
	now := m.RoundTime(time.Unix(e.Opening.Time, 0))
	known[uint64Field(uint64(now))] = true
	known[uint64Field(uint64(now)+uint64(m.Rounding/time.Second))] = true
	for _, group := range e.Opening.Roll.Groups {
		known[uint64Field(group.Weight)] = true
	}
	return known
}

// registrarsOwn returns what registrars have seen and logged, but for what is
// in the manifest: which election and registrar a log is of, and its classes.
func (w *walked) registrarsOwn(t *testing.T) (own [][]byte) {
	id := w.f.Manifest.ID()
	for _, data := range w.seen {
		begin, ok := bytes.CutPrefix(data, []byte{1, 1}) // version and kind
		if !ok || len(begin) != 16+32+32+4+(4+len("all")+8+32) {
			own = append(own, data)
			continue
		}
		require.Equal(t, id[:], begin[16:48])
		require.True(t, slices.ContainsFunc(w.f.Manifest.Registrars.Keys, func(k ed25519.PublicKey) bool { return bytes.Equal(k, begin[48:80]) }))
		own = append(own, begin[:16], begin[len(begin)-32:]) // a nonce, and the hash of a key
	}
	return own
}

// walk returns who is found to have something in common with whom.
func walk(t *testing.T, elections ...*walked) []string {
	var findings []string
	found := func(a, b string) {
		if finding := a + " and " + b; !slices.Contains(findings, finding) {
			findings = append(findings, finding)
		}
	}
	public := make(map[string]bool)
	for _, w := range elections {
		maps.Copy(public, w.public())
	}
	owners, fieldOwners := make(map[window]string), make(map[string]string)
	for i, w := range elections {
		for voter := range len(w.voters) {
			owner := fmt.Sprintf("voter %d of election %d", voter, i+1)
			for _, data := range w.voters[voter] {
				windows(w.own(t, data), func(x window) {
					if first, ok := owners[x]; ok && first != owner {
						found(first, owner)
					}
					owners[x] = owner
				})
				for _, field := range w.fields(t, data) {
					if first, ok := fieldOwners[string(field)]; ok && first != owner && !public[string(field)] {
						found(first, owner)
					}
					fieldOwners[string(field)] = owner
				}
			}
		}
	}
	// What else there is has nothing of any voter, and no ledger anything of a
	// registrar's own.
	ledgers := make(map[window]bool)
	for i, w := range elections {
		for _, data := range w.rest {
			windows(data, func(x window) {
				if owners[x] != "" {
					found(owners[x], fmt.Sprintf("the officials of election %d", i+1))
				}
			})
		}
		for _, data := range w.f.entries {
			windows(data, func(x window) { ledgers[x] = true })
		}
	}
	for i, w := range elections {
		registrars := fmt.Sprintf("the registrars of election %d", i+1)
		for _, data := range w.registrarsOwn(t) {
			windows(data, func(x window) {
				if owners[x] != "" {
					found(owners[x], registrars)
				} else if ledgers[x] {
					found("a ledger", registrars)
				}
			})
		}
	}
	return findings
}

func uint64Field(n uint64) string {
	var w wire.Writer
	w.Uint64(n)
	return string(w.Bytes())
}
