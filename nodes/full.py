"""The full node: checks, after the fact, what inference nodes claimed.

What it has to check, and how it says what it found, is the strategy's business (`VerifierHalf`).
What every strategy needs is here: fetch a batch and hold it against its root, execute its claims again on
a device and with sessions of its own, contribute to the randomness beacon, show claims to clients who ask.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np

from chain.formats.claims import MAX_CLAIMS, Claim, ClaimTree, batch_name, misplaced, open_claims, task_name
from chain.formats.signing import Domain
from chain.quantities import BatchId, Gas, TaskId
from chain.seam import Call, Log
from nodes.disk import Disk
from nodes.duties import submit_duty
from nodes.effects import (
    Abandon,
    ChainTime,
    Check,
    Execute,
    Note,
    Over,
    Purpose,
    Read,
    ReadBack,
    Receive,
    Reply,
    Request,
    Sleep,
    Spawn,
    Steps,
    Submit,
    Subscribe,
    Verdict,
)
from nodes.identity import Directory, Identity, Role
from nodes.messages import BatchData, BatchQuery, ChainReorg, ClaimProof, ClaimQuery, Refusal
from nodes.models.comparator import Comparator
from nodes.models.tensors import tensor_hash
from nodes.records import ClaimChecked, DutyFailed

FETCH_TIMEOUT_S = 10.0
"""How long to wait for a batch's data before it is asked for again, or given up (assumption)."""

ASK_AGAIN_S = 3.0
"""How often a query is sent again meanwhile, in case that it was lost (assumption)."""

TURN_S = 2.0
"""How long a full node leaves each one before it in turn to prove a fault (assumption)."""

PROOF_GAS, REFUND_GAS = 500_000, 20_000
"""Gas that proving a batch malformed may use at the most, and of that for each client who is refunded."""

BEACON_GAS = Gas(150_000)
"""Gas that one reveal may use at the most."""

EVERY_CLAIM = 2**MAX_CLAIMS - 1
"""The ballot of who judges a whole batch."""

DUTY = "batches"
"""The duty that everything about open batches is part of."""

CLAIMS_KEPT = 4096
"""Tasks whose claims a full node remembers for clients who ask; the oldest go first."""


@dataclass(slots=True)
class OpenBatch:
    """What a full node knows of a batch that is not final."""

    poster: Identity
    root: bytes
    count: int
    """Claims that it says it has."""
    charges: tuple[tuple[str, int], ...]
    """What each client paid into it, as the contract needs it for a refund."""
    events: dict[str, list[Mapping[str, Any]]] = field(default_factory=dict)
    """Arguments of every event about it that the strategy watches, by event, oldest first."""
    order: list[tuple[str, Mapping[str, Any]]] = field(default_factory=list)
    """The same, as they came."""
    data: BatchData | None = None
    """What its poster showed of it last."""
    is_malformed: bool = False
    """Whether this node found it malformed, and has set out to prove it."""

    def hear(self, log: Log) -> None:
        """Take in an event."""
        self.events.setdefault(log.event, []).append(log.args)
        self.order.append((log.event, log.args))

    def since(self, mark: Mapping[str, Any], event: str) -> list[Mapping[str, Any]]:
        """Arguments of the events of a kind that came after the one whose arguments are `mark`."""
        began = next((i for i, (_, args) in enumerate(self.order) if args is mark), len(self.order))
        return [args for kind, args in self.order[began:] if kind == event]

    def has_fallen(self, index: int) -> bool:
        """Whether a claim has been rejected already, if the strategy watches for that."""
        return any(args["index"] == index for args in self.events.get("ClaimRejected", ()))


class VerifierHalf:
    """A full node's half of a verification strategy; this one asks nothing of its node.

    One is made for each node, and anew when the node restarts: what it remembers is lost in a crash, but for what it
    keeps on the node's disk. After a crash and after a reorg, events about open batches come again, oldest first: a
    duty asks the chain and the disk how far it has got.
    """

    watches: tuple[str, ...] = ()
    """Chain events about batches that its node keeps track of."""
    duties: tuple[str, ...] | None = None
    """Those of them that `on_log` is called with; all if not given."""
    shows_outputs: bool = True
    """Whether a batch's data holds its outputs, or their hashes alone."""

    def __init__(self, node: FullNode) -> None:
        self.node = node

    def on_start(self) -> Steps:
        """Do what the strategy asks of the node before anything happens; what takes time is spawned."""
        yield from ()

    def on_log(self, log: Log) -> Steps:
        """Do what an event asks of the node; runs beside everything else."""
        yield from ()

    def verify(self, claim: Claim, value: np.ndarray, output: np.ndarray | None) -> Steps:
        """Form a verdict on a claim: execute it again and compare. Answers `Verdict`.

        `output` is ``None`` where outputs are not shown.
        """
        assert output is not None
        return (yield from self.node.verify(claim, value, output))


@dataclass
class FullNode:
    """One full node."""

    me: Identity
    directory: Directory
    models: Mapping[bytes, str]
    """Models known on chain, by content hash."""
    comparator: Comparator
    rank: int
    """Position among the full nodes: who steps in when another fails to."""
    genesis: int
    domain: Domain
    """What inference nodes sign their answers under."""
    secret: bytes = b""
    """What salts are derived from; nobody else knows it."""
    disk: Disk = field(default_factory=Disk)
    """What outlives a crash."""
    make_half: Callable[[FullNode], VerifierHalf] = VerifierHalf
    """Makes its half of the verification strategy."""
    half: VerifierHalf = field(init=False, repr=False, compare=False)
    beacon_secrets: tuple[bytes, ...] = ()
    """The node's hash chain, tip last, if it contributes to the beacon; see the Beacon contract."""
    beacon_round_s: float = 0.0
    finality_delay_s: float = 0.0
    """How long an unverified batch stays open."""
    batches: dict[BatchId, OpenBatch] = field(default_factory=dict)
    claims: dict[bytes, BatchData] = field(default_factory=dict)
    """By task, the batch in which it was claimed last."""
    kept_s: float = math.inf
    """How long the claims of a final batch are kept for clients who ask: a reorg may open it again."""
    settled: deque[tuple[float, BatchData]] = field(default_factory=deque)
    """Batches whose claims it has, and when they were seen to be final, in chain time."""

    def __post_init__(self) -> None:
        self.half = self.make_half(self)

    def run(self) -> Steps:
        """Follow the chain and do what the strategy asks."""
        yield Subscribe(self.follows)
        if self.beacon_secrets:
            yield Spawn(self.feed_beacon())
        yield from self.half.on_start()
        yield from self.take_up()
        while True:
            envelope = yield Receive()
            match envelope.message:
                case Log() as log:
                    if log.event == "BatchFinal":
                        yield from self.see_final(batch_name(log.args["batch"]))
                    self.remember(log)
                    yield from self.attend_to(log)
                case ChainReorg():
                    yield from self.take_up()
                case ClaimQuery(task=task):
                    yield Reply(envelope, self.proof_of(task) or Refusal(task, "unknown task"))

    @property
    def follows(self) -> tuple[str, ...]:
        """Chain events that it follows."""
        return tuple(dict.fromkeys(("BatchPosted", "BatchFinal", *self.half.watches)))

    def take_up(self) -> Steps:
        """Begin every duty anew, by what the chain says of open batches: at the start, after a crash, after a reorg."""
        yield Abandon(DUTY)
        self.batches.clear()
        logs = yield ReadBack(self.follows)
        for log in logs:
            self.remember(log)
        for log in logs:
            yield from self.attend_to(log)

    def attend_to(self, log: Log) -> Steps:
        """Do what the strategy asks on an event, beside everything else."""
        duties = self.half.watches if self.half.duties is None else self.half.duties
        if log.event in duties and "batch" in log.args:
            yield Spawn(self.half.on_log(log), DUTY)

    def remember(self, log: Log) -> None:
        """Keep track of open batches."""
        if "batch" not in log.args:
            return
        batch = batch_name(log.args["batch"])
        if log.event == "BatchPosted":
            poster = self.directory.at(log.args["node"])
            if poster is not None:
                self.batches[batch] = OpenBatch(poster, log.args["root"], log.args["count"], log.args["charges"])
        elif log.event == "BatchFinal":
            self.batches.pop(batch, None)
        elif batch in self.batches:
            self.batches[batch].hear(log)

    def see_final(self, batch: BatchId) -> Steps:
        """Stand by for a batch no longer, and forget the claims of those that have been final for long."""
        yield Over(batch)
        known = self.batches.get(batch)
        if known is None or known.data is None:
            return
        now = yield ChainTime()
        self.settled.append((now, known.data))
        while self.settled[0][0] < now - self.kept_s:
            _, data = self.settled.popleft()
            for claim in data.claims:
                if self.claims.get(claim.task) is data:
                    del self.claims[claim.task]

    def fetch(self, batch: BatchId, timeout_s: float = FETCH_TIMEOUT_S) -> Steps:
        """Get a batch from its poster and hold it against its root and count; answers `BatchData` or ``None``.

        A batch that no honest node would post is proven malformed on chain.
        """
        known = self.batches.get(batch)
        if known is None:
            return None
        data = yield Request(known.poster.name, BatchQuery(batch), timeout_s, ASK_AGAIN_S)
        if not isinstance(data, BatchData) or data.batch != batch:
            yield Note(DutyFailed(self.me.name, batch, "data withheld"))
            return None
        tree = ClaimTree(data.claims) if are_hashable(data.claims) else None
        if tree is None or tree.root != known.root:
            yield Note(DutyFailed(self.me.name, batch, "data does not match root"))
            return None
        position = misplaced(data.claims, known.count)
        if position is not None:
            yield Note(DutyFailed(self.me.name, batch, "malformed"))
            yield from self.prove_malformed(known, data, position)
            return None
        if not is_whole(data, known.count, self.half.shows_outputs):
            yield Note(DutyFailed(self.me.name, batch, "data withheld"))
            return None
        for claim in data.claims:
            self.claims[claim.task] = data
        while len(self.claims) > CLAIMS_KEPT:
            del self.claims[next(iter(self.claims))]
        known.data = data
        return data

    def proof_of(self, task: TaskId) -> ClaimProof | None:
        """The claim that was made of a task, as far as this node has seen it.

        Its proof is made when a client asks: of most claims nobody ever does, and every full node would keep its own.
        """
        key = bytes.fromhex(task[2:])
        data = self.claims.get(key)
        if data is None:
            return None
        claim = next(claim for claim in reversed(data.claims) if claim.task == key)
        return ClaimProof(data.batch, claim, ClaimTree(data.claims).proof(claim.index))

    def look_up(self, batch: BatchId) -> Steps:
        """A batch's data as it was shown last, fetched if it never was; answers `BatchData` or ``None``."""
        known = self.batches.get(batch)
        if known is not None and known.data is not None:
            return known.data
        return (yield from self.fetch(batch))

    def prove_malformed(self, known: OpenBatch, data: BatchData, position: int) -> Steps:
        """Have a batch rejected whose leaf at `position` is in the wrong place, unless that is under way."""
        if not known.is_malformed:
            known.is_malformed = True
            (opened,) = open_claims(data.claims, [position])
            args = (bytes.fromhex(data.batch[2:]), opened, position, known.charges)
            gas = Gas(PROOF_GAS + REFUND_GAS * len(known.charges))
            call = Call(self.me.address, "Settlement", "proveMalformed", args, gas)
            yield Spawn(self.reject_malformed(data.batch, call), DUTY)

    def reject_malformed(self, batch: BatchId, call: Call) -> Steps:
        """Submit a proof that a batch is malformed, unless somebody whose turn is before ours has."""
        yield Sleep(self.my_turn(batch) * TURN_S)
        if batch in self.batches:
            yield from submit_duty(self.me, call, batch)

    def check_batch(self, data: BatchData, ballot: int = EVERY_CLAIM, assigned: bool = True) -> Steps:
        """Form a verdict on the claims of a ballot (bit i: claim i), and abstain from the others.

        Answers the verdicts in leaf order, fewer if the batch became final meanwhile.
        """
        verdicts: list[Verdict] = []
        outputs = data.outputs or [None] * len(data.claims)
        for claim, value, output in zip(data.claims, data.inputs, outputs, strict=True):
            known = self.batches.get(data.batch)
            if known is None:
                break
            if not ballot >> claim.index & 1:
                verdicts.append(Verdict.ABSTAIN)
                continue
            task = task_name(claim.task)
            procedure = partial(self.half.verify, claim, value, output)
            verdict = yield Check(known.poster.name, claim, task, procedure, assigned)
            yield Note(ClaimChecked(self.me.name, data.batch, task, verdict.name.lower()))
            verdicts.append(verdict)
        return verdicts

    def verify(self, claim: Claim, value: np.ndarray, output: np.ndarray) -> Steps:
        """Execute a claim again and compare: what an honest verifier does."""
        model = self.models.get(claim.model)
        if model is None or tensor_hash(value) != claim.input_hash or tensor_hash(output) != claim.output_hash:
            return Verdict.INVALID
        execution = yield Execute(model, value, Purpose.CHECK, task_name(claim.task))
        return Verdict.VALID if self.comparator.equal(execution.output, output) else Verdict.INVALID

    def my_turn(self, batch: BatchId) -> int:
        """How many others are before this node to do a keeper duty, which any one full node can do, 0 for the first."""
        return (self.rank - int(batch[2:10], 16)) % len(self.directory.of(Role.FULL))

    def feed_beacon(self) -> Steps:
        """Reveal one more link of the hash chain in every round, at a moment that this node's rank sets.

        Which link is next is asked of the chain: after a partition or a reorg it is not the one expected.
        """
        moment = (self.rank + 1) / (len(self.directory.of(Role.FULL)) + 2)
        while True:
            now = (yield ChainTime()) - self.genesis
            due = math.floor(now / self.beacon_round_s - moment) + 1 + moment
            yield Sleep(max(0.0, due * self.beacon_round_s - now))
            tip = yield Read("Beacon", "tipOf", (self.me.address,))
            unrevealed = self.beacon_secrets.index(tip) if tip in self.beacon_secrets else 0
            if unrevealed == 0:
                return
            secret = self.beacon_secrets[unrevealed - 1]
            yield Submit(Call(self.me.address, "Beacon", "reveal", (secret,), BEACON_GAS))


def are_hashable(claims: Sequence[Claim]) -> bool:
    """Whether claims can be leaves of a tree; a poster may send anything."""
    numbers = [number for claim in claims for number in (claim.index, claim.fee, claim.answered_at)]
    return len(claims) > 0 and all(0 <= number < 2**256 for number in numbers)


def is_whole(data: BatchData, count: int, with_outputs: bool = True) -> bool:
    """Whether `count` claims are there and each has its input, and output if shown; a poster may send anything."""
    sizes = (len(data.claims), len(data.inputs), len(data.outputs))
    return sizes == (count, count, count if with_outputs else 0)
