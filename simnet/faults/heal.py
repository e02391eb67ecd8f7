"""Heal: the end of all partitions and cuts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from simnet.faults.everything import Everything
from simnet.faults.fault import Fault, Finding, Setting, Undo, World


class Heal(Fault):
    """End all partitions and cuts."""

    kind: ClassVar[str] = "heal"
    mends: ClassVar[tuple[str, ...]] = ("partition", "cut")
    sample: ClassVar[str] = "all"

    heal: Everything = True

    @property
    def says(self) -> str:
        """What is over."""
        return "all partitions and cuts healed"

    def begin(self, world: World) -> Undo:
        """Undo them."""
        world.end(self.mends)
        return Undo()

    def problems(self, setting: Setting) -> Iterator[Finding]:
        """Nothing to heal."""
        if setting.complete and not setting.open_at(self):
            yield (
                (),
                "there is nothing to heal: no partition or cut lasts until then",
                "have it happen earlier",
            )
