"""How a gateway is paid: the seam between what it serves and the schemes by which it is paid for.

`nodes.gateway.upto` and `nodes.gateway.channels` are such schemes. A `Cashier` offers them side by side: what a client
pays with says by which.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from chain.quantities import OPG, Wei
from nodes.effects import Note, Now, Request, Spawn, Steps
from nodes.http import JSON, BadRequest, HttpRequest, HttpResponse
from nodes.payments import PaymentDemanded
from nodes.x402 import REQUIRED_HEADER, SIGNATURE_HEADER, VERSION, MalformedPayment, demand, payload_in

FACILITATOR_TIMEOUT_S = 30.0

NOTHING = Wei(0)
CAP_DEFAULT = Wei(OPG // 10)
"""The most that OpenGradient's gateway lets a session cost; here an answer by channel too (assumption)."""

CAP, HUNG_UP, EXPIRED = "cap", "hung up", "expired"
"""Why an answer stays unpaid."""

SILENT = "the facilitator does not answer"


@dataclass(frozen=True, slots=True)
class Admitted:
    """A request that will be paid for."""

    scheme: str
    session: str
    """Session or channel."""
    reserved: Wei = NOTHING
    """What is kept back for it of what the session may cost."""
    request: str = ""
    """Tells requests of one channel apart."""


@dataclass(frozen=True, slots=True)
class Refused:
    """A request that will not be: why, and what to offer in the place of what the scheme always does."""

    reason: str
    offer: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Receipt:
    """An answer is charged; or, if there is a `refusal`, it must not go out."""

    headers: Mapping[str, str] = field(default_factory=dict)
    """For an answer in one piece."""
    event: bytes = b""
    """For a stream, before its end."""
    refusal: str = ""


class PaymentScheme(Protocol):
    """A way to be paid. Whatever is admitted is charged, forgone or released in the end."""

    @property
    def name(self) -> str:
        """What x402 calls it."""
        ...

    @property
    def limit(self) -> Wei | None:
        """The most that an answer may cost, if that is held."""
        ...

    def offer(self) -> dict[str, Any]:
        """As an entry of ``accepts``."""
        ...

    def resume(self, request: HttpRequest, most: Wei, now: float) -> Admitted | None:
        """Go on with what was paid before, if a request says that it does."""
        ...

    def admit(self, request: HttpRequest, payload: dict[str, Any], most: Wei) -> Steps:
        """Take a payment for an answer that costs `most` at the most.

        Answers `Admitted`, `Refused`, or an `HttpResponse` to a client that wanted no answer. Raises
        `MalformedPayment`.
        """
        ...

    def headers(self, admitted: Admitted) -> Mapping[str, str]:
        """What to tell the client of its session before a stream."""
        ...

    def charge(self, admitted: Admitted, cost: Wei) -> Steps:
        """Charge an answer, before its end goes out. Answers a `Receipt`."""
        ...

    def forgo(self, admitted: Admitted, cost: Wei) -> Steps:
        """Deal with an answer whose client was gone before its end."""
        ...

    def payer(self, admitted: Admitted) -> str:
        """Whom to record as the payer of an answer."""
        ...

    def release(self, admitted: Admitted) -> None:
        """Nothing went out."""
        ...

    def upkeep(self) -> tuple[Steps, ...]:
        """What goes on beside the answers."""
        ...


@dataclass
class Cashier:
    """Takes payments by every scheme that a gateway offers."""

    gateway: str
    schemes: Sequence[PaymentScheme]

    def admit(self, caller: str, request: HttpRequest, most: Wei) -> Steps:
        """Answers `Admitted`, or the `HttpResponse` that a request gets instead. Raises `BadRequest`."""
        limits = [scheme.limit for scheme in self.schemes]
        held = [limit for limit in limits if limit is not None]
        if len(held) == len(limits) and most > max(held):
            raise BadRequest(f"an answer of that length may cost {most} wei, and a payment covers {max(held)}")
        now = yield Now()
        for scheme in self.schemes:
            if (resumed := scheme.resume(request, most, now)) is not None:
                return resumed
        answer = yield from self.take(request, most)
        return (yield from self.ask(caller, request, answer)) if isinstance(answer, Refused) else answer

    def take(self, request: HttpRequest, most: Wei) -> Steps:
        """What the scheme says by which a request pays; `Refused` if it pays by none."""
        header = request.headers.get(SIGNATURE_HEADER)
        if header is None:
            return Refused("")
        try:
            payload = payload_in(header)
            name = payload["accepted"].get("scheme")
            scheme = next((one for one in self.schemes if one.name == name), self.schemes[0])
            if scheme.limit is not None and most > scheme.limit:
                return Refused(f"an answer of that length may cost {most} wei, and by {name} {scheme.limit}")
            answer = yield from scheme.admit(request, payload, most)
        except MalformedPayment as error:
            return Refused(str(error))
        if isinstance(answer, Refused) and answer.offer is not None:
            return Refused(answer.reason, {**answer.offer, "scheme": scheme.name})
        return answer

    def ask(self, caller: str, request: HttpRequest, refused: Refused) -> Steps:
        """A demand for payment."""
        yield Note(PaymentDemanded(self.gateway, caller, refused.reason))
        special = refused.offer or {}
        offers = [dict(special) if special.get("scheme") == one.name else one.offer() for one in self.schemes]
        header = demand(offers, request.url or request.path, refused.reason or "Payment required")
        return HttpResponse(402, b"{}", {"content-type": JSON, REQUIRED_HEADER: header})

    def of(self, admitted: Admitted) -> PaymentScheme:
        """The scheme by which a request is paid."""
        return next(one for one in self.schemes if one.name == admitted.scheme)

    def upkeep(self) -> Steps:
        """Begin what goes on beside the answers."""
        for scheme in self.schemes:
            for steps in scheme.upkeep():
                yield Spawn(steps)


# -- the facilitator ---------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class FacilitatorVerdict:
    """What a facilitator says of a payment."""

    reason: str
    """What is wrong with it; empty if nothing is."""
    extra: Mapping[str, Any]


def ask_facilitator(facilitator: str, path: str, payload: dict[str, Any], requirements: dict[str, Any]) -> Steps:
    """Send a facilitator a payment. Answers an `HttpResponse`, or ``None`` if none came in time."""
    body = {"x402Version": VERSION, "paymentPayload": payload, "paymentRequirements": requirements}
    request = HttpRequest("POST", path, {"content-type": JSON}, json.dumps(body).encode())
    return (yield Request(facilitator, request, FACILITATOR_TIMEOUT_S))


def verdict_of(facilitator: str, payload: dict[str, Any], requirements: dict[str, Any]) -> Steps:
    """Have a facilitator verify a payment. Answers a `FacilitatorVerdict`."""
    answer = yield from ask_facilitator(facilitator, "/verify", payload, requirements)
    said = answer.json() if answer is not None else None
    if not isinstance(said, dict) or "isValid" not in said:
        return FacilitatorVerdict(SILENT, {})
    extra = said.get("extra")
    reason = "" if said["isValid"] else str(said.get("invalidReason"))
    return FacilitatorVerdict(reason, extra if isinstance(extra, dict) else {})
