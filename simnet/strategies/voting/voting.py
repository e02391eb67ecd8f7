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
from typing import Any, ClassVar

from pydantic import Field

from chain.deploy import ProtocolParameters, VerifierSpec
from chain.formats.claims import pack_votes, vote_commitment
from chain.quantities import Gas
from chain.seam import Call, Log
from chain.units import Duration, Fraction, Share
from nodes.effects import Note, Now, Read, Sleep, Steps, Submit, Verdict
from nodes.full import FullNode
from nodes.identity import Role
from nodes.messages import BatchData
from nodes.records import DutyFailed
from simnet.strategies.duties import DEPUTIES, OPENING_GAS, STEP_IN_S, open_claims
from simnet.strategies.facts import Facts
from simnet.strategies.strategy import BEACON_ROUNDS, Strategy

CALL_GAS = Gas(400_000)
"""Gas that drawing a panel or resolving its vote may use at the most, but for what follows."""
CANDIDATE_GAS = Gas(15_000)
"""For each full node to draw from."""
SEAT_GAS = Gas(120_000)
"""For each seat that is filled, paid or slashed."""
VOTE_GAS = Gas(200_000)
"""Gas that a member's own transactions may use at the most."""

MAX_MEMBERS = 128
"""Seats of a panel."""

BASIS_POINTS = 10_000
MAX_DENOMINATOR = 2**16 - 1


class VotingStrategy(Strategy):
    """Base of strategies in which full nodes vote."""

    contract: ClassVar[str] = "Committee"
    """The verification contract, a `Panel`."""
    watches: ClassVar[tuple[str, ...]] = ("BatchPosted", "CommitteeDrawn", "Revealed", "Voted")

    draws: ClassVar[str] = "CommitteeDrawn"
    """The event by which it is known that a batch need not be drawn for any more."""

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

    def problems(self, facts: Facts) -> Iterable[tuple[tuple[Any, ...], str]]:
        """Any two quorums must overlap."""
        yield from quorum_problems("quorum", self.quorum)

    # -- the chore of seeing to it that a panel is drawn -------------------------------------------------------

    def on_log(self, node: FullNode, log: Log) -> Steps:
        """See to it that a panel is drawn; serve on it if drawn, and stand by to close its vote if not."""
        batch = "0x" + log.args["batch"].hex()
        if log.event == "BatchPosted":
            yield from self.draw(node, batch)
        elif log.event == "CommitteeDrawn" and node.me.address in log.args["members"]:
            yield from self.serve(node, batch, log)
        elif log.event == "CommitteeDrawn":
            yield from self.stand_by(node, batch, log)

    def draw(self, node: FullNode, batch: str) -> Steps:
        """Draw as soon as the seed is out; deputies step in if it is not done."""
        turn = node.my_turn(batch)
        if turn > DEPUTIES:
            return
        if self.uses_beacon:
            rounds_over = int((yield Now()) / node.beacon_round_s) + 2
            yield Sleep(rounds_over * node.beacon_round_s - (yield Now()))
        yield Sleep(turn * STEP_IN_S)
        yield from self.draw_while(node, batch, lambda: self.draws not in node.batches[batch].events)

    def draw_while(self, node: FullNode, batch: str, needed: Callable[[], bool]) -> Steps:
        """Draw for an open batch, until it is done or not needed any more."""
        while batch in node.batches and needed():
            receipt = yield Submit((yield from self.drawing(node, batch)), subject=batch)
            if receipt.ok:
                return
            yield Sleep(node.beacon_round_s)  # no reveal in that round: the contract uses the next

    def drawing(self, node: FullNode, batch: str) -> Steps:
        """Answers the call that draws a batch's panel."""
        yield from ()
        return Call(node.me.address, self.contract, "draw", (bytes.fromhex(batch[2:]),), self.panel_gas(node))

    def panel_gas(self, node: FullNode) -> Gas:
        """Gas that a call which seats or dismisses a panel may use at the most."""
        full_nodes = len(node.directory.of(Role.FULL))
        return Gas(CALL_GAS + CANDIDATE_GAS * full_nodes + SEAT_GAS * min(full_nodes, self.seats()))

    # -- a member's duty ---------------------------------------------------------------------------------------

    def serve(self, node: FullNode, batch: str, drawn: Log) -> Steps:
        """A member's duty, from fetching the batch to resolving the vote."""
        event = "Revealed" if self.commit_reveal else "Voted"
        votes_before = votes_known(node, batch, event)
        data = yield from node.fetch(batch)
        turn = drawn.args["members"].index(node.me.address)
        seat = drawn.args["firstSeat"] + turn
        if data is not None:
            verdicts = yield from node.check_batch(data, drawn.args["ballot"])
            votes = pack_votes([v is Verdict.VALID for v in verdicts], [v is Verdict.INVALID for v in verdicts])
            if self.commit_reveal:
                yield from self.commit_and_reveal(node, batch, seat, votes, drawn.args["commitBy"])
            else:
                yield from self.submit(node, batch, "vote", seat, votes)
        if turn > DEPUTIES:
            return
        yield from self.wait_for_votes(node, batch, drawn, event, votes_before, turn)
        if sits(node, batch, drawn):
            yield from self.resolve(node, batch, data, drawn)

    def stand_by(self, node: FullNode, batch: str, drawn: Log) -> Steps:
        """Resolve the vote if no member does: all of them may be down."""
        turn = node.my_turn(batch)
        if turn > DEPUTIES:
            return
        before = min(len(drawn.args["members"]), DEPUTIES + 1) + turn
        yield from wait_until(node, drawn.args["revealBy"] + 1 + before * STEP_IN_S)
        if sits(node, batch, drawn):
            data = yield from node.fetch(batch)
            yield from self.resolve(node, batch, data, drawn)

    def submit(self, node: FullNode, batch: str, function: str, *args: Any) -> Steps:
        """A member's transaction on a batch; answers its receipt, or ``None`` if it never left the node."""
        call = Call(node.me.address, self.contract, function, (bytes.fromhex(batch[2:]), *args), VOTE_GAS)
        receipt = yield Submit(call, subject=batch)
        if receipt is not None and not receipt.ok:
            yield Note(DutyFailed(node.me.name, batch, f"{function}: {receipt.revert}"))
        return receipt

    def commit_and_reveal(self, node: FullNode, batch: str, seat: int, votes: int, commit_by: int) -> Steps:
        """Commit to the votes, wait until nobody can commit any more, open them."""
        salt = hashlib.sha256(node.secret + bytes.fromhex(batch[2:]) + bytes([seat])).digest()
        commitment = vote_commitment(bytes.fromhex(batch[2:]), node.me.address, votes, salt)
        committed = yield from self.submit(node, batch, "commit", seat, commitment)
        if committed is not None and committed.ok:
            yield from wait_until(node, commit_by + 1)
            yield from self.submit(node, batch, "reveal", seat, votes, salt)

    def wait_for_votes(self, node: FullNode, batch: str, drawn: Log, event: str, votes_before: int, turn: int) -> Steps:
        """Wait until all have voted or their time is over, and then for those whose turn to resolve is earlier."""
        members, reveal_by = len(drawn.args["members"]), drawn.args["revealBy"]
        while turn == 0 and (yield Now()) + node.genesis <= reveal_by:
            if not sits(node, batch, drawn) or votes_known(node, batch, event) - votes_before == members:
                return
            yield Sleep(1.0)
        yield from wait_until(node, reveal_by + 1 + turn * STEP_IN_S)

    def resolve(self, node: FullNode, batch: str, data: BatchData | None, drawn: Log) -> Steps:
        """Close the vote, opening the claims that fall by it."""
        tally = yield Read(self.contract, "tally", (bytes.fromhex(batch[2:]),))
        if tally is None:  # somebody has resolved it, or a reorg has undone the panel
            yield Sleep(STEP_IN_S)
            yield from self.draw_while(node, batch, lambda: sits(node, batch, drawn))
            return
        if batch not in node.batches:
            return
        _, rejected, voided, _ = tally
        fallen = rejected | voided if self.settles(drawn, voided) else 0
        openings = open_claims(data, [i for i in range(len(data.claims)) if fallen >> i & 1]) if data else ()
        charges = node.batches[batch].charges if fallen else ()
        args = (bytes.fromhex(batch[2:]), openings, charges)
        gas = Gas(self.resolving_gas(node, batch) + OPENING_GAS * (len(openings) + len(charges)))
        yield Submit(Call(node.me.address, self.contract, "resolve", args, gas), subject=batch)

    def resolving_gas(self, node: FullNode, batch: str) -> Gas:
        """Gas that resolving a vote may use at the most, openings apart."""
        return self.panel_gas(node)

    def settles(self, drawn: Log, voided: int) -> bool:
        """Whether a panel's verdict makes the batch final, given the claims it leaves undecided."""
        return True


def sits(node: FullNode, batch: str, drawn: Log) -> bool:
    """Whether a panel is still the last that its batch was given; after a reorg there may be none."""
    draws = node.batches[batch].events.get("CommitteeDrawn") if batch in node.batches else None
    return draws is not None and draws[-1] is drawn.args


def votes_known(node: FullNode, batch: str, event: str) -> int:
    """How many votes on a batch a node has seen, on all its panels."""
    return len(node.batches[batch].events.get(event, ())) if batch in node.batches else 0


def quorum_problems(key: str, quorum: Exact) -> Iterable[tuple[tuple[Any, ...], str]]:
    """What is wrong with a share of stake that decides."""
    if quorum <= Exact(1, 2):
        yield (key,), f"{quorum} is no more than a half: a claim could be both accepted and rejected"
    elif quorum.denominator > MAX_DENOMINATOR:
        yield (key,), f"{quorum} has too many digits: contracts count up to {MAX_DENOMINATOR}"


def wait_until(node: FullNode, timestamp: float) -> Steps:
    """Let time pass until the chain's clock can show `timestamp`."""
    yield Sleep(max(0.0, timestamp - node.genesis - (yield Now())))
