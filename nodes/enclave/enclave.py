"""A simulated enclave: it keeps keys, and its evidence is real.

What is simulated is the isolation. Keys are made when it boots, the vendor's hardware attests them with the
measurement of the image that runs, and everything it says afterwards is signed. Nothing in here is secret
from the process it runs in.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509.oid import NameOID

from chain.quantities import Hash32
from nodes.enclave import nitro, signing
from nodes.enclave.keys import ResponseKey, derive, ecdsa_key
from nodes.enclave.signing import SignedResponse
from nodes.enclave.vendor import Credential, Vendor

TLS_LIFETIME = timedelta(days=365)

HEARTBEAT_LAG_S = 300
"""How far back OpenGradient's gateway dates a heartbeat, so that no clock runs ahead of the chain's."""


@dataclass(frozen=True, slots=True)
class Attestation:
    """An attestation document, and the keys that it is about."""

    document: bytes
    spki: bytes
    tls_der: bytes


@dataclass(frozen=True)
class Enclave:
    """An enclave that has booted. Equal seeds give equal keys."""

    vendor: Vendor
    module_id: str
    pcrs: Mapping[int, bytes]
    """Measurement of the image."""
    seed: bytes
    booted_at: int
    """Unix seconds."""
    successor: tuple[int, Vendor] | None = None
    """Who attests it from a Unix second on, if the vendor replaces its root."""

    @cached_property
    def key(self) -> ResponseKey:
        """Signs answers and heartbeats."""
        return ResponseKey(derive(self.seed, "response key", 32))

    @cached_property
    def tls(self) -> Credential:
        """Where TLS ends: a self-signed certificate, pinned by clients because the attestation names it."""
        key = ecdsa_key(derive(self.seed, "tls", 32), ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, self.module_id)])
        serial = int.from_bytes(derive(self.seed, "tls serial", 16), "big") | 1
        begins = datetime.fromtimestamp(self.booted_at, UTC)
        builder = x509.CertificateBuilder(name, name, key.public_key(), serial, begins, begins + TLS_LIFETIME)
        return Credential(builder.sign(key, SHA256(), ecdsa_deterministic=True), key)

    @property
    def ohttp_key(self) -> bytes:
        """Opens what relays cannot read: a raw X25519 key, 32 bytes."""
        return derive(self.seed, "oblivious HTTP", 32)

    @property
    def id(self) -> Hash32:
        """Its id in the registry."""
        return signing.tee_id(self.key.spki)

    def fresh(self, moment: bytes) -> bytes:
        """32 bytes that nobody can foresee, others for each moment."""
        return derive(self.seed + moment, "fresh", 32)

    def attestation(self, at: float, nonce: bytes = b"") -> Attestation:
        """What a registry or a verifier is shown."""
        return Attestation(self.attest(at, nonce), self.key.spki, self.tls.der)

    def attest(self, at: float, nonce: bytes = b"") -> bytes:
        """An attestation document of now, over both keys."""
        data = nitro.user_data(self.tls.der, self.key.spki)
        vendor = self.successor[1] if self.successor and at >= self.successor[0] else self.vendor
        return nitro.issue(vendor, self.module_id, self.pcrs, data, at, nonce)

    def respond(self, input_hash: bytes, output_hash: bytes, at: int) -> SignedResponse:
        """Stand by an answer."""
        message = signing.response_message(input_hash, output_hash, at)
        return SignedResponse(self.id, input_hash, output_hash, at, self.key.sign(message))

    def answer_text(self, request: Mapping[str, Any], text: str, at: int) -> SignedResponse:
        """Stand by `text`, or tool calls as `canonical_json`, as the answer to a request in its canonical form."""
        return self.respond(signing.request_hash(request), signing.output_hash(text), at)

    def heartbeat(self, at: int) -> tuple[int, bytes]:
        """Timestamp and signature that show the registry that it is alive."""
        timestamp = at - HEARTBEAT_LAG_S
        return timestamp, self.key.sign(signing.heartbeat_message(self.id, timestamp))

    def bind(self, config: signing.OhttpConfig) -> bytes:
        """Sign a configuration of oblivious HTTP."""
        return self.key.sign(config.message(self.id))
