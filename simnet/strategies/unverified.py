"""No verification: the baseline that shows what a cheat can earn.

Nodes sign their answers and post their batches; nobody checks; a batch is final after the finality delay.
OpenGradient calls this mode vanilla. A client can still prove an equivocation, if it finds the claim.
"""

from __future__ import annotations

from typing import ClassVar

from chain.formats.claims import batch_name
from chain.quantities import Gas
from chain.seam import Call, Log
from nodes.effects import Sleep, Steps, Submit
from nodes.full import FullNode, VerifierHalf
from nodes.waiting import wait_since_post
from simnet.strategies.facts import Facts
from simnet.strategies.keepers import OPENING_GAS, TAKEOVER_DELAY_S, open_rejected
from simnet.strategies.strategy import Strategy

FINALISE_GAS = Gas(300_000)


class Unverified(Strategy):
    """Nobody checks anything."""

    kind: ClassVar[str] = "none"
    claim: ClassVar[str] = "authenticity only: the answer is the node's, right or wrong"
    source: ClassVar[str] = "OpenGradient's vanilla mode"

    def verifier(self, node: FullNode, facts: Facts) -> VerifierHalf:
        """Nothing to verify, and yet batches must be made final."""
        return UnverifiedHalf(node)


class UnverifiedHalf(VerifierHalf):
    """Makes batches final; the others do, one after the other, if the first in turn fails to."""

    watches = ("BatchPosted", "ClaimRejected")

    def on_log(self, log: Log) -> Steps:
        """Finalise the batch once its delay is over; a backup keeper does if the first in turn fails to."""
        if log.event != "BatchPosted":
            return
        batch = batch_name(log.args["batch"])
        yield from wait_since_post(batch, self.node.finality_delay_s + 1)
        yield Sleep(self.node.my_turn(batch) * TAKEOVER_DELAY_S, batch)
        while batch in self.node.batches:
            openings, charges = yield from open_rejected(self.node, batch)
            args = (log.args["batch"], openings, charges)
            gas = Gas(FINALISE_GAS + OPENING_GAS * len(openings))
            receipt = yield Submit(Call(self.node.me.address, "Settlement", "finalise", args, gas), subject=batch)
            if receipt is None or receipt.ok:
                return
            yield Sleep(TAKEOVER_DELAY_S)
