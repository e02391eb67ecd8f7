"""Inference nodes that pick their moments: honest until it pays, or where it shows.

Catalogue: reputation farming ("sleepers" of BOINC's adaptive replication), cheating on valuable tasks alone (what a
flat sampling rate p does not stop), honesty towards probes (the weakness of fingerprints and honeypots).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import ClassVar, Literal, TypeAlias, TypeVar

from pydantic import Field, PrivateAttr

from chain.quantities import OPG, TaskId
from chain.seam import Log
from chain.units import Amount
from nodes.adversaries.behaviour import hash_draw, on
from nodes.adversaries.inference.answers import VariantBehaviour
from nodes.adversaries.observer import ChainObserver
from nodes.effects import Execute, Note, Purpose, Receive, Steps
from nodes.identity import Role
from nodes.messages import Envelope, InferenceRequest
from nodes.models.tensors import tensor_hash
from nodes.records import ClaimMade

Key = TypeVar("Key")
Value = TypeVar("Value")

Cheaper: TypeAlias = Literal["fp16", "int8", "int4", "small", "early_exit"]
"""Variants that cost less than the reference, or that are no better than it."""

REMEMBERED = 10_000
"""Inputs, and tasks not answered yet, that a probe detector remembers; the oldest go first."""


class Opportunist(VariantBehaviour):
    """Base of cheats that run a cheaper variant when they are tempted, and the right model otherwise."""

    variant: Cheaper = Field(default="small", description="what it runs when it cheats")

    def substitute(self) -> str:
        """The cheaper variant."""
        return self.variant

    @on(Execute)
    def falsify(self, effect: Execute) -> Steps:
        """Cheat if this task tempts it."""
        if effect.purpose is Purpose.ANSWER and (yield from self.tempted(effect)):
            return (yield from self.cheat(effect))
        return (yield effect)

    def tempted(self, effect: Execute) -> Steps:
        """Answers whether to cheat on this task."""
        raise NotImplementedError


class Sleeper(Opportunist):
    """Be honest until a reputation is earned, then cheat on everything."""

    kind: ClassVar[str] = "sleeper"
    defeats: ClassVar[str] = "reputation, such as adaptive replication"
    stopped_by: ClassVar[str] = "checks that do not grow fewer as trust grows"
    shows_in: ClassVar[str] = "fraud_finalised"

    honest_claims: int = Field(default=20, ge=0, le=10**6, description="claims that it makes honestly first")
    _made: int = PrivateAttr(default=0)

    def begin(self) -> None:
        """No claim made yet."""
        self._made = 0

    @on(Note, gated=False)
    def count(self, effect: Note) -> Steps:
        """Count the node's claims."""
        self._made += isinstance(effect.record, ClaimMade)
        return (yield effect)

    def tempted(self, effect: Execute) -> Steps:
        """Once the reputation is there."""
        yield from ()
        return self._made >= self.honest_claims


class SelectiveCheater(Opportunist):
    """Cheat only on tasks that are worth it: those whose value to the cheat is above what a fraud may cost.

    The value of a false answer to its author is drawn for each task from an exponential distribution (assumption), and
    recorded as a side payment when the fraud is done; or it goes by the fee that the client offers, which the node can
    see, and which says how much is at stake.

    Whoever knows the strategy sets `above` to p (1 - r)(R + S), less the compute saved: see
    `simnet.theory.worth_cheating`.
    """

    kind: ClassVar[str] = "selective_cheater"
    defeats: ClassVar[str] = "sampling at a rate that is the same for every task"
    stopped_by: ClassVar[str] = "a sampling rate or a stake that grows with the value of the task"
    shows_in: ClassVar[str] = "side_payments_opg"

    mean_value: Amount = Field(default=OPG, description="mean value of a false answer to its author (assumption)")
    above: Amount = Field(default=2 * OPG, description="least value that it cheats for")
    goes_by: Literal["value", "fee"] = Field(default="value", description="a value drawn for each task, or its fee")
    _fees: dict[str, int] = PrivateAttr(default_factory=dict)

    def begin(self) -> None:
        """No request seen yet."""
        self._fees = {}

    @on(Receive, gated=False)
    def see_fee(self, effect: Receive) -> Steps:
        """Note what a client offers."""
        envelope = yield effect
        if isinstance(envelope.message, InferenceRequest):
            self._fees[envelope.message.task] = envelope.message.fee
        return envelope

    def value(self, task: TaskId) -> int:
        """Wei that a false answer to this task is worth to its author."""
        return round(-math.log1p(-hash_draw(f"value/{self._situation.me.name}", task)) * self.mean_value)

    def tempted(self, effect: Execute) -> Steps:
        """If the task is worth it; the gain is recorded, where it is no fee."""
        fee = self._fees.pop(effect.task, 0)
        if self.goes_by == "fee":
            return fee >= self.above
        value = self.value(effect.task)
        if value < self.above:
            return False
        yield self.paid("", self._situation.me.name, value, "value of a false answer", effect.task)
        return True


class ProbeDetector(Opportunist, ChainObserver):
    """Be honest towards whoever seems to probe, and cheat on everybody else.

    A client that has once challenged a claim has shown that it knows right answers: it is an auditor from then on.
    """

    kind: ClassVar[str] = "probe_detector"
    defeats: ClassVar[str] = "fingerprints and honeypots that can be told from traffic"
    stopped_by: ClassVar[str] = "probes that come from ordinary clients with inputs of their own; re-execution"
    shows_in: ClassVar[str] = "detection_rate"
    needs: ClassVar[str] = "honeypot, to have something to detect"
    refers_to: ClassVar[Mapping[str, str]] = {"probers": Role.CLIENT}
    watches: ClassVar[tuple[str, ...]] = ("Challenged",)

    probers: tuple[str, ...] = Field(default=(), max_length=1000, description="clients that it takes for auditors")
    learns: bool = Field(default=True, description="whether it takes clients who challenge claims for auditors")
    repeats: bool = Field(default=True, description="whether it takes an input that it has seen before for a probe")
    _known: dict[str, None] = PrivateAttr(default_factory=dict)
    _asked_by: dict[str, str] = PrivateAttr(default_factory=dict)
    _seen: dict[bytes, None] = PrivateAttr(default_factory=dict)

    def begin(self) -> None:
        """Nothing seen yet."""
        super().begin()
        self._known, self._asked_by, self._seen = dict.fromkeys(self.probers), {}, {}

    def on_event(self, log: Log) -> Steps:
        """Learn who challenges."""
        yield from ()
        challenger = self._situation.directory.at(log.args["challenger"])
        if self.learns and challenger is not None:
            self._known[challenger.name] = None

    def intercept(self, envelope: Envelope) -> Steps:
        """Remember who asked."""
        yield from ()
        if isinstance(envelope.message, InferenceRequest):
            remember(self._asked_by, envelope.message.task, envelope.sender)
        return False

    def tempted(self, effect: Execute) -> Steps:
        """If neither client nor input look like a probe."""
        yield from ()
        known = tensor_hash(effect.value)
        repeated = known in self._seen
        remember(self._seen, known, None)
        return self._asked_by.pop(effect.task, "") not in self._known and not (self.repeats and repeated)


def remember(memory: dict[Key, Value], key: Key, value: Value) -> None:
    """Put something into a memory that has room for so much and no more."""
    memory[key] = value
    if len(memory) > REMEMBERED:
        del memory[next(iter(memory))]
