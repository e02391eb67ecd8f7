"""Optimistic: who may challenge what and when, what arbiters decide, and where the bonds go."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import permutations

import pytest

from chain.seam import Revert
from tests.contracts_world import FEE, PARAMETERS, STAKE, Batch, bits, event, events, hash_of
from tests.disputes import ARBITERS, CROWD, Courtroom, Dispute, everybody, gains
from tests.panels import NO, ROUND, YES, chain_of, next_round, seats_in

DISPUTE = Dispute()
BOND, WINDOW = DISPUTE.bond, DISPUTE.challenge_window_s
BOUNTY = STAKE // 10 * PARAMETERS.bounty_share_bps // 10_000
"""Of the slash for one rejected claim, what the settlement sends to the verifier."""
TAX = FEE * PARAMETERS.verifier_share_bps // 10_000
FEES = FEE - TAX


@pytest.fixture
def court() -> Courtroom:
    return Courtroom()


# ---- without a dispute ----


def test_an_undisputed_batch_becomes_final_after_the_window_and_not_a_second_before(court: Courtroom) -> None:
    batch = court.batch(3)
    last = court.now + WINDOW
    too_early = court.at(last).fails("anyone", "Optimistic.finalise", batch.id, [], [])
    assert too_early == Revert("TooEarly", {"until": last})
    assert court.fails("anyone", "Optimistic.arbitrate", batch.id) == Revert("NotInDispute", {"batch": batch.id})
    final = event(court.finalise(batch), "BatchFinal")
    assert (final["accepted"], final["rejected"], final["voided"]) == (3, 0, 0)
    assert court.fails("anyone", "Optimistic.finalise", batch.id, [], []).error == "BatchNotOpen"


def test_what_an_undisputed_batch_pays_for_verification_is_burned(court: Courtroom) -> None:
    before, batch = court.wallets("node"), court.batch(2)
    court.window_over(batch)
    court.finalise(batch)
    assert gains(before, court.wallets("node")) == {"node": 2 * FEES, "burned": 2 * TAX}


def test_a_claim_proven_wrong_meanwhile_falls_without_a_dispute(court: Courtroom) -> None:
    batch = court.batch(2)
    told = court.answer("node", batch.claims[1], output_hash=hash_of("told"))
    court.ok("ann", "Settlement.proveEquivocation", batch.id, batch.opening(1), *told)
    court.window_over(batch)
    final = event(court.finalise(batch, 1), "BatchFinal")
    assert (final["accepted"], final["rejected"]) == (1, 1)


# ---- challenging ----


def test_the_last_second_of_the_window_is_in_time_and_the_next_is_not(court: Courtroom) -> None:
    batch, other = court.batch(tag="one"), court.batch(tag="other")
    closes = court.read("Settlement.batchOf", batch.id)[1] + WINDOW
    assert event(court.at(closes).ok("ann", "Optimistic.challenge", batch.id, 1), "Challenged") == {
        "batch": batch.id,
        "challenger": court.address("ann"),
        "claims": 1,
        "bonded": BOND,
    }
    court.at(closes + 1).ok("ann", "Optimistic.challenge", other.id, 1)  # posted a second later
    late = court.at(closes + 2).fails("ann", "Optimistic.challenge", other.id, 1)
    assert late == Revert("TooLate", {"until": closes + 1})


def test_a_challenge_in_the_last_second_does_not_extend_the_window(court: Courtroom) -> None:
    batch = court.batch(2)
    closes = court.now + WINDOW
    court.at(closes)
    court.challenge(batch, "ann", 0)
    assert court.fails("bob", "Optimistic.challenge", batch.id, 2).error == "TooLate"
    assert court.ok("anyone", "Optimistic.arbitrate", batch.id).ok


@pytest.mark.parametrize("claims", [0, bits(2), bits(0, 2), 2**127])
def test_only_claims_of_the_batch_can_be_challenged(court: Courtroom, claims: int) -> None:
    batch = court.batch(2)
    assert court.fails("ann", "Optimistic.challenge", batch.id, claims).error == "InvalidChallenge"


def test_nobody_challenges_without_a_bond_for_every_claim(court: Courtroom) -> None:
    batch = court.batch(3)
    court.give("poor", 2 * BOND)
    court.ok("poor", "OPG.approve", court.chain.address_of("Optimistic"), 100 * BOND)
    assert court.fails("poor", "Optimistic.challenge", batch.id, bits(0, 1, 2)).error == "ERC20InsufficientBalance"
    court.challenge(batch, "poor", 0, 1)
    assert court.balance("poor") == 0
    assert court.read("Optimistic.bonded") == court.balance("Optimistic") == 2 * BOND
    assert court.fails("stranger", "Optimistic.challenge", batch.id, 1).error == "ERC20InsufficientAllowance"


def test_one_account_takes_one_place_against_a_claim_and_leaves_the_others_theirs(court: Courtroom) -> None:
    batch = court.batch(2)
    court.challenge(batch, "ann", 0)
    for again in (bits(0), bits(0, 1)):
        assert court.fails("ann", "Optimistic.challenge", batch.id, again).error == "AlreadyChallenged"
    court.challenge(batch, "ann", 1)
    court.challenge(batch, "bob", 0, 1)
    assert len(court.read("Optimistic.challengesOf", batch.id)) == 3


def test_there_is_nothing_to_challenge_in_a_batch_that_is_final_or_unknown(court: Courtroom) -> None:
    batch = court.batch()
    court.window_over(batch)
    court.finalise(batch)
    for name in (batch.id, hash_of("nothing")):
        assert court.fails("ann", "Optimistic.challenge", name, 1).error == "BatchNotOpen"


def test_a_batch_in_dispute_is_not_made_final_but_judged_once(court: Courtroom) -> None:
    batch = court.batch(3)
    court.challenge(batch, "ann", 1)
    court.challenge(batch, "bob", 1, 2)
    assert court.read("Optimistic.disputedIn", batch.id) == bits(1, 2)
    assert court.read("Optimistic.challengesOf", batch.id) == (
        (court.address("ann"), bits(1)),
        (court.address("bob"), bits(1, 2)),
    )
    early = court.fails("anyone", "Optimistic.arbitrate", batch.id)
    assert early.error == "TooEarly"
    court.window_over(batch)
    assert court.fails("anyone", "Optimistic.finalise", batch.id, [], []).error == "InDispute"
    drawn = event(court.ok("anyone", "Optimistic.arbitrate", batch.id), "CommitteeDrawn")
    assert (len(drawn["members"]), drawn["ballot"]) == (len(ARBITERS), bits(1, 2))
    assert court.fails("anyone", "Optimistic.arbitrate", batch.id).error == "AlreadyDrawn"
    assert court.fails("anyone", "Optimistic.finalise", batch.id, [], []).error == "InDispute"


def test_arbiters_are_asked_about_disputed_claims_alone(court: Courtroom) -> None:
    batch = court.batch(2)
    court.challenge(batch, "ann", 1)
    seats = seats_in(court, court.window_over(batch).ok("anyone", "Optimistic.arbitrate", batch.id))
    assert court.fails("fa", "Optimistic.vote", batch.id, seats["fa"], bits(0)).error == "InvalidVotes"
    for who in ARBITERS:
        court.ok(who, "Optimistic.vote", batch.id, seats[who], bits(128 + 1))
    final = event(court.resolve(batch), "BatchFinal")
    assert (final["accepted"], final["rejected"], final["voided"]) == (1, 1, 0)


def test_arbiters_drawn_by_lot_are_unknown_until_no_challenge_is_taken_any_more() -> None:
    dispute = replace(DISPUTE, arbiters=replace(DISPUTE.arbiters, size=1))
    court = Courtroom(dispute)
    secrets = chain_of("one", 16)
    court.ok("fa", "Beacon.join", secrets.pop(0))
    batch = court.batch()
    court.challenge(batch, "ann", 0)
    while court.now <= batch_time(court, batch) + WINDOW + ROUND:
        next_round(court).ok("fa", "Beacon.reveal", secrets.pop(0))
        last_known = court.read("Beacon.roundAt", court.now) - 1
        if last_known <= court.read("Beacon.roundAt", batch_time(court, batch) + WINDOW):
            assert court.fails("anyone", "Optimistic.arbitrate", batch.id).error in ("TooEarly", "SeedNotReady")
    next_round(court)
    assert len(event(court.ok("anyone", "Optimistic.arbitrate", batch.id), "CommitteeDrawn")["members"]) == 1


def batch_time(court: Courtroom, batch: Batch) -> int:
    posted: int = court.read("Settlement.batchOf", batch.id)[1]
    return posted


# ---- who pays whom ----


def test_who_was_right_gets_its_bond_back_and_half_the_bounty_and_arbiters_share_the_rest(court: Courtroom) -> None:
    batch = court.batch(2)
    before = court.wallets("ann", "node", *ARBITERS)
    court.challenge(batch, "ann", 0)
    receipt = court.arbitrate(batch, everybody(f"{NO} -"))
    pot = BOUNTY + TAX  # the fees of the claim that stands pay their share for verification
    rest = pot - pot // 2
    assert event(receipt, "ChallengeDecided") == {
        "batch": batch.id,
        "challenger": court.address("ann"),
        "won": bits(0),
        "lost": 0,
        "reward": pot // 2,
        "forfeited": 0,
        "returned": BOND,
    }
    assert gains(before, court.wallets("ann", "node", *ARBITERS)) == {
        "ann": pot // 2,
        "node": FEES,
        **dict.fromkeys(ARBITERS, rest // 3),
        "burned": STAKE // 10 - BOUNTY + rest % 3,
    }


def test_who_was_wrong_loses_the_bond_half_to_the_accused_and_half_to_the_arbiters(court: Courtroom) -> None:
    batch = court.batch()
    before = court.wallets("ann", "node", *ARBITERS)
    court.challenge(batch, "ann", 0)
    receipt = court.arbitrate(batch, everybody(YES))
    assert event(receipt, "Compensated") == {
        "batch": batch.id,
        "node": court.address("node"),
        "amount": BOND // 2,
    }
    pay = BOND - BOND // 2 + TAX
    assert gains(before, court.wallets("ann", "node", *ARBITERS)) == {
        "ann": -BOND,
        "node": FEES + BOND // 2,
        **dict.fromkeys(ARBITERS, pay // 3),
        "burned": pay % 3,
    }
    assert court.read("Optimistic.bonded") == 0


def test_without_a_quorum_the_claim_is_void_and_bonds_go_back(court: Courtroom) -> None:
    batch = court.batch(2)
    before = court.wallets("ann", "node", *ARBITERS)
    court.challenge(batch, "ann", 0)
    receipt = court.arbitrate(batch, {"fa": f"{YES} -", "fb": f"{NO} -"})
    final = event(receipt, "BatchFinal")
    assert (final["accepted"], final["rejected"], final["voided"]) == (1, 0, 1)
    assert events(receipt, "Slashed") == []
    assert gains(before, court.wallets("ann", "node", *ARBITERS)) == {"node": FEES, "burned": TAX}


def test_a_batch_that_is_void_as_a_whole_pays_nobody(court: Courtroom) -> None:
    batch = court.batch(2)
    before = court.wallets("ann", "node", *ARBITERS)
    court.challenge(batch, "ann", 0, 1)
    court.window_over(batch).ok("anyone", "Optimistic.arbitrate", batch.id)
    court.later(DISPUTE.arbiters.commit_window_s + 1)
    court.ok("anyone", "Optimistic.resolve", batch.id, [], batch.charges)
    assert gains(before, court.wallets("ann", "node", *ARBITERS)) == {}


def test_each_claim_of_a_challenge_is_decided_by_itself(court: Courtroom) -> None:
    batch = court.batch(3)
    before = court.wallets("ann")
    court.challenge(batch, "ann", 0, 1, 2)
    seats = seats_in(court, court.window_over(batch).ok("anyone", "Optimistic.arbitrate", batch.id))
    for who, votes in zip(ARBITERS, (bits(0, 129), bits(0, 129), bits(0, 129, 2)), strict=True):
        court.ok(who, "Optimistic.vote", batch.id, seats[who], votes)
    decided = event(court.resolve(batch), "ChallengeDecided")
    assert (decided["won"], decided["lost"], decided["forfeited"]) == (bits(1), bits(0), BOND)
    assert gains(before, court.wallets("ann"))["ann"] == decided["reward"] - BOND


@pytest.mark.parametrize("order", list(permutations(CROWD)))
def test_challengers_of_one_claim_share_alike_whoever_came_first(order: Sequence[str]) -> None:
    court = Courtroom()
    batch = court.batch()
    before = court.wallets(*CROWD)
    for who in order:
        court.challenge(batch, who, 0)
    court.arbitrate(batch, everybody(NO))
    after = gains(before, court.wallets(*CROWD))
    assert {name: after[name] for name in CROWD} == dict.fromkeys(CROWD, BOUNTY // 2 // 3)


def test_the_bounty_is_divided_by_claims_first_and_then_by_challengers(court: Courtroom) -> None:
    batch = court.batch(2)
    before = court.wallets(*CROWD)
    court.challenge(batch, "ann", 0)
    court.challenge(batch, "bob", 0, 1)
    court.arbitrate(batch, everybody(f"{NO} {NO}"))
    after = gains(before, court.wallets(*CROWD))
    prize = 2 * BOUNTY // 2 // 2
    assert (after["ann"], after["bob"], after.get("cat", 0)) == (prize // 2, prize // 2 + prize, 0)


@pytest.mark.parametrize("first", ["the challenge", "the proof"])
@pytest.mark.parametrize(("said", "ann", "bob"), [(NO, BOUNTY // 2, 0), ("-", 0, BOUNTY), (YES, -BOND, BOUNTY)])
def test_the_arbiters_decide_on_challenges_whatever_is_proven_meanwhile(
    court: Courtroom, first: str, said: str, ann: int, bob: int
) -> None:
    batch = court.batch()
    before = court.wallets("ann", "bob")
    told = court.answer("node", batch.claims[0], output_hash=hash_of("told"))
    prove = ("bob", "Settlement.proveEquivocation", batch.id, batch.opening(0), *told)
    if first == "the proof":
        court.ok(*prove)
    court.challenge(batch, "ann", 0)
    if first == "the challenge":
        court.ok(*prove)
    court.arbitrate(batch, everybody(said))
    after = gains(before, court.wallets("ann", "bob"))
    assert (after.get("ann", 0), after.get("bob", 0)) == (ann, bob)


@pytest.mark.parametrize("denounces_itself", [False, True])
def test_a_convict_that_denounces_itself_saves_nothing_robs_nobody_and_pardons_no_accomplice(
    denounces_itself: bool,
) -> None:
    court = Courtroom(parameters=replace(PARAMETERS, slash_share_bps=1_000, bounty_share_bps=5_000))
    batch = court.batch(10)
    before = court.wallets("ann", "sock")
    court.challenge(batch, "ann", *range(10))
    for index in range(10 if denounces_itself else 0):
        told = court.answer("node", batch.claims[index], output_hash=hash_of("other", index))
        court.ok("sock", "Settlement.proveEquivocation", batch.id, batch.opening(index), *told)
    every = " ".join
    court.arbitrate(batch, everybody(every([NO] * 10)) | {"fc": every([YES] * 10)})
    after = gains(before, court.wallets("ann", "sock"))
    assert court.read("Staking.stakeOf", court.address("node")) == 0
    assert (after["ann"], after.get("sock", 0)) == (STAKE // 4, 0)
    assert court.read("Staking.stakeOf", court.address("fc")) == STAKE - STAKE // 100


def test_an_arbiter_who_votes_against_the_verdict_is_slashed_and_paid_nothing(court: Courtroom) -> None:
    batch = court.batch()
    court.challenge(batch, "ann", 0)
    receipt = court.arbitrate(batch, {"fa": NO, "fb": NO, "fc": YES})
    slashed = {row["node"]: row["reason"].rstrip(b"\0") for row in events(receipt, "Slashed")}
    assert slashed == {court.address("node"): b"fraud", court.address("fc"): b"wrong_vote"}
    assert {row["member"] for row in events(receipt, "Rewarded")} == {court.address("fa"), court.address("fb")}


def test_a_node_that_challenges_itself_loses_more_than_it_wins(court: Courtroom) -> None:
    court.enrich("node")
    stake, before = court.read("Staking.stakeOf", court.address("node")), court.balance("node")
    batch = court.batch()
    court.challenge(batch, "node", 0)
    court.arbitrate(batch, everybody(NO))
    won = court.balance("node") - before
    lost = stake - court.read("Staking.stakeOf", court.address("node"))
    assert 0 < won < lost


# ---- bonds whose batch expired ----


def test_bonds_on_a_batch_that_expired_undecided_go_back_once(court: Courtroom) -> None:
    batch = court.batch(2)
    before = court.wallets("ann", "bob")
    court.challenge(batch, "ann", 0)
    court.challenge(batch, "bob", 0, 1)
    court.window_over(batch).ok("anyone", "Optimistic.arbitrate", batch.id)
    assert court.fails("ann", "Optimistic.reclaim", batch.id).error == "InDispute"
    court.later(PARAMETERS.expiry_s).ok("anyone", "Settlement.voidBatch", batch.id, batch.charges)
    assert court.fails("anyone", "Optimistic.resolve", batch.id, [], batch.charges).error == "BatchNotOpen"
    assert len(events(court.ok("anyone", "Optimistic.reclaim", batch.id), "ChallengeDecided")) == 2
    assert gains(before, court.wallets("ann", "bob")) == {}
    assert court.fails("ann", "Optimistic.reclaim", batch.id).error == "NotInDispute"


def test_there_is_nothing_to_reclaim_after_a_verdict_or_without_a_challenge(court: Courtroom) -> None:
    judged, undisputed = court.batch(tag="judged"), court.batch(tag="undisputed")
    court.challenge(judged, "ann", 0)
    court.arbitrate(judged, everybody(YES))
    court.finalise(undisputed)
    for batch in (judged.id, undisputed.id, hash_of("nothing")):
        assert court.fails("ann", "Optimistic.reclaim", batch).error == "NotInDispute"


# ---- crowds ----


def test_a_crowd_that_disputes_one_claim_cannot_shut_out_the_challenger_of_another() -> None:
    court = Courtroom(replace(DISPUTE, challenge_window_s=100))
    batch = court.batch(3)
    for number in range(32):
        court.enrich(f"a{number}", DISPUTE.bond)
        court.challenge(batch, f"a{number}", 0)
    assert court.fails("bob", "Optimistic.challenge", batch.id, bits(0)).error == "TooManyChallenges"
    court.challenge(batch, "bob", 0, 1)
    assert court.fails("cat", "Optimistic.challenge", batch.id, bits(0, 1)).error == "TooManyChallenges"
    court.challenge(batch, "cat", 2)


def test_the_largest_dispute_there_can_be_still_fits_a_block() -> None:
    court = Courtroom(replace(DISPUTE, bond=1, challenge_window_s=1_000))
    batch = court.batch(128)
    for number in range(32):
        court.enrich(f"a{number}", DISPUTE.bond)
        court.challenge(batch, f"a{number}", 0)
    for index in range(1, 128):
        crowd = f"c{index}"
        court.enrich(crowd, 200)
        court.challenge(batch, crowd, *range(index + 1))
    receipt = court.arbitrate(batch, everybody(" ".join([NO] * 128)))
    assert len(events(receipt, "ChallengeDecided")) == 32 + 127
    assert receipt.gas_used < 30_000_000


def test_parameters_that_make_no_sense_are_refused() -> None:
    with pytest.raises(Exception, match="InvalidParameters"):
        Courtroom(replace(DISPUTE, winner_share_bps=10_001))


def test_a_bond_of_nothing_is_possible_and_costs_nothing() -> None:
    court = Courtroom(replace(DISPUTE, bond=0))
    batch = court.batch()
    before = court.wallets("ann")
    court.challenge(batch, "ann", 0)
    court.arbitrate(batch, everybody(YES))
    assert gains(before, court.wallets("ann")) == {"burned": TAX % 3}


def test_a_claim_whose_challengers_are_also_arbiters_is_judged_like_any_other(court: Courtroom) -> None:
    for who in ARBITERS:
        court.enrich(who)
    batch = court.batch()
    court.challenge(batch, "fa", 0)
    court.arbitrate(batch, {"fa": NO, "fb": YES, "fc": YES})
    assert court.read("Staking.stakeOf", court.address("fa")) < STAKE  # its vote counts no more than its stake
