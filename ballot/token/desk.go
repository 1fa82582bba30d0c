package token

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/hanpyo/hanpyo/internal/reason"
	"github.com/hanpyo/hanpyo/ledger"
)

// Log is what a desk needs of its issuance log. A [ledger.Ledger] is one.
type Log interface {
	ledger.Reader
	ledger.Appender
}

// DeskConfig says what a desk is for. All fields are required.
type DeskConfig struct {
	Election  [32]byte          // the manifest's id
	Registrar ed25519.PublicKey // whose desk it is
	Keys      map[Class]*IssuerKey
	// Eligible returns the class of a subject, or an error for one that may
	// not vote, such as one that wraps [ErrEligibility]. It may be called from
	// several goroutines at once, also for subjects that were served before.
	Eligible func(ctx context.Context, subject [32]byte) (Class, error)
}

// Desk is where a registrar serves voters: each subject gets one blind
// signature, and no subject two. What was issued to whom stands in the
// issuance log before anything is signed. A desk is safe for concurrent use;
// a log must not have two desks at a time. It prints as redacted.
//
// A desk holds 64 bytes and more for each subject in memory.
type Desk struct {
	config DeskConfig
	office *office
	log    Log

	closing sync.RWMutex // held for reading while a subject is served
	closed  bool

	mu     sync.Mutex
	served map[[32]byte]tlog.Hash // by subject: the hash of its record, appended or about to be
}

// OpenDesk opens a desk on its issuance log, which is a ledger of its own, new
// or used by this desk before. What the log has of another election, registrar
// or key is ErrBinding; two classes with one key are ErrDuplicate. Where
// issuance has ended, it stays ended.
func OpenDesk(ctx context.Context, log Log, c DeskConfig) (*Desk, error) {
	if log == nil || c.Eligible == nil {
		return nil, fmt.Errorf("token: desk without a log or a rule of eligibility: %w", reason.ErrShape)
	}
	c.Keys, c.Registrar = maps.Clone(c.Keys), slices.Clone(c.Registrar)
	o := &office{election: c.Election, registrar: c.Registrar}
	for _, class := range slices.SortedFunc(maps.Keys(c.Keys), Class.Compare) {
		k := c.Keys[class]
		if k == nil || k.modulus == nil {
			return nil, fmt.Errorf("token: desk: class %v has no key: %w", class, reason.ErrShape)
		}
		o.classes, o.keys = append(o.classes, class), append(o.keys, k.id())
	}
	if err := o.check(); err != nil {
		return nil, fmt.Errorf("token: desk: %w", err)
	}
	issuance := newIssuance(o)
	cp, err := log.Checkpoint(ctx)
	if err != nil {
		return nil, fmt.Errorf("token: issuance log: %w", err)
	}
	if err := issuance.read(ctx, log, cp.Size); err != nil {
		return nil, err
	}
	// There may be more than is published. A record that nobody has made
	// before gets an index behind all of it.
	var nonce [16]byte
	rand.Read(nonce[:]) // never fails, see crypto/rand
	if !issuance.ended {
		if err := issuance.append(ctx, log, o.begin(nonce)); err != nil {
			return nil, err
		}
	}
	return &Desk{config: c, office: o, log: log, closed: issuance.ended, served: issuance.served}, nil
}

// append appends a record and reads the log up to it.
func (l *issuance) append(ctx context.Context, log Log, data []byte) error {
	index, err := log.Append(ctx, data)
	if err == nil {
		_, err = log.Await(ctx, index+1)
	}
	if err != nil {
		return fmt.Errorf("token: issuance log: %w", err)
	}
	return l.read(ctx, log, index+1)
}

// Issue serves a subject that the registrar has identified, such as the bytes
// of an identity.Subject, for the class that its device has asked for, and
// returns the blind signature. The same subject with the same blinded message
// is a retry and gets the same answer.
//
// It refuses with ErrState after Close, with the errors of [IssuerKey.Sign]
// and of the rule of eligibility, with ErrEligibility a class that is not the
// subject's, and with ErrDuplicate a subject that has asked with another
// blinded message before. After any other error, that of ctx included, the
// subject may be served or not: the device asks again with the same message.
func (d *Desk) Issue(ctx context.Context, subject [32]byte, class Class, blinded []byte) ([]byte, error) {
	d.closing.RLock()
	defer d.closing.RUnlock()
	if d.closed {
		return nil, fmt.Errorf("token: desk: issuance has ended: %w", reason.ErrState)
	}
	if err := d.checkEligible(ctx, subject, class); err != nil {
		return nil, err
	}
	at, ok := slices.BinarySearchFunc(d.office.classes, class, Class.Compare)
	if !ok {
		return nil, fmt.Errorf("token: desk: class %v has no key here: %w", class, reason.ErrEligibility)
	}
	key := d.config.Keys[class]
	if _, err := key.parseBlinded(blinded); err != nil {
		return nil, err
	}
	record := (&issue{class: at, subject: subject, blinded: sha256.Sum256(blinded)}).bytes()
	if err := d.reserve(subject, ledger.LeafHash(record)); err != nil {
		return nil, err
	}
	if _, err := d.log.Append(ctx, record); err != nil {
		return nil, fmt.Errorf("token: issuance log: %w", err)
	}
	return key.Sign(blinded)
}

func (d *Desk) checkEligible(ctx context.Context, subject [32]byte, class Class) error {
	if subject == [32]byte{} {
		return fmt.Errorf("token: desk: no subject: %w", reason.ErrShape)
	}
	own, err := d.config.Eligible(ctx, subject)
	if err != nil {
		return fmt.Errorf("token: desk: %w", err)
	}
	if own != class {
		return fmt.Errorf("token: desk: the subject is not of class %v: %w", class, reason.ErrEligibility)
	}
	return nil
}

// reserve marks a subject as served by the record with this hash, unless it is
// by another one. It stays so when the append fails: the record may have been
// written all the same.
func (d *Desk) reserve(subject [32]byte, record tlog.Hash) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	first, ok := d.served[subject]
	if ok && first != record {
		return fmt.Errorf("token: desk: the subject was served before: %w", reason.ErrDuplicate)
	}
	d.served[subject] = record
	return nil
}

// Close ends issuance, waits for those being served, and returns what to say
// of it. The end stands in the log, so that no desk issues on it again. After
// an error nothing more is issued either, and Close can be called again; after
// success it returns the same again. It does not close the log.
func (d *Desk) Close(ctx context.Context) (Issued, error) {
	d.closing.Lock()
	d.closed = true
	d.closing.Unlock()
	// There is one end record: the second append finds the first.
	issuance := newIssuance(d.office)
	if err := issuance.append(ctx, d.log, endRecord()); err != nil {
		return Issued{}, err
	}
	return issuance.issued()
}

func (d *Desk) String() string               { return "token.Desk" + redacted }
func (d *Desk) GoString() string             { return d.String() }
func (d *Desk) Format(f fmt.State, _ rune)   { fmt.Fprint(f, d.String()) }
func (d *Desk) LogValue() slog.Value         { return slog.StringValue(d.String()) }
func (d *Desk) MarshalText() ([]byte, error) { return []byte(redacted), nil }
