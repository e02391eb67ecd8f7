"""The client: asks for inferences, pays for them, and audits what was claimed of them on chain.

A request carries a voucher, the client's signed promise of all it owes that node so far, so that a node
can be paid without the client's help; what was promised for an answer that never came goes to the next. The
answer carries the node's signature. Some time later the client asks full nodes which claim was made of its
task on chain; a claim that contradicts the signed answer is proved as an equivocation. (The pattern is that of
payment channels and signed receipts; how long to wait and how many full nodes to ask are assumptions.)
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

import numpy as np

from chain.formats.claims import opening
from chain.formats.modes import Mode
from chain.formats.signing import Domain, answer_digest, recover
from chain.quantities import TaskId, Wei
from chain.seam import Call, Log
from nodes.effects import Note, Pay, Receive, Request, Send, Sleep, Spawn, Steps, Submit, Subscribe
from nodes.identity import Directory, Identity, Role
from nodes.messages import (
    PAYMENT_REQUIRED,
    ClaimProof,
    ClaimQuery,
    InferenceAnswer,
    InferenceRequest,
    Refusal,
    VoucherDelivery,
)
from nodes.models.tensors import tensor_hash
from nodes.records import TaskAnswered, TaskFailed, TaskSent, TermsSet

FOLLOWED = ("Jailed", "Unjailed", "Staked")
"""Chain events that every client follows."""


@dataclass(frozen=True, slots=True)
class Order:
    """An inference that a client is going to ask for, `after_s` seconds after the one before."""

    after_s: float
    task: TaskId
    model: str
    value: np.ndarray
    choice: float
    """A draw from [0, 1) that picks the node among those that are active at the time."""
    node: str = ""
    """The node to ask, if the client has made up its mind; then `choice` is not looked at."""
    mode: Mode | None = None
    """What is to prove the answer, if the client has a choice; the task's id says so too."""
    worth: Wei | None = None
    """What the answer is worth to the client; its fee if not given."""
    fee: Wei | None = None
    """What the client pays for it; what its policy says if not given."""


@dataclass(frozen=True, slots=True)
class ClientPolicy:
    """How clients behave, from the scenario."""

    fee: Wei
    timeout_s: float
    pays_first: bool
    """Whether the voucher goes with the request (True) or follows the answer."""
    audits: bool
    audit_every_s: float = 15.0
    """How long after the answer, and after each failed attempt, the client asks for its claim (assumption)."""
    audit_attempts: int = 5
    audit_breadth: int = 3
    """How many full nodes it asks in each attempt, until one has the claim (assumption)."""
    waits_above: Wei | None = None
    """Value above which it acts on an answer only when that is final; it never waits if not given."""


@dataclass(frozen=True, slots=True)
class SignedAnswer:
    """What a client keeps of an answer until the claim is audited."""

    task: TaskId
    model: bytes
    input_hash: bytes
    output_hash: bytes
    signature: bytes


@dataclass(frozen=True, slots=True)
class Answer:
    """A correctly signed answer, as a client holds it."""

    signed: SignedAnswer
    output: np.ndarray


class ClientHalf:
    """A client's half of a verification strategy; this one asks nothing of its client.

    One is made for each client, and anew when the client restarts: what it remembers is lost in a crash.
    """

    watches: tuple[str, ...] = ()
    """Chain events that `on_log` is called with."""

    def __init__(self, client: Client) -> None:
        self.client = client

    def on_log(self, log: Log) -> Steps:
        """Do what an event asks of the client; runs beside everything else."""
        yield from ()

    def ask(self, order: Order) -> Steps:
        """One inference, from request to the audit of its claim: of one node."""
        yield from self.client.ask(order)

    def refusal(self, order: Order, node: Identity, answer: InferenceAnswer) -> Steps:
        """Answers why a correctly signed answer is not what the client asked for; empty if it is."""
        yield from ()
        return ""

    def accept(self, task: TaskId, node: Identity) -> Steps:
        """Take an answer for good."""
        yield Note(TaskAnswered(self.client.me.name, task, node.name))


@dataclass
class Client:
    """One client. `orders` may be endless."""

    me: Identity
    directory: Directory
    domain: Domain
    models: dict[str, bytes]
    """Content hash of each model, as registered on chain."""
    policy: ClientPolicy
    orders: Iterable[Order]
    owed: dict[str, Wei] = field(default_factory=dict)
    prices: dict[str, Wei] = field(default_factory=dict)
    """The least that it has paid each node for an inference."""
    jailed: set[str] = field(default_factory=set)
    unbonded: set[str] = field(default_factory=set)
    """Nodes that have nothing bonded yet."""
    make_half: Callable[[Client], ClientHalf] = ClientHalf
    """Makes its half of the verification strategy."""
    half: ClientHalf = field(init=False, repr=False, compare=False)
    _choice: tuple[Identity, ...] = field(default=(), init=False, repr=False, compare=False)
    """Whom `choose` picks from; empty until it is asked, and again once `on_log` has heard of a node."""

    def __post_init__(self) -> None:
        self.half = self.make_half(self)

    def run(self) -> Steps:
        """Ask on schedule; meanwhile follow the chain."""
        yield Subscribe((*FOLLOWED, *self.half.watches))
        yield Spawn(self.ask_on_schedule())
        while True:
            envelope = yield Receive()
            if isinstance(envelope.message, Log):
                self.on_log(envelope.message)
                if envelope.message.event in self.half.watches:
                    yield Spawn(self.half.on_log(envelope.message))

    def ask_on_schedule(self) -> Steps:
        """Send each order when it is due, without waiting for the one before."""
        for order in self.orders:
            yield Sleep(order.after_s)
            yield Spawn(self.half.ask(order))

    def on_log(self, log: Log) -> None:
        """Keep away from nodes that are in jail, and get to know those that have bonded since."""
        node = self.directory.at(log.args["node"]) if log.event in FOLLOWED else None
        if node is None:
            return
        self._choice = ()
        if log.event == "Jailed":
            self.jailed.add(node.name)
        elif log.event == "Unjailed":
            self.jailed.discard(node.name)
        else:
            self.unbonded.discard(node.name)

    def choose(self, draw: float) -> Identity:
        """An inference node that is not jailed; any one if all are."""
        if not self._choice:
            everybody = tuple(node for node in self.directory.of(Role.INFERENCE) if node.name not in self.unbonded)
            self._choice = tuple(node for node in everybody if node.name not in self.jailed) or everybody
        return self._choice[int(draw * len(self._choice))]

    def ask(self, order: Order) -> Steps:
        """One inference, from request to the audit of its claim."""
        node = self.directory.named(order.node) if order.node else self.choose(order.choice)
        answer = yield from self.obtain(order, node)
        if answer is not None and self.policy.audits:
            yield from self.audit(answer.signed)

    def obtain(self, order: Order, node: Identity) -> Steps:
        """Ask one node and pay it; answers `Answer`, or ``None``."""
        fee = self.fee_of(order)
        if order.mode is not None or order.worth is not None:
            yield Note(self.terms(order))
        yield Note(TaskSent(self.me.name, order.task, node.name, order.model, str(fee)))
        voucher = None
        if self.policy.pays_first:
            voucher = yield from self.pay(node, order.task, fee)
        request = InferenceRequest(order.task, order.model, order.value, fee, voucher)
        answer = yield Request(node.name, request, self.policy.timeout_s)
        if not isinstance(answer, InferenceAnswer):
            reason = answer.reason if isinstance(answer, Refusal) else "timeout"
            if voucher is not None and reason != PAYMENT_REQUIRED:
                self.owed[node.name] = Wei(self.owed[node.name] - fee)
            yield Note(TaskFailed(self.me.name, order.task, node.name, reason))
            return None
        signed = SignedAnswer(
            order.task, self.models[order.model], tensor_hash(order.value), tensor_hash(answer.output), answer.signature
        )
        if not self.signed_by(node, signed):
            yield Note(TaskFailed(self.me.name, order.task, node.name, "bad signature"))
            return None
        if lacks := (yield from self.half.refusal(order, node, answer)):
            yield Note(TaskFailed(self.me.name, order.task, node.name, lacks))
            if self.policy.audits:  # what is signed binds the node, even if it won't do
                yield Spawn(self.audit(signed))
            return None
        yield from self.half.accept(order.task, node)
        if not self.policy.pays_first:
            voucher = yield from self.pay(node, order.task, fee)
            if voucher is not None:
                yield Send(node.name, VoucherDelivery(order.task, voucher))
        return Answer(signed, answer.output)

    def terms(self, order: Order) -> TermsSet:
        """On what terms an order is given."""
        worth = self.fee_of(order) if order.worth is None else order.worth
        waits = self.policy.waits_above is not None and worth > self.policy.waits_above
        return TermsSet(self.me.name, order.task, order.mode or "", str(worth), waits)

    def fee_of(self, order: Order) -> Wei:
        """What it pays for an order."""
        return self.policy.fee if order.fee is None else order.fee

    def pay(self, node: Identity, task: TaskId, fee: Wei) -> Steps:
        """Raise what this node may draw by a fee."""
        self.owed[node.name] = Wei(self.owed.get(node.name, 0) + fee)
        self.prices[node.name] = min(fee, self.prices.get(node.name, fee))
        voucher = yield Pay(node.name, self.owed[node.name], self.prices[node.name], task)
        return voucher

    def signed_by(self, node: Identity, signed: SignedAnswer) -> bool:
        """Whether the answer's signature is the node's, over what we asked and what we got."""
        task = bytes.fromhex(signed.task[2:])
        digest = answer_digest(self.domain, task, signed.model, signed.input_hash, signed.output_hash)
        return recover(digest, signed.signature) == node.address

    def audit(self, signed: SignedAnswer) -> Steps:
        """Find the claim made of our task; if it contradicts the answer, prove that on chain."""
        found = yield from self.locate(signed.task, self.policy.audit_attempts)
        if found is not None:
            yield from self.hold_against(found, signed)

    def hold_against(self, found: ClaimProof, signed: SignedAnswer) -> Steps:
        """Answers whether a claim agrees with the signed answer; proves the equivocation on chain if there is one.

        A claim of another model or input can be no equivocation: the client could have asked for that, too.
        """
        claim = found.claim
        asked = (claim.model, claim.input_hash) == (signed.model, signed.input_hash)
        if asked and claim.output_hash != signed.output_hash:
            args = (bytes.fromhex(found.batch[2:]), opening(claim, found.proof), signed.output_hash, signed.signature)
            yield Submit(Call(self.me.address, "Settlement", "proveEquivocation", args), subject=found.batch)
        return asked and claim.output_hash == signed.output_hash

    def locate(self, task: TaskId, attempts: int) -> Steps:
        """Look for a claim until it is on chain and a full node has it; answers `ClaimProof` or ``None``."""
        for attempt in range(attempts):
            yield Sleep(self.policy.audit_every_s)
            found = yield from self.find_claim(task, attempt * self.policy.audit_breadth)
            if found is not None:
                return found
        return None

    def find_claim(self, task: TaskId, skip: int) -> Steps:
        """Ask full nodes, from the one that the task picks and `skip` further; answers `ClaimProof` or ``None``."""
        auditors = self.directory.of(Role.FULL)
        first = int(task[2:10], 16) + skip
        for i in range(min(self.policy.audit_breadth, len(auditors))):
            auditor = auditors[(first + i) % len(auditors)]
            found = yield Request(auditor.name, ClaimQuery(task), self.policy.timeout_s)
            if isinstance(found, ClaimProof):
                return found
        return None
