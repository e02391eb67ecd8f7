"""What is known of a run at one point of its log: counts, distributions, and whatever is still open.

A `State` is a pure fold over the rows of a log (`simnet.measure.fold`). Everything in it is plain data, so that it
pickles. What is over is counted and forgotten: a task or batch stays for `REORG_DEPTH_MAX` blocks after its batch
became final, for what is only logged then (a late check, a slash), and is dropped. What grows with the run: the exact
distributions of a verdict (16 bytes for each value), the heartbeats seen of each enclave, and tasks never decided.
Amounts are in wei.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from nodes.identity import Role
from simnet.measure.distribution import Course, Distribution
from simnet.measure.ledger import Ledger
from simnet.measure.rows import Fold, Row

BLOCKS_KEPT = 200
"""Blocks that the chain panel can scroll through."""

STAKERS = (Role.INFERENCE, Role.FULL)

MISSED_REVEAL = "missed_reveal"
"""Reason of slashes for votes that were committed and never revealed."""

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
class Tally:
    """Frauds, of one behaviour or of all."""

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
    """Multiply-accumulates by purpose. An answer that was asked for only to verify is a check."""
    executions: int = 0
    executed: int = 0
    """Checks that ran a model or judged evidence."""
    verdicts: Counter[str] = field(default_factory=Counter)
    """Checks that full nodes reported, by verdict."""
    votes: int = 0
    copied: int = 0
    undecided: int = 0
    """Claims voided for want of a quorum."""
    deviations: int = 0
    deviation: float = 0.0
    acts_of_the_honest: int = 0
    slashes_of_the_honest: int = 0
    slashed_of_the_honest: int = 0
    forfeited_of_the_honest: int = 0
    """Bonds that challengers lost who had been honest."""
    unpaid_of_the_honest: int = 0
    """Answers of honest nodes whose claim was rejected or void."""
    unpaid_fees_of_the_honest: int = 0
    """Fees asked for them."""
    drawn: int = 0
    """Claims drawn to be checked."""
    drawn_of: int = 0
    """Claims in batches whose draw was held."""
    errors: int = 0
    """Errors that the protocol forced, in final batches."""
    errors_shown: int = 0


@dataclass(slots=True)
class Enclaves:
    """Whose word claims became final on."""

    owners: dict[str, str] = field(default_factory=dict)
    """Node of each enclave."""
    gone: dict[str, bool] = field(default_factory=dict)
    """Whether it is out of service; missing while nobody ever took it out."""
    abuses: dict[str, float] = field(default_factory=dict)
    """When each node first showed evidence that it had no right to."""
    ended: dict[str, bool] = field(default_factory=dict)
    """Nodes whose abuse was ended."""
    accepted: Counter[str] = field(default_factory=Counter)
    """Accepted claims by the enclave that stands by them."""
    frauds: int = 0
    """Accepted frauds that an enclave stands by."""
    stale: int = 0
    """Accepted claims on evidence that their node had no right to."""
    tampered: int = 0
    """Posted claims on such evidence."""
    tampered_accepted: int = 0
    seconds: float = 0.0
    """Spent on judging evidence."""
    heartbeats: int = 0
    repeated_heartbeats: int = 0
    seen: dict[str, dict[int, bool]] = field(default_factory=dict)
    """Timestamps of the heartbeats of each enclave."""


@dataclass(slots=True)
class Proofs:
    """Zero-knowledge proofs and the circuits that they are of."""

    shown: int = 0
    refused: int = 0
    unproven: int = 0
    answers: int = 0
    """Answers by circuits."""
    agreed: int = 0
    gap: float = 0.0


@dataclass(slots=True)
class AtRisk:
    """Value of answers that clients have acted on and that are not final yet."""

    tasks: int = 0
    """Answered tasks, whether their clients wait or not."""
    level: int = 0
    falls: int = 0
    """What ceases to be at risk at the present moment; it counts for the most at risk up to its end."""
    now: float = 0.0
    most: int = 0
    integral: float = 0.0
    """Wei seconds up to `now`."""

    def rise(self, time_s: float, value: int) -> None:
        """A client acts on an answer."""
        self._advance(time_s)
        self.level += value
        self.most = max(self.most, self.level)

    def fall(self, time_s: float, value: int) -> None:
        """An answer is final."""
        self._advance(time_s)
        self.falls += value

    def mean(self, time_s: float) -> float:
        """On average up to a time; 0 at the very beginning."""
        return (self.integral + (self.level - self.falls) * (time_s - self.now)) / time_s if time_s else 0.0

    def _advance(self, time_s: float) -> None:
        if time_s > self.now:
            self.level -= self.falls
            self.integral += self.level * (time_s - self.now)
            self.falls, self.now = 0, time_s


@dataclass(slots=True)
class Settlement:
    """What hangs between an answer and its finality, by mode of proof and in all."""

    risk: AtRisk = field(default_factory=AtRisk)
    risk_by_mode: dict[str, AtRisk] = field(default_factory=dict)
    gas_by_mode: Counter[str] = field(default_factory=Counter)
    lost: int = 0
    """Value of wrong answers that clients acted upon."""
    lost_tasks: int = 0
    prices: Row = field(default_factory=dict)


@dataclass(slots=True)
class Debt:
    """What a client owes a node for claims that the node posted, and what the node drew."""

    fees: int = 0
    tasks: int = 0
    paid: int = 0


@dataclass(slots=True)
class Payoff:
    """Mean of what acts paid, in OPG."""

    n: int = 0
    total: float = 0.0

    def add(self, value: float) -> None:
        """Take in one act."""
        self.n += 1
        self.total += value


@dataclass(slots=True)
class Payoffs:
    """What honest and dishonest answers paid that are not remembered any more."""

    honest: Payoff = field(default_factory=Payoff)
    dishonest: Payoff = field(default_factory=Payoff)


@dataclass(slots=True)
class Punished:
    """Frauds as far as the smallest stake that deters them depends on them."""

    fees: int = 0
    """Of frauds decided."""
    saved: int = 0
    """Multiply-accumulates that they saved."""
    unslashed: int = 0
    """Frauds that were rejected and cost their node no stake."""


@dataclass(slots=True)
class Chain:
    """Blocks, gas and money on chain."""

    head: int = 0
    blocks: int = 0
    gas: int = 0
    gas_by_action: Counter[tuple[str, str]] = field(default_factory=Counter)
    """By contract and function."""
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
    fees_to_verifiers: int = 0
    refunded: int = 0
    rewards: int = 0
    """What verification paid, less what it cost those who were wrong."""
    rewarded: int = 0
    """Of that, rewards for checking."""
    rewarded_adversaries: int = 0
    slashes: Counter[str] = field(default_factory=Counter)
    """By reason."""
    slashed: int = 0
    burned: int = 0
    bounties: int = 0
    aside: int = 0
    """What was paid off chain."""


@dataclass(slots=True)
class Courses:
    """What happened over time."""

    sent: Course = field(default_factory=Course)
    soft: Course = field(default_factory=Course)
    """Milliseconds."""
    finality: Course = field(default_factory=Course)
    """Seconds."""
    committed: Course = field(default_factory=Course)
    detected: Course = field(default_factory=Course)
    slashed: Course = field(default_factory=Course)
    """OPG."""
    gas: Course = field(default_factory=Course)
    pending: Course = field(default_factory=Course)


@dataclass(slots=True)
class Distributions:
    """How long things took."""

    exact: bool = False
    soft: Distribution = field(init=False)
    """Milliseconds from request to answer."""
    finality: Distribution = field(init=False)
    """Seconds from request to finality, of whatever outcome."""
    effective: Distribution = field(init=False)
    """Seconds until a client acts."""
    detection: Distribution = field(init=False)
    """Seconds from posting a fraud to its rejection."""
    revocation: Distribution = field(init=False)
    """Seconds from a node's first abuse of evidence until it was ended."""
    proof_queue: Distribution = field(init=False)
    """Seconds that a proof waits for a prover."""
    finality_by_mode: dict[str, Distribution] = field(default_factory=dict)
    """Seconds from request to finality of accepted claims."""

    def __post_init__(self) -> None:
        self.soft, self.finality, self.effective, self.detection, self.revocation, self.proof_queue = (
            Distribution(self.exact) for _ in range(6)
        )

    def of_mode(self, mode: str) -> Distribution:
        """Finality latency of one mode."""
        found = self.finality_by_mode.get(mode)
        if found is None:
            found = self.finality_by_mode[mode] = Distribution(self.exact)
        return found


@dataclass(slots=True)
class State:
    """The run as it stands after `number` rows of its log."""

    exact: bool = False
    """Whether distributions keep every value, as for a verdict, or are bounded, as for a live view."""
    folds: dict[type[Fold], Any] = field(default_factory=dict)
    """What metrics of other packages rest on."""
    number: int = 0
    time: float = 0.0
    started: Row = field(default_factory=dict)
    ended: str = ""
    """Why it ended; empty while it goes on."""
    models: dict[str, int] = field(default_factory=dict)
    """Multiply-accumulates of each model."""
    executed_on: list[Row] = field(default_factory=list)
    """What executes the models of which nodes, if not the CPU those of all."""
    remarks: list[Row] = field(default_factory=list)
    """What is to be known of models on offer."""
    native_models: list[str] = field(default_factory=list)
    """Models that ran in this machine's own arithmetic."""
    nodes: dict[str, Node] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    """Participants by address."""
    tasks: dict[str, Task] = field(default_factory=dict)
    batches: dict[str, Batch] = field(default_factory=dict)
    """Open ones."""
    settled: dict[str, Batch] = field(default_factory=dict)
    """Those that are final and not forgotten yet."""
    dealings: dict[str, Dealings] = field(default_factory=dict)
    """By batch."""
    leaving: deque[tuple[int, str, list[str]]] = field(default_factory=deque)
    """Block at whose coming a batch and its tasks became final; an empty batch is of tasks that failed."""
    kinds: Counter[str] = field(default_factory=Counter)
    """Rows by kind."""
    emitted: Counter[str] = field(default_factory=Counter)
    """Contract events by name."""
    acts: Counter[tuple[str, str]] = field(default_factory=Counter)
    """Dishonest acts by behaviour and what was falsified."""
    injected: Counter[str] = field(default_factory=Counter)
    """Faults that happened, by verb."""
    extras: dict[str, bool] = field(default_factory=dict)
    """Tasks that a client is about to send only to verify."""
    terms: dict[str, Row] = field(default_factory=dict)
    """On what terms tasks are about to be sent."""
    sent: int = 0
    extra: int = 0
    """Tasks sent only to verify."""
    answered: int = 0
    failed: int = 0
    posted: int = 0
    """Claims in posted batches, those asked for only to verify included."""
    finalised: int = 0
    """Tasks whose claim stands in a final batch."""
    frauds_accepted: int = 0
    """Of those, frauds."""
    messages: int = 0
    lost: Counter[str] = field(default_factory=Counter)
    """Messages that never arrived, by reason."""
    debts: dict[tuple[str, str], Debt] = field(default_factory=dict)
    """By node and client."""
    chain: Chain = field(default_factory=Chain)
    ledger: Ledger = field(default_factory=Ledger)
    verification: Verification = field(default_factory=Verification)
    enclaves: Enclaves = field(default_factory=Enclaves)
    proofs: Proofs = field(default_factory=Proofs)
    settlement: Settlement = field(default_factory=Settlement)
    punished: Punished = field(default_factory=Punished)
    payoffs: Payoffs = field(default_factory=Payoffs)
    tallies: dict[str, Tally] = field(default_factory=dict)
    """Frauds by behaviour."""
    took: Distributions = field(init=False)
    courses: Courses = field(default_factory=Courses)
    faults: dict[int, str] = field(default_factory=dict)
    """What is broken now, in words, by the fault's number."""
    touched: list[str] = field(default_factory=list)
    """What somebody injected by hand."""
    followed: str = ""
    """The inference shown step by step: one after the other, each until it is settled."""
    followed_over: bool = True

    def __post_init__(self) -> None:
        self.took = Distributions(self.exact)

    @property
    def missed_reveals(self) -> int:
        """Votes that were committed and never revealed."""
        return self.chain.slashes[MISSED_REVEAL]

    def acted(self, act: str) -> int:
        """Dishonest acts that falsified something, of whatever behaviour."""
        return sum(count for (_, falsified), count in self.acts.items() if falsified == act)

    @property
    def frauds(self) -> Tally:
        """Frauds of all behaviours."""
        tallies = self.tallies.values()
        return Tally(
            acts=sum(tally.acts for tally in tallies),
            committed=sum(tally.committed for tally in tallies),
            detected=sum(tally.detected for tally in tallies),
            finalised=sum(tally.finalised for tally in tallies),
            voided=sum(tally.voided for tally in tallies),
        )

    @property
    def stakers(self) -> list[Node]:
        """Nodes that put up a stake."""
        return [node for node in self.nodes.values() if node.role in STAKERS]

    @property
    def mac_price(self) -> float:
        """Price of one multiply-accumulate, in OPG."""
        return int(self.started.get("compute_price_wei", 0)) / 1e18 / 1e9

    def who(self, address: str) -> str:
        """Name of the participant at an address, or the address shortened."""
        return self.names.get(address, address[:10] + "…")

    def at(self, address: str) -> Node | None:
        """The participant at an address."""
        return self.nodes.get(self.names.get(address, ""))

    def batch(self, name: str) -> Batch | None:
        """A batch that is not forgotten."""
        return self.batches.get(name) or self.settled.get(name)

    def about(self, batch: str) -> Dealings:
        """What was done about a batch."""
        found = self.dealings.get(batch)
        if found is None:
            found = self.dealings[batch] = Dealings()
        return found

    def risks(self, mode: str) -> tuple[AtRisk, ...]:
        """What is at risk in all, and in a mode of proof."""
        by_mode = self.settlement.risk_by_mode
        if mode and mode not in by_mode:
            by_mode[mode] = AtRisk()
        return (self.settlement.risk, by_mode[mode]) if mode else (self.settlement.risk,)

    def tally(self, behaviour: str) -> Tally:
        """Frauds of a behaviour."""
        found = self.tallies.get(behaviour)
        if found is None:
            found = self.tallies[behaviour] = Tally()
        return found

    def among(self, targets: Iterable[str]) -> list[Node]:
        """Participants of these names or in these regions."""
        wanted = frozenset(targets)
        return [node for node in self.nodes.values() if node.name in wanted or node.region in wanted]
