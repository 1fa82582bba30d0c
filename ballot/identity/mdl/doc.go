// Package mdl checks presentations of mobile documents: the DeviceResponse of
// ISO/IEC 18013-5:2021, as a wallet sends it over OpenID4VP 1.0 under the format
// identifier mso_mdoc. A mobile driving licence is one, other documents have
// the same form under another type.
//
// CBOR is read by fxamacker/cbor, COSE signatures are checked by
// veraison/go-cose, certificate chains by crypto/x509. The rules between them
// (section 9.1.2 for the issuer, 9.1.3 for the device, 9.3.1 for both) are here.
//
// Only elements that the issuer signed are used, never those that the device
// adds. Not accepted: device authentication by MAC, which needs a key agreement
// with the reader that OpenID4VP does not have. Not checked: revocation lists
// and status lists. See docs/identity.md.
package mdl
