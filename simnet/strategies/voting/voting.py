"""Stake-weighted votes of full nodes on a batch: what all strategies with a panel have in common.

The contract is a `Panel` (``chain/contracts/verification/Panel.sol``). A full node that was drawn fetches the batch,
checks the claims it is asked about, commits to its votes, opens them once nobody can commit any more, and one of the
members resolves the vote: a claim with a quorum of the panel's stake behind it stands, one with a quorum against it is
rejected and its node slashed, any other is void and refunded. Abstaining is neither. Without commit-reveal, votes are
open at once, and can be copied.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable
from fractions import Fraction as Exact
from typing import Any, ClassVar, TypeAlias

from pydantic import Field

from chain.deploy import ProtocolParameters, VerifierSpec
from chain.formats.claims import batch_name, open_claims, pack_votes, vote_commitment
from chain.quantities import BASIS_POINTS, BatchId, Gas
from chain.seam import Call, Log
from chain.units import Duration, Fraction, Share
from nodes.duties import submit_duty
from nodes.effects import ChainTime, Over, Read, Sleep, Steps, Submit, Verdict
from nodes.full import FullNode, VerifierHalf
from nodes.identity import Role
from nodes.waiting import time_of_post, wait_until
from simnet.strategies.facts import Facts
from simnet.strategies.keepers import BACKUP_KEEPERS, OPENING_GAS, RESEND_S, TAKEOVER_DELAY_S, fetch_until
from simnet.strategies.strategy import BEACON_ROUNDS, Strategy

CALL_GAS = Gas(400_000)
"""Gas that drawing a panel or resolving its vote may use at the most, but for what follows."""
CANDIDATE_GAS = Gas(15_000)
"""For each full node to draw from."""
SEAT_GAS = Gas(120_000)
"""For each seat that is filled, paid or slashed."""
DRAW_GAS, DRAWN_SEAT_GAS = 200_000, 26_000
DRAW_CANDIDATE_GAS, DRAW_PAIR_GAS = 6_700, 230
"""Gas that a draw uses at the most: for itself, for each seat, for each full node to draw from, for each seat and node,
since each seat goes to the lowest lot that is left (measured: test_contracts_largest.py)."""
MEMBER_GAS = 31_000
"""Gas that paying or slashing a member uses on average (measured: test_contracts_largest.py)."""
VOTE_GAS = Gas(300_000)
"""Gas that a member's own transactions may use at the most."""

MAX_MEMBERS = 128
"""Seats of a panel."""

COMMITTED, REVEALED = ("panelOf", 6), ("panelOf", 7)
"""Views of a panel, and fields of what they return: a bit for each seat."""

MAX_ARBITERS = 32
"""Seats of a panel at whose verdict others are paid or slashed as well: it all must fit one transaction."""

MAX_DENOMINATOR = 2**16 - 1

Stage: TypeAlias = tuple[str, int]
"""A view of the contract, and the field of what it returns in which it notes what seats have done."""


class VotingStrategy(Strategy):
    """Base of strategies in which full nodes vote."""

    contract: ClassVar[str] = "Committee"
    """The verification contract, a `Panel`."""
    deadlines: ClassVar[tuple[str, ...]] = ("commit_window", "reveal_window")

    quorum: Fraction = Field(default=Exact(2, 3), description="share of the committee's stake that decides a claim")
    commit_reveal: bool = Field(default=True, description="hide votes until all are in; otherwise they are open")
    commit_window: Duration = Field(default=20.0, description="time to check and commit, or to vote (assumption)")
    reveal_window: Duration = Field(default=20.0, description="time to open commitments (assumption)")
    wrong_vote_slash: Share = Field(default=0.01, description="stake lost by voting against the quorum (assumption)")
    missed_reveal_slash: Share = Field(default=0.001, description="stake lost by not opening a commitment (assumption)")

    def members(self) -> int:
        """How many full nodes sit on a panel that decides by quorum; 0 for all."""
        raise NotImplementedError

    def seats(self) -> int:
        """Seats that one batch may fill at the most."""
        return self.members() or MAX_MEMBERS

    def panel(self, quorum: Exact) -> tuple[Any, ...]:
        """Parameters of the Panel contract, in the order of its struct."""
        return (
            self.members(),
            quorum.numerator,
            quorum.denominator,
            int(self.commit_window),
            int(self.reveal_window),
            self.commit_reveal,
            round(self.wrong_vote_slash * BASIS_POINTS),
            round(self.missed_reveal_slash * BASIS_POINTS),
        )

    def contract_spec(self) -> VerifierSpec | None:
        """The verification contract, with these parameters."""
        return VerifierSpec(self.contract, (self.panel(self.quorum),))

    @property
    def vote_s(self) -> float:
        """How long a vote takes."""
        return self.commit_window + (self.reveal_window if self.commit_reveal else 0.0)

    def draw_s(self, parameters: ProtocolParameters) -> float:
        """How long it takes until a panel can be drawn."""
        return BEACON_ROUNDS * parameters.beacon_round_s if self.uses_beacon else 0.0

    def windows_s(self, parameters: ProtocolParameters) -> tuple[float, ...]:
        """A draw and a vote."""
        return self.draw_s(parameters), self.vote_s

    def largest_call_gas(self, facts: Facts) -> Gas:
        """The members of the panel are paid or slashed as well; with many full nodes, the draw takes more."""
        resolving = super().largest_call_gas(facts) + MEMBER_GAS * min(facts.full_nodes, self.seats())
        return Gas(max(resolving, draw_gas(facts.full_nodes, min(self.seats(), MAX_MEMBERS))))

    def verifier(self, node: FullNode, facts: Facts) -> VerifierHalf:
        """Votes if drawn, and keeps batches going."""
        return VotingHalf(node, self)

    def problems(self, facts: Facts) -> Iterable[tuple[tuple[Any, ...], str]]:
        """Any two quorums must overlap."""
        yield from quorum_problems("quorum", self.quorum)


def draw_gas(full_nodes: int, seats: int) -> Gas:
    """Gas that drawing for so many seats from so many full nodes may use. Where all sit, nobody is chosen."""
    seats = min(seats, full_nodes)
    pairs = seats * full_nodes if seats < full_nodes else 0
    return Gas(DRAW_GAS + DRAWN_SEAT_GAS * seats + DRAW_CANDIDATE_GAS * full_nodes + DRAW_PAIR_GAS * pairs)


class VotingHalf(VerifierHalf):
    """A full node's half of a strategy in which full nodes vote."""

    watches: tuple[str, ...] = ("BatchPosted", "CommitteeDrawn", "Committed", "Revealed", "Voted")
    draws = "CommitteeDrawn"
    """The event by which it is known that a batch need not be drawn for any more."""
    terms: VotingStrategy

    def __init__(self, node: FullNode, terms: VotingStrategy) -> None:
        super().__init__(node)
        self.terms = terms
        self.ballots: dict[tuple[str, int, int], int] = node.disk.kept("ballots", dict)
        """Its votes on open batches, by batch, seat and the claims that it was asked about."""

    def on_log(self, log: Log) -> Steps:
        """See to it that a panel is drawn; serve on it if drawn, and stand by to close its vote if not."""
        batch = batch_name(log.args["batch"])
        if log.event == "BatchPosted":
            yield from self.draw(batch)
        elif log.event == "CommitteeDrawn" and sits(self.node, batch, log):
            yield Over(batch)  # for those who stand by to draw, or to close the vote of a panel before this one
            yield from self.serve(batch, log)

    def draw(self, batch: BatchId) -> Steps:
        """Draw as soon as the seed is out; the others take over, one after the other, if it is not done."""
        if self.terms.uses_beacon:
            since_genesis = (yield from time_of_post(batch)) - self.node.genesis
            rounds_over = int(since_genesis / self.node.beacon_round_s) + 2
            yield from wait_until(self.node.genesis + rounds_over * self.node.beacon_round_s)
        yield Sleep(self.node.my_turn(batch) * TAKEOVER_DELAY_S, batch)
        yield from self.draw_while(batch, lambda: self.draws not in self.node.batches[batch].events)

    def draw_while(self, batch: BatchId, needed: Callable[[], bool]) -> Steps:
        """Draw for an open batch, until it is done or not needed any more."""
        while batch in self.node.batches and needed():
            receipt = yield Submit((yield from self.drawing(batch)), subject=batch)
            if receipt.ok:
                return
            yield Sleep(self.node.beacon_round_s)  # no reveal in that round: the contract uses the next

    def drawing(self, batch: BatchId) -> Steps:
        """Answers the call that draws a batch's panel."""
        yield from ()
        return Call(self.node.me.address, self.terms.contract, "draw", (bytes.fromhex(batch[2:]),), self.panel_gas())

    def panel_gas(self) -> Gas:
        """Gas that a call which seats or dismisses a panel may use at the most."""
        full_nodes = len(self.node.directory.of(Role.FULL))
        return Gas(CALL_GAS + CANDIDATE_GAS * full_nodes + SEAT_GAS * min(full_nodes, self.terms.seats()))

    def serve(self, batch: BatchId, drawn: Log) -> Steps:
        """A full node's duty to a panel that was drawn: to vote if it has a seat, and to see to it that it resolves."""
        members, me = drawn.args["members"], self.node.me.address
        if me not in members:
            yield from self.close_vote(batch, drawn, min(len(members), BACKUP_KEEPERS + 1) + self.node.my_turn(batch))
            return
        turn = members.index(me)
        yield from self.cast(batch, drawn, drawn.args["firstSeat"] + turn)
        if turn > BACKUP_KEEPERS:  # those without a seat come before
            turn += BACKUP_KEEPERS + 1
        yield from self.close_vote(batch, drawn, turn)

    def cast(self, batch: BatchId, drawn: Log, seat: int) -> Steps:
        """Form a member's votes and cast them. What it has cast before a crash or a reorg stands."""
        votes = self.ballots.get((batch, seat, drawn.args["ballot"]))
        begun = votes is not None
        if votes is None:
            votes = yield from self.form_votes(batch, drawn)
        if votes is None:
            return
        for key in [key for key in self.ballots if key[0] not in self.node.batches]:
            del self.ballots[key]
        self.ballots[batch, seat, drawn.args["ballot"]] = votes
        if begun:  # and perhaps sent: it may be on its way
            yield Sleep(RESEND_S)
        commit_by, reveal_by = drawn.args["commitBy"], drawn.args["revealBy"]
        if not self.terms.commit_reveal:
            yield from self.insist(batch, drawn, commit_by, REVEALED, begun, "vote", seat, votes)
            return
        salt = self.salt(batch, seat)
        commitment = vote_commitment(bytes.fromhex(batch[2:]), self.node.me.address, votes, salt)
        if (yield from self.insist(batch, drawn, commit_by, COMMITTED, begun, "commit", seat, commit_by, commitment)):
            yield from self.await_others(batch, drawn)
            yield from self.insist(batch, drawn, reveal_by, REVEALED, begun, "reveal", seat, votes, salt)

    def salt(self, batch: BatchId, seat: int) -> bytes:
        """What hides the word of a seat; nobody else can tell."""
        return hashlib.sha256(self.node.secret + bytes.fromhex(batch[2:]) + bytes([seat])).digest()

    def await_others(self, batch: BatchId, drawn: Log) -> Steps:
        """Wait until nobody can commit any more: all have, or the window is over.

        The time that is left in it in case of a reorg is not waited for if all have.
        """
        commit_by = drawn.args["commitBy"]
        yield from wait_until(commit_by + 1 - self.terms.reorg_s)
        while (yield ChainTime()) <= commit_by and not self.all_have(batch, drawn, "Committed"):
            yield Sleep(1.0)

    def form_votes(self, batch: BatchId, drawn: Log) -> Steps:
        """Check what a panel is asked about; answers votes as a word, or ``None`` if the batch is not to be had."""
        data = yield from fetch_until(self.node, batch, drawn.args["commitBy"])
        if data is None:
            return None
        verdicts = yield from self.node.check_batch(data, drawn.args["ballot"])
        return pack_votes([v is Verdict.VALID for v in verdicts], [v is Verdict.INVALID for v in verdicts])

    def insist(
        self, batch: BatchId, drawn: Log, until: int, stage: Stage, begun: bool, function: str, seat: int, *args: Any
    ) -> Steps:
        """Send a member's transaction until it has taken effect, or the time for it is over; answers whether it has.

        `stage` is where the chain notes it; if that has `begun` before, it is asked first.
        """
        view, field = stage
        while sits(self.node, batch, drawn):
            if begun:
                noted = yield Read(self.terms.contract, view, (bytes.fromhex(batch[2:]),))
                if noted[field] >> seat & 1:
                    return True
            if (yield ChainTime()) > until:
                return False
            receipt = yield from self.submit(batch, function, seat, *args)
            if receipt is None or receipt.ok:
                return receipt is not None
            begun = True
            yield Sleep(RESEND_S)
        return False

    def submit(self, batch: BatchId, function: str, *args: Any) -> Steps:
        """A member's transaction on a batch; answers its receipt, or ``None`` if it never left the node."""
        call = Call(self.node.me.address, self.terms.contract, function, (bytes.fromhex(batch[2:]), *args), VOTE_GAS)
        return (yield from submit_duty(self.node.me, call, batch))

    def close_vote(self, batch: BatchId, drawn: Log, turn: int) -> Steps:
        """Resolve a vote once all have voted or their time is over, unless those do whose turn is earlier."""
        reveal_by = drawn.args["revealBy"]
        voted = "Revealed" if self.terms.commit_reveal else "Voted"
        while turn == 0 and (yield ChainTime()) <= reveal_by and not self.all_have(batch, drawn, voted):
            yield Sleep(1.0)
        if turn > 0:
            yield from wait_until(reveal_by + 1, batch)
            yield Sleep(turn * TAKEOVER_DELAY_S, batch)
        while sits(self.node, batch, drawn):
            if (yield from self.resolve(batch, drawn)):
                return
            yield Sleep(TAKEOVER_DELAY_S)

    def all_have(self, batch: BatchId, drawn: Log, event: str) -> bool:
        """Whether there is such an event of every member of a panel, or the panel is no more."""
        if not sits(self.node, batch, drawn):
            return True
        return len(self.node.batches[batch].since(drawn.args, event)) == len(drawn.args["members"])

    def resolve(self, batch: BatchId, drawn: Log) -> Steps:
        """Close a vote, opening the claims that fall by it; answers whether that is done."""
        tally = yield Read(self.terms.contract, "tally", (bytes.fromhex(batch[2:]),))
        if tally is None:  # somebody has resolved it, and we are about to hear of it
            return False
        _, rejected, voided, _ = tally
        fallen = rejected | voided if self.settles(drawn, voided) else 0
        data = (yield from self.node.look_up(batch)) if fallen else None
        if batch not in self.node.batches:
            return True
        openings = open_claims(data.claims, [i for i in range(len(data.claims)) if fallen >> i & 1]) if data else ()
        charges = self.node.batches[batch].charges if fallen else ()
        args = (bytes.fromhex(batch[2:]), openings, charges)
        gas = Gas(self.resolving_gas(batch) + OPENING_GAS * (len(openings) + len(charges)))
        receipt = yield Submit(Call(self.node.me.address, self.terms.contract, "resolve", args, gas), subject=batch)
        return receipt is None or receipt.ok

    def resolving_gas(self, batch: BatchId) -> Gas:
        """Gas that resolving a vote may use at the most, openings apart."""
        return self.panel_gas()

    def settles(self, drawn: Log, voided: int) -> bool:
        """Whether a panel's verdict makes the batch final, given the claims it leaves undecided."""
        return True


def sits(node: FullNode, batch: BatchId, drawn: Log) -> bool:
    """Whether what was drawn is still the last that its batch was given; after a reorg there may be none."""
    draws = node.batches[batch].events.get(drawn.event) if batch in node.batches else None
    return draws is not None and draws[-1] is drawn.args


def arbiters_problems(arbiters: int, full_nodes: int) -> Iterable[tuple[tuple[Any, ...], str]]:
    """What is wrong with so many arbiters, 0 for all full nodes."""
    if arbiters > full_nodes:
        yield ("arbiters",), f"{arbiters} arbiters cannot be drawn from {full_nodes} full nodes"
    elif not arbiters and full_nodes > MAX_ARBITERS:
        yield ("arbiters",), f"all {full_nodes} full nodes are too many to arbitrate: write arbiters: {MAX_ARBITERS}"


def quorum_problems(key: str, quorum: Exact) -> Iterable[tuple[tuple[Any, ...], str]]:
    """What is wrong with a share of stake that decides."""
    if quorum <= Exact(1, 2):
        yield (key,), f"{quorum} is no more than a half: a claim could be both accepted and rejected"
    elif quorum.denominator > MAX_DENOMINATOR:
        yield (key,), f"{quorum} has too many digits: contracts count up to {MAX_DENOMINATOR}"
