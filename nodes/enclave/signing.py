"""What an enclave signs, byte for byte as OpenGradient's gateway, contracts and client have it.

Every message is hashed with Keccak-256 and signed with RSA-PSS, which hashes once more with SHA-256 (og-evm,
precompiles/tee; tee-gateway, tee_manager.py; PyPI opengradient 1.1.4, client/tee_verify.py).
"""

from __future__ import annotations

import base64
import json
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey

from chain.formats.claims import word
from chain.hashing import keccak
from chain.quantities import Hash32

OHTTP_DOMAIN = keccak(b"OPENGRADIENT_TEE_OHTTP_CONFIG_V1")


def tee_id(spki: bytes) -> Hash32:
    """Id of the enclave that signs with this key."""
    return Hash32(keccak(spki))


def request_hash(canonical: Mapping[str, Any]) -> Hash32:
    """Hash of a request in its canonical form; see `nodes.enclave.canonical`."""
    return Hash32(keccak(canonical_json(canonical).encode()))


def output_hash(text: str) -> Hash32:
    """Hash of an answer's text, or of its tool calls as `canonical_json`."""
    return Hash32(keccak(text.encode()))


def canonical_json(value: Any) -> str:
    """Python's own spacing and escapes, keys sorted: every client must write it like this."""
    return json.dumps(value, sort_keys=True)


def response_message(input_hash: bytes, output_hash: bytes, timestamp: int) -> Hash32:
    """What an enclave signs to stand by an answer given at Unix second `timestamp`."""
    return Hash32(keccak(input_hash + output_hash + word(timestamp)))


def heartbeat_message(tee: bytes, timestamp: int) -> Hash32:
    """What an enclave signs to show that it is alive."""
    return Hash32(keccak(tee + word(timestamp)))


@dataclass(frozen=True, slots=True)
class OhttpConfig:
    """Key material for requests that a relay cannot read (RFC 9458); the registry keeps it with the enclave."""

    public_key: bytes
    """Raw X25519 key, 32 bytes."""
    key_config: bytes
    """As RFC 9458, section 3, has it."""
    key_id: int = 1
    kem_id: int = 0x0020
    kdf_id: int = 0x0001
    aead_id: int = 0x0003

    @classmethod
    def of(cls, private: bytes) -> OhttpConfig:
        """That of a raw X25519 key, 32 bytes."""
        public = X25519PrivateKey.from_private_bytes(private).public_key().public_bytes_raw()
        one = cls(public, b"")
        suites = struct.pack(">HHH", 4, one.kdf_id, one.aead_id)  # their length in bytes, and the one there is
        return cls(public, struct.pack(">BH", one.key_id, one.kem_id) + public + suites)

    @property
    def ids(self) -> bytes:
        """As they stand before an encapsulated request (RFC 9458, section 4.1)."""
        return struct.pack(">BHHH", self.key_id, self.kem_id, self.kdf_id, self.aead_id)

    def as_json(self) -> dict[str, Any]:
        """As a gateway gives it out."""
        return {
            "key_id": self.key_id,
            "kem_id": self.kem_id,
            "kdf_id": self.kdf_id,
            "aead_id": self.aead_id,
            "public_key": self.public_key.hex(),
            "key_config": base64.b64encode(self.key_config).decode(),
        }

    def message(self, tee: bytes) -> Hash32:
        """What an enclave signs to bind the configuration to itself."""
        ids = b"".join(map(word, (self.key_id, self.kem_id, self.kdf_id, self.aead_id)))
        return Hash32(keccak(OHTTP_DOMAIN + tee + ids + keccak(self.public_key) + keccak(self.key_config)))


@dataclass(frozen=True, slots=True)
class SignedResponse:
    """An enclave's word for one answer."""

    tee: Hash32
    input_hash: bytes
    output_hash: bytes
    timestamp: int
    signature: bytes

    def as_json(self) -> dict[str, Any]:
        """The fields that a gateway adds to its answer."""
        return {
            "tee_signature": base64.b64encode(self.signature).decode(),
            "tee_request_hash": self.input_hash.hex(),
            "tee_output_hash": self.output_hash.hex(),
            "tee_timestamp": self.timestamp,
            "tee_id": "0x" + self.tee.hex(),
        }
