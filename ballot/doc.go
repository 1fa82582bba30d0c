// Package ballot is an election from its manifest to its close: the contests,
// the roll of voters, encrypted ballots with their proofs, the ballot box, and
// the rule by which ballots count.
//
// Officials make a [Manifest] and [Publish] it, end the rounds of the key
// ceremony with [EndRound], put the roll on the ledger with [PublishRoll], and
// [Open] the election, which gives its [Fingerprint]; at the end they [Close] it.
// From the fingerprint, which comes over a channel that they trust, voters'
// devices and auditors [Load] the [Election]: whatever it is used for is checked
// from the fingerprint down.
//
// Where the ledger is not to know who votes there is no roll: the registrars
// put keys on it with [PublishIssuer], sign the voters' credentials blindly with
// package token, and say with [PublishIssued] how many. A device finds the keys
// with [ReadIssuance] and votes with a [Permit].
//
// A voter's device makes a [Draft] with [Election.Prepare], which the voter casts as
// a [Ballot] or challenges with a [Spoil] and [Election.CheckOpening] on a second
// device; or a ballot to be cast at once with [Election.Encrypt]. A [Box] takes
// either and gives a [Receipt], and [Election.VerifyReceipt] checks that. What
// counts is decided by nobody: [State] is the counting rule, a function of the ledger's entries in their order, which
// ballot box, trustees, and auditors share, and [Replay] applies it to a whole
// ledger, with the proofs of many ballots verified at once.
//
// Votes are a number for each option ([Vote]); the kinds of contests compile
// them into slots of 0 or 1, rules and result rows, so that no other part of the
// library knows any kind. The sums are decrypted by package tally. Mixed
// contests, rankings and texts, are plaintexts instead, which are shuffled,
// decrypted one by one and read back by [Contest.OpenPlaintext].
//
// docs/manifest.md describes manifest, contests and roll, docs/wire.md the bytes
// of every entry, docs/protocol.md §4 the proof and §9 the rule.
package ballot
