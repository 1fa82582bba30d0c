package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hanpyo/hanpyo/ledger/boltledger"
)

// kept is the ledger of an election that was held, and its fingerprint.
type kept struct{ dir, fingerprint string }

// one and other are two elections. They are not changed by the tests.
var one, other kept

func TestMain(m *testing.M) {
	status, err := testMain(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		status = 1
	}
	os.Exit(status)
}

func testMain(m *testing.M) (int, error) {
	dir, err := os.MkdirTemp("", "audit-test-")
	if err != nil {
		return 0, err
	}
	defer os.RemoveAll(dir)
	program := filepath.Join(dir, "election.exe")
	if out, err := exec.Command("go", "build", "-o", program, "../election").CombinedOutput(); err != nil {
		return 0, fmt.Errorf("go build ../election: %v\n%s", err, out)
	}
	errs := make([]error, 2)
	var both sync.WaitGroup
	for i, to := range []*kept{&one, &other} {
		both.Go(func() { *to, errs[i] = hold(program, filepath.Join(dir, fmt.Sprint(i))) })
	}
	both.Wait()
	for _, err := range errs {
		if err != nil {
			return 0, err
		}
	}
	return m.Run(), nil
}

func hold(program, dir string) (kept, error) {
	out, err := exec.Command(program, "-voters", "10", "-trustees", "1", "-ledger", dir).Output()
	if err != nil {
		return kept{}, fmt.Errorf("%s: %w", program, err)
	}
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	return kept{dir, strings.TrimPrefix(lines[len(lines)-2], "fingerprint ")}, nil
}

// start runs the program as main does.
func start(args ...string) (status int, stdout, stderr string) {
	var out, errs bytes.Buffer
	status = run(context.Background(), args, &out, &errs)
	return status, out.String(), errs.String()
}

func TestVerified(t *testing.T) {
	before := tree(t, one.dir)
	file := filepath.Join(t.TempDir(), "report.json")
	status, out, errs := start("-ledger", one.dir, "-fingerprint", one.fingerprint, "-json", file)
	require.Zero(t, status, errs)
	require.Empty(t, errs)
	require.Contains(t, out, "10 of 10 voted; 1 ballot refused")
	require.Contains(t, out, "fingerprint "+one.fingerprint)
	require.Contains(t, out, "\nVERIFIED: ")

	var report struct {
		Verified    bool
		Fingerprint string
		Checks      []struct{ ID, Status string }
		Result      struct{ Ballots int }
	}
	data, err := os.ReadFile(file)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(data, &report))
	require.True(t, report.Verified)
	require.Equal(t, one.fingerprint, report.Fingerprint)
	require.Equal(t, 10, report.Result.Ballots)
	require.Greater(t, len(report.Checks), 20)
	for _, check := range report.Checks {
		require.Equal(t, "passed", check.Status, check.ID)
		require.Contains(t, out, "ok       "+check.ID)
	}
	require.Equal(t, before, tree(t, one.dir), "the audit changed the ledger")
}

// TestCouldNotRun holds that what cannot be audited ends with status 2 and a
// message, and that nothing is written or printed.
func TestCouldNotRun(t *testing.T) {
	dir := t.TempDir()
	empty, foreign := filepath.Join(dir, "empty"), filepath.Join(dir, "foreign")
	require.NoError(t, os.MkdirAll(empty, 0o755))
	require.NoError(t, os.MkdirAll(foreign, 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(foreign, "ledger.db"), bytes.Repeat([]byte("not a ledger "), 5000), 0o644))
	file := filepath.Join(dir, "report.json")
	before := tree(t, dir)
	at, with := "-ledger "+one.dir, " -fingerprint "+one.fingerprint

	for _, tc := range []struct{ name, args, want string }{
		{"no arguments", "", "-ledger is missing"},
		{"no ledger", with, "-ledger is missing"},
		{"no fingerprint", at, "-fingerprint is missing: without it the result would not be anchored"},
		{"empty fingerprint", at + " -fingerprint=", "would not be anchored"},
		{"zero fingerprint", at + " -fingerprint " + strings.Repeat("0", 64), "no trusted root"},
		{"not hexadecimal", at + " -fingerprint " + strings.Repeat("g", 64), "fingerprint is not 64 lower-case hexadecimal digits"},
		{"capitals", at + " -fingerprint " + strings.ToUpper(one.fingerprint), "fingerprint is not 64"},
		{"short", at + " -fingerprint " + one.fingerprint[:62], "fingerprint is not 64"},
		{"long", at + with + "00", "fingerprint is not 64"},
		{"another election's", at + " -fingerprint " + other.fingerprint, one.dir + ": "},
		{"one digit off", at + " -fingerprint " + flipDigit(one.fingerprint), "opens an election with this fingerprint"},
		{"missing directory", "-ledger " + filepath.Join(dir, "none") + with, "no such file or directory"},
		{"empty directory", "-ledger " + empty + with, empty},
		{"foreign directory", "-ledger " + foreign + with, foreign},
		{"a file", "-ledger " + filepath.Join(foreign, "ledger.db") + with, "ledger.db"},
		{"further argument", at + with + " now", `unexpected argument "now"`},
		{"unknown flag", at + with + " -yes", "flag provided but not defined: -yes"},
		{"no directory for JSON", at + with + " -json " + filepath.Join(dir, "none", "report.json"), "-json: "},
	} {
		t.Run(tc.name, func(t *testing.T) {
			args := strings.Fields(tc.args)
			if !strings.Contains(tc.args, "-json") {
				args = append([]string{"-json", file}, args...)
			}
			status, out, errs := start(args...)
			require.Equal(t, notRun, status, out)
			require.Empty(t, out)
			require.Contains(t, errs, tc.want)
			require.Equal(t, before, tree(t, dir), "something was written")
		})
	}
}

// TestDamage holds that no audit of a damaged ledger passes.
func TestDamage(t *testing.T) {
	db := filepath.Join(one.dir, "ledger.db")
	data, err := os.ReadFile(db)
	require.NoError(t, err)
	entries := entriesOf(t, one.dir, data)
	require.Greater(t, len(entries), 15)

	damages := map[string]func(t *testing.T, dir string){
		"no database":          func(t *testing.T, dir string) { remove(t, dir, "ledger.db") },
		"no checkpoint":        func(t *testing.T, dir string) { remove(t, dir, "checkpoint") },
		"empty database":       func(t *testing.T, dir string) { write(t, dir, "ledger.db", nil) },
		"empty checkpoint":     func(t *testing.T, dir string) { write(t, dir, "checkpoint", nil) },
		"database of another":  func(t *testing.T, dir string) { copyFile(t, other.dir, dir, "ledger.db") },
		"checkpoint of others": func(t *testing.T, dir string) { copyFile(t, other.dir, dir, "checkpoint") },
		"half a database":      func(t *testing.T, dir string) { write(t, dir, "ledger.db", data[:len(data)/2]) },
		"database without end": func(t *testing.T, dir string) { write(t, dir, "ledger.db", data[:bytes.LastIndex(data, entries[12])]) },
	}
	for i, entry := range entries {
		if testing.Short() && i%8 != 0 {
			continue
		}
		damages[fmt.Sprintf("bit of entry %d", i)] = func(t *testing.T, dir string) {
			bad := bytes.Clone(entry)
			bad[len(bad)/2] ^= 1 << (i % 8)
			// The database keeps old copies in pages that it does not use.
			write(t, dir, "ledger.db", bytes.ReplaceAll(data, entry, bad))
		}
	}
	for name, damage := range damages {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			require.NoError(t, os.CopyFS(dir, os.DirFS(one.dir)))
			status, out, errs := start("-ledger", dir, "-fingerprint", one.fingerprint)
			require.Zero(t, status, "the copy is no good: %s%s", out, errs)
			damage(t, dir)
			before := tree(t, dir)
			status, out, errs = start("-ledger", dir, "-fingerprint", one.fingerprint)
			switch status {
			case notVerified:
				require.Contains(t, out, "NOT VERIFIED")
			case notRun:
				require.Contains(t, errs, "audit: could not run: ")
				require.Contains(t, errs, dir, "the message does not say where")
				require.Empty(t, out)
			default:
				t.Fatalf("status %d\n%s%s", status, out, errs)
			}
			require.Equal(t, before, tree(t, dir), "the audit changed the ledger")
		})
	}
}

// entriesOf returns the ledger's entries, all of which stand in the database.
func entriesOf(t *testing.T, dir string, db []byte) [][]byte {
	log, err := boltledger.OpenReadOnly(dir)
	require.NoError(t, err)
	defer log.Close()
	cp, err := log.Checkpoint(t.Context())
	require.NoError(t, err)
	var entries [][]byte
	for entry, err := range log.Entries(t.Context(), 0, cp.Size) {
		require.NoError(t, err)
		require.True(t, bytes.Contains(db, entry.Data), "entry %d", entry.Index)
		entries = append(entries, bytes.Clone(entry.Data))
	}
	return entries
}

func TestHelp(t *testing.T) {
	status, out, errs := start("-h")
	require.Zero(t, status)
	require.Empty(t, out)
	require.Contains(t, errs, "-fingerprint")
}

func TestInterrupt(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var out, errs bytes.Buffer
	require.Equal(t, notRun, run(ctx, []string{"-ledger", one.dir, "-fingerprint", one.fingerprint}, &out, &errs))
	require.Empty(t, out.String())
	require.Contains(t, errs.String(), "context canceled")
}

func flipDigit(hex string) string {
	if hex[0] == '0' {
		return "1" + hex[1:]
	}
	return "0" + hex[1:]
}

func remove(t *testing.T, dir, name string) {
	require.NoError(t, os.Remove(filepath.Join(dir, name)))
}

func write(t *testing.T, dir, name string, data []byte) {
	require.NoError(t, os.WriteFile(filepath.Join(dir, name), data, 0o600))
}

func copyFile(t *testing.T, from, to, name string) {
	data, err := os.ReadFile(filepath.Join(from, name))
	require.NoError(t, err)
	write(t, to, name, data)
}

// tree lists the files below a directory with their contents.
func tree(t *testing.T, dir string) map[string]string {
	all := make(map[string]string)
	require.NoError(t, filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			all[path] = "directory"
			return err
		}
		data, err := os.ReadFile(path)
		all[path] = string(data)
		return err
	}))
	return all
}
