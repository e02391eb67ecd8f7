"""Clients that verify: by asking several nodes the same, or by executing some of their own requests.

What they find wrong they challenge on chain like anybody else, as soon as they find the claim made of it. On the
wire they look like any other client.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import combinations

from chain.formats.claims import Claim, task_name
from chain.quantities import BatchId, TaskId
from chain.seam import Call, Log
from nodes.client import Answer, Client, ClientHalf, Order
from nodes.effects import Execute, Note, Purpose, Sleep, Spawn, Steps, Submit
from nodes.identity import Identity, Role
from nodes.models.comparator import Comparator
from nodes.records import ExtraTask, TaskAnswered


@dataclass
class Round:
    """Answers of several nodes to the same inference, as they come in."""

    expected: int
    answers: list[tuple[TaskId, Identity, Answer | None]] = field(default_factory=list)

    @property
    def is_complete(self) -> bool:
        """Whether every node has answered or failed to."""
        return len(self.answers) == self.expected

    @property
    def given(self) -> list[tuple[Identity, Answer]]:
        """Those that came, and whose they are."""
        return [(node, answer) for _, node, answer in self.answers if answer is not None]


@dataclass
class Suspect:
    """An answer believed wrong, whose claim has not been found yet."""

    node: Identity
    answer: Answer
    attempts: int = 0
    """How often it was looked for since the node last posted a batch."""
    is_pursued: bool = False


class VerifyingClient(ClientHalf):
    """Base of clients that verify."""

    watches = ("BatchPosted",)

    def __init__(self, client: Client, comparator: Comparator, contract: str) -> None:
        super().__init__(client)
        self.comparator = comparator
        self.contract = contract
        """The one that takes challenges."""
        self.suspects: list[Suspect] = []

    def equal(self, reference: Answer, other: Answer) -> bool:
        """Whether two answers to the same inference agree."""
        return self.comparator.equal(reference.output, other.output)

    def follow_up(self, node: Identity, answer: Answer, wrong: bool) -> Steps:
        """Audit the claim made of an answer, and challenge it if it is `wrong`, however late it comes."""
        if wrong:
            suspect = Suspect(node, answer)
            self.suspects.append(suspect)
            yield from self.pursue(suspect)
        elif self.client.policy.audits:
            yield from self.client.audit(answer.signed)

    def on_log(self, log: Log) -> Steps:
        """Whoever is suspected has posted a batch: the claim may be in it."""
        for suspect in self.suspects:
            if suspect.node.address == log.args["node"]:
                suspect.attempts = 0
                if not suspect.is_pursued:
                    yield Spawn(self.pursue(suspect))

    def pursue(self, suspect: Suspect) -> Steps:
        """Look for a suspect's claim for as long as a batch posted last can be challenged, and challenge it."""
        client, policy, signed = self.client, self.client.policy, suspect.answer.signed
        suspect.is_pursued = True
        while suspect.attempts < policy.audit_attempts:
            yield Sleep(policy.audit_every_s)
            found = yield from client.find_claim(signed.task, suspect.attempts * policy.audit_breadth)
            suspect.attempts += 1
            if found is not None:
                self.suspects.remove(suspect)
                if (yield from client.hold_against(found, signed)):
                    yield from self.challenge(found.batch, found.claim)
                return
        suspect.is_pursued = False

    def challenge(self, batch: BatchId, claim: Claim) -> Steps:
        """Dispute one claim on chain."""
        args = (bytes.fromhex(batch[2:]), 1 << claim.index)
        yield Submit(Call(self.client.me.address, self.contract, "challenge", args), subject=batch)


class Delegator(VerifyingClient):
    """Asks several nodes the same. Where any two of their answers differ, all of them go before the referee.

    It cannot tell who is wrong, for it executes nothing; if but one of them is right, the others fall.
    """

    def __init__(self, client: Client, comparator: Comparator, contract: str, providers: int) -> None:
        super().__init__(client, comparator, contract)
        self.providers = providers
        """How many nodes each inference is asked of."""

    def ask(self, order: Order) -> Steps:
        """One inference by several nodes at the same time; an order for a certain node is left to that one."""
        if order.node:
            yield from super().ask(order)
            return
        nodes = self.choose_several(order)
        asked = Round(len(nodes))
        for node, part in zip(nodes, parts(order), strict=False):
            if part.task != order.task:
                yield Note(ExtraTask(self.client.me.name, part.task, of=order.task))
            yield Spawn(self.ask_one(part, node, asked))

    def choose_several(self, order: Order) -> list[Identity]:
        """The node that the draw picks, and others in an order that hangs on the task."""
        first = self.client.choose(order.choice)
        out = self.client.unbonded | self.client.jailed | {first.name}
        others = [node for node in self.client.directory.of(Role.INFERENCE) if node.name not in out]
        others.sort(key=lambda node: hashlib.sha256(f"{order.task}/{node.name}".encode()).digest())
        return [first, *others[: self.providers - 1]]

    def ask_one(self, order: Order, node: Identity, asked: Round) -> Steps:
        """One of the requests; the last to come back compares."""
        answer = yield from self.client.obtain(order, node)
        asked.answers.append((order.task, node, answer))
        if asked.is_complete:
            yield from self.compare(asked)

    def accept(self, task: TaskId, node: Identity) -> Steps:
        """No answer is taken before all are there."""
        yield from ()

    def compare(self, asked: Round) -> Steps:
        """Take the answers, and dispute all of them if any two differ."""
        for task, node, answer in asked.answers:
            if answer is not None:
                yield Note(TaskAnswered(self.client.me.name, task, node.name))
        differ = not all(self.equal(one, other) for (_, one), (_, other) in combinations(asked.given, 2))
        for node, answer in asked.given:
            yield Spawn(self.follow_up(node, answer, wrong=differ))


def parts(order: Order) -> Iterator[Order]:
    """The order itself, then the same under other task ids: a node must not see who else was asked."""
    yield order
    number = 0
    while True:
        number += 1
        yield replace(order, task=task_name(hashlib.sha256(f"{order.task}/{number}".encode()).digest()))


class Auditor(VerifyingClient):
    """Executes some of its own requests, and challenges what was answered wrong."""

    def __init__(self, client: Client, comparator: Comparator, contract: str, probes: float, secret: bytes) -> None:
        super().__init__(client, comparator, contract)
        self.probes = probes
        """Probability that an inference is a probe."""
        self.secret = secret
        """What decides which of its requests are probes."""

    def ask(self, order: Order) -> Steps:
        """One inference; if it is a probe, executed by the client too."""
        if order.node or not self.is_probe(order.task):
            yield from super().ask(order)
            return
        client = self.client
        node = client.choose(order.choice)
        yield Note(ExtraTask(client.me.name, order.task, of=""))
        answer = yield from client.obtain(order, node)
        if answer is None:
            return
        execution = yield Execute(order.model, order.value, Purpose.CHECK, order.task)
        right = self.equal(Answer(answer.signed, execution.output), answer)
        yield from self.follow_up(node, answer, wrong=not right)

    def is_probe(self, task: TaskId) -> bool:
        """Whether a request is a probe, by a draw that nobody else can tell."""
        digest = hashlib.sha256(b"probe" + self.secret + bytes.fromhex(task[2:])).digest()
        return int.from_bytes(digest[:7], "big") < self.probes * 2**56
