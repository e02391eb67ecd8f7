"""Partition: a side of the network cut off from the rest."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from pydantic import Field

from simnet.faults.fault import Condition, Finding, Lasting, Setting, Undo, World
from simnet.faults.places import Places, unknown


class Partition(Lasting):
    """Cut regions or nodes off from all others; among themselves they still talk.

    Messages across are lost. Transactions and blocks are late: whoever is cut off gets them through afterwards.
    """

    kind: ClassVar[str] = "partition"
    adds_up: ClassVar[bool] = False
    condition: ClassVar[Condition] = "cut off"
    over: ClassVar[str] = "healed"
    shows_in: ClassVar[str] = "messages_lost_rate, lost: partition in message_sent"
    sometimes: ClassVar[tuple[str, str] | None] = ("partitioned", "the network was partitioned")
    sample: ClassVar[list[str]] = ["eu-west"]

    partition: Places = Field(description="regions or nodes on one side")

    @property
    def says(self) -> str:
        """Who is cut off."""
        return f"{', '.join(self.partition)} cut off from all others"

    def begin(self, world: World) -> Undo:
        """Cut the ways between the two sides."""
        return Undo.whole(self.partition, world.engine.network.isolate(self.partition))

    def problems(self, setting: Setting) -> Iterator[Finding]:
        """Unknown names, and a side that is everybody."""
        named = list(unknown(setting, (), self.partition))
        yield from named
        if not named and len(setting.members(self.partition)) == len(setting.roles):
            yield (), "this cuts nobody off: it names everybody", "name one side of the partition"
