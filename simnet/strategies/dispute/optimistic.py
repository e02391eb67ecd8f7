"""Optimistic verification: claims stand unless somebody challenges them in time.

Full nodes look at each batch with some probability, nobody paying them for it, and challenge what they find wrong.
One honest checker suffices, as long as the arbiters' quorum is honest too (AnyTrust); with none, fraud stands.

Who checks pays for it and earns only where there is fraud, so that it need not pay: there is a rate of fraud,
about C / (R + L), below which checking costs more than it finds (the verifier's dilemma; Felten 2019 [R]).

Source: opML, arXiv 2401.17555, and its repository ora-io/opml [R], which decides disputes by bisection down to one
step executed on chain; here a panel of full nodes executes the claim again, and the bisection game is left for later.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Any, ClassVar

from pydantic import Field

from chain.quantities import BatchId
from chain.units import Duration, Share
from nodes.effects import Steps
from nodes.full import FullNode, VerifierHalf
from simnet.strategies.dispute.dispute import DisputeHalf, DisputeStrategy
from simnet.strategies.facts import Facts


class Optimistic(DisputeStrategy):
    """Claims stand unless challenged with a bond; arbiters execute disputed claims again and vote."""

    kind: ClassVar[str] = "optimistic"
    claim: ClassVar[str] = (
        "a wrong claim falls if one honest full node checks it, and the arbiters have an honest quorum"
    )
    source: ClassVar[str] = "opML, arXiv 2401.17555 [R], with arbitration by a panel in the place of bisection"
    deadlines: ClassVar[tuple[str, ...]] = (*DisputeStrategy.deadlines, "open_window")

    check_share: Share = Field(default=1.0, description="probability with which a full node looks at a batch at all")
    sealed: bool = Field(default=False, description="hide challenges until no more are taken; otherwise they are open")
    open_window: Duration = Field(default=10.0, ge=1, description="time to open sealed challenges (assumption)")

    @property
    def open_window_s(self) -> float:
        """Nothing, where challenges are open anyway."""
        return self.open_window if self.sealed else 0.0

    def verifier(self, node: FullNode, facts: Facts) -> VerifierHalf:
        """Who may challenge, and arbitrates."""
        return OptimisticHalf(node, self)

    def problems(self, facts: Facts) -> Iterable[tuple[tuple[Any, ...], str]]:
        """Contracts count whole seconds."""
        yield from super().problems(facts)
        if self.open_window % 1:
            yield ("open_window",), "contracts count in seconds, so the window must be whole ones"


class OptimisticHalf(DisputeHalf):
    """Checks batches by a draw of its own, and challenges what is wrong."""

    terms: Optimistic

    def verify_voluntarily(self, batch: BatchId, count: int) -> Steps:
        """Check the batch, if this node's own lot says so."""
        if private_lot(self.node, batch) < self.terms.check_share:
            yield from self.check(batch, count)


def private_lot(node: FullNode, batch: BatchId) -> float:
    """A number in [0, 1) that nobody else can tell beforehand."""
    digest = hashlib.sha256(b"check" + node.secret + bytes.fromhex(batch[2:])).digest()
    return int.from_bytes(digest[:7], "big") / 2**56
