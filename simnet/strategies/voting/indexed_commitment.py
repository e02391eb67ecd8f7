"""Indexed commitments: answers that cannot be copied, in one round.

The contract is ``chain/contracts/verification/IndexedCommitment.sol``. n full nodes are drawn for a batch. Each
executes it again; its result O is the Merkle root that the batch would have had with the outputs that it computed. The
one at index i submits

    H(H(O, 1), ..., H(O, n))  and  H(O, i),

and that is all it has to do: there is nothing to reveal. The first part is the same for all who agree, and can be
copied; the second cannot be made without O, nor be taken from another, whose index differs. When all are in, or
their time is over, one node shows O on chain, which works out every commitment again. If a quorum of stake made
theirs from the posted root, the batch is final. If a quorum has another result, or none is shown to have one,
arbiters vote on every claim, under commit-reveal, and the members are held to their verdict.

It costs n executions, and one wait less than commit-reveal does. It needs outputs that are equal to the bit, and so
the bitwise comparator and honest nodes without noise. It does not stop a member from believing the node: O follows
from the claims if they are right, and whoever computes it from them has copied the node, not a member. Such a member
is slashed when a claim falls. If no result has a quorum and a claim falls, a copier cannot be told from a member
that was right: neither is paid nor slashed.

Source: Atoma's sampling consensus, atoma-network docs [R], where n nodes answer a request themselves and there is no
claim to believe. What O stands for, who shows it, and the arbiters are assumptions.
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
from chain.formats.claims import Claim, ClaimTree, word
from chain.hashing import keccak
from chain.quantities import ZERO_HASH, Gas
from chain.seam import Call, Log
from chain.units import Duration
from nodes.effects import ChainTime, Check, Execute, Note, Purpose, Read, Sleep, Steps, Submit, Verdict
from nodes.full import FullNode, VerifierHalf
from nodes.messages import BatchData
from nodes.models.tensors import tensor_hash
from nodes.records import ClaimChecked
from nodes.waiting import wait_until
from simnet.strategies.facts import Facts
from simnet.strategies.keepers import (
    BACKUP_KEEPERS,
    OPENING_GAS,
    RESEND_S,
    TAKEOVER_DELAY_S,
    fetch_until,
    open_rejected,
)
from simnet.strategies.voting.voting import MAX_ARBITERS, MAX_MEMBERS, VotingHalf, VotingStrategy, arbiters_problems


class IndexedCommitment(VotingStrategy):
    """Members commit to their results under their own index, so that nobody's word can be copied."""

    kind: ClassVar[str] = "indexed_commitment"
    claim: ClassVar[str] = "no member can pass off another's result as its own, and nobody waits for a second round"
    source: ClassVar[str] = "Atoma's sampling consensus: atoma-network docs [R]"
    contract: ClassVar[str] = "IndexedCommitment"
    deadlines: ClassVar[tuple[str, ...]] = (*VotingStrategy.deadlines, "submit_window", "show_window")

    size: int = Field(default=5, ge=1, le=MAX_MEMBERS, description="full nodes drawn for each batch")
    submit_window: Duration = Field(default=20.0, description="time to check and submit (assumption)")
    show_window: Duration = Field(default=10.0, description="time to show a result with a quorum (assumption)")
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

    watches: tuple[str, ...] = (*VotingHalf.watches, "MembersDrawn", "Submitted", "ClaimRejected")
    draws = "MembersDrawn"
    terms: IndexedCommitment

    def __init__(self, node: FullNode, terms: IndexedCommitment) -> None:
        super().__init__(node, terms)
        self.results: dict[str, bytes] = node.disk.kept("results", dict)
        """Its results of open batches."""

    def on_log(self, log: Log) -> Steps:
        """See to it that members are drawn; commit if drawn, and have the batch settled; judge if called."""
        if log.event == "MembersDrawn":
            yield from self.take_part("0x" + log.args["batch"].hex(), log)
        else:
            yield from super().on_log(log)

    def take_part(self, batch: str, drawn: Log) -> Steps:
        """A member's duty, to execute and submit, and everybody's, to see to what follows."""
        members, me = drawn.args["members"], self.node.me.address
        if me not in members:
            yield from self.conclude(batch, drawn, len(members) + self.node.my_turn(batch), ZERO_HASH)
            return
        seat = members.index(me)
        begun = batch in self.results  # before a crash or a reorg: what was sent may be on its way
        if begun:
            yield Sleep(RESEND_S)
        elif (data := (yield from fetch_until(self.node, batch, drawn.args["submitBy"]))) is not None:
            for known in [known for known in self.results if known not in self.node.batches]:
                del self.results[known]
            self.results[batch] = yield from self.execute(data)
        if batch in self.results and not (begun and self.has_submitted(batch)):
            yield from self.submit(batch, "submit", seat, commitment_to(self.results[batch], seat + 1, len(members)))
        yield from self.conclude(batch, drawn, seat, self.results.get(batch, ZERO_HASH))

    def has_submitted(self, batch: str) -> bool:
        """Whether the chain has this node's commitment, or the batch is closed."""
        known = self.node.batches.get(batch)
        made = known.events.get("Submitted", ()) if known else ()
        return known is None or any(args["member"] == self.node.me.address for args in made)

    def execute(self, data: BatchData) -> Steps:
        """Check every claim of a batch; answers the root that it should have had.

        A verdict without an execution behind it leaves the claimed output, or none, in the place of the right one.
        """
        own: dict[int, bytes] = {}
        for claim, value in zip(data.claims, data.inputs, strict=True):
            known = self.node.batches.get(data.batch)
            if known is None:
                break
            task = "0x" + claim.task.hex()
            verdict = yield Check(known.poster.name, claim, task, partial(hash_output, self.node, claim, value, own))
            yield Note(ClaimChecked(self.node.me.name, data.batch, task, verdict.name.lower()))
            if verdict is Verdict.VALID:
                own.setdefault(claim.index, claim.output_hash)
        return ClaimTree([replace(c, output_hash=own.get(c.index, ZERO_HASH)) for c in data.claims]).root

    def conclude(self, batch: str, drawn: Log, turn: int, result: bytes) -> Steps:
        """When all are in, members in turn show their result if it has a quorum; if none has, call the arbiters."""
        submit_by, members = drawn.args["submitBy"], len(drawn.args["members"])
        while turn < members and (yield ChainTime()) <= submit_by:
            if batch not in self.node.batches or len(self.node.batches[batch].events.get("Submitted", ())) == members:
                break
            yield Sleep(1.0)
        if turn < members:
            yield Sleep(turn * self.terms.show_window / (members + 1))
            yield from self.show(batch, result)
        yield from wait_until(submit_by + self.terms.show_window + 1)
        yield Sleep(turn * TAKEOVER_DELAY_S)
        while self.is_undecided(batch):
            if turn < members:
                yield from self.show(batch, result)
            if self.is_undecided(batch):
                args, gas = (bytes.fromhex(batch[2:]),), self.panel_gas()
                yield Submit(Call(self.node.me.address, self.terms.contract, "arbitrate", args, gas), subject=batch)
            yield Sleep(TAKEOVER_DELAY_S)

    def show(self, batch: str, result: bytes) -> Steps:
        """Show a result on chain, if it has a quorum."""
        if not self.is_undecided(batch):
            return
        _, quorum = yield Read(self.terms.contract, "supportFor", (bytes.fromhex(batch[2:]), result))
        if quorum:
            openings, charges = yield from open_rejected(self.node, batch)
            gas = Gas(self.panel_gas() + OPENING_GAS * (len(openings) + len(charges)))
            args = (bytes.fromhex(batch[2:]), result, openings, charges)
            yield Submit(Call(self.node.me.address, self.terms.contract, "show", args, gas), subject=batch)

    def is_undecided(self, batch: str) -> bool:
        """Whether a batch is open, and has not gone to arbiters."""
        return batch in self.node.batches and "CommitteeDrawn" not in self.node.batches[batch].events


def hash_output(node: FullNode, claim: Claim, value: np.ndarray, own: dict[int, bytes]) -> Steps:
    """Execute a claim again, keep the hash of the output in `own`, and compare: what an honest member does."""
    model = node.models.get(claim.model)
    if model is None or tensor_hash(value) != claim.input_hash:
        return Verdict.INVALID
    execution = yield Execute(model, value, Purpose.CHECK, "0x" + claim.task.hex())
    own[claim.index] = tensor_hash(execution.output)
    return Verdict.VALID if own[claim.index] == claim.output_hash else Verdict.INVALID


def commitment_to(result: bytes, index: int, count: int) -> tuple[bytes, bytes]:
    """What the member at `index`, from 1 to `count`, submits for a result."""
    parts = [keccak(result + word(i)) for i in range(1, count + 1)]
    return keccak(b"".join(parts)), parts[index - 1]
