"""The accounts of rational participants: every act gets what it earned and pays what it cost."""

from __future__ import annotations

from typing import Any, ClassVar

import pytest
from pydantic import PrivateAttr

from chain.quantities import OPG, BatchId, TaskId
from nodes.adversaries.learning.accounts import CHECK, DUTY, HONEST, SKIP, VOLUNTARY, AnswerAccounts, CheckAccounts
from nodes.effects import Check, Execute, Note, Purpose, ReadPrice, Receive, Steps, Verdict
from nodes.messages import Envelope, InferenceRequest
from nodes.records import BatchBuilt, ClaimChecked
from tests.driving import (
    INPUT,
    MODEL,
    Course,
    always,
    any_claim,
    attached,
    event,
    execution,
    inbox,
    lies,
    past,
    task_id,
    who,
    yielding,
)

BATCH = bytes(31) + b"\1"
NAME = BatchId("0x" + BATCH.hex())
MACS = 100
COST = 0.001
PRICE = round(COST * OPG * 1e9 / MACS)
"""So that an execution of a hundred multiply-accumulates costs a thousandth of an OPG."""


class Answerer(AnswerAccounts):
    """Answers as it is told, and writes down what it learns."""

    plan_: ClassVar[dict[str, str]] = {}
    _learnt: list[Any] = PrivateAttr(default_factory=list)

    def pick(self, task: TaskId) -> Steps:
        """As told."""
        yield from ()
        return self.plan_.get(task, HONEST)

    def learn(self, action: str, payoff: float, rejected: bool) -> Steps:
        """Write it down."""
        yield from ()
        self._learnt.append((action, pytest.approx(payoff), rejected))


class Checker(CheckAccounts):
    """Checks what it is told to, and writes down what it learns."""

    _learnt: list[Any] = PrivateAttr(default_factory=list)

    def pick(self, effect: Check) -> Steps:
        """The even tasks."""
        yield from ()
        return CHECK if int(effect.task, 16) % 2 == 0 else SKIP

    def learn(self, context: str, action: str, payoff: float) -> Steps:
        """Write it down."""
        yield from ()
        self._learnt.append((context, action, pytest.approx(payoff)))


# -- answers ---------------------------------------------------------------------------------------------------

TASKS = [task_id(i) for i in range(4)]
FEES = [OPG, OPG, OPG, 2 * OPG]
CHEATS = {TASKS[1]: "small", TASKS[3]: "int8"}


def asked(number: int) -> Envelope:
    """A request that pays its fee."""
    return Envelope("client-0", InferenceRequest(TASKS[number], MODEL, INPUT, FEES[number], None), 1)  # type: ignore[arg-type]


def answered(monkeypatch: pytest.MonkeyPatch, *news: Envelope, quote: float = 1.0) -> Answerer:
    """Four tasks answered, two of them dishonestly, put into one batch, and what became of it."""
    monkeypatch.setattr(Answerer, "plan_", CHEATS)
    node = attached(Answerer(), compute_price=PRICE)
    answers: dict[Any, Any] = {Execute: always(execution(macs=MACS)), ReadPrice: always(quote)}
    past(node, *[Receive()] * 4, answers={**answers, **inbox(*map(asked, range(4)))})
    executions = [Execute(MODEL, INPUT, Purpose.ANSWER, task) for task in TASKS]
    course = past(node, *executions, Note(BatchBuilt("inference-0", NAME, TASKS)), answers=answers)
    assert [effect.variant for effect in course.of(Execute)] == ["fp32", "small", "fp32", "int8"]
    assert lies(course) == [("answer", TASKS[1]), ("answer", TASKS[3])]
    past(node, Receive(), answers={**answers, **inbox(*news)})
    return node


def fallen(index: int, kind: str = "ClaimRejected") -> Envelope:
    """A claim of the batch that did not stand."""
    return event(kind, batch=BATCH, index=index)


def final(accepted: int, paid: int, node: str = "inference-0") -> Envelope:
    """The batch is final."""
    return event("BatchFinal", batch=BATCH, node=who(node).address, accepted=accepted, paid=paid)


def slash(amount: int, node: str = "inference-0") -> Envelope:
    """Stake is taken."""
    return event("Slashed", "Staking", node=who(node).address, amount=amount)


def test_what_a_batch_paid_goes_to_its_claims_by_their_fees(monkeypatch: pytest.MonkeyPatch) -> None:
    node = answered(monkeypatch, final(accepted=4, paid=4 * OPG))  # four fifths of the fees
    assert node._learnt == [
        (HONEST, 0.8 - COST, False),
        ("small", 0.8 - COST, False),
        (HONEST, 0.8 - COST, False),
        ("int8", 1.6 - COST, False),
    ]


def test_rejected_claims_earn_nothing_and_share_the_slash_that_follows(monkeypatch: pytest.MonkeyPatch) -> None:
    node = answered(monkeypatch, fallen(1), fallen(3), final(accepted=2, paid=2 * OPG), slash(10 * OPG))
    assert node._learnt == [
        (HONEST, 1 - COST, False),
        (HONEST, 1 - COST, False),
        ("small", -COST - 5, True),
        ("int8", -COST - 5, True),
    ]


def test_where_there_is_no_stake_left_a_rejection_costs_no_more_than_the_fee(monkeypatch: pytest.MonkeyPatch) -> None:
    node = answered(monkeypatch, fallen(1), final(accepted=3, paid=OPG), slash(9 * OPG, "inference-1"))
    assert node._learnt == [(HONEST, 0.25 - COST, False)] * 2 + [("int8", 0.5 - COST, False)]
    past(node, Execute(MODEL, INPUT, Purpose.ANSWER, task_id(9)), answers={Execute: always(execution())})
    assert node._learnt[-1] == ("small", -COST, True)


def test_void_claims_earn_nothing_and_are_nobodys_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    node = answered(monkeypatch, fallen(0, "ClaimVoided"), final(accepted=3, paid=4 * OPG))
    assert node._learnt[0] == (HONEST, -COST, False)
    whole = answered(monkeypatch, final(accepted=0, paid=0))
    assert whole._learnt == [(action, -COST, False) for action in (HONEST, "small", HONEST, "int8")]


def test_a_fall_of_the_price_devalues_income_and_slashes_but_not_the_cost_of_compute(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    news = (fallen(1), final(accepted=3, paid=4 * OPG), slash(10 * OPG))
    node = answered(monkeypatch, *news, quote=0.5)
    assert node._learnt[0] == (HONEST, 0.5 - COST, False)
    assert node._learnt[-1] == ("small", -COST - 5, True)


def test_somebody_elses_batch_is_none_of_its_business(monkeypatch: pytest.MonkeyPatch) -> None:
    other = event("BatchFinal", batch=bytes(32), node=who("inference-1").address, accepted=4, paid=OPG)
    assert answered(monkeypatch, other, event("ClaimRejected", batch=bytes(32), index=0))._learnt == []


# -- checks ----------------------------------------------------------------------------------------------------


def looked(
    *news: Envelope, tasks: range = range(4), assigned: bool = True, wrong: range = range(0)
) -> tuple[Checker, Course]:
    """Claims of one batch to be checked, and what became of it."""
    node = attached(Checker(), "full-0", compute_price=PRICE)
    answers: dict[Any, Any] = {
        Execute: always(execution(macs=MACS)),
        Check: always(Verdict.INVALID),
        ReadPrice: always(1.0),
    }
    steps: list[Any] = []
    for i in tasks:
        steps.append(Check("inference-0", any_claim(task=task_id(i)), task_id(i), lambda: yielding(), assigned))
        steps += [Execute(MODEL, INPUT, Purpose.CHECK, task_id(i))] if i % 2 == 0 else []
        steps.append(Note(ClaimChecked("full-0", NAME, task_id(i), "invalid" if i in wrong else "valid")))
    course = past(node, *steps, answers=answers)
    past(node, Receive(), answers={**answers, **inbox(*news, event("BatchFinal", batch=bytes(32)))})
    return node, course


DECIDED = event("BatchFinal", batch=BATCH)


def paid(amount: int, member: str = "full-0") -> Envelope:
    """A reward for the batch."""
    return event("Rewarded", "Committee", batch=BATCH, member=who(member).address, amount=amount)


def test_what_it_skips_is_accepted_and_recorded_as_such() -> None:
    _, course = looked()
    assert [course.result[i] for i in (0, 3, 5, 8)] == [Verdict.INVALID, Verdict.VALID, Verdict.INVALID, Verdict.VALID]
    assert lies(course) == [("check", task_id(1)), ("check", task_id(3))]


def test_a_reward_is_shared_by_all_claims_looked_at_and_work_is_paid_by_those_worked_on() -> None:
    node, _ = looked(DECIDED, paid(4 * OPG), paid(9 * OPG, "full-1"))
    assert node._learnt == [(DUTY, CHECK, 1 - COST), (DUTY, SKIP, 1), (DUTY, CHECK, 1 - COST), (DUTY, SKIP, 1)]


def test_a_slash_falls_on_what_was_skipped() -> None:
    node, _ = looked(DECIDED, slash(6 * OPG, "full-0"))
    assert [payoff for _, _, payoff in node._learnt] == [-COST, -3, -COST, -3]


def test_if_nothing_was_skipped_a_slash_falls_on_everything() -> None:
    node, _ = looked(DECIDED, slash(6 * OPG, "full-0"), tasks=range(0, 4, 2))
    assert node._learnt == [(DUTY, CHECK, -COST - 3)] * 2


def challenged(reward: int, forfeited: int = 0) -> Envelope:
    """What a challenge came to."""
    challenger = who("full-0").address
    return event("ChallengeDecided", batch=BATCH, challenger=challenger, reward=reward, forfeited=forfeited)


def test_a_challenge_brings_its_reward_or_costs_its_bond() -> None:
    won, lost = challenged(4 * OPG), challenged(0, forfeited=8 * OPG)
    assert looked(DECIDED, won, assigned=False)[0]._learnt[0] == (VOLUNTARY, CHECK, 1 - COST)
    assert looked(DECIDED, lost, assigned=False)[0]._learnt[1] == (VOLUNTARY, SKIP, -2)


def test_what_a_challenge_brings_goes_to_what_was_found_wrong() -> None:
    node, _ = looked(DECIDED, challenged(4 * OPG), assigned=False, wrong=range(2, 3))
    assert [payoff for _, _, payoff in node._learnt] == [-COST, 0, 4 - COST, 0]


def test_a_claim_found_wrong_voluntarily_and_verified_by_duty_is_booked_as_both() -> None:
    node, _ = looked(wrong=range(2, 3), assigned=False)
    again: list[Any] = [
        Check("inference-0", any_claim(task=task_id(2)), task_id(2), lambda: yielding()),
        Execute(MODEL, INPUT, Purpose.CHECK, task_id(2)),
        Note(ClaimChecked("full-0", NAME, task_id(2), "invalid")),
    ]
    answers: dict[Any, Any] = {
        Execute: always(execution(macs=MACS)),
        Check: always(Verdict.INVALID),
        ReadPrice: always(1.0),
    }
    past(node, *again, answers=answers)
    news = (DECIDED, challenged(4 * OPG), paid(OPG), event("BatchFinal", batch=bytes(32)))
    past(node, Receive(), answers={**answers, **inbox(*news)})
    assert node._learnt[2] == (VOLUNTARY, CHECK, 4 - COST)
    assert node._learnt[4] == (DUTY, CHECK, 1 - COST)


def test_nothing_is_booked_before_the_batch_is_final() -> None:
    assert looked(paid(4 * OPG))[0]._learnt == []


def test_a_slash_for_inattention_falls_on_the_batch_that_it_is_for() -> None:
    accused = event("Inattentive", "AttentionChallenge", batch=BATCH, node=who("full-0").address)
    another = event("BatchFinal", batch=bytes(31) + b"\2")
    node, _ = looked(another, accused, slash(6 * OPG, "full-0"), another, DECIDED)
    assert [payoff for _, _, payoff in node._learnt] == [-COST, -3, -COST, -3]


def test_a_slash_that_comes_first_waits_for_the_batch() -> None:
    node, _ = looked(slash(6 * OPG, "full-0"), DECIDED)
    assert [payoff for _, _, payoff in node._learnt] == [-COST, -3, -COST, -3]
