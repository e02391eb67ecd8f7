"""Sampling: which claims are drawn, what validators may say, who arbitrates, and who pays and is paid for it."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from typing import Any

import pytest
from eth_hash.auto import keccak
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binomtest

from chain.formats.claims import vote_commitment, word
from chain.quantities import NO_DEADLINE
from chain.seam import Receipt
from tests.contracts_world import (
    FEE,
    STAKE,
    Batch,
    Committee,
    World,
    bits,
    event,
    events,
    hash_of,
    reason,
)
from tests.panels import NO, STAFF, YES, Beaconed, Sampling, close, draw, next_round, seats_in, vote, votes_of

UNIT = 10**9
EVERYTHING = Sampling()
SHARE = FEE // 5
"""Of a fee, for its verification."""


def post(world: World, claims: int = 1, tag: str = "") -> Batch:
    return world.paid_batch("node", ["cleo"] * claims, tag=tag)


def checked(world: Beaconed, batch: Batch, said: dict[str, str]) -> Receipt:
    """Draw, have the validators named vote, and close; votes of those not drawn are left out."""
    seats = seats_in(world, draw(world, batch))
    vote(world, batch, {who: words for who, words in said.items() if who in seats}, seats)
    return close(world, batch)


def arbitrated(world: Beaconed, batch: Batch, disputed: Receipt, said: dict[str, str]) -> Receipt:
    vote(world, batch, said, seats_in(world, disputed))
    return close(world, batch)


def everybody(words: str) -> dict[str, str]:
    return dict.fromkeys(STAFF, words)


def slashed(world: World, receipt: Receipt) -> dict[str, str]:
    """Why each was slashed, by name."""
    names = {world.address(name): name for name in ("node", *STAFF)}
    return {names[row["node"]]: row["reason"].rstrip(b"\0").decode() for row in events(receipt, "Slashed")}


def rewarded(world: World, receipt: Receipt) -> dict[str, int]:
    names = {world.address(name): name for name in STAFF}
    paid: Counter[str] = Counter()
    for row in events(receipt, "Rewarded"):
        paid[names[row["member"]]] += row["amount"]
    return dict(paid)


# ---- the draw ----


def test_a_batch_of_which_nothing_is_drawn_is_final_at_once() -> None:
    world = Beaconed(replace(EVERYTHING, probability=0), full=["fa"])
    batch = post(world, 3)
    receipt = draw(world, batch)
    assert event(receipt, "Sampled")["claims"] == 0
    final = event(receipt, "BatchFinal")
    assert (final["accepted"], final["rejected"], final["voided"]) == (3, 0, 0)
    assert world.balance("node") == 3 * (FEE - SHARE)
    assert world.balance("Sampling") == 3 * SHARE
    assert world.fails("anyone", "Sampling.draw", batch.id, [], []).error == "BatchNotOpen"


def test_with_certainty_every_claim_is_drawn() -> None:
    world = Beaconed(EVERYTHING)
    receipt = draw(world, post(world, 128))
    assert event(receipt, "Sampled")["claims"] == event(receipt, "CommitteeDrawn")["ballot"] == 2**128 - 1
    assert events(receipt, "BatchFinal") == []


@settings(max_examples=25, deadline=None)
@given(parts=st.integers(0, UNIT), count=st.integers(1, 128))
def test_a_claim_is_drawn_if_the_hash_of_seed_batch_and_index_says_so(parts: int, count: int) -> None:
    world = Beaconed(replace(EVERYTHING, probability=parts), full=["fa"])
    batch = post(world, count)
    world.seed()
    seed = world.read("Beacon.seedAfter", world.read("Beacon.roundAt", world.now) - 2)
    receipt = world.ok("anyone", "Sampling.draw", batch.id, [], [])
    expected = [int.from_bytes(keccak(seed + batch.id + word(i))) % UNIT < parts for i in range(count)]
    sampled = event(receipt, "Sampled")
    assert sampled == {
        "batch": batch.id,
        "node": world.address("node"),
        "claims": bits(*(i for i in range(count) if expected[i])),
        "rate": parts,
    }


def test_nothing_is_drawn_before_the_seed_is_out() -> None:
    world = Beaconed(EVERYTHING)
    next_round(world).ok("fa", "Beacon.reveal", world.secrets.pop(0))
    batch = post(world)  # in the round of the reveal: its seed must not serve
    assert next_round(world).fails("anyone", "Sampling.draw", batch.id, [], []).error == "SeedNotReady"
    world.ok("fa", "Beacon.reveal", world.secrets.pop(0))
    assert world.fails("anyone", "Sampling.draw", batch.id, [], []).error == "SeedNotReady"
    assert next_round(world).send("anyone", "Sampling.draw", batch.id, [], []).ok
    assert world.fails("anyone", "Sampling.draw", batch.id, [], []).error == "AlreadyDrawn"
    assert world.fails("anyone", "Sampling.draw", hash_of("nothing"), [], []).error == "BatchNotOpen"


def test_what_is_drawn_hangs_on_a_secret_revealed_after_the_post() -> None:
    drawn = set()
    for secret in ("one", "two", "three", "four"):
        world = Beaconed(replace(EVERYTHING, probability=UNIT // 2), secret=secret)
        drawn.add(event(draw(world, post(world, 64)), "Sampled")["claims"])
    assert len(drawn) == 4


def many(world: Beaconed, batches: int, count: int) -> list[Receipt]:
    """Draws of many batches, posted together."""
    posts = [
        world.call("node", "Settlement.postBatch", hash_of("root", i), count, [], NO_DEADLINE) for i in range(batches)
    ]
    ids = [event(receipt, "BatchPosted")["batch"] for receipt in world.send_all(posts)]
    world.seed()
    return world.send_all([world.call("anyone", "Sampling.draw", batch, [], []) for batch in ids])


@pytest.mark.parametrize("p", [0.01, 0.25])
def test_as_many_claims_are_drawn_as_the_probability_says(p: float) -> None:
    draws = many(Beaconed(replace(EVERYTHING, probability=round(p * UNIT))), batches=100, count=128)
    drawn = sum(event(receipt, "Sampled")["claims"].bit_count() for receipt in draws)
    assert binomtest(drawn, 12_800, p).pvalue > 1e-4


def test_a_colluding_validator_is_drawn_as_often_as_there_are_colluders() -> None:
    world = Beaconed(EVERYTHING)
    draws = many(world, batches=700, count=1)
    seated = Counter(event(receipt, "CommitteeDrawn")["members"][0] for receipt in draws)
    colluders = [world.address("fb"), world.address("fd")]
    assert binomtest(sum(seated[member] for member in colluders), 700, 2 / 5).pvalue > 1e-4
    assert len(seated) == 5


def test_without_full_nodes_only_a_batch_that_needs_no_check_is_settled() -> None:
    world = Beaconed(EVERYTHING, full=["fa"])
    batch = post(world)
    world.seed()
    world.ok("fa", "Staking.unbond", STAKE)
    assert world.fails("anyone", "Sampling.draw", batch.id, [], []).error == "NoFullNodes"


# ---- the check ----


def test_what_validators_accept_stands_and_pays_them() -> None:
    world = Beaconed(replace(EVERYTHING, validators=2))
    receipt = checked(world, post(world, 2), everybody("yes yes"))
    resolved = event(receipt, "Resolved")
    assert (resolved["accepted"], resolved["rejected"], resolved["voided"]) == (bits(0, 1), 0, 0)
    assert list(rewarded(world, receipt).values()) == [SHARE, SHARE]
    assert event(receipt, "BatchFinal")["paid"] == 2 * (FEE - SHARE)
    assert slashed(world, receipt) == {}


def test_fraud_that_is_not_drawn_stands() -> None:
    """Nobody is asked about it: a node that cheats on such a claim keeps its fee and its stake."""
    world = Beaconed(replace(EVERYTHING, probability=UNIT // 2))
    batch = post(world, 12)
    receipt = draw(world, batch)
    drawn = event(receipt, "Sampled")["claims"]
    assert 0 < drawn.bit_count() < 12
    seats = seats_in(world, receipt)
    about_another = votes_of(" ".join(YES if drawn >> i & 1 else NO for i in range(12)))
    who, seat = next(iter(seats.items()))
    assert world.fails(who, "Sampling.vote", batch.id, seat, about_another).error == "InvalidVotes"
    vote(world, batch, {who: " ".join(YES if drawn >> i & 1 else "-" for i in range(12))}, seats)
    assert event(close(world, batch), "BatchFinal")["accepted"] == 12


def test_fraud_that_is_drawn_is_rejected_and_slashed() -> None:
    world = Beaconed(EVERYTHING)
    batch = post(world, 2)
    disputed = checked(world, batch, everybody("yes no"))
    assert event(disputed, "Disputed")["claims"] == event(disputed, "CommitteeDrawn")["ballot"] == bits(1)
    assert events(disputed, "BatchFinal") == []
    receipt = arbitrated(world, batch, disputed, everybody("- no"))
    final = event(receipt, "BatchFinal")
    assert (final["accepted"], final["rejected"], final["refunded"]) == (1, 1, FEE)
    assert slashed(world, receipt) == {"node": "fraud"}
    assert event(receipt, "ClaimRejected")["index"] == 1
    pot = SHARE + STAKE // 10 * 4 // 10
    assert sum(rewarded(world, receipt).values()) == pot // 6 * 6  # a validator and five arbiters
    assert max(rewarded(world, receipt).values()) == pot // 6 * 2


def test_a_validator_that_colludes_lets_fraud_through() -> None:
    world = Beaconed(EVERYTHING)
    receipt = checked(world, post(world), everybody(YES))
    assert event(receipt, "BatchFinal")["accepted"] == 1
    assert slashed(world, receipt) == {}


@pytest.mark.parametrize(("truth", "node_too"), [("yes", False), ("no", True)])
def test_arbitration_slashes_the_validator_that_lied(truth: str, node_too: bool) -> None:
    """Of two validators one lies: about honest work, or about fraud."""
    world = Beaconed(replace(EVERYTHING, validators=2))
    batch = post(world)
    seats = seats_in(world, draw(world, batch))
    liar, honest = seats
    vote(world, batch, {liar: NO if truth == YES else YES, honest: truth}, seats)
    receipt = arbitrated(world, batch, close(world, batch), everybody(truth))
    assert slashed(world, receipt) == ({liar: "wrong_vote", "node": "fraud"} if node_too else {liar: "wrong_vote"})
    paid = rewarded(world, receipt)
    assert paid[honest] == 2 * paid[liar]  # as validator and as arbiter; the liar voted right the second time
    assert event(receipt, "BatchFinal")["accepted"] == (0 if node_too else 1)


def test_validators_alone_can_reject_nothing() -> None:
    world = Beaconed(replace(EVERYTHING, validators=5))
    batch = post(world)
    disputed = checked(world, batch, everybody(NO))
    assert event(disputed, "Disputed")["claims"] == 1
    receipt = arbitrated(world, batch, disputed, everybody(YES))
    assert slashed(world, receipt) == dict.fromkeys(STAFF, "wrong_vote")


@pytest.mark.parametrize("said", [{}, {"fa": "yes"}, dict.fromkeys(STAFF, "-")])
def test_a_missing_vote_opens_arbitration(said: dict[str, str]) -> None:
    world = Beaconed(replace(EVERYTHING, validators=5))
    batch = post(world)
    disputed = checked(world, batch, said)
    receipt = arbitrated(world, batch, disputed, everybody(YES))
    assert event(receipt, "BatchFinal")["accepted"] == 1
    assert slashed(world, receipt) == {}


def test_without_a_quorum_of_arbiters_a_claim_is_void_and_nobody_is_to_blame() -> None:
    world = Beaconed(EVERYTHING)
    batch = post(world, 2)
    receipt = arbitrated(world, batch, checked(world, batch, everybody("yes no")), {"fa": "- no", "fb": "- no"})
    final = event(receipt, "BatchFinal")
    assert (final["accepted"], final["voided"], final["refunded"]) == (1, 1, FEE)
    assert slashed(world, receipt) == {}
    assert len(rewarded(world, receipt)) == 1  # the validator, for the claim that was decided


def test_a_committee_of_validators_accepts_by_quorum() -> None:
    """The hybrid: a committee checks what is drawn, and outvotes one of its own."""
    world = Beaconed(replace(EVERYTHING, validators=5, accept_numerator=2, accept_denominator=3))
    receipt = checked(world, post(world), {**everybody(YES), "fc": NO})
    assert event(receipt, "BatchFinal")["accepted"] == 1
    assert slashed(world, receipt) == {"fc": "wrong_vote"}


def test_two_against_of_five_leave_it_to_the_arbiters() -> None:
    world = Beaconed(replace(EVERYTHING, validators=5, accept_numerator=2, accept_denominator=3))
    batch = post(world)
    assert events(checked(world, batch, {**everybody(YES), "fc": NO, "fd": NO}), "Disputed")


def test_each_panel_votes_in_its_own_seats_on_its_own_ballot() -> None:
    world = Beaconed(EVERYTHING)
    batch = post(world, 2)
    first = seats_in(world, draw(world, batch))
    validator, seat = next(iter(first.items()))
    vote(world, batch, {validator: "yes no"}, first)
    second = seats_in(world, close(world, batch))
    assert sorted(second.values()) == [1, 2, 3, 4, 5]
    again = world.fails(validator, "Sampling.vote", batch.id, seat, votes_of("- yes"))
    assert again.error == "NotSeated"
    closed = world.fails(validator, "Sampling.vote", batch.id, second[validator], votes_of("yes -"))
    assert closed.error == "InvalidVotes"


def test_so_many_arbiters_are_drawn_and_not_the_same_as_the_validators() -> None:
    world = Beaconed(replace(EVERYTHING, arbiters=Committee(size=2, commit_reveal=False), validators=2))
    drawn = []
    for i in range(8):
        batch = post(world, tag=str(i))
        validators = seats_in(world, draw(world, batch))
        arbiters = seats_in(world, close(world, batch))
        assert len(validators) == len(arbiters) == 2
        drawn.append(validators.keys() == arbiters.keys())
    assert not all(drawn)


def test_a_hidden_vote_of_a_validator_costs_even_after_arbitration() -> None:
    hiding = Committee(size=0, commit_window_s=20, reveal_window_s=20)
    world = Beaconed(replace(EVERYTHING, arbiters=hiding))
    batch = post(world)
    seats = seats_in(world, draw(world, batch))
    who, seat = next(iter(seats.items()))
    commitment = vote_commitment(batch.id, world.address(who), votes_of(NO), bytes(32))
    world.ok(who, "Sampling.commit", batch.id, seat, world.read("Sampling.panelOf", batch.id)[0], commitment)
    arbiters = seats_in(world, close(world, batch))
    calls = {name: vote_commitment(batch.id, world.address(name), votes_of(YES), bytes(32)) for name in STAFF}
    commit_by = world.read("Sampling.panelOf", batch.id)[0]
    for name, committed in calls.items():
        world.ok(name, "Sampling.commit", batch.id, arbiters[name], commit_by, committed)
    assert reason(world.send(who, "Sampling.reveal", batch.id, seat, votes_of(NO), bytes(32))) == "NotSeated"
    for name in STAFF:
        world.ok(name, "Sampling.reveal", batch.id, arbiters[name], votes_of(YES), bytes(32))
    assert slashed(world, close(world, batch)) == {who: "missed_reveal"}


# ---- money ----


def test_what_batches_without_checks_pay_goes_to_who_checks_next() -> None:
    world = Beaconed(replace(EVERYTHING, probability=UNIT // 3, validators=2))
    pool = 0
    paid = 0
    for i in range(12):
        batch = post(world, tag=str(i))
        receipt = draw(world, batch)
        pool += SHARE
        if events(receipt, "CommitteeDrawn"):
            vote(world, batch, dict.fromkeys(seats_in(world, receipt), YES), seats_in(world, receipt))
            rewards = rewarded(world, close(world, batch))
            assert list(rewards.values()) == [pool // 2, pool // 2]
            paid += 1
            pool %= 2
        assert world.balance("Sampling") == pool
    assert 0 < paid < 12


def test_who_did_not_vote_with_the_verdict_earns_nothing() -> None:
    world = Beaconed(EVERYTHING)
    batch = post(world)
    disputed = checked(world, batch, everybody("-"))
    receipt = arbitrated(world, batch, disputed, {**everybody(YES), "fe": "-"})
    assert rewarded(world, receipt) == dict.fromkeys(("fa", "fb", "fc", "fd"), SHARE // 4)


# ---- equivocations proven meanwhile ----


def equivocate(world: World, batch: Batch, index: int) -> None:
    told = world.answer("node", batch.claims[index], output_hash=hash_of("told"))
    world.ok("cleo", "Settlement.proveEquivocation", batch.id, batch.opening(index), *told)


def test_a_claim_proven_wrong_is_opened_with_the_draw() -> None:
    world = Beaconed(replace(EVERYTHING, probability=0))
    batch = post(world, 3)
    equivocate(world, batch, 1)
    world.seed()
    assert world.fails("anyone", "Sampling.draw", batch.id, [], []).error == "WrongCharges"
    assert world.fails("anyone", "Sampling.draw", batch.id, [], batch.charges).error == "MissingOpenings"
    receipt = world.ok("anyone", "Sampling.draw", batch.id, batch.openings(1), batch.charges)
    final = event(receipt, "BatchFinal")
    assert (final["accepted"], final["rejected"], final["refunded"]) == (2, 1, FEE)


def test_a_claim_proven_wrong_is_drawn_and_checked_like_any_other() -> None:
    world = Beaconed(EVERYTHING)
    batch = post(world, 2)
    equivocate(world, batch, 0)
    receipt = draw(world, batch)
    assert event(receipt, "CommitteeDrawn")["ballot"] == bits(0, 1)
    vote(world, batch, dict.fromkeys(seats_in(world, receipt), "yes yes"), seats_in(world, receipt))
    final = event(close(world, batch), "BatchFinal")
    assert (final["accepted"], final["rejected"]) == (1, 1)


@pytest.mark.parametrize("when", ["during the check", "during arbitration"])
def test_who_accepted_a_fraud_is_held_to_that_though_the_node_denounces_itself(when: str) -> None:
    world = Beaconed(replace(EVERYTHING, validators=2))
    batch = post(world, 2)
    seats = seats_in(world, draw(world, batch))
    honest, accomplice = seats
    vote(world, batch, {honest: "yes no", accomplice: "yes yes"}, seats)
    if when == "during the check":
        equivocate(world, batch, 1)
    arbiters = seats_in(world, close(world, batch))
    vote(world, batch, dict.fromkeys(STAFF, "- no"), arbiters)
    if when == "during arbitration":
        equivocate(world, batch, 1)
    receipt = close(world, batch)
    final = event(receipt, "BatchFinal")
    assert (final["accepted"], final["rejected"], final["voided"]) == (1, 1, 0)
    assert slashed(world, receipt) == {accomplice: "wrong_vote"}  # the node was slashed when it denounced itself
    assert event(receipt, "BountyPaid")["to"] == world.chain.address_of("Sampling")


# ---- adaptive replication ----


ADAPTIVE = replace(EVERYTHING, probability=0, streak=10)


def rate(world: World) -> int:
    found: int = world.read("Sampling.rateOf", world.address("node"))
    return found


def serve(world: Beaconed, batch: Batch, word: str) -> int:
    """Draw, and have the validators say `word` of whatever is drawn; how many claims that were."""
    receipt = draw(world, batch)
    drawn: int = event(receipt, "Sampled")["claims"]
    if drawn:
        seats = seats_in(world, receipt)
        words = " ".join(word if drawn >> i & 1 else "-" for i in range(len(batch.claims)))
        vote(world, batch, dict.fromkeys(seats, words), seats)
        if events(closed := close(world, batch), "Disputed"):
            arbitrated(world, batch, closed, everybody(words))
    return drawn.bit_count()


def trusted(passed: int, sampling: Sampling = ADAPTIVE) -> Beaconed:
    """A world whose inference node has passed so many checks."""
    world = Beaconed(sampling)
    assert serve(world, post(world, passed, "streak"), YES) == passed
    return world


@pytest.mark.parametrize(("passed", "expected"), [(1, UNIT), (9, UNIT), (10, UNIT // 10), (100, UNIT // 100)])
def test_after_a_streak_one_claim_in_as_many_is_checked(passed: int, expected: int) -> None:
    world = trusted(passed)
    assert rate(world) == expected
    assert event(draw(world, post(world)), "Sampled")["rate"] == expected


def test_only_checks_count_for_a_streak() -> None:
    world = trusted(10)
    drawn = serve(world, post(world, 64), YES)
    assert 0 < drawn < 64
    assert rate(world) == UNIT // (10 + drawn)


def test_one_rejection_ends_a_streak() -> None:
    world = trusted(10)
    assert serve(world, post(world, 64), NO) > 0
    assert rate(world) == UNIT


def test_a_void_claim_ends_a_streak() -> None:
    """Else a node could withhold what was drawn, be paid for the rest, and be looked at no more often than before."""
    world = trusted(10)
    assert serve(world, post(world, 64), "-") > 0
    assert rate(world) == UNIT


@pytest.mark.parametrize("passed", [10, 100])
def test_an_equivocation_ends_a_streak(passed: int) -> None:
    """Whether the claim would have been drawn or not."""
    world = trusted(passed)
    batch = post(world)
    equivocate(world, batch, 0)
    world.seed()
    world.ok("anyone", "Sampling.draw", batch.id, batch.openings(0), batch.charges)
    assert rate(world) == UNIT


@pytest.mark.parametrize(("passed", "expected"), [(3, UNIT // 3), (4, UNIT // 4), (5, UNIT // 4), (128, UNIT // 4)])
def test_nobody_is_checked_less_than_the_floor(passed: int, expected: int) -> None:
    world = trusted(passed, replace(ADAPTIVE, probability=UNIT // 4, streak=2))
    assert rate(world) == expected


def test_without_a_streak_all_nodes_are_checked_alike() -> None:
    world = Beaconed(replace(EVERYTHING, probability=123_456_789))
    assert rate(world) == 123_456_789
    assert world.read("Sampling.passedBy", world.address("node")) == 0


# ---- limits ----


@pytest.mark.parametrize(
    "wrong",
    [
        {"probability": UNIT + 1},
        {"validators": 0},
        {"validators": 129},
        {"validators": 65, "arbiters": Committee(size=64)},
        {"accept_numerator": 1, "accept_denominator": 2},
        {"accept_numerator": 2, "accept_denominator": 1},
        {"arbiters": Committee(quorum_numerator=1, quorum_denominator=2)},
    ],
)
def test_parameters_that_cannot_work_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(Exception, match="InvalidParameters"):
        World(verifier=replace(EVERYTHING, **wrong).spec())


def test_128_seats_judge_a_full_batch_in_two_sittings() -> None:
    names = [f"f{i}" for i in range(64)]
    court = Committee(size=64, commit_reveal=False)
    world = Beaconed(replace(EVERYTHING, arbiters=court, validators=64), full=names)
    batch = post(world, 128)
    for words in ("no " * 128, "yes " * 128):
        receipt = draw(world, batch) if words.startswith(NO) else close(world, batch)
        seats = seats_in(world, receipt)
        calls = [world.call(who, "Sampling.vote", batch.id, seat, votes_of(words)) for who, seat in seats.items()]
        assert all(sent.ok for sent in world.send_all(calls))
    receipt = close(world, batch)
    assert len(events(receipt, "Slashed")) == 64
    assert len(events(receipt, "Rewarded")) == 64
    assert receipt.gas_used < 30_000_000
