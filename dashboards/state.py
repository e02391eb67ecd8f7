"""What the dashboard knows at one point of the log: bounded aggregates, and whatever is still open.

A `State` is a pure fold over the rows of a log (`dashboards.fold`). Everything in it is plain data, so that
it pickles into a keyframe. What is over (answered tasks, final batches) is counted and forgotten: whoever
wants to see it again looks its rows up in the log.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from dashboards.sketch import Course, Sketch

Row = dict[str, Any]

BLOCKS_KEPT = 200
"""Blocks that the chain panel can scroll through."""


@dataclass(slots=True)
class Node:
    """A participant, clients included: what is true of it and what the protocol made of it. Amounts in wei."""

    name: str
    role: str
    region: str
    address: str
    persona: str = ""
    stake: int = 0
    behaviours: list[str] = field(default_factory=list)
    dishonest: bool = False
    conditions: dict[int, str] = field(default_factory=dict)
    """What faults make of it: ``down``, ``cut off``, ``impaired``, or nothing in particular, by the fault's number."""
    jailed: bool = False
    lies: int = 0
    """Dishonest acts so far, as the behaviours themselves recorded them."""
    claims: int = 0
    checks: int = 0
    committed: int = 0
    detected: int = 0
    finalised: int = 0
    slashes: int = 0
    slashed: int = 0
    fees: int = 0
    rewards: int = 0
    bounties: int = 0
    aside: int = 0
    """What it got off chain, less what it paid there."""
    macs: int = 0
    transactions: int = 0
    gas: int = 0
    refused: int = 0
    """Requests that nodes refused for want of payment."""

    @property
    def up(self) -> bool:
        """Whether no fault keeps it down."""
        return "down" not in self.conditions.values()

    @property
    def income(self) -> int:
        """Fees and rewards, and what changed hands off chain; bounties are apart, as in the metrics."""
        return self.fees + self.rewards + self.aside


@dataclass(slots=True)
class Task:
    """An inference that is not settled yet."""

    client: str
    node: str
    fee: int
    sent: float
    answered: float | None = None
    batch: str = ""
    fraud: str = ""
    """Behaviour that falsified the answer on purpose."""
    rejected: bool = False
    extra: bool = False
    """Whether its client asks only to verify; such tasks count for nothing else."""


@dataclass(slots=True)
class Batch:
    """A batch that is not final yet."""

    node: str
    tasks: list[str]
    built: float
    posted: float | None = None
    seats: int = 0
    """Members of its committee, once drawn."""
    steps: dict[str, int] = field(default_factory=dict)
    """How often each contract event about it happened, in order of first appearance."""
    voided: list[int] = field(default_factory=list)
    copied: list[str] = field(default_factory=list)
    """Nodes that copied another's vote on it."""


@dataclass(slots=True)
class Tally:
    """Frauds of one behaviour."""

    acts: int = 0
    nodes: list[str] = field(default_factory=list)
    committed: int = 0
    detected: int = 0
    finalised: int = 0
    voided: int = 0

    @property
    def open(self) -> int:
        """Committed and not decided."""
        return self.committed - self.detected - self.finalised - self.voided


@dataclass(slots=True)
class Verification:
    """What checking cost and whether it was done."""

    macs: dict[str, int] = field(default_factory=dict)
    """Multiply-accumulates by purpose."""
    executed: int = 0
    """Checks that ran a model or judged evidence."""
    reported: int = 0
    votes: int = 0
    copied: int = 0
    missed_reveals: int = 0
    undecided: int = 0
    """Claims voided for want of a quorum."""
    deviations: int = 0
    deviation: float = 0.0
    acts_of_the_honest: int = 0
    slashes_of_the_honest: int = 0
    slashed_of_the_honest: int = 0


@dataclass(slots=True)
class Chain:
    """Blocks, gas and money on chain."""

    head: int = 0
    blocks: int = 0
    gas: int = 0
    transactions: int = 0
    reverts: int = 0
    pending: int = 0
    reorgs: int = 0
    recent: deque[tuple[int, int, float, int, int, int, str]] = field(default_factory=lambda: deque(maxlen=BLOCKS_KEPT))
    """Row number in the log, block number, time, transactions, gas, pending, producer; newest last."""
    posted: int = 0
    final: int = 0
    voided: int = 0
    """Batches that ended with nothing accepted and something void."""
    fees: int = 0
    refunded: int = 0
    rewards: int = 0
    slashes: int = 0
    slashed: int = 0
    burned: int = 0
    bounties: int = 0


@dataclass(slots=True)
class State:
    """The run as it stands after `number` rows of its log."""

    number: int = 0
    time: float = 0.0
    started: Row = field(default_factory=dict)
    ended: str = ""
    """Why it ended; empty while it goes on."""
    models: dict[str, int] = field(default_factory=dict)
    """Multiply-accumulates of each model."""
    nodes: dict[str, Node] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    """Participants by address."""
    tasks: dict[str, Task] = field(default_factory=dict)
    batches: dict[str, Batch] = field(default_factory=dict)
    counts: Counter[str] = field(default_factory=Counter)
    """Rows by kind, contract events by name, faults by ``fault:verb``, dishonest acts by ``act:what``."""
    extras: dict[str, bool] = field(default_factory=dict)
    """Tasks that a client is about to send only to verify."""
    sent: int = 0
    failed: int = 0
    finalised: int = 0
    """Tasks whose claim stands in a final batch."""
    messages: int = 0
    lost: int = 0
    chain: Chain = field(default_factory=Chain)
    verification: Verification = field(default_factory=Verification)
    tallies: dict[str, Tally] = field(default_factory=dict)
    """Frauds by behaviour."""
    soft: Sketch = field(default_factory=Sketch)
    """Soft latency, ms."""
    finality: Sketch = field(default_factory=Sketch)
    """Finality latency, s."""
    detection: Sketch = field(default_factory=Sketch)
    """Time to detection, s."""
    courses: dict[str, Course] = field(default_factory=dict)
    faults: dict[int, str] = field(default_factory=dict)
    """What is broken now, in words, by the fault's number."""
    touched: list[str] = field(default_factory=list)
    """What somebody injected by hand."""
    followed: str = ""
    """The inference shown step by step: one after the other, each until it is settled."""
    followed_over: bool = True

    def course(self, name: str) -> Course:
        """A course over time, begun when first asked for."""
        found = self.courses.get(name)
        if found is None:
            found = self.courses[name] = Course()
        return found

    def total(self, field_name: str) -> int:
        """Sum over all behaviours of one field of their tallies."""
        return sum(getattr(tally, field_name) for tally in self.tallies.values())

    def who(self, address: str) -> str:
        """Name of the participant at an address, or the address shortened."""
        return self.names.get(address, address[:10] + "…")

    def at(self, targets: Iterable[str]) -> list[Node]:
        """Participants of these names or in these regions."""
        wanted = frozenset(targets)
        return [node for node in self.nodes.values() if node.name in wanted or node.region in wanted]
