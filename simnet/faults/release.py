"""Release: the end of all holds."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from simnet.faults.everything import Everything
from simnet.faults.fault import Fault, Finding, Setting, Undo, World


class Release(Fault):
    """Let all messages go that are kept back."""

    kind: ClassVar[str] = "release"
    mends: ClassVar[tuple[str, ...]] = ("hold",)
    sample: ClassVar[str] = "all"

    release: Everything = True

    @property
    def says(self) -> str:
        """What is over."""
        return "all held messages released"

    def begin(self, world: World) -> Undo:
        """Undo all holds."""
        world.end(self.mends)
        return Undo()

    def problems(self, setting: Setting) -> Iterator[Finding]:
        """Nothing to release."""
        if setting.complete and not setting.open_at(self):
            yield (), "there is nothing to release: no hold lasts until then", "have it happen earlier"
