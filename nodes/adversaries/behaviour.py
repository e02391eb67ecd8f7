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
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, Self, TypeVar

import numpy as np
from pydantic import PrivateAttr

from chain.formats.signing import Domain
from chain.quantities import Wei
from nodes.effects import Effect, Note, Now, Steps, Subscribe
from nodes.identity import Directory, Identity, Role
from nodes.models.comparator import Comparator
from nodes.models.tensors import Tensor
from nodes.parameters import Parameters
from nodes.records import Cheated, Decided, SidePayment

if TYPE_CHECKING:
    from nodes.client import Order
    from nodes.enclave.enclave import Enclave

OPG_DIGITS = 12
"""Digits after the point with which amounts in OPG are recorded."""

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
class Coalition:
    """Participants that were given a behaviour together: one owner, or partners who trust each other."""

    members: tuple[str, ...] = ()
    """Their names, in the order in which the scenario lists or draws them."""
    shared: dict[str, Any] = field(default_factory=dict)
    """What they tell each other out of band: the simulated network does not carry it."""


@dataclass(frozen=True)
class Balance:
    """The OPG that a node begins with."""

    bonded: Wei
    liquid: Wei
    """In its wallet, where no slash reaches it."""


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
    outputs: Mapping[str, Tensor]
    """An output of each model: everybody knows its shape and its element type."""
    accomplices: frozenset[str] = frozenset()
    """Names of the dishonest inference nodes of its cartel, whom it protects."""
    coalition: Coalition = Coalition()
    """Whom it was given the behaviour together with, itself included."""
    directory: Directory = field(default_factory=lambda: Directory(()))
    comparator: Comparator | None = None
    """How outputs are judged equal: the protocol is public."""
    compute_price: int = 0
    """Wei that 10**9 multiply-accumulates cost it."""
    genesis: int = 0
    """Chain timestamp of simulated second 0."""
    enclave: Enclave | None = None
    """The node's own enclave, where the strategy gives it one."""


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
    needs: ClassVar[str] = ""
    """The strategies that it makes sense with; empty if it does with any."""
    refers_to: ClassVar[Mapping[str, str]] = {}
    """Parameters that hold names, and of what: a role, or ``model``. Scenarios are checked for them."""
    at_least: ClassVar[int] = 1
    """How many participants must show it together for it to make sense."""
    dishonest: ClassVar[bool] = True
    """False for a control that must never be slashed."""
    weighs: ClassVar[bool] = False
    """Whether it weighs what an act brings against what it costs, so that the price of OPG matters to it."""
    perturbs: ClassVar[bool] = False
    """Whether it moves the digits of outputs and records by how much (`nodes.records.Perturbed`)."""
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

    @classmethod
    def may_begin_late(cls) -> bool:
        """Whether it can be put in front of a node that runs already.

        Not if it must see the node subscribe, or has a say in what the node begins with.
        """
        beginnings = (cls.initial_balance is Behaviour.initial_balance, cls.plan is Behaviour.plan)
        return Subscribe not in cls.handlers and all(beginnings)

    def attach(self, situation: Situation) -> Self:
        """A copy of this behaviour for one participant."""
        mine = self.model_copy()
        mine._situation = situation
        mine.begin()
        return mine

    def begin(self) -> None:
        """Set up what one participant's copy keeps in memory."""

    def variants(self) -> tuple[str, ...]:
        """Cheaper variants of a model that it runs; a user's own model has none."""
        return ()

    def initial_balance(self, balance: Balance, me: str, coalition: Coalition, peers: Wei) -> Balance:
        """What a node called `me` begins with if the scenario gives it `balance`; `peers` is the others' stake in all.

        Asked before there is a world, so that an unattached behaviour must be able to say.
        """
        return balance

    def plan(self, orders: Iterator[Order]) -> Iterator[Order]:
        """What a client that meant to send these orders asks for instead."""
        return orders

    def cheated(self, act: str, subject: str, detail: str = "") -> Note:
        """The ground-truth record of a dishonest act; see `nodes.records.Cheated`."""
        return Note(Cheated(self._situation.me.name, self.kind, act, subject, detail))

    def paid(self, payer: str, payee: str, amount: int, why: str, subject: str) -> Note:
        """The ground-truth record of money that changes hands off chain; see `nodes.records.SidePayment`."""
        return Note(SidePayment(payer, payee, str(amount), why, subject))

    def decided(self, subject: str, action: str, expected: Mapping[str, float], explored: bool = False) -> Note:
        """The record of a choice; see `nodes.records.Decided`."""
        rounded = {name: round(value, OPG_DIGITS) for name, value in expected.items()}
        return Note(Decided(self._situation.me.name, self.kind, subject, action, explored, rounded))


def subject_of(effect: Effect) -> str:
    """The task or batch that an effect is about, or an empty string."""
    for attribute in ("task", "subject"):
        if found := getattr(effect, attribute, ""):
            return str(found)
    return str(getattr(getattr(effect, "message", None), "task", ""))


def hash_draw(key: str, subject: str) -> float:
    """A number in [0, 1) that hangs on both alone: the same for every effect about one task."""
    digest = hashlib.sha256(f"{key}/{subject}".encode()).digest()
    return (int.from_bytes(digest[:8], "big") >> 11) / 2**53


class AdaptiveRate(Protocol):
    """How often a behaviour acts, where that changes with what happens to it."""

    @property
    def rate(self) -> float:
        """Between 0 and 1."""
        ...


@dataclass(frozen=True)
class Gate:
    """When a behaviour acts: between two times, and on a share of the tasks and batches.

    The draw is a hash of the subject, so that it is the same for every effect about one task.
    """

    start_s: float = 0.0
    until_s: float = float("inf")
    probability: float = 1.0
    key: str = ""
    adaptive: AdaptiveRate | None = None
    """What scales the probability as the run goes on; nothing if not given."""

    def drawn(self, subject: str) -> bool:
        """Whether the behaviour acts on this subject."""
        probability = self.probability if self.adaptive is None else self.probability * self.adaptive.rate
        return probability >= 1.0 or hash_draw(self.key, subject) < probability

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
