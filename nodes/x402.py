"""x402, version 2, as it goes over the wire: what a server demands, and what a client pays with.

Scheme ``upto``: the client signs a Permit2 transfer of up to an amount, the server takes what was used. Names and
error codes are those of PyPI's og-x402 0.0.2.dev2, which OpenGradient's client 1.1.4 pins.
"""

from __future__ import annotations

import base64
import json
import re
from dataclasses import dataclass
from typing import Any

from chain.formats.permit2 import UptoPermit
from chain.quantities import Address, Wei
from nodes.http import read_json

VERSION = 2
UPTO = "upto"

REQUIRED_HEADER = "payment-required"
SIGNATURE_HEADER = "payment-signature"
SESSION_HEADER = "x-upto-session"
SETTLEMENT_TYPE_HEADER = "x-settlement-type"
SETTLEMENT_DATA_HEADER = "x-settlement-data"

_ADDRESS = re.compile(r"0x[0-9a-fA-F]{40}")
_UINT256 = 2**256


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
        return int(self.network.partition(":")[2])

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

    @classmethod
    def read(cls, value: Any) -> Requirements:
        """What `as_json` wrote. Raises `MalformedPayment`."""
        place = _object(value, "paymentRequirements")
        network = place.get("network")
        if not isinstance(network, str) or not re.fullmatch(r"eip155:\d{1,18}", network):
            raise MalformedPayment("network is not such as eip155:8453")
        extra = _object(place.get("extra"), "extra")
        timeout = _number(place, "maxTimeoutSeconds")
        parties = _address(place, "payTo"), _address(extra, "facilitatorAddress")
        return cls(network, _address(place, "asset"), Wei(_number(place, "amount")), *parties, timeout)


@dataclass(frozen=True, slots=True)
class Payment:
    """A client's payment: a permit, its signature, and which demand it meets."""

    permit: UptoPermit
    signature: bytes
    scheme: str
    network: str
    payload: dict[str, Any]
    """As it came."""


def demand(requirements: Requirements, url: str, error: str = "Payment required") -> str:
    """Value of the header by which a server asks to be paid."""
    demanded = {
        "x402Version": VERSION,
        "error": error,
        "resource": {"url": url},
        "accepts": [requirements.as_json()],
        "extensions": {},
    }
    return base64.b64encode(json.dumps(demanded).encode()).decode()


def read_header(value: str) -> Payment:
    """The payment in a header. Raises `MalformedPayment`."""
    try:
        payment = read_json(base64.b64decode(value, validate=True))
    except ValueError:  # which binascii.Error is
        raise MalformedPayment("the header is not JSON in base64") from None
    return read_payment(payment)


def read_payment(value: Any) -> Payment:
    """The payment in a JSON object. Raises `MalformedPayment`."""
    payload = _object(value, "paymentPayload")
    if payload.get("x402Version") != VERSION:
        raise MalformedPayment(f"x402Version is not {VERSION}")
    accepted, inner = (_object(payload.get(name), name) for name in ("accepted", "payload"))
    given = _object(inner.get("permit2Authorization"), "permit2Authorization")
    permitted, witness = (_object(given.get(name), name) for name in ("permitted", "witness"))
    permit = UptoPermit(
        owner=_address(given, "from"),
        token=_address(permitted, "token"),
        amount=Wei(_number(permitted, "amount")),
        spender=_address(given, "spender"),
        nonce=_number(given, "nonce"),
        deadline=_number(given, "deadline"),
        to=_address(witness, "to"),
        facilitator=_address(witness, "facilitator"),
        valid_after=_number(witness, "validAfter"),
    )
    signature = inner.get("signature")
    if not isinstance(signature, str) or not re.fullmatch(r"0x([0-9a-fA-F]{2}){1,1024}", signature):
        raise MalformedPayment("signature is not hex")
    scheme, network = str(accepted.get("scheme")), str(accepted.get("network"))
    return Payment(permit, bytes.fromhex(signature[2:]), scheme, network, payload)


def _object(value: Any, name: str) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise MalformedPayment(f"{name} is not an object")
    return value


def _address(place: dict[str, Any], name: str) -> Address:
    value = place.get(name)
    if not isinstance(value, str) or not _ADDRESS.fullmatch(value):
        raise MalformedPayment(f"{name} is not an address")
    return Address(value.lower())


def _number(place: dict[str, Any], name: str) -> int:
    value = place.get(name)
    is_number = (isinstance(value, int) and not isinstance(value, bool)) or (
        isinstance(value, str) and value.isascii() and value.isdigit() and len(value) <= 78
    )
    number = int(value) if is_number and value is not None else -1
    if not 0 <= number < _UINT256:
        raise MalformedPayment(f"{name} is not a whole number of 256 bits")
    return number
