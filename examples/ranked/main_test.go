package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

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

// signature is what every result says about rankings.
const signature = "Every ranking and every text is public, without its voter."

func TestRanked(t *testing.T) {
	for _, tc := range []struct {
		name string
		args []string
		says []string // on standard output
		errs []string // on standard error
	}{
		{
			"generated", []string{"-voters", "30", "-trustees", "3"},
			[]string{"Haedal county council", "30 of 30 voted", "Single transferable vote", "Žofie Nováková", "All 30 rankings, all first preferences and all "},
			[]string{"2 of 3 trustees decrypt.", "mixing "},
		}, {
			"table", []string{"-votes", "testdata/table.csv", "-seats", "2", "-trustees", "1", "-mixers", "2"},
			[]string{"12 of 12 voted", "2 ballots of the file had ranks that were passed over.", "Ada2", "All 12 rankings"}, nil,
		}, {
			"names", []string{"-votes", "testdata/names.csv", "-trustees", "1", "-mixers", "1"},
			[]string{"Instant runoff", "5 ballots of the file", `Cem "the baker" Öz`}, nil,
		}, {
			"another rule", []string{"-votes", "testdata/names.csv", "-count", "schulze", "-trustees", "1", "-mixers", "1"},
			[]string{"Schulze"}, nil,
		},
	} {
		if testing.Short() && tc.name != "generated" {
			continue
		}
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			ledger, file := filepath.Join(dir, "ledger"), filepath.Join(dir, "report.json")
			status, out, errs := start(append(tc.args, "-ledger", ledger, "-json", file)...)
			require.Zero(t, status, errs+out)
			for _, want := range append(tc.says, signature) {
				require.Contains(t, out, want)
			}
			for _, want := range tc.errs {
				require.Contains(t, errs, want)
			}
			require.True(t, strings.HasSuffix(out, "\nVERIFIED\n"), out)
			fingerprint := checkJSON(t, file, tc.args)
			require.Contains(t, out, "\nfingerprint "+fingerprint+"\n")
			checkLedger(t, ledger, fingerprint)
		})
	}
}

// checkJSON holds that the report in JSON has the first preferences and the
// elected of the plain votes.
func checkJSON(t *testing.T, file string, args []string) (fingerprint string) {
	var report struct {
		Verified    bool
		Fingerprint string
		Result      struct {
			Ballots  uint64
			Contests []struct {
				Elected []string
				Totals  []struct {
					ID    string
					Total int64
				}
			}
		}
	}
	require.NoError(t, json.Unmarshal([]byte(read(t, file)), &report))
	require.True(t, report.Verified)
	o, err := parseOptions(args, io.Discard)
	require.NoError(t, err)
	p, r, err := newPoll(o)
	require.NoError(t, err)
	require.Equal(t, uint64(len(r.Ballots)), report.Result.Ballots)
	require.Len(t, report.Result.Contests, 1)
	c := report.Result.Contests[0]

	firsts, blank := r.firsts()
	want := map[string]int64{ballot.BlankID: blank, ballot.InvalidID: 0}
	for i, n := range firsts {
		want[p.Contests[0].Options[i].ID] = n
	}
	got := map[string]int64{}
	for _, total := range c.Totals {
		got[total.ID] = total.Total
	}
	require.Equal(t, want, got)

	counted, err := r.count(o)
	require.NoError(t, err)
	require.Len(t, c.Elected, len(counted.Elected))
	for i, candidate := range counted.Elected {
		require.Equal(t, p.Contests[0].Options[candidate].ID, c.Elected[i])
	}
	return report.Fingerprint
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
	for _, tc := range []struct {
		args  string
		seats int
		count string
	}{
		{"", 3, "scottish-stv"},
		{"-seats 1", 1, "instant-runoff"},
		{"-seats 2 -count borda", 2, "borda"},
		{"-votes testdata/names.csv", 1, "instant-runoff"},
		{"-votes testdata/names.csv -seats 2", 2, "scottish-stv"},
	} {
		o, err := parseOptions(strings.Fields(tc.args), io.Discard)
		require.NoError(t, err, tc.args)
		require.Equal(t, tc.seats, o.seats, tc.args)
		require.Equal(t, tc.count, o.count, tc.args)
		require.Equal(t, []int{300, 5, 3, 3}, []int{o.Voters, o.Trustees, o.Threshold, o.Mixers}, tc.args)
	}
}

// TestBadInput holds that bad input ends with status 2 and a message, and that
// nothing is written or printed.
func TestBadInput(t *testing.T) {
	dir := t.TempDir()
	put := func(name, data string) string {
		path := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(path, []byte(data), 0o644))
		return path
	}
	good := read(t, "testdata/names.csv")
	bad := put("bad.csv", strings.Replace(good, "rank1", "first", 1))
	nine := put("nine.csv", strings.Join(strings.SplitAfter(good, "\n")[:10], ""))
	alike := put("alike.csv", strings.NewReplacer("Ada", "Idа", "Bora", "lda").Replace(good))
	alone := put("alone.csv", ",Ada\n"+strings.Repeat("1,1\n", 10))
	var heads strings.Builder
	for i := range 256 {
		fmt.Fprintf(&heads, ",Candidate %dth", i)
	}
	many := put("many.csv", heads.String()+strings.Repeat("\n1"+strings.Repeat(",", 256), 10))
	temp := filepath.Join(dir, "temp")
	require.NoError(t, os.Mkdir(temp, 0o755))
	t.Setenv("TMPDIR", temp)
	before := tree(t, dir)

	for _, tc := range []struct{ args, want string }{
		{"-voters 9", "-voters 9 is not between 10 and 1000000"},
		{"-seats 0", "-seats 0 is less than 1"},
		{"-seats -1", "-seats -1 is less than 1"},
		{"-seats 7 -trustees 1", "contests[0].seats is 7"},
		{"-seats 2 -count instant-runoff -trustees 1", "contests[0].seats is 2"},
		{"-count approval", `-count "approval" is none of borda, instant-runoff, `},
		{"-mixers 0", "-mixers 0 is not between 1 and 20"},
		{"-mixers 21", "-mixers 21"},
		{"-trustees 3 -threshold 4", "-threshold 4 is not between 1 and the number of trustees, 3"},
		{"-quorum 3", "flag provided but not defined: -quorum"},
		{"votes.csv", `unexpected argument "votes.csv"`},
		{"-voters 20 -votes testdata/names.csv", "-voters and -votes exclude each other"},
		{"-ledger " + dir, "-ledger: " + dir + " is not empty"},
		{"-json " + dir, "-json: " + dir + " is a directory"},
		{"-votes " + filepath.Join(dir, "absent.csv"), "absent.csv: no such file"},
		{"-votes " + bad, "bad.csv: the first line is neither"},
		{"-trustees 1 -votes " + nine, "nine.csv: 9 votes; below 10 every result would be withheld"},
		{"-trustees 1 -votes " + alike, "alike.csv: ballot: manifest: contests[0].options[1].name"},
		{"-trustees 1 -votes " + alone, "alone.csv: ballot: manifest: contests[0].options"},
		{"-trustees 1 -votes " + many, "many.csv: ballot: manifest: contests[0].options are 256"},
	} {
		t.Run(tc.args, func(t *testing.T) {
			args := strings.Fields(tc.args)
			if !strings.Contains(tc.args, "-ledger") {
				args = append([]string{"-ledger", filepath.Join(dir, "ledger")}, args...)
			}
			if !strings.Contains(tc.args, "-json") {
				args = append([]string{"-json", filepath.Join(dir, "report.json")}, args...)
			}
			status, out, errs := start(args...)
			require.Equal(t, 2, status)
			require.Empty(t, out)
			require.Contains(t, errs, "ranked: ")
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

// TestCountDiffers holds that an election that is not counted as the plain
// votes are does not pass, nor one whose report fails.
func TestCountDiffers(t *testing.T) {
	t.Parallel()
	e := &election{Stage: play.NewStage(io.Discard)}
	defer e.Close()
	require.NoError(t, e.prepare([]string{"-votes", "testdata/names.csv", "-trustees", "1", "-mixers", "1"}, io.Discard))
	require.NoError(t, e.hold(t.Context()))
	require.NoError(t, e.show(io.Discard))
	fails := func(want, says string) {
		t.Helper()
		var out strings.Builder
		require.ErrorContains(t, e.show(&out), want)
		require.Contains(t, out.String(), says)
		require.True(t, strings.HasSuffix(out.String(), "\nNOT VERIFIED\n"))
	}

	const written = 9 // the ballot of this one is transferred
	ranking, votes := e.rankings.Ballots[written], e.poll.Cast[written]
	e.rankings.Ballots[written] = []int{0}
	fails("not what the plain votes are", "first preferences, Ada: decrypted 5, the plain votes give 6\n")
	e.rankings.Ballots[written] = []int{3}
	fails("not what the plain votes are", "The count of the plain votes gives other rounds.\n")
	e.rankings.Ballots[written] = ranking
	e.poll.Cast[written] = ballot.Votes{contestID: {"4": 1, "2": 2}}
	fails("not what the plain votes are", "Not all decrypted rankings are those of the plain votes.\n")
	e.poll.Cast[written] = votes
	require.NoError(t, e.show(io.Discard))

	e.report.Result.Contests[0].Withheld = true
	fails("not what the plain votes are", "contest ranking was withheld\n")
	e.report.Result.Contests[0].Withheld = false

	result := e.report.Result
	e.report.Result = nil
	fails("not what the plain votes are", "")
	e.report.Result = result

	e.report.Check("mix.shuffle").Status = tally.NotRun
	fails("did not verify", "")
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

func TestHelp(t *testing.T) {
	status, out, errs := start("-h")
	require.Zero(t, status)
	require.Empty(t, out)
	require.Contains(t, errs, "-votes file")
	require.Contains(t, errs, "northern-ireland-stv")
}

// TestRealVotes holds the elections of the files of real votes. They take ten
// minutes on two cores, so it runs only if HANPYO_LONG is set; give it a longer
// -timeout.
func TestRealVotes(t *testing.T) {
	if os.Getenv("HANPYO_LONG") == "" {
		t.Skip("HANPYO_LONG is not set")
	}
	for _, tc := range []struct {
		file, seats string
		says        []string
	}{
		{"dublin-west-2002.csv", "3", []string{
			"29 988 of 29 988 voted", "8 086  FF2\n", "6 442  SP\n", "3 810  LB\n", "3 694  ", "2 404  ", "2 370  ", "2 300  ", "748  ", "134  ", "Elected: FF2, SP, LB\n",
		}},
		{"dublin-north-2002.csv", "4", []string{"43 942 of 43 942 voted", "Elected: "}},
		{"minneapolis-mayor-2013.csv", "1", []string{"80 101 of 80 101 voted", "79415 ballots counted, 686 blank", "Elected: BETSY HODGES\n"}},
	} {
		t.Run(tc.file, func(t *testing.T) {
			status, out, errs := start("-votes", sharedFile(t, tc.file), "-seats", tc.seats, "-mixers", "3")
			require.Zero(t, status, errs)
			t.Log(errs)
			for _, want := range append(tc.says, signature) {
				require.Contains(t, out, want)
			}
			require.True(t, strings.HasSuffix(out, "\nVERIFIED\n"))
		})
	}
}
