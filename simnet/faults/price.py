"""Price: what OPG is worth."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from pydantic import Field

from simnet.faults.fault import Finding, Lasting, Setting, Undo, World


class Price(Lasting):
    """Change what OPG is worth, over what it was worth when the run began; of several the last one counts.

    It moves stakes, fees and slashes against the cost of compute; only rational participants look at it.
    """

    kind: ClassVar[str] = "price"
    shows_in: ClassVar[str] = "decided"
    sample: ClassVar[float] = 0.2

    price: float = Field(gt=0, le=1000, description="worth of one OPG; 0.2 for a fall by four fifths")

    @property
    def says(self) -> str:
        """The new price."""
        return f"OPG worth {self.price:g} of what it was"

    def begin(self, world: World) -> Undo:
        """Set it."""
        return Undo.whole((), world.engine.mempool.conditions.opg_prices.lay(self.price))

    def problems(self, setting: Setting) -> Iterator[Finding]:
        """Nobody who weighs the price, and a price that is the old one."""
        if not setting.weighed:
            hint = "give some nodes a behaviour such as best_response or diligent_if_paid"
            yield (), "nobody here weighs what OPG is worth", hint
        elif self.price == 1 and not setting.open_at(self):
            yield (), "this changes nothing: OPG is worth what it was", "0.2 is a fall by four fifths"
