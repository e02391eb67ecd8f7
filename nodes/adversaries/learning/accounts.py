"""The accounts of rational participants: what each of their own acts earned and cost them.

Income and slashes are read from the chain's events as the participant receives them, compute costs from the
scenario's price. Amounts are in OPG of the run's beginning: if its price changes, income and slashes weigh more or
less while the cost of compute stays. Not booked: fees that a jailed node does not earn, bonds while they are locked,
and rewards that name an epoch and no batch (secret_seed_duty).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

from pydantic import PrivateAttr

from chain.formats.claims import batch_name
from chain.quantities import OPG, TaskId
from chain.seam import Log
from nodes.adversaries.behaviour import on
from nodes.adversaries.inference.answers import invented
from nodes.adversaries.observer import ChainObserver
from nodes.effects import Check, Execute, Note, Purpose, ReadPrice, Steps, Verdict
from nodes.identity import Role
from nodes.messages import Envelope, InferenceRequest
from nodes.records import BatchBuilt, ClaimChecked

HONEST = "honest"
"""The action of an inference node that runs the right model; most others name the variant that it runs."""

NOTHING = "nothing"
"""The action of one that runs no model and answers with noise."""

CHECK, SKIP = "check", "skip"
"""The actions of a full node."""

DUTY, VOLUNTARY = "duty", "voluntary"
"""The kinds of decision of a full node."""


@dataclass(frozen=True, slots=True)
class Act:
    """Something that a participant did, and what it cost to compute."""

    action: str
    cost: float


@dataclass(slots=True)
class Look:
    """What a full node did about a claim, and what came of it so far."""

    context: str
    action: str
    found: bool
    """Whether it called the claim wrong."""
    payoff: float
    """In OPG."""


class AnswerAccounts(ChainObserver):
    """Base of inference nodes that choose how to answer, and learn what that paid."""

    weighs: ClassVar[bool] = True

    role: ClassVar[Role] = Role.INFERENCE
    watches: ClassVar[tuple[str, ...]] = ("ClaimRejected", "ClaimVoided", "BatchFinal", "Slashed")

    _fees: dict[str, int] = PrivateAttr(default_factory=dict)
    _acts: dict[str, Act] = PrivateAttr(default_factory=dict)
    _batches: dict[str, Sequence[str]] = PrivateAttr(default_factory=dict)
    _fallen: dict[str, dict[int, bool]] = PrivateAttr(default_factory=dict)
    _blamed: list[tuple[str, float]] = PrivateAttr(default_factory=list)

    def begin(self) -> None:
        """Empty accounts."""
        super().begin()
        self._fees, self._acts, self._batches, self._fallen, self._blamed = {}, {}, {}, {}, []

    def pick(self, task: TaskId) -> Steps:
        """Answers how to answer a task: `HONEST`, `NOTHING`, or the variant to run."""
        raise NotImplementedError

    def learn(self, action: str, payoff: float, rejected: bool) -> Steps:
        """An answer's claim is decided, and this is what it paid."""
        raise NotImplementedError

    @on(Execute)
    def answer(self, effect: Execute) -> Steps:
        """Answer as picked."""
        if effect.purpose is not Purpose.ANSWER:
            return (yield effect)
        yield from self.book_rejected(0.0)
        action = yield from self.pick(effect.task)
        if action != HONEST:
            yield self.cheated("answer", effect.task, action)
            effect = replace(effect, variant=action)
        execution = invented(self._situation, effect.model) if action == NOTHING else (yield effect)
        self._acts[effect.task] = Act(action, cost(execution.macs, self._situation.compute_price))
        return execution

    @on(Note, gated=False)
    def note_batch(self, effect: Note) -> Steps:
        """Remember which tasks a batch holds."""
        if isinstance(effect.record, BatchBuilt):
            self._batches[effect.record.batch] = effect.record.tasks
        return (yield effect)

    def intercept(self, envelope: Envelope) -> Steps:
        """Remember what each task pays."""
        yield from ()
        if isinstance(envelope.message, InferenceRequest):
            self._fees[envelope.message.task] = envelope.message.fee
        return False

    def on_event(self, log: Log) -> Steps:
        """Follow what becomes of the node's batches. A slash for fraud comes right after its batch's finality."""
        if log.event in ("ClaimRejected", "ClaimVoided"):
            batch = batch_name(log.args["batch"])
            if batch in self._batches:
                self._fallen.setdefault(batch, {})[log.args["index"]] = log.event == "ClaimRejected"
        elif self.is_me(log) and log.event == "Slashed":
            yield from self.book_rejected((yield from worth(log.args["amount"])))
        elif self.is_me(log):
            yield from self.close(log)

    def close(self, log: Log) -> Steps:
        """Book a final batch. What it paid goes to the claims that stand, by their fees."""
        yield from self.book_rejected(0.0)
        batch = batch_name(log.args["batch"])
        tasks, fallen = self._batches.pop(batch, ()), self._fallen.pop(batch, {})
        fees = [self._fees.pop(task, 0) for task in tasks]
        stands = [log.args["accepted"] > 0 and i not in fallen for i in range(len(tasks))]
        total = sum(fee for fee, stood in zip(fees, stands, strict=True) if stood)
        paid = yield from worth(log.args["paid"])
        for i, task in enumerate(tasks):
            act = self._acts.pop(task, None)
            if act is None:
                continue
            income = paid * fees[i] / total if stands[i] and total else 0.0
            if fallen.get(i):
                self._blamed.append((act.action, income - act.cost))
            else:
                yield from self.learn(act.action, income - act.cost, rejected=False)

    def book_rejected(self, slashed: float) -> Steps:
        """Book the claims rejected last, with their parts of a slash."""
        blamed, self._blamed = self._blamed, []
        for action, payoff in blamed:
            yield from self.learn(action, payoff - slashed / len(blamed), rejected=True)


class CheckAccounts(ChainObserver):
    """Base of full nodes that choose whether to check, and learn what that paid."""

    weighs: ClassVar[bool] = True

    role: ClassVar[Role] = Role.FULL
    watches: ClassVar[tuple[str, ...]] = ("BatchFinal", "Inattentive", "Slashed", "Rewarded", "ChallengeDecided")

    _picked: dict[str, tuple[str, str]] = PrivateAttr(default_factory=dict)
    _costs: dict[str, float] = PrivateAttr(default_factory=dict)
    _aside: dict[str, float] = PrivateAttr(default_factory=dict)
    _looks: dict[str, list[Look]] = PrivateAttr(default_factory=dict)
    _pay: dict[str, float] = PrivateAttr(default_factory=dict)
    _prizes: dict[str, float] = PrivateAttr(default_factory=dict)
    _fines: dict[str, float] = PrivateAttr(default_factory=dict)
    _closing: str = PrivateAttr(default="")
    _accused: str = PrivateAttr(default="")
    _lost: float = PrivateAttr(default=0.0)

    def begin(self) -> None:
        """Empty accounts."""
        super().begin()
        self._picked, self._costs, self._aside = {}, {}, {}
        self._looks, self._pay, self._prizes, self._fines = {}, {}, {}, {}
        self._closing, self._accused, self._lost = "", "", 0.0

    def pick(self, effect: Check) -> Steps:
        """Answers whether to `CHECK` a claim; with any other action it is accepted without looking."""
        raise NotImplementedError

    def learn(self, context: str, action: str, payoff: float) -> Steps:
        """A claim that was to be checked is decided, and this is what the action paid."""
        raise NotImplementedError

    @on(Check)
    def judge(self, effect: Check) -> Steps:
        """Check, or not."""
        yield from self.book()
        action = yield from self.pick(effect)
        self._picked[effect.task] = (context_of(effect), action)
        if action == CHECK:
            return (yield effect)
        yield self.cheated("check", effect.task, action)
        return Verdict.VALID

    @on(Execute, gated=False)
    def count_cost(self, effect: Execute) -> Steps:
        """Count what checking costs."""
        execution = yield effect
        if effect.purpose is Purpose.CHECK:
            spent = cost(execution.macs, self._situation.compute_price)
            self._costs[effect.task] = self._costs.get(effect.task, 0.0) + spent
        return execution

    @on(Note, gated=False)
    def note_check(self, effect: Note) -> Steps:
        """Remember what was done about a claim, and which batch it is in."""
        record = effect.record
        if isinstance(record, ClaimChecked) and record.task in self._picked:
            context, action = self._picked.pop(record.task)
            payoff = self._aside.pop(record.task, 0.0) - self._costs.pop(record.task, 0.0)
            look = Look(context, action, record.verdict == "invalid", payoff)
            self._looks.setdefault(record.batch, []).append(look)
        return (yield effect)

    def on_event(self, log: Log) -> Steps:
        """Follow what the batches that it looked at bring. A slash follows the accusation or the finality it is for."""
        batch = batch_name(log.args["batch"]) if "batch" in log.args else ""
        if log.event == "BatchFinal":
            yield from self.book()
            self._closing = batch
        elif log.event == "Inattentive" and self.is_me(log):
            self._accused = batch
        elif log.event == "Rewarded" and self.is_me(log, "member"):
            self._pay[batch] = self._pay.get(batch, 0.0) + (yield from worth(log.args["amount"]))
        elif log.event == "ChallengeDecided" and self.is_me(log, "challenger"):
            won = yield from worth(log.args["reward"] - log.args["forfeited"])
            self._prizes[batch] = self._prizes.get(batch, 0.0) + won
        elif log.event == "Slashed" and self.is_me(log):
            lost, accused = (yield from worth(log.args["amount"])), self._accused
            self._accused = ""
            if accused:
                self._fines[accused] = self._fines.get(accused, 0.0) + lost
            else:
                self._lost += lost

    def book(self) -> Steps:
        """Book the batch that became final last.

        Pay is for duties, whatever was done about them. What challenges won or lost is for what was found wrong. A
        slash falls on what was not checked, if anything was not: for inattention in voluntary checks, otherwise by
        duty. One that is for no batch waits for the next.
        """
        if not self._closing:
            return
        batch, self._closing = self._closing, ""
        lost, self._lost = self._lost, 0.0
        looks = self._looks.pop(batch, [])
        skipped = [look for look in looks if look.action != CHECK]
        parts = (
            (self._pay.pop(batch, 0.0), [look for look in looks if look.context == DUTY]),
            (self._prizes.pop(batch, 0.0), [look for look in looks if look.found and look.context != DUTY]),
            (-lost, [look for look in skipped if look.context == DUTY] or skipped),
            (-self._fines.pop(batch, 0.0), [look for look in skipped if look.context != DUTY] or skipped),
        )
        for amount, entitled in parts:
            for look in entitled or looks:
                look.payoff += amount / len(entitled or looks)
        for look in looks:
            yield from self.learn(look.context, look.action, look.payoff)


def context_of(effect: Check) -> str:
    """The kind of decision: what pays where duty calls is not what pays where it does not."""
    return DUTY if effect.assigned else VOLUNTARY


def cost(macs: int, price: int) -> float:
    """What so many multiply-accumulates cost in OPG, at so many wei for 10**9 of them."""
    return macs * price / 1e9 / OPG


def worth(amount: int) -> Steps:
    """Answers what an amount of wei is worth now, in OPG of the beginning."""
    return amount / OPG * (yield ReadPrice())
