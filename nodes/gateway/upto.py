"""How a gateway is paid by sessions: x402's scheme ``upto`` as OpenGradient's client 1.1.4 has it.

A client signs once for an amount; answers are charged to the session; when it has been idle for a while, or is used up,
the facilitator collects what was used. The figures, and what it does where that is unwise, are those of og-x402
0.0.2.dev2 as OpenGradient's gateway sets it up.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from chain.hashing import keccak
from chain.quantities import NO_DEADLINE, Timestamp, Wei
from nodes.disk import Disk
from nodes.effects import Note, Now, Sleep, Steps
from nodes.gateway.payment import (
    CAP,
    CAP_DEFAULT,
    EXPIRED,
    HUNG_UP,
    NOTHING,
    Admitted,
    Receipt,
    Refused,
    ask_facilitator,
    verdict_of,
)
from nodes.http import HttpRequest, fresh_id
from nodes.payments import ServedUnpaid, SessionClosed, SessionOpened
from nodes.x402 import SESSION_HEADER, SIGNATURE_HEADER, UPTO, Payment, Requirements, read_payment


@dataclass(frozen=True, slots=True)
class UptoTerms:
    """What a gateway demands, and how it deals with what it gets: as og-x402 0.0.2.dev2 but for the mitigations."""

    cap: Wei = CAP_DEFAULT
    """The most that a session may cost."""
    timeout_s: int = 300
    """Life of a client's signature."""
    idle_s: float = 100.0
    """A session that was not used for so long is settled."""
    look_s: float = 25.0
    """How often the gateway looks for such."""
    is_offered: bool = True
    """Mitigation, if not: clients pay by channel, where the money is there before the answer."""
    reserves: bool = False
    """Mitigation: no answer that might cost more than its session has left."""
    charges_hung_up: bool = False
    """Mitigation: a client pays for an answer that it did not wait for."""
    keeps_sessions: bool = False
    """Mitigation: sessions are on disk, and outlive a crash of the gateway."""
    remembers_payments: bool = False
    """Mitigation: a payment opens one session, however it is written, and none when that is over."""
    deadline_buffer_s: float = 0.0
    """Mitigation: a session is settled so long before its signature expires, however busy it is. 120 in dev8."""
    closes_first: bool = False
    """Mitigation: a session that was handed to the facilitator once takes no more requests, whatever that answers."""
    names_payer: bool = False
    """Mitigation: whoever signed is recorded as the payer, and not the contract that may spend."""


@dataclass(slots=True)
class Session:
    """A client's payment, and what was charged to it."""

    id: str
    payment: Payment
    route: str
    used_at: float
    """Unix seconds, which mean the same to a gateway that is started anew."""
    spent: Wei = NOTHING
    reserved: Wei = NOTHING
    """For answers that are being given."""
    answers: int = 0
    is_settling: bool = False
    is_closed: bool = False
    """Whether it takes no more requests."""

    @property
    def left(self) -> Wei:
        """What can still be charged to it."""
        return Wei(self.payment.permit.amount - self.spent)

    @property
    def is_exhausted(self) -> bool:
        """Whether nothing is left of it."""
        return self.left <= 0


@dataclass
class UptoSessions:
    """x402's ``upto`` with sessions."""

    gateway: str
    facilitator: str
    requirements: Requirements
    terms: UptoTerms
    genesis: Timestamp
    secret: bytes
    """Ids of sessions are made from."""
    disk: Disk
    sessions: dict[str, Session] = field(default_factory=dict)
    _session_of: dict[bytes, str] = field(default_factory=dict)
    """By a payment's key: the session that it opened."""

    def __post_init__(self) -> None:
        if self.terms.keeps_sessions:
            self.sessions = self.disk.kept("sessions", dict)
            self._session_of = self.disk.kept("session of payment", dict)
            for session in self.sessions.values():
                session.reserved, session.is_settling = NOTHING, False

    @property
    def name(self) -> str:
        """What x402 calls it."""
        return UPTO

    @property
    def limit(self) -> Wei | None:
        """The most that an answer may cost, if that is held."""
        return self.terms.cap if self.terms.reserves else None

    def offer(self) -> dict[str, Any]:
        """As an entry of ``accepts``."""
        return self.requirements.as_json()

    def resume(self, request: HttpRequest, most: Wei, now: float) -> Admitted | None:
        """The session that a request goes on with, if it names one that can pay."""
        session = self.sessions.get(request.headers.get(SESSION_HEADER, ""))
        if session is None or session.route != route_of(request) or not self.can_pay(session, most, now):
            return None
        return self.use(session, most, now)

    def admit(self, request: HttpRequest, payload: dict[str, Any], most: Wei) -> Steps:
        """The session that a payment opens, or has opened before. Answers `Admitted` or `Refused`."""
        payment, route = read_payment(payload), route_of(request)
        reason = yield from self.fault_of(payment)
        if reason:
            return Refused(reason)
        now, key = (yield Now()), self.key_of(payment, request.headers[SIGNATURE_HEADER])
        if key in self._session_of:
            session = self.sessions.get(self._session_of[key])
            if session is None or session.route != route or not self.can_pay(session, most, now):
                return Refused("the payment is used up")
            return self.use(session, most, now)
        session = Session(self.id_for(payment, now), payment, route, self.genesis + now)
        self.sessions[session.id], self._session_of[key] = session, session.id
        permit = payment.permit
        yield Note(
            SessionOpened(self.gateway, session.id, permit.owner, str(permit.amount), min(permit.deadline, NO_DEADLINE))
        )
        return self.use(session, most, now)

    def can_pay(self, session: Session, most: Wei, now: float) -> bool:
        """Whether a further answer may be charged to a session."""
        if session.is_settling or session.is_closed or session.is_exhausted or self.expires_soon(session, now):
            return False
        return not self.terms.reserves or session.reserved + most <= session.left

    def expires_soon(self, session: Session, now: float) -> bool:
        """Whether a session's signature is about to expire; nobody looks unless the terms say so."""
        buffer_s = self.terms.deadline_buffer_s
        return bool(buffer_s) and self.genesis + now > session.payment.permit.deadline - buffer_s

    def use(self, session: Session, most: Wei, now: float) -> Admitted:
        """Go on with a session."""
        reserved = most if self.terms.reserves else NOTHING
        session.used_at, session.reserved = self.genesis + now, Wei(session.reserved + reserved)
        return Admitted(self.name, session.id, reserved)

    def key_of(self, payment: Payment, header: str) -> bytes:
        """What tells payments apart: in og-x402 the header's bytes, though one payment can be written in many ways."""
        permit = payment.permit
        if self.terms.remembers_payments:
            return keccak(f"{permit.owner}/{permit.nonce}".encode())
        return keccak(header.encode())

    def id_for(self, payment: Payment, now: float) -> str:
        """The id of a new session."""
        return fresh_id(self.secret + payment.signature + int(now * 1e6).to_bytes(16, "big"))

    def fault_of(self, payment: Payment) -> Steps:
        """What the facilitator has against a payment; empty if nothing."""
        verdict = yield from verdict_of(self.facilitator, payment.payload, self.requirements.as_json())
        return verdict.reason

    def headers(self, admitted: Admitted) -> Mapping[str, str]:
        """The session's id, for the client to go on with."""
        return {SESSION_HEADER: admitted.session}

    def charge(self, admitted: Admitted, cost: Wei) -> Steps:
        """Add to what a session owes. Beyond the cap nothing is added, and the session stays open, as in og-x402."""
        self.release(admitted)
        receipt = Receipt(self.headers(admitted))
        session = self.sessions.get(admitted.session)
        if session is None or session.is_settling:
            yield Note(ServedUnpaid(self.gateway, admitted.session, str(cost), EXPIRED))
        elif cost > session.left:
            yield Note(ServedUnpaid(self.gateway, admitted.session, str(cost), CAP))
        else:
            session.used_at, session.spent = self.genesis + (yield Now()), Wei(session.spent + cost)
            session.answers += 1
        return receipt

    def forgo(self, admitted: Admitted, cost: Wei) -> Steps:
        """Nobody pays for what was broken off, as in og-x402; unless the terms say so."""
        if self.terms.charges_hung_up:
            yield from self.charge(admitted, cost)
        else:
            self.release(admitted)
            yield Note(ServedUnpaid(self.gateway, admitted.session, str(cost), HUNG_UP))

    def payer(self, admitted: Admitted) -> str:
        """Whom to record as the payer: the proxy that spends, as in og-x402, unless the terms say otherwise."""
        if (session := self.sessions.get(admitted.session)) is None:
            return ""
        permit = session.payment.permit
        return permit.owner if self.terms.names_payer else permit.spender

    def release(self, admitted: Admitted) -> None:
        """Give back what was kept for an answer."""
        if (session := self.sessions.get(admitted.session)) is not None:
            session.reserved = Wei(session.reserved - admitted.reserved)

    # -- settlement --------------------------------------------------------------------------------------------

    def upkeep(self) -> tuple[Steps, ...]:
        """What goes on beside the answers."""
        return (self.settle_in_time(),)

    def settle_in_time(self) -> Steps:
        """Settle sessions that are idle, used up or about to expire, again and again."""
        while True:
            yield Sleep(self.terms.look_s)
            now = yield Now()
            for session in list(self.sessions.values()):
                is_idle = self.genesis + now - session.used_at > self.terms.idle_s
                if not session.reserved and (session.is_exhausted or is_idle or self.expires_soon(session, now)):
                    yield from self.settle(session)

    def settle(self, session: Session) -> Steps:
        """Hand a session to the facilitator; if that fails, it is tried again at the next look."""
        if session.spent == 0:
            self.forget(session)
            return
        session.is_settling, session.is_closed = True, self.terms.closes_first
        asked = self.requirements.as_json(session.spent)
        answer = yield from ask_facilitator(self.facilitator, "/settle", session.payment.payload, asked)
        session.is_settling = False
        taken = answer.json() if answer is not None and answer.status == 202 else None
        if not isinstance(taken, dict):
            return
        self.forget(session)
        job = taken["paymentJob"]["jobId"]
        yield Note(SessionClosed(self.gateway, session.id, str(session.spent), session.answers, job))

    def forget(self, session: Session) -> None:
        """A session is over. og-x402 forgets its payment as well, at once."""
        del self.sessions[session.id]
        if not self.terms.remembers_payments:
            for key in [key for key, id in self._session_of.items() if id == session.id]:
                del self._session_of[key]


def route_of(request: HttpRequest) -> str:
    """What a session is for."""
    return f"{request.method} {request.path}"
