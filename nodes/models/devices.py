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


DEVICES: Mapping[str, Device] = MappingProxyType(
    {
        device.name: device
        for device in (
            Device("cpu", 12e-6, 6e9, {16: 1.0, 8: 1.0, 4: 1.0}, "assumption: one server core"),
            Device("laptop", 20e-6, 3e9, {16: 1.0, 8: 2.0, 4: 2.0}, "assumption: half the cpu profile's rate"),
            Device("gpu", 100e-6, 5e12, {16: 8.0, 8: 16.0, 4: 16.0}, "assumption: a data-centre GPU at batch one"),
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
