// Package tally turns the ledger of a closed election into its result, and
// audits it.
//
// After the close the authorities [Pin] what stands on the ledger, the mixers
// [Mix] the votes of mixed contests if there are any, t of the
// trustees [Decrypt] the sums of the counted ballots, anybody can [Combine]
// their shares into the [Result], and the authorities [Publish] it. Nobody is
// ever handed a sum or a list: each of them reads the ledger, checks every entry
// against its signed root, applies the counting rule of package ballot and adds up.
// [Audit] does all of it again from the ledger and the fingerprint alone, and
// reports check by check.
//
// Votes are added up under encryption, and only the result rows of contests
// that enough voters have voted in are ever decrypted. Rankings and texts that
// cannot be added up are shuffled, decrypted one by one, and counted by the rules
// of package tally/count. docs/protocol.md, Mixing and
// Decryption and result, describes the messages, docs/wire.md their bytes, and
// docs/checks.md the audit.
package tally
