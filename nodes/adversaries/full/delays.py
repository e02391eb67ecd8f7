"""Participants that are as late as they are allowed to be.

Catalogue: slow-loris answers against k-of-n latency, and moves at clock expiry (the chess clock of the OP fault proof,
Sherlock 2024-02 #208).
"""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field, PrivateAttr

from chain.formats.claims import batch_name
from chain.seam import Log
from chain.units import Duration
from nodes.adversaries.behaviour import on
from nodes.adversaries.observer import ChainObserver
from nodes.effects import Now, Read, Reply, Sleep, Steps, Submit
from nodes.identity import Role
from nodes.messages import Envelope, InferenceAnswer, InferenceRequest

DEADLINES = {"submit": "submitBy", "commit": "commitBy", "vote": "commitBy", "reveal": "revealBy"}
"""For each function with a deadline the argument of the draw's event that sets it."""

WINDOWS = {
    "challenge": ("challengeWindow",),
    "sealChallenge": ("challengeWindow",),
    "openChallenge": ("challengeWindow", "openWindow"),
}
"""For each function with a deadline that counts from the post, the contract's windows until then."""


class SlowLoris(ChainObserver):
    """Answer correctly, as late as clients still wait."""

    kind: ClassVar[str] = "slow_loris"
    role: ClassVar[Role] = Role.INFERENCE
    defeats: ClassVar[str] = "service that is judged by its answers alone"
    stopped_by: ClassVar[str] = "a shorter timeout, or a fee that falls with time"
    shows_in: ClassVar[str] = "soft_latency_ms"

    answers_after: Duration = Field(
        default=9.0, description="from the request's arrival; clients wait for clients.timeout"
    )
    _arrived: dict[str, float] = PrivateAttr(default_factory=dict)

    def begin(self) -> None:
        """Nothing arrived yet."""
        super().begin()
        self._arrived = {}

    def intercept(self, envelope: Envelope) -> Steps:
        """Remember when each request came."""
        if isinstance(envelope.message, InferenceRequest):
            self._arrived[envelope.message.task] = yield Now()
        return False

    @on(Reply)
    def stall(self, effect: Reply) -> Steps:
        """Hold the answer back; a refusal goes out at once."""
        if not isinstance(effect.to.message, InferenceRequest):
            return (yield effect)
        now = yield Now()
        wait = self._arrived.pop(effect.to.message.task, now) + self.answers_after - now
        if wait > 0 and isinstance(effect.message, InferenceAnswer):
            yield self.cheated("delay", effect.to.message.task)
            yield Sleep(wait)
        return (yield effect)


class LastSecondMover(ChainObserver):
    """Check honestly, and do everything that has a deadline just before it is too late."""

    kind: ClassVar[str] = "last_second_mover"
    role: ClassVar[Role] = Role.FULL
    defeats: ClassVar[str] = "windows that others' latency depends on; clocks without extension"
    stopped_by: ClassVar[str] = "windows of a fixed length; whoever is too late loses a vote, or stake"
    shows_in: ClassVar[str] = "finality_latency_s"
    watches: ClassVar[tuple[str, ...]] = ("CommitteeDrawn", "MembersDrawn", "BatchFinal")

    margin: Duration = Field(default=4.0, description="how long before the deadline it sends; a block must still fit")
    _deadlines: dict[str, dict[str, int]] = PrivateAttr(default_factory=dict)

    def begin(self) -> None:
        """No deadline known yet."""
        super().begin()
        self._deadlines = {}

    def on_event(self, log: Log) -> Steps:
        """Note a batch's deadlines, until it is final."""
        yield from ()
        batch = batch_name(log.args["batch"])
        if log.event == "BatchFinal":
            self._deadlines.pop(batch, None)
        else:
            self._deadlines[batch] = {key: log.args[key] for key in DEADLINES.values() if key in log.args}

    @on(Submit)
    def procrastinate(self, effect: Submit) -> Steps:
        """Wait for the last moment."""
        due = yield from self.deadline(effect)
        if due is not None:
            wait = due - self._situation.genesis - self.margin - (yield Now())
            if wait > 0:
                yield self.cheated("delay", effect.subject, effect.call.function)
                yield Sleep(wait)
        return (yield effect)

    def deadline(self, effect: Submit) -> Steps:
        """Answers the chain's time until which a transaction counts, or ``None`` if it may come at any time."""
        if effect.call.function in WINDOWS:
            batch = yield Read("Settlement", "batchOf", (bytes.fromhex(effect.subject[2:]),))
            due = batch[1]
            for window in WINDOWS[effect.call.function]:
                due += yield Read(effect.call.contract, window)
            return due
        return self._deadlines.get(effect.subject, {}).get(DEADLINES.get(effect.call.function, ""))
