"""How much simulated time an execution takes: modelled from its multiply-accumulates, or measured.

Modelled time is reproducible and is the default. Measured time is the CPU time of the real execution on this
machine; a run that uses it can't be repeated bit for bit, and says so.
"""

from __future__ import annotations

from nodes.models.devices import Device, seconds
from nodes.models.execution import Execution
from nodes.models.zoo import Zoo
from nodes.proofs.prover import CIRCUIT, circuit_of


class ComputeTime:
    """Answers how long a device is busy with an execution."""

    def __init__(self, zoo: Zoo, measured: bool = False) -> None:
        self.zoo = zoo
        self.measured = measured

    def seconds(self, model: str, variant: str, execution: Execution, device: Device) -> float:
        """Seconds of simulated time."""
        if self.measured:
            return execution.cpu_s
        ran = self.zoo.model(model).variant(circuit_of(variant) if variant.startswith(CIRCUIT) else variant)
        return seconds(execution.macs, ran, device)
