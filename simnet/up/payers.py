"""Clients that pay a gateway, by session or by channel: as the packages write it, and as no honest client would."""

from __future__ import annotations

import base64
from dataclasses import dataclass, replace
from typing import Any

from chain.formats.channels import PERMIT2_COLLECTOR, Channel, voucher_digest
from chain.formats.permit2 import DepositPermit
from chain.formats.signing import Key
from chain.quantities import Hash32, Wei
from nodes import x402_channels as wire
from nodes.gateway.payment import NOTHING
from nodes.http import HttpResponse, read_json
from nodes.x402 import RESPONSE_HEADER, VERSION, Requirements, as_header, payment_json
from nodes.x402_channels import ChannelRequirements
from simnet.up.chains import PAYMENT_ID


@dataclass
class Payer:
    """A client with money on the payment chain."""

    key: Key
    required: Requirements
    nonces: int = 0

    def header(self, now: int, **changes: Any) -> str:
        """A payment's header, honest but for `changes` to the permit."""
        return as_header(self.payload(now, **changes))

    def payload(self, now: int, **changes: Any) -> dict[str, Any]:
        """A payment, honest but for `changes` to the permit."""
        self.nonces += 1
        honest = self.required.permit(self.key.address, self.nonces, now)
        permit = replace(honest, **changes)
        return payment_json(permit, self.key.sign(permit.digest(PAYMENT_ID)), self.required)


@dataclass
class ChannelPayer:
    """A client with a channel, and what it knows of it."""

    key: Key
    required: ChannelRequirements
    charged: Wei = NOTHING
    """All told, as the gateway says."""
    balance: Wei = NOTHING
    nonces: int = 0

    @property
    def channel(self) -> Channel:
        """Its channel with whoever demands."""
        me, required = self.key.address, self.required
        parties = (me, me, required.pay_to, required.authorizer, required.asset)
        return Channel(*parties, required.withdraw_delay_s, Hash32(bytes(32)))

    @property
    def id(self) -> Hash32:
        """Id of the channel."""
        return self.channel.id(PAYMENT_ID)

    def header(
        self, kind: str, inner: dict[str, Any] | None = None, promised: int | None = None, **changes: Any
    ) -> str:
        """A payment's header: a voucher over `promised`, all told, in the honest case what the next answer needs."""
        if promised is None:
            promised = self.charged + (0 if kind == wire.REFUND else self.required.amount)
        channel = replace(self.channel, **changes)
        id, amount = channel.id(PAYMENT_ID), Wei(promised)
        voucher = wire.voucher_json(id, amount, self.key.sign(voucher_digest(PAYMENT_ID, id, amount)))
        given = {"type": kind, "channelConfig": wire.channel_json(channel), "voucher": voucher, **(inner or {})}
        return as_header({"x402Version": VERSION, "payload": given, "accepted": self.required.as_json()})

    def deposit(self, amount: int, now: int, promised: int | None = None, **changes: Any) -> str:
        """The header that funds the channel, with a voucher; `changes` are to what is signed for Permit2."""
        self.nonces += 1
        deadline = now + self.required.timeout_s
        honest = DepositPermit(
            self.key.address, self.required.asset, Wei(amount), PERMIT2_COLLECTOR, self.nonces, deadline, self.id
        )
        permit = replace(honest, **changes)
        signed = wire.deposit_json(permit, self.key.sign(permit.digest(PAYMENT_ID)))
        return self.header(wire.DEPOSIT, {"deposit": signed}, promised)

    def voucher(self, promised: int | None = None, **changes: Any) -> str:
        """The header with a voucher alone; `changes` are to the channel."""
        return self.header(wire.VOUCHER, None, promised, **changes)

    def hear(self, response: HttpResponse) -> None:
        """Learn from a response what was charged."""
        said = read_json(base64.b64decode(response.headers[RESPONSE_HEADER]))["extra"]["channelState"]
        self.charged, self.balance = Wei(int(said["chargedCumulativeAmount"])), Wei(int(said["balance"]))
