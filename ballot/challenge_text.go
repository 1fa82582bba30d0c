package ballot

import (
	"bytes"
	"crypto/sha256"
	"encoding/base32"
	"fmt"
	"math/bits"
	"strings"

	"github.com/hanpyo/hanpyo/internal/reason"
	"github.com/hanpyo/hanpyo/internal/wire"
)

// An opening travels from one screen to the camera of another device, as a QR
// code. Its text uses the characters that QR codes store in 5½ bits (ISO/IEC
// 18004, alphanumeric mode): capital letters, digits, slash. docs/wire.md,
// Opening of a challenged ballot, has the bytes.
const (
	openingFamily = "HANPYO/OPENING/"
	openingPrefix = openingFamily + "1/"
	// maxOpening is how many such characters the largest QR code holds, at the
	// lowest level of correction.
	maxOpening = 4296

	checksumLabel = "hanpyo/v1 opening"
	checksumLen   = 4
	// electionLen is how many bytes of the fingerprint an opening begins with,
	// so that one of another election is called that. The tracker has them all.
	electionLen = 8
)

var openingAlphabet = base32.StdEncoding.WithPadding(base32.NoPadding)

// openingText writes what encodeOrigin returns as a text.
func openingText(data []byte) string {
	return openingPrefix + openingAlphabet.EncodeToString(data)
}

// parseOpeningText reads what openingText returns, and nothing else.
func (e *Election) parseOpeningText(text string) (*origin, error) {
	o, err := e.readOpeningText(text)
	if err != nil {
		return nil, fmt.Errorf("ballot: opening: %w", err)
	}
	return o, nil
}

func (e *Election) readOpeningText(text string) (*origin, error) {
	if len(text) > maxOpening {
		return nil, fmt.Errorf("%d characters, at most %d: %w", len(text), maxOpening, reason.ErrLimit)
	}
	rest, ok := strings.CutPrefix(text, openingPrefix)
	if !ok && strings.HasPrefix(text, openingFamily) {
		return nil, fmt.Errorf("is not of version 1: %w", reason.ErrVersion)
	}
	data, err := openingAlphabet.DecodeString(rest)
	if err != nil || openingText(data) != text {
		return nil, fmt.Errorf("is not %s and canonical base32: %w", openingPrefix, reason.ErrEncoding)
	}
	body := data[:max(0, len(data)-checksumLen)]
	if sum := openingChecksum(body); !bytes.Equal(data[len(body):], sum[:]) {
		return nil, fmt.Errorf("checksum: badly read or cut off: %w", reason.ErrEncoding)
	}
	o, err := e.parseOrigin(body)
	if err != nil {
		return nil, err
	}
	if again, err := e.encodeOrigin(o); err != nil || !bytes.Equal(again, data) {
		return nil, fmt.Errorf("votes are not as they are written: %w", reason.ErrEncoding)
	}
	return o, nil
}

func openingChecksum(body []byte) (sum [checksumLen]byte) {
	var w wire.Writer
	w.String(checksumLabel)
	w.Raw(body)
	hash := sha256.Sum256(w.Bytes())
	copy(sum[:], hash[:])
	return sum
}

// encodeOrigin returns the bytes of an opening, with their checksum, or says
// that their text would be too long.
func (e *Election) encodeOrigin(o *origin) ([]byte, error) {
	var w wire.Writer
	w.Raw(e.Fingerprint[:electionLen])
	w.Uint16(uint16(o.style))
	w.Uint32(o.number)
	w.Raw(o.credential)
	w.Raw(o.seed[:])
	w.Raw(o.proof[:])
	for _, i := range e.Manifest.Styles[o.style].Contests {
		c := &e.Manifest.Contests[i]
		part, err := c.openingVote(o.votes[c.ID])
		if err != nil {
			return nil, fmt.Errorf("ballot: %w", err)
		}
		w.Raw(part)
	}
	sum := openingChecksum(w.Bytes())
	w.Raw(sum[:])
	if n := len(openingPrefix) + openingAlphabet.EncodedLen(len(w.Bytes())); n > maxOpening {
		return nil, fmt.Errorf("ballot: opening: %d characters, a QR code holds %d: %w", n, maxOpening, reason.ErrLimit)
	}
	return w.Bytes(), nil
}

func (e *Election) parseOrigin(body []byte) (*origin, error) {
	r := wire.NewReader(body)
	election := r.Raw(electionLen)
	o := &origin{style: int(r.Uint16()), number: r.Uint32(), credential: r.Raw(e.Group.PointLen()), votes: make(Votes)}
	copy(o.seed[:], r.Raw(len(o.seed)))
	copy(o.proof[:], r.Raw(len(o.proof)))
	switch {
	case r.Err() != nil:
		return nil, r.Err()
	case !bytes.Equal(election, e.Fingerprint[:electionLen]):
		return nil, fmt.Errorf("is for election %s: %w", short(election), reason.ErrBinding)
	case o.style >= len(e.styles):
		return nil, fmt.Errorf("style %d of %d: %w", o.style, len(e.styles), reason.ErrRange)
	case o.number == 0:
		return nil, fmt.Errorf("number 0: %w", reason.ErrRange)
	}
	if _, err := e.Group.DecodePoint(o.credential); err != nil {
		return nil, fmt.Errorf("credential: %w", err)
	}
	for _, i := range e.Manifest.Styles[o.style].Contests {
		c := &e.Manifest.Contests[i]
		v, err := c.readOpeningVote(r)
		if err != nil {
			return nil, fmt.Errorf("contest %s: %w", c.ID, err)
		}
		if len(v) > 0 {
			o.votes[c.ID] = v
		}
	}
	return o, r.Done()
}

// openingVote returns a vote as an opening has it: the plaintext of a mixed
// contest, and the marks of any other one.
func (c *Contest) openingVote(v Vote) ([]byte, error) {
	if c.Mixed() {
		return c.Encode(v)
	}
	return packMarks(c.marks(v)), nil
}

func (c *Contest) readOpeningVote(r *wire.Reader) (Vote, error) {
	if c.Mixed() {
		plain := r.Raw(c.layout.plaintext)
		if err := r.Err(); err != nil {
			return nil, err
		}
		return c.decode(c.kind.(mixedKind), plain)
	}
	marks, err := readMarks(r, len(c.index))
	if err != nil {
		return nil, err
	}
	v := make(Vote)
	for id, i := range c.index {
		if marks[i] != 0 {
			v[id] = marks[i]
		}
	}
	return v, nil
}

// marks returns the marks of a contest's options, and of its lists after them.
func (c *Contest) marks(v Vote) []int {
	marks := make([]int, len(c.index))
	for id, i := range c.index {
		marks[i] = v[id]
	}
	return marks
}

// packMarks writes numbers, most of them 0, 1 or −1, in as few bits as the
// largest takes: that many in one byte, then the numbers one after the other,
// the highest bit first, a negative number −n as 2n − 1 and any other n as 2n,
// then zeros up to the next byte.
func packMarks(marks []int) []byte {
	width := 0
	for _, m := range marks {
		width = max(width, bits.Len64(zigzag(m)))
	}
	packed := make([]byte, 1+(len(marks)*width+7)/8)
	packed[0] = byte(width)
	for i, m := range marks {
		for j := range width {
			at := i*width + j
			bit := byte(zigzag(m)>>(width-1-j)) & 1
			packed[1+at/8] |= bit << (7 - at%8)
		}
	}
	return packed
}

// readMarks reads n numbers that packMarks wrote. What it would not have written
// shows when they are written again.
func readMarks(r *wire.Reader, n int) ([]int, error) {
	width := int(r.Uint8())
	packed := r.Raw((n*width + 7) / 8)
	if err := r.Err(); err != nil {
		return nil, err
	}
	marks := make([]int, n)
	for i := range marks {
		var z uint64
		for at := i * width; at < (i+1)*width; at++ {
			z = z<<1 | uint64(packed[at/8]>>(7-at%8)&1)
		}
		marks[i] = int(z>>1) ^ -int(z&1)
	}
	return marks, nil
}

func zigzag(m int) uint64 {
	n := int64(m)
	return uint64(n<<1 ^ n>>63)
}
