package tally

import (
	"crypto/ed25519"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hanpyo/hanpyo/ballot"
	"github.com/hanpyo/hanpyo/elgamal/dkg"
	"github.com/hanpyo/hanpyo/internal/electiontest"
	"github.com/hanpyo/hanpyo/internal/entry"
)

// FuzzElectionPhases lets officials, voters and trustees do anything in any
// order, rightly and wrongly, beside a model of the phases: what comes too early
// or too late is refused with its reason, what was done already is not done
// again, and what stands in the end, once everybody has done what is missing,
// audits and has the votes that the model counted. Every two bytes of an input
// are one step and whose.
func FuzzElectionPhases(f *testing.F) {
	var all, twice, hasty []byte
	for i := range byte(3) {
		for step := range byte(len(steps)) {
			all = append(all, step, i)
		}
	}
	// An election as it should be, in which everybody does everything twice.
	for _, step := range []byte{publishStep, trusteeStep, roundStep, trusteeStep, roundStep, trusteeStep, roundStep, trusteeStep, roundStep, trusteeStep,
		rollStep, openStep, castStep, holdStep, castHeldStep, againStep, spoilStep, closeStep, pinStep, decryptStep, combineStep, resultStep, auditStep} {
		twice = append(twice, step, 0, step, 1, step, 2, step, 255)
		hasty = append(hasty, step, 1, step, 2)
	}
	f.Add(all)
	f.Add(twice)
	f.Add(hasty)
	var advanced []byte // something at every point of an election
	for i := range byte(20) {
		advanced = append(advanced, 255, 0, i%byte(len(steps)), 3*i, junkStep, i, castStep, i, spoilStep, i+1, againStep, i, castHeldStep, i)
	}
	f.Add(advanced)
	f.Add([]byte{spoilStep, 1, decryptStep, 2, resultStep, 0, closeStep, 1})
	f.Fuzz(func(t *testing.T, input []byte) {
		m := newPhases(t)
		for i := 0; i+1 < len(input) && i < 300; i += 2 {
			if input[i] >= 192 { // or few inputs came far
				m.advance()
				continue
			}
			steps[input[i]%byte(len(steps))](m, int(input[i+1]))
		}
		for !m.over {
			m.advance()
		}
		m.audit(0)
	})
}

// The steps, for seeds.
const (
	publishStep = iota
	trusteeStep
	roundStep
	rollStep
	openStep
	castStep
	holdStep
	castHeldStep
	againStep
	spoilStep
	junkStep
	closeStep
	pinStep
	decryptStep
	combineStep
	resultStep
	auditStep
)

var steps = [...]func(*phases, int){
	publishStep: (*phases).publish, trusteeStep: (*phases).trustee, roundStep: (*phases).round, rollStep: (*phases).roll,
	openStep: (*phases).open, castStep: (*phases).cast, holdStep: (*phases).hold, castHeldStep: (*phases).castHeld,
	againStep: (*phases).again, spoilStep: (*phases).spoil, junkStep: (*phases).junk, closeStep: (*phases).close,
	pinStep: (*phases).pin, decryptStep: (*phases).decrypt, combineStep: (*phases).combine, resultStep: (*phases).result,
	auditStep: (*phases).audit,
}

// phases is an election and what the model knows of it.
type phases struct {
	*electiontest.Election
	t        *testing.T
	stranger []ed25519.PrivateKey

	published, rolled, opened, closed, pinned, over bool
	phase                                           dkg.Phase
	said                                            [dkg.Complete][3]bool // by trustee, in each round
	done, decrypted                                 [3]bool
	made                                            []*paper // all ballots, in the order in which they were made
	standing                                        [2]*paper
}

// paper is a ballot.
type paper struct {
	voter   int
	number  uint32
	option  string
	bytes   []byte
	tracker ballot.Tracker
	cast    bool
	spoiled bool
}

func newPhases(t *testing.T) *phases {
	e := electiontest.Prepare(t, &electiontest.Options{Voters: 2, Contests: []ballot.Contest{
		{ID: "q", Name: "Q", Kind: "choose", Min: 1, Max: 1, Options: []ballot.Option{{ID: "yes", Name: "Yes"}, {ID: "no", Name: "No"}}},
	}})
	_, a, err := ed25519.GenerateKey(nil)
	require.NoError(t, err)
	_, b, err := ed25519.GenerateKey(nil)
	require.NoError(t, err)
	return &phases{Election: e, t: t, stranger: []ed25519.PrivateKey{a, b}, phase: dkg.Committing}
}

// want requires an error if the reason is one, else none.
func (m *phases) want(reason, err error) {
	m.t.Helper()
	if reason == nil {
		require.NoError(m.t, err)
		return
	}
	require.ErrorIs(m.t, err, reason)
}

// signers returns who signs: the authorities, too few of them, or strangers. It
// says which error that gives where it matters.
func (m *phases) signers(who int) ([]ed25519.PrivateKey, error) {
	switch who % 8 {
	case 6:
		return m.Authorities[:1], ErrQuorum
	case 7:
		return m.stranger, ErrSignature
	}
	return m.Signers(), nil
}

func (m *phases) publish(who int) {
	keys, wrong := m.signers(who)
	if m.published {
		wrong = nil
	}
	m.want(wrong, ballot.Publish(m.t.Context(), m.Log, m.Manifest, keys))
	m.published = m.published || wrong == nil
}

// trustee lets a trustee say what it has to. It says nothing twice.
func (m *phases) trustee(who int) {
	j := who % 3
	if !m.published { // what stands before the manifest is of no ceremony
		return
	}
	message, done, err := m.Trustees[j].Next(m.Manifest.Ceremony(), m.Posted())
	require.NoError(m.t, err)
	says := m.phase < dkg.Complete && !m.said[m.phase][j] && (m.phase != dkg.Dealing || m.said[dkg.Committing][j])
	require.Equal(m.t, says, message != nil)
	require.Equal(m.t, m.phase == dkg.Complete, done)
	if m.done[j] = done; says {
		m.Append(message)
		m.said[m.phase][j] = true
	}
}

// round ends a phase of the ceremony.
func (m *phases) round(who int) {
	phase := dkg.Phase(1 + who/8%4)
	if who%2 == 1 {
		phase = m.phase
	}
	keys, wrong := m.signers(who)
	said := 0
	for j := range 3 {
		if m.phase < dkg.Complete && m.said[m.phase][j] {
			said++
		}
	}
	switch {
	case phase == dkg.Complete: // which is no phase to end
		wrong = ErrRange
	case !m.published:
		wrong = ErrState
	case phase < m.phase:
		wrong = nil
	case phase > m.phase:
		wrong = ErrState
	case wrong == nil && said < 2 && phase != dkg.Confirming:
		wrong = ErrQuorum
	}
	m.want(wrong, ballot.EndRound(m.t.Context(), m.Log, m.Manifest, phase, keys))
	if wrong == nil && m.published && phase == m.phase && m.phase < dkg.Complete {
		m.phase++
	}
}

func (m *phases) roll(who int) {
	keys, roll, wrong := m.Registrars, m.Roll, error(nil)
	if who%8 == 7 {
		keys, wrong = m.stranger[:1], ErrSignature
	}
	if who%8 == 6 && m.rolled { // a roll of others
		other, err := ballot.NewRoll(m.Manifest, []ballot.RollLine{{Key: ballot.NewVoterKey(m.Group).Public(), Weight: 1}})
		require.NoError(m.t, err)
		roll = other
	}
	switch {
	case m.phase != dkg.Complete:
		wrong = ErrState
	case m.opened && roll != m.Roll:
		wrong = ErrState
	case m.rolled && roll != m.Roll:
		wrong = ErrDuplicate
	case m.rolled:
		wrong = nil
	}
	m.want(wrong, ballot.PublishRoll(m.t.Context(), m.Log, m.Manifest, roll, keys))
	m.rolled = m.rolled || wrong == nil
}

func (m *phases) open(who int) {
	keys, wrong := m.signers(who)
	switch {
	case !m.rolled:
		wrong = ErrState
	case m.opened:
		wrong = nil
	}
	fp, err := ballot.Open(m.t.Context(), m.Log, m.Manifest, keys)
	m.want(wrong, err)
	if err != nil || m.opened {
		return
	}
	m.opened = true
	m.Election.Election, err = ballot.Load(m.t.Context(), m.Log, fp)
	require.NoError(m.t, err)
}

// hold makes a ballot that nobody casts yet.
func (m *phases) hold(who int) {
	v := m.Voters[who%2]
	if !m.opened || v.Number > 8 {
		return
	}
	option := []string{"yes", "no"}[who/2%2]
	b, tracker, err := m.Encrypt(v, ballot.Votes{"q": {option: 1}})
	require.NoError(m.t, err)
	m.made = append(m.made, &paper{voter: who % 2, number: b.Number(), option: option, bytes: b.Bytes(), tracker: tracker})
}

func (m *phases) cast(who int) {
	before := len(m.made)
	if m.hold(who); len(m.made) > before {
		m.put(m.made[before])
	}
}

// castHeld casts any ballot that was made, again or for the first time.
func (m *phases) castHeld(who int) {
	if len(m.made) > 0 {
		m.put(m.made[who%len(m.made)])
	}
}

// put casts a ballot and compares what the box says.
func (m *phases) put(b *paper) {
	last := m.standing[b.voter]
	var wrong error
	switch {
	case b.cast && last == b: // a retry
	case b.cast:
		wrong = ballot.ErrReplay
	case m.closed:
		wrong = ErrState
	case b.spoiled:
		wrong = ErrState
	case last != nil && last.number > b.number:
		wrong = ballot.ErrReplay
	}
	receipt, err := m.Box().CastBytes(m.t.Context(), b.bytes)
	m.want(wrong, err)
	if err == nil {
		require.NoError(m.t, m.VerifyReceipt(b.bytes, receipt))
		b.cast, m.standing[b.voter] = true, b
	}
}

// again puts the bytes of a ballot on the ledger without the box, changed or as
// they are.
func (m *phases) again(who int) {
	if len(m.made) == 0 {
		return
	}
	b := m.made[who/4%len(m.made)]
	data := slices.Clone(b.bytes)
	if who%4 > 0 || !b.cast { // as it is it would count
		data[len(data)-1-who%4] ^= 1
		_, err := m.Box().CastBytes(m.t.Context(), data)
		require.Error(m.t, err)
	}
	m.Append(data)
}

// spoil challenges a ballot.
func (m *phases) spoil(who int) {
	if len(m.made) == 0 {
		return
	}
	b := m.made[who%len(m.made)]
	s, err := m.NewSpoil(m.Voters[b.voter], b.tracker)
	require.NoError(m.t, err)
	var wrong error
	switch {
	case m.closed, b.cast:
		wrong = ErrState
	case b.spoiled:
		wrong = ballot.ErrReplay
	}
	_, err = m.Box().Spoil(m.t.Context(), s.Bytes())
	m.want(wrong, err)
	b.spoiled = b.spoiled || err == nil
}

// junk is what anybody may put on a ledger: it changes nothing.
func (m *phases) junk(who int) {
	if !m.published { // a ledger begins with its manifest
		return
	}
	kinds := []entry.Kind{entry.Close, entry.Pin, entry.Share, entry.Result, entry.Round, entry.Open, entry.Mix, entry.Commit}
	e := entry.Envelope{Kind: kinds[who%len(kinds)], Election: m.Manifest.ID(), Body: []byte{byte(who)}}
	if m.opened && who%3 > 0 {
		e.Election = entry.Hash(m.Fingerprint)
	}
	if who%2 == 0 {
		e.Sign(m.stranger[0])
	}
	m.Append(e.Bytes())
}

func (m *phases) close(who int) {
	if !m.opened {
		var fp ballot.Fingerprint
		fp[0] = 1
		m.want(ErrIncomplete, ballot.Close(m.t.Context(), m.Log, fp, m.Signers()))
		return
	}
	keys, wrong := m.signers(who)
	if m.closed {
		wrong = nil
	}
	m.want(wrong, ballot.Close(m.t.Context(), m.Log, m.Fingerprint, keys))
	m.closed = m.closed || wrong == nil
}

func (m *phases) pin(who int) {
	if !m.opened {
		return
	}
	keys, wrong := m.signers(who)
	switch {
	case !m.closed:
		wrong = ErrState
	case m.pinned:
		wrong = nil
	}
	m.want(wrong, Pin(m.t.Context(), m.Election.Election, m.Log, keys))
	m.pinned = m.pinned || wrong == nil
}

// counted returns how many ballots count.
func (m *phases) counted() (n int) {
	for _, b := range m.standing {
		if b != nil {
			n++
		}
	}
	return n
}

func (m *phases) shares() (n int) {
	for _, d := range m.decrypted {
		if d {
			n++
		}
	}
	return n
}

func (m *phases) decrypt(who int) {
	j := who % 3
	if !m.opened {
		return
	}
	var wrong error
	switch {
	case !m.pinned, !m.done[j]:
		wrong = ErrState
	case m.counted() == 0, m.decrypted[j]:
	case m.over:
		wrong = ErrState
	}
	m.want(wrong, Decrypt(m.t.Context(), m.Election.Election, m.Log, m.Trustees[j]))
	m.decrypted[j] = m.decrypted[j] || wrong == nil && m.counted() > 0
}

func (m *phases) combine(int) {
	if m.opened {
		m.combined()
	}
}

// combined returns the result, if there must be one.
func (m *phases) combined() *Result {
	var wrong error
	switch {
	case !m.pinned:
		wrong = ErrState
	case m.counted() > 0 && m.shares() < 2:
		wrong = ErrQuorum
	}
	r, err := Combine(m.t.Context(), m.Election.Election, m.Log)
	m.want(wrong, err)
	if err != nil {
		return nil
	}
	want := map[string]int64{}
	for _, b := range m.standing {
		if b != nil {
			want[b.option]++
		}
	}
	require.Equal(m.t, want, totals(r.Contests[0]))
	return r
}

func (m *phases) result(who int) {
	if !m.opened {
		return
	}
	r := m.combined()
	if r == nil {
		return
	}
	keys, wrong := m.signers(who)
	if m.over {
		wrong = nil
	}
	if who%8 == 5 {
		r.Contests[0].Totals[0].Total++
		wrong = ErrProof
	}
	m.want(wrong, Publish(m.t.Context(), m.Election.Election, m.Log, r, keys))
	m.over = m.over || wrong == nil
}

// audit requires that nothing is found wrong, and that nothing is verified
// before there is a result.
func (m *phases) audit(int) {
	if !m.opened {
		return
	}
	report, err := Audit(m.t.Context(), m.Log, m.Fingerprint, nil)
	require.NoError(m.t, err)
	require.Equal(m.t, m.over, report.Verified(), report.Text())
	for _, c := range report.Checks {
		require.NotEqual(m.t, Failed, c.Status, report.Text())
	}
}

// advance does what has to come next.
func (m *phases) advance() {
	switch {
	case !m.published:
		m.publish(0)
	case m.phase < dkg.Complete:
		for j := range 3 {
			m.trustee(j)
		}
		m.round(1)
	case slices.Contains(m.done[:], false):
		for j := range 3 {
			m.trustee(j)
		}
	case !m.rolled:
		m.roll(0)
	case !m.opened:
		m.open(0)
	case !m.closed:
		m.close(0)
	case !m.pinned:
		m.pin(0)
	case m.counted() > 0 && m.shares() < 2:
		m.decrypt(1)
		m.decrypt(2)
	case !m.over:
		m.result(0)
	}
}
