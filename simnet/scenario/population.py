"""Scenario sections ``nodes`` and ``clients``: who takes part, and with what."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from chain.quantities import OPG
from chain.units import MAX_NODES, Amount, ClientCount, Duration, NodeCount, TaskCount
from nodes.parameters import Parameters
from simnet.scenario.arrivals import Arrivals, Poisson

DeviceName = Literal["auto", "cpu", "laptop", "gpu"]


class InferenceNodes(Parameters):
    """The nodes that answer clients and stand behind their answers with stake."""

    count: NodeCount = Field(default=4, description="how many")
    device: DeviceName = Field(
        default="cpu", description="whose speed modelled time follows; auto: gpu where ONNX Runtime has CUDA, else cpu"
    )
    stake: Amount = Field(default=10_000 * OPG, description="bonded by each (assumption)")
    batch_interval: Duration = Field(default=5.0, gt=0, description="how often a node posts its claims")
    batch_size: int = Field(default=16, ge=1, le=128, description="claims under one root at the most")
    noise: Literal["none", "gaussian"] = Field(
        default="none", description="honest difference in the last digits, as between kinds of hardware"
    )


class FullNodes(Parameters):
    """The nodes that check what inference nodes claimed."""

    count: int = Field(default=5, ge=0, le=MAX_NODES, description="how many")
    device: DeviceName = Field(default="cpu", description="as for inference nodes")
    stake: Amount = Field(default=20_000 * OPG, description="bonded by each (assumption)")


class Producers(Parameters):
    """The nodes that build blocks, slot by slot in turn."""

    count: NodeCount = Field(default=1, description="how many take turns")


class Nodes(Parameters):
    """Everybody who serves the network."""

    inference: InferenceNodes = InferenceNodes()
    full: FullNodes = FullNodes()
    producer: Producers = Producers()


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
    audit: bool = Field(default=True, description="whether clients compare answers with what is claimed on chain")
    timeout: Duration = Field(default=10.0, gt=0, description="how long a client waits for an answer")
    tasks: TaskCount | None = Field(default=None, description="stop asking after so many; no limit if not given")
