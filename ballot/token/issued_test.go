package token_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"iter"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hanpyo/hanpyo/ballot/token"
	"github.com/hanpyo/hanpyo/ledger"
)

// goldenLog is an issuance log of three subjects, and what is said of it.
func goldenLog(t *testing.T) (records [][]byte, issued token.Issued) {
	blinded := func(i byte) [32]byte { return sha256.Sum256(blinded(i)) }
	records = [][]byte{
		token.BeginRecord([16]byte{1}, deskKeys(t)),
		token.IssueRecord(0, subject(0), blinded(0)),
		token.IssueRecord(1, subject(100), blinded(1)),
		token.BeginRecord([16]byte{2}, deskKeys(t)),
		token.IssueRecord(0, subject(1), blinded(2)),
		token.EndRecord(),
	}
	return records, token.Issued{
		Classes: []token.ClassCount{{Class: city, Tokens: 2}, {Class: valley, Tokens: 1}},
		Size:    6,
		Root:    rootOf(records),
	}
}

func rootOf(records [][]byte) [32]byte {
	tree := ledger.NewRange(0)
	for _, r := range records {
		tree.Append(ledger.LeafHash(r))
	}
	root, err := tree.Root()
	if err != nil {
		panic(err)
	}
	return root
}

func logOf(t *testing.T, records [][]byte) ledger.Ledger {
	log := newLog(t)
	for _, r := range records {
		_, err := log.Append(t.Context(), r)
		require.NoError(t, err)
	}
	return log
}

func TestCheckIssuance(t *testing.T) {
	records, issued := goldenLog(t)
	require.NoError(t, token.CheckIssuance(t.Context(), logOf(t, records), deskKeys(t), issued))

	// What stands behind the end is nothing.
	more := append(slices.Clone(records), token.IssueRecord(0, subject(2), [32]byte{}))
	require.NoError(t, token.CheckIssuance(t.Context(), logOf(t, more), deskKeys(t), issued))
	d := openDesk(t, logOf(t, more))
	got, err := d.Close(t.Context())
	require.NoError(t, err)
	require.Equal(t, issued, got)
}

func TestCheckIssuanceRefuses(t *testing.T) {
	records, issued := goldenLog(t)
	other := aContext(city)
	other.Election[0] ^= 1
	with := func(i int, r []byte) [][]byte {
		changed := slices.Clone(records)
		changed[i] = r
		return changed
	}
	record := func(change func(b []byte)) []byte {
		b := bytes.Clone(records[1])
		change(b)
		return b
	}
	for name, change := range map[string]struct {
		records [][]byte
		want    error
	}{
		"a subject twice":        {with(2, token.IssueRecord(0, subject(0), [32]byte{9})), token.ErrDuplicate},
		"another subject":        {with(2, token.IssueRecord(1, subject(101), [32]byte{9})), token.ErrChain},
		"another class":          {with(2, token.IssueRecord(0, subject(100), [32]byte{9})), token.ErrChain},
		"a class there is not":   {with(2, token.IssueRecord(2, subject(100), [32]byte{9})), token.ErrRange},
		"one left out":           {slices.Delete(slices.Clone(records), 1, 2), token.ErrIncomplete},
		"one more":               {slices.Insert(slices.Clone(records), 5, token.IssueRecord(0, subject(9), [32]byte{9})), token.ErrIncomplete},
		"ends early":             {slices.Insert(records[:5:5], 2, token.EndRecord()), token.ErrChain},
		"no beginning":           {with(0, token.IssueRecord(0, subject(9), [32]byte{9})), token.ErrChain},
		"of another election":    {with(0, token.BeginRecord([16]byte{1}, []*token.PublicKey{publicKey(t, 0, other)})), token.ErrBinding},
		"another key later":      {with(3, token.BeginRecord([16]byte{2}, []*token.PublicKey{publicKey(t, 3, aContext(city))})), token.ErrBinding},
		"not a record":           {with(1, []byte("junk")), token.ErrVersion},
		"an unknown kind":        {with(1, record(func(b []byte) { b[1] = 4 })), token.ErrEncoding},
		"a record with trailing": {with(1, append(bytes.Clone(records[1]), 0)), token.ErrEncoding},
		"a short record":         {with(1, records[1][:60]), token.ErrEncoding},
	} {
		err := token.CheckIssuance(t.Context(), logOf(t, change.records), deskKeys(t), issued)
		require.ErrorIs(t, err, change.want, name)
	}

	for name, change := range map[string]struct {
		change func(i *token.Issued)
		want   error
	}{
		"size above":     {func(i *token.Issued) { i.Size++ }, token.ErrChain},
		"size below":     {func(i *token.Issued) { i.Size-- }, token.ErrIncomplete},
		"size 0":         {func(i *token.Issued) { i.Size = 0 }, token.ErrIncomplete},
		"root":           {func(i *token.Issued) { i.Root[0] ^= 1 }, token.ErrChain},
		"tokens":         {func(i *token.Issued) { i.Classes[0].Tokens++ }, token.ErrChain},
		"moved":          {func(i *token.Issued) { i.Classes[0].Tokens--; i.Classes[1].Tokens++ }, token.ErrChain},
		"class left out": {func(i *token.Issued) { i.Classes = i.Classes[:1] }, token.ErrChain},
	} {
		said := issued
		said.Classes = slices.Clone(issued.Classes)
		change.change(&said)
		more := append(slices.Clone(records), token.IssueRecord(0, subject(2), [32]byte{}))
		err := token.CheckIssuance(t.Context(), logOf(t, more), deskKeys(t), said)
		require.ErrorIs(t, err, change.want, name)
	}

	log := logOf(t, records)
	for name, change := range map[string]struct {
		keys []*token.PublicKey
		want error
	}{
		"none":           {nil, token.ErrShape},
		"nil":            {[]*token.PublicKey{nil}, token.ErrShape},
		"one left out":   {deskKeys(t)[1:], token.ErrBinding},
		"a class twice":  {append(deskKeys(t), publicKey(t, 5, aContext(city))), token.ErrDuplicate},
		"a key twice":    {append(deskKeys(t), publicKey(t, 0, aContext(double))), token.ErrDuplicate},
		"of another":     {append(deskKeys(t), publicKey(t, 5, other)), token.ErrBinding},
		"another's keys": {[]*token.PublicKey{publicKey(t, 0, other)}, token.ErrBinding},
	} {
		require.ErrorIs(t, token.CheckIssuance(t.Context(), log, change.keys, issued), change.want, name)
	}
}

// wrongReader yields other entries than it was asked for.
type wrongReader struct {
	ledger.Ledger
	entries func(yield func(ledger.Entry, error) bool)
}

func (w wrongReader) Entries(context.Context, uint64, uint64) iter.Seq2[ledger.Entry, error] {
	return w.entries
}

func TestCheckIssuanceOfWrongReader(t *testing.T) {
	records, issued := goldenLog(t)
	for name, change := range map[string]struct {
		entries func(yield func(ledger.Entry, error) bool)
		want    error
	}{
		"nothing":    {func(func(ledger.Entry, error) bool) {}, token.ErrIncomplete},
		"another":    {func(yield func(ledger.Entry, error) bool) { yield(ledger.Entry{Index: 1, Data: records[0]}, nil) }, token.ErrChain},
		"an error":   {func(yield func(ledger.Entry, error) bool) { yield(ledger.Entry{}, errCut) }, errCut},
		"only a few": {func(yield func(ledger.Entry, error) bool) { yield(ledger.Entry{Data: records[0]}, nil) }, token.ErrIncomplete},
	} {
		r := wrongReader{logOf(t, records), change.entries}
		require.ErrorIs(t, token.CheckIssuance(t.Context(), r, deskKeys(t), issued), change.want, name)
	}
}

// TestRecords holds the bytes of the records of docs/wire.md.
func TestRecords(t *testing.T) {
	require.Equal(t, "0103", fmt.Sprintf("%x", token.EndRecord()))
	require.Equal(t, fmt.Sprintf("01020001%x%064x", subject(1), 5),
		fmt.Sprintf("%x", token.IssueRecord(1, subject(1), [32]byte{31: 5})))
	pk := publicKey(t, 0, aContext(city))
	require.Equal(t, fmt.Sprintf("0101%032x%x%x00000001%x%x%016x%x", 7, aContext(city).Election, []byte(aContext(city).Registrar),
		"\x00\x00\x00\x04", "city", 1, pk.ID()),
		fmt.Sprintf("%x", token.BeginRecord([16]byte{15: 7}, []*token.PublicKey{pk})))
}

func TestRecordRefused(t *testing.T) {
	begin := token.BeginRecord([16]byte{1}, deskKeys(t))
	again, err := token.RewriteRecord(begin)
	require.NoError(t, err)
	require.Equal(t, begin, again)

	const head = 2 + 16 + 32 + 32 // what stands before the classes
	class := func(style string, weight uint64, key byte) []byte {
		b := binary.BigEndian.AppendUint32(nil, uint32(len(style)))
		b = binary.BigEndian.AppendUint64(append(b, style...), weight)
		return append(b, bytes.Repeat([]byte{key}, 32)...)
	}
	classes := func(n uint32, list ...[]byte) []byte {
		b := binary.BigEndian.AppendUint32(bytes.Clone(begin[:head]), n)
		return append(b, slices.Concat(list...)...)
	}
	_, err = token.RewriteRecord(classes(2, class("a", 1, 1), class("a", 2, 2)))
	require.NoError(t, err)
	var many [][]byte
	for i := range 2001 {
		key := binary.BigEndian.AppendUint32(make([]byte, 28), uint32(i))
		many = append(many, append(class("a", uint64(i)+1, 0)[:4+1+8], key...))
	}
	_, err = token.RewriteRecord(classes(2000, many[:2000]...))
	require.NoError(t, err)

	for name, change := range map[string]struct {
		record []byte
		want   error
	}{
		"empty":             {nil, token.ErrEncoding},
		"another version":   {append([]byte{2}, begin[1:]...), token.ErrVersion},
		"no kind":           {begin[:1], token.ErrEncoding},
		"no classes":        {classes(0), token.ErrShape},
		"classes exchanged": {classes(2, class("a", 2, 1), class("a", 1, 2)), token.ErrEncoding},
		"styles exchanged":  {classes(2, class("b", 1, 1), class("a", 1, 2)), token.ErrEncoding},
		"a class twice":     {classes(2, class("a", 1, 1), class("a", 1, 2)), token.ErrEncoding},
		"a key twice":       {classes(2, class("a", 1, 1), class("a", 2, 1)), token.ErrDuplicate},
		"weight 0":          {classes(1, class("a", 0, 1)), token.ErrRange},
		"no style":          {classes(1, class("", 1, 1)), token.ErrEncoding},
		"long style":        {classes(1, class(strings.Repeat("a", 65), 1, 1)), token.ErrLimit},
		"not UTF-8":         {classes(1, class("\xff", 1, 1)), token.ErrEncoding},
		"too many classes":  {classes(2001, many...), token.ErrLimit},
		"a class more":      {classes(1, class("a", 1, 1), class("a", 2, 2)), token.ErrEncoding},
		"a class less":      {classes(2, class("a", 1, 1)), token.ErrEncoding},
		"end and more":      {append(token.EndRecord(), 0), token.ErrEncoding},
	} {
		_, err := token.RewriteRecord(change.record)
		require.ErrorIs(t, err, change.want, name)
	}
	for n := range begin {
		_, err := token.RewriteRecord(begin[:n])
		require.ErrorIs(t, err, token.ErrEncoding, "%d bytes", n)
	}
}
