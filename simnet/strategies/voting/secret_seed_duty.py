"""Secret-seed duty: nobody knows who must check a batch, and who did not is found out afterwards.

The contract is ``chain/contracts/verification/SecretSeed.sol``. A full node commits to a chain of seeds, one for each
epoch. A batch is its duty if a hash of the epoch's seed, the node and the batch falls below p. The node then executes
the batch again and reports openly what it found: nothing is to be learnt from a report about whose duty the next batch
is. If somebody calls a claim wrong, arbiters execute it again and decide by quorum; otherwise the batch is final when
the window for reports is over. When the epoch's batches are settled, nodes show its seed, the contract works out their
duties again, and the verifiers' share of the epoch's fees is shared by duties kept. Who missed one has no part in it.

With h honest full nodes a wrong claim escapes all of them with probability (1 - p)^h, whoever else is corrupt; the
cost is p executions for each full node. A report need not be the fruit of work: who says "valid" without looking
keeps its duties and its rewards, until somebody else calls one of the claims wrong; then it loses stake, and the
epoch's rewards. Where nobody cheats, it is never found out. A poster who is told a node's seed can rid that one node
of its duty; batches posted before a node's first commitment are nobody's duty; and data that is withheld cannot be
told from wrong data, so that who cannot get it calls the whole batch wrong, at the risk of being overruled.

Source: Gonka, gonka-ai/gonka, docs/specs/inference-validation-flow.md [R]: a secret seed for each epoch, results
published at once, and a claim to rewards that is refused for missed validations. There the unit is an inference;
arbitration by a panel, the hash chain, and the shares of the rewards are assumptions.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable
from dataclasses import replace
from fractions import Fraction as Exact
from functools import lru_cache
from typing import Any, ClassVar

from pydantic import Field

from chain.deploy import ProtocolParameters, VerifierSpec
from chain.formats.claims import address_word, batch_name
from chain.hashing import keccak
from chain.quantities import NO_BATCH, PARTS, Address, BatchId, Gas
from chain.seam import Call, Log
from chain.units import Duration, Fraction
from nodes.effects import ChainTime, Note, Read, Sleep, Spawn, Steps, Submit, Verdict
from nodes.full import FullNode, VerifierHalf
from nodes.identity import Role
from nodes.records import DutyFailed
from nodes.waiting import wait_since_post, wait_until
from simnet.strategies.facts import Facts
from simnet.strategies.keepers import (
    BACKUP_KEEPERS,
    OPENING_GAS,
    TAKEOVER_DELAY_S,
    fetch_until,
    open_rejected,
)
from simnet.strategies.voting.voting import MAX_ARBITERS, MAX_MEMBERS, VotingHalf, VotingStrategy, arbiters_problems

SEEDS = 2048
"""Length of a node's hash chain, in epochs since the contract was deployed (assumption)."""

SETUP_EPOCHS = 64
"""Epochs of the chain that may pass before a run begins."""

COMMIT_GAS = Gas(200_000)
FINALISE_GAS = Gas(400_000)
SHOW_GAS = Gas(5_000_000)
"""Gas that showing a seed may use, if 256 batches were its duty (measured: test_contracts_secret_seed.py)."""
PAYING_GAS = Gas(2_400_000)
"""Gas that paying an epoch of 256 batches may use, apart from whom it pays (measured: test_contracts_largest.py)."""
PAID_GAS = Gas(38_000)
"""Gas that paying a full node for an epoch may use at the most (measured: test_contracts_largest.py)."""
REPORT_BEFORE_S = 5.0
"""How long before the window ends a batch whose data did not come is called wrong: a few blocks (assumption)."""

PLACE_GAS = Gas(40_000)
"""Gas that holding one report to a verdict may use at the most (measured: test_contracts_largest.py)."""


class SecretSeedDuty(VotingStrategy):
    """Full nodes check what secret seeds make their duty, and show the seeds afterwards."""

    kind: ClassVar[str] = "secret_seed_duty"
    claim: ClassVar[str] = "a wrong claim escapes h honest full nodes with probability (1 - p)^h; missed duties earn 0"
    source: ClassVar[str] = "Gonka: gonka-ai/gonka, docs/specs/inference-validation-flow.md [R]"
    contract: ClassVar[str] = "SecretSeed"
    deadlines: ClassVar[tuple[str, ...]] = (*VotingStrategy.deadlines, "report_window")

    probability: Fraction = Field(default=Exact(1, 2), description="probability that a batch is a node's duty")
    epoch: Duration = Field(default=60.0, ge=1, description="how long a seed serves (assumption)")
    report_window: Duration = Field(default=20.0, description="from the post, to check and report (assumption)")
    seed_window: Duration = Field(default=20.0, ge=1, description="time to show an epoch's seed (assumption)")
    arbiters: int = Field(default=0, ge=0, le=MAX_ARBITERS, description="full nodes that decide a dispute; 0: all")

    @property
    def uses_beacon(self) -> bool:
        """Only to draw arbiters: where all decide, there is nothing to draw."""
        return self.arbiters > 0

    def members(self) -> int:
        """The arbiters."""
        return self.arbiters

    def settle_window_s(self) -> int:
        """Time from an epoch's end until its last batches are settled, disputes and backup keepers included."""
        return math.ceil(
            self.report_window + self.commit_window + self.reveal_window + (BACKUP_KEEPERS + 1) * TAKEOVER_DELAY_S
        )

    def contract_spec(self) -> VerifierSpec | None:
        """The SecretSeed contract, with these parameters."""
        rule = (
            round(self.probability * PARTS),
            int(self.epoch),
            int(self.report_window),
            self.settle_window_s(),
            int(self.seed_window),
        )
        return VerifierSpec(self.contract, (self.panel(self.quorum), rule))

    def verifier(self, node: FullNode, facts: Facts) -> VerifierHalf:
        """Duties by seed, and an arbiter's part."""
        return SecretSeedHalf(node, self)

    def adjust(self, parameters: ProtocolParameters, facts: Facts) -> ProtocolParameters:
        """No batch expires that is in dispute."""
        longest = 2 * (self.settle_window_s() + 3 * math.ceil(facts.beacon_round_s))
        return replace(parameters, expiry_s=max(parameters.expiry_s, longest))

    def largest_call_gas(self, facts: Facts) -> Gas:
        """Every full node's report may be wrong, and cost it stake; or all are paid for an epoch."""
        resolving = super().largest_call_gas(facts) + PLACE_GAS * facts.full_nodes
        return Gas(max(resolving, SHOW_GAS, paying_gas(facts.full_nodes)))

    def windows_s(self, parameters: ProtocolParameters) -> tuple[float, ...]:
        """Reports, a draw of arbiters, and their vote."""
        return self.report_window, *super().windows_s(parameters)

    def problems(self, facts: Facts) -> Iterable[tuple[tuple[Any, ...], str]]:
        """Arbiters must exist, and contracts count whole seconds."""
        yield from super().problems(facts)
        full_nodes = facts.full_nodes
        yield from arbiters_problems(self.arbiters, full_nodes)
        if full_nodes > MAX_MEMBERS:
            yield ("kind",), f"{full_nodes} full nodes are more than the contract has places for, {MAX_MEMBERS}"
        if facts.run_s / self.epoch + SETUP_EPOCHS > SEEDS:
            yield ("epoch",), f"the run would take more epochs than a node has seeds for, {SEEDS - SETUP_EPOCHS}"
        for key in ("epoch", "report_window", "seed_window"):
            if getattr(self, key) % 1:
                yield (key,), "contracts count in seconds, so this must be whole ones"


class SecretSeedHalf(VotingHalf):
    """Checks what its seeds make its duty, reports, and shows the seeds when their epochs are settled."""

    watches: tuple[str, ...] = (*VotingHalf.watches, "Reported", "ClaimRejected")
    terms: SecretSeedDuty

    def on_start(self) -> Steps:
        """Commit to seeds before the first batch, and show each when its epoch is settled."""
        yield Spawn(self.keep_epochs())

    def keep_epochs(self) -> Steps:
        """Commit, unless that was done before a crash; then show seed after seed, and have each epoch paid."""
        began = yield Read(self.terms.contract, "genesis")
        tip, first, *_ = yield Read(self.terms.contract, "checkerOf", (self.node.me.address,))
        if not any(tip):
            first = int(((yield ChainTime()) - began) // self.terms.epoch)
            args: tuple[Any, ...] = (seed_chain(self.node.secret)[first],)
            yield Submit(Call(self.node.me.address, self.terms.contract, "commitSeed", args, COMMIT_GAS))
        for epoch in itertools.count(first):
            shown_from = began + (epoch + 1) * int(self.terms.epoch) + self.terms.settle_window_s()
            shown_by = shown_from + int(self.terms.seed_window)
            yield from wait_until(shown_from)
            if (yield ChainTime()) < shown_by:
                args = (epoch, seed_of(self.node, epoch))
                receipt = yield Submit(Call(self.node.me.address, self.terms.contract, "showSeed", args, SHOW_GAS))
                if receipt is not None and not receipt.ok:
                    yield Note(DutyFailed(self.node.me.name, NO_BATCH, f"showSeed {epoch}: {receipt.revert}"))
            yield Spawn(self.pay(epoch, shown_by))

    def pay(self, epoch: int, due: int) -> Steps:
        """Have an epoch paid if it is this node's turn, or others fail to."""
        turn = (self.node.rank - epoch) % len(self.node.directory.of(Role.FULL))
        yield from wait_until(due)
        yield Sleep(turn * TAKEOVER_DELAY_S)
        pot, batches, _ = yield Read(self.terms.contract, "epochOf", (epoch,))
        if pot or batches:
            gas = paying_gas(len(self.node.directory.of(Role.FULL)))
            yield Submit(Call(self.node.me.address, self.terms.contract, "payEpoch", (epoch,), gas))

    def on_log(self, log: Log) -> Steps:
        """Check a batch if that is a duty; see to it that it becomes final or is judged; judge if called."""
        batch = batch_name(log.args["batch"])
        if log.event == "BatchPosted":
            yield Spawn(self.check(log.args["batch"], log.args["count"]))
            yield from self.close(batch)
        else:
            yield from super().on_log(log)

    def check(self, batch: bytes, count: int) -> Steps:
        """Check a batch that is this node's duty, and report what is wrong with it."""
        _, posted_at, *_ = yield Read("Settlement", "batchOf", (batch,))
        epoch = yield Read(self.terms.contract, "epochAt", (posted_at,))
        if not is_duty(seed_of(self.node, epoch), self.node.me.address, batch, round(self.terms.probability * PARTS)):
            return
        if self.has_reported(batch):
            return
        last_call = posted_at + self.terms.report_window - REPORT_BEFORE_S
        data = yield from fetch_until(self.node, batch_name(batch), last_call)
        verdicts = [Verdict.INVALID] * count if data is None else (yield from self.node.check_batch(data))
        if len(verdicts) == count and Verdict.ABSTAIN not in verdicts:
            wrong = sum(1 << i for i, verdict in enumerate(verdicts) if verdict is Verdict.INVALID)
            yield from self.submit(batch_name(batch), "report", wrong)

    def has_reported(self, batch: bytes) -> bool:
        """Whether the chain has this node's report on an open batch."""
        known = self.node.batches.get(batch_name(batch))
        made = known.events.get("Reported", ()) if known else ()
        return any(args["member"] == self.node.me.address for args in made)

    def close(self, batch: BatchId) -> Steps:
        """When the time for reports is over, make the batch final or call the arbiters; the others take over."""
        yield from wait_since_post(batch, self.terms.report_window + 1)
        yield Sleep(self.node.my_turn(batch) * TAKEOVER_DELAY_S)
        while batch in self.node.batches and not self.in_dispute(batch):
            openings, charges = yield from open_rejected(self.node, batch)
            args = (bytes.fromhex(batch[2:]), openings, charges)
            gas = Gas(FINALISE_GAS + OPENING_GAS * (len(openings) + len(charges)))
            receipt = yield Submit(
                Call(self.node.me.address, self.terms.contract, "finalise", args, gas), subject=batch
            )
            if receipt.ok:
                return
            yield Sleep(TAKEOVER_DELAY_S)
        if batch in self.node.batches:
            yield from self.draw(batch)

    def in_dispute(self, batch: BatchId) -> bool:
        """Whether somebody called a claim of an open batch wrong."""
        known = self.node.batches.get(batch)
        return known is not None and any(said["invalid"] for said in known.events.get("Reported", ()))

    def drawing(self, batch: BatchId) -> Steps:
        """Answers the call that draws arbiters."""
        yield from ()
        return Call(
            self.node.me.address, self.terms.contract, "arbitrate", (bytes.fromhex(batch[2:]),), self.panel_gas()
        )

    def resolving_gas(self, batch: BatchId) -> Gas:
        """What the panel needs, and to hold reports to its verdict."""
        return Gas(self.panel_gas() + PLACE_GAS * len(self.node.directory.of(Role.FULL)))


def paying_gas(full_nodes: int) -> Gas:
    """Gas that paying so many full nodes for an epoch may use at the most."""
    return Gas(PAYING_GAS + PAID_GAS * full_nodes)


@lru_cache(maxsize=MAX_MEMBERS)
def seed_chain(secret: bytes) -> tuple[bytes, ...]:
    """A node's hash chain, tip first: each link is the hash of the next, and link e + 1 is the seed of epoch e."""
    links = [keccak(b"seeds" + secret)]
    for _ in range(SEEDS):
        links.append(keccak(links[-1]))
    return tuple(reversed(links))


def seed_of(node: FullNode, epoch: int) -> bytes:
    """A node's seed for an epoch, which it keeps to itself until the epoch is settled."""
    return seed_chain(node.secret)[epoch + 1]


def is_duty(seed: bytes, member: Address, batch: bytes, parts: int) -> bool:
    """Whether a batch is a member's duty, with a probability in parts per 1e9; as the contract has it."""
    return int.from_bytes(keccak(seed + address_word(member) + batch)) % PARTS < parts
