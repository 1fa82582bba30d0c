package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// bug is one check taken out of the library.
type bug struct {
	name     string
	about    string // the fields on which it shows, as -field says
	file     string
	old, new string // the text that is replaced; it stands in the file once
}

// plantedBugs are what the harness must find. Each takes out one check, or part
// of what one binds, and leaves everything else.
var plantedBugs = []bug{
	// Entries and signatures.
	{"signatures of entries are not verified", "share", "internal/entry/entry.go",
		"if !ed25519.Verify(s.Key[:], message, s.Sig[:]) {", "if !ed25519.Verify(s.Key[:], message, s.Sig[:]) && false {"},
	{"anybody may sign", "close", "internal/entry/entry.go", "if !known {", "if false && !known {"},
	{"no quorum", "pin", "internal/entry/entry.go", "if len(e.Signatures) < quorum {", "if false {"},
	{"one signature counts twice", "result", "internal/entry/entry.go", "e.Signatures[i-1].Key[:], s.Key[:]) >= 0", "e.Signatures[i-1].Key[:], s.Key[:]) > 0"},
	{"signatures do not bind the time", "result", "internal/entry/entry.go",
		`return append([]byte(signedLabel), e.unsigned()...)`, "c := *e\n\tc.Time = 0\n\treturn append([]byte(signedLabel), c.unsigned()...)"},
	{"trailing bytes", "round", "internal/wire/wire.go", "if r.err == nil && len(r.rest) > 0 {", "if false {"},

	// Encodings.
	{"scalars need not be reduced", "share", "internal/ristretto255/scalar.go",
		"\tif _, err := s.s.SetCanonicalBytes(b); err != nil {\n\t\treturn errScalar\n\t}",
		"\tif _, err := s.s.SetCanonicalBytes(b); err != nil {\n\t\ts.s.SetUniformBytes(append(append([]byte{}, b...), make([]byte, 32)...))\n\t}"},
	{"the identity is a point", "roll/body/roll", "elgamal/group.go", "	if g.IsIdentity(p) {\n		return nil", "	if false {\n		return nil"},

	// Proofs.
	{"proofs are not bound to their place", "spoil", "zkp/context.go", "	w.Var(c.Position)\n", ""},
	{"ballots are not bound to their number", "ballot", "zkp/bits.go", "	b = binary.BigEndian.AppendUint32(b, s.Number)\n", ""},
	{"ballots are not bound to their time", "ballot/time", "zkp/bits.go", "	b = binary.BigEndian.AppendUint64(b, uint64(s.Time))\n", ""},
	{"mixed columns are not bound", "ballot/body/columns", "zkp/bits.go", "	for _, p := range s.Row.B {\n		b = f.group.AppendPoint(b, p)", "	for _, p := range s.Row.B[:len(f.slots)] {\n		b = f.group.AppendPoint(b, p)"},
	{"equation (3) of ballots", "ballot/body/proof", "zkp/bits.go",
		"	g, e, at := f.group, ch.e, f.basesIn(b)\n", "	g, e, at := f.group, ch.e, f.basesIn(b)\n	weight[2], we[2] = g.Scalar(), g.Scalar()\n"},
	{"equation (4) of ballots", "ballot/body/proof", "zkp/bits.go",
		"	g, e, at := f.group, ch.e, f.basesIn(b)\n", "	g, e, at := f.group, ch.e, f.basesIn(b)\n	weight[3], we[3] = g.Scalar(), g.Scalar()\n"},
	{"equation (5) of ballots", "ballot/body/proof", "zkp/bits.go",
		"	b.add(weight[0], m.R) // (1)\n", "	weight[4], we[4] = f.group.Scalar(), f.group.Scalar()\n	b.add(weight[0], m.R)\n"},
	{"ballots are not proven", "ballot", "ballot/examine.go", "			x.err = fmt.Errorf(\"ballot: %s: %w\", x.kind, reason.ErrProof)\n", "			_ = x\n"},

	// The counting rule.
	{"credentials need not be on the roll", "ballot/body/credential", "ballot/state.go",
		"	if !ok {\n		return nil, fmt.Errorf(\"ballot: its credential is not on the roll: %w\", reason.ErrEligibility)\n	}\n", ""},
	{"tokens are not verified", "ballot/body/permit", "ballot/permit.go", "[:token.Size]); err != nil {", "[:token.Size]); err != nil && false {"},
	{"ballots of another style", "ballot/body/credential", "ballot/state.go", "if int(l.style) != b.style {", "if false {"},
	{"one mask in two ballots", "ballot", "ballot/state.go", "if at, ok := s.masks[b.maskKey]; ok {", "if at, ok := s.masks[b.maskKey]; ok && false {"},
	{"older ballots supersede newer ones", "ballot/body/number", "ballot/state.go", "if b.number <= l.number {", "if false {"},
	{"spoiled ballots count", "ballot", "ballot/state.go", "	if at, ok := s.spoiled[spoilKey{b.tracker, b.credentialKey}]; ok {", "	if at, ok := s.spoiled[spoilKey{b.tracker, b.credentialKey}]; ok && false {"},
	{"signatures on ballots are ignored", "ballot/signatures", "ballot/ballot.go", "case len(env.Signatures) != 0:", "case false:"},

	// Roll and open entry.
	{"credentials in any order", "roll/body/roll", "ballot/roll.go",
		"\tcase 1:\n\t\treturn fmt.Errorf(\"keys are not in order: %w\", reason.ErrEncoding)\n",
		""},
	{"the roll need not be the one that was opened", "roll/body/roll/line/credential", "ballot/record.go",
		"\tcase got.Root != o.Roll.Root:\n",
		"\tcase false:\n"},
	{"keys that no ceremony made", "open/body/keys", "ballot/opening.go", "if !k.Equal(outcome.Keys[i]) {", "if !k.Equal(outcome.Keys[i]) && false {"},
	{"an outcome that no ceremony had", "open/body/outcome", "ballot/opening.go", "if o.Outcome != outcome.Hash() {", "if false {"},

	// The key ceremony.
	{"certificates of another outcome", "certify/body", "elgamal/dkg/replay.go", "case body.outcome != hash:", "case body.outcome != hash && false:"},
	{"certificates of another transcript", "certify/body", "elgamal/dkg/replay.go", "case body.transcript != tr.signed[Certifying]:", "case false:"},

	// Decryption and result.
	{"any pin", "pin", "tally/pin.go", "case p.root != ledger.root:", "case false:"},
	{"shares of any target", "share/body/target", "tally/shares.go", "if s.target != want {", "if false {"},
	{"shares are not proven", "share", "tally/shares.go",
		".Results()), s.proof); err != nil {\n\t\treturn fmt.Errorf(\"tally: share: %w\", err)",
		".Results()), s.proof); false {\n\t\treturn fmt.Errorf(\"tally: share: %w\", err)"},
	{"rows are not proven", "share/body/", "tally/shares.go", "	if err == nil {\n		err = st.verify(ctx, g, rows)\n	}\n", ""},
	{"any mix", "mix/body", "tally/chain.go",
		"\tvar wrong *mixnet.MixError\n\tswitch {",
		"\tvar wrong *mixnet.MixError\n\terr = nil\n\tswitch {"},
	{"totals are not compared", "result", "tally/audit_steps.go", "; total != mine {", "; total != mine && false {"},
	{"counts are not compared", "result", "tally/audit_steps.go", "if theirs != mine {", "if false {"},
	{"plaintexts are not compared", "result/body/contests", "tally/audit_mixed.go", "if theirs.mixed.plaintexts != mine.mixed.plaintexts {", "if false {"},
	{"results of any pin", "result/body/pin", "tally/shares.go", "result.Pin != want {", "result.Pin != want && false {"},

	// The ledger.
	{"checkpoints are not verified", "checkpoint/signature", "ledger/policy.go",
		"if err := log.verifyText(text, l.signature); err != nil {", "if err := log.verifyText(text, l.signature); err != nil && false {"},
	{"closed before the hour", "close/time", "tally/audit_steps.go",
		"env.Time < closes {",
		"env.Time < closes && false {"},
}

// moduleRoot is the directory of go.mod.
func moduleRoot() (string, error) {
	out, err := exec.Command("go", "env", "GOMOD").Output()
	if err != nil {
		return "", err
	}
	mod := strings.TrimSpace(string(out))
	if mod == "" || mod == os.DevNull {
		return "", errors.New("not in a module")
	}
	return filepath.Dir(mod), nil
}

// plant returns the text of a bug's file with the bug.
func (p bug) plant(root string) ([]byte, error) {
	data, err := os.ReadFile(filepath.Join(root, p.file))
	if err != nil {
		return nil, err
	}
	if n := bytes.Count(data, []byte(p.old)); n != 1 {
		return nil, fmt.Errorf("%s: %s: %q stands there %d times, not once", p.name, p.file, p.old, n)
	}
	return bytes.Replace(data, []byte(p.old), []byte(p.new), 1), nil
}

// overlay writes a file for go build -overlay that replaces some files.
func overlay(dir string, files map[string][]byte) (string, error) {
	replace := make(map[string]string)
	n := 0
	for path, data := range files {
		n++
		to := filepath.Join(dir, fmt.Sprintf("overlay%d.go", n))
		if err := os.WriteFile(to, data, 0o644); err != nil {
			return "", err
		}
		replace[path] = to
	}
	data, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		return "", err
	}
	path := filepath.Join(dir, "overlay.json")
	return path, os.WriteFile(path, data, 0o644)
}

// findBugs plants one bug after the other and runs the harness until it fails.
// It prints what found each, and returns how many were not found. With names,
// only bugs are planted whose names hold one of them.
func findBugs(w io.Writer, n int, seed uint64, names []string) (missed int, err error) {
	root, err := moduleRoot()
	if err != nil {
		return 0, err
	}
	begin, tried := time.Now(), 0
	for _, p := range plantedBugs {
		if len(names) > 0 && !slices.ContainsFunc(names, func(name string) bool { return strings.Contains(p.name, name) }) {
			continue
		}
		tried++
		data, err := p.plant(root)
		if err != nil {
			return missed, err
		}
		found, err := p.find(root, data, n, seed)
		if err != nil {
			return missed, fmt.Errorf("%s: %w", p.name, err)
		}
		if found == "" {
			missed++
			found = "NOT FOUND"
		}
		fmt.Fprintf(w, "| %s | %s |\n", p.name, found)
	}
	fmt.Fprintf(w, "\n%d bugs, %d not found, %v\n", tried, missed, time.Since(begin).Round(time.Second))
	return missed, nil
}

// find runs the harness with the bug, and returns what it printed of the first
// failure.
func (p bug) find(root string, data []byte, n int, seed uint64) (string, error) {
	dir, err := os.MkdirTemp("", "mutate-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(dir)
	with, err := overlay(dir, map[string][]byte{filepath.Join(root, p.file): data})
	if err != nil {
		return "", err
	}
	binary := filepath.Join(dir, "mutate")
	build := exec.Command("go", "build", "-overlay", with, "-o", binary, "./bench/mutate")
	build.Dir = root
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%w: %s", err, out)
	}
	out, err := exec.Command(binary, "-n", fmt.Sprint(n), "-seed", fmt.Sprint(seed), "-field", p.about, "-most", "1").Output()
	var exit *exec.ExitError
	if err == nil || errors.As(err, &exit) && exit.ExitCode() != 1 {
		switch {
		case err == nil:
			return "", nil
		case bytes.HasPrefix(exit.Stderr, []byte("panic: ")) && !bytes.HasPrefix(exit.Stderr, []byte("panic: mutate: ")):
			first, _, _ := bytes.Cut(exit.Stderr, []byte("\n"))
			return string(first), nil // in another goroutine
		}
		return "", fmt.Errorf("%w: %s", err, exit.Stderr)
	}
	first, _, _ := strings.Cut(string(out), "\n")
	return strings.ReplaceAll(first, "|", "/"), nil
}
