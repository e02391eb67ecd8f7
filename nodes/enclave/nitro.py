"""Attestation documents of AWS Nitro enclaves, written and read.

A document is an untagged COSE_Sign1 (RFC 9052): a CBOR array of protected header, unprotected header,
payload and ES384 signature. The payload is a CBOR map with the enclave's measurements (PCRs), the time, what
the enclave wanted to have attested, and the certificates to check the signature with. Format: AWS, "Verifying
the root of trust" (aws-nitro-enclaves-nsm-api, docs/attestation_process.md); held against a production document.
"""

from __future__ import annotations

import hashlib
import io
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import cbor2
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA384

from chain.errors import SimnetError
from nodes.enclave.vendor import Vendor

PCR_BYTES = 48
PCR_COUNT = 16
"""A document carries 16 SHA-384 registers; 0 to 2 measure image, kernel and application."""

COORDINATE_BYTES = 48
SIGNATURE_BYTES = 2 * COORDINATE_BYTES
"""An ES384 signature is r || s."""

PROTECTED_HEADER = cbor2.dumps({1: -35})
"""Algorithm: ES384."""

_MAP_BEGIN, _BREAK = b"\xbf", b"\xff"
"""A CBOR map of indefinite length, RFC 8949, section 3.2.2."""

MULTIHASH_SHA256 = bytes.fromhex("1220")
USER_DATA_BYTES = 68


class MalformedDocument(SimnetError):
    """Bytes are not an attestation document."""


@dataclass(frozen=True, slots=True)
class Document:
    """The payload of an attestation document."""

    module_id: str
    timestamp_ms: int
    """Unix milliseconds."""
    pcrs: Mapping[int, bytes]
    certificate: bytes
    """DER; holds the key that the document is signed with."""
    cabundle: tuple[bytes, ...]
    """DER of the authorities above, root first."""
    user_data: bytes
    nonce: bytes = b""
    public_key: bytes = b""
    digest: str = "SHA384"

    def payload(self) -> bytes:
        """The CBOR map, byte for byte as AWS writes it: in this order, and of indefinite length."""
        content: dict[str, Any] = {
            "module_id": self.module_id,
            "digest": self.digest,
            "timestamp": self.timestamp_ms,
            "pcrs": dict(self.pcrs),
            "certificate": self.certificate,
            "cabundle": list(self.cabundle),
            "public_key": self.public_key or None,
            "user_data": self.user_data or None,
            "nonce": self.nonce or None,
        }
        return _MAP_BEGIN + cbor2.dumps(content)[1:] + _BREAK


@dataclass(frozen=True, slots=True)
class Envelope:
    """The four parts of a COSE_Sign1."""

    protected: bytes
    payload: bytes
    signature: bytes

    @property
    def signed(self) -> bytes:
        """What the signature is over: the Sig_structure of RFC 9052, section 4.4."""
        return cbor2.dumps(["Signature1", self.protected, b"", self.payload])


def measurement(seed: str) -> dict[int, bytes]:
    """Registers of an enclave image that a name stands for. 4 to 15 are zero, as of an image that is not signed."""
    registers = {i: bytes(PCR_BYTES) for i in range(PCR_COUNT)}
    return registers | {i: hashlib.sha384(f"{seed}/{i}".encode()).digest() for i in range(3)}


def user_data(tls_der: bytes, spki: bytes) -> bytes:
    """What nitriding has attested: hashes of the TLS certificate and of the signing key, as multihashes."""
    hashes = (hashlib.sha256(tls_der).digest(), hashlib.sha256(spki).digest())
    return b"".join(MULTIHASH_SHA256 + digest for digest in hashes)


def issue(
    vendor: Vendor, module_id: str, pcrs: Mapping[int, bytes], user_data: bytes, at: float, nonce: bytes = b""
) -> bytes:
    """The document that the vendor's hardware gives an enclave at a time in Unix seconds."""
    credential, bundle = vendor.enclave(module_id, int(at))
    document = Document(module_id, int(at * 1000), pcrs, credential.der, bundle, user_data, nonce, b"dummy")
    return sign(document.payload(), credential.key)


def sign(payload: bytes, key: ec.EllipticCurvePrivateKey) -> bytes:
    """Wrap a payload into a COSE_Sign1."""
    envelope = Envelope(PROTECTED_HEADER, payload, b"")
    r, s = decode_dss_signature(key.sign(envelope.signed, ec.ECDSA(SHA384(), deterministic_signing=True)))
    signature = b"".join(part.to_bytes(COORDINATE_BYTES, "big") for part in (r, s))
    return cbor2.dumps([envelope.protected, {}, payload, signature])


def open_envelope(raw: bytes) -> Envelope:
    """Take a COSE_Sign1 apart. Raises `MalformedDocument` for anything else, one with a CBOR tag included."""
    parts = _decode(raw)
    if not isinstance(parts, list) or len(parts) != 4:
        raise MalformedDocument("not an untagged array of four")
    protected, unprotected, payload, signature = parts
    if not (isinstance(unprotected, dict) and all(isinstance(part, bytes) for part in (protected, payload, signature))):
        raise MalformedDocument("not the parts of a COSE_Sign1")
    return Envelope(protected, payload, signature)


def read(payload: bytes) -> Document:
    """Read a payload. Raises `MalformedDocument`, naming the first field that is not what it must be."""
    content = _decode(payload)
    if not isinstance(content, dict):
        raise MalformedDocument("payload is not a map")
    for name, fits in _FIELDS.items():
        if not fits(content.get(name)):
            raise MalformedDocument(f"{name} is missing or of another type")
    return Document(
        module_id=content["module_id"],
        timestamp_ms=content["timestamp"],
        pcrs=content["pcrs"],
        certificate=content["certificate"],
        cabundle=tuple(content["cabundle"]),
        user_data=content.get("user_data") or b"",
        nonce=content.get("nonce") or b"",
        public_key=content.get("public_key") or b"",
        digest=content["digest"],
    )


def _is_bytes(value: Any) -> bool:
    return isinstance(value, bytes)


def _is_optional(value: Any) -> bool:
    return value is None or isinstance(value, bytes)


def _is_text(value: Any) -> bool:
    return isinstance(value, str)


def _is_uint64(value: Any) -> bool:
    return type(value) is int and 0 <= value < 2**64


def _are_registers(value: Any) -> bool:
    return isinstance(value, dict) and all(type(k) is int and isinstance(v, bytes) for k, v in value.items())


def _is_bundle(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(part, bytes) for part in value)


_FIELDS: Mapping[str, Callable[[Any], bool]] = {
    "module_id": _is_text,
    "digest": _is_text,
    "timestamp": _is_uint64,
    "pcrs": _are_registers,
    "certificate": _is_bytes,
    "cabundle": _is_bundle,
    "public_key": _is_optional,
    "user_data": _is_optional,
    "nonce": _is_optional,
}


def _decode(raw: bytes) -> Any:
    """One CBOR item that fills all of `raw`."""
    source = io.BytesIO(raw)
    try:
        item = cbor2.load(source)
    except (cbor2.CBORError, ValueError, TypeError, OverflowError) as error:
        raise MalformedDocument(f"not CBOR: {error}") from error
    if source.tell() != len(raw):
        raise MalformedDocument("bytes after the end")
    return item
