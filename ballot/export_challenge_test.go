package ballot

import (
	"bytes"
	"crypto/sha256"

	"github.com/hanpyo/hanpyo/internal/wire"
)

// What tests of challenges need to play devices that lie.

// Origin is what an opening says.
type Origin struct {
	Style      int
	Number     uint32
	Credential []byte
	Seed       [32]byte
	Proof      [32]byte
	Votes      Votes
}

// OriginOf reads an opening.
func OriginOf(e *Election, text string) Origin {
	o, err := e.parseOpeningText(text)
	if err != nil {
		panic(err)
	}
	return Origin{o.style, o.number, o.credential, o.seed, o.proof, o.votes}
}

// Text writes an opening, whether it is true or not.
func (o Origin) Text(e *Election) string {
	data, err := e.encodeOrigin(&origin{o.Style, o.Number, o.Credential, o.Seed, o.Proof, o.Votes})
	if err != nil {
		panic(err)
	}
	return openingText(data)
}

// Rewrite returns an opening with other bytes and the checksum that these have.
func Rewrite(text string, change func(body []byte) []byte) string {
	data, err := openingAlphabet.DecodeString(text[len(openingPrefix):])
	if err != nil {
		panic(err)
	}
	body := change(bytes.Clone(data[:len(data)-checksumLen]))
	sum := openingChecksum(body)
	return openingText(append(body, sum[:]...))
}

// Repaired returns an opening with the checksum that its bytes have, if it has
// bytes.
func Repaired(text string) string {
	data, err := openingAlphabet.DecodeString(text[len(openingPrefix):])
	if err != nil || len(data) < checksumLen {
		return text
	}
	return Rewrite(openingText(data), func(b []byte) []byte { return b })
}

// ProofHash returns the hash of a ballot's proof.
func ProofHash(b *Ballot) [32]byte { return sha256.Sum256(b.proof) }

// SecretOf returns what a draft keeps for an opening, as a text, and BallotOf
// the ballot, before the draft forgets them.
func SecretOf(d *Draft) string  { return openingText(d.secret.data) }
func BallotOf(d *Draft) *Ballot { return d.ballot }

// SecretBytes returns the same bytes that the draft has.
func SecretBytes(d *Draft) []byte { return d.secret.data }

// Remembers reports what a draft still has: ballot, opening, voter.
func Remembers(d *Draft) [3]bool { return [3]bool{d.ballot != nil, d.secret != nil, d.voter != nil} }

// Reopened returns a vote as it comes out of an opening, and how long it is in
// there.
func Reopened(c *Contest, v Vote) (Vote, int, error) {
	data, err := c.openingVote(v)
	if err != nil {
		return nil, 0, err
	}
	r := wire.NewReader(data)
	again, err := c.readOpeningVote(r)
	if err == nil {
		err = r.Done()
	}
	return again, len(data), err
}
