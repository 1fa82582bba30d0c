package attacks

import (
	"crypto/ed25519"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math/big"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/hanpyo/hanpyo/ballot"
	"github.com/hanpyo/hanpyo/ballot/token"
	"github.com/hanpyo/hanpyo/elgamal"
	"github.com/hanpyo/hanpyo/internal/tokentest"
	"github.com/hanpyo/hanpyo/ledger"
	"github.com/hanpyo/hanpyo/mixnet"
	"github.com/hanpyo/hanpyo/tally"
	"github.com/hanpyo/hanpyo/zkp"
)

// shown is everything that programs do with a value that ends up where people
// read it.
func shown(v any) string {
	var all strings.Builder
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%x", "%X", "%q", "%d"} {
		fmt.Fprintf(&all, verb+"\n", v)
	}
	if text, err := json.Marshal(v); err == nil {
		all.Write(text)
	}
	log := slog.New(slog.NewJSONHandler(&all, nil))
	log.Info("value", "v", v)
	log = slog.New(slog.NewTextHandler(&all, nil))
	log.Info("value", "v", v)
	return all.String()
}

// forms are the ways in which bytes could be written.
func forms(secret []byte) []string {
	reversed := slices.Clone(secret)
	slices.Reverse(reversed)
	return []string{
		hex.EncodeToString(secret), strings.ToUpper(hex.EncodeToString(secret)), string(secret), fmt.Sprint(secret),
		strings.Trim(fmt.Sprintf("%#v", secret)[len("[]byte"):], "{}"),
		base64.StdEncoding.EncodeToString(secret)[:40], base64.URLEncoding.EncodeToString(secret)[:40],
		hex.EncodeToString(reversed), new(big.Int).SetBytes(secret).String(), new(big.Int).SetBytes(reversed).String(),
	}
}

// Secrets stand in nothing that is printed, logged or encoded, nor in any error.
func TestP89SecretsAreNeverShown(t *testing.T) {
	eachElection(t, func(t *testing.T, f *fixture) {
		g, e := f.Group, f.Election.Election
		key := elgamal.GenerateKey(g, 1)
		cosigner := must(ledger.NewCosigningKey(ledger.CosignEd25519, "example.org/w"))
		secrets := [][]byte{}
		for _, v := range f.Voters {
			secrets = append(secrets, v.Key.Bytes())
		}
		for _, trustee := range f.Trustees {
			for _, share := range must(trustee.Shares(f.Manifest.Ceremony(), f.Outcome)) {
				secrets = append(secrets, g.AppendScalar(nil, share))
			}
		}
		for _, keys := range [][]ed25519.PrivateKey{f.Authorities, f.Registrars, f.Mixers} {
			for _, key := range keys {
				secrets = append(secrets, key.Seed())
			}
		}
		parts := strings.SplitN(cosigner.Secret(), "+", 5) // of which the last is base64
		seed := must(base64.StdEncoding.DecodeString(parts[4]))
		secrets = append(secrets, seed, seed[1:])

		b := f.vote(t, f.voter(2), f.votes[2])
		r := g.RandomScalar()
		secrets = append(secrets, g.AppendScalar(nil, r))
		witness := zkp.BallotWitness{Randomness: r, Bits: []uint8{1}, Credential: must(g.DecodeScalar(f.Voters[0].Key.Bytes()))}
		input := must(mixnet.NewList(t.Context(), g, 1, []elgamal.Ciphertext{key.Public().Encrypt(f.Opening.Keys[:1], r)}, nil))
		_, mixSecret, err := mixnet.Shuffle(t.Context(), key.Public(), input, nil)
		require.NoError(t, err)

		code := ballot.NewCode()
		share := must(ballot.NewCodeShare(f.Manifest, f.Manifest.Registrars.Keys[0], "voter-1", code))
		codes := must(ballot.VoterKeyFromCodes(f.Manifest, "voter-1", []ballot.Code{code}))
		secrets = append(secrets, []byte(code.Text()), codes.Bytes())
		draft := must(f.Prepare(f.voter(0), f.votes[0]))
		issuer := tokentest.Key(0)
		class := token.Class{Style: "town", Weight: 1}
		public := must(issuer.Public(token.Context{Election: f.Manifest.ID(), Registrar: f.Manifest.Registrars.Keys[0], Class: class}))
		request := must(token.NewRequest(public, token.Message(f.Manifest.ID(), class, f.Voters[0].Line.Key)))
		kept := request.Bytes() // message, seed of 32 bytes, hash of 32 bytes
		secrets = append(secrets, kept[len(kept)-64:len(kept)-32], issuer.Bytes()[:192], issuer.Bytes()[192:])

		values := []any{
			code, &code, share, codes, draft, issuer, *issuer, public, request, *request,
			f.Voters, *f.Voters[0], f.Voters[0].Key, *f.Voters[0].Key, f.Trustees, *f.Trustees[0], key, *key,
			witness, &witness, zkp.OneOfWitness{Randomness: r}, mixSecret, *mixSecret, cosigner, *cosigner,
			b, e, f.Roll, f.result, f.Opening, f.Outcome, f.audit(t, f.entries),
		}
		texts := []string{f.result.Text(), f.audit(t, f.entries).Text(), string(f.Manifest.JSON())}
		for _, v := range values {
			texts = append(texts, shown(v))
		}
		// Errors, of those who have the secrets.
		stranger := f.voter(0)
		stranger.Line = f.Voters[1].Line
		_, _, err1 := f.Encrypt(stranger, nil)
		_, _, err2 := f.Encrypt(f.voter(0), ballot.Votes{"nothing": nil})
		_, err3 := ballot.ParseVoterKey(g, append(f.Voters[0].Key.Bytes(), 1))
		unreduced := slices.Repeat([]byte{0xff}, g.ScalarLen())
		_, err4 := ballot.ParseVoterKey(g, unreduced)
		_, err5 := ledger.ParseCosigningKey(cosigner.Secret() + "x")
		_, err6 := zkp.Dlog{Base: g.Base(), Image: g.Base()}.Prove(g, zkp.Context{}, r)
		err7 := tally.Decrypt(t.Context(), e, f.Fork(f.entries[:f.opened]...), f.Trustees[0])
		err8 := tally.Mix(t.Context(), e, f.Fork(f.entries[:f.opened]...), f.Authorities[0], nil)
		err9 := ballot.Close(t.Context(), f.Fork(f.entries[:f.opened]...), f.Fingerprint, f.Registrars)
		for i, err := range []error{err1, err2, err3, err4, err5, err6, err7, err8, err9} {
			require.Error(t, err, "%d", i+1)
			texts = append(texts, err.Error(), fmt.Sprintf("%+v", err), shown(errors.Unwrap(err)))
		}
		for i, text := range texts {
			for k, secret := range secrets {
				for n, form := range forms(secret) {
					require.False(t, strings.Contains(text, form), "secret %d in text %d, form %d", k, i, n)
				}
			}
			require.NotContains(t, text, hex.EncodeToString(unreduced))
		}
		// The search finds what is there.
		found := shown(f.Voters[0].Key.Bytes()) + shown(f.Voters[0].Line.Key)
		require.Contains(t, found, forms(f.Voters[0].Key.Bytes())[0])
		require.Contains(t, found, forms(f.Voters[0].Key.Bytes())[3])
	})
}
