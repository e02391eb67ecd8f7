"""Indexed commitments: members agree on one result for a whole batch, and nobody waits once all are in.

The contract is ``chain/contracts/verification/IndexedCommitment.sol``. n full nodes are drawn for a batch. Each
executes it again; its result O is the Merkle root that the batch would have had with the outputs that it computed. It
commits to O under a salt of its own, and shows both as soon as all have committed, or their time is over. If a quorum
of stake had the posted root, the batch is final. If a quorum has another result, or none has one, arbiters vote on
every claim, under commit-reveal, and the members are held to their verdict.

In Atoma's scheme there is nothing to show: the one at index i submits H(H(O, 1), ..., H(O, n)) and H(O, i), and whoever
knows O works all of them out again. That does here what it should not: O is the posted root if the node was right, so
that everybody can tell who agrees, and a member that executes nothing can wait until a quorum does, and join it at no
risk (behaviour ``free_rider_committee``). A salt hides that; who commits and does not show it is slashed.

It costs n executions, and less time than a committee takes, whose votes wait for the end of a window. It needs outputs
that are equal to the bit, and so the bitwise comparator and honest nodes without noise. It does not stop a member from
believing the node unseen: O follows from the claims if they are right. Such a member is slashed when a claim falls. If
no result has a quorum and a claim falls, who had another than the posted root is neither paid nor slashed.

Source: Atoma's sampling consensus, atoma-network docs [R], where n nodes answer a request themselves and there is no
claim to believe. What O stands for, the salt, and the arbiters are assumptions.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import replace
from functools import partial
from typing import Any, ClassVar

import numpy as np
from pydantic import Field

from chain.deploy import ProtocolParameters, VerifierSpec
from chain.formats.claims import Claim, ClaimTree, batch_name, task_name, vote_commitment
from chain.quantities import ZERO_HASH, BatchId, Gas
from chain.seam import Call, Log
from chain.units import Duration
from nodes.effects import ChainTime, Check, Execute, Note, Purpose, Sleep, Steps, Submit, Verdict
from nodes.full import FullNode, VerifierHalf
from nodes.messages import BatchData
from nodes.models.tensors import tensor_hash
from nodes.records import ClaimChecked
from simnet.strategies.facts import Facts
from simnet.strategies.keepers import (
    BACKUP_KEEPERS,
    OPENING_GAS,
    RESEND_S,
    TAKEOVER_DELAY_S,
    fetch_until,
    open_rejected,
)
from simnet.strategies.voting.voting import (
    MAX_ARBITERS,
    MAX_MEMBERS,
    VotingHalf,
    VotingStrategy,
    arbiters_problems,
    sits,
)

SUBMITTED, SHOWN = ("inquiryOf", 3), ("inquiryOf", 4)
"""Views of the contract, and fields of what they return: a bit for each seat."""


class IndexedCommitment(VotingStrategy):
    """Members commit to one result each for a whole batch, and show it as soon as all have."""

    kind: ClassVar[str] = "indexed_commitment"
    claim: ClassVar[str] = "no member can pass off another's result as its own, or tell before it commits who agrees"
    source: ClassVar[str] = "Atoma's sampling consensus: atoma-network docs [R]"
    contract: ClassVar[str] = "IndexedCommitment"
    deadlines: ClassVar[tuple[str, ...]] = (*VotingStrategy.deadlines, "submit_window", "show_window")

    size: int = Field(default=5, ge=1, le=MAX_MEMBERS, description="full nodes drawn for each batch")
    submit_window: Duration = Field(default=20.0, description="time to check and submit (assumption)")
    show_window: Duration = Field(default=20.0, description="time to show results (assumption)")
    arbiters: int = Field(default=0, ge=0, le=MAX_ARBITERS, description="full nodes that decide a dispute; 0: all")

    @property
    def uses_beacon(self) -> bool:
        """Members are drawn by lot."""
        return True

    def members(self) -> int:
        """The arbiters: it is they who vote."""
        return self.arbiters

    def seats(self) -> int:
        """Members and arbiters."""
        return self.size + (self.arbiters or MAX_ARBITERS)

    def contract_spec(self) -> VerifierSpec | None:
        """The IndexedCommitment contract, with these parameters."""
        rule = (self.size, int(self.submit_window), int(self.show_window))
        return VerifierSpec(self.contract, (self.panel(self.quorum), rule))

    def verifier(self, node: FullNode, facts: Facts) -> VerifierHalf:
        """A member's and an arbiter's part."""
        return IndexedHalf(node, self)

    def adjust(self, parameters: ProtocolParameters, facts: Facts) -> ProtocolParameters:
        """No batch expires that is in dispute."""
        windows = self.submit_window + self.show_window + self.commit_window + self.reveal_window
        longest = windows + 3 * facts.beacon_round_s + (BACKUP_KEEPERS + 1) * TAKEOVER_DELAY_S
        return replace(parameters, expiry_s=max(parameters.expiry_s, math.ceil(2 * longest)))

    def windows_s(self, parameters: ProtocolParameters) -> tuple[float, ...]:
        """A draw, a round of commitments, and a vote where they have no quorum."""
        return self.draw_s(parameters), self.submit_window + self.show_window, self.vote_s

    def problems(self, facts: Facts) -> Iterable[tuple[tuple[Any, ...], str]]:
        """Nobody can be drawn who is not there, and hashes agree bit by bit or not at all."""
        yield from super().problems(facts)
        full_nodes = facts.full_nodes
        yield from arbiters_problems(self.arbiters, full_nodes)
        if self.size > full_nodes:
            yield ("size",), f"{self.size} cannot be drawn from {full_nodes} full nodes"
        if facts.comparator.kind != "bitwise":
            yield (
                ("comparator",),
                f"hashes of outputs can only be compared bitwise, not by '{facts.comparator.kind}'",
            )
        if facts.noise:
            yield ("kind",), "with noise, honest outputs differ in their last digits, and so do their hashes"


class IndexedHalf(VotingHalf):
    """Executes and commits if drawn, shows what has a quorum, and judges as an arbiter."""

    watches: tuple[str, ...] = (*VotingHalf.watches, "MembersDrawn", "Submitted", "Shown", "ClaimRejected")
    draws = "MembersDrawn"
    terms: IndexedCommitment

    def __init__(self, node: FullNode, terms: IndexedCommitment) -> None:
        super().__init__(node, terms)
        self.results: dict[str, bytes] = node.disk.kept("results", dict)
        """Its results of open batches."""

    def on_log(self, log: Log) -> Steps:
        """See to it that members are drawn; commit if drawn, and have the batch settled; judge if called."""
        if log.event == "MembersDrawn":
            yield from self.take_part(batch_name(log.args["batch"]), log)
        else:
            yield from super().on_log(log)

    def take_part(self, batch: BatchId, drawn: Log) -> Steps:
        """A member's duty, to execute, commit and show, and everybody's, to see to what follows."""
        members, me = drawn.args["members"], self.node.me.address
        turn = members.index(me) if me in members else len(members) + self.node.my_turn(batch)
        if turn < len(members):
            yield from self.commit_and_show(batch, drawn, turn)
        yield from self.conclude(batch, drawn, turn)

    def commit_and_show(self, batch: BatchId, drawn: Log, seat: int) -> Steps:
        """Form a result, commit to it and show it. What was committed to before a crash or a reorg stands."""
        begun = batch in self.results
        if begun:
            yield Sleep(RESEND_S)
        elif (data := (yield from fetch_until(self.node, batch, drawn.args["submitBy"]))) is not None:
            for known in [known for known in self.results if known not in self.node.batches]:
                del self.results[known]
            self.results[batch] = yield from self.execute(data)
        if batch not in self.results:
            return
        name, result, submit_by = bytes.fromhex(batch[2:]), self.results[batch], drawn.args["submitBy"]
        salt = self.salt(batch, seat)
        sealed = vote_commitment(name, self.node.me.address, int.from_bytes(result), salt)
        if (yield from self.insist(batch, drawn, submit_by, SUBMITTED, begun, "submit", seat, submit_by, sealed)):
            while (yield ChainTime()) <= submit_by and not self.all_have(batch, drawn, "Submitted"):
                yield Sleep(1.0)
            show_by = submit_by + int(self.terms.show_window)
            yield from self.insist(batch, drawn, show_by, SHOWN, begun, "show", seat, result, salt)

    def execute(self, data: BatchData) -> Steps:
        """Check every claim of a batch; answers the root that it should have had.

        A verdict without an execution behind it leaves the claimed output, or none, in the place of the right one.
        """
        own: dict[int, bytes] = {}
        for claim, value in zip(data.claims, data.inputs, strict=True):
            known = self.node.batches.get(data.batch)
            if known is None:
                break
            task = task_name(claim.task)
            verdict = yield Check(known.poster.name, claim, task, partial(hash_output, self.node, claim, value, own))
            yield Note(ClaimChecked(self.node.me.name, data.batch, task, verdict.name.lower()))
            if verdict is Verdict.VALID:
                own.setdefault(claim.index, claim.output_hash)
        return ClaimTree([replace(c, output_hash=own.get(c.index, ZERO_HASH)) for c in data.claims]).root

    def conclude(self, batch: BatchId, drawn: Log, turn: int) -> Steps:
        """When all have shown, have the batch settled or sent to arbiters; the others take over, members first."""
        show_by = drawn.args["submitBy"] + self.terms.show_window
        while (now := (yield ChainTime())) <= show_by and not self.all_shown(batch, drawn, now):
            yield Sleep(1.0)
        yield Sleep(turn * TAKEOVER_DELAY_S)
        while self.is_undecided(batch):
            openings, charges = yield from open_rejected(self.node, batch)
            gas = Gas(self.panel_gas() + OPENING_GAS * (len(openings) + len(charges)))
            args = (bytes.fromhex(batch[2:]), openings, charges)
            receipt = yield Submit(
                Call(self.node.me.address, self.terms.contract, "conclude", args, gas), subject=batch
            )
            if receipt is None or receipt.ok:
                return
            yield Sleep(TAKEOVER_DELAY_S)

    def all_shown(self, batch: BatchId, drawn: Log, now: float) -> bool:
        """Whether all results are shown that can be, or the round is over."""
        if now <= drawn.args["submitBy"] or not sits(self.node, batch, drawn):
            return self.all_have(batch, drawn, "Shown")
        known = self.node.batches[batch]
        return len(known.since(drawn.args, "Shown")) == len(known.since(drawn.args, "Submitted"))

    def is_undecided(self, batch: BatchId) -> bool:
        """Whether a batch is open, and has not gone to arbiters."""
        return batch in self.node.batches and "CommitteeDrawn" not in self.node.batches[batch].events


def hash_output(node: FullNode, claim: Claim, value: np.ndarray, own: dict[int, bytes]) -> Steps:
    """Execute a claim again, keep the hash of the output in `own`, and compare: what an honest member does."""
    model = node.models.get(claim.model)
    if model is None or tensor_hash(value) != claim.input_hash:
        return Verdict.INVALID
    execution = yield Execute(model, value, Purpose.CHECK, task_name(claim.task))
    own[claim.index] = tensor_hash(execution.output)
    return Verdict.VALID if own[claim.index] == claim.output_hash else Verdict.INVALID
