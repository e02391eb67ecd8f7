"""Writes a log of any size that a run could have written: for measuring what reads logs.

``python -m tests.large_log DIRECTORY --nodes 1000 --events 200000`` makes a run directory out of it.
"""

from __future__ import annotations

import argparse
import hashlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from chain.quantities import BatchId, TaskId
from nodes.records import BatchBuilt, Cheated, ClaimChecked, ClaimMade, Record, TaskAnswered, TaskSent
from simnet.log.events import (
    BlockMined,
    ContractEvent,
    EventLog,
    Executed,
    MessageSent,
    ModelServed,
    ParticipantJoined,
    RunEnded,
    RunStarted,
    TransactionMined,
)

OPG = 10**18
FEE, PAID = OPG // 50, OPG // 60
"""What an inference costs, and what of it its node gets."""
GENESIS = 1_767_225_600
BOUND_S = 60.0
"""Within which batches are final."""
REGIONS = ("us-east", "eu-west", "ap-south")
BATCH_TASKS = 8
COMMITTEE = 5
CHEATS_EVERY = 10
"""Every so manieth inference node cheats, on half of its answers."""
DURATION_S = 3600.0

SCENARIO = """\
name: large
expect: [fraud_finalised == 0, soft_latency_ms.p95 <= 300, tasks_total >= 1000, slashes_total <= 50]
sometimes: [slashed, reorged]
"""

Event = tuple[float, Record]
Args = dict[str, object]


def id_of(*parts: object) -> str:
    """A hash that stands for something."""
    return "0x" + hashlib.sha256(repr(parts).encode()).hexdigest()


class Town:
    """Participants and the counters that their events share."""

    def __init__(self, nodes: int, seed: int) -> None:
        self.rng = np.random.default_rng(seed)
        self.seed = seed
        self.inference = [f"inference-{i}" for i in range(nodes // 2)]
        self.full = [f"full-{i}" for i in range(nodes - nodes // 2 - nodes // 10)]
        self.clients = [f"client-{i}" for i in range(nodes // 10)]
        self.stakes = dict.fromkeys(self.inference, 10_000 * OPG)

    def address(self, name: str) -> str:
        """Where a participant signs."""
        return id_of(self.seed, name)[:42]

    def cheats(self, name: str) -> bool:
        """Whether an inference node is dishonest."""
        return name.startswith("inference") and int(name.partition("-")[2]) % CHEATS_EVERY == 0

    def opening(self) -> Iterator[Event]:
        """The log's first rows."""
        price = str(10**15)
        yield 0.0, RunStarted("large", self.seed, "committee", "relative", DURATION_S, GENESIS, 2.0, price, BOUND_S)
        yield 0.0, ModelServed("digits_mlp", "00" * 32, 25_856, "portable")
        for role, names in (("inference", self.inference), ("full", self.full), ("client", self.clients)):
            for i, name in enumerate(names):
                shown = ["quantize"] if self.cheats(name) else []
                stake = str(10_000 * OPG)
                place = REGIONS[i % len(REGIONS)]
                yield 0.0, ParticipantJoined(name, role, self.address(name), place, "", stake, shown, bool(shown))

    def round(self, start: float) -> Iterator[Event]:
        """Everything about one batch, from the first question to finality."""
        node = self.inference[int(self.rng.integers(len(self.inference)))]
        tasks = [TaskId(id_of(self.seed, start, i)) for i in range(BATCH_TASKS)]
        batch, frauds = BatchId(id_of(self.seed, start)), []
        for i, task in enumerate(tasks):
            false = self.cheats(node) and bool(self.rng.random() < 0.5)
            frauds += [i] * false
            yield from self.answer(start + i * 0.5, node, task, false)
        at = start + BATCH_TASKS * 0.5
        yield at, BatchBuilt(node, batch, tasks)
        yield from self.settle(at, node, batch, tasks, frauds)

    def answer(self, at: float, node: str, task: TaskId, false: bool) -> Iterator[Event]:
        """One inference as its client sees it."""
        client = self.clients[int(self.rng.integers(len(self.clients)))]
        delays = self.rng.lognormal(-3.2, 0.4, 2)
        yield at, TaskSent(client, task, node, "digits_mlp", str(FEE))
        yield at, MessageSent(client, node, "InferenceRequest", 512, round(float(delays[0]), 6), "")
        at += float(delays[0])
        if false:
            yield at, Cheated(node, "quantize", "answer", task)
        yield at, Executed(node, task, "digits_mlp", "int8" if false else "fp32", "answer", 25_856, 6e-6, 0.0)
        yield at, ClaimMade(node, task, "digits_mlp", id_of(task))
        yield at, MessageSent(node, client, "InferenceAnswer", 296, round(float(delays[1]), 6), "")
        yield at + float(delays[1]), TaskAnswered(client, task, node)

    def settle(self, at: float, node: str, batch: BatchId, tasks: list[TaskId], frauds: list[int]) -> Iterator[Event]:
        """A batch from its posting to finality."""
        address = self.address(node)
        fees = str(len(tasks) * FEE)
        posted: Args = {
            "batch": batch,
            "node": address,
            "root": batch,
            "count": len(tasks),
            "fees": fees,
            "charges": [[self.address(self.clients[0]), fees]],
        }
        yield from self.mine(at + 2, address, "Settlement.postBatch", batch, [("Settlement", "BatchPosted", posted)])
        members = [str(name) for name in self.rng.choice(self.full, COMMITTEE, replace=False)]
        seats: Args = {"batch": batch, "members": [self.address(name) for name in members], "weights": [1] * COMMITTEE}
        yield from self.mine(at + 4, address, "Committee.draw", batch, [("Committee", "CommitteeDrawn", seats)])
        for member in members:
            for i, task in enumerate(tasks):
                yield at + 5, Executed(member, task, "digits_mlp", "fp32", "check", 25_856, 6e-6, 0.0)
                yield at + 5, ClaimChecked(member, batch, task, "invalid" if i in frauds else "valid")
        yield from self.mine(
            at + 8, address, "Committee.resolve", batch, list(self.verdict(node, batch, tasks, frauds))
        )

    def verdict(
        self, node: str, batch: BatchId, tasks: list[TaskId], frauds: list[int]
    ) -> Iterator[tuple[str, str, Args]]:
        """Contract events that end a batch."""
        address = self.address(node)
        reason = "0x" + b"fraud".hex().ljust(64, "0")
        for i in frauds:
            rejected: Args = {"batch": batch, "index": i, "node": address, "task": tasks[i], "reason": reason}
            yield "Settlement", "ClaimRejected", rejected
        if frauds:
            amount = self.stakes[node] // 10
            self.stakes[node] -= amount
            split = {"amount": str(amount), "burned": str(amount), "bountyTo": address, "bounty": "0"}
            yield "Staking", "Slashed", {"node": address, **split, "reason": reason}
        accepted, refunded = len(tasks) - len(frauds), str(len(frauds) * FEE)
        if frauds:
            client = self.address(self.clients[0])
            yield "Settlement", "Refunded", {"batch": batch, "client": client, "amount": refunded}
        counts = {"accepted": accepted, "rejected": len(frauds), "voided": 0}
        money = {"paid": str(accepted * PAID), "refunded": refunded, "toVerifier": str(accepted * (FEE - PAID))}
        yield "Settlement", "BatchFinal", {"batch": batch, "node": address, **counts, **money}

    def mine(
        self, at: float, sender: str, call: str, subject: str, events: list[tuple[str, str, Args]]
    ) -> Iterator[Event]:
        """A block with one transaction in it. Blocks and transactions are numbered when they are written."""
        contract, _, function = call.partition(".")
        yield at, BlockMined(0, GENESIS + int(at), "producer-0", 1, 200_000, 0)
        yield at, TransactionMined(0, sender, contract, function, subject, 200_000, "", 1.0)
        for name, event, args in events:
            yield at, ContractEvent(0, 0, subject, name, event, args)


def write_log(directory: Path, nodes: int, events: int, seed: int = 1) -> Path:
    """A run directory with a log of about so many events. Batches overlap, as they do in a run."""
    directory.mkdir(parents=True, exist_ok=True)
    (directory / "scenario.yaml").write_text(SCENARIO)
    town = Town(nodes, seed)
    log = EventLog(directory / "events.jsonl")
    for at, record in town.opening():
        log.append(at, record)
    per_batch = sum(1 for _ in Town(nodes, seed).round(0.0))
    batches = max(1, (events - log.count) // per_batch)
    happened = (event for i in range(batches) for event in town.round(i * DURATION_S / batches))
    block, transaction, at = 0, 0, 0.0
    for at, record in sorted(happened, key=lambda event: event[0]):
        if isinstance(record, BlockMined):
            block += 1
        number = log.append(at, placed(record, block, transaction))
        if isinstance(record, TransactionMined):
            transaction = number
    log.append(at, RunEnded("completed"))
    log.close()
    return directory


def placed(record: Record, block: int, transaction: int) -> Record:
    """The record with the numbers of the block and the transaction that it is in, if it is in one."""
    if isinstance(record, BlockMined):
        return replace(record, number=block)
    if isinstance(record, ContractEvent):
        return replace(record, block=block, transaction=transaction)
    return replace(record, block=block) if isinstance(record, TransactionMined) else record


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("directory", type=Path)
    parser.add_argument("--nodes", type=int, default=1000)
    parser.add_argument("--events", type=int, default=200_000)
    chosen = parser.parse_args()
    print(write_log(chosen.directory, chosen.nodes, chosen.events))
