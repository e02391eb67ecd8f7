"""What is known of a run at one point of its log: counts, distributions, and whatever is still open.

A `State` is a pure fold over the rows of a log (`simnet.measure.fold`). Everything in it is plain data, so that it
pickles. What is over is counted and forgotten: a task or batch stays for `REORG_DEPTH_MAX` blocks after its batch
became final, for what is only logged then (a late check, a slash), and is dropped. What grows with the run: the exact
distributions of a verdict (16 bytes for each value), the heartbeats seen of each enclave, and tasks never decided.
"""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from chain.quantities import OPG
from simnet.measure.counts import (
    MISSED_REVEAL,
    AtRisk,
    Chain,
    Enclaves,
    Payoffs,
    Proofs,
    Punished,
    Settlement,
    Tally,
    Verification,
)
from simnet.measure.external import ExternalRequests
from simnet.measure.ledger import Ledger
from simnet.measure.rows import Fold, Row
from simnet.measure.subjects import STAKERS, Batch, Dealings, Debt, Node, Task
from simnet.measure.timings import Courses, Distributions


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
    payment_chain: Chain = field(default_factory=Chain)
    """The chain that clients pay gateways on: its blocks alone."""
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
    external: ExternalRequests = field(init=False)
    """Requests from outside."""
    courses: Courses = field(default_factory=Courses)
    faults: dict[int, str] = field(default_factory=dict)
    """What is broken now, in words, by the fault's number."""
    interventions: list[str] = field(default_factory=list)
    """What somebody injected by hand."""
    followed: str = ""
    """The inference shown step by step: one after the other, each until it is settled."""
    followed_over: bool = True

    def __post_init__(self) -> None:
        self.took = Distributions(self.exact)
        self.external = ExternalRequests(self.exact)

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
        return int(self.started.get("compute_price_wei", 0)) / OPG / 1e9

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
