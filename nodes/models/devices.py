"""How long a device takes to run a model: the modelled compute time of virtual pace.

Time is a fixed overhead per inference plus multiply-accumulates over a rate; narrower weights may run faster.
Pure arithmetic, so that the same seed gives the same times on every machine.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from chain.quantities import Seconds
from nodes.models.zoo import Variant, named


@dataclass(frozen=True)
class Device:
    """A kind of machine that runs models."""

    name: str
    overhead_s: float
    """Seconds that every inference costs, however small the model."""
    macs_per_s: float
    """Multiply-accumulates per second with 32-bit weights."""
    speed_up: Mapping[int, float]
    """Rate at other weight widths, in bits, relative to 32; a width not listed runs at 1."""
    source: str
    """Where the figures come from: "measured: ..." or "assumption: ..."."""


MEASURED = (
    "measured: one core of an AMD EPYC, ONNX Runtime 1.32 on one thread, a batch of one; CPU seconds of every "
    "variant of the zoo, median of 400 runs; this line is within a factor of two of each (int8 convolutions are worst)"
)

MEASURED_GPU = (
    "measured: NVIDIA H100, ONNX Runtime 1.31 with CUDA 13, a batch of one; stacks of four dense layers of 256 to 8,192"
    " units took 64 to 409 us, copies included; this line is within a third of each. At a batch of one memory is the "
    "limit, and int8 was slower than fp32, so widths below 16 bits gain nothing"
)

DEVICES: Mapping[str, Device] = MappingProxyType(
    {
        device.name: device
        for device in (
            Device("cpu", 6e-6, 40e9, {8: 1.3}, MEASURED),
            Device("laptop", 12e-6, 20e9, {8: 1.3}, "assumption: half as fast as cpu"),
            Device("gpu", 80e-6, 8e11, {16: 2.0}, MEASURED_GPU),
        )
    }
)
"""The named profiles."""


def seconds(macs: int, variant: Variant, device: Device | str) -> Seconds:
    """Modelled time of one inference of `macs` multiply-accumulates with this variant's weights.

    Raises `SimnetError` for a device name that there is no profile of.
    """
    profile = named(device, DEVICES, "device") if isinstance(device, str) else device
    rate = profile.macs_per_s * profile.speed_up.get(variant.weight_bits, 1.0)
    return Seconds(profile.overhead_s + macs / rate)
