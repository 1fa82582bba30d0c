// Package token lets voters in without saying who they are: a registrar
// identifies a voter and signs the voter's credential key blindly, and the
// ballot, cast later over another channel, carries key and token. Nobody, the
// registrars included, can tell which token was issued to whom.
//
// The signatures are RSABSSA-SHA384-PSS-Deterministic of RFC 9474 with RSA keys
// of 3072 bits, one for each registrar, election and class of voters. A
// registrar makes an [IssuerKey] and puts its [PublicKey] on the election's
// ledger; it carries a proof, docs/protocol.md §12, that it is a key under which
// voters cannot be told apart. A device makes a [Request] on the [Message] of
// its credential; the registrar's [Desk] answers and keeps an issuance log, in
// which no subject stands twice; [CheckIssuance] is for who audits that log.
//
// What this does not give: a registrar alone can make tokens for itself, which
// is why an election with more than one wants a token from each, and why
// tokens used are counted against tokens issued. Tokens and keys can be sold.
package token
