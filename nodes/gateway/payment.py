"""How a gateway is paid: the seam between what it serves and the scheme by which it is paid for.

`UptoSessions` is OpenGradient's scheme as its client 1.1.4 has it: x402 ``upto`` with sessions. A client signs once for
an amount; answers are charged to the session; when it has been idle for a while, or is used up, the facilitator
collects what was used. The figures, and what it does where that is unwise, are those of og-x402 0.0.2.dev2 as
OpenGradient's gateway sets it up.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from chain.quantities import OPG, Wei
from nodes.effects import Note, Now, Request, Sleep, Steps
from nodes.http import JSON, HttpRequest, HttpResponse, fresh_id
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


class PaymentScheme(Protocol):
    """A way to be paid."""

    def admit(self, visitor: str, request: HttpRequest) -> Steps:
        """Answers an `HttpResponse` that asks for payment, or the name of the session that pays."""
        ...

    def headers(self, session: str) -> Mapping[str, str]:
        """What to tell the client of its session."""
        ...

    def charge(self, session: str, cost: Wei) -> Steps:
        """Charge an answer that went out."""
        ...

    def forgo(self, session: str, cost: Wei) -> Steps:
        """Deal with an answer whose client was gone before its end."""
        ...

    def upkeep(self) -> Steps:
        """What goes on beside the answers."""
        ...


@dataclass(frozen=True, slots=True)
class UptoTerms:
    """What a gateway demands, and how it deals with what it gets."""

    cap: Wei = CAP_DEFAULT
    """The most that a session may cost."""
    timeout_s: int = 300
    """Life of a client's signature."""
    idle_s: float = 100.0
    """A session that was not used for so long is settled."""
    look_s: float = 25.0
    """How often the gateway looks for such."""
    closes_at_cap: bool = False
    """Whether an answer that a session cannot pay is charged what is left, and the session closed (a mitigation)."""
    charges_hung_up: bool = False
    """Whether a client pays for an answer that it did not wait for (a mitigation)."""


@dataclass(slots=True)
class Session:
    """A client's payment, and what was charged to it."""

    id: str
    payment: Payment
    route: str
    used_at: float
    spent: Wei = NOTHING
    answers: int = 0
    is_closed: bool = False
    is_settling: bool = False

    @property
    def is_open(self) -> bool:
        """Whether further answers may be charged to it."""
        return not (self.is_closed or self.is_settling or self.is_exhausted)

    @property
    def is_exhausted(self) -> bool:
        """Whether nothing is left of it."""
        return self.spent >= self.payment.permit.amount


@dataclass
class UptoSessions:
    """x402's ``upto`` with sessions."""

    gateway: str
    facilitator: str
    requirements: Requirements
    terms: UptoTerms
    secret: bytes
    """Ids of sessions are made from."""
    sessions: dict[str, Session] = field(default_factory=dict)
    """In memory, as OpenGradient's: a gateway that crashes forgets who owes what."""

    def admit(self, visitor: str, request: HttpRequest) -> Steps:
        """The session that a request goes on with, or opens; or what to answer it."""
        route = f"{request.method} {request.path}"
        session = self.sessions.get(request.headers.get(SESSION_HEADER, ""))
        if session is not None and session.route == route and session.is_open:
            session.used_at = yield Now()
            return session.id
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
        return (yield from self.open(payment, route))

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

    def open(self, payment: Payment, route: str) -> Steps:
        """A new session."""
        now = yield Now()
        moment = int(now * 1e6).to_bytes(16, "big")
        id = fresh_id(self.secret + payment.signature + moment)
        self.sessions[id] = Session(id, payment, route, now)
        permit = payment.permit
        yield Note(SessionOpened(self.gateway, id, permit.owner, str(permit.amount), permit.deadline))
        return id

    def headers(self, session: str) -> Mapping[str, str]:
        """The session's id, for the client to go on with."""
        return {SESSION_HEADER: session}

    def charge(self, session: str, cost: Wei) -> Steps:
        """Add to what a session owes. Beyond the cap nothing is added, and the session stays open, as in og-x402."""
        found = self.sessions.get(session)
        if found is None or found.is_settling:
            yield Note(ServedUnpaid(self.gateway, session, str(cost), EXPIRED))
            return
        found.used_at = yield Now()
        room = found.payment.permit.amount - found.spent
        if cost <= room:
            found.spent = Wei(found.spent + cost)
            found.answers += 1
            return
        if self.terms.closes_at_cap:
            found.spent, found.is_closed = Wei(found.spent + room), True
            found.answers += 1
            cost = Wei(cost - room)
        yield Note(ServedUnpaid(self.gateway, session, str(cost), CAP))

    def forgo(self, session: str, cost: Wei) -> Steps:
        """Nobody pays for what was broken off, as in og-x402; unless the terms say so."""
        if self.terms.charges_hung_up:
            yield from self.charge(session, cost)
        else:
            yield Note(ServedUnpaid(self.gateway, session, str(cost), HUNG_UP))

    # -- settlement --------------------------------------------------------------------------------------------

    def upkeep(self) -> Steps:
        """Settle sessions that are idle or used up, again and again."""
        while True:
            yield Sleep(self.terms.look_s)
            now = yield Now()
            for session in list(self.sessions.values()):
                if session.is_closed or session.is_exhausted or now - session.used_at > self.terms.idle_s:
                    yield from self.settle(session)

    def settle(self, session: Session) -> Steps:
        """Hand a session to the facilitator; if that fails, it is tried again at the next look."""
        if session.spent == 0:
            del self.sessions[session.id]
            return
        session.is_settling = True
        answer = yield from self.call("/settle", session.payment, self.requirements.as_json(session.spent))
        session.is_settling = False
        taken = answer.json() if answer is not None and answer.status == 202 else None
        if not isinstance(taken, dict):
            return
        del self.sessions[session.id]
        job = taken["paymentJob"]["jobId"]
        yield Note(SessionClosed(self.gateway, session.id, str(session.spent), session.answers, job))

    def call(self, path: str, payment: Payment, requirements: dict[str, Any]) -> Steps:
        """Ask the facilitator. Answers an `HttpResponse`, or ``None`` if none came in time."""
        body = {"x402Version": VERSION, "paymentPayload": payment.payload, "paymentRequirements": requirements}
        request = HttpRequest("POST", path, {"content-type": JSON}, json.dumps(body).encode())
        return (yield Request(self.facilitator, request, FACILITATOR_TIMEOUT_S))
