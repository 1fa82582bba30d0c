// Package wire reads and writes the canonical binary encoding of hanpyo:
// big-endian integers and byte strings behind a four-byte length. What is
// hashed, signed or put on a ledger is always in this form; docs/wire.md
// describes every message.
package wire

import (
	"encoding/binary"
	"fmt"
	"unicode/utf8"

	"golang.org/x/crypto/cryptobyte"

	"github.com/hanpyo/hanpyo/internal/reason"
)

// Writer appends fields to a message. The zero value is an empty message.
type Writer struct{ buf []byte }

// Bytes returns the message written so far.
func (w *Writer) Bytes() []byte { return w.buf }

// Uint8, Uint16, Uint32, Uint64 and Int64 append one big-endian integer.
func (w *Writer) Uint8(v uint8)   { w.buf = append(w.buf, v) }
func (w *Writer) Uint16(v uint16) { w.buf = binary.BigEndian.AppendUint16(w.buf, v) }
func (w *Writer) Uint32(v uint32) { w.buf = binary.BigEndian.AppendUint32(w.buf, v) }
func (w *Writer) Uint64(v uint64) { w.buf = binary.BigEndian.AppendUint64(w.buf, v) }
func (w *Writer) Int64(v int64)   { w.Uint64(uint64(v)) }

// Raw appends b as it is; its length must follow from what stands before it.
func (w *Writer) Raw(b []byte) { w.buf = append(w.buf, b...) }

// Var appends the length of b in four bytes, then b.
func (w *Writer) Var(b []byte) {
	w.Uint32(uint32(len(b)))
	w.Raw(b)
}

// String appends s like Var.
func (w *Writer) String(s string) {
	w.Uint32(uint32(len(s)))
	w.buf = append(w.buf, s...)
}

// Reader reads fields strictly. The first failure sticks: later reads return
// zero values, and Done reports it. A reader never allocates more than its
// input.
type Reader struct {
	rest cryptobyte.String
	size int
	err  error
}

// NewReader reads from b, which it does not copy.
func NewReader(b []byte) *Reader { return &Reader{rest: b, size: len(b)} }

// Offset returns how many bytes have been read.
func (r *Reader) Offset() int { return r.size - len(r.rest) }

// Rest returns how many bytes are left.
func (r *Reader) Rest() int { return len(r.rest) }

// Fail makes the reader fail with err, unless it has failed before.
func (r *Reader) Fail(err error) {
	if r.err == nil {
		r.err = err
	}
	r.rest = nil
}

func (r *Reader) short() {
	r.Fail(fmt.Errorf("message ends early at byte %d: %w", r.Offset(), reason.ErrEncoding))
}

// Uint8, Uint16, Uint32, Uint64 and Int64 read one big-endian integer.
func (r *Reader) Uint8() (v uint8) {
	if r.err == nil && !r.rest.ReadUint8(&v) {
		r.short()
	}
	return v
}

func (r *Reader) Uint16() (v uint16) {
	if r.err == nil && !r.rest.ReadUint16(&v) {
		r.short()
	}
	return v
}

func (r *Reader) Uint32() (v uint32) {
	if r.err == nil && !r.rest.ReadUint32(&v) {
		r.short()
	}
	return v
}

func (r *Reader) Uint64() (v uint64) {
	if r.err == nil && !r.rest.ReadUint64(&v) {
		r.short()
	}
	return v
}

func (r *Reader) Int64() int64 { return int64(r.Uint64()) }

// Raw reads n bytes; the result aliases the input.
func (r *Reader) Raw(n int) (b []byte) {
	if r.err == nil && (n < 0 || !r.rest.ReadBytes(&b, n)) {
		r.short()
		return nil
	}
	return b
}

// Var reads a length of at most limit and as many bytes, which alias the input.
func (r *Reader) Var(limit int) []byte {
	n := r.Uint32()
	if r.err == nil && uint64(n) > uint64(limit) {
		r.Fail(fmt.Errorf("length %d at byte %d is above %d: %w", n, r.Offset(), limit, reason.ErrLimit))
	}
	return r.Raw(int(n))
}

// String reads UTF-8 text of at most limit bytes.
func (r *Reader) String(limit int) string {
	b := r.Var(limit)
	if !utf8.Valid(b) {
		r.Fail(fmt.Errorf("text before byte %d is not UTF-8: %w", r.Offset(), reason.ErrEncoding))
		return ""
	}
	return string(b)
}

// Count reads the four-byte length of a list of at most limit elements, each
// of at least size bytes, so that a caller may allocate for it.
func (r *Reader) Count(limit, size int) int {
	n := r.Uint32()
	switch {
	case r.err != nil:
		return 0
	case uint64(n) > uint64(limit):
		r.Fail(fmt.Errorf("count %d at byte %d is above %d: %w", n, r.Offset(), limit, reason.ErrLimit))
		return 0
	case uint64(n)*uint64(size) > uint64(len(r.rest)):
		r.short()
		return 0
	}
	return int(n)
}

// Err returns the first failure so far.
func (r *Reader) Err() error { return r.err }

// Done returns the first failure, or an error if bytes are left.
func (r *Reader) Done() error {
	if r.err == nil && len(r.rest) > 0 {
		r.err = fmt.Errorf("%d trailing bytes: %w", len(r.rest), reason.ErrEncoding)
	}
	return r.err
}
