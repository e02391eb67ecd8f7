"""Latency: messages, transactions and blocks take longer."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

from pydantic import Field

from chain.units import Duration
from simnet.faults.fault import Condition, Finding, Lasting, Setting, Undo, World
from simnet.faults.places import AnyWay
from simnet.kernel.layers import together


class Delay(AnyWay):
    """How much longer, and where."""

    add: Duration = Field(gt=0, description="what each message takes longer")


class Latency(Lasting):
    """Have messages, transactions and blocks take longer, everywhere or on some ways; what overlaps adds up."""

    kind: ClassVar[str] = "latency"
    condition: ClassVar[Condition] = "impaired"
    shows_in: ClassVar[str] = "soft_latency_ms, delay_s in message_sent"
    sample: ClassVar[dict[str, Any]] = {"add": "250 ms", "to": "ap-south"}

    latency: Delay

    @property
    def says(self) -> str:
        """How much, and where."""
        return f"{1000 * self.latency.add:g} ms more latency {self.latency.where}"

    def begin(self, world: World) -> Undo:
        """Add it."""
        network = world.engine.network
        lifts = [network.delays.lay((way, self.latency.add)) for way in self.latency.ways(network)]
        return Undo.whole(self.latency.names, together(lifts))

    def problems(self, setting: Setting) -> Iterator[Finding]:
        """Unknown names, and ways that nothing takes."""
        return self.latency.problems(setting, messages=False)
