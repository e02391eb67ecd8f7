"""What is counted over a whole run, one class for each family of metrics. Amounts are in wei."""

from __future__ import annotations

from collections import Counter, deque
from dataclasses import dataclass, field

from simnet.measure.rows import Row

BLOCKS_KEPT = 200
"""Blocks that the chain panel can scroll through."""

MISSED_REVEAL = "missed_reveal"
"""Reason of slashes for votes that were committed and never revealed."""


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
    machine_s: float = 0.0
    """Time of provers, whatever became of their proofs."""
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
