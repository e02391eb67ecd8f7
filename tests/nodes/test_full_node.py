"""The full node, driven by hand: fetching, checking, abstaining, showing claims, feeding the beacon."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from chain.formats.claims import Claim, ClaimTree, opening
from chain.quantities import BatchId
from chain.seam import Log
from nodes.effects import (
    Abandon,
    ChainTime,
    Check,
    Execute,
    Over,
    Purpose,
    Read,
    ReadBack,
    Request,
    Sleep,
    Spawn,
    Steps,
    Submit,
    Subscribe,
    Verdict,
)
from nodes.full import CLAIMS_KEPT, DUTY, FullNode, OpenBatch, VerifierHalf
from nodes.messages import BatchData, BatchQuery, ChainReorg, ClaimProof, ClaimQuery, Envelope, Refusal
from nodes.records import ClaimChecked, DutyFailed
from simnet.comparators.relative import Relative
from simnet.world.directory import hash_chain
from tests.driving import (
    INPUT,
    MODEL,
    MODEL_HASH,
    OUTPUT,
    PEOPLE,
    TASK,
    Answers,
    Course,
    always,
    any_claim,
    assert_alike,
    batch_of,
    event,
    execution,
    follow,
    from_client,
    inbox,
    mined,
    one_after_the_other,
    refused,
    task_id,
    who,
)
from tests.stage import DOMAIN

ME = who("full-1")
ROUND_S = 12.0


class Watching(VerifierHalf):
    """Does nothing but be asked."""

    watches = ("BatchPosted", "Voted")

    def on_log(self, log: Log) -> Steps:
        """Say which event it was."""
        yield Sleep(0.0)
        return log.event


def node(**changes: Any) -> FullNode:
    """A fresh full node."""
    one = FullNode(
        ME,
        PEOPLE,
        models={MODEL_HASH: MODEL},
        make_half=Watching,
        comparator=Relative(),
        rank=1,
        genesis=1_000,
        domain=DOMAIN,
        beacon_round_s=ROUND_S,
    )
    return replace(one, **changes)


def knowing(data: BatchData, root: bytes, count: int = 2) -> FullNode:
    """A full node that has seen a batch of so many claims posted by inference-0."""
    one = node()
    one.batches[data.batch] = OpenBatch(who("inference-0"), root, count, ())
    return one


DATA, ROOT = batch_of([OUTPUT, OUTPUT * 2])


# -- following the chain -------------------------------------------------------------------------------------


def posted(data: BatchData = DATA, root: bytes = ROOT, by: str = who("inference-0").address) -> Envelope:
    """The log of a posted batch."""
    charges = ((who("client-0").address, 20),)
    return event("BatchPosted", batch=bytes.fromhex(data.batch[2:]), node=by, root=root, count=2, charges=charges)


def test_it_subscribes_to_what_its_strategy_watches_and_feeds_the_beacon_if_that_needs_one() -> None:
    course = follow(node().run(), inbox())
    assert course.one(Subscribe).events == ("BatchPosted", "BatchFinal", "Voted")
    assert course.of(Spawn) == []
    assert len(follow(node(beacon_secrets=(bytes(32),)).run(), inbox()).of(Spawn)) == 1


def test_an_event_that_is_watched_starts_a_duty_beside_everything_else() -> None:
    vote = event("Voted", "Committee", batch=bytes(32), member="0x")
    course = follow(node().run(), inbox(posted(), vote, event("Voted", "Other"), event("BatchFinal", batch=bytes(32))))
    assert [follow(spawn.steps).result for spawn in course.of(Spawn)] == ["BatchPosted", "Voted"]
    assert course.of(Over) == [Over("0x" + bytes(32).hex())]


def test_of_what_is_watched_only_what_asks_for_something_starts_a_duty() -> None:
    class Choosy(Watching):
        duties = ("Voted",)

    vote = event("Voted", "Committee", batch=bytes(32), member="0x")
    course = follow(node(make_half=Choosy).run(), inbox(posted(), vote))
    assert [follow(spawn.steps).result for spawn in course.of(Spawn)] == ["Voted"]


def test_a_batch_is_remembered_with_its_votes_until_it_is_final() -> None:
    one = node()
    vote = event("Voted", "Committee", batch=bytes.fromhex(DATA.batch[2:]), member="0x01")
    follow(one.run(), inbox(posted(), vote))
    known = one.batches[DATA.batch]
    assert (known.poster, known.root, known.charges) == (who("inference-0"), ROOT, ((who("client-0").address, 20),))
    assert [args["member"] for args in known.events["Voted"]] == ["0x01"]
    follow(one.run(), inbox(event("BatchFinal", batch=bytes.fromhex(DATA.batch[2:]))))
    assert one.batches == {}


def test_a_batch_of_a_stranger_is_ignored() -> None:
    one = node()
    follow(one.run(), inbox(posted(by="0x" + "99" * 20)))
    assert one.batches == {}


# -- after a crash or a reorg ------------------------------------------------------------------------------


def test_a_node_that_starts_anew_takes_up_the_batches_that_the_chain_has_open() -> None:
    vote = event("Voted", "Committee", batch=bytes.fromhex(DATA.batch[2:]), member="0x01")
    logs = (posted().message, vote.message)
    one = node()
    course = follow(one.run(), {**inbox(), ReadBack: always(logs)})
    assert course.one(ReadBack).events == course.one(Subscribe).events
    assert [(spawn.duty, follow(spawn.steps).result) for spawn in course.of(Spawn)] == [
        (DUTY, "BatchPosted"),
        (DUTY, "Voted"),
    ]
    assert [args["member"] for args in one.batches[DATA.batch].events["Voted"]] == ["0x01"]


def test_after_a_reorg_it_begins_anew_with_what_the_chain_still_has() -> None:
    one = node()
    answers = {**inbox(posted(), Envelope("chain", ChainReorg(3))), ReadBack: one_after_the_other((), ())}
    course = follow(one.run(), answers)
    assert course.of(Abandon) == [Abandon(DUTY)] * 2
    assert one.batches == {}


# -- fetching ------------------------------------------------------------------------------------------------


def fetch(one: FullNode, reply: Any) -> Course:
    """Fetch the batch; its poster replies so."""
    return follow(one.fetch(DATA.batch), {Request: always(reply)})


def test_data_that_matches_the_root_is_taken_and_its_claims_can_be_asked_for() -> None:
    one = knowing(DATA, ROOT)
    course = fetch(one, DATA)
    assert course.result is DATA
    assert course.one(Request).peer == "inference-0"
    assert course.one(Request).message == BatchQuery(DATA.batch)
    (proof,) = follow(one.run(), inbox(from_client(ClaimQuery(task_id(2))))).said
    assert isinstance(proof, ClaimProof)
    assert (proof.batch, proof.claim) == (DATA.batch, DATA.claims[1])
    assert proof.proof == ClaimTree(DATA.claims).proof(1)


@pytest.mark.parametrize(
    ("reply", "reason"),
    [
        (None, "data withheld"),
        (Refusal(DATA.batch, "unknown batch"), "data withheld"),
        (replace(batch_of([OUTPUT, OUTPUT])[0], batch=DATA.batch), "data does not match root"),
        (replace(DATA, claims=DATA.claims[:1]), "data does not match root"),
    ],
    ids=["silence", "refusal", "other claims", "claims missing"],
)
def test_without_the_data_behind_the_root_there_is_nothing_to_judge(reply: Any, reason: str) -> None:
    one = knowing(DATA, ROOT)
    course = fetch(one, reply)
    assert course.result is None
    assert course.records == [DutyFailed(ME.name, DATA.batch, reason)]
    assert one.claims == {}


@pytest.mark.parametrize(
    "reply",
    [
        replace(DATA, claims=()),
        replace(DATA, inputs=DATA.inputs[:1]),
        replace(DATA, outputs=()),
        replace(DATA, claims=(DATA.claims[0], DATA.claims[0])),
        replace(DATA, claims=tuple(reversed(DATA.claims))),
        replace(DATA, claims=(DATA.claims[0], replace(DATA.claims[1], index=-1))),
        replace(DATA, batch=BatchId("0x" + "77" * 32)),
    ],
    ids=["no claims", "an input missing", "no outputs", "a claim twice", "out of order", "below 0", "another batch"],
)
def test_a_poster_cannot_trip_a_full_node_with_odd_data(reply: BatchData) -> None:
    course = fetch(knowing(DATA, ROOT), reply)
    assert course.result is None
    assert len(course.records) == 1


MALFORMED = {
    "a claim left out": ((0, 1, 2, 3, 4, 5), 5, 5),
    "all but one": ((0, 1), 1, 0),
    "a number twice": ((0, 0), 2, 1),
}


@pytest.mark.parametrize(("indices", "count", "position"), MALFORMED.values(), ids=MALFORMED.keys())
def test_a_malformed_batch_is_proven_so_once_and_not_judged(
    indices: tuple[int, ...], count: int, position: int
) -> None:
    data, root = batch_of([OUTPUT] * len(indices), indices=indices)
    one = knowing(data, root, count)
    course = follow(one.fetch(data.batch), {Request: always(data)})
    assert (course.result, course.records) == (None, [DutyFailed(ME.name, data.batch, "malformed")])
    (call,) = follow(course.one(Spawn).steps, {Submit: mined}).calls
    opened = opening(data.claims[position], ClaimTree(data.claims).proof(position))
    batch = bytes.fromhex(data.batch[2:])
    assert (call.function, call.args) == ("proveMalformed", (batch, opened, position, one.batches[data.batch].charges))
    assert follow(one.fetch(data.batch), {Request: always(data)}).of(Spawn) == []


def test_a_malformed_batch_that_is_final_when_it_is_this_node_s_turn_is_left_alone() -> None:
    data, root = batch_of([OUTPUT, OUTPUT], indices=(0, 0))
    one = knowing(data, root)
    course = follow(one.fetch(data.batch), {Request: always(data)})
    one.batches.clear()
    assert follow(course.one(Spawn).steps).calls == []


def test_a_batch_with_fewer_claims_than_it_says_is_withheld() -> None:
    data, root = batch_of([OUTPUT] * 3)
    course = follow(knowing(data, root, 4).fetch(data.batch), {Request: always(data)})
    assert (course.result, course.records) == (None, [DutyFailed(ME.name, data.batch, "data withheld")])


def test_a_batch_it_has_not_heard_of_is_not_fetched() -> None:
    course = fetch(node(), DATA)
    assert (course.result, course.effects) == (None, [])


def test_a_client_that_asks_for_an_unknown_task_is_told_so() -> None:
    assert follow(node().run(), inbox(from_client(ClaimQuery(TASK)))).said == [Refusal(TASK, "unknown task")]


def test_the_claims_of_a_final_batch_are_forgotten_once_no_reorg_can_open_it_again() -> None:
    one = node(kept_s=100.0)

    def known_after(first: int, at: float) -> int:
        """See a batch posted, fetch it, and see it final at that time; how many claims are remembered then."""
        claims = (any_claim(0, task_id(first)), any_claim(1, task_id(first + 1)))
        data = BatchData(BatchId(task_id(first)), claims, (INPUT, INPUT), (OUTPUT, OUTPUT))
        seen = posted(data, ClaimTree(claims).root)
        follow(one.run(), inbox(seen))
        follow(one.fetch(data.batch), {Request: always(data)})
        end = event("BatchFinal", batch=bytes.fromhex(data.batch[2:]))
        open_then = {data.batch: one.batches[data.batch]}

        def still_open(_: ReadBack) -> tuple[Log, ...]:
            one.batches.update(open_then)
            return ()

        follow(one.run(), {**inbox(end), ChainTime: always(at), ReadBack: still_open})
        return len(one.claims)

    times = {10: 10.0, 20: 60.0, 30: 110.0, 40: 111.0, 50: 161.0}
    assert [known_after(first, at) for first, at in times.items()] == [2, 4, 6, 6, 6]


def test_it_remembers_the_claims_of_the_latest_tasks_and_no_more_than_so_many() -> None:
    one = knowing(DATA, ROOT)
    one.claims = {bytes.fromhex(task_id(1000 + i)[2:]): DATA for i in range(CLAIMS_KEPT)}
    fetch(one, DATA)
    assert len(one.claims) == CLAIMS_KEPT
    assert list(one.claims)[-2:] == [claim.task for claim in DATA.claims]
    assert bytes.fromhex(task_id(1000)[2:]) not in one.claims


# -- checking ------------------------------------------------------------------------------------------------


def verify(claim: Claim, value: np.ndarray = INPUT, output: np.ndarray = OUTPUT, mine: np.ndarray = OUTPUT) -> Course:
    """Have it check a claim; its own execution yields `mine`."""
    return follow(node().verify(claim, value, output), {Execute: always(execution(mine))})


def test_a_check_executes_the_claimed_model_on_the_claimed_input_with_the_reference_weights() -> None:
    course = verify(any_claim())
    assert_alike(course.one(Execute), Execute(MODEL, INPUT, Purpose.CHECK, TASK, "fp32"))
    assert course.result is Verdict.VALID


@pytest.mark.parametrize(
    ("mine", "verdict"),
    [
        (OUTPUT * (1 + 1e-6), Verdict.VALID),
        (OUTPUT * 1.01, Verdict.INVALID),
        (OUTPUT[:2], Verdict.INVALID),
        (OUTPUT[np.newaxis], Verdict.INVALID),
    ],
    ids=["within tolerance", "outside", "fewer entries", "another shape"],
)
def test_the_comparator_decides_and_another_shape_is_never_equal(mine: np.ndarray, verdict: Verdict) -> None:
    assert verify(any_claim(), mine=mine.astype(np.float32)).result is verdict


@pytest.mark.parametrize(
    ("claim", "value", "output"),
    [
        (any_claim(value=INPUT + 1), INPUT, OUTPUT),
        (any_claim(output=OUTPUT + 1), INPUT, OUTPUT),
        (any_claim(model=bytes(32)), INPUT, OUTPUT),
    ],
    ids=["input hash", "output hash", "unknown model"],
)
def test_a_claim_whose_hashes_do_not_fit_is_invalid_without_any_work(
    claim: Claim, value: np.ndarray, output: np.ndarray
) -> None:
    course = verify(claim, value, output)
    assert (course.result, course.effects) == (Verdict.INVALID, [])


def test_nan_is_equal_to_nothing() -> None:
    nothing = np.full(3, np.nan, np.float32)
    assert verify(any_claim(output=nothing), output=nothing).result is Verdict.INVALID


def test_every_claim_of_a_batch_gets_a_verdict_in_leaf_order() -> None:
    verdicts = one_after_the_other(Verdict.VALID, Verdict.INVALID)
    course = follow(knowing(DATA, ROOT).check_batch(DATA), {Check: verdicts})
    assert course.result == [Verdict.VALID, Verdict.INVALID]
    assert course.records == [
        ClaimChecked(ME.name, DATA.batch, task_id(1), "valid"),
        ClaimChecked(ME.name, DATA.batch, task_id(2), "invalid"),
    ]
    assert [(check.node, check.task) for check in course.of(Check)] == [
        ("inference-0", task_id(1)),
        ("inference-0", task_id(2)),
    ]


@pytest.mark.parametrize(
    ("ballot", "result"),
    [
        (0b10, [Verdict.ABSTAIN, Verdict.VALID]),
        (0b01, [Verdict.VALID, Verdict.ABSTAIN]),
        (0, [Verdict.ABSTAIN, Verdict.ABSTAIN]),
    ],
)
def test_a_claim_that_is_not_on_the_ballot_is_left_alone(ballot: int, result: list[Verdict]) -> None:
    course = follow(knowing(DATA, ROOT).check_batch(DATA, ballot), {Check: always(Verdict.VALID)})
    assert course.result == result
    assert len(course.of(Check)) == len(course.records) == result.count(Verdict.VALID)


def test_a_check_carries_the_honest_procedure_with_it() -> None:
    course = follow(knowing(DATA, ROOT).check_batch(DATA), {Check: always(Verdict.VALID)})
    for check, mine, verdict in zip(course.of(Check), (OUTPUT, OUTPUT), (Verdict.VALID, Verdict.INVALID), strict=True):
        assert follow(check.procedure(), {Execute: always(execution(mine))}).result is verdict


def test_checking_stops_when_the_batch_has_become_final_meanwhile() -> None:
    one = knowing(DATA, ROOT)

    def becomes_final(_: Check) -> Verdict:
        one.batches.clear()
        return Verdict.VALID

    assert follow(one.check_batch(DATA), {Check: becomes_final}).result == [Verdict.VALID]


# -- the beacon ----------------------------------------------------------------------------------------------

SECRETS = hash_chain(b"seed", 5)


class Clock:
    """Time that passes while steps sleep, and while the chain mines."""

    def __init__(self, now: float, mining_s: float = 3.0) -> None:
        self.now = now
        self.mining_s = mining_s
        self.revealed: list[tuple[float, bytes]] = []

    def sleep(self, effect: Sleep) -> None:
        assert effect.seconds >= 0
        self.now += effect.seconds

    def submit(self, effect: Submit) -> Any:
        self.revealed.append((round(self.now, 3), effect.call.args[0]))
        self.now += self.mining_s
        return mined(effect)


def feed(clock: Clock, *tips: bytes) -> Course:
    """Feed the beacon; the chain says these tips, one after the other."""
    one = node(beacon_secrets=SECRETS)
    answers: Answers = {
        ChainTime: lambda _: one.genesis + clock.now,
        Sleep: clock.sleep,
        Submit: clock.submit,
        Read: one_after_the_other(*tips),
    }
    return follow(one.feed_beacon(), answers)


def test_it_reveals_the_secret_behind_the_chains_tip_once_a_round_at_the_moment_of_its_rank() -> None:
    clock = Clock(0.0)
    course = feed(clock, SECRETS[5], SECRETS[4], SECRETS[3])
    moment = 2 / 5  # the second of three full nodes
    assert clock.revealed == [(round((moment + i) * ROUND_S, 3), SECRETS[4 - i]) for i in range(3)]
    assert {str(call) for call in course.calls} == {"Beacon.reveal"}


def test_after_a_round_was_missed_or_undone_it_goes_on_with_what_the_chain_expects() -> None:
    clock = Clock(30.0, mining_s=40.0)
    feed(clock, SECRETS[5], SECRETS[5], SECRETS[4])
    assert clock.revealed == [(40.8, SECRETS[4]), (88.8, SECRETS[4]), (136.8, SECRETS[3])]


@pytest.mark.parametrize("tip", [SECRETS[0], bytes(32)], ids=["used up", "never joined"])
def test_it_ends_when_there_is_nothing_left_to_reveal(tip: bytes) -> None:
    course = feed(Clock(0.0), tip)
    assert course.ended
    assert course.calls == []


def test_turns_at_a_keeper_duty_go_round_by_batch() -> None:
    turns = {
        batch: [node(rank=rank).my_turn(batch) for rank in range(3)]
        for batch in (DATA.batch, BatchId("0x" + "00" * 32))
    }
    assert all(sorted(found) == [0, 1, 2] for found in turns.values())


def test_a_refused_beacon_reveal_does_not_stop_the_next() -> None:
    one = node(beacon_secrets=SECRETS)
    clock = Clock(0.0)
    answers: Answers = {
        ChainTime: lambda _: one.genesis + clock.now,
        Sleep: clock.sleep,
        Submit: lambda effect: clock.submit(effect) and refused(effect),
        Read: one_after_the_other(SECRETS[5], SECRETS[5]),
    }
    assert [call.args[0] for call in follow(one.feed_beacon(), answers).calls] == [SECRETS[4]] * 2
