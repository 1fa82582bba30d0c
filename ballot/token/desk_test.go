package token_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hanpyo/hanpyo/ballot/token"
	"github.com/hanpyo/hanpyo/internal/tokentest"
	"github.com/hanpyo/hanpyo/ledger"
	"github.com/hanpyo/hanpyo/ledger/boltledger"
)

func TestIssue(t *testing.T) {
	log := newLog(t)
	d := openDesk(t, log)
	first, err := d.Issue(t.Context(), subject(0), city, blinded(1))
	require.NoError(t, err)
	want, err := tokentest.Key(0).Sign(blinded(1))
	require.NoError(t, err)
	require.Equal(t, want, first)

	// A retry is no second token, and leaves nothing behind.
	size := sizeOf(t, log)
	again, err := d.Issue(t.Context(), subject(0), city, blinded(1))
	require.NoError(t, err)
	require.Equal(t, first, again)
	require.Equal(t, size, sizeOf(t, log))

	// Each class has its own key.
	third, err := d.Issue(t.Context(), subject(100), valley, blinded(1))
	require.NoError(t, err)
	require.NotEqual(t, first, third)
	require.Equal(t, size+1, sizeOf(t, log))
}

func sizeOf(t *testing.T, r ledger.Reader) uint64 {
	cp, err := r.Checkpoint(t.Context())
	require.NoError(t, err)
	return cp.Size
}

func TestIssueRefuses(t *testing.T) {
	log := newLog(t)
	d := openDesk(t, log)
	_, err := d.Issue(t.Context(), subject(0), city, blinded(1))
	require.NoError(t, err)
	size := sizeOf(t, log)
	for name, ask := range map[string]struct {
		subject [32]byte
		class   token.Class
		blinded []byte
		want    error
	}{
		"a second token":       {subject(0), city, blinded(2), token.ErrDuplicate},
		"of the other class":   {subject(0), valley, blinded(1), token.ErrEligibility},
		"another's class":      {subject(1), valley, blinded(3), token.ErrEligibility},
		"a class without key":  {subject(1), double, blinded(3), token.ErrEligibility},
		"a stranger":           {subject(999), city, blinded(3), token.ErrEligibility},
		"nobody":               {[32]byte{}, city, blinded(3), token.ErrShape},
		"nothing blinded":      {subject(1), city, nil, token.ErrEncoding},
		"too long a message":   {subject(1), city, make([]byte, token.Size+1), token.ErrEncoding},
		"a trivial message":    {subject(1), city, bytesOf(one), token.ErrRange},
		"a second trivial one": {subject(0), city, bytesOf(one), token.ErrRange},
	} {
		answer, err := d.Issue(t.Context(), ask.subject, ask.class, ask.blinded)
		require.ErrorIs(t, err, ask.want, name)
		require.Nil(t, answer, name)
	}
	require.Equal(t, size, sizeOf(t, log), "refusals write nothing")
	_, err = d.Issue(t.Context(), subject(1), city, blinded(3))
	require.NoError(t, err, "and do not use the subject up")
}

// TestEligibleWithoutKey: the rule may know classes that this desk does not
// serve.
func TestEligibleWithoutKey(t *testing.T) {
	c := deskConfig()
	delete(c.Keys, city)
	d, err := token.OpenDesk(t.Context(), newLog(t), c)
	require.NoError(t, err)
	_, err = d.Issue(t.Context(), subject(100), valley, blinded(1))
	require.NoError(t, err)
	_, err = d.Issue(t.Context(), subject(0), city, blinded(1))
	require.ErrorIs(t, err, token.ErrEligibility)
}

// TestOneTokenAtOnce: of fifty requests of one subject at a time one is
// answered, and of fifty retries all, alike.
func TestOneTokenAtOnce(t *testing.T) {
	log := newLog(t)
	d := openDesk(t, log)
	var answered, refused atomic.Int32
	var retries [50][]byte
	var wait sync.WaitGroup
	for i := range retries {
		wait.Go(func() {
			_, err := d.Issue(t.Context(), subject(7), city, blinded(byte(i)))
			switch {
			case err == nil:
				answered.Add(1)
			case errors.Is(err, token.ErrDuplicate):
				refused.Add(1)
			}
		})
		wait.Go(func() { retries[i], _ = d.Issue(t.Context(), subject(8), city, blinded(200)) })
	}
	wait.Wait()
	require.EqualValues(t, 1, answered.Load())
	require.EqualValues(t, 49, refused.Load())
	require.NotNil(t, retries[0])
	for _, r := range retries {
		require.Equal(t, retries[0], r)
	}
	issued, err := d.Close(t.Context())
	require.NoError(t, err)
	require.Equal(t, []token.ClassCount{{Class: city, Tokens: 2}, {Class: valley, Tokens: 0}}, issued.Classes)
}

var errCut = errors.New("the line was cut")

// cutLog fails an append after it was made, or before.
type cutLog struct {
	ledger.Ledger
	cut, before bool
}

func (l *cutLog) Append(ctx context.Context, data []byte) (uint64, error) {
	if l.cut && l.before {
		return 0, errCut
	}
	index, err := l.Ledger.Append(ctx, data)
	if l.cut {
		return 0, errCut
	}
	return index, err
}

// TestCrashBetweenAppendAndSign: the record stands, the voter has nothing. The
// same request is answered after a restart, another one never.
func TestCrashBetweenAppendAndSign(t *testing.T) {
	dir, signer := t.TempDir(), newSigner(t)
	open := func() ledger.Ledger {
		log, err := boltledger.Open(dir, signer)
		require.NoError(t, err)
		return log
	}
	log := &cutLog{Ledger: open()}
	d := openDesk(t, log)
	log.cut = true
	_, err := d.Issue(t.Context(), subject(0), city, blinded(1))
	require.ErrorIs(t, err, errCut)
	require.NoError(t, log.Close())

	durable := open()
	d = openDesk(t, durable)
	_, err = d.Issue(t.Context(), subject(0), city, blinded(2))
	require.ErrorIs(t, err, token.ErrDuplicate)
	_, err = d.Issue(t.Context(), subject(0), city, blinded(1))
	require.NoError(t, err)
	issued, err := d.Close(t.Context())
	require.NoError(t, err)
	require.EqualValues(t, 1, issued.Classes[0].Tokens)
	require.NoError(t, token.CheckIssuance(t.Context(), durable, deskKeys(t), issued))
	require.NoError(t, durable.Close())
}

// TestUnknownOutcome: an append that failed may have been made, and holds the
// subject to its request; one that was not made leaves no record.
func TestUnknownOutcome(t *testing.T) {
	for _, before := range []bool{false, true} {
		log := &cutLog{Ledger: newLog(t), before: before}
		d := openDesk(t, log)
		log.cut = true
		_, err := d.Issue(t.Context(), subject(0), city, blinded(1))
		require.ErrorIs(t, err, errCut)
		_, err = d.Close(t.Context())
		require.ErrorIs(t, err, errCut)
		log.cut = false
		_, err = d.Issue(t.Context(), subject(1), city, blinded(3))
		require.ErrorIs(t, err, token.ErrState, "after a close that failed")

		log = &cutLog{Ledger: newLog(t), before: before}
		d = openDesk(t, log)
		log.cut = true
		_, err = d.Issue(t.Context(), subject(0), city, blinded(1))
		require.ErrorIs(t, err, errCut)
		log.cut = false
		_, err = d.Issue(t.Context(), subject(0), city, blinded(2))
		require.ErrorIs(t, err, token.ErrDuplicate)
		_, err = d.Issue(t.Context(), subject(0), city, blinded(1))
		require.NoError(t, err)
		issued, err := d.Close(t.Context())
		require.NoError(t, err)
		require.EqualValues(t, 1, issued.Classes[0].Tokens)
	}
}

// unpublished is a log whose checkpoints lag behind, until somebody waits.
type unpublished struct {
	ledger.Ledger
	seen uint64
}

func (u *unpublished) Checkpoint(ctx context.Context) (ledger.Checkpoint, error) {
	return ledger.Checkpoint{Size: u.seen}, nil
}

// TestRestartBeforePublication: what stands in the log and is not published
// yet counts, too.
func TestRestartBeforePublication(t *testing.T) {
	log := &unpublished{Ledger: newLog(t)}
	d := openDesk(t, log)
	_, err := d.Issue(t.Context(), subject(0), city, blinded(1))
	require.NoError(t, err)
	_, err = openDesk(t, log).Issue(t.Context(), subject(0), city, blinded(2))
	require.ErrorIs(t, err, token.ErrDuplicate)
}

func TestClosedDesk(t *testing.T) {
	log := newLog(t)
	d := openDesk(t, log)
	for i := range 3 {
		_, err := d.Issue(t.Context(), subject(i), city, blinded(byte(i)))
		require.NoError(t, err)
	}
	issued, err := d.Close(t.Context())
	require.NoError(t, err)
	require.Equal(t, []token.ClassCount{{Class: city, Tokens: 3}, {Class: valley, Tokens: 0}}, issued.Classes)
	require.EqualValues(t, 5, issued.Size, "begin, three, end")
	require.NoError(t, token.CheckIssuance(t.Context(), log, deskKeys(t), issued))

	reopened := openDesk(t, log)
	for _, d := range []*token.Desk{d, reopened} {
		_, err = d.Issue(t.Context(), subject(5), city, blinded(5))
		require.ErrorIs(t, err, token.ErrState)
		_, err = d.Issue(t.Context(), subject(0), city, blinded(0))
		require.ErrorIs(t, err, token.ErrState, "a retry")
		again, err := d.Close(t.Context())
		require.NoError(t, err)
		require.Equal(t, issued, again)
	}
	require.NoError(t, token.CheckIssuance(t.Context(), log, deskKeys(t), issued))
}

// TestCloseWaits: who is being served when issuance ends is in the numbers.
func TestCloseWaits(t *testing.T) {
	c := deskConfig()
	inside, goOn := make(chan struct{}), make(chan struct{})
	c.Eligible = func(ctx context.Context, s [32]byte) (token.Class, error) {
		close(inside)
		<-goOn
		return city, nil
	}
	d, err := token.OpenDesk(t.Context(), newLog(t), c)
	require.NoError(t, err)
	served := make(chan error)
	go func() {
		_, err := d.Issue(context.Background(), subject(0), city, blinded(1))
		served <- err
	}()
	<-inside
	closed := make(chan token.Issued)
	go func() {
		issued, _ := d.Close(context.Background())
		closed <- issued
	}()
	select {
	case <-closed:
		t.Fatal("closed while somebody is being served")
	default:
	}
	close(goOn)
	require.NoError(t, <-served)
	require.EqualValues(t, 1, (<-closed).Classes[0].Tokens)
}

func TestOpenDeskRefuses(t *testing.T) {
	log := newLog(t)
	_, err := token.OpenDesk(t.Context(), log, deskConfig())
	require.NoError(t, err)
	size := sizeOf(t, log)
	for name, change := range map[string]struct {
		change func(c *token.DeskConfig)
		want   error
	}{
		"no rule":       {func(c *token.DeskConfig) { c.Eligible = nil }, token.ErrShape},
		"no keys":       {func(c *token.DeskConfig) { c.Keys = nil }, token.ErrShape},
		"no registrar":  {func(c *token.DeskConfig) { c.Registrar = nil }, token.ErrShape},
		"a class's key": {func(c *token.DeskConfig) { c.Keys[city] = nil }, token.ErrShape},
		"no such class": {func(c *token.DeskConfig) { c.Keys[token.Class{Style: "x"}] = tokentest.Key(2) }, token.ErrRange},
		"too many classes": {func(c *token.DeskConfig) {
			for i := range uint64(2001) {
				c.Keys[token.Class{Style: "x", Weight: i + 1}] = tokentest.Key(2)
			}
		}, token.ErrLimit},
		"one key for two":   {func(c *token.DeskConfig) { c.Keys[valley] = c.Keys[city] }, token.ErrDuplicate},
		"another election":  {func(c *token.DeskConfig) { c.Election[0] ^= 1 }, token.ErrBinding},
		"another registrar": {func(c *token.DeskConfig) { c.Registrar[0] ^= 1 }, token.ErrBinding},
		"another key":       {func(c *token.DeskConfig) { c.Keys[city] = tokentest.Key(2) }, token.ErrBinding},
		"one class more":    {func(c *token.DeskConfig) { c.Keys[double] = tokentest.Key(2) }, token.ErrBinding},
		"keys exchanged": {func(c *token.DeskConfig) {
			c.Keys[city], c.Keys[valley] = c.Keys[valley], c.Keys[city]
		}, token.ErrBinding},
	} {
		c := deskConfig()
		change.change(&c)
		_, err := token.OpenDesk(t.Context(), log, c)
		require.ErrorIs(t, err, change.want, name)
		require.Equal(t, size, sizeOf(t, log), "%s: writes nothing", name)
	}
	_, err = token.OpenDesk(t.Context(), nil, deskConfig())
	require.ErrorIs(t, err, token.ErrShape)
	_, err = token.OpenDesk(t.Context(), log, deskConfig())
	require.NoError(t, err)
}

func TestOpenDeskOnBadLog(t *testing.T) {
	records, _ := goldenLog(t)
	open := func(log token.Log) error {
		_, err := token.OpenDesk(t.Context(), log, deskConfig())
		return err
	}
	require.NoError(t, open(logOf(t, records)))
	require.ErrorIs(t, open(logOf(t, records[1:])), token.ErrChain, "no beginning")
	require.ErrorIs(t, open(&cutLog{Ledger: newLog(t), cut: true}), errCut, "append fails")
	require.ErrorIs(t, open(noCheckpoint{newLog(t)}), errCut, "no checkpoint")
	// Who is served would be forgotten if a short answer passed for all.
	nothing := wrongReader{logOf(t, records), func(func(ledger.Entry, error) bool) {}}
	require.ErrorIs(t, open(nothing), token.ErrIncomplete, "a short answer")
}

type noCheckpoint struct{ ledger.Ledger }

func (noCheckpoint) Checkpoint(context.Context) (ledger.Checkpoint, error) {
	return ledger.Checkpoint{}, errCut
}

// TestRuleFails: what the rule of eligibility returns with an error is not
// looked at.
func TestRuleFails(t *testing.T) {
	c := deskConfig()
	c.Eligible = func(context.Context, [32]byte) (token.Class, error) { return city, errCut }
	d, err := token.OpenDesk(t.Context(), newLog(t), c)
	require.NoError(t, err)
	_, err = d.Issue(t.Context(), subject(0), city, blinded(1))
	require.ErrorIs(t, err, errCut)
}
