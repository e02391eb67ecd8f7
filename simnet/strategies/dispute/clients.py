"""Clients that verify: by asking several nodes the same, or by executing some of their own requests.

What they find wrong they challenge on chain like anybody else, as soon as they find the claim made of it. On the
wire they look like any other client.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import combinations

from chain.formats.claims import Claim
from chain.seam import Call
from nodes.client import Answer, Client, Order
from nodes.effects import Execute, Note, Purpose, Spawn, Steps, Submit
from nodes.identity import Identity, Role
from nodes.records import ExtraTask, TaskAnswered
from nodes.verification import Comparator

PATIENCE = 10_000
"""How often a client looks for a claim that it means to challenge: a liar may post late, when nobody looks any more."""


@dataclass
class Round:
    """Answers of several nodes to the same inference, as they come in."""

    expected: int
    answers: list[tuple[str, Identity, Answer | None]] = field(default_factory=list)

    @property
    def is_complete(self) -> bool:
        """Whether every node has answered or failed to."""
        return len(self.answers) == self.expected

    @property
    def given(self) -> list[Answer]:
        """Those that came."""
        return [answer for _, _, answer in self.answers if answer is not None]


@dataclass
class CheckingClient(Client):
    """Base of clients that verify."""

    comparator: Comparator | None = None

    def equal(self, reference: Answer, other: Answer) -> bool:
        """Whether two answers to the same inference agree."""
        assert self.comparator is not None
        same_shape = reference.output.shape == other.output.shape
        return same_shape and self.comparator.equal(reference.output, other.output)

    def follow_up(self, answer: Answer, wrong: bool) -> Steps:
        """Audit the claim made of an answer, and challenge it if it is `wrong`, however late it comes."""
        if wrong or self.policy.audits:
            found = yield from self.audit(answer.signed, PATIENCE if wrong else 0)
            if wrong and found is not None:
                yield from self.challenge(found.batch, found.claim)

    def challenge(self, batch: str, claim: Claim) -> Steps:
        """Dispute one claim on chain."""
        args = (bytes.fromhex(batch[2:]), 1 << claim.index)
        yield Submit(Call(self.me.address, self.policy.court, "challenge", args), subject=batch)


@dataclass
class Delegator(CheckingClient):
    """Asks several nodes the same. Where any two of their answers differ, all of them go before the referee.

    It cannot tell who is wrong, for it executes nothing; if but one of them is right, the others fall.
    """

    def ask(self, order: Order) -> Steps:
        """One inference by several nodes at the same time; an order for a certain node is left to that one."""
        if order.node:
            yield from super().ask(order)
            return
        nodes = self.choose_several(order)
        asked = Round(len(nodes))
        for node, part in zip(nodes, parts(order), strict=False):
            if part.task != order.task:
                yield Note(ExtraTask(self.me.name, part.task, of=order.task))
            yield Spawn(self.ask_one(part, node, asked))

    def choose_several(self, order: Order) -> list[Identity]:
        """The node that the draw picks, and others in an order that hangs on the task."""
        first = self.choose(order.choice)
        out = self.absent | self.jailed | {first.name}
        others = [node for node in self.directory.of(Role.INFERENCE) if node.name not in out]
        others.sort(key=lambda node: hashlib.sha256(f"{order.task}/{node.name}".encode()).digest())
        return [first, *others[: self.policy.providers - 1]]

    def ask_one(self, order: Order, node: Identity, asked: Round) -> Steps:
        """One of the requests; the last to come back compares."""
        answer = yield from self.obtain(order, node)
        asked.answers.append((order.task, node, answer))
        if asked.is_complete:
            yield from self.compare(asked)

    def accept(self, task: str, node: Identity) -> Steps:
        """No answer is taken before all are there."""
        yield from ()

    def compare(self, asked: Round) -> Steps:
        """Take the answers, and dispute all of them if any two differ."""
        for task, node, answer in asked.answers:
            if answer is not None:
                yield Note(TaskAnswered(self.me.name, task, node.name))
        differ = not all(self.equal(one, other) for one, other in combinations(asked.given, 2))
        for answer in asked.given:
            yield Spawn(self.follow_up(answer, wrong=differ))


def parts(order: Order) -> Iterator[Order]:
    """The order itself, then the same under other task ids: a node must not see who else was asked."""
    yield order
    number = 0
    while True:
        number += 1
        yield replace(order, task="0x" + hashlib.sha256(f"{order.task}/{number}".encode()).hexdigest())


@dataclass
class Auditor(CheckingClient):
    """Executes some of its own requests, and challenges what was answered wrong."""

    secret: bytes = b""
    """What decides which of its requests are probes."""

    def ask(self, order: Order) -> Steps:
        """One inference; if it is a probe, executed by the client too."""
        if order.node or not self.is_probe(order.task):
            yield from super().ask(order)
            return
        node = self.choose(order.choice)
        yield Note(ExtraTask(self.me.name, order.task, of=""))
        answer = yield from self.obtain(order, node)
        if answer is None:
            return
        execution = yield Execute(order.model, order.value, Purpose.CHECK, order.task)
        right = self.equal(Answer(answer.signed, execution.output), answer)
        yield from self.follow_up(answer, wrong=not right)

    def is_probe(self, task: str) -> bool:
        """Whether a request is a probe, by a lot that nobody else can tell."""
        digest = hashlib.sha256(b"probe" + self.secret + bytes.fromhex(task[2:])).digest()
        return int.from_bytes(digest[:7], "big") < self.policy.probes * 2**56
