"""The inference node: answers at once, and stands behind its answers on chain later.

It keeps no state of the model or of its clients beyond what it has not been paid for yet. Answers are
signed and given out; the claims they amount to are collected into a batch, whose Merkle root is posted
with the vouchers that pay for it and the node's stake behind it. Who checks the batch asks the node for
the claims and tensors behind the root.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np

from chain.formats.claims import Claim, ClaimTree, batch_id, batch_name
from chain.formats.signing import Domain, answer_digest, recover, voucher_digest
from chain.quantities import NO_DEADLINE, ZERO_HASH, Address, BatchId, Gas, TaskId, Wei
from chain.seam import Call, Log
from nodes.disk import Disk
from nodes.effects import (
    Abandon,
    Arrange,
    ChainTime,
    Execute,
    Note,
    Purpose,
    Read,
    Receive,
    Reply,
    Sign,
    Sleep,
    Spawn,
    Steps,
    Submit,
    Subscribe,
)
from nodes.http import HttpRequest
from nodes.identity import Directory, Identity, Role
from nodes.messages import (
    ESCROW_EMPTY,
    PAYMENT_REQUIRED,
    BatchData,
    BatchQuery,
    ChainReorg,
    Envelope,
    InferenceAnswer,
    InferenceRequest,
    Refusal,
    Voucher,
    VoucherDelivery,
)
from nodes.models.tensors import fits, tensor_hash
from nodes.models.zoo import REFERENCE
from nodes.onchain import serving as onchain
from nodes.records import BatchBuilt, ClaimMade
from nodes.remembered import Remembered

POST_GAS = Gas(250_000)
VOUCHER_GAS = Gas(60_000)
"""Gas that posting a batch may use at the most: a base, and so much for each voucher."""


DUTY = "postings"
"""The duty that everything about batches on chain is part of."""

STATUS, OPEN, FINAL = 3, 1, 2
"""Where a batch's status is in what ``batchOf`` returns, and what it may be."""

FOLLOWED = ("Jailed", "Unjailed", "BatchFinal", "Underfunded", "Deposited")
"""Chain events that every inference node follows."""

RESEND_S = 10.0
"""How long what was sent before a crash or a reorg is left to reach the chain by itself (assumption)."""

BAD_INPUT = "bad input"
"""Why a request is refused that the model, or its circuit, cannot take."""

TASKS_REMEMBERED = 100_000
"""Tasks that a node remembers having taken on, at the least; the oldest go first (assumption)."""


@dataclass(frozen=True, slots=True)
class InferencePolicy:
    """How inference nodes work, from the scenario."""

    batch_interval_s: float
    batch_size: int
    demands_voucher: bool
    """Refuse requests that no voucher covers."""
    kept_s: float
    """How long the data behind a batch is kept once the batch is final: a reorg may make it needed again."""


@dataclass(slots=True)
class Answered:
    """An inference given out, on its way into a batch."""

    client: Identity
    request: InferenceRequest
    output: np.ndarray
    answered_at: int
    evidence: bytes = ZERO_HASH
    """Hash of what goes with the answer, where the strategy asks for it."""
    attachments: tuple[bytes, ...] = ()
    """What that is, shown to the client and to whoever checks the claim."""


@dataclass(slots=True)
class Posting:
    """A batch that was sent to the chain."""

    data: BatchData
    call: Call
    answered: list[Answered]
    """What it claims."""
    final_at: float | None = None
    """When it was seen to be final, in chain time."""


@dataclass(slots=True)
class Account:
    """What this node knows of a client's debt."""

    owed: Wei = field(default=Wei(0))
    price: Wei | None = None
    """The least that it has offered for an inference."""
    voucher: Voucher | None = None
    credit: int = 0
    """Wei that may still be owed before the client's escrow is looked at again."""
    is_underfunded: bool = False
    """Whether the client's escrow was found short of its vouchers, and nothing was paid in since: it is not served."""

    @property
    def covered(self) -> Wei:
        """Total that the best voucher lets the node draw."""
        return self.voucher.cumulative if self.voucher else Wei(0)


class PosterHalf:
    """An inference node's half of a verification strategy; this one asks nothing of its node.

    One is made for each node, and anew when the node restarts: what it remembers is lost in a crash, but for what it
    keeps on the node's disk.
    """

    watches: tuple[str, ...] = ()
    """Chain events that `on_log` is called with."""
    shows_outputs: bool = True
    """Whether the node shows outputs to those who check, or their hashes alone."""

    def __init__(self, node: InferenceNode) -> None:
        self.node = node

    def on_start(self) -> Steps:
        """Do what the strategy asks before the node answers anything; runs beside everything else."""
        yield from ()

    def on_log(self, log: Log) -> Steps:
        """Do what an event asks of the node; runs beside everything else."""
        yield from ()

    def variant(self, request: InferenceRequest) -> str:
        """Which variant of a model answers a request."""
        return REFERENCE

    def batch_key(self, answered: Answered) -> str:
        """Answers with the same key share a batch."""
        return ""

    def precheck(self, request: InferenceRequest) -> Steps:
        """Answers why the node must not answer a request now; empty if nothing is in the way."""
        yield from ()
        return ""

    def attach_evidence(self, answered: Answered) -> Steps:
        """Add to an answer what proves it, before it is sent."""
        yield from ()

    def compose(self, answered: list[Answered]) -> Steps:
        """Answers what the node puts into a batch, given what it has answered."""
        yield from ()
        return answered

    def post_by(self, answered: Sequence[Answered]) -> int:
        """Unix time after which these answers had better not be claimed."""
        return NO_DEADLINE

    def on_sent(self, data: BatchData) -> Steps:
        """Do what the strategy asks right after a batch was sent to the chain, wherever it is by then."""
        yield from ()

    def on_posted(self, data: BatchData) -> Steps:
        """Do what the strategy asks once a batch of the node's is posted; runs beside everything else.

        Runs again after a crash and after a reorg, as long as the batch is open.
        """
        yield from ()


@dataclass
class InferenceNode:
    """One inference node."""

    me: Identity
    directory: Directory
    domain: Domain
    models: dict[str, bytes]
    genesis: int
    """Timestamp of simulated second 0."""
    policy: InferencePolicy
    inputs: Mapping[str, tuple[tuple[int, ...], np.dtype[Any]]] = field(default_factory=dict)
    """Shape and element type of each model's input; where nothing is given, any input is taken."""
    disk: Disk = field(default_factory=Disk)
    """What outlives a crash: all that the node owes to its clients and to those who check."""
    make_half: Callable[[InferenceNode], PosterHalf] = PosterHalf
    """Makes its half of the verification strategy."""
    half: PosterHalf = field(init=False, repr=False, compare=False)
    secret: bytes = b""
    """What secrets of the strategy's are derived from; nobody else knows it."""
    inactive: bool = False
    """In jail, or short of stake: nothing can be posted, so nothing is answered."""

    def __post_init__(self) -> None:
        self.open_batch: list[Answered] = self.disk.kept("open_batch", list)
        """Answers that are in no batch yet."""
        self.accounts: dict[str, Account] = self.disk.kept("accounts", dict)
        self.posted: dict[str, Posting] = self.disk.kept("posted", dict)
        """Batches that are not final, or not for long, to be shown to whoever checks them."""
        self.taken = self.disk.kept("taken", partial(Remembered, TASKS_REMEMBERED))
        """The last eight bytes of the ids of tasks taken on: two signed answers to one would prove an equivocation."""
        self.sending: set[str] = set()
        """Batches on their way to the chain."""
        self.half = self.make_half(self)

    def run(self) -> Steps:
        """Serve requests; post a batch every interval."""
        yield Subscribe((*FOLLOWED, *self.half.watches))
        yield Spawn(self.half.on_start())
        yield Spawn(self.post_on_schedule())
        yield Spawn(self.take_up(), DUTY)
        while True:
            envelope = yield Receive()
            match envelope.message:
                case InferenceRequest() as request:
                    yield Spawn(self.serve(envelope, request))
                case VoucherDelivery(voucher=voucher):
                    self.accept_voucher(self.account(voucher.client), voucher)
                case HttpRequest() as request:
                    yield Spawn(onchain.serve(self.me.name, envelope, request))
                case BatchQuery(batch=batch):
                    known = self.posted.get(batch)
                    yield Reply(envelope, known.data if known else Refusal(batch, "unknown batch"))
                case ChainReorg():
                    yield Abandon(DUTY)
                    yield Spawn(self.take_up(), DUTY)
                case Log() as log:
                    yield from self.on_log(log)
                    if log.event in self.half.watches:
                        yield Spawn(self.half.on_log(log))

    def on_log(self, log: Log) -> Steps:
        """Leave jail as soon as the contract allows; forget batches that have been final for long; see who can pay."""
        if log.event == "Deposited":
            self.set_underfunded(log.args["client"], False)
        if log.event not in FOLLOWED or log.args.get("node") != self.me.address:
            return
        if log.event == "Jailed":
            self.inactive = True
            yield Spawn(self.leave_jail(log.args["until"]))
        elif log.event == "Unjailed":
            self.inactive = False
        elif log.event == "Underfunded":
            self.set_underfunded(log.args["client"], True)
        else:
            yield from self.see_final(batch_name(log.args["batch"]))

    def leave_jail(self, until: int) -> Steps:
        """Serve the sentence, then ask to be let out; too little stake left keeps the node in."""
        yield Sleep(max(0.0, until - (yield ChainTime())) + 1)
        yield Submit(Call(self.me.address, "Staking", "unjail"))

    def see_final(self, batch: BatchId) -> Steps:
        """Note that a batch is final, and have it forgotten in time."""
        posting = self.posted.get(batch)
        if posting is not None:
            if posting.final_at is None:
                posting.final_at = yield ChainTime()
            yield Spawn(self.forget(batch, posting.final_at))

    def forget(self, batch: BatchId, final_at: float) -> Steps:
        """Forget a batch when it has been final for long, unless a reorg has undone that meanwhile."""
        yield Sleep(self.policy.kept_s)
        if batch in self.posted and self.posted[batch].final_at == final_at:
            del self.posted[batch]

    def take_up(self) -> Steps:
        """Go on where a crash or a reorg left off: serve a sentence, and see to every batch that is not final."""
        if not self.taken:
            return
        yield Sleep(RESEND_S)
        self.inactive = not (yield Read("Staking", "isActive", (self.me.address,)))
        if until := (yield Read("Staking", "jailedUntil", (self.me.address,))):
            yield Spawn(self.leave_jail(until))
        for posting in list(self.posted.values()):
            status = (yield Read("Settlement", "batchOf", (bytes.fromhex(posting.data.batch[2:]),)))[STATUS]
            posting.final_at = posting.final_at if status == FINAL else None
            if status == OPEN:
                yield Spawn(self.half.on_posted(posting.data), DUTY)
            elif status == FINAL:
                yield from self.see_final(posting.data.batch)
            else:
                yield Spawn(self.send(posting))

    def set_underfunded(self, client: Address, underfunded: bool) -> None:
        """Note whether a client, by its address, has less in escrow than it promised."""
        known = self.directory.at(client)
        if known is not None:
            self.account(known.name).is_underfunded = underfunded

    def account(self, client: str) -> Account:
        """The books on one client."""
        return self.accounts.setdefault(client, Account())

    def accept_voucher(self, account: Account, voucher: Voucher) -> None:
        """Keep a voucher if it is the client's own, worth more than the one at hand, and asks for no dearer refunds."""
        client = self.directory.named(voucher.client)
        if voucher.cumulative <= account.covered or account.price is None or voucher.price > account.price:
            return
        digest = voucher_digest(self.domain, client.address, self.me.address, voucher.cumulative, voucher.price)
        if recover(digest, voucher.signature) == client.address:
            account.voucher = voucher

    def serve(self, envelope: Envelope, request: InferenceRequest) -> Steps:
        """One inference, from request to signed answer and claim."""
        account = self.account(envelope.sender)
        account.price = request.fee if account.price is None else min(request.fee, account.price)
        objection = self.objection(account, request)
        if objection:
            yield Reply(envelope, Refusal(request.task, objection))
            return
        self.taken.add(brief(request.task))  # before anything is waited for: whoever asks again meanwhile is refused
        account.owed = Wei(account.owed + request.fee)
        objection, execution = (yield from self.half.precheck(request)), None
        if not objection and not (yield from self.is_good_for(account, envelope.sender, request.fee)):
            objection = ESCROW_EMPTY
        if not objection:
            variant = self.half.variant(request)
            execution = yield Execute(request.model, request.value, Purpose.ANSWER, request.task, variant)
        if execution is None:
            self.taken.discard(brief(request.task))
            account.owed = Wei(account.owed - request.fee)
            yield Reply(envelope, Refusal(request.task, objection or BAD_INPUT))
            return
        client = self.directory.named(envelope.sender)
        # Without its voucher: the node's account of the client has the best of all.
        paid = InferenceRequest(request.task, request.model, request.value, request.fee, None)
        answered = Answered(client, paid, execution.output, int((yield ChainTime())))
        yield from self.half.attach_evidence(answered)
        yield from self.reply(envelope, answered)
        self.open_batch.append(answered)
        output_hash = tensor_hash(execution.output)
        yield Note(ClaimMade(self.me.name, request.task, request.model, "0x" + output_hash.hex()))
        if len(self.open_batch) < self.policy.batch_size:  # of whatever key
            return
        key = self.half.batch_key(answered)
        if len(self.unposted(key)) >= self.policy.batch_size:
            yield from self.post(key)

    def objection(self, account: Account, request: InferenceRequest) -> str:
        """Why the node must not take a request on; empty if nothing is in the way."""
        if request.voucher is not None:
            self.accept_voucher(account, request.voucher)
        if self.policy.demands_voucher and account.covered < account.owed + request.fee:
            return PAYMENT_REQUIRED
        if account.is_underfunded:
            return ESCROW_EMPTY
        if self.inactive:
            return "not active"
        if brief(request.task) in self.taken:
            return "task taken"
        return "" if self.fits(request) else BAD_INPUT

    def is_good_for(self, account: Account, name: str, fee: Wei) -> Steps:
        """Answers whether a client's escrow covers all that it owes this node and is not charged yet, `fee` included.

        It may owe every other inference node as much. The chain is asked again when half of what was left is used up.
        """
        account.credit -= fee
        if account.credit >= 0:
            return True
        client, nodes = self.directory.named(name).address, len(self.directory.of(Role.INFERENCE))
        escrow = yield Read("Settlement", "escrowOf", (client,))
        redeemed = yield Read("Settlement", "redeemedOf", (client, self.me.address))
        if escrow is None or redeemed is None:
            return True
        left = escrow // nodes - max(0, account.owed - redeemed)
        account.credit = max(0, left // 2)
        return left >= 0

    def fits(self, request: InferenceRequest) -> bool:
        """Whether the model is one that this node serves, and the input is of its kind."""
        if request.model not in self.models:
            return False
        shape, dtype = self.inputs.get(request.model, (request.value.shape, request.value.dtype))
        return fits(request.value, shape, dtype)

    def reply(self, envelope: Envelope, answered: Answered) -> Steps:
        """Sign an answer and send it."""
        request, output = answered.request, answered.output
        task, model = bytes.fromhex(request.task[2:]), self.models[request.model]
        digest = answer_digest(self.domain, task, model, tensor_hash(request.value), tensor_hash(output))
        signature = yield Sign(digest)
        yield Reply(envelope, InferenceAnswer(request.task, output, signature, answered.attachments))

    def post_on_schedule(self) -> Steps:
        """Post whatever has been answered, once every interval."""
        while True:
            yield Sleep(self.policy.batch_interval_s)
            if not self.inactive:
                for key in dict.fromkeys(map(self.half.batch_key, self.open_batch)):
                    yield Spawn(self.post(key))

    def unposted(self, key: str) -> list[Answered]:
        """Answers of one batch key that are in no batch yet, oldest first."""
        return [answered for answered in self.open_batch if self.half.batch_key(answered) == key]

    def claim(self, index: int, answered: Answered) -> Claim:
        """The claim that an answer amounts to, as leaf number `index`."""
        request = answered.request
        return Claim(
            index=index,
            task=bytes.fromhex(request.task[2:]),
            model=self.models[request.model],
            input_hash=tensor_hash(request.value),
            output_hash=tensor_hash(answered.output),
            evidence_hash=answered.evidence,
            client=answered.client.address,
            fee=request.fee,
            answered_at=answered.answered_at,
        )

    def post(self, key: str = "") -> Steps:
        """Close the open batch of one key and post its root with the vouchers that pay for it."""
        taken = self.unposted(key)[: self.policy.batch_size]
        if not taken:
            return
        claimed = set(map(id, taken))
        self.open_batch[:] = [answered for answered in self.open_batch if id(answered) not in claimed]
        batch = yield from self.half.compose(taken)
        if not batch:
            return
        data, root = yield from self.build_batch(batch)
        yield Note(BatchBuilt(self.me.name, data.batch, [answered.request.task for answered in batch]))
        vouchers = self.vouchers_for(batch)
        call = Call(
            self.me.address,
            "Settlement",
            "postBatch",
            (root, len(batch), vouchers, self.half.post_by(batch)),
            Gas(POST_GAS + VOUCHER_GAS * len(vouchers)),
        )
        self.posted[data.batch] = Posting(data, call, taken)
        yield from self.send(self.posted[data.batch])

    def send(self, posting: Posting) -> Steps:
        """Send a batch to the chain; what it refuses is claimed anew with the next."""
        batch = posting.data.batch
        if batch in self.sending:
            return
        self.sending.add(batch)
        yield Spawn(self.half.on_sent(posting.data))
        try:
            receipt = yield Submit(posting.call, subject=batch)
        finally:
            self.sending.discard(batch)
        if receipt.ok or receipt.revert.error == "BatchExists":  # sent before a crash, and mined since
            yield Spawn(self.half.on_posted(posting.data), DUTY)
            return
        del self.posted[batch]
        self.open_batch[:0] = posting.answered
        if receipt.revert.error == "NotActiveInferenceNode":  # the chain says so before any log does
            self.inactive = True

    def build_batch(self, batch: Sequence[Answered]) -> Steps:
        """Answers what is shown of a batch to whoever checks it, and its root."""
        claims = yield Arrange(tuple(self.claim(i, answered) for i, answered in enumerate(batch)))
        root = ClaimTree(claims).root
        name = batch_name(batch_id(self.me.address, root))
        shown = batch if self.half.shows_outputs else ()
        inputs = tuple(answered.request.value for answered in batch)
        outputs = tuple(answered.output for answered in shown)
        attachments = tuple(dict.fromkeys(part for answered in batch for part in answered.attachments))
        return BatchData(name, claims, inputs, outputs, attachments), root

    def vouchers_for(self, batch: list[Answered]) -> tuple[tuple[str, int, int, bytes], ...]:
        """The best voucher of every client in the batch, in order of appearance."""
        clients = dict.fromkeys(answered.client.name for answered in batch)
        best = ((self.directory.named(name), self.account(name).voucher) for name in clients)
        return tuple((client.address, v.cumulative, v.price, v.signature) for client, v in best if v is not None)


def brief(task: TaskId) -> int:
    """The last eight bytes of a task's id."""
    return int(task[-16:], 16)
