"""Cut: nothing gets through on some ways."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar

from simnet.faults.fault import Condition, Finding, Lasting, Setting, Undo, World
from simnet.faults.places import AnyWay


class Cut(Lasting):
    """Let nothing through from some regions or nodes to others: one way, or both ways between two.

    Messages are lost; transactions and blocks get through afterwards.
    """

    kind: ClassVar[str] = "cut"
    adds_up: ClassVar[bool] = False
    condition: ClassVar[Condition] = "impaired"
    over: ClassVar[str] = "healed"
    shows_in: ClassVar[str] = "messages_lost_rate, lost: partition in message_sent"
    sometimes: ClassVar[tuple[str, str] | None] = ("cut", "a way of the network was cut")
    sample: ClassVar[dict[str, Any]] = {"from": "full-0", "to": "us-east"}

    cut: AnyWay

    @property
    def says(self) -> str:
        """Which ways."""
        return f"nothing gets through {self.cut.where}"

    def begin(self, world: World) -> Undo:
        """Cut the ways."""
        network = world.engine.network
        return Undo.whole(self.cut.names, network.cut(*self.cut.ways(network)))

    def problems(self, setting: Setting) -> Iterator[Finding]:
        """Unknown names, and ways that nothing takes."""
        return self.cut.problems(setting, messages=False)
