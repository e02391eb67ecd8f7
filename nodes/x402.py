"""x402, version 2, as it goes over the wire: what a server demands, and what a client pays with by scheme ``upto``.

In it the client signs a Permit2 transfer of up to an amount, and the server takes what was used. Names and error codes
are those of PyPI's og-x402 0.0.2.dev2, which OpenGradient's client 1.1.4 pins. `nodes.x402_channels` has the scheme
``batch-settlement``.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from chain.formats.permit2 import UPTO_PROXY, UptoPermit
from chain.quantities import Address, Wei
from nodes.http import read_json

VERSION = 2
UPTO = "upto"

VALID_BEFORE_S = 600
"""How long before it is signed a payment is valid, in case clocks differ."""

REQUIRED_HEADER = "payment-required"
SIGNATURE_HEADER = "payment-signature"
RESPONSE_HEADER = "payment-response"
SESSION_HEADER = "x-upto-session"
SETTLEMENT_TYPE_HEADER = "x-settlement-type"
SETTLEMENT_DATA_HEADER = "x-settlement-data"

_ADDRESS = re.compile(r"0x[0-9a-fA-F]{40}")


class MalformedPayment(Exception):
    """What came is not a payment."""


@dataclass(frozen=True, slots=True)
class Requirements:
    """What a server accepts for an answer."""

    network: str
    """CAIP-2, such as ``eip155:8453``."""
    asset: Address
    amount: Wei
    """The most that a session may cost."""
    pay_to: Address
    facilitator: Address
    timeout_s: int

    @property
    def chain_id(self) -> int:
        """Chain id that signatures are bound to."""
        return chain_id_of(self.network)

    def as_json(self, amount: Wei | None = None) -> dict[str, Any]:
        """As an entry of ``accepts``; `amount` in the place of the most."""
        extra = {
            "name": "OpenGradient",
            "version": "1",
            "assetTransferMethod": "permit2",
            "facilitatorAddress": self.facilitator,
        }
        return {
            "scheme": UPTO,
            "network": self.network,
            "asset": self.asset,
            "amount": str(self.amount if amount is None else amount),
            "payTo": self.pay_to,
            "maxTimeoutSeconds": self.timeout_s,
            "extra": extra,
        }

    def permit(self, owner: Address, nonce: int, now: int) -> UptoPermit:
        """What `owner` signs to pay, at a Unix second: as the client of og-x402 does."""
        return UptoPermit(
            owner=owner,
            token=self.asset,
            amount=self.amount,
            spender=UPTO_PROXY,
            nonce=nonce,
            deadline=now + self.timeout_s,
            to=self.pay_to,
            facilitator=self.facilitator,
            valid_after=now - VALID_BEFORE_S,
        )

    @classmethod
    def read(cls, value: Any) -> Requirements:
        """What `as_json` wrote. Raises `MalformedPayment`."""
        place = object_in(value, "paymentRequirements")
        network = network_in(place)
        extra = object_in(place.get("extra"), "extra")
        timeout = number_in(place, "maxTimeoutSeconds")
        parties = address_in(place, "payTo"), address_in(extra, "facilitatorAddress")
        return cls(network, address_in(place, "asset"), Wei(number_in(place, "amount")), *parties, timeout)


@dataclass(frozen=True, slots=True)
class Payment:
    """A client's payment: a permit, its signature, and which demand it meets."""

    permit: UptoPermit
    signature: bytes
    scheme: str
    network: str
    payload: dict[str, Any]
    """As it came."""


def payment_json(permit: UptoPermit, signature: bytes, required: Requirements, url: str = "x") -> dict[str, Any]:
    """A payment for what is at `url`, as the client of og-x402 writes it."""
    authorization = {
        "from": permit.owner,
        "permitted": {"token": permit.token, "amount": str(permit.amount)},
        "spender": permit.spender,
        "nonce": str(permit.nonce),
        "deadline": str(permit.deadline),
        "witness": {"to": permit.to, "facilitator": permit.facilitator, "validAfter": str(permit.valid_after)},
    }
    inner = {"permit2Authorization": authorization, "signature": "0x" + signature.hex()}
    return {"x402Version": VERSION, "payload": inner, "accepted": required.as_json(), "resource": {"url": url}}


def demand(offers: Sequence[dict[str, Any]], url: str, error: str) -> str:
    """Value of the header by which a server asks to be paid, in any way that it offers."""
    demanded = {
        "x402Version": VERSION,
        "error": error,
        "resource": {"url": url},
        "accepts": list(offers),
        "extensions": {},
    }
    return as_header(demanded)


def as_header(value: Any) -> str:
    """JSON in base64, as x402's headers have it."""
    return base64.b64encode(json.dumps(value).encode()).decode()


def offers_in(header: str) -> list[dict[str, Any]]:
    """What a server would take, of whichever scheme. Raises `MalformedPayment`."""
    try:
        found = object_in(read_json(base64.b64decode(header, validate=True)), "paymentRequired")
    except ValueError:
        raise MalformedPayment("the header is not JSON in base64") from None
    offers = found.get("accepts")
    return [object_in(offer, "accepts") for offer in (offers if isinstance(offers, list) else [])]


def payload_in(header: str) -> dict[str, Any]:
    """What a client sent to pay with, of whichever scheme. Raises `MalformedPayment`."""
    try:
        found = read_json(base64.b64decode(header, validate=True))
    except ValueError:  # which binascii.Error is
        raise MalformedPayment("the header is not JSON in base64") from None
    payload = object_in(found, "paymentPayload")
    object_in(payload.get("accepted"), "accepted")
    return payload


def read_payment(value: Any) -> Payment:
    """The payment in a JSON object. Raises `MalformedPayment`."""
    payload = object_in(value, "paymentPayload")
    if payload.get("x402Version") != VERSION:
        raise MalformedPayment(f"x402Version is not {VERSION}")
    accepted, inner = (object_in(payload.get(name), name) for name in ("accepted", "payload"))
    given = object_in(inner.get("permit2Authorization"), "permit2Authorization")
    permitted, witness = (object_in(given.get(name), name) for name in ("permitted", "witness"))
    permit = UptoPermit(
        owner=address_in(given, "from"),
        token=address_in(permitted, "token"),
        amount=Wei(number_in(permitted, "amount")),
        spender=address_in(given, "spender"),
        nonce=number_in(given, "nonce"),
        deadline=number_in(given, "deadline"),
        to=address_in(witness, "to"),
        facilitator=address_in(witness, "facilitator"),
        valid_after=number_in(witness, "validAfter"),
    )
    scheme, network = str(accepted.get("scheme")), str(accepted.get("network"))
    return Payment(permit, bytes_in(inner, "signature"), scheme, network, payload)


def object_in(value: Any, name: str) -> dict[str, Any]:
    """A JSON object. Raises `MalformedPayment`."""
    if not isinstance(value, dict):
        raise MalformedPayment(f"{name} is not an object")
    return value


def address_in(place: dict[str, Any], name: str) -> Address:
    """The address of that name. Raises `MalformedPayment`."""
    value = place.get(name)
    if not isinstance(value, str) or not _ADDRESS.fullmatch(value):
        raise MalformedPayment(f"{name} is not an address")
    return Address(value.lower())


def number_in(place: dict[str, Any], name: str, bits: int = 256) -> int:
    """The whole number of that name, as JSON or in decimal digits. Raises `MalformedPayment`."""
    value = place.get(name)
    is_number = (isinstance(value, int) and not isinstance(value, bool)) or (
        isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= 78
    )
    number = int(value) if is_number and value is not None else -1
    if not 0 <= number < 1 << bits:
        raise MalformedPayment(f"{name} is not a whole number of {bits} bits")
    return number


def bytes_in(place: dict[str, Any], name: str, size: int | None = None) -> bytes:
    """The bytes of that name, in hex, `size` of them or up to a kibibyte. Raises `MalformedPayment`."""
    value = place.get(name)
    if not isinstance(value, str) or not re.fullmatch(r"0x([0-9a-fA-F]{2}){1,1024}", value):
        raise MalformedPayment(f"{name} is not hex")
    if size is not None and len(value) != 2 + 2 * size:
        raise MalformedPayment(f"{name} is not {size} bytes")
    return bytes.fromhex(value[2:])


def network_in(place: dict[str, Any]) -> str:
    """The network, in CAIP-2. Raises `MalformedPayment`."""
    network = place.get("network")
    if not isinstance(network, str) or not re.fullmatch(r"eip155:\d{1,18}", network):
        raise MalformedPayment("network is not such as eip155:8453")
    return network


def chain_id_of(network: str) -> int:
    """Chain id that signatures on a network are bound to."""
    return int(network.partition(":")[2])
