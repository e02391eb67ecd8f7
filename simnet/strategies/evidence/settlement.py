"""How batches become final where evidence decides: after a while, less the claims whose evidence was proven bad.

The verification contract is ``chain/contracts/evidence/Attested.sol``, or ``Proven.sol`` where claims need
zero-knowledge proofs. A batch of which most full nodes say that they got no data is void. Full nodes take turns in
making batches final.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from pydantic import Field

from chain.deploy import ProtocolParameters
from chain.quantities import BASIS_POINTS, BatchId, Gas
from chain.seam import Call
from chain.units import Duration, Share
from nodes.duties import submit_duty
from nodes.effects import Read, Sleep, Steps, Submit
from nodes.full import FullNode
from nodes.identity import Role
from nodes.parameters import Parameters
from nodes.waiting import wait_since_post
from simnet.strategies.keepers import BACKUP_KEEPERS, FETCH_AGAIN_S, OPENING_GAS, TAKEOVER_DELAY_S, open_rejected

PROTEST_GAS = Gas(250_000)
FINALISE_GAS = Gas(500_000)
"""Gas that each step may use at the most."""

PROTEST_BEFORE_S = 20.0
"""How long before the window ends data counts as withheld: a protest takes some blocks to get there (assumption)."""

MEMBER_GAS = Gas(15_000)
"""To read another full node's stake, once for who is paid and once for who protested."""

SHORTEST_WINDOW_S = 30
"""It takes this long to verify evidence and to prove it bad."""


class AttestedTerms(Parameters):
    """How long batches stay open, and when one is void."""

    window: Duration = Field(default=60.0, description="from the post to finality (assumption)")
    withheld_share: Share = Field(default=0.5, description="of full nodes' stake that voids a batch (assumption)")

    def attested_rule(self) -> tuple[int, int]:
        """Parameters of the Attested contract, in the order of its struct."""
        return int(self.window), round(self.withheld_share * BASIS_POINTS)

    def window_problems(self) -> Iterable[tuple[tuple[Any, ...], str]]:
        """Contracts count whole seconds, and proofs take time."""
        if self.window % 1:
            yield ("window",), "contracts count in seconds, so the window must be whole ones"
        if self.window < SHORTEST_WINDOW_S:
            yield ("window",), f"less than {SHORTEST_WINDOW_S} s leave no time to prove evidence bad"


def lasting(parameters: ProtocolParameters, open_s: float) -> ProtocolParameters:
    """No batch expires that can still be made final, given for how long it may be open."""
    longest = int(open_s + (BACKUP_KEEPERS + 2) * TAKEOVER_DELAY_S)
    return replace(parameters, expiry_s=max(parameters.expiry_s, 2 * longest))


class Settlement:
    """How a full node gets batches final whose evidence it verified; this one leaves that to others."""

    def close(self, batch: BatchId) -> Steps:
        """See to it that a batch becomes final; runs beside everything else."""
        yield from ()

    def protest(self, batch: BatchId) -> Steps:
        """Say of a batch that there was nothing to verify."""
        yield from ()

    def patience_s(self) -> float:
        """How long after its post a batch is asked for before its data counts as withheld."""
        return FETCH_AGAIN_S


class AttestedSettlement(Settlement):
    """Makes batches final when their window is over."""

    def __init__(self, node: FullNode, contract: str, window_s: float) -> None:
        self.node = node
        self.contract = contract
        self.window_s = window_s

    def patience_s(self) -> float:
        """As long as there is time to protest, and to prove what is bad: its poster may be down for a while."""
        return self.window_s - PROTEST_BEFORE_S

    def protest(self, batch: BatchId) -> Steps:
        """Say so on chain: if most do, the batch is void."""
        node = self.node
        call = Call(node.me.address, self.contract, "protest", (bytes.fromhex(batch[2:]),), PROTEST_GAS)
        yield from submit_duty(node.me, call, batch)

    def close(self, batch: BatchId) -> Steps:
        """Make a batch final; the others take over, one after the other."""
        yield from wait_since_post(batch, self.window_s + 1)
        yield Sleep(self.node.my_turn(batch) * TAKEOVER_DELAY_S)
        if self.is_due(batch):
            yield from self.finalise(batch)

    def is_due(self, batch: BatchId) -> bool:
        """Whether the end of its window makes a batch final: it does not if the batch was pledged to be proven."""
        return batch in self.node.batches and "Pledged" not in self.node.batches[batch].events

    def finalise(self, batch: BatchId) -> Steps:
        """Make a batch final, as soon as the contract lets us."""
        while batch in self.node.batches and not (yield from self.finalise_once(batch)):
            yield Sleep(TAKEOVER_DELAY_S)

    def finalise_once(self, batch: BatchId) -> Steps:
        """Try to make an open batch final; answers whether that is done."""
        node, name = self.node, bytes.fromhex(batch[2:])
        openings, charges = yield from open_rejected(node, batch)
        if batch not in node.batches:
            return True
        if (yield Read(self.contract, "isWithheld", (name,))):
            openings, charges = (), node.batches[batch].charges
        members = len(node.directory.of(Role.FULL))
        gas = Gas(FINALISE_GAS + MEMBER_GAS * members + OPENING_GAS * (len(openings) + len(charges)))
        call = Call(node.me.address, self.contract, "finalise", (name, openings, charges), gas)
        receipt = yield Submit(call, subject=batch)
        return receipt is None or receipt.ok
