package wire

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hanpyo/hanpyo/internal/reason"
)

func message() []byte {
	var w Writer
	w.Uint8(1)
	w.Uint16(2)
	w.Uint32(3)
	w.Uint64(4)
	w.Int64(-5)
	w.Raw([]byte{6, 7})
	w.Var([]byte("eight"))
	w.String("아홉")
	w.Uint32(2)
	w.Raw([]byte{10, 11})
	return w.Bytes()
}

type fields struct {
	a    uint8
	b    uint16
	c    uint32
	d    uint64
	e    int64
	f, g []byte
	h    string
	list []byte
}

func parse(data []byte) (fields, error) {
	r := NewReader(data)
	v := fields{a: r.Uint8(), b: r.Uint16(), c: r.Uint32(), d: r.Uint64(), e: r.Int64(),
		f: r.Raw(2), g: r.Var(5), h: r.String(6)}
	v.list = r.Raw(r.Count(2, 1))
	return v, r.Done()
}

func TestReaderReadsWhatWriterWrote(t *testing.T) {
	v, err := parse(message())
	require.NoError(t, err)
	require.Equal(t, fields{1, 2, 3, 4, -5, []byte{6, 7}, []byte("eight"), "아홉", []byte{10, 11}}, v)
}

func TestReaderRefuses(t *testing.T) {
	whole := message()
	for n := range whole {
		_, err := parse(whole[:n])
		require.ErrorIs(t, err, reason.ErrEncoding, "cut to %d bytes", n)
	}
	_, err := parse(append(bytes.Clone(whole), 0))
	require.ErrorIs(t, err, reason.ErrEncoding)

	const varAt, textAt, countAt = 25, 34, 44
	for desc, c := range map[string]struct {
		at   int
		b    byte
		want error
	}{
		"string longer than its limit":     {varAt + 3, 6, reason.ErrLimit},
		"length of 4 GiB":                  {varAt, 0xff, reason.ErrLimit},
		"text that is not UTF-8":           {textAt + 4, 0xff, reason.ErrEncoding},
		"count above its limit":            {countAt + 3, 3, reason.ErrLimit},
		"count of 2^31 and more":           {countAt, 0x80, reason.ErrLimit},
		"count that leaves bytes unread":   {countAt + 3, 1, reason.ErrEncoding},
		"string shorter than what follows": {varAt + 3, 4, reason.ErrLimit},
	} {
		changed := bytes.Clone(whole)
		changed[c.at] = c.b
		_, err := parse(changed)
		require.ErrorIs(t, err, c.want, desc)
	}
}

func TestP82CountIsBoundedByTheInput(t *testing.T) {
	var w Writer
	w.Uint32(1 << 20)
	w.Raw(make([]byte, 100))
	r := NewReader(w.Bytes())
	require.Zero(t, r.Count(1<<30, 32))
	require.ErrorIs(t, r.Err(), reason.ErrEncoding)
}

func TestReaderFailureSticks(t *testing.T) {
	r := NewReader([]byte{1, 2, 3, 4})
	require.Zero(t, r.Uint64())
	require.Zero(t, r.Uint8())
	require.Nil(t, r.Raw(0))
	require.ErrorIs(t, r.Done(), reason.ErrEncoding)
}

// TestReaderFailsOnTheLastField holds that each integer is wanted whole, also
// where nothing follows that would be missed instead.
func TestReaderFailsOnTheLastField(t *testing.T) {
	for name, field := range map[string]struct {
		size int
		read func(r *Reader)
	}{
		"Uint8":  {1, func(r *Reader) { r.Uint8() }},
		"Uint16": {2, func(r *Reader) { r.Uint16() }},
		"Uint32": {4, func(r *Reader) { r.Uint32() }},
		"Uint64": {8, func(r *Reader) { r.Uint64() }},
		"Int64":  {8, func(r *Reader) { r.Int64() }},
	} {
		for n := range field.size + 1 {
			r := NewReader(make([]byte, n))
			field.read(r)
			if n == field.size {
				require.NoError(t, r.Done(), name)
			} else {
				require.ErrorIs(t, r.Err(), reason.ErrEncoding, "%s of %d bytes", name, n)
			}
		}
	}
}

func FuzzReader(f *testing.F) {
	f.Add(message())
	f.Fuzz(func(t *testing.T, data []byte) {
		v, err := parse(data)
		if err != nil {
			return
		}
		var w Writer
		w.Uint8(v.a)
		w.Uint16(v.b)
		w.Uint32(v.c)
		w.Uint64(v.d)
		w.Int64(v.e)
		w.Raw(v.f)
		w.Var(v.g)
		w.String(v.h)
		w.Var(v.list)
		require.Equal(t, data, w.Bytes())
	})
}
