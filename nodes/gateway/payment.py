"""How a gateway is paid: the seam between what it serves and the scheme by which it is paid for.

`UptoSessions` is OpenGradient's scheme as its client 1.1.4 has it: x402 ``upto`` with sessions. A client signs once for
an amount; answers are charged to the session; when it has been idle for a while, or is used up, the facilitator
collects what was used. The figures, and what it does where that is unwise, are those of og-x402 0.0.2.dev2 as
OpenGradient's gateway sets it up.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, Protocol

from chain.hashing import keccak
from chain.quantities import NO_DEADLINE, OPG, Timestamp, Wei
from nodes.disk import Disk
from nodes.effects import Note, Now, Request, Sleep, Steps
from nodes.http import JSON, BadRequest, HttpRequest, HttpResponse, fresh_id
from nodes.payments import PaymentDemanded, ServedUnpaid, SessionClosed, SessionOpened
from nodes.x402 import (
    REQUIRED_HEADER,
    SESSION_HEADER,
    SIGNATURE_HEADER,
    VERSION,
    MalformedPayment,
    Payment,
    Requirements,
    demand,
    read_header,
)

FACILITATOR_TIMEOUT_S = 30.0

CAP_DEFAULT, NOTHING = Wei(OPG // 10), Wei(0)

CAP, HUNG_UP, EXPIRED = "cap", "hung up", "expired"
"""Why an answer stays unpaid."""


@dataclass(frozen=True, slots=True)
class Admitted:
    """A request that will be paid for."""

    session: str
    reserved: Wei
    """What is kept back for it of what the session may cost."""


class PaymentScheme(Protocol):
    """A way to be paid. Whatever is admitted is charged, forgone or released in the end."""

    def admit(self, visitor: str, request: HttpRequest, most: Wei) -> Steps:
        """Answers an `HttpResponse` that asks for payment, or `Admitted`. The answer costs `most` at the most."""
        ...

    def headers(self, admitted: Admitted) -> Mapping[str, str]:
        """What to tell the client of its session."""
        ...

    def charge(self, admitted: Admitted, cost: Wei) -> Steps:
        """Charge an answer that went out."""
        ...

    def forgo(self, admitted: Admitted, cost: Wei) -> Steps:
        """Deal with an answer whose client was gone before its end."""
        ...

    def release(self, admitted: Admitted) -> None:
        """Nothing went out."""
        ...

    def upkeep(self) -> Steps:
        """What goes on beside the answers."""
        ...


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


MITIGATIONS: Mapping[str, Mapping[str, bool | float]] = MappingProxyType(
    {
        "reserve": {"reserves": True},
        "charge-hung-up": {"charges_hung_up": True},
        "keep-sessions": {"keeps_sessions": True},
        "remember-payments": {"remembers_payments": True},
        "deadline-buffer": {"deadline_buffer_s": 120.0},
    }
)
"""The mitigations by name, with what they change of the terms."""


def mitigated(terms: UptoTerms, names: Iterable[str]) -> UptoTerms:
    """Terms with these mitigations; ``all`` stands for all."""
    chosen = MITIGATIONS if "all" in (names := list(names)) else names
    return replace(terms, **{field: value for name in chosen for field, value in MITIGATIONS[name].items()})  # type: ignore[arg-type]


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

    def admit(self, visitor: str, request: HttpRequest, most: Wei) -> Steps:
        """The session that a request goes on with, or opens; or what to answer it."""
        if self.terms.reserves and most > self.terms.cap:
            raise BadRequest(f"an answer of that length may cost {most} wei, and a session {self.terms.cap}")
        now, route = (yield Now()), f"{request.method} {request.path}"
        session = self.sessions.get(request.headers.get(SESSION_HEADER, ""))
        if session is not None and session.route == route and self.can_pay(session, most, now):
            return self.use(session, most, now)
        header = request.headers.get(SIGNATURE_HEADER)
        if header is None:
            return (yield from self.ask(visitor, request, ""))
        try:
            payment = read_header(header)
        except MalformedPayment as error:
            return (yield from self.ask(visitor, request, str(error)))
        reason = yield from self.fault_of(payment)
        if reason:
            return (yield from self.ask(visitor, request, reason))
        now, key = (yield Now()), self.key_of(payment, header)
        if key in self._session_of:
            session = self.sessions.get(self._session_of[key])
            if session is None or session.route != route or not self.can_pay(session, most, now):
                return (yield from self.ask(visitor, request, "the payment is used up"))
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
        if session.is_settling or session.is_exhausted or self.expires_soon(session, now):
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
        return Admitted(session.id, reserved)

    def key_of(self, payment: Payment, header: str) -> bytes:
        """What tells payments apart: in og-x402 the header's bytes, though one payment can be written in many ways."""
        permit = payment.permit
        if self.terms.remembers_payments:
            return keccak(f"{permit.owner}/{permit.nonce}".encode())
        return keccak(header.encode())

    def id_for(self, payment: Payment, now: float) -> str:
        """The id of a new session."""
        return fresh_id(self.secret + payment.signature + int(now * 1e6).to_bytes(16, "big"))

    def ask(self, visitor: str, request: HttpRequest, reason: str) -> Steps:
        """A demand for payment."""
        yield Note(PaymentDemanded(self.gateway, visitor, reason))
        header = demand(self.requirements, request.url or request.path, reason or "Payment required")
        return HttpResponse(402, b"{}", {"content-type": JSON, REQUIRED_HEADER: header})

    def fault_of(self, payment: Payment) -> Steps:
        """What the facilitator has against a payment; empty if nothing."""
        answer = yield from self.call("/verify", payment, self.requirements.as_json())
        verdict = answer.json() if answer is not None else None
        if not isinstance(verdict, dict) or "isValid" not in verdict:
            return "the facilitator does not answer"
        return "" if verdict["isValid"] else str(verdict.get("invalidReason"))

    def headers(self, admitted: Admitted) -> Mapping[str, str]:
        """The session's id, for the client to go on with."""
        return {SESSION_HEADER: admitted.session}

    def charge(self, admitted: Admitted, cost: Wei) -> Steps:
        """Add to what a session owes. Beyond the cap nothing is added, and the session stays open, as in og-x402."""
        self.release(admitted)
        session = self.sessions.get(admitted.session)
        if session is None or session.is_settling:
            yield Note(ServedUnpaid(self.gateway, admitted.session, str(cost), EXPIRED))
        elif cost > session.left:
            yield Note(ServedUnpaid(self.gateway, admitted.session, str(cost), CAP))
        else:
            session.used_at, session.spent = self.genesis + (yield Now()), Wei(session.spent + cost)
            session.answers += 1

    def forgo(self, admitted: Admitted, cost: Wei) -> Steps:
        """Nobody pays for what was broken off, as in og-x402; unless the terms say so."""
        if self.terms.charges_hung_up:
            yield from self.charge(admitted, cost)
        else:
            self.release(admitted)
            yield Note(ServedUnpaid(self.gateway, admitted.session, str(cost), HUNG_UP))

    def release(self, admitted: Admitted) -> None:
        """Give back what was kept for an answer."""
        if (session := self.sessions.get(admitted.session)) is not None:
            session.reserved = Wei(session.reserved - admitted.reserved)

    # -- settlement --------------------------------------------------------------------------------------------

    def upkeep(self) -> Steps:
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
        session.is_settling = True
        answer = yield from self.call("/settle", session.payment, self.requirements.as_json(session.spent))
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

    def call(self, path: str, payment: Payment, requirements: dict[str, Any]) -> Steps:
        """Ask the facilitator. Answers an `HttpResponse`, or ``None`` if none came in time."""
        body = {"x402Version": VERSION, "paymentPayload": payment.payload, "paymentRequirements": requirements}
        request = HttpRequest("POST", path, {"content-type": JSON}, json.dumps(body).encode())
        return (yield Request(self.facilitator, request, FACILITATOR_TIMEOUT_S))
