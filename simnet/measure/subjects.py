"""Participants, tasks and batches: what is known of each at one point of a log. Amounts are in wei."""

from __future__ import annotations

from dataclasses import dataclass, field

from nodes.identity import Role

STAKERS = (Role.INFERENCE, Role.FULL)

ACCEPTED, REJECTED, VOIDED = "accepted", "rejected", "voided"
"""Outcomes of a claim; empty while it has none."""


@dataclass(slots=True)
class Node:
    """A participant, clients included: what is true of it and what the protocol made of it."""

    name: str
    role: str
    region: str
    address: str
    persona: str = ""
    stake: int = 0
    put_up: int = 0
    """Stake that it ever put up."""
    behaviours: list[str] = field(default_factory=list)
    processor: str = "cpu"
    """What executes its models, if it has any."""
    dishonest: bool = False
    conditions: dict[int, str] = field(default_factory=dict)
    """What faults make of it: ``down``, ``cut off``, ``impaired``, or nothing in particular, by the fault's number."""
    jailed: bool = False
    jailed_at: float = 0.0
    jailed_s: float = 0.0
    """Time in jail that is over."""
    times_jailed: int = 0
    lies: int = 0
    """Dishonest acts so far, as the behaviours themselves recorded them."""
    thefts: int = 0
    """Proofs of others that it copied."""
    claims: int = 0
    checks: int = 0
    acted: float = -1.0
    """When it last made a claim or checked one while it was honest."""
    acts_now: int = 0
    """How many of these it did at that moment."""
    committed: int = 0
    detected: int = 0
    finalised: int = 0
    voided: int = 0
    slashes: int = 0
    slashed: int = 0
    shares_slashed: float = 0.0
    """Shares of its stake that slashes took since it first lied, added up."""
    fees: int = 0
    rewards: int = 0
    bounties: int = 0
    aside: int = 0
    """What it got off chain, less what it paid there."""
    gained: float = 0.0
    """Fees of finalised frauds, and what was paid or lost in batches in which it voted or checked dishonestly."""
    macs: int = 0
    saved: int = 0
    """Multiply-accumulates that dishonest answers and checks did not spend, against the reference model."""
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
        """Fees and rewards, and what changed hands off chain; bounties are apart."""
        return self.fees + self.rewards + self.aside


@dataclass(slots=True)
class Task:
    """An inference that is not settled yet, or was not long ago."""

    client: str
    node: str
    model: str
    fee: int
    sent: float
    extra: bool = False
    """Whether its client asks only to verify; such tasks count for nothing else."""
    mode: str = ""
    value: int = 0
    """What the answer is worth to the client; the fee if it did not say."""
    waits: bool = False
    """Whether the client acts on the answer only when that is final."""
    answered: float | None = None
    claimed: bool = False
    batch: str = ""
    """Where it was posted."""
    final: float | None = None
    outcome: str = ""
    fraud: str = ""
    """Behaviour that falsified the answer on purpose."""
    enclave: str = ""
    """The one that stands by the answer."""
    tampered: bool = False
    """Whether its node had no right to the evidence."""
    spent: dict[tuple[str, str], int] = field(default_factory=dict)
    """Multiply-accumulates by node and purpose."""
    lied: dict[tuple[str, str], int] = field(default_factory=dict)
    """Dishonest acts by node and what was falsified."""
    aside: dict[str, int] = field(default_factory=dict)
    """What each participant gained or paid off chain for it."""

    @property
    def macs(self) -> int:
        """Multiply-accumulates spent on the answer."""
        return sum(macs for (_, purpose), macs in self.spent.items() if purpose == "answer")


@dataclass(slots=True)
class Batch:
    """A batch that is not final yet, or was not long ago."""

    node: str
    tasks: list[str]
    built: float
    mode: str = ""
    """Of its first task."""
    posted: float | None = None
    final: bool = False
    paid: int = 0
    """What its node got for it."""
    accepted_fees: int = 0
    """Fees of its accepted claims."""
    seats: int = 0
    """Members of its committee, once drawn."""
    steps: dict[str, int] = field(default_factory=dict)
    """How often each contract event about it happened, in order of first appearance."""
    voided: list[int] = field(default_factory=list)


@dataclass(slots=True)
class Dealings:
    """What was done about a batch besides settling it."""

    copied: dict[str, bool] = field(default_factory=dict)
    """Nodes that copied another's vote on it."""
    liars: dict[str, bool] = field(default_factory=dict)
    """Nodes that checked, voted or revealed dishonestly."""
    pay: dict[str, int] = field(default_factory=dict)
    """What each node earned, or lost, by verifying it; slashes apart."""
    penalties: dict[str, int] = field(default_factory=dict)
    """What each node was slashed for it."""
    frauds: dict[str, int] = field(default_factory=dict)
    """Frauds of each node that were rejected and for which it was not slashed."""
    errors: int = 0
    """Errors in it that the protocol forced."""
    errors_shown: int = 0


@dataclass(slots=True)
class Debt:
    """What a client owes a node for claims that the node posted, and what the node drew."""

    fees: int = 0
    tasks: int = 0
    paid: int = 0
