"""A participant's wallet: the key that it signs with."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from chain.formats.signing import Domain, Key, voucher_digest
from chain.quantities import Address
from nodes.effects import Pay, Sign
from nodes.identity import Peer
from nodes.messages import Voucher
from simnet.kernel.facility import Facility
from simnet.kernel.scheduler import Handler, Task


class Signer(Facility):
    """Signs digests."""

    def __init__(self, key: Key) -> None:
        self._key = key

    @property
    def handlers(self) -> Mapping[type, Handler]:
        """Signing."""
        return {Sign: self._sign}

    def _sign(self, _: Task, effect: Sign) -> bytes:
        return self._key.sign(effect.digest)


class Wallet(Signer):
    """Signs digests and vouchers."""

    def __init__(self, owner: Peer, key: Key, domain: Domain, address_of: Callable[[str], Address]) -> None:
        """`domain` is what vouchers are signed under; `address_of` finds a participant's address by its name."""
        super().__init__(key)
        self._owner = owner
        self._domain = domain
        self._address_of = address_of

    @property
    def handlers(self) -> Mapping[type, Handler]:
        """Signing and paying."""
        return {**super().handlers, Pay: self._pay}

    def _pay(self, _: Task, effect: Pay) -> Voucher:
        node = self._address_of(effect.node)
        digest = voucher_digest(self._domain, self._owner.address, node, effect.cumulative, effect.price)
        return Voucher(self._owner.name, effect.cumulative, effect.price, self._key.sign(digest))
