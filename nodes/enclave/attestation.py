"""Whether an attestation document proves that a key lives in an enclave.

The checks, their order and their limits are those of OpenGradient's native verifier at 0x900 (og-evm,
precompiles/tee): sizes, COSE structure, measurements present, time, signature, certificate chain, and last
the two keys that the document must name. Nonce, module id and digest are not looked at there, nor here.
Which measurements are good is not decided here either: the registry keeps that list.
"""

from __future__ import annotations

import hashlib
import warnings
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from functools import cache
from importlib.resources import files

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA384
from cryptography.utils import CryptographyDeprecationWarning
from cryptography.x509.verification import (
    ClientVerifier,
    Criticality,
    ExtensionPolicy,
    Policy,
    PolicyBuilder,
    Store,
    VerificationError,
)

from chain.errors import SimnetError
from chain.hashing import keccak
from chain.quantities import ZERO_HASH, Hash32
from nodes.enclave import DOCUMENT_LIFETIME_S
from nodes.enclave.keys import KEY_BYTES_MAX
from nodes.enclave.nitro import (
    COORDINATE_BYTES,
    SIGNATURE_BYTES,
    USER_DATA_BYTES,
    Document,
    Envelope,
    MalformedDocument,
    open_envelope,
    read,
)

DOCUMENT_BYTES_MAX = 16 * 1024
CERTIFICATE_BYTES_MAX = 8 * 1024

TIMESTAMP_MS_MIN = 1_738_281_600_000
"""2025-01-31 00:00 UTC; nothing older is a document of OpenGradient's."""
FUTURE_S_MAX = 60
"""A document's milliseconds are dropped before its time is held against the block's."""

MEASURED = (0, 1, 2)
"""Registers that identify what runs in the enclave."""


class Reason(StrEnum):
    """Why a document is refused, in the order of the checks."""

    DOCUMENT_SIZE = "document too large"
    KEY_SIZE = "signing key empty or too large"
    CERTIFICATE_SIZE = "TLS certificate empty or too large"
    ROOT = "root certificate cannot be read"
    COSE = "not an untagged COSE_Sign1"
    PAYLOAD = "payload malformed"
    MEASUREMENT = "measurement missing"
    ANCIENT = "timestamp before any document of this network"
    STALE = "document too old"
    FUTURE = "timestamp in the future"
    LEAF = "leaf certificate unusable"
    SIGNATURE = "signature invalid"
    CHAIN = "certificate chain invalid"
    USER_DATA = "user data of another length"
    TLS_BINDING = "another TLS certificate was attested"
    KEY_BINDING = "another signing key was attested"


class Refused(SimnetError):
    """A document proves nothing."""

    def __init__(self, reason: Reason, detail: str = "") -> None:
        super().__init__(f"{reason}: {detail}" if detail else str(reason))
        self.reason = reason


@dataclass(frozen=True, slots=True)
class Verdict:
    """What the checks came to."""

    pcr_hash: Hash32 = ZERO_HASH
    """Keccak-256 of registers 0 to 2; zero for a refused document."""
    reason: Reason | None = None
    detail: str = ""

    @property
    def valid(self) -> bool:
        """Whether the document was accepted."""
        return self.reason is None


@cache
def aws_root() -> bytes:
    """PEM of the root of AWS's Nitro attestation PKI, published by AWS with its SHA-256 fingerprint."""
    return files("nodes.enclave").joinpath("aws_nitro_root.pem").read_bytes()


def verify(document: bytes, spki: bytes, tls_der: bytes, root_pem: bytes, at: int) -> Verdict:
    """Whether `document` proves at Unix second `at` that an enclave holds the keys of `spki` and `tls_der`.

    An empty `root_pem` stands for AWS's own. Never raises, whatever it is given.
    """
    try:
        accepted = check(document, spki, tls_der, root_pem, at)
    except Refused as refused:
        return Verdict(reason=refused.reason, detail=str(refused))
    return Verdict(pcr_hash(accepted))


def pcr_hash(document: Document) -> Hash32:
    """Name of what runs in the enclave, as the registry knows it."""
    return Hash32(keccak(b"".join(document.pcrs[i] for i in MEASURED)))


def check(raw: bytes, spki: bytes, tls_der: bytes, root_pem: bytes, at: int) -> Document:
    """The document, if every check passes. Raises `Refused` at the first that does not."""
    _check_sizes(raw, spki, tls_der)
    root = _root(root_pem or aws_root())
    try:
        envelope = open_envelope(raw)
    except MalformedDocument as error:
        raise Refused(Reason.COSE, str(error)) from error
    try:
        document = read(envelope.payload)
    except MalformedDocument as error:
        raise Refused(Reason.PAYLOAD, str(error)) from error
    if missing := [i for i in MEASURED if i not in document.pcrs]:
        raise Refused(Reason.MEASUREMENT, f"PCR{missing[0]}")
    _check_time(document.timestamp_ms, at)
    leaf = _certificate(document.certificate)
    _check_signature(envelope, leaf)
    _check_chain(leaf, document.cabundle, root, at)
    _check_bindings(document.user_data, spki, tls_der)
    return document


def _check_sizes(document: bytes, spki: bytes, tls_der: bytes) -> None:
    if len(document) > DOCUMENT_BYTES_MAX:
        raise Refused(Reason.DOCUMENT_SIZE, f"{len(document)} bytes")
    if not 0 < len(spki) <= KEY_BYTES_MAX:
        raise Refused(Reason.KEY_SIZE, f"{len(spki)} bytes")
    if not 0 < len(tls_der) <= CERTIFICATE_BYTES_MAX:
        raise Refused(Reason.CERTIFICATE_SIZE, f"{len(tls_der)} bytes")


@cache
def _root(pem: bytes) -> x509.Certificate:
    try:
        return x509.load_pem_x509_certificate(pem)
    except ValueError as error:
        raise Refused(Reason.ROOT, str(error)) from error


def _check_time(timestamp_ms: int, at: int) -> None:
    if timestamp_ms < TIMESTAMP_MS_MIN:
        raise Refused(Reason.ANCIENT)
    ahead_s = timestamp_ms // 1000 - at
    if ahead_s < -DOCUMENT_LIFETIME_S:
        raise Refused(Reason.STALE, f"{-ahead_s} s")
    if ahead_s > FUTURE_S_MAX:
        raise Refused(Reason.FUTURE, f"{ahead_s} s")


def _certificate(der: bytes) -> x509.Certificate:
    try:
        return _parsed(der)
    except ValueError as error:
        raise Refused(Reason.LEAF, str(error)) from error


def _parsed(der: bytes) -> x509.Certificate:
    """Raises `ValueError`, of a serial number too of which cryptography only warns: RFC 5280 wants it positive."""
    with warnings.catch_warnings():
        warnings.simplefilter("error", CryptographyDeprecationWarning)
        try:
            return x509.load_der_x509_certificate(der)
        except CryptographyDeprecationWarning as warning:
            raise ValueError(str(warning)) from warning


def _check_signature(envelope: Envelope, leaf: x509.Certificate) -> None:
    try:
        key = leaf.public_key()
    except (ValueError, UnsupportedAlgorithm) as error:
        raise Refused(Reason.LEAF, str(error)) from error
    if not isinstance(key, ec.EllipticCurvePublicKey) or not isinstance(key.curve, ec.SECP384R1):
        raise Refused(Reason.LEAF, "its key is not on P-384")
    signature = envelope.signature
    if len(signature) != SIGNATURE_BYTES:
        raise Refused(Reason.SIGNATURE, f"{len(signature)} bytes")
    r, s = (int.from_bytes(part, "big") for part in (signature[:COORDINATE_BYTES], signature[COORDINATE_BYTES:]))
    try:
        key.verify(encode_dss_signature(r, s), envelope.signed, ec.ECDSA(SHA384()))
    except InvalidSignature as error:
        raise Refused(Reason.SIGNATURE) from error


def _check_chain(leaf: x509.Certificate, bundle: tuple[bytes, ...], root: x509.Certificate, at: int) -> None:
    """Nitro certificates have no names to check, so only their chain, lifetimes and constraints count."""
    try:
        authorities = [_parsed(der) for der in bundle]
        _verifier(root, at).verify(leaf, authorities)
    except (VerificationError, ValueError) as error:
        raise Refused(Reason.CHAIN, str(error).partition(" (")[0]) from error


def _verifier(root: x509.Certificate, at: int) -> ClientVerifier:
    authority = ExtensionPolicy.permit_all().require_present(
        x509.BasicConstraints, Criticality.CRITICAL, _require_authority
    )
    policy = PolicyBuilder().store(Store([root])).time(datetime.fromtimestamp(at, UTC))
    policy = policy.extension_policies(ca_policy=authority, ee_policy=ExtensionPolicy.permit_all())
    return policy.build_client_verifier()


def _require_authority(_: Policy, __: x509.Certificate, constraints: x509.BasicConstraints) -> None:
    if not constraints.ca:
        raise ValueError("an issuer is not an authority")


def _check_bindings(user_data: bytes, spki: bytes, tls_der: bytes) -> None:
    """The multihash prefixes are skipped, not compared."""
    if len(user_data) != USER_DATA_BYTES:
        raise Refused(Reason.USER_DATA, f"{len(user_data)} bytes")
    if user_data[2:34] != hashlib.sha256(tls_der).digest():
        raise Refused(Reason.TLS_BINDING)
    if user_data[36:68] != hashlib.sha256(spki).digest():
        raise Refused(Reason.KEY_BINDING)
