"""x402's scheme ``batch-settlement`` as it goes over the wire: deposits, vouchers, refunds, claims.

A client funds a channel once and signs, for each answer, how much it owes all told. Names and error codes are those of
PyPI's og-x402 2.15.0 (mechanisms/evm/batch_settlement), to which OpenGradient's packages move.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from chain.formats.channels import Channel, VoucherClaim
from chain.formats.permit2 import DepositPermit
from chain.quantities import Address, Hash32, Wei
from nodes.x402 import (
    VERSION,
    MalformedPayment,
    address_in,
    bytes_in,
    chain_id_of,
    network_in,
    number_in,
    object_in,
)

BATCH_SETTLEMENT_SCHEME = "batch-settlement"

DEPOSIT, VOUCHER, REFUND = "deposit", "voucher", "refund"
"""What a client can send."""

CLAIM, SETTLE = "claim", "settle"
"""What a gateway sends to its facilitator besides."""

CLAIMS_MAX = 100
"""Vouchers claimed in one transaction."""

_P = "invalid_batch_settlement_evm_"
SCHEME, NETWORK, PAYLOAD_TYPE = _P + "scheme", _P + "network_mismatch", _P + "payload_type"
CHANNEL_ID, RECEIVER, AUTHORIZER = (
    _P + "channel_id_mismatch",
    _P + "receiver_mismatch",
    _P + "receiver_authorizer_mismatch",
)
TOKEN, DELAY, DELAY_RANGE = _P + "token_mismatch", _P + "withdraw_delay_mismatch", _P + "withdraw_delay_out_of_range"
SIGNATURE, NO_CHANNEL, MISSING = _P + "voucher_signature", _P + "channel_not_found", _P + "missing_channel"
OVER_BALANCE, BELOW_CLAIMED = _P + "cumulative_exceeds_balance", _P + "cumulative_below_claimed"
MISMATCH, BUSY = _P + "cumulative_amount_mismatch", _P + "channel_busy"
OVER_VOUCHER = _P + "charge_exceeds_signed_cumulative"
NO_MONEY, NO_LEAVE = _P + "insufficient_balance", _P + "permit2_allowance_required"
PERMIT_SPENDER, PERMIT_AMOUNT = _P + "permit2_invalid_spender", _P + "permit2_amount_mismatch"
PERMIT_EXPIRED, PERMIT_SIGNATURE = _P + "permit2_deadline_expired", _P + "permit2_invalid_signature"
NOTHING_CLAIMED, NOTHING_LEFT = _P + "nothing_to_settle", _P + "refund_no_balance"
REFUND_AMOUNT, NOT_AUTHORIZER = _P + "refund_amount_invalid", _P + "authorizer_address_mismatch"
"""Reasons, in the words of og-x402."""


def failed_transaction(action: str) -> str:
    """Reason that the transaction of an action was undone."""
    return f"{_P}{action}_transaction_failed"


@dataclass(frozen=True, slots=True)
class ChannelRequirements:
    """What a server accepts for an answer."""

    network: str
    """CAIP-2, such as ``eip155:8453``."""
    asset: Address
    amount: Wei
    """The most that an answer may cost: each voucher promises so much more than was charged."""
    pay_to: Address
    authorizer: Address
    """Who signs claims and refunds."""
    timeout_s: int
    withdraw_delay_s: int

    @property
    def chain_id(self) -> int:
        """Chain id that signatures are bound to."""
        return chain_id_of(self.network)

    def as_json(self) -> dict[str, Any]:
        """As an entry of ``accepts``."""
        return {
            "scheme": BATCH_SETTLEMENT_SCHEME,
            "network": self.network,
            "asset": self.asset,
            "amount": str(self.amount),
            "payTo": self.pay_to,
            "maxTimeoutSeconds": self.timeout_s,
            "extra": {
                "name": "OpenGradient",
                "version": "1",
                "assetTransferMethod": "permit2",
                "receiverAuthorizer": self.authorizer,
                "withdrawDelay": self.withdraw_delay_s,
            },
        }

    @classmethod
    def read(cls, value: Any) -> ChannelRequirements:
        """What `as_json` wrote. Raises `MalformedPayment`."""
        place = object_in(value, "paymentRequirements")
        extra = object_in(place.get("extra"), "extra")
        return cls(
            network=network_in(place),
            asset=address_in(place, "asset"),
            amount=Wei(number_in(place, "amount")),
            pay_to=address_in(place, "payTo"),
            authorizer=address_in(extra, "receiverAuthorizer"),
            timeout_s=number_in(place, "maxTimeoutSeconds"),
            withdraw_delay_s=number_in(extra, "withdrawDelay"),
        )


@dataclass(frozen=True, slots=True)
class ChannelPayment:
    """A client's payment: its channel, a voucher, and with it perhaps a deposit or the wish for a refund."""

    kind: str
    channel: Channel
    id: Hash32
    """As the client says."""
    promised: Wei
    """All told."""
    signature: bytes
    deposit: DepositPermit | None
    deposit_signature: bytes
    wanted: Wei | None
    """What is to be refunded; all that is left if none is named."""
    scheme: str
    network: str
    payload: dict[str, Any]
    """As it came."""


def read_channel(value: Any) -> Channel:
    """A channel's configuration. Raises `MalformedPayment`."""
    place = object_in(value, "channelConfig")
    names = ("payer", "payerAuthorizer", "receiver", "receiverAuthorizer", "token")
    payer, payer_authorizer, receiver, authorizer, token = (address_in(place, name) for name in names)
    delay, salt = number_in(place, "withdrawDelay", 40), Hash32(bytes_in(place, "salt", 32))
    return Channel(payer, payer_authorizer, receiver, authorizer, token, delay, salt)


def channel_json(channel: Channel) -> dict[str, Any]:
    """What `read_channel` reads."""
    return {
        "payer": channel.payer,
        "payerAuthorizer": channel.payer_authorizer,
        "receiver": channel.receiver,
        "receiverAuthorizer": channel.receiver_authorizer,
        "token": channel.token,
        "withdrawDelay": channel.withdraw_delay_s,
        "salt": "0x" + channel.salt.hex(),
    }


def read_channel_payment(value: Any) -> ChannelPayment:
    """The payment in a JSON object. Raises `MalformedPayment`."""
    payload = object_in(value, "paymentPayload")
    if payload.get("x402Version") != VERSION:
        raise MalformedPayment(f"x402Version is not {VERSION}")
    accepted, inner = (object_in(payload.get(name), name) for name in ("accepted", "payload"))
    kind = inner.get("type")
    if kind not in (DEPOSIT, VOUCHER, REFUND):
        raise MalformedPayment(PAYLOAD_TYPE)
    channel, voucher = read_channel(inner.get("channelConfig")), object_in(inner.get("voucher"), "voucher")
    deposit, deposit_signature = read_deposit(inner, channel) if kind == DEPOSIT else (None, b"")
    return ChannelPayment(
        kind=kind,
        channel=channel,
        id=Hash32(bytes_in(voucher, "channelId", 32)),
        promised=Wei(number_in(voucher, "maxClaimableAmount", 128)),
        signature=bytes_in(voucher, "signature"),
        deposit=deposit,
        deposit_signature=deposit_signature,
        wanted=Wei(number_in(inner, "amount", 128)) if kind == REFUND and "amount" in inner else None,
        scheme=str(accepted.get("scheme")),
        network=str(accepted.get("network")),
        payload=payload,
    )


def read_deposit(inner: dict[str, Any], channel: Channel) -> tuple[DepositPermit, bytes]:
    """What the payer signed to fund its channel, and the signature. Raises `MalformedPayment`."""
    place = object_in(inner.get("deposit"), "deposit")
    given = object_in(
        object_in(place.get("authorization"), "authorization").get("permit2Authorization"), "permit2Authorization"
    )
    permitted, witness = (object_in(given.get(name), name) for name in ("permitted", "witness"))
    permit = DepositPermit(
        owner=address_in(given, "from"),
        token=address_in(permitted, "token"),
        amount=Wei(number_in(permitted, "amount", 128)),
        spender=address_in(given, "spender"),
        nonce=number_in(given, "nonce"),
        deadline=number_in(given, "deadline"),
        channel=Hash32(bytes_in(witness, "channelId", 32)),
    )
    if number_in(place, "amount", 128) != permit.amount:
        raise MalformedPayment(PERMIT_AMOUNT)
    return permit, bytes_in(given, "signature")


def deposit_json(permit: DepositPermit, signature: bytes) -> dict[str, Any]:
    """What `read_deposit` reads."""
    given = {
        "from": permit.owner,
        "permitted": {"token": permit.token, "amount": str(permit.amount)},
        "spender": permit.spender,
        "nonce": str(permit.nonce),
        "deadline": str(permit.deadline),
        "witness": {"channelId": "0x" + permit.channel.hex()},
        "signature": "0x" + signature.hex(),
    }
    return {"amount": str(permit.amount), "authorization": {"permit2Authorization": given}}


def voucher_json(id: Hash32, promised: Wei, signature: bytes) -> dict[str, str]:
    """A voucher, as a client sends it."""
    return {"channelId": "0x" + id.hex(), "maxClaimableAmount": str(promised), "signature": "0x" + signature.hex()}


def claim_json(claim: VoucherClaim) -> dict[str, Any]:
    """What `read_claims` reads, one of it."""
    voucher = {"channel": channel_json(claim.channel), "maxClaimableAmount": str(claim.promised)}
    return {"voucher": voucher, "signature": "0x" + claim.signature.hex(), "totalClaimed": str(claim.claimed)}


def read_claims(value: Any) -> list[VoucherClaim]:
    """Claims that a gateway sends. Raises `MalformedPayment`."""
    if not isinstance(value, list) or len(value) > CLAIMS_MAX:
        raise MalformedPayment(f"claims are not up to {CLAIMS_MAX} objects")
    claims = []
    for entry in value:
        place = object_in(entry, "claim")
        voucher = object_in(place.get("voucher"), "voucher")
        promised, claimed = (
            Wei(number_in(voucher, "maxClaimableAmount", 128)),
            Wei(number_in(place, "totalClaimed", 128)),
        )
        claims.append(
            VoucherClaim(read_channel(voucher.get("channel")), promised, bytes_in(place, "signature"), claimed)
        )
    return claims


@dataclass(frozen=True, slots=True)
class ChannelState:
    """A channel as it is on chain."""

    balance: Wei
    claimed: Wei
    withdraw_at: int
    """Unix second at which the payer began to take its money back; 0 if it did not."""
    refund_nonce: int

    def as_json(self, id: Hash32) -> dict[str, Any]:
        """As it is said in answers."""
        return {
            "channelId": "0x" + id.hex(),
            "balance": str(self.balance),
            "totalClaimed": str(self.claimed),
            "withdrawRequestedAt": self.withdraw_at,
            "refundNonce": str(self.refund_nonce),
        }

    @classmethod
    def read(cls, value: Any) -> ChannelState:
        """What `as_json` wrote. Raises `MalformedPayment`."""
        place = object_in(value, "channelState")
        balance, claimed = (Wei(number_in(place, name, 128)) for name in ("balance", "totalClaimed"))
        return cls(balance, claimed, number_in(place, "withdrawRequestedAt", 40), number_in(place, "refundNonce"))


NOWHERE = ChannelState(Wei(0), Wei(0), 0, 0)
"""A channel that nobody has funded."""
