"""No verification: the baseline that shows what a cheat can earn.

Nodes sign their answers and post their batches; nobody checks; a batch is final after the finality delay.
OpenGradient calls this mode vanilla. A client can still prove an equivocation, if it finds the claim.
"""

from __future__ import annotations

from typing import ClassVar

from chain.quantities import Gas
from chain.seam import Call, Log
from nodes.effects import Sleep, Steps, Submit
from nodes.full import FullNode
from simnet.strategies.duties import DEPUTIES, OPENING_GAS, STEP_IN_S, open_fallen
from simnet.strategies.strategy import Strategy

FINALISE_GAS = Gas(300_000)


class Unverified(Strategy):
    """Nobody checks anything."""

    kind: ClassVar[str] = "none"
    claim: ClassVar[str] = "authenticity only: the answer is the node's, right or wrong"
    source: ClassVar[str] = "OpenGradient's vanilla mode"
    watches: ClassVar[tuple[str, ...]] = ("BatchPosted", "ClaimRejected")

    def on_log(self, node: FullNode, log: Log) -> Steps:
        """Finalise the batch once its delay is over; a deputy does if the first in turn fails to."""
        batch = "0x" + log.args["batch"].hex()
        turn = node.my_turn(batch)
        if log.event != "BatchPosted" or turn > DEPUTIES:
            return
        yield Sleep(node.finality_delay_s + 1 + turn * STEP_IN_S)
        if batch not in node.batches:
            return
        openings, charges = yield from open_fallen(node, batch)
        args = (log.args["batch"], openings, charges)
        gas = Gas(FINALISE_GAS + OPENING_GAS * len(openings))
        yield Submit(Call(node.me.address, "Settlement", "finalise", args, gas), subject=batch)
