"""Gas of disputes, in the situation a run meets most; ``pytest -s`` on this file prints the table."""

from __future__ import annotations

from collections.abc import Iterator

from chain.seam import Receipt
from tests.chain.contracts.test_contracts_optimistic_attention import School
from tests.chain.contracts.test_contracts_optimistic_forced_error import ForcedCourt
from tests.chain.contracts.test_contracts_optimistic_seals import seal, unsealed
from tests.disputes import ARBITERS, Courtroom, Dispute, everybody
from tests.panels import NO, YES

CEILINGS = {
    "Optimistic.challenge, 1 claim": 185_000,
    "Optimistic.challenge, 20 claims": 195_000,
    "Optimistic.challenge, by another": 150_000,
    "Optimistic.sealChallenge": 125_000,
    "Optimistic.openChallenge": 160_000,
    "Optimistic.finalise, 20 claims": 130_000,
    "Optimistic.arbitrate, all of 3": 195_000,
    "Optimistic.resolve, 1 of 20 upheld": 260_000,
    "Optimistic.resolve, 1 of 20 rejected": 275_000,
    "Optimistic.reclaim, 1 challenger": 75_000,
    "ForcedError.commitSecrets": 80_000,
    "ForcedError.showForced, 1 finder": 125_000,
    "ForcedError.showForced, 5 finders": 230_000,
    "AttentionChallenge.respond": 65_000,
    "AttentionChallenge.showSecret": 40_000,
    "AttentionChallenge.accuse": 175_000,
    "AttentionChallenge.accuseOfSilence": 105_000,
}


def measured() -> Iterator[tuple[str, Receipt]]:
    """Every call of the table, by name."""
    yield from disputes(Courtroom(Dispute(challenge_window_s=100)))
    yield from seals(Courtroom(Dispute(open_window_s=10)))
    yield from forced_errors(ForcedCourt())
    yield from attention(School())


def disputes(court: Courtroom) -> Iterator[tuple[str, Receipt]]:
    calm, upheld, rejected, expired = (court.batch(20, tag=tag) for tag in ("calm", "upheld", "rejected", "expired"))
    court.challenge(expired, "ann", 0)  # the first ever pays for the contract's own books
    yield "Optimistic.challenge, 1 claim", court.challenge(upheld, "ann", 0)
    yield "Optimistic.challenge, 20 claims", court.challenge(rejected, "ann", *range(20))
    yield "Optimistic.challenge, by another", court.challenge(upheld, "bob", 0)
    court.window_over(rejected)
    yield "Optimistic.finalise, 20 claims", court.finalise(calm)
    yield "Optimistic.arbitrate, all of 3", court.ok("anyone", "Optimistic.arbitrate", upheld.id)
    for seat, who in enumerate(ARBITERS):
        court.ok(who, "Optimistic.vote", upheld.id, seat, 1)
    yield "Optimistic.resolve, 1 of 20 upheld", court.resolve(upheld)
    words = " ".join([NO] + [YES] * 19)
    yield "Optimistic.resolve, 1 of 20 rejected", court.arbitrate(rejected, everybody(words))
    court.later(court.parameters.expiry_s).ok("anyone", "Settlement.voidBatch", expired.id, expired.charges)
    yield "Optimistic.reclaim, 1 challenger", court.ok("anyone", "Optimistic.reclaim", expired.id)


def seals(court: Courtroom) -> Iterator[tuple[str, Receipt]]:
    batch = court.batch(20)
    seal(court, batch, "ann", 0)  # the first ever pays for the contract's own books
    yield "Optimistic.sealChallenge", seal(court, batch, "bob", 0)
    yield "Optimistic.openChallenge", unsealed(court, batch, "bob", 0)


def forced_errors(court: ForcedCourt) -> Iterator[tuple[str, Receipt]]:
    tip = court.round + 1
    yield "ForcedError.commitSecrets", court.ok("ina", "ForcedError.commitSecrets", tip, court.secrets[0])
    court.pass_rounds(2)
    for finders, name in ((1, "1 finder"), (5, "5 finders")):
        court.pass_rounds()
        number = court.round
        batch = court.with_error(number, name)
        for who in ("ann", "bob", "cat", "dan", "eve")[:finders]:
            court.challenge(batch, who, 1)
        yield f"ForcedError.showForced, {name}", court.hear(batch).show(batch, number)


def attention(school: School) -> Iterator[tuple[str, Receipt]]:
    batch = school.batch_of(20)
    yield (
        "AttentionChallenge.respond",
        school.ok("fb", "AttentionChallenge.respond", batch.id, school.posted_at(batch), 1),
    )
    yield "AttentionChallenge.showSecret", school.show("fa", batch)
    missed = school.calls("fa", batch).index(True)
    accusing = school.accusing("fa", batch, missed)
    yield "AttentionChallenge.accuse", school.hear(batch).ok("fc", "AttentionChallenge.accuse", *accusing)
    silent = (batch.id, school.address("fb"))
    yield "AttentionChallenge.accuseOfSilence", school.ok("fc", "AttentionChallenge.accuseOfSilence", *silent)


def test_no_call_costs_more_than_it_did() -> None:
    table = {name: receipt.gas_used for name, receipt in measured()}
    print("\n" + "\n".join(f"{name:<45}{gas:>10,}" for name, gas in table.items()))
    assert {name: gas for name, gas in table.items() if gas > CEILINGS[name]} == {}
    assert table.keys() == CEILINGS.keys()
