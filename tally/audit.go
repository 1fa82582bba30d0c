package tally

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/hanpyo/hanpyo/ballot"
	"github.com/hanpyo/hanpyo/elgamal/dkg"
	"github.com/hanpyo/hanpyo/internal/entry"
	"github.com/hanpyo/hanpyo/internal/reason"
	"github.com/hanpyo/hanpyo/ledger"
)

// AuditOptions say how to audit. nil is the default.
type AuditOptions struct {
	// Workers is how many goroutines check and add up ballots; zero is one for
	// each CPU. It changes nothing in the report.
	Workers int
	// Progress, if set, is called now and then, never concurrently, with what
	// is being done and how many entries, or rows of mixed contests, of how many
	// it has covered.
	Progress func(step string, done, size uint64)
	// Checkpoints are signed checkpoints of the ledger that the auditor has
	// from elsewhere: from an earlier audit, another auditor, or the receipts
	// of voters. The report then says whether the ledger extends them all.
	Checkpoints [][]byte
}

// Audit checks an election from its ledger and its fingerprint, and needs
// nothing else: the key that signs the ledger stands in the manifest, which the
// fingerprint binds. It trusts neither the ledger's operator nor any official,
// trustee or voter, reads every entry against the signed root, and computes the
// result itself, by the same functions that box, trustees and count use.
//
// The list of checks follows from the manifest; docs/checks.md describes each.
// A check fails if something that an official or trustee has signed is wrong,
// or if what was published differs from what the ledger gives. Entries that
// count for nothing are listed as refused and fail nothing, because anybody
// could have sent them. A check whose evidence is not there has not run, and
// everything that can still be checked after a failure is checked.
//
// The error says that the audit could not be made at all: ErrUnanchored for the
// zero fingerprint, with which a ledger could only be compared with itself; the
// error of a reader that does not even have a checkpoint; that of ctx.
func Audit(ctx context.Context, r ledger.Reader, fp ballot.Fingerprint, o *AuditOptions) (*Report, error) {
	if fp == (ballot.Fingerprint{}) {
		return nil, fmt.Errorf("tally: audit with the zero fingerprint: %w", reason.ErrUnanchored)
	}
	if o == nil {
		o = &AuditOptions{}
	}
	cp, err := r.Checkpoint(ctx)
	if err != nil {
		return nil, fmt.Errorf("tally: audit: %w", err)
	}
	a := newAudit(r, cp, fp, o)
	if err := a.make(ctx); err != nil {
		return nil, err
	}
	return a.report, nil
}

func newAudit(r ledger.Reader, cp ledger.Checkpoint, fp ballot.Fingerprint, o *AuditOptions) *audit {
	a := &audit{r: r, cp: cp, o: *o, report: &Report{Fingerprint: fp}}
	a.checklist = newChecklist(a.report)
	if len(o.Checkpoints) > 0 {
		a.include(continuity)
	}
	if said, err := ledger.ParseCheckpoint(cp.Raw); err == nil {
		a.cp = said // what is signed, if anything is, not what the reader says of it
	}
	a.report.Origin, a.report.Size, a.report.Root = a.cp.Origin, a.cp.Size, a.cp.Root
	return a
}

func (a *audit) make(ctx context.Context) error {
	a.run(ctx)
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("tally: audit: %w", err)
	}
	a.finish()
	return nil
}

// audit is an audit under way. Its steps follow the ledger.
type audit struct {
	*checklist
	evidence
	r       ledger.Reader
	cp      ledger.Checkpoint
	o       AuditOptions
	report  *Report
	scanErr error // why not all of the ledger could be read
	book    *shareBook
}

// evidence is what an audit has read. It stays true while the ledger grows.
type evidence struct {
	m        *ballot.Manifest // of the open entry with the fingerprint
	open     uint64           // its index
	opening  *entry.Envelope
	signed   error // why no entry of the manifest counts, if none does
	tree     *ledger.Range
	roots    map[uint64]tlog.Hash // at the sizes of the checkpoints that the auditor brought
	posted   *dkg.Collector
	rolls    []Finding     // entries of the roll that the registrars have not signed
	policy   ledger.Policy // of the ledger, with the rotations found on it
	rotating []uint64      // entries that say they rotate the key

	e     *ballot.Election
	state *ballot.State
	sums  *adder // of the state's ballots, until there is c
	c     *closing
	saved *saved // from an earlier audit
}

func (a *audit) run(ctx context.Context) {
	if a.m == nil && !a.keep(func() bool { return a.anchor(ctx) }) {
		a.m = nil
		return
	}
	a.report.Title = a.m.Title
	a.readLedger(ctx)
	if a.e == nil && !a.keep(func() bool { return a.setup(ctx) }) || !a.replay(ctx) || !a.addUp(ctx) {
		return
	}
	a.mixes()
	a.decryption(ctx)
	a.result()
}

func (a *audit) progress(step string, done, size uint64) {
	if a.o.Progress != nil {
		a.o.Progress(step, done, size)
	}
}

// anchor finds the open entry whose hash is the fingerprint and the manifest
// that it names. Hashes bind both, so that they may be read before there is a
// key to check the ledger with.
func (a *audit) anchor(ctx context.Context) bool {
	manifests := make(map[entry.Hash][]uint64)
	for en, err := range a.r.Entries(ctx, 0, a.cp.Size) {
		if err != nil {
			a.missing(err, "manifest.fingerprint")
			return false
		}
		env, err := entry.Parse(en.Data)
		if err != nil {
			continue
		}
		switch env.Kind {
		case entry.Manifest:
			manifests[env.Election] = append(manifests[env.Election], en.Index)
		case entry.Open:
			if ballot.Fingerprint(entry.ID(en.Data)) == a.report.Fingerprint {
				a.open, a.opening = en.Index, env
				return a.findManifest(ctx, manifests[env.Election])
			}
		}
	}
	a.missing(fmt.Errorf("tally: none of %d entries opens an election with this fingerprint: %w", a.cp.Size, reason.ErrIncomplete), "manifest.fingerprint")
	return false
}

// findManifest looks among the entries that say they are the manifest. Anybody
// can copy it; one copy must be signed.
func (a *audit) findManifest(ctx context.Context, at []uint64) bool {
	var others []Finding
	for _, index := range at {
		env, err := readEntry(ctx, a.r, index)
		if err != nil {
			a.missing(err, "manifest.form")
			return false
		}
		var m *ballot.Manifest
		if ballot.ManifestID(env.Body) != a.opening.Election {
			err = fmt.Errorf("tally: not the manifest with this id: %w", reason.ErrBinding)
		} else {
			m, err = ballot.ParseManifestBytes(env.Body)
		}
		if err != nil {
			others = append(others, Finding{Entry: &index, Refused: true, Err: err})
			continue
		}
		if a.m == nil || a.signed != nil {
			a.m, a.signed = m, env.CheckSigned(m.Authorities.Keys, m.Authorities.Quorum)
		}
	}
	if a.m == nil {
		a.missing(fmt.Errorf("tally: the manifest that entry %d opens is not before it on the ledger: %w", a.open, reason.ErrIncomplete), "manifest.form")
		for _, f := range others {
			a.note("manifest.form", f)
		}
		return false
	}
	a.posted = a.m.Ceremony().NewCollector()
	a.chooseEligibility()
	if mixed(a.m) {
		for _, id := range mixChecks {
			a.include(id)
		}
	}
	a.pass("manifest.form", fmt.Sprintf("%s, %s", plural(uint64(len(a.m.Contests)), "contest", "contests"), plural(uint64(len(a.m.Styles)), "style", "styles")))
	switch err := a.opening.CheckSigned(a.m.Authorities.Keys, a.m.Authorities.Quorum); {
	case a.signed != nil:
		a.fail("manifest.fingerprint", nil, fmt.Errorf("tally: no signed manifest: %w", a.signed))
	case err != nil:
		a.fail("manifest.fingerprint", &a.open, fmt.Errorf("tally: %w", err))
	default:
		a.pass("manifest.fingerprint", fmt.Sprintf("entry %d", a.open))
	}
	return true
}

// readLedger checks the checkpoint and reads everything under it.
func (a *audit) readLedger(ctx context.Context) {
	if a.cp.Origin == a.m.Ledger.Origin {
		a.pass("ledger.origin", a.cp.Origin)
	} else {
		a.fail("ledger.origin", nil, fmt.Errorf("tally: the ledger is %.64q, the manifest names %q: %w", a.cp.Origin, a.m.Ledger.Origin, reason.ErrBinding))
	}
	signed, err := a.signedBy(ctx)
	if err != nil {
		a.include(rotation)
		a.fail(rotation, nil, err)
		signed = a.m.Policy()
	}
	// Origin and witnesses are other checks; this one is about the signature.
	by := signed
	by.Origin, by.Quorum = a.cp.Origin, 0
	if cp, err := by.Check(a.cp.Raw); err != nil {
		a.fail("ledger.checkpoint", nil, err)
	} else if v, err := ledger.Verified(a.r, by, a.cp); err == nil {
		a.r = v
		a.report.Cosigned = cp.Cosigned
	}
	a.witnesses()
	a.keep(func() bool { err = a.scan(ctx); return true })
	switch {
	case errors.Is(err, reason.ErrChain) || errors.Is(err, reason.ErrFork):
		a.fail("ledger.checkpoint", wrongEntry(err), err)
	case err != nil:
		a.missing(err, "ledger.checkpoint")
	default:
		a.pass("ledger.checkpoint", plural(a.cp.Size, "entry", "entries"))
	}
	a.scanErr = err
	a.rotations(ctx, signed)
	a.continuity()
}

// signedBy returns the policy by which to check the checkpoint.
func (a *audit) signedBy(ctx context.Context) (ledger.Policy, error) {
	if len(a.policy.Handovers) > 0 {
		if _, err := a.policy.Check(a.cp.Raw); err == nil {
			return a.policy, nil
		}
	}
	return a.m.PolicyOn(ctx, a.r, a.cp)
}

// witnesses compares the cosignatures with what the manifest requires.
func (a *audit) witnesses() {
	all := len(a.m.Ledger.Witnesses)
	a.report.Witnesses, a.report.Quorum = all, a.m.Ledger.Quorum
	if all == 0 {
		return
	}
	a.include(witnesses)
	have := len(a.report.Cosigned)
	if have < a.m.Ledger.Quorum {
		a.missing(fmt.Errorf("tally: %d of %d witnesses have cosigned size %d, %d required: %w", have, all, a.cp.Size, a.m.Ledger.Quorum, reason.ErrQuorum), witnesses)
		return
	}
	a.pass(witnesses, fmt.Sprintf("%d of %d, %d required", have, all, a.m.Ledger.Quorum))
}

// rotate judges an entry that says it rotates the ledger's key.
func (a *audit) rotate(en ledger.Entry) {
	env, err := entry.Parse(en.Data)
	if err != nil || env.Election != a.opening.Election {
		return
	}
	a.include(rotation)
	a.rotating = append(a.rotating, en.Index)
	next, err := a.m.Rotated(a.policy, en)
	switch {
	case err == nil:
		a.policy = next
	case env.CheckSigned(a.m.Authorities.Keys, a.m.Authorities.Quorum) != nil || a.repeats(env):
		a.refuse(rotation, en.Index, err)
	default:
		a.fail(rotation, &en.Index, err)
	}
}

// repeats reports whether a rotation has been carried out already.
func (a *audit) repeats(env *entry.Envelope) bool {
	r, err := ledger.ParseRotation(env.Body)
	return err == nil && slices.Contains(a.policy.Handovers, ledger.Handover{Size: r.Size, Root: r.Root, Key: r.New})
}

// rotations checks that the ledger has the roots that its rotations state, and
// that no retired key has signed its newest checkpoint. signed is the policy by
// which that was checked.
func (a *audit) rotations(ctx context.Context, signed ledger.Policy) {
	if a.scanErr != nil {
		if a.report.Check(rotation) != nil {
			a.missing(a.scanErr, rotation)
		}
		return
	}
	for i, h := range a.policy.Handovers {
		proof, err := a.r.Consistency(ctx, h.Size, a.cp.Size)
		if err != nil {
			a.missing(err, rotation)
			return
		}
		if err := a.cp.CheckConsistency(ledger.Checkpoint{Origin: a.cp.Origin, Size: h.Size, Root: h.Root}, proof); err != nil {
			a.fail(rotation, nil, fmt.Errorf("tally: the rotation at size %d is of another ledger: %w", h.Size, err))
		}
		if i >= len(signed.Handovers) || signed.Handovers[i] != h {
			a.fail(rotation, nil, fmt.Errorf("tally: size %d is not signed by the key that the rotation at size %d names: %w", a.cp.Size, h.Size, reason.ErrSignature))
		}
	}
	if n := len(a.policy.Handovers); n > 0 {
		a.pass(rotation, fmt.Sprintf("%s, last at size %s", plural(uint64(n), "rotation", "rotations"), number(a.policy.Handovers[n-1].Size)))
	} else if a.report.Check(rotation) != nil {
		a.pass(rotation, "none that holds")
	}
}

// wrongEntry returns which entry an error of the ledger is about.
func wrongEntry(err error) *uint64 {
	var at *ledger.EntryError
	if errors.As(err, &at) {
		return &at.Index
	}
	return nil
}

// scan reads all entries that were not read before, collects what stands before
// the open, and computes the roots at the sizes of the checkpoints that the
// auditor brought.
func (a *audit) scan(ctx context.Context) error {
	if a.tree == nil {
		a.tree, a.roots, a.policy = ledger.NewRange(0), make(map[uint64]tlog.Hash), a.m.Policy()
	}
	var sizes []uint64
	for _, raw := range a.o.Checkpoints {
		if cp, err := ledger.ParseCheckpoint(raw); err == nil {
			sizes = append(sizes, cp.Size)
		}
	}
	tree, before := a.tree, a.tree.End()
	for en, err := range a.r.Entries(ctx, before, a.cp.Size) {
		if err != nil {
			return err
		}
		tree.Append(ledger.LeafHash(en.Data))
		if slices.Contains(sizes, tree.End()) {
			if a.roots[tree.End()], err = tree.Root(); err != nil {
				return err
			}
		}
		if en.Index < a.open {
			a.collect(en)
		}
		if len(en.Data) > 1 && entry.Kind(en.Data[1]) == entry.Rotation {
			a.rotate(en)
		}
		if tree.End()%progressEntries == 0 || tree.End() == a.cp.Size {
			a.progress("read", tree.End(), a.cp.Size)
		}
	}
	if root, err := tree.Root(); before > 0 && (err != nil || root != a.cp.Root) {
		return fmt.Errorf("tally: the ledger of size %d does not extend the %d entries that were read before: %w", a.cp.Size, before, reason.ErrChain)
	}
	return nil
}

// progressEntries is how many entries are read between two calls of Progress.
const progressEntries = 4096

func (a *audit) collect(en ledger.Entry) {
	env, err := entry.Parse(en.Data)
	if err != nil || env.Election != a.opening.Election {
		return
	}
	switch env.Kind {
	case entry.Round, entry.Commit, entry.Deal, entry.Confirm, entry.Certify:
		if err := a.posted.Add(dkg.Posted(en)); err != nil {
			a.refuse("keys.ceremony", en.Index, err)
		}
	case entry.Roll:
		if byTokens(a.m) {
			return
		}
		if err := env.CheckSigned(a.m.Registrars.Keys, a.m.Registrars.Quorum); err != nil {
			a.rolls = append(a.rolls, Finding{Entry: &en.Index, Refused: true, Err: err})
		}
	}
}

// continuity compares the ledger with the checkpoints that the auditor brought.
func (a *audit) continuity() {
	if len(a.o.Checkpoints) == 0 {
		return
	}
	extended := 0
	policy := a.policy
	policy.Quorum = 0 // the ledger's signature is what it can be held to
	for i, raw := range a.o.Checkpoints {
		old, err := policy.Check(raw)
		if err != nil {
			a.missing(fmt.Errorf("tally: checkpoint %d that was brought: %w", i+1, err), continuity)
			continue
		}
		root, read := a.roots[old.Size]
		switch {
		case old.Size == a.cp.Size && old.Root != a.cp.Root:
			a.fail(continuity, nil, &ledger.ForkError{A: old, B: a.cp})
		case old.Size > a.cp.Size:
			a.fail(continuity, nil, fmt.Errorf("tally: the ledger had %d entries and has %d: %w", old.Size, a.cp.Size, reason.ErrChain))
		case !read:
			a.missing(fmt.Errorf("tally: the first %d entries could not be read: %w", old.Size, reason.ErrIncomplete), continuity)
		case root != old.Root:
			a.fail(continuity, nil, fmt.Errorf("tally: the first %d entries are not those of the checkpoint that was brought: %w", old.Size, reason.ErrChain))
		default:
			extended++
		}
	}
	if extended == len(a.o.Checkpoints) {
		a.report.Extended = extended
		a.pass(continuity, fmt.Sprintf("%d of %d", extended, extended))
	}
}

// readEntry reads one entry.
func readEntry(ctx context.Context, r ledger.Reader, index uint64) (*entry.Envelope, error) {
	for en, err := range r.Entries(ctx, index, index+1) {
		if err != nil {
			return nil, fmt.Errorf("tally: %w", err)
		}
		return entry.Parse(en.Data)
	}
	return nil, fmt.Errorf("tally: entry %d: %w", index, reason.ErrIncomplete)
}
