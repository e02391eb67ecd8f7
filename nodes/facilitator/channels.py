"""The facilitator's part in the scheme ``batch-settlement``: it verifies vouchers, and sends what moves channels.

Its answers are those of og-x402 2.15.0's facilitator: they come when the transaction is in a block. Nothing has to be
remembered: a deposit is good once, a claim that is repeated changes nothing, and where a channel stands the chain says.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from chain.formats.channels import (
    PERMIT2_COLLECTOR,
    WITHDRAW_DELAY_S_MAX,
    WITHDRAW_DELAY_S_MIN,
    VoucherClaim,
    claims_digest,
    refund_digest,
    voucher_digest,
)
from chain.formats.permit2 import BASE_OPG, PERMIT2
from chain.formats.signing import recover
from chain.quantities import Address, Gas, Hash32, Wei
from chain.seam import Call
from nodes import x402_channels as wire
from nodes.effects import Note, Read, Sign, Steps
from nodes.facilitator.sending import send
from nodes.facilitator.verification import DEADLINE_BUFFER_S
from nodes.http import HttpResponse, respond
from nodes.identity import Peer
from nodes.payments import ChannelMoved
from nodes.x402 import MalformedPayment, address_in, bytes_in, number_in, object_in
from nodes.x402_channels import ChannelPayment, ChannelRequirements, ChannelState

CONTRACT = "X402BatchSettlement"
MOVE_GAS, CLAIM_GAS = Gas(300_000), Gas(100_000)
"""Of a transaction, and of each claim in it besides."""

ZERO = Address("0x" + "00" * 20)


@dataclass
class ChannelDesk:
    """Verifies payments by channel, and settles them."""

    me: Peer
    chain_id: int
    unix: Callable[[], Steps]

    def verify(self, body: dict[str, Any]) -> Steps:
        """Say whether a payment will do, and where its channel stands. Raises `MalformedPayment`."""
        payment = wire.read_channel_payment(body.get("paymentPayload"))
        required = ChannelRequirements.read(body.get("paymentRequirements"))
        reason, state = yield from self.fault_of(payment, required)
        if reason:
            return respond({"isValid": False, "payer": payment.channel.payer, "invalidReason": reason})
        return respond({"isValid": True, "payer": payment.channel.payer, "extra": state.as_json(payment.id)})

    def settle(self, body: dict[str, Any]) -> Steps:
        """Carry out a deposit, a claim, a payout or a refund, and say how it went. Raises `MalformedPayment`."""
        payload = object_in(body.get("paymentPayload"), "paymentPayload")
        inner = object_in(payload.get("payload"), "payload")
        match inner.get("type"):
            case wire.DEPOSIT:
                required = ChannelRequirements.read(body.get("paymentRequirements"))
                return (yield from self.deposit(wire.read_channel_payment(payload), required))
            case wire.CLAIM:
                return (yield from self.claim(wire.read_claims(inner.get("claims")), inner))
            case wire.SETTLE:
                return (yield from self.pay_out(address_in(inner, "receiver"), address_in(inner, "token")))
            case wire.REFUND:
                return (yield from self.refund(inner))
        raise MalformedPayment(wire.PAYLOAD_TYPE)

    # -- verification ------------------------------------------------------------------------------------------

    def fault_of(self, payment: ChannelPayment, required: ChannelRequirements) -> Steps:
        """What is wrong with a payment, empty if nothing is; and where its channel stands."""
        now = int((yield from self.unix()))
        if reason := written_fault(payment, required, self.chain_id, now):
            return reason, wire.NOWHERE
        state = yield from state_of(payment.id)
        if payment.deposit is not None:
            reason = yield from unfunded(payment.deposit.owner, payment.deposit.amount)
        elif state.balance == 0:
            reason = wire.NO_CHANNEL
        added = payment.deposit.amount if payment.deposit is not None else 0
        is_below = payment.promised < state.claimed or (
            payment.kind != wire.REFUND and payment.promised == state.claimed
        )
        if not reason and payment.promised > state.balance + added:
            reason = wire.OVER_BALANCE
        return reason or (wire.BELOW_CLAIMED if is_below else ""), state

    # -- transactions ------------------------------------------------------------------------------------------

    def deposit(self, payment: ChannelPayment, required: ChannelRequirements) -> Steps:
        """Put a payer's tokens into its channel."""
        reason, state = yield from self.fault_of(payment, required)
        permit = payment.deposit
        if reason or permit is None:
            return self.failure(reason or wire.PAYLOAD_TYPE, permit.owner if permit else "")
        data = permit.collector_data(payment.deposit_signature)
        args = (payment.channel.as_args(), permit.amount, PERMIT2_COLLECTOR, data)
        receipt = yield from self.move("deposit", args, payment.id, permit.owner, permit.amount)
        if not receipt.ok:
            return self.failure(wire.failed_transaction("deposit"), permit.owner, str(receipt.revert))
        state = yield from state_of(payment.id)
        return self.success(receipt.hash, permit.owner, permit.amount, {"channelState": state.as_json(payment.id)})

    def claim(self, claims: Sequence[VoucherClaim], inner: dict[str, Any]) -> Steps:
        """Claim what vouchers promise, on the gateway's signature, or on ours if it left that to us."""
        signature = yield from self.authorized(claims, inner)
        if signature is None:
            return self.failure(wire.NOT_AUTHORIZER)
        args = ([one.as_args() for one in claims], signature)
        gas = Gas(MOVE_GAS + CLAIM_GAS * len(claims))
        total = Wei(sum(one.claimed for one in claims))
        receipt = yield from self.move("claimWithSignature", args, None, "", total, gas)
        if not receipt.ok:
            return self.failure(wire.failed_transaction("claim"), "", str(receipt.revert))
        return self.success(receipt.hash)

    def authorized(self, claims: Sequence[VoucherClaim], inner: dict[str, Any]) -> Steps:
        """The authorizer's signature of claims; ``None`` if it is neither here nor ours to give."""
        if "claimAuthorizerSignature" in inner:
            return bytes_in(inner, "claimAuthorizerSignature")
        if not claims or any(one.channel.receiver_authorizer != self.me.address for one in claims):
            return None
        return (yield Sign(claims_digest(self.chain_id, claims)))

    def pay_out(self, receiver: Address, token: Address) -> Steps:
        """Send a receiver what is claimed for it."""
        claimed, settled = (yield Read(CONTRACT, "receivers", (receiver, token))) or (0, 0)
        if claimed <= settled:
            return self.failure(wire.NOTHING_CLAIMED)
        amount = Wei(claimed - settled)
        receipt = yield from self.move("settle", (receiver, token), None, receiver, amount)
        if not receipt.ok:
            return self.failure(wire.failed_transaction("settle"), "", str(receipt.revert))
        return self.success(receipt.hash, "", amount)

    def refund(self, inner: dict[str, Any]) -> Steps:
        """Claim what is owed on a channel, then give the payer back what it wants of the rest."""
        channel = wire.read_channel(inner.get("channelConfig"))
        amount, nonce = Wei(number_in(inner, "amount", 128)), number_in(inner, "refundNonce")
        claims = wire.read_claims(inner.get("claims"))
        if "refundAuthorizerSignature" in inner:
            signature: bytes = bytes_in(inner, "refundAuthorizerSignature")
        elif channel.receiver_authorizer == self.me.address:
            signature = yield Sign(refund_digest(self.chain_id, channel.id(self.chain_id), nonce, amount))
        else:
            return self.failure(wire.NOT_AUTHORIZER, channel.payer)
        if claims:
            claimed = yield from self.claim(claims, inner)
            if not claimed.json()["success"]:
                return claimed
        id = channel.id(self.chain_id)
        args = (channel.as_args(), amount, nonce, signature)
        receipt = yield from self.move("refundWithSignature", args, id, channel.payer, amount)
        if not receipt.ok:
            return self.failure(wire.failed_transaction("refund"), channel.payer, str(receipt.revert))
        state = yield from state_of(id)
        return self.success(receipt.hash, channel.payer, amount, {"channelState": state.as_json(id)})

    def move(
        self,
        function: str,
        args: tuple[Any, ...],
        channel: Hash32 | None,
        payer: str,
        amount: Wei,
        gas: Gas = MOVE_GAS,
    ) -> Steps:
        """Send a transaction to the channels' contract, and write down what came of it. Answers its receipt."""
        receipt = yield from send(Call(self.me.address, CONTRACT, function, args, gas))
        id = "0x" + channel.hex() if channel is not None else ""
        status, reason = ("succeeded", "") if receipt.ok else ("failed", str(receipt.revert))
        yield Note(ChannelMoved(self.me.name, function, id, payer, str(amount), status, reason, receipt.hash))
        return receipt

    # -- answers -----------------------------------------------------------------------------------------------

    def success(self, transaction: str, payer: str = "", amount: Wei | None = None, extra: Any = None) -> HttpResponse:
        """What x402 calls a settle response, of something that is done."""
        said = {"success": True, "transaction": transaction, "network": f"eip155:{self.chain_id}", "payer": payer}
        return respond({**said, "amount": "" if amount is None else str(amount), "extra": extra or {}})

    def failure(self, reason: str, payer: str = "", message: str = "") -> HttpResponse:
        """What x402 calls a settle response, of something that is not done."""
        said = {"success": False, "transaction": "", "network": f"eip155:{self.chain_id}", "payer": payer}
        return respond({**said, "errorReason": reason, "errorMessage": message or reason})


def written_fault(payment: ChannelPayment, required: ChannelRequirements, chain_id: int, now: int) -> str:
    """What is wrong with a payment as it is written, at a Unix second; empty if nothing is."""
    channel, delay = payment.channel, payment.channel.withdraw_delay_s
    findings = (
        (payment.scheme != wire.BATCH_SETTLEMENT_SCHEME, wire.SCHEME),
        (payment.network != required.network or required.chain_id != chain_id, wire.NETWORK),
        (channel.id(chain_id) != payment.id, wire.CHANNEL_ID),
        (channel.receiver != required.pay_to, wire.RECEIVER),
        (channel.receiver_authorizer != required.authorizer or required.authorizer == ZERO, wire.AUTHORIZER),
        (channel.token != required.asset or required.asset != BASE_OPG, wire.TOKEN),
        (delay != required.withdraw_delay_s, wire.DELAY),
        (not WITHDRAW_DELAY_S_MIN <= delay <= WITHDRAW_DELAY_S_MAX, wire.DELAY_RANGE),
    )
    if found := next((reason for is_wrong, reason in findings if is_wrong), ""):
        return found
    if recover(voucher_digest(chain_id, payment.id, payment.promised), payment.signature) != signer_of(payment):
        return wire.SIGNATURE
    return deposit_fault(payment, required, chain_id, now)


def signer_of(payment: ChannelPayment) -> Address:
    """Who has to have signed a voucher. (A payer that is a contract is not known here.)"""
    channel = payment.channel
    return channel.payer if channel.payer_authorizer == ZERO else channel.payer_authorizer


def deposit_fault(payment: ChannelPayment, required: ChannelRequirements, chain_id: int, now: int) -> str:
    """What is wrong with a deposit as it is written; empty if nothing is, or if there is none."""
    permit = payment.deposit
    if permit is None:
        return ""
    findings = (
        (permit.owner != payment.channel.payer, wire.PERMIT_SIGNATURE),
        (permit.spender != PERMIT2_COLLECTOR, wire.PERMIT_SPENDER),
        (permit.token != required.asset, wire.TOKEN),
        (permit.channel != payment.id, wire.CHANNEL_ID),
        (permit.deadline < now + DEADLINE_BUFFER_S, wire.PERMIT_EXPIRED),
    )
    if found := next((reason for is_wrong, reason in findings if is_wrong), ""):
        return found
    is_signed = recover(permit.digest(chain_id), payment.deposit_signature) == permit.owner
    return "" if is_signed else wire.PERMIT_SIGNATURE


def unfunded(payer: Address, amount: Wei) -> Steps:
    """Why a payer cannot make a deposit: an allowance or a balance too small; empty if it can."""
    if ((yield Read("BaseOPG", "allowance", (payer, PERMIT2))) or 0) < amount:
        return wire.NO_LEAVE
    return wire.NO_MONEY if ((yield Read("BaseOPG", "balanceOf", (payer,))) or 0) < amount else ""


def state_of(id: Hash32) -> Steps:
    """Where a channel stands. Answers `ChannelState`."""
    balance, claimed = (yield Read(CONTRACT, "channels", (id,))) or (0, 0)
    _, withdraw_at = (yield Read(CONTRACT, "pendingWithdrawals", (id,))) or (0, 0)
    nonce = (yield Read(CONTRACT, "refundNonce", (id,))) or 0
    return ChannelState(Wei(balance), Wei(claimed), withdraw_at, nonce)
