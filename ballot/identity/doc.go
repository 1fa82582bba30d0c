// Package identity is the door between digital identities and a registrar: a
// wallet's presentation goes in, a pseudonymous [Subject] comes out, by which
// the registrar marks a voter as served before it blind-signs the voter's key.
//
// The package itself reads no format. The adapters are Go modules of their
// own, so that nobody who does without them carries their dependencies:
//
//   - ballot/identity/sdjwt: SD-JWT verifiable credentials, issuers by did:key
//     and did:web
//   - ballot/identity/mdl: ISO/IEC 18013-5 mobile documents
//
// What passes through here names people. No error of the package or of its
// adapters quotes a claim, and a subject prints as redacted. docs/identity.md
// says what is checked, against which vectors, and what is not checked.
package identity
