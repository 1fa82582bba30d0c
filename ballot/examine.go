package ballot

import (
	"errors"
	"fmt"

	"github.com/hanpyo/hanpyo/internal/entry"
	"github.com/hanpyo/hanpyo/internal/reason"
	"github.com/hanpyo/hanpyo/ledger"
	"github.com/hanpyo/hanpyo/zkp"
)

// examined is what one entry says by itself: everything that can be checked
// without the entries before it, and so in parallel.
type examined struct {
	kind    entry.Kind // 0 if the data is no entry
	foreign error      // why it is no entry of this election
	err     error      // the first check that fails
	ballot  *Ballot    // with its points until dropPoints
	spoil   *Spoil
	env     *entry.Envelope // of a roll, issuer or issued entry, or a rotation
	opens   bool            // it is the entry that the fingerprint is the hash of
}

// examineAll examines entries, with all their proofs in one batch. known, if
// not nil, returns what examining an entry has given before; trusted, if not
// nil, of which entries the proofs are known to hold. Ballots keep their points.
// The error is a failure of the batch as such, not of anything in it.
func (e *Election) examineAll(entries []ledger.Entry, known func(entry.Hash) (examined, bool), trusted func(index uint64) bool) ([]examined, error) {
	out := make([]examined, len(entries))
	var proven []*examined
	for i, en := range entries {
		x := &out[i]
		if known != nil {
			if was, ok := known(entry.ID(en.Data)); ok {
				*x = was
				continue
			}
		}
		*x = e.examine(en.Data)
		if trusted == nil || !trusted(en.Index) {
			proven = append(proven, x)
		}
	}
	return out, e.verifyAll(proven)
}

// verifyAll checks the proofs of those examined entries that are well-formed
// ballots and spoils, in one batch, and the tokens of those that they hold of.
func (e *Election) verifyAll(list []*examined) error {
	batch := zkp.NewBatch(e.Group)
	var items []*examined // of the batch
	for _, x := range list {
		if x.err != nil || x.ballot == nil && x.spoil == nil {
			continue
		}
		if x.err = e.addProof(batch, x); x.err == nil {
			items = append(items, x)
		}
	}
	err := batch.Verify()
	var bad *zkp.BatchError
	switch {
	case err == nil:
	case errors.As(err, &bad):
		for _, b := range bad.Bad {
			x := items[b.Item]
			x.err = fmt.Errorf("ballot: %s: %w", x.kind, reason.ErrProof)
		}
	default:
		return fmt.Errorf("ballot: %w", err)
	}
	if e.Manifest.tokens() {
		for _, x := range items {
			if x.err == nil {
				x.err = e.checkTokens(x)
			}
		}
	}
	return nil
}

// checkTokens checks the tokens of a ballot or spoil.
func (e *Election) checkTokens(x *examined) error {
	if s := x.spoil; s != nil {
		return e.checkPermit(e.Group.AppendPoint(nil, s.credential), s.permit)
	}
	return e.checkPermit(e.Group.AppendPoint(nil, x.ballot.credential), x.ballot.permit)
}

func (e *Election) addProof(batch *zkp.Batch, x *examined) error {
	var err error
	if s := x.spoil; s != nil {
		statement, context := e.spoilStatement(s)
		err = statement.AddTo(batch, context, "", s.proof)
	} else {
		var form *zkp.Form
		if form, err = e.Form(x.ballot.style); err == nil {
			err = form.AddTo(batch, x.ballot.statement(), "", x.ballot.proof)
		}
	}
	if err != nil {
		return fmt.Errorf("ballot: %w", err)
	}
	return nil
}

// dropPoints keeps of a ballot what the counting rule needs.
func (x *examined) dropPoints() {
	if x.ballot != nil {
		x.ballot = x.ballot.withoutPoints()
	}
}

// tracker returns the tracker of a ballot or spoil that parses.
func (x examined) tracker() Tracker {
	if x.spoil != nil {
		return x.spoil.tracker
	}
	return x.ballot.tracker
}

// credential returns the credential of a ballot or spoil that parses.
func (x examined) credential() pointKey {
	if x.spoil != nil {
		return x.spoil.credentialKey
	}
	return x.ballot.credentialKey
}

// examine examines one entry but for the proof of a ballot or spoil.
func (e *Election) examine(data []byte) examined {
	env, err := entry.Parse(data)
	if err != nil {
		return examined{foreign: fmt.Errorf("ballot: %w", err)}
	}
	x := examined{kind: env.Kind}
	if !e.owns(env) {
		x.foreign = errForeign
		return x
	}
	switch env.Kind {
	case entry.Manifest:
		x.err = checkManifestEntry(e.Manifest, env)
	case entry.Roll, entry.Issuer, entry.Issued, entry.Rotation:
		x.env = env
	case entry.Open:
		_, x.err = parseOpening(e.Manifest, env, 0)
		x.opens = Fingerprint(entry.ID(data)) == e.Fingerprint
	case entry.Ballot:
		x.ballot, x.err = e.parseBallot(env, data)
	case entry.Spoil:
		x.spoil, x.err = e.parseSpoil(env, data)
	case entry.Close:
		x.err = e.checkClose(env)
	case entry.Pin:
		x.err = e.checkAuthorities(env)
	}
	return x
}

// errForeign is one value for all entries of other elections, of which a
// ledger may have many.
var errForeign = fmt.Errorf("ballot: entry of another election: %w", reason.ErrBinding)

// owns reports whether an entry says that it belongs to this election.
func (e *Election) owns(env *entry.Envelope) bool {
	if env.Kind.ByManifest() {
		return env.Election == e.Manifest.ID()
	}
	return Fingerprint(env.Election) == e.Fingerprint
}
