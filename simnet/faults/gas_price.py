"""Gas price: what a transaction costs."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar

from pydantic import Field

from simnet.faults.fault import Finding, Lasting, Setting, Undo, World


class GasPrice(Lasting):
    """Multiply the price of gas; what overlaps multiplies.

    A transaction bids up to twice the price at the time it is signed, as wallets do: those on their way when the
    price rises above that wait until their sender bids more, ten seconds later, and those signed meanwhile pay.
    """

    kind: ClassVar[str] = "gas_price"
    shows_in: ClassVar[str] = "pending in block_mined, waited_s in transaction_mined, finality_latency_s"
    sample: ClassVar[int] = 20

    gas_price: float = Field(gt=0, le=1e6, description="over what it was when the run began; 20 for a spike")

    @property
    def says(self) -> str:
        """How much."""
        return f"gas {self.gas_price:g} times the price"

    def begin(self, world: World) -> Undo:
        """Multiply it."""
        return Undo.whole((), world.engine.mempool.conditions.gas_prices.lay(self.gas_price))

    def problems(self, setting: Setting) -> Iterator[Finding]:
        """A price that is the old one."""
        if self.gas_price == 1:
            yield (), "this changes nothing: gas costs what it did", "20 is a spike to twenty times the price"
