"""How a gateway is paid by channels: x402's scheme ``batch-settlement``, to which OpenGradient's packages move.

A client funds a channel with its first request; each request carries a voucher that promises what was charged so far
and the most that this answer may cost; the gateway charges what it did cost. Every minute it has the facilitator claim
what its last vouchers promise, every two minutes pay out what is claimed. The figures, and what it does where that is
unwise, are those of og-x402 2.15.0 (mechanisms/evm/batch_settlement/server, http/middleware/flask.py).
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from chain.formats.channels import (
    WITHDRAW_DELAY_S_MIN,
    Channel,
    VoucherClaim,
    claims_digest,
    refund_digest,
    voucher_digest,
)
from chain.formats.signing import recover
from chain.quantities import NO_DEADLINE, Hash32, Timestamp, Wei
from nodes import x402_channels as wire
from nodes.disk import Disk
from nodes.effects import Note, Now, Sign, Sleep, Steps
from nodes.gateway.payment import (
    CAP_DEFAULT,
    HUNG_UP,
    NOTHING,
    SILENT,
    Admitted,
    Receipt,
    Refused,
    ask_facilitator,
    verdict_of,
)
from nodes.http import HttpRequest, fresh_id, respond
from nodes.payments import ServedUnpaid, SessionOpened
from nodes.x402 import RESPONSE_HEADER, VERSION, MalformedPayment, as_header
from nodes.x402_channels import ChannelPayment, ChannelRequirements, ChannelState, read_channel_payment

WITHDRAWING = "the channel's payer is withdrawing"

PENDING_S_MIN, PENDING_S_MAX = 5.0, 600.0
"""For how long an answer may hold its channel, whatever a demand's time-out."""

NEVER = float("-inf")

STREAM_EVENT = "x402-settlement"


@dataclass(frozen=True, slots=True)
class ChannelTerms:
    """What a gateway demands, and how it deals with what it gets: as og-x402 2.15.0 but for the mitigations."""

    amount: Wei = CAP_DEFAULT
    """The most that an answer may cost."""
    timeout_s: int = 300
    """Life of the signature of a deposit, and how long an answer may hold its channel."""
    withdraw_delay_s: int = WITHDRAW_DELAY_S_MIN
    claim_s: float = 60.0
    """How often vouchers are claimed."""
    settle_s: float = 120.0
    """How often what is claimed is paid out."""
    fresh_s: float = 300.0
    """For how long the gateway goes by what it last heard of a channel: a third of the delay, at most 5 minutes."""
    funds_first: bool = False
    """Mitigation: a deposit is in its channel before the answer begins, not after its end."""
    reserves: bool = False
    """Mitigation: no answer that might cost more than a voucher covers."""
    charges_hung_up: bool = False
    """Mitigation: a client pays for an answer that it did not wait for."""
    keeps_channels: bool = False
    """Mitigation: accounts are on disk, and outlive a crash of the gateway."""
    is_own_authorizer: bool = False
    """Mitigation: the gateway signs claims itself, where by default it leaves that to its facilitator."""
    refuses_withdrawing: bool = False
    """Mitigation: no answers on a channel from which its payer is about to take its money."""
    names_payer: bool = False
    """Mitigation: the channel's payer is recorded as the payer."""


@dataclass(slots=True)
class Account:
    """What a gateway knows of a channel."""

    channel: Channel
    id: Hash32
    charged: Wei
    """For answers, all told."""
    promised: Wei = NOTHING
    signature: bytes = b""
    state: ChannelState = wire.NOWHERE
    """On chain, when it was last heard of."""
    heard_at: float = NEVER
    pending: ChannelPayment | None = None
    """The payment of the answer that is being given, until `pending_until`."""
    pending_id: str = ""
    pending_until: float = 0.0

    def claim(self) -> VoucherClaim:
        """What can be claimed."""
        return VoucherClaim(self.channel, self.promised, self.signature, self.charged)


@dataclass
class BatchChannels:
    """x402's ``batch-settlement``."""

    gateway: str
    facilitator: str
    requirements: ChannelRequirements
    terms: ChannelTerms
    genesis: Timestamp
    secret: bytes
    """Ids of requests are made from."""
    disk: Disk
    accounts: dict[Hash32, Account] = field(default_factory=dict)
    _count: int = 0
    _is_claimed: bool = False
    """Whether anything was claimed since the last payout."""

    def __post_init__(self) -> None:
        if self.terms.keeps_channels:
            self.accounts = self.disk.kept("channels", dict)
            self._is_claimed = True  # perhaps
            for account in self.accounts.values():
                account.pending, account.heard_at = None, NEVER

    @property
    def name(self) -> str:
        """What x402 calls it."""
        return wire.BATCH_SETTLEMENT_SCHEME

    @property
    def limit(self) -> Wei | None:
        """The most that an answer may cost, if that is held."""
        return self.terms.amount if self.terms.reserves else None

    def offer(self) -> dict[str, Any]:
        """As an entry of ``accepts``."""
        return self.requirements.as_json()

    def resume(self, request: HttpRequest, most: Wei, now: float) -> Admitted | None:
        """Nothing: each request has its voucher."""
        return None

    # -- a request ---------------------------------------------------------------------------------------------

    def admit(self, request: HttpRequest, payload: dict[str, Any], most: Wei) -> Steps:
        """Hold the channel for an answer, if its voucher covers one; or pay a refund. Raises `MalformedPayment`."""
        payment, now = read_channel_payment(payload), (yield Now())
        known = self.accounts.get(payment.id)
        if known is not None and known.pending is not None and now < known.pending_until:
            return Refused(wire.BUSY)
        due = NOTHING if payment.kind == wire.REFUND else self.requirements.amount
        believed = Wei(max(0, payment.promised - due))  # of a channel that is not known, as in og-x402
        account = known or Account(payment.channel, payment.id, believed)
        if payment.promised != account.charged + due:
            return Refused(wire.MISMATCH, self.offer_with(account))
        self.hold(account, payment, now)
        reason = yield from self.fault_of(payment, account, is_known=known is not None)
        if reason:
            self.let_go(account, is_new=known is None)
            return Refused(reason)
        account.promised, account.signature = payment.promised, payment.signature
        if payment.kind == wire.REFUND:
            return (yield from self.refund(account, payment))
        if self.terms.funds_first and payment.kind == wire.DEPOSIT:
            _, reason = yield from self.fund(account, payment)
            if reason:
                self.let_go(account, is_new=known is None)
                return Refused(reason)
            account.pending = replace(payment, kind=wire.VOUCHER)
        if known is None:
            cap = str(payment.deposit.amount if payment.deposit else account.state.balance)
            yield Note(SessionOpened(self.gateway, "0x" + account.id.hex(), account.channel.payer, cap, NO_DEADLINE))
        return Admitted(self.name, "0x" + account.id.hex(), NOTHING, account.pending_id)

    def hold(self, account: Account, payment: ChannelPayment, now: float) -> None:
        """Keep other requests off a channel."""
        self._count += 1
        self.accounts[account.id] = account
        account.pending = payment
        account.pending_id = fresh_id(self.secret + account.id + self._count.to_bytes(8, "big"))
        account.pending_until = now + min(PENDING_S_MAX, max(PENDING_S_MIN, self.requirements.timeout_s))

    def let_go(self, account: Account, is_new: bool = False) -> None:
        """Let other requests in; forget a channel that was never found good."""
        account.pending = None
        if is_new and self.accounts.get(account.id) is account:
            del self.accounts[account.id]

    def fault_of(self, payment: ChannelPayment, account: Account, is_known: bool) -> Steps:
        """What is wrong with a payment; empty if nothing is. What was heard lately is not asked again."""
        now = yield Now()
        is_fresh = is_known and now - account.heard_at <= self.terms.fresh_s
        if payment.kind == wire.VOUCHER and is_fresh:
            reason = local_fault(payment, account, self.requirements.chain_id)
        else:
            verdict = yield from verdict_of(self.facilitator, payment.payload, self.offer())
            if (reason := verdict.reason) == "":
                account.state, account.heard_at = ChannelState.read(verdict.extra), now
        if not reason and self.terms.refuses_withdrawing and account.state.withdraw_at and payment.kind != wire.REFUND:
            return WITHDRAWING
        return reason

    def offer_with(self, account: Account) -> dict[str, Any]:
        """The offer, with what a client needs that has lost count."""
        offer = self.offer()
        said = {**account.state.as_json(account.id), "chargedCumulativeAmount": str(account.charged)}
        offer["extra"]["channelState"] = said
        if account.signature:
            voucher = {"signedMaxClaimable": str(account.promised), "signature": "0x" + account.signature.hex()}
            offer["extra"]["voucherState"] = voucher
        return offer

    # -- its end -----------------------------------------------------------------------------------------------

    def account_of(self, admitted: Admitted) -> Account | None:
        """The account of a request that still holds its channel."""
        account = self.accounts.get(Hash32(bytes.fromhex(admitted.session[2:])))
        if account is None or account.pending is None or account.pending_id != admitted.request:
            return None
        return account

    def headers(self, admitted: Admitted) -> Mapping[str, str]:
        """Nothing: a stream says at its end what it cost."""
        return {}

    def charge(self, admitted: Admitted, cost: Wei) -> Steps:
        """Add to what is charged on a channel; with the first answer, fund it."""
        account = self.account_of(admitted)
        if account is None or account.pending is None:
            return self.refused(wire.BUSY)
        payment = account.pending
        if account.charged + cost > payment.promised:
            self.let_go(account)
            return self.refused(wire.OVER_VOUCHER)
        transaction, reason = "", ""
        if payment.kind == wire.DEPOSIT:
            transaction, reason = yield from self.fund(account, payment)
        if reason:
            self.let_go(account, is_new=account.state.balance == 0)
            return self.refused(reason)
        account.charged = Wei(account.charged + cost)
        account.promised, account.signature = payment.promised, payment.signature
        self.let_go(account)
        return self.receipt(account, cost, transaction)

    def fund(self, account: Account, payment: ChannelPayment) -> Steps:
        """Have the facilitator put a deposit into its channel. Answers the transaction, and what went wrong."""
        answer = yield from ask_facilitator(self.facilitator, "/settle", payment.payload, self.offer())
        said = answer.json() if answer is not None else None
        if not isinstance(said, dict) or "success" not in said:
            return "", SILENT
        if not said["success"]:
            return "", str(said.get("errorReason"))
        try:
            account.state = ChannelState.read((said.get("extra") or {}).get("channelState"))
        except MalformedPayment as error:
            return "", str(error)
        account.heard_at = yield Now()
        return str(said.get("transaction")), ""

    def receipt(self, account: Account, cost: Wei, transaction: str) -> Receipt:
        """What a client gets told of an answer that is charged."""
        said = {**account.state.as_json(account.id), "chargedCumulativeAmount": str(account.charged)}
        header = as_header(
            {
                "success": True,
                "payer": account.channel.payer,
                "transaction": transaction,
                "network": self.requirements.network,
                "amount": "",
                "extra": {"channelState": said, "chargedAmount": str(cost)},
            }
        )
        return Receipt({RESPONSE_HEADER: header}, stream_event({"success": True, "paymentResponse": header}))

    def refused(self, reason: str) -> Receipt:
        """What a client gets told of an answer that cannot be charged."""
        said = {"success": False, "errorReason": reason, "transaction": "", "network": self.requirements.network}
        header = {RESPONSE_HEADER: as_header(said)}
        return Receipt(header, stream_event({"success": False, "error": reason}), reason)

    def forgo(self, admitted: Admitted, cost: Wei) -> Steps:
        """Nobody pays for what was broken off, as in og-x402; unless the terms say so."""
        if self.terms.charges_hung_up:
            receipt = yield from self.charge(admitted, cost)
            reason = receipt.refusal
        else:
            self.release(admitted)
            reason = HUNG_UP
        if reason:
            yield Note(ServedUnpaid(self.gateway, admitted.session, str(cost), reason))

    def payer(self, admitted: Admitted) -> str:
        """Whom to record as the payer: nobody, as og-x402 finds none in vouchers, unless the terms say otherwise."""
        account = self.accounts.get(Hash32(bytes.fromhex(admitted.session[2:])))
        return account.channel.payer if account is not None and self.terms.names_payer else ""

    def release(self, admitted: Admitted) -> None:
        """Give a channel back that nothing was charged to."""
        if (account := self.account_of(admitted)) is not None:
            self.let_go(account, is_new=account.state.balance == 0)

    # -- settlement --------------------------------------------------------------------------------------------

    def upkeep(self) -> tuple[Steps, ...]:
        """What goes on beside the answers."""
        return self.claim_in_time(), self.pay_out_in_time()

    def claim_in_time(self) -> Steps:
        """Claim what vouchers promise, again and again."""
        while True:
            yield Sleep(self.terms.claim_s)
            due = [one for one in self.accounts.values() if one.charged > one.state.claimed]
            for start in range(0, len(due), wire.CLAIMS_MAX):
                yield from self.claim(due[start : start + wire.CLAIMS_MAX])

    def claim(self, accounts: list[Account]) -> Steps:
        """Claim on these channels; if that fails, it is tried again at the next time."""
        claims = [account.claim() for account in accounts]
        inner: dict[str, Any] = {"type": wire.CLAIM, "claims": [wire.claim_json(one) for one in claims]}
        if self.terms.is_own_authorizer:
            signature = yield Sign(claims_digest(self.requirements.chain_id, claims))
            inner["claimAuthorizerSignature"] = "0x" + signature.hex()
        said = yield from self.have(inner)
        if said.get("success") is not True:
            return
        self._is_claimed = True
        for account, claim in zip(accounts, claims, strict=True):
            state = account.state
            account.state = ChannelState(state.balance, claim.claimed, state.withdraw_at, state.refund_nonce)

    def pay_out_in_time(self) -> Steps:
        """Have what is claimed paid out, again and again."""
        while True:
            yield Sleep(self.terms.settle_s)
            if self._is_claimed:
                place = {"receiver": self.requirements.pay_to, "token": self.requirements.asset}
                said = yield from self.have({"type": wire.SETTLE, **place})
                if said.get("success") is True or said.get("errorReason") == wire.NOTHING_CLAIMED:
                    self._is_claimed = False

    def refund(self, account: Account, payment: ChannelPayment) -> Steps:
        """Give a payer back what it wants of what is not charged. Answers an `HttpResponse` or `Refused`."""
        left = account.state.balance - account.charged
        amount = Wei(left if payment.wanted is None else payment.wanted)
        if not 0 < amount <= left:
            self.let_go(account)
            return Refused(wire.NOTHING_LEFT if left <= 0 or amount else wire.REFUND_AMOUNT)
        said = yield from self.have((yield from self.refund_asked(account, amount)))
        self.let_go(account)
        if said.get("success") is not True:
            return Refused(str(said.get("errorReason", SILENT)))
        self._is_claimed = True
        account.state = ChannelState.read(said["extra"]["channelState"])
        said["extra"]["channelState"]["chargedCumulativeAmount"] = str(account.charged)
        if account.state.balance <= account.charged:
            del self.accounts[account.id]
        done = {"message": "Refund acknowledged", "channelId": "0x" + account.id.hex()}
        return respond(done, headers={RESPONSE_HEADER: as_header(said)})

    def refund_asked(self, account: Account, amount: Wei) -> Steps:
        """What to ask of the facilitator for a refund: what is owed is claimed first."""
        chain_id, nonce = self.requirements.chain_id, account.state.refund_nonce
        claims = [account.claim()] if account.charged > account.state.claimed else []
        inner: dict[str, Any] = {
            "type": wire.REFUND,
            "channelConfig": wire.channel_json(account.channel),
            "voucher": wire.voucher_json(account.id, account.promised, account.signature),
            "amount": str(amount),
            "refundNonce": str(nonce),
            "claims": [wire.claim_json(one) for one in claims],
        }
        if self.terms.is_own_authorizer:
            refund = yield Sign(refund_digest(chain_id, account.id, nonce, amount))
            inner["refundAuthorizerSignature"] = "0x" + refund.hex()
            if claims:
                inner["claimAuthorizerSignature"] = "0x" + (yield Sign(claims_digest(chain_id, claims))).hex()
        return inner

    def have(self, inner: dict[str, Any]) -> Steps:
        """Have the facilitator carry something out. Answers what it says, which is nothing if it says nothing."""
        payload = {"x402Version": VERSION, "accepted": self.offer(), "payload": inner}
        answer = yield from ask_facilitator(self.facilitator, "/settle", payload, self.offer())
        said = answer.json() if answer is not None else None
        return said if isinstance(said, dict) else {}


def local_fault(payment: ChannelPayment, account: Account, chain_id: int) -> str:
    """What is wrong with a voucher, as far as a gateway can tell by itself; empty if nothing is.

    The channel is known: its id stands for all of its configuration.
    """
    if payment.channel.id(chain_id) != payment.id:
        return wire.CHANNEL_ID
    signer = payment.channel.payer_authorizer
    if recover(voucher_digest(chain_id, payment.id, payment.promised), payment.signature) != signer:
        return wire.SIGNATURE
    if payment.promised > account.state.balance:
        return wire.OVER_BALANCE
    return wire.BELOW_CLAIMED if payment.promised <= account.state.claimed else ""


def stream_event(said: dict[str, Any]) -> bytes:
    """The event by which a stream says what became of its payment."""
    return f"event: {STREAM_EVENT}\ndata: {json.dumps(said)}\n\n".encode()
