package zkp

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"math/big"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"go.dedis.ch/kyber/v3"

	"github.com/hanpyo/hanpyo/elgamal"
)

// The published vectors of the drafts lie beside the module, if at all.
const cfrgVectors = "../../shared/vectors/cfrg"

// cfrgRecord is one record of any of the files.
type cfrgRecord struct {
	Id, Function, Relation, Flavor, Tag, Expected, Group, ByteOrder string
	SessionId, Instance, NargString, Narg, Input, Output            hexBytes
	Witness                                                         json.RawMessage
	Modulus, Value, Challenge, ClaimedSum                           string
	Coordinates                                                     []string
	ExtensionDegree, NumVariables                                   int
	Operations                                                      []struct {
		Type   string
		Data   hexBytes
		Length int
	}
}

type hexBytes []byte

func (h *hexBytes) UnmarshalText(b []byte) (err error) {
	*h, err = hex.DecodeString(string(b))
	return err
}

func (h hexBytes) MarshalText() ([]byte, error) { return []byte(hex.EncodeToString(h)), nil }

func readCFRG(t *testing.T, name string) []cfrgRecord {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(cfrgVectors, name))
	if errors.Is(err, os.ErrNotExist) {
		t.Skipf("the drafts' vectors are not at %s", cfrgVectors)
	}
	require.NoError(t, err)
	var raw []json.RawMessage
	require.NoError(t, json.Unmarshal(b, &raw))
	records := make([]cfrgRecord, len(raw))
	for i, r := range raw {
		// Tag is text for proofs and hex for the session identifiers.
		require.NoError(t, json.Unmarshal(r, &records[i]), "%s", r)
	}
	return records
}

func bigInt(t *testing.T, s string) *big.Int {
	v, ok := new(big.Int).SetString(s, 0)
	require.True(t, ok, s)
	return v
}

func TestCFRGSponge(t *testing.T) {
	seen := map[string]int{}
	for _, r := range readCFRG(t, "fiatShamirShake128Vectors.json") {
		seen[r.Function]++
		t.Run(filepath.Base(r.Id), func(t *testing.T) {
			run := func() (out []byte) {
				s := newSponge([32]byte(r.SessionId))
				for _, op := range r.Operations {
					switch op.Type {
					case "absorb":
						s.absorb(op.Data)
					case "squeeze":
						out = append(out, s.squeeze(op.Length)...)
					default:
						t.Fatalf("operation %q", op.Type)
					}
				}
				return out
			}
			switch r.Function {
			case "DuplexSponge":
				require.Equal(t, []byte(r.Output), run())
			case "DeriveSessionID":
				tag, err := hex.DecodeString(r.Tag)
				require.NoError(t, err)
				got := deriveSessionID(tag)
				require.Equal(t, []byte(r.Output), got[:])
			case "DecodeUint":
				out := run()
				require.Equal(t, []byte(r.Output), out)
				require.Equal(t, bigInt(t, r.Challenge), decodeUint(t, out, bigInt(t, r.Modulus)))
			case "Sumcheck":
				require.Equal(t, r.Expected != "reject", sumcheckHolds(t, r))
			default:
				t.Fatalf("function %q", r.Function)
			}
		})
	}
	require.Positive(t, seen["DuplexSponge"])
	require.Positive(t, seen["DeriveSessionID"])
}

// decodeUint is the draft's DecodeUint: by the code under test where that has
// the modulus, and otherwise as written.
func decodeUint(t *testing.T, b []byte, m *big.Int) *big.Int {
	if g := elgamal.P256(); m.Cmp(g.Order()) == 0 {
		b = slices.Clone(b)
		slices.Reverse(b)
		return new(big.Int).SetBytes(g.AppendScalar(nil, g.ReduceScalar(b)))
	}
	return new(big.Int).Mod(littleEndian(b), m)
}

func littleEndian(b []byte) *big.Int {
	b = slices.Clone(b)
	slices.Reverse(b)
	return new(big.Int).SetBytes(b)
}

// The drafts' codecs that no proof of ours uses are written out here, so that
// the sponge and the sumcheck example are checked against the published text.
func serializeUint(v, m *big.Int) []byte {
	b := v.FillBytes(make([]byte, (m.BitLen()+7)/8))
	slices.Reverse(b)
	return b
}

func deserializeUint(b []byte, m *big.Int) (*big.Int, []byte, bool) {
	n := (m.BitLen() + 7) / 8
	if len(b) < n {
		return nil, nil, false
	}
	v := littleEndian(b[:n])
	return v, b[n:], v.Cmp(m) < 0
}

func deserializeVar(b []byte) ([]byte, bool) {
	if len(b) < 4 || uint64(binary.LittleEndian.Uint32(b)) > uint64(len(b)-4) {
		return nil, false
	}
	return b[4 : 4+binary.LittleEndian.Uint32(b)], true
}

func TestCFRGCodecs(t *testing.T) {
	for _, r := range readCFRG(t, "fiatShamirCodecVectors.json") {
		t.Run(filepath.Base(r.Id), func(t *testing.T) {
			switch r.Function {
			case "SerializeVarLenString":
				got := binary.LittleEndian.AppendUint32(nil, uint32(len(r.Input)))
				require.Equal(t, []byte(r.Output), append(got, r.Input...))
				back, ok := deserializeVar(r.Output)
				require.True(t, ok && bytes.Equal(back, r.Input))
			case "SerializeUint":
				m, v := bigInt(t, r.Modulus), bigInt(t, r.Value)
				require.Equal(t, []byte(r.Output), serializeUint(v, m))
			case "SerializeField":
				g := elgamal.P256()
				require.Equal(t, g.Order(), bigInt(t, r.Modulus))
				require.Equal(t, []byte(r.Output), g.AppendScalar(nil, g.ReduceScalar(bigInt(t, r.Value).Bytes())))
			case "DecodeUint":
				require.Equal(t, bigInt(t, r.Challenge).String(), decodeUint(t, r.Input, bigInt(t, r.Modulus)).String())
			case "DeserializeUint":
				_, _, ok := deserializeUint(r.Input, bigInt(t, r.Modulus))
				require.False(t, ok)
			case "DeserializeField":
				m, rest, ok := bigInt(t, r.Modulus), []byte(r.Input), true
				var got []*big.Int
				for range r.ExtensionDegree {
					var v *big.Int
					if v, rest, ok = deserializeUint(rest, m); !ok {
						break
					}
					got = append(got, v)
				}
				require.Equal(t, r.Expected != "reject", ok)
				for i, c := range r.Coordinates {
					require.Zero(t, got[i].Cmp(bigInt(t, c)))
				}
			case "DeserializeVarLenString":
				_, ok := deserializeVar(r.Input)
				require.False(t, ok)
			case "Sumcheck":
				require.Equal(t, r.Expected != "reject", sumcheckHolds(t, r))
			default:
				t.Fatalf("function %q", r.Function)
			}
		})
	}
}

// sumcheckHolds is the verifier of the draft's example protocol.
func sumcheckHolds(t *testing.T, r cfrgRecord) bool {
	m, claim := bigInt(t, r.Modulus), bigInt(t, r.ClaimedSum)
	s := newSponge([32]byte(r.SessionId))
	s.absorb(binary.LittleEndian.AppendUint32(nil, uint32(r.NumVariables)))
	s.absorb(serializeUint(claim, m))
	rest := []byte(r.Narg)
	for range r.NumVariables {
		message := rest
		a0, rest1, ok0 := deserializeUint(rest, m)
		if !ok0 {
			return false
		}
		a1, rest2, ok1 := deserializeUint(rest1, m)
		if !ok1 {
			return false
		}
		rest = rest2
		at01 := new(big.Int).Add(new(big.Int).Lsh(a0, 1), a1)
		if at01.Mod(at01, m).Cmp(claim) != 0 {
			return false
		}
		s.absorb(message[:len(message)-len(rest)])
		x := new(big.Int).Mod(littleEndian(s.squeeze(4)), m)
		claim = x.Mod(x.Add(x.Mul(x, a1), a0), m)
	}
	return len(rest) == 0
}

// parseRelation reads the drafts' SerializeLinearRelation.
func parseRelation(g *elgamal.Group, b []byte) (*relation, error) {
	short := errors.New("short")
	count := func() int {
		if len(b) < 4 {
			panic(short)
		}
		n := binary.LittleEndian.Uint32(b)
		b = b[4:]
		return int(n)
	}
	coefficient := func() kyber.Scalar {
		if len(b) < g.ScalarLen() {
			panic(short)
		}
		s, err := g.DecodeScalar(b[:g.ScalarLen()])
		if err != nil {
			panic(err)
		}
		b = b[g.ScalarLen():]
		return s
	}
	r, largest := newRelation(g, 0), 0
	parse := func() (err error) {
		defer func() {
			if e, ok := recover().(error); ok {
				err = e
			}
		}()
		for range count() {
			var eq equation
			for range count() {
				eq.image = append(eq.image, imageTerm{count(), coefficient()})
				largest = max(largest, eq.image[len(eq.image)-1].element)
			}
			for range count() {
				term := witnessTerm{count(), count(), coefficient()}
				r.scalars = max(r.scalars, term.scalar+1)
				largest = max(largest, term.element)
				eq.terms = append(eq.terms, term)
			}
			r.equations = append(r.equations, eq)
		}
		if len(b) != largest*g.PointLen() {
			return errors.New("length of the elements")
		}
		for ; len(b) > 0; b = b[g.PointLen():] {
			p, err := g.DecodePoint(b[:g.PointLen()])
			if err != nil {
				return err
			}
			r.elements = append(r.elements, p)
		}
		return nil
	}
	return r, parse()
}

// verifyCompact is the draft's VerifyCompact. Our proofs are batchable; this
// checks that relation and challenge are those of the draft.
func verifyCompact(r *relation, session [32]byte, proof []byte) error {
	if err := r.validate(); err != nil {
		return err
	}
	g := r.group
	if len(proof) != (1+r.scalars)*g.ScalarLen() {
		return ErrEncoding
	}
	d := &dialogue{group: g, proof: proof}
	e := d.readScalar("challenge", 0)
	var z []kyber.Scalar
	for i := range r.scalars {
		z = append(z, d.readScalar("response", i))
	}
	if d.err != nil {
		return d.err
	}
	again := r.open(session, nil)
	for j, p := range r.apply(z) {
		p.Sub(p, g.Point().Mul(e, r.image(r.equations[j])))
		if g.IsIdentity(p) {
			return ErrGroup
		}
		again.writePoint(p)
	}
	if !again.challenge("").Equal(e) {
		return ErrProof
	}
	return nil
}

// checkCFRGProof runs the draft's verifier on one record.
func checkCFRGProof(r cfrgRecord) error {
	g := elgamal.P256()
	rel, err := parseRelation(g, r.Instance)
	if err != nil {
		return err
	}
	id := deriveSessionID([]byte(r.Tag))
	if r.Flavor == "compact" {
		return verifyCompact(rel, id, r.NargString)
	}
	b := NewBatch(g)
	if err := rel.addTo(b, id, r.Id, r.NargString); err != nil {
		return err
	}
	return b.Verify()
}

func TestCFRGProofs(t *testing.T) {
	g := elgamal.P256()
	for _, r := range readCFRG(t, "sigma-proofs_Shake128_P256.json") {
		t.Run(r.Id, func(t *testing.T) {
			require.Equal(t, "accept", r.Expected)
			id := deriveSessionID([]byte(r.Tag))
			require.Equal(t, []byte(r.SessionId), id[:])
			rel, err := parseRelation(g, r.Instance)
			require.NoError(t, err)
			require.NoError(t, rel.validate())
			require.Equal(t, []byte(r.Instance), rel.encode())

			var witness []kyber.Scalar
			var encoded hexBytes
			require.NoError(t, json.Unmarshal(r.Witness, &encoded))
			for b := encoded; len(b) > 0; b = b[32:] {
				x, err := g.DecodeScalar(b[:32])
				require.NoError(t, err)
				witness = append(witness, x)
			}
			for j, p := range rel.apply(witness) {
				require.True(t, p.Equal(rel.image(rel.equations[j])))
			}
			require.NoError(t, checkCFRGProof(r))
			require.Equal(t, []byte(r.NargString), reproveCFRG(t, r, rel, witness))

			if r.Flavor == "batchable" {
				own, err := rel.prove(id, witness, freshBytes())
				require.NoError(t, err)
				r.NargString = own
				require.NoError(t, checkCFRGProof(r))
			}
		})
	}
}

// reproveCFRG makes the proof again with the nonces of the drafts' test
// generator.
func reproveCFRG(t *testing.T, r cfrgRecord, rel *relation, witness []kyber.Scalar) []byte {
	g := rel.group
	marker := map[string]string{"batchable": "DSFS", "compact": "CMPT"}[r.Flavor]
	id := deriveSessionID([]byte("TestDRNG-SIGMA-PROOFS-" + marker + "-sigma-proofs_Shake128_P256-" + r.Relation))
	random := &dialogue{group: g, sponge: newSponge(id)}
	var w []kyber.Scalar
	for range rel.scalars {
		w = append(w, random.challenge(""))
	}
	d := rel.open(deriveSessionID([]byte(r.Tag)), nil)
	for _, p := range rel.apply(w) {
		d.writePoint(p)
	}
	e := d.challenge("")
	if r.Flavor == "compact" {
		d.proof = g.AppendScalar(nil, e)
	}
	for i := range w {
		z := g.Scalar().Mul(e, witness[i])
		d.writeScalar(z.Add(z, w[i]))
	}
	return d.proof
}

func TestCFRGInvalidProofs(t *testing.T) {
	accepted := 0
	for _, r := range readCFRG(t, "sigma-proofs-invalid_Shake128_P256.json") {
		t.Run(strings.TrimPrefix(r.Id, "sigma-protocols/p256/"), func(t *testing.T) {
			err := checkCFRGProof(r)
			if r.Expected == "accept" {
				accepted++
				require.NoError(t, err)
				return
			}
			require.Error(t, err)
		})
	}
	require.Positive(t, accepted)
}
