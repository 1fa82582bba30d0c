package ballot

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/mod/sumdb/tlog"

	"github.com/hanpyo/hanpyo/internal/reason"
)

func testManifest(t testing.TB, group string) *Manifest {
	t.Helper()
	m, err := NewManifest(testDescription(t, group))
	require.NoError(t, err)
	return m
}

// rollLines returns n valid lines, in no order.
func rollLines(m *Manifest, n int) []RollLine {
	lines := make([]RollLine, n)
	p := m.Group.HashToPoint("test roll", nil)
	for i := range lines {
		p = m.Group.Point().Add(p, m.Group.Base())
		lines[i] = RollLine{Key: m.Group.AppendPoint(nil, p), Weight: 1 + uint64(i%3), Style: i % 2}
	}
	return lines
}

func bodies(r *Roll) [][]byte { return slices.Collect(r.Bodies()) }

func TestRollRoundTrip(t *testing.T) {
	for _, group := range []string{"ristretto255", "P-256"} {
		d := testDescription(t, group)
		d.Limits.MaxVoters, d.Limits.MaxWeight = 3000, 9000
		m, err := NewManifest(d)
		require.NoError(t, err)
		sizes := []int{1, 2, 3, 4, 5, 7, 8}
		if group == "ristretto255" { // one group is enough to see entries end
			sizes = append(sizes, 1000, 1001, 2001)
		}
		all := rollLines(m, slices.Max(sizes))
		for _, n := range sizes {
			lines := all[:n]
			roll, err := NewRoll(m, lines)
			require.NoError(t, err)
			totals := roll.Totals()
			require.Equal(t, uint64(n), totals.Size)

			reader := NewRollReader(m)
			var read []RollLine
			for body := range roll.Bodies() {
				require.LessOrEqual(t, len(body), 65_000)
				more, err := reader.Add(body)
				require.NoError(t, err)
				read = append(read, more...)
			}
			again, err := reader.Totals()
			require.NoError(t, err)
			require.Equal(t, totals, again)
			require.ElementsMatch(t, lines, read)

			// The root is the RFC 6962 root over the lines in order.
			var hashes storedHashes
			for i, l := range read {
				more, err := tlog.StoredHashesForRecordHash(int64(i), tlog.RecordHash(l.bytes()), hashes)
				require.NoError(t, err)
				hashes = append(hashes, more...)
			}
			root, err := tlog.TreeHash(int64(n), hashes)
			require.NoError(t, err)
			require.Equal(t, root, totals.Root)

			for i := 0; i < n; i += 1 + n/7 {
				line, err := roll.Find(read[i].Key)
				require.NoError(t, err)
				require.Equal(t, uint64(i), line.Index)
				require.Equal(t, read[i], line.RollLine)
				require.NoError(t, totals.VerifyLine(m, line))
			}
		}
	}
}

// The root is in open entries: a change of it is another protocol version.
func TestRollRoot(t *testing.T) {
	for group, root := range map[string]string{
		"ristretto255": "82c472b660e69f6788b28237a8021d9c93cc0842b33e3cf66f5a681b07d2db5e",
		"P-256":        "61ddbc697662a8ca74a5fe71483fb13f23e7cdcfc7747260ef0ccb7e7d5ffb84",
	} {
		m := testManifest(t, group)
		roll, err := NewRoll(m, rollLines(m, 3))
		require.NoError(t, err)
		got := roll.Totals().Root
		require.Equal(t, root, hex.EncodeToString(got[:]), group)
	}
}

// The order in which registrars bring lines does not show.
func TestRollIsOneForASet(t *testing.T) {
	m := testManifest(t, "ristretto255")
	lines := rollLines(m, 20)
	a, err := NewRoll(m, lines)
	require.NoError(t, err)
	slices.Reverse(lines)
	b, err := NewRoll(m, lines)
	require.NoError(t, err)
	require.Equal(t, a.Totals(), b.Totals())
	require.Equal(t, bodies(a), bodies(b))
	lines[0].Key[0] ^= 1 // the roll has its own copy
	require.Equal(t, bodies(a), bodies(b))
}

func TestRollTotals(t *testing.T) {
	m := testManifest(t, "ristretto255")
	roll, err := NewRoll(m, rollLines(m, 12)) // weights 1, 2, 3 and styles 0, 1 in turn
	require.NoError(t, err)
	totals := roll.Totals()
	require.Equal(t, uint64(24), totals.Weight)
	require.Equal(t, []RollGroup{{0, 1, 2}, {0, 2, 2}, {0, 3, 2}, {1, 1, 2}, {1, 2, 2}, {1, 3, 2}}, totals.Groups)

	err = totals.CheckGroups(m)
	require.ErrorIs(t, err, reason.ErrState)
	require.EqualError(t, err, "ballot: roll: style n has 2 voters of weight 1, the minimum group is 10: wrong phase")
	d := testDescription(t, "ristretto255")
	d.Limits.MinGroup = 2
	small, err := NewManifest(d)
	require.NoError(t, err)
	require.NoError(t, totals.CheckGroups(small))
	totals.Groups[5].Lines = 1
	require.ErrorContains(t, totals.CheckGroups(small), "style s has 1 voter of weight 3")
	totals.Groups[5].Style = 2
	require.ErrorIs(t, totals.CheckGroups(small), reason.ErrRange)
}

func TestNewRollRefuses(t *testing.T) {
	d := testDescription(t, "ristretto255")
	d.Limits = Limits{MaxVoters: 300, MaxWeight: 1000}
	m, err := NewManifest(d)
	require.NoError(t, err)
	for _, test := range []struct {
		name   string
		change func(*[]RollLine)
		reason error
	}{
		{"no lines", func(l *[]RollLine) { *l = nil }, reason.ErrShape},
		{"one key twice", func(l *[]RollLine) { (*l)[7].Key = (*l)[3].Key }, reason.ErrDuplicate},
		{"weight 0", func(l *[]RollLine) { (*l)[7].Weight = 0 }, reason.ErrRange},
		{"weight above the total", func(l *[]RollLine) { (*l)[7].Weight = 1001 }, reason.ErrRange},
		{"weight 2^64-1", func(l *[]RollLine) { (*l)[7].Weight = 1<<64 - 1 }, reason.ErrRange},
		{"total weight", func(l *[]RollLine) { (*l)[7].Weight = 900 }, reason.ErrLimit},
		{"style above", func(l *[]RollLine) { (*l)[7].Style = 2 }, reason.ErrRange},
		{"style −1", func(l *[]RollLine) { (*l)[7].Style = -1 }, reason.ErrRange},
		{"identity", func(l *[]RollLine) { (*l)[7].Key = make([]byte, 32) }, reason.ErrGroup},
		{"not a point", func(l *[]RollLine) { (*l)[7].Key = bytes.Repeat([]byte{0xff}, 32) }, reason.ErrEncoding},
		{"no key", func(l *[]RollLine) { (*l)[7].Key = nil }, reason.ErrEncoding},
		{"long key", func(l *[]RollLine) { (*l)[7].Key = append((*l)[7].Key, 0) }, reason.ErrEncoding},
		{"too many lines", func(l *[]RollLine) {
			*l = rollLines(m, 301)
			for i := range *l {
				(*l)[i].Weight = 1
			}
		}, reason.ErrLimit},
	} {
		t.Run(test.name, func(t *testing.T) {
			lines := rollLines(m, 100)
			_, err := NewRoll(m, lines)
			require.NoError(t, err)
			test.change(&lines)
			roll, err := NewRoll(m, lines)
			require.ErrorIs(t, err, test.reason)
			require.Nil(t, roll)
		})
	}
}

func TestRollReaderRefuses(t *testing.T) {
	d := testDescription(t, "ristretto255")
	d.Limits = Limits{MaxVoters: 3000, MaxWeight: 9000}
	m, err := NewManifest(d)
	require.NoError(t, err)
	roll, err := NewRoll(m, rollLines(m, 1003))
	require.NoError(t, err)
	const header, line = 12, 32 + 8 + 4
	for _, test := range []struct {
		name   string
		change func(b [][]byte) [][]byte
		reason error
	}{
		{"nothing", func(b [][]byte) [][]byte { return nil }, reason.ErrShape},
		{"second entry first", func(b [][]byte) [][]byte { return [][]byte{b[1], b[0]} }, reason.ErrChain},
		{"first entry left out", func(b [][]byte) [][]byte { return b[1:] }, reason.ErrChain},
		{"entry twice", func(b [][]byte) [][]byte { return [][]byte{b[0], b[0]} }, reason.ErrChain},
		{"entry after a short one", func(b [][]byte) [][]byte {
			third := bytes.Clone(b[1])
			binary.BigEndian.PutUint64(third, 1003)
			return append(b, third)
		}, reason.ErrChain},
		{"first line −1", func(b [][]byte) [][]byte { copy(b[0], bytes.Repeat([]byte{0xff}, 8)); return b }, reason.ErrChain},
		{"entry without lines", func(b [][]byte) [][]byte {
			return [][]byte{b[0], append(bytes.Clone(b[1][:8]), 0, 0, 0, 0)}
		}, reason.ErrEncoding},
		{"1001 lines", func(b [][]byte) [][]byte { binary.BigEndian.PutUint32(b[0][8:], 1001); return b }, reason.ErrLimit},
		{"2^32-1 lines", func(b [][]byte) [][]byte { binary.BigEndian.PutUint32(b[0][8:], 1<<32-1); return b }, reason.ErrLimit},
		{"count above the lines", func(b [][]byte) [][]byte { b[1][11]++; return b }, reason.ErrEncoding},
		{"count below the lines", func(b [][]byte) [][]byte { b[1][11]--; return b }, reason.ErrEncoding},
		{"trailing byte", func(b [][]byte) [][]byte { b[1] = append(b[1], 0); return b }, reason.ErrEncoding},
		{"cut", func(b [][]byte) [][]byte { b[1] = b[1][:len(b[1])-1]; return b }, reason.ErrEncoding},
		{"empty", func(b [][]byte) [][]byte { b[1] = nil; return b }, reason.ErrEncoding},
		{"two lines swapped", func(b [][]byte) [][]byte {
			swapped := slices.Concat(b[1][:header], b[1][header+line:header+2*line], b[1][header:header+line], b[1][header+2*line:])
			return [][]byte{b[0], swapped}
		}, reason.ErrEncoding},
		{"a line twice", func(b [][]byte) [][]byte {
			copy(b[1][header+line:header+2*line], b[1][header:header+line])
			return b
		}, reason.ErrDuplicate},
		{"first line of the next entry again", func(b [][]byte) [][]byte {
			copy(b[1][header:header+line], b[0][len(b[0])-line:])
			return b
		}, reason.ErrDuplicate},
		{"weight 0", func(b [][]byte) [][]byte { clear(b[0][header+32 : header+40]); return b }, reason.ErrRange},
		{"style 2^32-1", func(b [][]byte) [][]byte {
			copy(b[0][header+40:], []byte{0xff, 0xff, 0xff, 0xff})
			return b
		}, reason.ErrRange},
		{"not a point", func(b [][]byte) [][]byte { b[0][header+31] |= 0x80; return b }, reason.ErrEncoding},
	} {
		t.Run(test.name, func(t *testing.T) {
			read := func(bodies [][]byte) error {
				r := NewRollReader(m)
				for _, b := range bodies {
					if _, err := r.Add(b); err != nil {
						return err
					}
				}
				_, err := r.Totals()
				return err
			}
			require.NoError(t, read(bodies(roll)))
			require.ErrorIs(t, read(test.change(bodies(roll))), test.reason)
		})
	}
}

func TestRollGroupsAreBounded(t *testing.T) {
	d := testDescription(t, "ristretto255")
	d.Limits = Limits{MaxVoters: 3000, MaxWeight: 1 << 30}
	m, err := NewManifest(d)
	require.NoError(t, err)
	lines := rollLines(m, maxRollGroups+1)
	for i := range lines {
		lines[i].Weight, lines[i].Style = uint64(i+1), 0
	}
	_, err = NewRoll(m, lines[:maxRollGroups])
	require.NoError(t, err)
	_, err = NewRoll(m, lines)
	require.ErrorIs(t, err, reason.ErrLimit)
}

func TestVerifyLineRefuses(t *testing.T) {
	m := testManifest(t, "ristretto255")
	roll, err := NewRoll(m, rollLines(m, 13))
	require.NoError(t, err)
	other, err := roll.Line(6)
	require.NoError(t, err)
	for _, test := range []struct {
		name   string
		change func(*ProvenLine, *RollTotals)
		reason error
	}{
		{"weight", func(p *ProvenLine, _ *RollTotals) { p.Weight++ }, reason.ErrChain},
		{"weight 0", func(p *ProvenLine, _ *RollTotals) { p.Weight = 0 }, reason.ErrRange},
		{"style", func(p *ProvenLine, _ *RollTotals) { p.Style ^= 1 }, reason.ErrChain},
		{"style above", func(p *ProvenLine, _ *RollTotals) { p.Style = 2 }, reason.ErrRange},
		{"key of another line", func(p *ProvenLine, _ *RollTotals) { p.Key = other.Key }, reason.ErrChain},
		{"no key", func(p *ProvenLine, _ *RollTotals) { p.Key = nil }, reason.ErrEncoding},
		{"index", func(p *ProvenLine, _ *RollTotals) { p.Index++ }, reason.ErrChain},
		{"index above", func(p *ProvenLine, _ *RollTotals) { p.Index = 13 }, reason.ErrRange},
		{"index 2^64-1", func(p *ProvenLine, _ *RollTotals) { p.Index = 1<<64 - 1 }, reason.ErrRange},
		{"no proof", func(p *ProvenLine, _ *RollTotals) { p.Proof = nil }, reason.ErrChain},
		{"long proof", func(p *ProvenLine, _ *RollTotals) { p.Proof = append(p.Proof, tlog.Hash{}) }, reason.ErrChain},
		{"altered proof", func(p *ProvenLine, _ *RollTotals) { p.Proof[0][0] ^= 1 }, reason.ErrChain},
		{"other root", func(_ *ProvenLine, r *RollTotals) { r.Root[0] ^= 1 }, reason.ErrChain},
		{"other size", func(_ *ProvenLine, r *RollTotals) { r.Size += 9 }, reason.ErrChain},
		{"size 2^64-1", func(_ *ProvenLine, r *RollTotals) { r.Size = 1<<64 - 1 }, reason.ErrRange},
		{"size 0", func(_ *ProvenLine, r *RollTotals) { r.Size = 0 }, reason.ErrRange},
	} {
		t.Run(test.name, func(t *testing.T) {
			totals := roll.Totals()
			line, err := roll.Line(5)
			require.NoError(t, err)
			require.NoError(t, totals.VerifyLine(m, line))
			test.change(&line, &totals)
			require.ErrorIs(t, totals.VerifyLine(m, line), test.reason)
		})
	}
	_, err = roll.Line(13)
	require.ErrorIs(t, err, reason.ErrRange)
	_, err = roll.Find(make([]byte, 32))
	require.ErrorIs(t, err, reason.ErrEligibility)
}

func FuzzRollBody(f *testing.F) {
	for _, group := range []string{"ristretto255", "P-256"} {
		m := testManifest(f, group)
		roll, err := NewRoll(m, rollLines(m, 3))
		require.NoError(f, err)
		f.Add(group == "P-256", bodies(roll)[0])
	}
	manifests := map[bool]*Manifest{false: testManifest(f, "ristretto255"), true: testManifest(f, "P-256")}
	f.Fuzz(func(t *testing.T, p256 bool, body []byte) {
		m := manifests[p256]
		lines, err := NewRollReader(m).Add(body)
		if err != nil {
			require.Nil(t, lines)
			return
		}
		roll, err := NewRoll(m, lines)
		require.NoError(t, err)
		require.Equal(t, [][]byte{body}, bodies(roll))
	})
}

func BenchmarkNewRoll(b *testing.B) {
	d := testDescription(b, "ristretto255")
	d.Limits = Limits{MaxVoters: 1 << 20, MaxWeight: 1 << 22}
	m, err := NewManifest(d)
	require.NoError(b, err)
	for _, n := range []int{10_000} {
		lines := rollLines(m, n)
		b.Run(fmt.Sprintf("lines=%d", n), func(b *testing.B) {
			for b.Loop() {
				_, err := NewRoll(m, lines)
				require.NoError(b, err)
			}
			b.ReportMetric(float64(n*b.N)/b.Elapsed().Seconds(), "lines/s")
		})
	}
}
