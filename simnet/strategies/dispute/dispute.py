"""Disputes: a batch stands unless somebody challenges it in time; what `optimistic` and its relatives have in common.

The contract is ``chain/contracts/verification/Optimistic.sol``. Whoever finds a claim wrong challenges it within a
window, with a bond. An undisputed batch is made final after the window by whichever full node's turn it is. A disputed
one goes to arbiters: full nodes, all of them or drawn by lot, that execute the disputed claims again and vote. Who was
right gets its bond back and a share of what the other side loses; the rest of that pays the arbiters.

A late challenge does not extend the window: nobody has to answer one, so that there is no clock to run down, and
all challengers of a claim share alike. It may come in the last second; so may the block that leaves it out. Open
challenges can be copied by who has checked nothing; sealed ones are shown only when no more are taken.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any, ClassVar

from pydantic import Field

from chain.deploy import ProtocolParameters, VerifierSpec
from chain.formats.claims import MAX_CLAIMS, batch_name, vote_commitment
from chain.quantities import BASIS_POINTS, OPG, BatchId, Gas, Wei
from chain.seam import Call, Log
from chain.units import Amount, Duration, Share
from nodes.client import ClientPolicy
from nodes.effects import Read, Sleep, Spawn, Steps, Submit, Verdict
from nodes.full import FullNode
from nodes.identity import Role
from nodes.messages import BatchData
from nodes.waiting import time_of_post, wait_since_post
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
    VOTE_GAS,
    VotingHalf,
    VotingStrategy,
    arbiters_problems,
)

FINALISE_GAS = Gas(400_000)
CHALLENGER_GAS = Gas(100_000)
"""Gas that paying one challenger may use at the most."""

RIVAL_GAS = 60_000
"""Gas that one of many challengers uses in the largest dispute (measured: test_contracts_largest.py)."""
COMPANY = 32
"""Challengers of claims that are disputed already, for which the contract has room."""

CHALLENGE_BEFORE_S = 15.0
"""How long before the window ends a batch is challenged whose data did not come: its poster may be down for a while,
and a challenge takes some blocks to get there (assumption)."""

BATCHES_AT_STAKE = 8
"""Whole batches that a challenger's money is enough to dispute at a time (assumption)."""


class DisputeStrategy(VotingStrategy):
    """Base of strategies in which claims stand unless they are challenged."""

    contract: ClassVar[str] = "Optimistic"
    challengers: ClassVar[tuple[Role, ...]] = (Role.FULL,)
    """Who may have to put up bonds."""
    takes_bonds: ClassVar[bool] = True
    deadlines: ClassVar[tuple[str, ...]] = (*VotingStrategy.deadlines, "challenge_window")

    challenge_window: Duration = Field(default=60.0, description="from the post, in which to challenge (assumption)")
    bond: Amount = Field(default=10 * OPG, description="put up for each claim challenged (assumption)")
    winner_share: Share = Field(default=0.5, description="of what the loser forfeits, to who was right (assumption)")
    arbiters: int = Field(default=0, ge=0, le=MAX_ARBITERS, description="full nodes that decide a dispute; 0: all")

    @property
    def open_window_s(self) -> float:
        """Time after the window to open sealed challenges; 0 where they are open anyway."""
        return 0.0

    @property
    def evidence_window_s(self) -> float:
        """Time after that before anything follows from it."""
        return 0.0

    @property
    def until_heard_s(self) -> float:
        """From the post until something follows."""
        return self.challenge_window + self.open_window_s + self.evidence_window_s

    @property
    def uses_beacon(self) -> bool:
        """Only to draw arbiters: where all decide, there is nothing to draw."""
        return self.arbiters > 0

    def members(self) -> int:
        """The arbiters."""
        return self.arbiters

    def rule(self) -> tuple[Any, ...]:
        """Parameters of the Optimistic contract besides the panel's, in the order of its struct."""
        windows = (int(self.challenge_window), int(self.open_window_s), int(self.evidence_window_s))
        return *windows, self.bond, round(self.winner_share * BASIS_POINTS)

    def contract_spec(self) -> VerifierSpec | None:
        """The verification contract, with these parameters."""
        return VerifierSpec(self.contract, (self.panel(self.quorum), self.rule()))

    def adjust(self, parameters: ProtocolParameters, facts: Facts) -> ProtocolParameters:
        """No fees for checks that nobody can show to have made; and no batch expires that is in dispute."""
        longest = self.until_heard_s + self.commit_window + self.reveal_window
        longest += 3 * facts.beacon_round_s + (BACKUP_KEEPERS + 1) * TAKEOVER_DELAY_S
        return replace(parameters, verifier_share_bps=0, expiry_s=max(parameters.expiry_s, math.ceil(2 * longest)))

    def largest_call_gas(self, facts: Facts) -> Gas:
        """Every claim is challenged, and one by a crowd, and all have to be paid."""
        return Gas(super().largest_call_gas(facts) + RIVAL_GAS * (facts.batch_size + COMPANY))

    def windows_s(self, parameters: ProtocolParameters) -> tuple[float, ...]:
        """Challenges are heard, arbiters drawn, and vote."""
        return self.until_heard_s, *super().windows_s(parameters)

    def initial_balance(self, role: Role) -> Wei:
        """Enough for the bonds of several disputes at a time."""
        return Wei(self.bond * MAX_CLAIMS * BATCHES_AT_STAKE if role in self.challengers else 0)

    def problems(self, facts: Facts) -> Iterable[tuple[tuple[Any, ...], str]]:
        """Arbiters must exist, and contracts count whole seconds."""
        yield from super().problems(facts)
        yield from arbiters_problems(self.arbiters, facts.full_nodes)
        if self.challenge_window % 1:
            yield ("challenge_window",), "contracts count in seconds, so the window must be whole ones"

    # -- clients who challenge ---------------------------------------------------------------------------------

    def watching(self, policy: ClientPolicy, facts: Facts) -> ClientPolicy:
        """A client that looks for the claims made of its tasks soon enough to challenge them."""
        every = min(policy.audit_every_s, self.challenge_window / 6)
        longest = facts.batch_interval_s + self.challenge_window
        attempts = math.ceil(longest / every)
        return replace(policy, audit_every_s=every, audit_attempts=attempts)


class DisputeHalf(VotingHalf):
    """A full node's half of a strategy in which claims stand unless they are challenged."""

    watches: tuple[str, ...] = (*VotingHalf.watches, "ChallengeSealed", "Challenged", "ClaimRejected")
    terms: DisputeStrategy

    def __init__(self, node: FullNode, terms: DisputeStrategy) -> None:
        super().__init__(node, terms)
        self.disputed: dict[str, int] = node.disk.kept("disputed", dict)
        """Claims that it challenges, by batch."""

    def on_log(self, log: Log) -> Steps:
        """Look at a batch, if the strategy has it so; see to it that it becomes final or is judged; judge if called."""
        batch = batch_name(log.args["batch"])
        if log.event == "BatchPosted":
            yield Spawn(self.verify_voluntarily(batch, log.args["count"]))
            yield from self.close(batch)
        else:
            yield from super().on_log(log)

    def verify_voluntarily(self, batch: BatchId, count: int) -> Steps:
        """What a full node does voluntarily when a batch of so many claims is posted."""
        raise NotImplementedError

    def check(self, batch: BatchId, count: int) -> Steps:
        """Check a whole batch, and challenge what is wrong. What was challenged before a crash or a reorg stands."""
        if batch in self.disputed:
            yield Sleep(RESEND_S)
            yield from self.dispute(batch, self.disputed[batch])
            return
        data = yield from self.obtain(batch, count)
        if data is None:
            return
        verdicts = yield from self.node.check_batch(data, assigned=False)
        yield from self.on_checked(data, verdicts)
        wrong = [verdict is Verdict.INVALID for verdict in verdicts]
        if any(wrong):
            yield from self.challenge(batch, wrong)

    def on_checked(self, data: BatchData, verdicts: Sequence[Verdict]) -> Steps:
        """What else a full node does when it has checked a batch voluntarily, before it challenges."""
        yield from ()

    def obtain(self, batch: BatchId, count: int) -> Steps:
        """Fetch a batch, patiently, and challenge all of its `count` claims if it is withheld; answers its data."""
        closes = (yield from time_of_post(batch)) + self.terms.challenge_window
        data = yield from fetch_until(self.node, batch, closes - CHALLENGE_BEFORE_S)
        if data is None:
            yield from self.challenge(batch, [True] * count)
        return data

    def challenge(self, batch: BatchId, wrong: Sequence[bool]) -> Steps:
        """Dispute claims, unless the batch is final meanwhile."""
        claims = sum(1 << i for i, is_wrong in enumerate(wrong) if is_wrong)
        if batch not in self.node.batches:
            return
        for known in [known for known in self.disputed if known not in self.node.batches]:
            del self.disputed[known]
        self.disputed[batch] = claims
        yield from self.dispute(batch, claims)

    def dispute(self, batch: BatchId, claims: int) -> Steps:
        """Challenge these claims, sealed or not, unless that was done."""
        if self.terms.open_window_s:
            yield from self.challenge_sealed(batch, claims)
        elif not self.has_done(batch, "Challenged"):
            yield from self.submit(batch, "challenge", claims)

    def has_done(self, batch: BatchId, event: str) -> bool:
        """Whether the chain has such a move of this node's about an open batch, or the batch is closed."""
        known = self.node.batches.get(batch)
        made = known.events.get(event, ()) if known else ()
        return known is None or any(args["challenger"] == self.node.me.address for args in made)

    def challenge_sealed(self, batch: BatchId, claims: int) -> Steps:
        """Dispute claims, and say which when nobody can join in any more."""
        name = bytes.fromhex(batch[2:])
        salt = hashlib.sha256(b"challenge" + self.node.secret + name).digest()
        commitment = vote_commitment(name, self.node.me.address, claims, salt)
        if not self.has_done(batch, "ChallengeSealed"):
            sealed = yield from self.submit(batch, "sealChallenge", commitment, claims.bit_count())
            if sealed is None or not sealed.ok:
                return
        yield from wait_since_post(batch, self.terms.challenge_window + 1)
        if not self.has_done(batch, "Challenged"):
            yield from self.submit(batch, "openChallenge", claims, salt)

    def close(self, batch: BatchId) -> Steps:
        """When all challenges are heard, make the batch final or call the arbiters; the others take over."""
        turn = self.node.my_turn(batch)
        yield from wait_since_post(batch, self.terms.until_heard_s + 1)
        if turn == 0:
            yield Spawn(self.take_bonds(batch))
        if not (yield from self.in_dispute(batch)):
            yield Sleep(turn * TAKEOVER_DELAY_S)
        while batch in self.node.batches and not (yield from self.in_dispute(batch)):
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

    def take_bonds(self, batch: BatchId) -> Steps:
        """Have those lose their bonds who sealed a challenge and never opened it."""
        events = self.node.batches[batch].events if batch in self.node.batches else {}
        opened = {made["challenger"] for made in events.get("Challenged", ())}
        for sealed in events.get("ChallengeSealed", ()):
            if sealed["challenger"] not in opened:
                args = (bytes.fromhex(batch[2:]), sealed["challenger"])
                yield Submit(Call(self.node.me.address, self.terms.contract, "forfeit", args, VOTE_GAS), subject=batch)

    def in_dispute(self, batch: BatchId) -> Steps:
        """Answers whether there are claims in a batch that arbiters must decide."""
        return bool((yield Read(self.terms.contract, "disputedIn", (bytes.fromhex(batch[2:]),))))

    def drawing(self, batch: BatchId) -> Steps:
        """Answers the call that draws arbiters."""
        yield from ()
        return Call(
            self.node.me.address, self.terms.contract, "arbitrate", (bytes.fromhex(batch[2:]),), self.panel_gas()
        )

    def resolving_gas(self, batch: BatchId) -> Gas:
        """What the panel needs, and the challengers."""
        challenges = len(self.node.batches[batch].events.get("Challenged", ()))
        return Gas(self.panel_gas() + CHALLENGER_GAS * challenges)


class FetchingHalf(DisputeHalf):
    """Keeps every batch for the clients who will ask for their claims in it, and verifies none voluntarily."""

    def verify_voluntarily(self, batch: BatchId, count: int) -> Steps:
        """Fetch the batch."""
        yield from self.obtain(batch, count)
