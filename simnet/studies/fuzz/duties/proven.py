"""Duties where claims owe a zero-knowledge proof: simulated ones, or those of a circuit with its real verifier."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any, ClassVar

from chain.formats.claims import Claim
from chain.quantities import Hash32
from simnet.studies.fuzz.arena import digest
from simnet.studies.fuzz.cast import HONEST_NODE, WATCHER
from simnet.studies.fuzz.duties.base import GRACE_S
from simnet.studies.fuzz.duties.evidence import EvidenceDuty
from simnet.studies.fuzz.posted import Batch
from simnet.studies.fuzz.statements import Statement, Statements, real, simulated
from simnet.studies.fuzz.table import Table


class ProvenDuty(EvidenceDuty):
    """The honest node proves each claim; the watcher has rejected what nobody proves."""

    statements: ClassVar[Callable[[], Statements]] = simulated

    def __init__(self, machine: Table) -> None:
        super().__init__(machine)
        self.known = type(self).statements()
        self.said: Counter[str] = Counter()
        """Statements that each node has claimed, in order: no proof is good twice for one node."""
        self.of: dict[tuple[bytes, bytes], Statement] = {}
        """What is claimed of a task and an input, true or not."""

    def room(self, node: str) -> int:
        return len(self.known.true) - self.said[node]

    def right(self, claim: Claim, node: str) -> tuple[Claim, bytes]:
        """An honest node says nothing twice, since it could prove it once."""
        statement = self.known.true[self.said[node] % len(self.known.true)]
        self.said[node] += node == HONEST_NODE or claim.task[2] % 2
        return self.about(claim, statement), b""

    def wrong(self, claim: Claim, node: str, salt: object) -> tuple[Claim, bytes]:
        """With a made-up output, or with one that somebody forged a proof of."""
        if self.known.forged and claim.task[0] % 2:
            return self.about(claim, self.known.forged[claim.task[1] % len(self.known.forged)]), b""
        made = self.about(claim, self.known.true[claim.task[1] % len(self.known.true)])
        return replace(made, output_hash=Hash32(digest("made up", salt))), b""

    def about(self, claim: Claim, statement: Statement) -> Claim:
        """A claim that says what a statement does."""
        self.of[claim.task, statement.input_hash] = statement
        model = Hash32(self.known.circuit.model)
        return replace(claim, model=model, input_hash=statement.input_hash, output_hash=statement.output_hash)

    def is_right(self, claim: Claim, node: str) -> bool:
        said = (claim.model, claim.input_hash, claim.output_hash)
        model = self.known.circuit.model
        return any(said == (model, one.input_hash, one.output_hash) for one in self.known.true)

    def verify(self, batch: Batch) -> None:
        self.protest(batch)
        if batch.node == HONEST_NODE and batch.once("pledge"):
            self.send(HONEST_NODE, "Proven.pledge", batch)
            for i in range(batch.count):
                self.send(HONEST_NODE, "Proven.prove", batch, *self.proof(batch, i))
        if not batch.is_open:
            return
        is_pledged = self.machine.arena.read("Proven.isPledged", batch.id)
        period = "provingPeriod" if is_pledged else "notice"
        if self.is_past(batch.posted_at + self.machine.constant(f"Proven.{period}")):
            unproven = self.machine.arena.read("Proven.unproven", batch.id)
            for i in range(len(batch.claims)):
                if unproven >> i & 1 and batch.once("reject", i):
                    self.send(WATCHER, "Proven.rejectUnproven", batch, batch.opening(i))
            window = max(self.machine.constant(f"Proven.{key}") for key in (period, "window"))
            if self.is_past(batch.posted_at + window + GRACE_S):
                self.conclude(batch, "Proven.finalise", batch.proven)

    def proof(self, batch: Batch, index: int) -> tuple[Any, ...]:
        """What shows that a claim is right, but for the batch."""
        claim = batch.claims[index]
        statement = self.of[claim.task, claim.input_hash]
        return batch.opening(index), *statement.shown, statement.proof


class CircuitDuty(ProvenDuty):
    """The same, with proofs that were made by a real prover, of which there are few."""

    statements: ClassVar[Callable[[], Statements]] = real
