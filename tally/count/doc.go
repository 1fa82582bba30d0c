// Package count counts plain ballots by published rules: who is elected, and
// every round on the way, so that a person can follow it.
//
// It is pure and exact. A count depends on its input only: not on the order of
// the ballots, not on whether equal ballots come one by one or as one with a
// Count. There are no floating-point numbers and no randomness: what a rule
// leaves to the drawing of lots is decided by [Election].Lot, an order of the
// candidates that is drawn in public and given as input.
//
// # Which rule
//
//   - One seat, one mark: [Plurality]. Several marks: [Approval].
//   - One seat, rankings: [InstantRunoff]; or, where the winner has to beat
//     everybody else in pairs if somebody does, [Schulze] or [RankedPairs].
//   - One seat, grades or points: [MajorityJudgement], [Score]; points from
//     rankings: [Borda].
//   - Several seats that represent the voters in proportion, rankings:
//     [ScottishSTV], or [NorthernIrelandSTV], the rule of Irish kind that leaves
//     nothing to chance.
//   - Several seats for lists: [DHondt], [SainteLague].
//   - Projects and money: [EqualShares] in proportion, [Greedy] by points.
//
// The rules that order all candidates (plurality to Borda, Schulze, ranked
// pairs, majority judgement) elect the first Seats of the order; that is not
// proportional.
//
// docs/counting.md has each rule in our words, with its source, its rule for
// ties and a worked example.
package count
