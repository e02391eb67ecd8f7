"""Committee: who is drawn, how votes are cast and counted, and what they cost and earn."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations
from typing import Any

import pytest

from chain.formats.claims import vote_commitment
from chain.quantities import BURN_ADDRESS, NO_DEADLINE, OPG
from chain.seam import TRANSACTION_GAS_MAX, Receipt
from tests.contracts_world import (
    FEE,
    FULL,
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
from tests.panels import NO, ROUND, YES, chain_of, next_round, seats_in, settle_in, votes_of

COMMITTEE = Committee(size=3)
STAFF = ("fa", "fb", "fc")


def make(committee: Committee = COMMITTEE, full: Sequence[str] = STAFF) -> World:
    world = World(verifier=committee.spec())
    settle_in(world, full)
    return world


@pytest.fixture
def world() -> World:
    """Three full nodes of equal stake, all of them on every committee."""
    return make()


def members_of(world: World, batch: Batch) -> dict[str, int]:
    """Draw the committee; each member's seat by name."""
    return seats_in(world, world.ok("anyone", "Committee.draw", batch.id))


def sitting(world: World, batch: Batch) -> int:
    """Until when a batch's panel takes commitments."""
    return int(world.read("Committee.panelOf", batch.id)[0])


def commit(world: World, batch: Batch, who: str, seat: int, said: str) -> Receipt:
    commitment = vote_commitment(batch.id, world.address(who), votes_of(said), hash_of("salt", who))
    return world.send(who, "Committee.commit", batch.id, seat, sitting(world, batch), commitment)


def reveal(world: World, batch: Batch, who: str, seat: int, said: str) -> Receipt:
    return world.send(who, "Committee.reveal", batch.id, seat, votes_of(said), hash_of("salt", who))


def hold_vote(world: World, batch: Batch, said: dict[str, str]) -> dict[str, int]:
    seats = members_of(world, batch)
    for who, words in said.items():
        assert commit(world, batch, who, seats[who], words).ok
    if len(said) < len(seats):
        world.later(COMMITTEE.commit_window_s + 1).tick()
    for who, words in said.items():
        assert reveal(world, batch, who, seats[who], words).ok
    return seats


def resolve(world: World, batch: Batch) -> Receipt:
    """Resolve as the tally has it."""
    accepted, rejected, voided, resolvable = world.read("Committee.tally", batch.id)
    assert resolvable
    fallen = [i for i in range(len(batch.claims)) if (rejected | voided) >> i & 1]
    if accepted | rejected == 0:
        fallen = []
    return world.ok("anyone", "Committee.resolve", batch.id, batch.openings(*fallen), batch.charges)


def verdict(receipt: Receipt) -> tuple[int, int, int]:
    resolved = event(receipt, "Resolved")
    return resolved["accepted"], resolved["rejected"], resolved["voided"]


# ---- the draw ----


def with_beacon(size: int, names: Sequence[str]) -> World:
    world = make(replace(COMMITTEE, size=size), names)
    world.ok(names[0], "Beacon.join", chain_of("one")[0])
    return world


def test_a_committee_is_drawn_from_a_round_that_began_after_the_post() -> None:
    world = with_beacon(2, ["fa", "fb", "fc"])
    next_round(world).ok("fa", "Beacon.reveal", chain_of("one")[1])
    batch = world.paid_batch("node", ["cleo"])  # in the round of the reveal: its seed must not serve
    next_round(world).ok("fa", "Beacon.reveal", chain_of("one")[2])
    assert not world.read("Committee.drawable", batch.id)
    end = world.now + ROUND
    assert world.at(end - 1).fails("anyone", "Committee.draw", batch.id).error == "SeedNotReady"
    world.at(end).tick()
    assert world.read("Committee.drawable", batch.id)
    drawn = event(world.ok("anyone", "Committee.draw", batch.id), "CommitteeDrawn")
    assert len(drawn["members"]) == 2
    assert (drawn["commitBy"], drawn["revealBy"]) == (world.now + 20, world.now + 40)
    assert world.fails("anyone", "Committee.draw", batch.id).error == "AlreadyDrawn"
    assert not world.read("Committee.drawable", batch.id)


def test_without_a_reveal_there_is_no_draw() -> None:
    world = with_beacon(2, ["fa", "fb", "fc"])
    batch = world.paid_batch("node", ["cleo"])
    assert next_round(world, 5).fails("anyone", "Committee.draw", batch.id).error == "SeedNotReady"


def test_when_there_are_no_more_nodes_than_seats_all_sit_and_no_seed_is_needed(world: World) -> None:
    batch = world.paid_batch("node", ["cleo"])
    assert sorted(members_of(world, batch)) == ["fa", "fb", "fc"]


def test_size_zero_seats_every_active_full_node() -> None:
    names = [f"f{i}" for i in range(9)]
    world = make(replace(COMMITTEE, size=0), names)
    world.ok("f3", "Staking.unbond", STAKE)
    batch = world.paid_batch("node", ["cleo"])
    assert sorted(members_of(world, batch)) == [name for name in names if name != "f3"]


def test_without_full_nodes_nobody_can_be_drawn() -> None:
    world = make(full=())
    batch = world.paid_batch("node", ["cleo"])
    assert world.fails("anyone", "Committee.draw", batch.id).error == "NoFullNodes"
    assert not world.read("Committee.drawable", batch.id)


def test_nothing_but_an_open_batch_gets_a_committee(world: World) -> None:
    assert world.fails("anyone", "Committee.draw", hash_of("nothing")).error == "BatchNotOpen"
    assert not world.read("Committee.drawable", hash_of("nothing"))


def test_each_committee_is_as_likely_as_any_other() -> None:
    """700 draws of 2 of 5; chi-square over the 10 pairs, 9 degrees of freedom, 0.1 % level."""
    names = ["fa", "fb", "fc", "fd", "fe"]
    world = with_beacon(2, names)
    posts = [world.call("node", "Settlement.postBatch", hash_of("root", i), 1, [], NO_DEADLINE) for i in range(700)]
    batches = [event(receipt, "BatchPosted")["batch"] for receipt in world.send_all(posts)]
    next_round(world, 2).ok("fa", "Beacon.reveal", chain_of("one")[1])
    next_round(world).tick()
    draws = world.send_all([world.call("anyone", "Committee.draw", batch) for batch in batches])
    drawn = Counter(frozenset(event(receipt, "CommitteeDrawn")["members"]) for receipt in draws)
    expected = len(batches) / 10
    pairs = [frozenset(map(world.address, pair)) for pair in combinations(names, 2)]
    assert sum((drawn[pair] - expected) ** 2 / expected for pair in pairs) < 27.88
    assert sum(drawn.values()) == 700


def test_another_reveal_draws_another_committee() -> None:
    drawn = set()
    for secret in ("one", "two", "three", "four"):
        world = make(replace(COMMITTEE, size=3), [f"f{i}" for i in range(12)])
        world.ok("f0", "Beacon.join", chain_of(secret)[0])
        batch = world.paid_batch("node", ["cleo"])
        next_round(world).ok("f0", "Beacon.reveal", chain_of(secret)[1])
        next_round(world).tick()
        drawn.add(tuple(members_of(world, batch)))
    assert len(drawn) == 4


def test_who_learns_the_seed_can_neither_join_nor_grow_nor_shift_the_others() -> None:
    names = [f"f{i}" for i in range(8)]
    world = with_beacon(3, names)
    batch = world.paid_batch("node", ["cleo"])
    next_round(world).ok("f0", "Beacon.reveal", chain_of("one")[1])
    next_round(world).tick()
    before = world.chain.snapshot()
    fair = list(members_of(world, batch))
    world.chain.revert_to(before)
    outsider = next(name for name in names if name not in fair)
    world.stake("late", FULL, 100 * STAKE)
    world.stake(outsider, FULL, STAKE)
    world.ok(outsider, "Staking.unbond", STAKE)
    world.stake(fair[0], FULL, 100 * STAKE)
    seated = list(members_of(world, batch))
    assert "late" not in seated
    assert seated[:2] == fair[1:]
    assert fair[0] not in seated


# ---- the vote ----


def test_votes_are_committed_then_revealed(world: World) -> None:
    batch = world.paid_batch("node", ["cleo", "cleo"])
    seats = members_of(world, batch)
    for who, seat in seats.items():
        assert commit(world, batch, who, seat, "yes no").ok
    for who, seat in seats.items():
        shown = event(reveal(world, batch, who, seat, "yes no"), "Revealed")
        assert shown["votes"] == votes_of("yes no")
    assert world.read("Committee.tally", batch.id) == (bits(0), bits(1), 0, True)


def test_nobody_reveals_while_others_may_still_commit(world: World) -> None:
    batch = world.paid_batch("node", ["cleo"])
    seats = members_of(world, batch)
    commit_by = world.now + COMMITTEE.commit_window_s
    assert commit(world, batch, "fa", seats["fa"], YES).ok
    assert reason(reveal(world.at(commit_by), batch, "fa", seats["fa"], YES)) == "TooEarly"
    assert reason(commit(world.at(commit_by + 1), batch, "fb", seats["fb"], YES)) == "TooLate"
    assert reveal(world, batch, "fa", seats["fa"], YES).ok


def test_the_last_second_of_each_window_counts(world: World) -> None:
    batch = world.paid_batch("node", ["cleo"])
    seats = members_of(world, batch)
    commit_by, reveal_by = world.now + 20, world.now + 40
    assert commit(world, batch, "fb", seats["fb"], YES).ok
    assert commit(world.at(commit_by), batch, "fa", seats["fa"], YES).ok
    assert reveal(world.at(reveal_by), batch, "fa", seats["fa"], YES).ok
    assert reason(reveal(world.at(reveal_by + 1), batch, "fb", seats["fb"], YES)) == "TooLate"


def test_a_copied_commitment_cannot_be_revealed(world: World) -> None:
    batch = world.paid_batch("node", ["cleo"])
    seats = members_of(world, batch)
    copied = vote_commitment(batch.id, world.address("fa"), votes_of(YES), hash_of("salt", "fa"))
    for who in seats:
        world.ok(who, "Committee.commit", batch.id, seats[who], sitting(world, batch), copied)
    assert reveal(world, batch, "fa", seats["fa"], YES).ok
    stolen = ("Committee.reveal", batch.id, seats["fb"], votes_of(YES), hash_of("salt", "fa"))
    assert world.fails("fb", *stolen).error == "WrongReveal"


def test_each_seat_is_its_members_own(world: World) -> None:
    batch = world.paid_batch("node", ["cleo"])
    assert reason(commit(world, batch, "fa", 0, YES)) == "NotDrawn"
    seats = members_of(world, batch)
    for who, seat in (("fa", seats["fb"]), ("node", 0), ("fa", 3), ("fa", 2**200)):
        assert reason(commit(world, batch, who, seat, YES)) == "NotSeated"


def test_nobody_commits_or_reveals_twice_or_shows_other_votes(world: World) -> None:
    batch = world.paid_batch("node", ["cleo"])
    seats = members_of(world, batch)
    for who, seat in seats.items():
        assert commit(world, batch, who, seat, YES).ok
    assert reason(commit(world, batch, "fa", seats["fa"], NO)) == "AlreadyCommitted"
    assert reason(reveal(world, batch, "fa", seats["fa"], NO)) == "WrongReveal"
    assert reveal(world, batch, "fa", seats["fa"], YES).ok
    assert reason(reveal(world, batch, "fa", seats["fa"], YES)) == "AlreadyRevealed"
    assert world.fails("fb", "Committee.commit", batch.id, seats["fb"], 0, bytes(32)).error == "ZeroCommitment"


@pytest.mark.parametrize("off", [-1, 1])
def test_a_commitment_is_for_one_sitting(world: World, off: int) -> None:
    batch = world.paid_batch("node", ["cleo"])
    seats = members_of(world, batch)
    other = ("Committee.commit", batch.id, seats["fa"], sitting(world, batch) + off, hash_of("any"))
    assert world.fails("fa", *other).error == "OtherSitting"


@pytest.mark.parametrize("votes", [bits(0, 128), bits(2), bits(130), bits(127), bits(255)])
def test_votes_that_contradict_themselves_or_reach_beyond_the_batch_are_invalid(world: World, votes: int) -> None:
    batch = world.paid_batch("node", ["cleo", "cleo"])
    seats = members_of(world, batch)
    for who, seat in seats.items():
        commitment = vote_commitment(batch.id, world.address(who), votes, bytes(32))
        world.ok(who, "Committee.commit", batch.id, seat, sitting(world, batch), commitment)
    refused = world.fails("fa", "Committee.reveal", batch.id, seats["fa"], votes, bytes(32))
    assert refused.error == "InvalidVotes"


def test_the_scheme_that_was_not_chosen_is_closed(world: World) -> None:
    assert world.fails("fa", "Committee.vote", hash_of("b"), 0, 0).error == "WrongScheme"
    open_world = make(replace(COMMITTEE, commit_reveal=False))
    assert open_world.fails("fa", "Committee.commit", hash_of("b"), 0, 0, bytes(32)).error == "WrongScheme"
    assert open_world.fails("fa", "Committee.reveal", hash_of("b"), 0, 0, bytes(32)).error == "WrongScheme"


def test_open_votes_are_cast_within_the_window_and_resolved_when_all_are_in() -> None:
    world = make(replace(COMMITTEE, commit_reveal=False))
    batch = world.paid_batch("node", ["cleo"])
    seats = members_of(world, batch)
    vote_by = world.now + 20
    for who in ("fa", "fb"):
        world.ok(who, "Committee.vote", batch.id, seats[who], votes_of(YES))
    assert world.fails("fa", "Committee.vote", batch.id, seats["fa"], votes_of(NO)).error == "AlreadyRevealed"
    assert world.fails("anyone", "Committee.resolve", batch.id, [], batch.charges).error == "TooEarly"
    assert world.at(vote_by + 1).fails("fc", "Committee.vote", batch.id, seats["fc"], 0).error == "TooLate"
    assert verdict(resolve(world, batch)) == (1, 0, 0)


# ---- the count ----


@pytest.mark.parametrize(
    ("said", "expected"),
    [
        ({"fa": "yes", "fb": "yes", "fc": "yes"}, (1, 0, 0)),
        ({"fa": "yes", "fb": "yes", "fc": "no"}, (1, 0, 0)),  # exactly two thirds
        ({"fa": "yes", "fb": "no", "fc": "-"}, (0, 0, 1)),
        ({"fa": "yes", "fb": "no", "fc": "no"}, (0, 1, 0)),
        ({"fa": "no", "fb": "no", "fc": "no"}, (0, 1, 0)),
        ({"fa": "-", "fb": "-", "fc": "-"}, (0, 0, 1)),
        ({"fa": "no", "fb": "no"}, (0, 1, 0)),  # one stays away: still two thirds of all
        ({"fa": "no"}, (0, 0, 1)),
        ({}, (0, 0, 1)),
    ],
)
def test_a_quorum_of_the_whole_committee_decides(
    world: World, said: dict[str, str], expected: tuple[int, int, int]
) -> None:
    batch = world.paid_batch("node", ["cleo"])
    hold_vote(world, batch, said)
    assert verdict(resolve(world, batch)) == expected


@pytest.mark.parametrize(("missing", "accepted"), [(0, 1), (1, 0)])
def test_two_thirds_are_met_to_the_wei(missing: int, accepted: int) -> None:
    world = make(full=())
    for name, stake in (("fa", 2 * STAKE - missing), ("fb", STAKE + missing)):
        world.stake(name, FULL, stake)
    batch = world.paid_batch("node", ["cleo"])
    hold_vote(world, batch, {"fa": YES, "fb": NO})
    assert verdict(resolve(world, batch))[0] == accepted


def test_each_claim_is_decided_by_itself(world: World) -> None:
    batch = world.paid_batch("node", ["cleo"] * 6)
    hold_vote(
        world,
        batch,
        {
            "fa": "yes yes no  yes - -",
            "fb": "yes no  no  yes no -",
            "fc": "yes no  yes -   no yes",
        },
    )
    assert verdict(resolve(world, batch)) == (bits(0, 3), bits(1, 2, 4), bits(5))


def test_the_word_of_more_stake_weighs_more() -> None:
    world = make(full=())
    for name, stake in (("fa", 5 * STAKE), ("fb", STAKE), ("fc", STAKE)):
        world.stake(name, FULL, stake)
    batch = world.paid_batch("node", ["cleo"])
    hold_vote(world, batch, {"fa": NO, "fb": YES, "fc": YES})
    assert verdict(resolve(world, batch)) == (0, 1, 0)


def test_nothing_is_resolved_before_its_time(world: World) -> None:
    batch = world.paid_batch("node", ["cleo"])
    assert world.fails("anyone", "Committee.resolve", batch.id, [], batch.charges).error == "NotDrawn"
    seats = members_of(world, batch)
    drawn = world.now
    for who in ("fa", "fb"):
        assert commit(world, batch, who, seats[who], YES).ok
    for time in (drawn + 20, drawn + 40):
        assert world.at(time).fails("anyone", "Committee.resolve", batch.id, [], batch.charges).error == "TooEarly"
    world.at(drawn + 41).tick()
    assert verdict(resolve(world, batch)) == (0, 0, 1)


def test_when_all_who_committed_have_revealed_nobody_is_waited_for(world: World) -> None:
    batch = world.paid_batch("node", ["cleo"])
    hold_vote(world, batch, {"fa": YES, "fb": YES})
    assert verdict(resolve(world, batch)) == (1, 0, 0)


def test_a_resolved_batch_is_final_and_forgotten(world: World) -> None:
    batch = world.paid_batch("node", ["cleo"])
    hold_vote(world, batch, dict.fromkeys(("fa", "fb", "fc"), YES))
    resolve(world, batch)
    assert world.read("Committee.panelOf", batch.id) == (0,) * 10
    assert world.fails("anyone", "Committee.resolve", batch.id, [], batch.charges).error == "NotDrawn"
    assert world.fails("anyone", "Committee.draw", batch.id).error == "BatchNotOpen"


# ---- what votes cost and earn ----


def test_members_share_the_fees_and_the_bounty_equally(world: World) -> None:
    batch = world.paid_batch("node", ["cleo"] * 2)
    hold_vote(world, batch, dict.fromkeys(("fa", "fb", "fc"), "yes no"))
    receipt = resolve(world, batch)
    pot = FEE // 5 + STAKE // 10 * 4 // 10
    rewards = {reward["member"]: reward["amount"] for reward in events(receipt, "Rewarded")}
    assert rewards == {world.address(name): pot // 3 for name in ("fa", "fb", "fc")}
    assert world.balance("Committee") == 0
    assert world.balance("fa") == pot // 3
    assert world.read("Settlement.escrowOf", world.address("cleo")) == 100 * OPG - FEE


def test_who_votes_against_a_quorum_is_slashed_once_and_earns_nothing(world: World) -> None:
    batch = world.paid_batch("node", ["cleo"] * 3)
    hold_vote(world, batch, {"fa": "yes yes yes", "fb": "yes yes yes", "fc": "no no yes"})
    receipt = resolve(world, batch)
    slashed = event(receipt, "Slashed")
    assert slashed["node"] == world.address("fc")
    assert slashed["amount"] == slashed["burned"] == STAKE // 100
    assert slashed["reason"].rstrip(b"\0") == b"wrong_vote"
    assert [reward["member"] for reward in events(receipt, "Rewarded")] == [world.address("fa"), world.address("fb")]


def test_to_accept_what_a_quorum_rejects_is_as_wrong(world: World) -> None:
    batch = world.paid_batch("node", ["cleo"])
    hold_vote(world, batch, {"fa": NO, "fb": NO, "fc": YES})
    slashed = [(s["node"], s["reason"].rstrip(b"\0")) for s in events(resolve(world, batch), "Slashed")]
    assert sorted(slashed) == sorted([(world.address("node"), b"fraud"), (world.address("fc"), b"wrong_vote")])


def test_to_abstain_or_to_be_outvoted_without_a_quorum_is_no_fault(world: World) -> None:
    batch = world.paid_batch("node", ["cleo"] * 2)
    hold_vote(world, batch, {"fa": "yes yes", "fb": "yes no", "fc": "yes -"})
    receipt = resolve(world, batch)
    assert verdict(receipt) == (bits(0), 0, bits(1))
    assert events(receipt, "Slashed") == []
    assert len(events(receipt, "Rewarded")) == 3


def test_who_abstains_from_a_claim_that_is_decided_earns_nothing(world: World) -> None:
    batch = world.paid_batch("node", ["cleo"] * 2)
    hold_vote(world, batch, {"fa": "yes yes", "fb": "yes yes", "fc": "yes -"})
    receipt = resolve(world, batch)
    assert events(receipt, "Slashed") == []
    assert {reward["member"] for reward in events(receipt, "Rewarded")} == {world.address("fa"), world.address("fb")}


def test_a_commitment_that_is_not_revealed_costs_and_staying_away_does_not(world: World) -> None:
    batch = world.paid_batch("node", ["cleo"])
    seats = members_of(world, batch)
    for who in ("fa", "fb"):
        assert commit(world, batch, who, seats[who], YES).ok
    assert reveal(world.later(30), batch, "fa", seats["fa"], YES).ok
    world.later(30).tick()
    slashed = event(resolve(world, batch), "Slashed")
    assert (slashed["node"], slashed["amount"]) == (world.address("fb"), STAKE // 1_000)
    assert slashed["reason"].rstrip(b"\0") == b"missed_reveal"


def test_a_batch_nobody_could_judge_is_refunded_in_full(world: World) -> None:
    batch = world.paid_batch("node", ["cleo"] * 3)
    hold_vote(world, batch, dict.fromkeys(("fa", "fb", "fc"), "- - -"))
    final = event(resolve(world, batch), "BatchFinal")
    assert (final["voided"], final["refunded"], final["paid"]) == (3, 3 * FEE, 0)
    assert world.read("Settlement.escrowOf", world.address("cleo")) == 100 * OPG
    assert world.balance(BURN_ADDRESS) == 0


def test_a_claim_proven_meanwhile_does_not_keep_withheld_data_open(world: World) -> None:
    """The rest could be opened by nobody but the node, and the batch stayed open until it expired."""
    batch = world.paid_batch("node", ["cleo"] * 3)
    told = world.answer("node", batch.claims[1], output_hash=hash_of("told"))
    world.ok("cleo", "Settlement.proveEquivocation", batch.id, batch.opening(1), *told)
    hold_vote(world, batch, dict.fromkeys(("fa", "fb", "fc"), "- - -"))
    receipt = world.ok("anyone", "Committee.resolve", batch.id, [], batch.charges)
    final = event(receipt, "BatchFinal")
    assert (final["rejected"], final["voided"], final["refunded"], final["paid"]) == (1, 2, 3 * FEE, 0)
    assert event(receipt, "BountyPaid")["to"] == world.address("cleo")


def test_an_equivocation_proven_meanwhile_is_taken_out_of_the_vote(world: World) -> None:
    batch = world.paid_batch("node", ["cleo"] * 2)
    hold_vote(world, batch, dict.fromkeys(("fa", "fb", "fc"), "yes yes"))
    told = world.answer("node", batch.claims[0], output_hash=hash_of("told"))
    world.ok("cleo", "Settlement.proveEquivocation", batch.id, batch.opening(0), *told)
    receipt = resolve(world, batch)
    assert verdict(receipt) == (bits(1), bits(0), 0)
    assert events(receipt, "Slashed") == []
    assert len(events(receipt, "Rewarded")) == 3


def test_a_committee_of_none_but_the_proven_wrong_still_settles(world: World) -> None:
    batch = world.paid_batch("node", ["cleo"])
    told = world.answer("node", batch.claims[0], output_hash=hash_of("told"))
    world.ok("cleo", "Settlement.proveEquivocation", batch.id, batch.opening(0), *told)
    hold_vote(world, batch, dict.fromkeys(("fa", "fb", "fc"), YES))
    final = event(resolve(world, batch), "BatchFinal")
    assert (final["rejected"], final["refunded"]) == (1, FEE)


@pytest.mark.parametrize(
    "wrong",
    [
        {"size": 129},
        {"quorum_numerator": 1, "quorum_denominator": 2},
        {"quorum_numerator": 4},
        {"quorum_denominator": 0, "quorum_numerator": 0},
        {"wrong_vote_slash_bps": 10_001},
        {"missed_reveal_slash_bps": 10_001},
    ],
)
def test_parameters_that_cannot_work_are_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(Exception, match="InvalidParameters"):
        make(replace(COMMITTEE, **wrong))


def test_a_full_committee_of_128_judges_a_full_batch() -> None:
    names = [f"f{i}" for i in range(128)]
    world = make(replace(COMMITTEE, size=0, commit_reveal=False), names)
    batch = world.paid_batch("node", ["cleo"] * 128)
    seats = members_of(world, batch)
    odd = [YES if i % 2 else NO for i in range(128)]
    words = {name: odd if i < 100 else [YES] * 128 for i, name in enumerate(names)}
    calls = [
        world.call(name, "Committee.vote", batch.id, seats[name], votes_of(" ".join(words[name]))) for name in names
    ]
    assert all(receipt.ok for receipt in world.send_all(calls))
    receipt = resolve(world, batch)
    assert len(events(receipt, "Slashed")) == 29
    assert receipt.gas_used < TRANSACTION_GAS_MAX
