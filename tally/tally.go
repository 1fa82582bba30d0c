// Package tally turns the ledger of a closed election into its result, and
// audits it.
//
// After the close the authorities [Pin] what stands on the ledger, t of the
// trustees [Decrypt] the sums of the counted ballots, anybody can [Combine]
// their shares into the [Result], and the authorities [Publish] it. Nobody is
// ever handed a sum: each of them reads the ledger, checks every entry against
// its signed root, applies the counting rule of package ballot and adds up.
// [Audit] does all of it again from the ledger and the fingerprint alone, and
// reports check by check.
//
// Votes are added up under encryption, and only the result rows of contests
// that enough voters have voted in are ever decrypted. docs/protocol.md,
// Decryption and result, describes the messages, docs/wire.md their bytes, and
// docs/checks.md the audit.
package tally
