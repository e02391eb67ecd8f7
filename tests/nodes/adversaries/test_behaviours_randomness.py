"""Full nodes that steer the beacon: the last revealer picks the better of two seeds."""

from __future__ import annotations

from functools import cache
from typing import Any

import pytest

from chain.seam import Call
from nodes.adversaries.behaviour import Coalition
from nodes.adversaries.full.randomness import BeaconBias, lot_of, mixed
from nodes.effects import Now, Read, Receive, Sleep, Submit
from simnet.theory import last_revealer_wins
from tests.driving import Course, always, attached, event, inbox, lies, mined, past, who
from tests.small import Played, play

ME = who("full-0").address
ROLL = [who(f"full-{i}").address for i in range(3)]
BATCH = bytes(31) + b"\1"
SILENT = bytes(32)
"""The seed if it keeps its secret."""
CHAIN: dict[str, Any] = {
    "roundLength": 20,
    "genesis": 1_000,
    "batchOf": (who("inference-0").address, 1_030),
    "roundAt": 1,
    "activeNodesSince": (ROLL, [1, 1, 1]),
    "rateOf": 10**9 // 2,
}
"""What the chain answers at second 45 of round 2; the batch was posted in round 1."""


def seated(seed: bytes) -> bool:
    """Whether we get the one seat."""
    return min(ROLL, key=lambda member: lot_of(seed, BATCH, int(member, 16))) == ME


def secret_that(seats: bool, mix: bytes = SILENT) -> bytes:
    """A secret whose reveal gives us the seat, or does not."""
    return next(s for i in range(1_000) if seated(mixed(mix, ME, s := i.to_bytes(32, "big"))) is seats)


def drawn(seed: bytes) -> bool:
    """Whether the batch's one claim is drawn to be checked."""
    return int.from_bytes(lot_of(seed, BATCH, 0), "big") % 10**9 < 10**9 // 2


def revealing(secret: bytes, aim: Any = "seats", mix: bytes = SILENT, others: int = 1, **chain: Any) -> Course:
    """The moment at which the honest node would reveal."""
    bias = attached(BeaconBias(aim=aim), "full-0", ["inference-0"], coalition=Coalition(("full-0",)), genesis=1_000)
    news = [
        event("BatchPosted", batch=BATCH, node=who("inference-0").address, count=1),
        event("CommitteeDrawn", "Committee", batch=bytes(32), members=[ME], firstSeat=0),
        event("Sampled", "Sampling", batch=bytes(32)),
        *[event("SecretRevealed", "Beacon", round=2, mix=mix)] * others,
    ]
    past(bias, *(Receive() for _ in news), answers=inbox(*news))
    answers: dict[Any, Any] = {Read: lambda read: {**CHAIN, **chain}[read.function], Now: always(45.0), Submit: mined}
    return past(bias, Submit(Call(ME, "Beacon", "reveal", (secret,))), answers=answers)


@pytest.mark.parametrize("mix", [bytes([i]) * 32 for i in range(6)])
@pytest.mark.parametrize("better", [True, False])
def test_it_reveals_unless_silence_draws_it_a_seat_that_its_secret_would_not(mix: bytes, better: bool) -> None:
    course = revealing(secret_that(better, mix), mix=mix)
    withheld = seated(mix) and not better
    assert len(course.calls) == (0 if withheld else 1)
    assert lies(course) == ([("beacon", "2")] if withheld else [])


def test_it_waits_until_only_the_margin_of_the_round_is_left() -> None:
    assert revealing(secret_that(True)).one(Sleep).seconds == 20 - 45 % 20 - 3


def test_it_looks_at_the_batches_of_the_round_before_and_at_no_others() -> None:
    course = revealing(secret_that(False), mix=next(bytes([i]) * 32 for i in range(99) if seated(bytes([i]) * 32)),
                       roundAt=0)  # fmt: skip
    assert len(course.calls) == 1


def test_if_nobody_else_has_revealed_silence_would_gain_nothing() -> None:
    assert len(revealing(secret_that(False), others=0).calls) == 1


def test_votes_are_none_of_its_business() -> None:
    bias = attached(BeaconBias(), "full-0")
    assert len(past(bias, Submit(Call(ME, "Committee", "reveal")), answers={Submit: mined}).calls) == 1


@pytest.mark.parametrize("byte", range(4))
def test_it_can_keep_an_accomplices_claim_from_being_drawn(byte: int) -> None:
    mix, secret = bytes([byte]) * 32, bytes(32)
    course = revealing(secret, "samples", mix=mix)
    withheld = drawn(mixed(mix, ME, secret)) and not drawn(mix)
    assert len(course.calls) == (0 if withheld else 1)


@cache
def biased(*adversaries: str) -> Played:
    """One batch a round, two of five full nodes drawn for each."""
    return play(
        adversaries=[{"behaviour": "beacon_bias", "nodes": list(adversaries)}] if adversaries else [],
        strategy={"kind": "committee", "size": 2},
        nodes={"inference": {"count": 1, "batch_interval": "20 s"}, "full": {"count": 5}},
        clients={"count": 1, "arrivals": "poisson 0.1/s"},
        economics={"beacon_round": "20 s"},
        duration="25 min",
    )


@pytest.mark.long
def test_the_share_of_draws_that_it_wins_is_that_of_two_tries() -> None:
    """P(win) = 1 - (1 - p)^2, with p = 2/5; 65 draws have a standard error of 0.06."""
    for run, expected in ((biased(), 2 / 5), (biased("full-0"), last_revealer_wins(2 / 5))):
        address = run.tables.participants["full-0"]["address"]
        draws = run.tables.event("CommitteeDrawn")
        assert len(draws) > 50
        assert sum(address in row["members"] for row in draws) / len(draws) == pytest.approx(expected, abs=0.18)
    assert biased("full-0")["adversary_reward_share"] > 1 / 5
    assert biased("full-0")["slashes_total"] == 0
