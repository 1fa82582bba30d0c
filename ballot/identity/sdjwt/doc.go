// Package sdjwt checks presentations of SD-JWT verifiable credentials: the
// format of [RFC 9901] with the rules of draft-ietf-oauth-sd-jwt-vc, in compact
// serialization and with key binding, as a wallet sends them over OpenID4VP
// under the format identifier dc+sd-jwt.
//
// Signatures and keys are those of go-jose. What RFC 9901 adds, the
// disclosures and the key binding, is done here: reveal.go is section 7.1,
// holder.go is section 7.3.
//
// A [Verifier] holds the order of RFC 9901: the issuer is one of a list before
// anything is fetched, its signature is checked before anything is believed,
// the holder's before the nonce is used up.
//
// Not checked: whether the credential was revoked (the claim "status"). See
// docs/identity.md.
//
// [RFC 9901]: https://www.rfc-editor.org/rfc/rfc9901
package sdjwt
