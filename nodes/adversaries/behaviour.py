"""What a behaviour is, and how it is put in front of an honest node.

A behaviour sees each effect of an honest node on its way out and may change, drop, delay, repeat or answer
it. It never copies the honest code. A method marked ``@on(Execute)`` is itself a generator: what it yields
goes on outwards (through further behaviours, then to the engine), and what it returns is the answer that
the honest node gets::

    @on(Execute)
    def cheaper(self, effect):
        if effect.purpose is Purpose.ANSWER:
            yield self.cheated("answer", effect.task)
            effect = replace(effect, variant="int8")
        return (yield effect)

Behaviours compose by nesting, and `Gate` bounds each to a time and to a share of the tasks.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar, TypeVar

import numpy as np
from pydantic import PrivateAttr

from chain.signing import Domain
from nodes.effects import Effect, Note, Now, Steps
from nodes.identity import Identity, Role
from nodes.parameters import Parameters
from nodes.records import Cheated

Handler = TypeVar("Handler", bound=Callable[..., Steps])


def on(*effects: type, gated: bool = True) -> Callable[[Handler], Handler]:
    """Mark a method of a behaviour as the filter of these kinds of effect.

    An ungated one sees every effect, whatever the behaviour's `Gate` says: for behaviours that must watch.
    """

    def mark(method: Handler) -> Handler:
        method.filters = dict.fromkeys(effects, gated)  # type: ignore[attr-defined]
        return method

    return mark


@dataclass(frozen=True)
class Situation:
    """What a behaviour knows of the world besides the effects it sees."""

    me: Identity
    rng: np.random.Generator
    """The behaviour's own random stream."""
    domain: Domain
    """EIP-712 domain that answers and vouchers are signed under."""
    models: Mapping[str, bytes]
    """Content hash of each model."""
    output_shapes: Mapping[str, tuple[int, ...]]
    accomplices: frozenset[str] = frozenset()
    """Names of every dishonest inference node: whom a cartel protects."""


class Behaviour(Parameters):
    """Base of all behaviours. Fields are the scenario's parameters."""

    role: ClassVar[Role]
    """Which participants it is for."""
    defeats: ClassVar[str]
    """What it gets past when nothing stops it."""
    stopped_by: ClassVar[str]
    """What stops it."""
    shows_in: ClassVar[str]
    """The metric that it moves."""
    dishonest: ClassVar[bool] = True
    """False for a control that must never be slashed."""
    handlers: ClassVar[dict[type, tuple[str, bool]]] = {}
    """For each kind of effect the method that filters it, and whether its `Gate` applies."""

    _situation: Situation = PrivateAttr()

    @classmethod
    def __pydantic_init_subclass__(cls, **_: Any) -> None:
        """Collect the methods marked with `on`."""
        cls.handlers = {
            effect: (name, gated)
            for family in reversed(cls.__mro__)
            for name, method in vars(family).items()
            for effect, gated in getattr(method, "filters", {}).items()
        }

    def attach(self, situation: Situation) -> Behaviour:
        """A copy of this behaviour for one participant."""
        mine = self.model_copy()
        mine._situation = situation
        mine.begin()
        return mine

    def begin(self) -> None:
        """Set up what one participant's copy keeps in memory."""

    def cheated(self, act: str, subject: str, detail: str = "") -> Note:
        """The ground-truth record of a dishonest act; see `nodes.records.Cheated`."""
        return Note(Cheated(self._situation.me.name, self.kind, act, subject, detail))


def subject_of(effect: Effect) -> str:
    """The task or batch that an effect is about, or an empty string."""
    for attribute in ("task", "subject"):
        if found := getattr(effect, attribute, ""):
            return str(found)
    return str(getattr(getattr(effect, "message", None), "task", ""))


@dataclass(frozen=True)
class Gate:
    """When a behaviour acts: between two times, and on a share of the tasks and batches.

    The draw is a hash of the subject, so that it is the same for every effect about one task.
    """

    start_s: float = 0.0
    until_s: float = float("inf")
    probability: float = 1.0
    key: str = ""

    def drawn(self, subject: str) -> bool:
        """Whether the behaviour acts on this subject."""
        if self.probability >= 1.0:
            return True
        digest = hashlib.sha256(f"{self.key}/{subject}".encode()).digest()
        return int.from_bytes(digest[:8], "big") < self.probability * 2**64

    def is_open(self, effect: Effect) -> Steps:
        """Answers whether the behaviour may act on `effect` now."""
        if not self.drawn(subject_of(effect)):
            return False
        if self.start_s <= 0.0 and self.until_s == float("inf"):
            return True
        return self.start_s <= (yield Now()) < self.until_s


ALWAYS = Gate()


def filtered(steps: Steps, behaviour: Behaviour, gate: Gate = ALWAYS) -> Steps:
    """The same steps, with a behaviour in front of their effects."""
    handlers = {effect: (getattr(behaviour, name), gated) for effect, (name, gated) in behaviour.handlers.items()}
    untouched = (None, False)
    answer: Any = None
    while True:
        try:
            effect = steps.send(answer)
        except StopIteration as stop:
            return stop.value
        handler, gated = handlers.get(type(effect), untouched)
        if handler is None or (gated and not (yield from gate.is_open(effect))):
            answer = yield effect
        else:
            answer = yield from handler(effect)
