package identity

import "github.com/hanpyo/hanpyo/internal/reason"

// Reasons for which a presentation is refused that other packages know too.
var (
	// ErrEncoding is a malformed presentation.
	ErrEncoding = reason.ErrEncoding
	// ErrLimit is an input that is too large, or a store that is full.
	ErrLimit = reason.ErrLimit
	// ErrShape is a setting that is missing or does not fit, or more than one
	// document in a presentation.
	ErrShape = reason.ErrShape
	// ErrDuplicate is a disclosure, digest or element that stands twice.
	ErrDuplicate = reason.ErrDuplicate
	// ErrBinding is a holder's signature over another presentation.
	ErrBinding = reason.ErrBinding
	// ErrSignature is an issuer's signature that does not verify.
	ErrSignature = reason.ErrSignature
	// ErrReplay is a presentation whose nonce is not outstanding: it was used
	// before, has expired or was never issued.
	ErrReplay = reason.ErrReplay
)

// Reasons that only presentations have. Each wraps the general one that it is
// a case of.
var (
	// ErrAlgorithm is an algorithm that is not on the list, "none" among them,
	// or a key of another algorithm.
	ErrAlgorithm error = &refusal{"algorithm is not allowed", reason.ErrVersion}
	// ErrType is a token, credential or document of another type.
	ErrType error = &refusal{"wrong type", reason.ErrVersion}
	// ErrCritical is a header that must be understood and is not.
	ErrCritical error = &refusal{"critical header is not understood", reason.ErrVersion}
	// ErrIssuer is an issuer that is not trusted.
	ErrIssuer error = &refusal{"issuer is not trusted", reason.ErrUnanchored}
	// ErrResolve is an issuer whose key cannot be found.
	ErrResolve error = &refusal{"issuer key cannot be resolved", reason.ErrUnanchored}
	// ErrDisclosure is a disclosed claim or element that the issuer did not
	// sign, or that stands where it may not.
	ErrDisclosure error = &refusal{"disclosure does not belong to the credential", reason.ErrProof}
	// ErrExpired is a credential or a holder's signature that is too old.
	ErrExpired error = &refusal{"expired", reason.ErrState}
	// ErrNotYetValid is a credential or a holder's signature from the future.
	ErrNotYetValid error = &refusal{"not yet valid", reason.ErrState}
	// ErrAudience is a presentation made for somebody else.
	ErrAudience error = &refusal{"made for another audience", reason.ErrBinding}
	// ErrNonce is a presentation made for another session.
	ErrNonce error = &refusal{"made for another nonce", reason.ErrBinding}
	// ErrHolder is a presentation without a valid signature of the key that
	// the issuer bound the credential to.
	ErrHolder error = &refusal{"holder did not sign", reason.ErrSignature}
	// ErrClaim is a credential that lacks a claim the subject is made from, or
	// has it in a form that is not text.
	ErrClaim error = &refusal{"claim is missing or not text", reason.ErrIncomplete}
)

type refusal struct {
	text string
	why  error
}

func (r *refusal) Error() string { return r.text }
func (r *refusal) Unwrap() error { return r.why }
