"""Facilitators that do not do with payments what they say."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any, ClassVar

from pydantic import Field

from chain.formats.channels import Channel, VoucherClaim, claims_digest, refund_digest
from chain.hashing import keccak
from chain.quantities import Gas, Wei
from chain.seam import Call, Receipt
from chain.units import Share
from nodes import x402_channels as wire
from nodes.adversaries.behaviour import Behaviour, on
from nodes.effects import Read, Reply, Sign, Steps, Submit
from nodes.http import HttpRequest, HttpResponse, posted_to, respond
from nodes.identity import Role
from nodes.x402_channels import ChannelState

PROXY, CHANNELS = "X402UptoPermit2Proxy", "X402BatchSettlement"
COLLECT, CLAIM, REFUND = (PROXY, "settle"), (CHANNELS, "claimWithSignature"), "refundWithSignature"
"""Transactions by which a gateway comes by its money."""

REFUND_GAS = Gas(300_000)


def what(call: Call) -> tuple[str, str]:
    """Contract and function of a transaction."""
    return call.contract, call.function


def claims_in(call: Call) -> Iterator[VoucherClaim]:
    """What a transaction claims on channels."""
    for (channel, promised), signature, claimed in call.args[0]:
        yield VoucherClaim(Channel(*channel), Wei(promised), signature, Wei(claimed))


def asked(effect: Reply, path: str) -> dict[str, Any] | None:
    """The body of the request that is answered, if it was posted to a path."""
    request = posted_to(path, effect.to.message)
    return None if request is None else request.json()


class NeverSettles(Behaviour):
    """Say that a payment is collected, or a voucher claimed, and send nothing to the chain."""

    kind: ClassVar[str] = "never_settles"
    role: ClassVar[Role] = Role.FACILITATOR
    defeats: ClassVar[str] = "a gateway that takes the facilitator's word"
    stopped_by: ClassVar[str] = "a facilitator of the gateway's own (`--mitigate own-facilitator`)"
    shows_in: ClassVar[str] = "payment_settled"

    @on(Submit)
    def pretend(self, effect: Submit) -> Steps:
        """Make a receipt up."""
        if what(effect.call) not in (COLLECT, CLAIM):
            return (yield effect)
        yield self.cheated("settlement", effect.subject or effect.call.function)
        made_up = keccak(f"{effect.subject}/{effect.call}".encode()).hex()
        return Receipt(effect.call, Gas(0), (), hash=made_up)


class ShortSettler(Behaviour):
    """Collect less than it was asked to, and say that it was all."""

    kind: ClassVar[str] = "short_settler"
    role: ClassVar[Role] = Role.FACILITATOR
    defeats: ClassVar[str] = "a gateway that takes the facilitator's word"
    stopped_by: ClassVar[str] = "a facilitator of the gateway's own; of claims, the gateway's own signature"
    shows_in: ClassVar[str] = "payment_settled"

    share: Share = Field(default=0.5, description="of what it should collect")

    @on(Submit)
    def fall_short(self, effect: Submit) -> Steps:
        """Send another amount."""
        call = effect.call
        if what(call) == COLLECT:
            permit, amount, *rest = call.args
            args = (permit, self.part(amount), *rest)
        elif what(call) == CLAIM and all(self.is_mine(one) for one in claims_in(call)):
            less = [replace(one, claimed=self.part(one.claimed)) for one in claims_in(call)]
            signature = yield Sign(claims_digest(self._situation.domain.chain_id, less))
            args = ([one.as_args() for one in less], signature)
        else:
            return (yield effect)
        yield self.cheated("settlement", effect.subject or call.function)
        return (yield replace(effect, call=replace(call, args=args)))

    def part(self, amount: int) -> Wei:
        """What it collects of an amount."""
        return Wei(amount * round(self.share * 10_000) // 10_000)

    def is_mine(self, claim: VoucherClaim) -> bool:
        """Whether claims on a channel are its own to sign."""
        return claim.channel.receiver_authorizer == self._situation.me.address


class Diverter(Behaviour):
    """Collect for itself what is meant for the gateway, and say that the gateway has it."""

    kind: ClassVar[str] = "diverter"
    role: ClassVar[Role] = Role.FACILITATOR
    defeats: ClassVar[str] = "a gateway that takes the facilitator's word; it gains nothing itself"
    stopped_by: ClassVar[str] = "the payer's signature, which names the receiver; a facilitator of the gateway's own"
    shows_in: ClassVar[str] = "payment_settled"

    @on(Submit)
    def divert(self, effect: Submit) -> Steps:
        """Name itself as the receiver."""
        call, me = effect.call, self._situation.me.address
        if what(call) != COLLECT:
            return (yield effect)
        permit, amount, owner, (_, facilitator, valid_after), signature = call.args
        args = (permit, amount, owner, (me, facilitator, valid_after), signature)
        yield self.cheated("settlement", effect.subject)
        receipt = yield replace(effect, call=replace(call, args=args))
        return replace(receipt, revert=None)


class DoubleSettler(Behaviour):
    """Collect everything twice."""

    kind: ClassVar[str] = "double_settler"
    role: ClassVar[Role] = Role.FACILITATOR
    defeats: ClassVar[str] = "nothing: it is here to show that"
    stopped_by: ClassVar[str] = "Permit2's nonces; of claims, that they are cumulative"
    shows_in: ClassVar[str] = "payment_transaction_mined"

    @on(Submit)
    def repeat(self, effect: Submit) -> Steps:
        """Send it again."""
        receipt = yield effect
        if what(effect.call) in (COLLECT, CLAIM):
            yield self.cheated("settlement", effect.subject or effect.call.function)
            yield effect
        return receipt


class FriendOfPayers(Behaviour):
    """Give payers back, in the gateway's name, what it should claim for the gateway."""

    kind: ClassVar[str] = "friend_of_payers"
    role: ClassVar[Role] = Role.FACILITATOR
    defeats: ClassVar[str] = "channels whose claims the facilitator signs, as is the default"
    stopped_by: ClassVar[str] = "claims that the gateway signs (`--mitigate own-authorizer`)"
    shows_in: ClassVar[str] = "channel_moved"

    @on(Submit)
    def give_back(self, effect: Submit) -> Steps:
        """Refund the channels, and say that they are claimed."""
        call, me = effect.call, self._situation.me.address
        if what(call) != CLAIM or any(one.channel.receiver_authorizer != me for one in claims_in(call)):
            return (yield effect)
        for one in claims_in(call):
            id = one.channel.id(self._situation.domain.chain_id)
            balance, claimed = yield Read(CHANNELS, "channels", (id,))
            nonce = yield Read(CHANNELS, "refundNonce", (id,))
            signature = yield Sign(refund_digest(self._situation.domain.chain_id, id, nonce, Wei(balance - claimed)))
            args = (one.channel.as_args(), balance - claimed, nonce, signature)
            yield self.cheated("settlement", "0x" + id.hex())
            yield Submit(Call(me, CHANNELS, REFUND, args, REFUND_GAS))
        return Receipt(call, Gas(0), (), hash=keccak(str(call).encode()).hex())


class SettlesAndFails(Behaviour):
    """Collect what it is asked to, and answer 502 (reported of facilitators that settle, then time out)."""

    kind: ClassVar[str] = "settles_and_fails"
    role: ClassVar[Role] = Role.FACILITATOR
    defeats: ClassVar[str] = "sessions that stay open when their settlement seems to have failed"
    stopped_by: ClassVar[str] = "sessions that end with the first attempt (`--mitigate close-first`)"
    shows_in: ClassVar[str] = "payment_settled"

    @on(Reply)
    def fail(self, effect: Reply) -> Steps:
        """Answer what is asked to be settled with an error."""
        if asked(effect, "/settle") is None:
            return (yield effect)
        yield self.cheated("answer of settlement", effect.to.sender)
        return (yield replace(effect, message=respond({"error": "bad gateway"}, 502)))


class BlindVerifier(Behaviour):
    """Find every payment good, and every deposit made, whatever the chain says."""

    kind: ClassVar[str] = "blind_verifier"
    role: ClassVar[Role] = Role.FACILITATOR
    defeats: ClassVar[str] = "a gateway that verifies nothing by itself"
    stopped_by: ClassVar[str] = "a facilitator of the gateway's own (`--mitigate own-facilitator`)"
    shows_in: ClassVar[str] = "session_opened"

    @on(Reply)
    def approve(self, effect: Reply) -> Steps:
        """Say that it is good."""
        response, request = effect.message, effect.to.message
        verified, settled = asked(effect, "/verify"), asked(effect, "/settle")
        body = verified or settled
        if body is None or not isinstance(response, HttpResponse) or not isinstance(request, HttpRequest):
            return (yield effect)
        said = response.json()
        if verified and said.get("isValid") is False:
            approved = {"isValid": True, "payer": said.get("payer"), "extra": self.funded(body)}
        elif settled and said.get("success") is False and self.funded(body):
            extra = {"channelState": self.funded(body)}
            approved = {**said, "success": True, "transaction": "0x" + keccak(request.body).hex(), "extra": extra}
        else:
            return (yield effect)
        yield self.cheated("verification", str(said.get("payer")))
        return (yield replace(effect, message=respond(approved)))

    def funded(self, body: dict[str, Any]) -> dict[str, Any]:
        """The state of a channel that has what its voucher promises; empty for what is paid in another way."""
        inner = body["paymentPayload"]["payload"]
        if inner.get("type") not in (wire.DEPOSIT, wire.VOUCHER):
            return {}
        payment = wire.read_channel_payment(body["paymentPayload"])
        balance = payment.deposit.amount if payment.deposit else payment.promised
        return ChannelState(balance, Wei(0), 0, 0).as_json(payment.id)
