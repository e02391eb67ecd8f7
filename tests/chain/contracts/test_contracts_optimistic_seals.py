"""Sealed challenges: nobody can copy what nobody sees, and a seal is no free bet."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from chain.formats.claims import vote_commitment
from chain.quantities import BURN_ADDRESS
from chain.seam import Receipt, Revert
from tests.contracts_world import PARAMETERS, Batch, bits, event, events, hash_of
from tests.disputes import Courtroom, Dispute, everybody, gains
from tests.panels import NO, YES

DISPUTE = Dispute(challenge_window_s=40, open_window_s=10)
BOND = DISPUTE.bond


@pytest.fixture
def court() -> Courtroom:
    return Courtroom(DISPUTE)


def sealed(court: Courtroom, batch: Batch, who: str, *claims: int) -> tuple[Any, ...]:
    """Arguments of a seal on these claims."""
    return batch.id, vote_commitment(batch.id, court.address(who), bits(*claims), hash_of("salt", who)), len(claims)


def seal(court: Courtroom, batch: Batch, who: str, *claims: int) -> Receipt:
    return court.ok(who, "Optimistic.sealChallenge", *sealed(court, batch, who, *claims))


def opening(court: Courtroom, batch: Batch, who: str, *claims: int) -> tuple[Any, ...]:
    """Arguments that open it."""
    return batch.id, bits(*claims), hash_of("salt", who)


def closes(court: Courtroom, batch: Batch) -> int:
    posted: int = court.read("Settlement.batchOf", batch.id)[1]
    return posted + court.dispute.challenge_window_s


def unsealed(court: Courtroom, batch: Batch, who: str, *claims: int) -> Receipt:
    """Open a seal as soon as that is possible."""
    court.at(max(closes(court, batch), court.now) + 1)
    return court.ok(who, "Optimistic.openChallenge", *opening(court, batch, who, *claims))


def test_a_seal_shows_how_many_claims_and_not_which(court: Courtroom) -> None:
    batch = court.batch(3)
    one, other = (event(seal(court, batch, who, *claims), "ChallengeSealed") for who, claims in SEALS)
    assert (one["claims"], one["bonded"]) == (other["claims"], other["bonded"]) == (2, 2 * BOND)
    assert court.read("Optimistic.disputedIn", batch.id) == 0
    assert court.read("Optimistic.bonded") == court.balance("Optimistic") == 4 * BOND


SEALS = (("ann", (0, 1)), ("bob", (1, 2)))


def test_a_sealed_challenge_is_opened_when_no_more_are_taken(court: Courtroom) -> None:
    batch = court.batch(3)
    seal(court, batch, "ann", 1)
    end = closes(court, batch)
    early = court.at(end).fails("ann", "Optimistic.openChallenge", *opening(court, batch, "ann", 1))
    assert early == Revert("TooEarly", {"until": end})
    late = court.fails("bob", "Optimistic.sealChallenge", *sealed(court, batch, "bob", 1))
    assert late == Revert("TooLate", {"until": end})
    assert event(unsealed(court, batch, "ann", 1), "Challenged")["claims"] == bits(1)
    assert court.read("Optimistic.disputedIn", batch.id) == bits(1)


def test_it_is_opened_in_time_or_not_at_all(court: Courtroom) -> None:
    batch = court.batch()
    for who in ("ann", "bob"):
        seal(court, batch, who, 0)
    known = closes(court, batch) + DISPUTE.open_window_s
    court.at(known).ok("ann", "Optimistic.openChallenge", *opening(court, batch, "ann", 0))
    late = court.fails("bob", "Optimistic.openChallenge", *opening(court, batch, "bob", 0))
    assert late == Revert("TooLate", {"until": known})


def test_nothing_follows_before_all_are_known(court: Courtroom) -> None:
    batch = court.batch()
    known = closes(court, batch) + DISPUTE.open_window_s
    assert court.at(known).fails("anyone", "Optimistic.finalise", batch.id, [], []).error == "TooEarly"
    court.finalise(batch)


@pytest.mark.parametrize(
    ("claims", "salt", "who"), [(bits(0, 1), "ann", "ann"), (bits(1), "ann", "ann"), (bits(0), "bob", "ann")]
)
def test_only_what_was_sealed_opens_the_seal(court: Courtroom, claims: int, salt: str, who: str) -> None:
    batch = court.batch(2)
    seal(court, batch, "ann", 0)
    court.at(closes(court, batch) + 1)
    assert court.fails(who, "Optimistic.openChallenge", batch.id, claims, hash_of("salt", salt)).error == "WrongReveal"


def test_a_copied_seal_cannot_be_opened_by_the_copier(court: Courtroom) -> None:
    batch = court.batch(2)
    original = sealed(court, batch, "ann", 1)
    court.ok("ann", "Optimistic.sealChallenge", *original)
    court.ok("bob", "Optimistic.sealChallenge", *original)
    unsealed(court, batch, "ann", 1)
    copied = court.fails("bob", "Optimistic.openChallenge", *opening(court, batch, "ann", 1))
    assert copied.error == "WrongReveal"


def test_a_copier_shares_the_reward_of_open_challenges_and_not_of_sealed_ones() -> None:
    def won(dispute: Dispute) -> dict[str, int]:
        court = Courtroom(dispute)
        batch = court.batch()
        before = court.wallets("ann", "bob")
        if dispute.open_window_s:
            seal(court, batch, "ann", 0)
            unsealed(court, batch, "ann", 0)
            assert not court.send("bob", "Optimistic.challenge", batch.id, bits(0)).ok
            assert not court.send("bob", "Optimistic.sealChallenge", *sealed(court, batch, "bob", 0)).ok
        else:
            court.challenge(batch, "ann", 0)
            court.challenge(batch, "bob", 0)
        court.arbitrate(batch, everybody(NO))
        return gains(before, court.wallets("ann", "bob"))

    hidden, shown = won(DISPUTE), won(replace(DISPUTE, open_window_s=0))
    assert hidden["ann"] == 2 * shown["ann"] == 2 * shown["bob"]
    assert "bob" not in hidden


def test_an_opened_challenge_is_judged_like_any_other(court: Courtroom) -> None:
    batch = court.batch(2)
    before = court.wallets("ann", "node")
    seal(court, batch, "ann", 0)
    unsealed(court, batch, "ann", 0)
    court.arbitrate(batch, everybody(f"{YES} -"))
    after = gains(before, court.wallets("ann", "node"))
    assert after["ann"] == -BOND
    assert after["node"] > BOND // 2
    assert court.read("Optimistic.bonded") == 0


def test_who_does_not_open_its_seal_loses_the_bond_once(court: Courtroom) -> None:
    batch = court.batch(2)
    seal(court, batch, "ann", 0, 1)
    known = closes(court, batch) + DISPUTE.open_window_s
    early = court.at(known).fails("anyone", "Optimistic.forfeit", batch.id, court.address("ann"))
    assert early == Revert("TooEarly", {"until": known})
    burned = court.balance(BURN_ADDRESS)
    assert event(court.ok("anyone", "Optimistic.forfeit", batch.id, court.address("ann")), "BondForfeited") == {
        "batch": batch.id,
        "challenger": court.address("ann"),
        "amount": 2 * BOND,
    }
    assert court.balance(BURN_ADDRESS) - burned == 2 * BOND
    assert court.balance("Optimistic") == court.read("Optimistic.bonded") == 0
    assert court.fails("anyone", "Optimistic.forfeit", batch.id, court.address("ann")).error == "NotInDispute"


def test_a_seal_stands_for_one_challenge_at_a_time(court: Courtroom) -> None:
    batch = court.batch(2)
    seal(court, batch, "ann", 0)
    again = court.fails("ann", "Optimistic.sealChallenge", *sealed(court, batch, "ann", 1))
    assert again.error == "AlreadyCommitted"


@pytest.mark.parametrize("count", [0, 3])
def test_a_seal_is_about_as_many_claims_as_there_are(court: Courtroom, count: int) -> None:
    batch = court.batch(2)
    args = (batch.id, hash_of("commitment"), count)
    assert court.fails("ann", "Optimistic.sealChallenge", *args).error == "InvalidChallenge"
    assert court.fails("ann", "Optimistic.sealChallenge", batch.id, bytes(32), 1).error == "ZeroCommitment"


def test_a_seal_on_claims_that_do_not_exist_can_never_be_opened(court: Courtroom) -> None:
    batch = court.batch(2)
    seal(court, batch, "ann", 5)
    court.at(closes(court, batch) + 1)
    args = opening(court, batch, "ann", 5)
    assert court.fails("ann", "Optimistic.openChallenge", *args).error == "InvalidChallenge"


def test_whoever_finds_no_room_gets_its_bond_back() -> None:
    court = Courtroom(replace(DISPUTE, challenge_window_s=200, open_window_s=100))
    batch = court.batch(2)
    crowd = [f"c{i}" for i in range(34)]
    for who in crowd:
        court.enrich(who, 2 * BOND)
        seal(court, batch, who, 0 if who != "c33" else 1)
    court.at(court.read("Settlement.batchOf", batch.id)[1] + 201)
    opened = [court.ok(who, "Optimistic.openChallenge", *opening(court, batch, who, who == "c33")) for who in crowd]
    assert [len(events(receipt, "Challenged")) for receipt in opened] == [1] * 32 + [0, 1]
    assert event(opened[32], "ChallengeDecided")["forfeited"] == 0
    assert court.balance("c32") == 2 * BOND


def test_each_scheme_has_its_own_way_to_challenge(court: Courtroom) -> None:
    batch = court.batch()
    assert court.fails("ann", "Optimistic.challenge", batch.id, 1) == Revert("WrongScheme", {"commitReveal": True})
    plain = Courtroom()
    batch = plain.batch()
    refused = plain.fails("ann", "Optimistic.sealChallenge", *sealed(plain, batch, "ann", 0))
    assert refused == Revert("WrongScheme", {"commitReveal": False})


def test_seals_on_a_batch_that_expired_are_forfeited_like_others(court: Courtroom) -> None:
    batch = court.batch()
    seal(court, batch, "ann", 0)
    court.later(PARAMETERS.expiry_s).ok("anyone", "Settlement.voidBatch", batch.id, batch.charges)
    assert court.fails("ann", "Optimistic.openChallenge", *opening(court, batch, "ann", 0)).error == "BatchNotOpen"
    court.ok("anyone", "Optimistic.forfeit", batch.id, court.address("ann"))
