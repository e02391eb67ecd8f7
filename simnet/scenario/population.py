"""Scenario sections ``nodes`` and ``clients``: who takes part, and with what."""

from __future__ import annotations

import math
from typing import Literal, Self

from pydantic import Field, model_validator

from chain.formats.modes import Mode
from chain.quantities import OPG, Wei
from chain.units import MAX_NODES, Amount, ClientCount, Duration, NodeCount, Share, TaskCount
from nodes.parameters import ParameterError, Parameters
from simnet.scenario.arrivals import Arrivals, Poisson
from simnet.scenario.hardware import Equipped

SHARES_ERROR_MAX = 1e-9


class InferenceNodes(Equipped):
    """The nodes that answer clients and stand behind their answers with stake."""

    count: NodeCount = Field(default=4, description="how many")
    stake: Amount = Field(default=10_000 * OPG, description="bonded by each (assumption)")
    batch_interval: Duration = Field(default=5.0, gt=0, description="how often a node posts its claims")
    batch_size: int = Field(default=16, ge=1, le=128, description="claims under one root at the most")
    noise: Literal["none", "gaussian"] = Field(
        default="none", description="honest difference in the last digits, as between kinds of hardware"
    )


class FullNodes(Equipped):
    """The nodes that check what inference nodes claimed."""

    count: int = Field(default=5, ge=0, le=MAX_NODES, description="how many")
    stake: Amount = Field(default=20_000 * OPG, description="bonded by each (assumption)")


class Producers(Parameters):
    """The nodes that build blocks, slot by slot in turn."""

    count: NodeCount = Field(default=1, description="how many take turns")


class Nodes(Parameters):
    """Everybody who serves the network."""

    inference: InferenceNodes = InferenceNodes()
    full: FullNodes = FullNodes()
    producer: Producers = Producers()


class Modes(Parameters):
    """How often clients ask for which mode of proof; the shares add up to 1."""

    vanilla: Share = Field(default=0.0, description="for the node's signature alone")
    tee: Share = Field(default=0.0, description="for the signature of an enclave")
    zkml: Share = Field(default=0.0, description="for a zero-knowledge proof")

    @model_validator(mode="after")
    def _add_up(self) -> Self:
        total = self.vanilla + self.tee + self.zkml
        if abs(total - 1) > SHARES_ERROR_MAX:
            expected = "expected shares that add up to 100 %, such as {vanilla: 60 %, tee: 30 %, zkml: 10 %}"
            raise ParameterError(f"the modes add up to {100 * total:g} %", expected)
        return self

    def at(self, draw: float) -> Mode:
        """The mode that a draw from [0, 1) stands for."""
        if draw < self.zkml:
            return Mode.ZKML
        return Mode.TEE if draw < self.zkml + self.tee else Mode.VANILLA

    def share(self, mode: Mode) -> float:
        """How often a mode is asked for."""
        found: float = getattr(self, mode.value)
        return found


class Fees(Parameters):
    """What clients pay for an inference by what is to prove it, where that differs from their usual fee."""

    vanilla: Amount | None = Field(default=None, description="for the node's signature alone")
    tee: Amount | None = Field(default=None, description="for the signature of an enclave")
    zkml: Amount | None = Field(default=None, description="for a zero-knowledge proof")

    def of(self, mode: Mode | None) -> Wei | None:
        """The fee of a mode, if it has one of its own."""
        found: int | None = None if mode is None else getattr(self, mode.value)
        return None if found is None else Wei(found)


class Worth(Parameters):
    """What an answer is worth to its client: log-normal, so that a few are worth much (assumption)."""

    median: Amount = Field(gt=0, description="half of the answers are worth less")
    spread: float = Field(default=1.0, ge=0, le=5, description="standard deviation of the logarithm")

    def at(self, draw: float) -> int:
        """The worth, in wei, that a standard normal draw stands for."""
        return round(self.median * math.exp(self.spread * draw))


class Clients(Parameters):
    """Everybody who asks and pays."""

    count: ClientCount = Field(default=10, description="how many")
    arrivals: Arrivals = Field(
        default=Poisson.model_validate({"rate": "2/s"}), description="when all of them together ask"
    )
    fee: Amount = Field(default=OPG // 50, description="for one inference (assumption)")
    deposit: Amount = Field(default=1_000 * OPG, description="put into escrow by each at the start (assumption)")
    payment: Literal["voucher", "deferred"] = Field(
        default="voucher", description="whether the promise to pay goes with the request or follows the answer"
    )
    modes: Modes | None = Field(default=None, description="what is to prove the answers, where the strategy goes by it")
    fees: Fees = Field(default=Fees(), description="for modes that cost more or less than the fee")
    worth: Worth | None = Field(default=None, description="what answers are worth to clients; the fee if not given")
    wait_for_finality_above: Amount | None = Field(
        default=None, description="worth from which clients act on an answer only when it is final; never if not given"
    )
    audit: bool = Field(default=True, description="whether clients compare answers with what is claimed on chain")
    timeout: Duration = Field(default=10.0, gt=0, description="how long a client waits for an answer")
    tasks: TaskCount | None = Field(default=None, description="stop asking after so many; no limit if not given")
