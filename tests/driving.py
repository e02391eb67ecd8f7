"""Driving participants by hand: a test sends answers into a generator and looks at the effects that come out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any, TypeVar

import numpy as np
import pytest

from chain.formats.claims import Claim, ClaimTree, batch_id, batch_name, task_name
from chain.formats.signing import Key, answer_digest, voucher_digest
from chain.quantities import ZERO_HASH, Address, Gas, TaskId, Wei
from chain.seam import Call, Log, Receipt, Revert
from nodes.adversaries.behaviour import ALWAYS, Behaviour, Gate, Situation, filtered
from nodes.effects import (
    Abandon,
    Arrange,
    Effect,
    Note,
    Over,
    ReadBack,
    Receive,
    Reply,
    Send,
    Sign,
    Sleep,
    Spawn,
    Steps,
    Submit,
    Subscribe,
)
from nodes.identity import Directory, Identity, Role
from nodes.messages import BatchData, Envelope, InferenceRequest, Message, Voucher
from nodes.models.execution import Execution
from nodes.models.tensors import tensor_hash
from nodes.records import Cheated, Record
from tests.stage import DOMAIN, identity

MODEL = "m"
MODEL_HASH = bytes([7]) * 32
MODELS = {MODEL: MODEL_HASH}
FEE = Wei(10)
TASK = TaskId("0x" + "a1" * 32)
INPUT = np.arange(4, dtype=np.float32)
OUTPUT = np.array([0.0, 2.0, 1.0], np.float32)
PEOPLE = Directory(
    [identity(f"{role.value}-{i}", role) for role in (Role.INFERENCE, Role.FULL, Role.CLIENT) for i in range(3)]
)

NO_ANSWER = (Note, Send, Reply, Spawn, Abandon, Subscribe, Sleep, Over)
"""Effects that answer nothing, whatever the test says."""

Kind = TypeVar("Kind")


def who(name: str) -> Identity:
    """One of the cast."""
    return PEOPLE.named(name)


def assert_alike(one: Any, other: Any) -> None:
    """Hold that two dataclasses are equal whose fields may be arrays, which `==` cannot compare since Python 3.13."""
    assert type(one) is type(other)
    np.testing.assert_equal(asdict(one), asdict(other))


@dataclass
class Course:
    """What steps did: their effects in order, and what they returned, if they ended."""

    effects: list[Effect] = field(default_factory=list)
    result: Any = None
    ended: bool = False

    def of(self, kind: type[Kind]) -> list[Kind]:
        """Effects of one kind."""
        return [effect for effect in self.effects if isinstance(effect, kind)]

    def one(self, kind: type[Kind]) -> Kind:
        """The only effect of a kind."""
        found = self.of(kind)
        assert len(found) == 1, found
        return found[0]

    @property
    def records(self) -> list[Record]:
        """What was noted."""
        return [note.record for note in self.of(Note)]

    @property
    def said(self) -> list[Message]:
        """Messages replied with."""
        return [reply.message for reply in self.of(Reply)]

    @property
    def calls(self) -> list[Call]:
        """Transactions."""
        return [submit.call for submit in self.of(Submit)]


class NothingMore(Exception):
    """An answer ran out: the steps would wait for ever."""


Answers = Mapping[Any, Callable[[Any], Any]]


def follow(steps: Steps, answers: Answers | None = None) -> Course:
    """Carry steps on, answering each kind of effect by its function in `answers`, until they end or would wait.

    Spawned steps are not carried on: a test picks them out of the course. The chain has nothing to be read back, unless
    `answers` say so.
    """
    course, answer = Course(), None
    given = {ReadBack: always(()), **(answers or {})}
    while True:
        try:
            effect = steps.send(answer)
        except StopIteration as stop:
            course.result, course.ended = stop.value, True
            return course
        course.effects.append(effect)
        if isinstance(effect, Arrange) and Arrange not in given:
            answer = effect.claims
            continue
        if type(effect) not in given and not isinstance(effect, NO_ANSWER):
            pytest.fail(f"unexpected effect: {effect}")
        try:
            answer = given[type(effect)](effect) if type(effect) in given else None
        except NothingMore:
            return course


def one_after_the_other(*answers: Any) -> Callable[[Any], Any]:
    """Answers in turn; then there is nothing more."""
    left: Iterator[Any] = iter(answers)

    def answer(_: Any) -> Any:
        try:
            return next(left)
        except StopIteration:
            raise NothingMore from None

    return answer


def always(answer: Any) -> Callable[[Any], Any]:
    """The same answer every time."""
    return lambda _: answer


def inbox(*envelopes: Envelope) -> dict[type, Callable[[Any], Any]]:
    """A mailbox with these envelopes, and nothing after them."""
    return {Receive: one_after_the_other(*envelopes)}


def signing_as(name: str) -> dict[type, Callable[[Any], Any]]:
    """Signs with a participant's key."""
    return {Sign: lambda effect: Key(name.encode()).sign(effect.digest)}


# -- things to answer with -----------------------------------------------------------------------------------


def execution(output: np.ndarray = OUTPUT, macs: int = 100) -> Execution:
    """An inference's result."""
    return Execution(output, macs, 0.0)


def mined(effect: Submit) -> Receipt:
    """A transaction that took effect."""
    return Receipt(effect.call, Gas(1), ())


def refused(effect: Submit) -> Receipt:
    """A transaction that reverted."""
    return Receipt(effect.call, Gas(1), (), Revert("Refused", {}))


def voucher(
    cumulative: int, client: str = "client-0", node: str = "inference-0", signer: str = "", price: int = FEE
) -> Voucher:
    """A client's promise to a node; forged if another signs it."""
    digest = voucher_digest(DOMAIN, who(client).address, who(node).address, Wei(cumulative), Wei(price))
    return Voucher(client, Wei(cumulative), Wei(price), Key((signer or client).encode()).sign(digest))


def signed_answer(
    output: np.ndarray, task: TaskId = TASK, value: np.ndarray = INPUT, node: str = "inference-0"
) -> bytes:
    """A node's signature under an answer."""
    parts = bytes.fromhex(task[2:]), MODEL_HASH, tensor_hash(value), tensor_hash(output)
    return Key(node.encode()).sign(answer_digest(DOMAIN, *parts))


def from_client(message: Message, request: int = 1, client: str = "client-0") -> Envelope:
    """An envelope from a client."""
    return Envelope(client, message, request)


def asking(paid: Voucher | None, task: TaskId = TASK, value: np.ndarray = INPUT) -> Envelope:
    """A client's request."""
    return from_client(InferenceRequest(task, MODEL, value, FEE, paid))


def event(name: str, contract: str = "Settlement", **args: Any) -> Envelope:
    """A chain log in a mailbox."""
    return Envelope("chain", Log(contract, name, args))


def any_claim(
    index: int = 0,
    task: TaskId = TASK,
    value: np.ndarray = INPUT,
    output: np.ndarray = OUTPUT,
    model: bytes = MODEL_HASH,
) -> Claim:
    """A claim that is right about its input and output."""
    client: Address = who("client-0").address
    task_id = bytes.fromhex(task[2:])
    return Claim(index, task_id, model, tensor_hash(value), tensor_hash(output), ZERO_HASH, client, FEE, 1_000)


def task_id(number: int) -> TaskId:
    """A task of that number."""
    return task_name(number.to_bytes(32, "big"))


def batch_of(
    outputs: Iterable[np.ndarray], node: str = "inference-0", indices: Sequence[int] = ()
) -> tuple[BatchData, bytes]:
    """A node's batch of claims with these outputs on `INPUT`, and its root; numbered from 0 unless told otherwise."""
    given = tuple(outputs)
    numbers = indices or range(len(given))
    claims = tuple(any_claim(numbers[i], task_id(i + 1), output=output) for i, output in enumerate(given))
    root = ClaimTree(claims).root
    name = batch_name(batch_id(who(node).address, root))
    return BatchData(name, claims, (INPUT,) * len(given), given), root


# -- behaviours ----------------------------------------------------------------------------------------------


Shown = TypeVar("Shown", bound=Behaviour)


def attached(behaviour: Shown, name: str = "inference-0", accomplices: Iterable[str] = (), **more: Any) -> Shown:
    """A participant's own copy of a behaviour; `more` goes into its situation."""
    situation = Situation(
        me=who(name),
        rng=np.random.default_rng(0),
        domain=DOMAIN,
        models=MODELS,
        outputs={MODEL: OUTPUT},
        accomplices=frozenset(accomplices),
        directory=PEOPLE,
    )
    mine = behaviour.attach(replace(situation, **more))
    assert isinstance(mine, type(behaviour))
    return mine


def yielding(*effects: Effect) -> Steps:
    """Steps that yield these effects and return their answers."""
    answers = []
    for effect in effects:
        answers.append((yield effect))
    return answers


def past(behaviour: Behaviour, *effects: Effect, answers: Answers | None = None, gate: Gate = ALWAYS) -> Course:
    """What an honest node's effects become past a behaviour; the result is the answers that the node gets."""
    return follow(filtered(yielding(*effects), behaviour, gate), answers)


def lies(course: Course) -> list[tuple[str, str]]:
    """Ground truth in a course: what was falsified, and of what."""
    return [(record.act, record.subject) for record in course.records if isinstance(record, Cheated)]
