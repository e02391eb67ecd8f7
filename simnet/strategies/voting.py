"""Stake-weighted votes of full nodes on a batch: what `committee` and `full_reexecution` have in common.

The contract is ``chain/contracts/Committee.sol``. A full node that was drawn fetches the batch, checks its
claims, commits to its votes, opens them once nobody can commit any more, and one of the members resolves the
vote: a claim with a quorum of the committee's stake behind it stands, one with a quorum against it is
rejected and its node slashed, any other is void and refunded. Abstaining is neither. Without commit-reveal,
votes are open at once, and can be copied.
"""

from __future__ import annotations

import hashlib
from fractions import Fraction as Exact
from typing import Any, ClassVar

from pydantic import Field

from chain.claims import pack_votes, vote_commitment
from chain.deploy import VerifierSpec
from chain.quantities import Gas
from chain.seam import Call, Log
from chain.units import Duration, Fraction, Share
from nodes.effects import Note, Now, Read, Sleep, Steps, Submit, Verdict
from nodes.full import FullNode
from nodes.messages import BatchData
from nodes.records import DutyFailed
from simnet.strategies.chores import DEPUTIES, OPENING_GAS, STEP_IN_S, open_claims
from simnet.strategies.strategy import Strategy

DRAW_GAS = Gas(1_000_000)
VOTE_GAS = Gas(200_000)
RESOLVE_GAS = Gas(1_500_000)
"""Gas that each step may use at the most, openings apart."""

BASIS_POINTS = 10_000


class VotingStrategy(Strategy):
    """Base of strategies in which full nodes vote."""

    quorum: Fraction = Field(default=Exact(2, 3), description="share of the committee's stake that decides a claim")
    commit_reveal: bool = Field(default=True, description="hide votes until all are in; otherwise they are open")
    commit_window: Duration = Field(default=20.0, description="time to check and commit, or to vote (assumption)")
    reveal_window: Duration = Field(default=20.0, description="time to open commitments (assumption)")
    wrong_vote_slash: Share = Field(default=0.01, description="stake lost by voting against the quorum (assumption)")
    missed_reveal_slash: Share = Field(default=0.001, description="stake lost by not opening a commitment (assumption)")

    watches: ClassVar[tuple[str, ...]] = ("BatchPosted", "CommitteeDrawn", "Revealed", "Voted")

    def members(self) -> int:
        """How many full nodes to draw; 0 for all."""
        raise NotImplementedError

    def verifier(self) -> VerifierSpec | None:
        """The Committee contract, with these parameters."""
        parameters = (
            self.members(),
            self.quorum.numerator,
            self.quorum.denominator,
            int(self.commit_window),
            int(self.reveal_window),
            self.commit_reveal,
            round(self.wrong_vote_slash * BASIS_POINTS),
            round(self.missed_reveal_slash * BASIS_POINTS),
        )
        return VerifierSpec("Committee", (parameters,))

    def on_log(self, node: FullNode, log: Log) -> Steps:
        """See to it that a committee is drawn; serve on it if drawn."""
        batch = "0x" + log.args["batch"].hex()
        if log.event == "BatchPosted":
            yield from self.draw(node, batch)
        elif log.event == "CommitteeDrawn" and node.me.address in log.args["members"]:
            yield from self.serve(node, batch, log)

    def draw(self, node: FullNode, batch: str) -> Steps:
        """Draw the committee as soon as the seed is out; deputies step in if it is not done."""
        turn = node.my_turn(batch)
        if turn > DEPUTIES:
            return
        if self.uses_beacon:
            rounds_over = int((yield Now()) / node.beacon_round_s) + 2
            yield Sleep(rounds_over * node.beacon_round_s - (yield Now()))
        yield Sleep(turn * STEP_IN_S)
        while batch in node.batches and "CommitteeDrawn" not in node.batches[batch].events:
            call = Call(node.me.address, "Committee", "draw", (bytes.fromhex(batch[2:]),), DRAW_GAS)
            receipt = yield Submit(call, subject=batch)
            if receipt.ok:
                return
            yield Sleep(node.beacon_round_s)  # no reveal in that round: the contract uses the next

    def serve(self, node: FullNode, batch: str, drawn: Log) -> Steps:
        """A member's duty, from fetching the batch to resolving the vote."""
        data = yield from node.fetch(batch)
        seat = drawn.args["members"].index(node.me.address)
        if data is not None:
            verdicts = yield from node.check_batch(data)
            votes = pack_votes([v is Verdict.VALID for v in verdicts], [v is Verdict.INVALID for v in verdicts])
            if self.commit_reveal:
                yield from self.commit_and_reveal(node, batch, seat, votes, drawn.args["commitBy"])
            else:
                yield from self.submit(node, batch, "vote", seat, votes)
        yield from self.resolve(node, batch, data, drawn, turn=seat)

    def submit(self, node: FullNode, batch: str, function: str, *args: Any) -> Steps:
        """A member's transaction on a batch; answers its receipt, or ``None`` if it never left the node."""
        call = Call(node.me.address, "Committee", function, (bytes.fromhex(batch[2:]), *args), VOTE_GAS)
        receipt = yield Submit(call, subject=batch)
        if receipt is not None and not receipt.ok:
            yield Note(DutyFailed(node.me.name, batch, f"{function}: {receipt.revert}"))
        return receipt

    def commit_and_reveal(self, node: FullNode, batch: str, seat: int, votes: int, commit_by: int) -> Steps:
        """Commit to the votes, wait until nobody can commit any more, open them."""
        salt = hashlib.sha256(node.secret + bytes.fromhex(batch[2:])).digest()
        commitment = vote_commitment(bytes.fromhex(batch[2:]), node.me.address, votes, salt)
        committed = yield from self.submit(node, batch, "commit", seat, commitment)
        if committed is not None and committed.ok:
            yield from wait_until(node, commit_by + 1)
            yield from self.submit(node, batch, "reveal", seat, votes, salt)

    def resolve(self, node: FullNode, batch: str, data: BatchData | None, drawn: Log, turn: int) -> Steps:
        """Close the vote once all have voted or their time is over; members take turns in the order drawn."""
        event = "Revealed" if self.commit_reveal else "Voted"
        members, reveal_by = len(drawn.args["members"]), drawn.args["revealBy"]
        while turn == 0 and (yield Now()) + node.genesis <= reveal_by:
            if batch not in node.batches or len(node.batches[batch].events.get(event, ())) == members:
                break
            yield Sleep(1.0)
        else:
            yield from wait_until(node, reveal_by + 1 + turn * STEP_IN_S)
        if turn > DEPUTIES or batch not in node.batches:
            return
        tally = yield Read("Committee", "tally", (bytes.fromhex(batch[2:]),))
        if tally is None:  # somebody has resolved it, and the news is on its way
            return
        _, rejected, voided, _ = tally
        claims = data.claims if data else ()
        to_open = [claim.index for claim in claims if (rejected | voided) >> claim.index & 1]
        openings = open_claims(data, to_open) if data else ()
        charges = node.batches[batch].charges
        gas = Gas(RESOLVE_GAS + OPENING_GAS * (len(openings) + len(charges)))
        args = (bytes.fromhex(batch[2:]), openings, charges)
        yield Submit(Call(node.me.address, "Committee", "resolve", args, gas), subject=batch)


def wait_until(node: FullNode, timestamp: float) -> Steps:
    """Let time pass until the chain's clock can show `timestamp`."""
    yield Sleep(max(0.0, timestamp - node.genesis - (yield Now())))
