"""Loss: a share of the messages never arrives."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

from pydantic import Field

from chain.units import Share
from simnet.faults.fault import Condition, Finding, Lasting, Setting, Undo, World
from simnet.faults.places import AnyWay
from simnet.kernel.layers import together


class LostShare(AnyWay):
    """How much is lost, and where."""

    share: Share = Field(gt=0, description="share of the messages that is lost, of those that nothing else loses")


class Loss(Lasting):
    """Lose a share of the messages, everywhere or on some ways; losses that overlap add up as they do in series."""

    kind: ClassVar[str] = "loss"
    condition: ClassVar[Condition] = "impaired"
    shows_in: ClassVar[str] = "messages_lost_rate, lost: loss in message_sent"
    sample: ClassVar[dict[str, Any]] = {"share": "20 %", "between": ["us-east", "eu-west"]}

    loss: LostShare

    @property
    def says(self) -> str:
        """How much, and where."""
        return f"{100 * self.loss.share:g} % of messages lost {self.loss.where}"

    def begin(self, world: World) -> Undo:
        """Lose them."""
        network = world.engine.network
        lifts = [network.losses.lay((way, self.loss.share)) for way in self.loss.ways(network)]
        return Undo.whole(self.loss.names, together(lifts))

    def problems(self, setting: Setting) -> Iterator[Finding]:
        """Unknown names, and ways that no message takes."""
        return self.loss.problems(setting, messages=True)
