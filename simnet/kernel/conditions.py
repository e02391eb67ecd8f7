"""What faults make of a host and of the chain: settings that are usually empty, and that overlapping faults share."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from chain.quantities import Gas
from chain.seam import Call
from simnet.kernel.layers import Layers

RPC_RETRY_S = 2.0
"""How soon a client library asks an endpoint again that did not answer (assumption)."""

FEE_CAP = 2.0
"""A transaction bids up to this many times the gas price at the time it is signed, as wallets on ethers v6 do:
`maxFeePerGas` is twice the `baseFeePerGas`, plus the priority fee (ethers-io/ethers.js,
src.ts/providers/abstract-provider.ts, `getFeeData`)."""


REPRICE_S = 10.0
"""How soon a wallet looks again at a transaction that waits, and bids more for it if the others do (assumption):
it replaces the transaction by one of the same nonce, for which nodes ask at least 10 % more (go-ethereum, `--txpool.
pricebump`)."""


@dataclass(frozen=True, slots=True)
class RpcFault:
    """A node's endpoint to the chain does not serve some of its calls."""

    unserved: frozenset[str]
    """``submit``, ``read``, ``subscribe``."""
    fails: bool
    """Whether transactions are refused, as opposed to being late."""


@dataclass(slots=True)
class HostConditions:
    """What is wrong with one host."""

    outages: Layers[str] = field(default_factory=Layers)
    """Why it is down."""
    clock_s: Layers[float] = field(default_factory=Layers)
    """Seconds that its clock is ahead; negative where it is behind. They add up."""
    slowness: Layers[float] = field(default_factory=Layers)
    """How many times as long its device takes. They multiply."""
    rpc: Layers[RpcFault] = field(default_factory=Layers)
    """What its endpoint to the chain does not do."""

    def clock(self, now_s: float) -> float:
        """What its clock shows, in seconds since the run began; never a time before that."""
        return max(0.0, now_s + math.fsum(self.clock_s.values())) if self.clock_s else now_s

    @property
    def slowdown(self) -> float:
        """How many times as long its device takes."""
        return math.prod(self.slowness.values())

    def unserved(self, call: str) -> bool:
        """Whether its endpoint does not serve calls of this kind."""
        return bool(self.rpc) and any(call in fault.unserved for fault in self.rpc.values())

    def fails(self, call: str) -> bool:
        """Whether its endpoint answers calls of this kind with an error, rather than not at all."""
        return bool(self.rpc) and any(call in fault.unserved and fault.fails for fault in self.rpc.values())


@dataclass(frozen=True, slots=True)
class Censorship:
    """Some producers leave some calls out of their blocks."""

    producers: frozenset[str]
    excludes: Callable[[Call], bool]


@dataclass(slots=True)
class ChainConditions:
    """What is wrong with the chain, and with the market beside it."""

    censorships: Layers[Censorship] = field(default_factory=Layers)
    filled: Layers[float] = field(default_factory=Layers)
    """Shares of the blocks' gas that other users take; the largest counts."""
    gas_prices: Layers[float] = field(default_factory=Layers)
    """Gas price, over what it was when the run began. They multiply."""
    opg_prices: Layers[float] = field(default_factory=Layers)
    """Worth of one OPG, over what it was when the run began; the last one counts."""

    @property
    def gas_price(self) -> float:
        """Gas price, over what it was when the run began."""
        return math.prod(self.gas_prices.values())

    @property
    def opg_price(self) -> float:
        """Worth of one OPG, over what it was when the run began."""
        return self.opg_prices.top if self.opg_prices else 1.0

    def room(self, block_gas_limit: Gas) -> Gas:
        """Gas of a block that other users leave."""
        taken = max(self.filled.values(), default=0.0)
        return Gas(block_gas_limit - math.ceil(block_gas_limit * taken))

    def admitted(self, producer: str, calls: Iterable[Call], block_gas_limit: Gas) -> tuple[Call, ...]:
        """The calls that a producer gets to see: none that it must leave out, and no more than there is room for."""
        bans = [ban.excludes for ban in self.censorships.values() if producer in ban.producers]
        seen = [call for call in calls if not any(excludes(call) for excludes in bans)]
        if not self.filled:
            return tuple(seen)
        room = left = self.room(block_gas_limit)
        fitting = []
        for call in seen:
            if call.gas_limit > left and call.gas_limit <= room:
                break  # it is next in line, and others must not overtake it for ever
            if call.gas_limit <= left:
                left = Gas(left - call.gas_limit)
                fitting.append(call)
        return tuple(fitting)
