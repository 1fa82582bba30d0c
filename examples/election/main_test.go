package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/hanpyo/hanpyo/ballot"
	"github.com/hanpyo/hanpyo/examples/internal/play"
	"github.com/hanpyo/hanpyo/ledger/boltledger"
	"github.com/hanpyo/hanpyo/tally"
)

// start runs the program as main does.
func start(args ...string) (status int, stdout, stderr string) {
	var out, errs bytes.Buffer
	status = run(context.Background(), args, &out, &errs)
	return status, out.String(), errs.String()
}

// reportJSON is what the tests read of a report.
type reportJSON struct {
	Verified    bool
	Fingerprint string
	Result      struct {
		Ballots, Refused uint64
		Contests         []struct {
			ID     string
			Totals []struct {
				ID    string
				Total int64
			}
		}
	}
}

func TestElection(t *testing.T) {
	for _, tc := range []struct {
		name string
		args []string
		says []string // on standard output
		errs []string // on standard error
	}{
		{
			"generated", []string{"-voters", "21", "-trustees", "3"},
			[]string{"해달군 선거 2027", "김하늘", "21 of 21 voted; 1 ballot refused", "All 29 totals are those of the plain votes."},
			[]string{"Trustee 1 stays away.", "The box refused: ", "superseded by entry", "proof does not hold"},
		}, {
			"one trustee", []string{"-voters", "10", "-trustees", "1"},
			[]string{"10 of 10 voted", "1 of 1 trustees"}, nil,
		}, {
			"all trustees needed", []string{"-voters", "10", "-trustees", "2", "-threshold", "2"},
			[]string{"2 of 2 trustees"}, nil,
		}, {
			"a minority decrypts", []string{"-voters", "10", "-trustees", "2", "-threshold", "1"},
			[]string{"1 of 2 trustees"}, []string{"Trustee 1 stays away."},
		}, {
			"approval", []string{"-votes", "testdata/approval.pb", "-trustees", "1"},
			[]string{"Little library, what shall it buy?", `"Novels"; and short stories (A1)`, "All 4 totals are those", "All 4 agree with the file's own votes."}, nil,
		}, {
			"cumulative", []string{"-votes", "testdata/cumulative.pb", "-trustees", "1"},
			[]string{"        13  Trees (P/1)\n", "        13         13  P/1 Trees\n", "All 4 agree with the file's own score."}, nil,
		}, {
			"ordinal", []string{"-votes", "testdata/ordinal.pb", "-trustees", "1"},
			[]string{"All 5 totals are those", "         5          4  differs: 5 Cooking\n", "1 of 5 projects differ from the file's own score."}, nil,
		},
	} {
		if testing.Short() && tc.name != "generated" {
			continue
		}
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			ledger, file := filepath.Join(dir, "ledger"), filepath.Join(dir, "report.json")
			if tc.name == "generated" { // an empty directory will do
				require.NoError(t, os.Mkdir(ledger, 0o755))
			}
			status, out, errs := start(append(tc.args, "-ledger", ledger, "-json", file)...)
			require.Zero(t, status, errs)
			for _, want := range tc.says {
				require.Contains(t, out, want)
			}
			for _, want := range tc.errs {
				require.Contains(t, errs, want)
			}
			lines := strings.Split(strings.TrimSpace(out), "\n")
			require.Equal(t, "VERIFIED", lines[len(lines)-1])
			hex, ok := strings.CutPrefix(lines[len(lines)-2], "fingerprint ")
			require.True(t, ok, lines[len(lines)-2])

			checkJSON(t, file, hex, tc.args)
			checkLedger(t, ledger, hex)
		})
	}
}

// checkJSON holds that the report in JSON says the same.
func checkJSON(t *testing.T, file, fingerprint string, args []string) {
	var report reportJSON
	require.NoError(t, json.Unmarshal([]byte(read(t, file)), &report))
	require.True(t, report.Verified)
	require.Equal(t, fingerprint, report.Fingerprint)
	require.Equal(t, uint64(1), report.Result.Refused)

	o, err := parseOptions(args, io.Discard)
	require.NoError(t, err)
	p, err := newPoll(o)
	require.NoError(t, err)
	require.Equal(t, uint64(len(p.Cast)), report.Result.Ballots)
	plain, got := p.totals(), map[string]map[string]int64{}
	for _, c := range report.Result.Contests {
		got[c.ID] = map[string]int64{}
		for _, total := range c.Totals {
			if total.Total != 0 {
				got[c.ID][total.ID] = total.Total
			}
		}
	}
	require.Equal(t, plain, got)
}

// checkLedger holds that the ledger that stays behind can be audited.
func checkLedger(t *testing.T, dir, fingerprint string) {
	fp, err := ballot.ParseFingerprint(fingerprint)
	require.NoError(t, err)
	log, err := boltledger.OpenReadOnly(dir)
	require.NoError(t, err)
	defer log.Close()
	report, err := tally.Audit(t.Context(), log, fp, nil)
	require.NoError(t, err)
	require.True(t, report.Verified(), report.Text())
}

func TestDefaults(t *testing.T) {
	o, err := parseOptions(nil, io.Discard)
	require.NoError(t, err)
	require.Equal(t, &play.Options{Voters: 1000, Trustees: 5, Threshold: 3}, o)
}

// TestBadInput holds that bad input ends with status 2 and a message, and that
// nothing is written or printed.
func TestBadInput(t *testing.T) {
	dir := t.TempDir()
	taken := filepath.Join(dir, "taken")
	require.NoError(t, os.Mkdir(taken, 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(taken, "thesis.txt"), []byte("mine"), 0o644))
	put := func(name, data string) string {
		path := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(path, []byte(data), 0o644))
		return path
	}
	good := read(t, "testdata/approval.pb")
	bad := put("bad.pb", strings.Replace(good, "4;A4", "4;A5", 1))
	nine := put("nine.pb", strings.Replace(strings.Replace(good, "num_votes;10", "num_votes;9", 1), "10;A1,A2,A4\n", "", 1))
	blank := put("blank.pb", strings.NewReplacer("A4;900", "blank;900", "A4", "blank").Replace(good))
	alike := put("alike.pb", strings.NewReplacer("A1;100", "I;100", "A2;250", "l;250", "A1", "I", "A2", "l", "Książki po polsku 📚", `"""Novels""; and short stories"`).Replace(good))
	huge := put("huge.pb", strings.Replace(read(t, "testdata/cumulative.pb"), "1;P/1;3\n", "1;P/1;65537\n", 1))
	ledger, file := filepath.Join(dir, "ledger"), filepath.Join(dir, "report.json")
	temp := filepath.Join(dir, "temp")
	require.NoError(t, os.Mkdir(temp, 0o755))
	t.Setenv("TMPDIR", temp)
	before := tree(t, dir)

	for _, tc := range []struct{ args, want string }{
		{"-voters 9", "-voters 9 is not between 10 and 1000000"},
		{"-voters -1", "-voters -1"},
		{"-voters 1000001", "-voters 1000001"},
		{"-voters many", `invalid value "many" for flag -voters`},
		{"-trustees 0", "-trustees 0 is not between 1 and 20"},
		{"-trustees 21", "-trustees 21"},
		{"-trustees 3 -threshold 4", "-threshold 4 is not between 1 and the number of trustees, 3"},
		{"-threshold 0", "-threshold 0"},
		{"-trustees 2 -threshold -1", "-threshold -1"},
		{"-quorum 3", "flag provided but not defined: -quorum"},
		{"election.pb", `unexpected argument "election.pb"`},
		{"-voters 20 -votes testdata/approval.pb", "-voters and -votes exclude each other"},
		{"-ledger " + taken, "is not empty: it has thesis.txt"},
		{"-ledger " + bad, "-ledger: open " + bad},
		{"-ledger " + filepath.Join(dir, "no", "ledger"), "-ledger: stat " + filepath.Join(dir, "no")},
		{"-ledger " + filepath.Join(bad, "ledger"), "-ledger: "},
		{"-json " + taken, "-json: " + taken + " is a directory"},
		{"-json " + filepath.Join(dir, "no", "report.json"), "-json: stat " + filepath.Join(dir, "no")},
		{"-json " + filepath.Join(bad, "report.json"), "-json: "},
		{"-votes " + filepath.Join(dir, "absent.pb"), "absent.pb: no such file"},
		{"-votes " + taken, taken},
		{"-votes " + bad, `bad.pb:19: unknown project "A5"`},
		{"-votes " + nine, "9 votes; below 10 every result would be withheld"},
		{"-trustees 1 -votes " + blank, "blank.pb: ballot: manifest: contests[0].options[3].id"},
		{"-trustees 1 -votes " + alike, "alike.pb: ballot: manifest: contests[0].options[1].name"},
		{"-trustees 1 -votes " + huge, "huge.pb: ballot: manifest: contests[0].points is 65537"},
	} {
		t.Run(tc.args, func(t *testing.T) {
			args := strings.Fields(tc.args)
			if !strings.Contains(tc.args, "-ledger") {
				args = append([]string{"-ledger", ledger}, args...)
			}
			if !strings.Contains(tc.args, "-json") {
				args = append([]string{"-json", file}, args...)
			}
			status, out, errs := start(args...)
			require.Equal(t, 2, status)
			require.Empty(t, out)
			require.Contains(t, errs, "election: ")
			require.Contains(t, errs, tc.want)
			require.Equal(t, 1, strings.Count(errs, "\n"), errs)
			require.Equal(t, before, tree(t, dir), "something was written")
		})
	}
}

// tree lists the files below a directory with their contents.
func tree(t *testing.T, dir string) map[string]string {
	all := make(map[string]string)
	require.NoError(t, filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			all[path] = "directory"
			return err
		}
		all[path] = read(t, path)
		return nil
	}))
	return all
}

// TestTotalsDiffer holds that an election whose totals are not those of the
// plain votes does not pass, nor one whose report fails.
func TestTotalsDiffer(t *testing.T) {
	t.Parallel()
	e := &election{Stage: play.NewStage(io.Discard)}
	defer e.Close()
	o, err := parseOptions([]string{"-votes", "testdata/approval.pb", "-trustees", "1"}, io.Discard)
	require.NoError(t, err)
	require.NoError(t, e.prepare(o))
	require.NoError(t, e.hold(t.Context()))
	require.NoError(t, e.show(io.Discard, ""))

	vote := e.poll.Cast[3]["projects"]
	e.poll.Cast[3]["projects"] = ballot.Vote{"A3": 1}
	var out strings.Builder
	require.ErrorContains(t, e.show(&out, ""), "are not those of the plain votes")
	require.Contains(t, out.String(), "contest projects, A4: decrypted 3, the plain votes give 2\n")
	require.True(t, strings.HasSuffix(out.String(), "\nNOT VERIFIED\n"))
	e.poll.Cast[3]["projects"] = vote
	require.NoError(t, e.show(io.Discard, ""))

	result := e.report.Result
	e.report.Result = nil
	require.Error(t, e.show(io.Discard, ""), "no result is no result that is equal")
	e.report.Result = result

	e.report.Check("ballot.proof").Status = tally.NotRun
	out.Reset()
	require.ErrorContains(t, e.show(&out, ""), "did not verify")
	require.True(t, strings.HasSuffix(out.String(), "\nNOT VERIFIED\n"))
}

func TestInterrupt(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var out, errs strings.Builder
	require.Equal(t, 1, run(ctx, []string{"-voters", "10", "-trustees", "1"}, &out, &errs))
	require.Empty(t, out.String())
	require.Contains(t, errs.String(), "context canceled")
}

// TestInterruptWaiting holds that whoever waits for an announced hour can be
// interrupted.
func TestInterruptWaiting(t *testing.T) {
	t.Parallel()
	e := &election{Stage: play.NewStage(io.Discard)}
	defer e.Close()
	o, err := parseOptions([]string{"-voters", "10", "-trustees", "1"}, io.Discard)
	require.NoError(t, err)
	require.NoError(t, e.prepare(o))
	require.NoError(t, e.makeKey(t.Context()))
	e.Manifest.Opens = e.Manifest.Opens.AddDate(1, 0, 0)
	e.Manifest.Closes = e.Manifest.Closes.AddDate(1, 0, 0)
	for _, waiting := range []func(context.Context) error{e.open, e.closePolls} {
		ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
		require.ErrorIs(t, waiting(ctx), context.DeadlineExceeded)
		cancel()
	}
}

func TestHelp(t *testing.T) {
	status, out, errs := start("-h")
	require.Zero(t, status)
	require.Empty(t, out)
	require.Contains(t, errs, "-votes file")
}

// TestGenerated holds the generated votes against the contests' rules and the
// library's own count of plain votes.
func TestGenerated(t *testing.T) {
	p := generated(1000)
	require.Equal(t, p, generated(1000), "not reproducible")
	require.Len(t, p.Cast, 1000)
	require.Len(t, p.Revotes, 50)
	stage := play.NewStage(io.Discard)
	defer stage.Close()
	require.NoError(t, stage.Prepare(&p.Poll, &play.Options{Trustees: 1, Threshold: 1}))
	m := stage.Manifest
	totals := p.totals()
	for i := range m.Contests {
		c := &m.Contests[i]
		want, err := c.Count(func(yield func(ballot.Vote, uint64) bool) {
			for votes := range p.final {
				if !yield(votes[c.ID], 1) {
					return
				}
			}
		})
		require.NoError(t, err)
		for row, total := range want {
			require.Equal(t, total, totals[c.ID][c.Results()[row].ID], c.Results()[row].Label)
			require.Positive(t, total, "nobody voted for %s", c.Results()[row].Label)
		}
	}
}

// TestRealVotes holds the elections of the two smaller files of real votes. It
// takes a minute, so it runs only if HANPYO_LONG is set.
func TestRealVotes(t *testing.T) {
	if os.Getenv("HANPYO_LONG") == "" {
		t.Skip("HANPYO_LONG is not set")
	}
	for file, agree := range map[string]string{
		"lodz-olechow-2022.pb":     "All 12 agree with the file's own votes.",
		"krakow-bienczyce-2022.pb": "All 26 agree with the file's own score.",
	} {
		t.Run(file, func(t *testing.T) {
			status, out, errs := start("-votes", sharedFile(t, file))
			require.Zero(t, status, errs)
			require.Contains(t, out, agree)
			require.True(t, strings.HasSuffix(out, "\nVERIFIED\n"))
		})
	}
}
