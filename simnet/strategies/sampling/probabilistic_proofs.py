"""Probabilistic proofs: sampling whose penalty is set to where cheating breaks even.

With a proof asked for with probability p, a cheat gets away with (1 - p) / p claims on average before it is
caught. A penalty of

    S = R (1 - p) / p

takes exactly what these earned, so that cheating gains nothing on average. The fixed slash of the scenario
is replaced by that S, and no share of the stake is slashed beside it; R is the clients' fee. A node of which
the verifier's share is withheld earns less than R, so that cheating then loses a little.

Source: Pocket Network (Shannon), pokt-network/poktroll, probabilistic_proofs.md [R]. There a supplier proves its own
claim; here validators execute it again, which is what proving means for an inference.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any, ClassVar

from chain.deploy import ProtocolParameters
from chain.quantities import PARTS, Wei
from chain.units import format_opg
from simnet.strategies.facts import Facts
from simnet.strategies.sampling.posp import Posp


class ProbabilisticProofs(Posp):
    """Sampling with the penalty at which cheating breaks even."""

    kind: ClassVar[str] = "probabilistic_proofs"
    claim: ClassVar[str] = "a penalty of R (1 - p) / p leaves a cheat without gain on average, whatever its luck"
    source: ClassVar[str] = "Pocket Network: pokt-network/poktroll, probabilistic_proofs.md [R]"

    def penalty(self, fee: Wei) -> Wei:
        """Stake lost for a wrong claim of that fee, rounded up: R (1 - p) / p."""
        parts = round(self.least_rate() * PARTS)
        return Wei(-(-fee * (PARTS - parts) // parts))

    def adjust(self, parameters: ProtocolParameters, facts: Facts) -> ProtocolParameters:
        """Let the penalty be all that is slashed."""
        return replace(parameters, slash_share_bps=0, slash_amount=self.penalty(facts.fee))

    def problems(self, facts: Facts) -> Iterable[tuple[tuple[Any, ...], str]]:
        """The penalty must exist, and nodes must have it."""
        yield from super().problems(facts)
        if not round(self.least_rate() * PARTS):
            yield ("probability",), "without any checks there is no penalty that deters"
        elif (penalty := self.penalty(facts.fee)) > facts.stake:
            least = format_opg(penalty)
            yield ("probability",), f"the penalty that breaks even is {least}, more than inference nodes have at stake"
