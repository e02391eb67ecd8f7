"""Attestation documents: what a vendor's hardware writes is accepted, and each thing wrong with it has its reason."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any

import cbor2
import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256, SHA384
from cryptography.hazmat.primitives.serialization import Encoding
from hypothesis import example, given
from hypothesis import strategies as st

from chain.hashing import keccak
from nodes.enclave import attestation, nitro
from nodes.enclave.attestation import Reason, verify
from nodes.enclave.nitro import Document, Envelope
from nodes.enclave.vendor import Credential, Vendor

VENDOR = Vendor(b"vendor")
STRANGER = Vendor(b"somebody else")
AT = 1_767_225_600
SPKI, TLS = b"signing key", b"TLS certificate"
PCRS = nitro.measurement("gateway v1")
MODULE = "i-0123-enc4567"


@cache
def credential() -> tuple[Credential, tuple[bytes, ...]]:
    return VENDOR.enclave(MODULE, AT)


def document(**changes: Any) -> Document:
    """An honest payload with `changes`."""
    leaf, bundle = credential()
    honest = Document(MODULE, AT * 1000, PCRS, leaf.der, bundle, nitro.user_data(TLS, SPKI), b"nonce")
    return replace(honest, **changes)


def signed(payload: bytes, key: ec.EllipticCurvePrivateKey | None = None) -> bytes:
    return nitro.sign(payload, key or credential()[0].key)


def made(**changes: Any) -> bytes:
    """A document with a payload changed before it was signed."""
    return signed(document(**changes).payload())


def with_field(name: str, value: Any) -> bytes:
    """A document with a field of any type, or without the field."""
    content = cbor2.loads(document().payload())
    content[name] = value
    return signed(cbor2.dumps({key: part for key, part in content.items() if part is not ...}))


def reason(
    raw: bytes, spki: bytes = SPKI, tls: bytes = TLS, root: bytes = VENDOR.root_pem, at: int = AT
) -> Reason | None:
    verdict = verify(raw, spki, tls, root, at)
    assert verdict.valid == (verdict.reason is None)
    assert verdict.valid or verdict.pcr_hash == bytes(32)
    return verdict.reason


def test_what_the_vendor_issues_is_accepted_and_its_measurement_is_told() -> None:
    raw = nitro.issue(VENDOR, MODULE, PCRS, nitro.user_data(TLS, SPKI), AT, b"nonce")
    verdict = verify(raw, SPKI, TLS, VENDOR.root_pem, AT)
    assert verdict.valid
    assert verdict.pcr_hash == keccak(PCRS[0] + PCRS[1] + PCRS[2])


def test_a_document_has_the_layout_of_a_real_one() -> None:
    raw = nitro.issue(VENDOR, MODULE, PCRS, nitro.user_data(TLS, SPKI), AT, b"nonce")
    parts = cbor2.loads(raw)
    assert [type(part) for part in parts] == [bytes, dict, bytes, bytes]
    assert cbor2.loads(parts[0]) == {1: -35}
    assert len(parts[3]) == 96
    content = cbor2.loads(parts[2])
    names = "module_id digest timestamp pcrs certificate cabundle public_key user_data nonce"
    assert list(content) == names.split()
    assert content["timestamp"] == AT * 1000
    assert [len(pcr) for pcr in content["pcrs"].values()] == [48] * 16
    assert len(content["cabundle"]) == 4
    hashes = [hashlib.sha256(part).hexdigest() for part in (TLS, SPKI)]
    assert content["user_data"].hex() == f"1220{hashes[0]}1220{hashes[1]}"
    assert len(content["user_data"]) == 68


def test_one_seed_gives_one_document() -> None:
    again = Vendor(b"vendor")
    assert made() == made()
    assert again.root_pem == VENDOR.root_pem
    assert again.enclave(MODULE, AT)[0].der == credential()[0].der
    assert again.enclave("another", AT)[0].der != credential()[0].der


def test_certificates_are_renewed_and_documents_of_any_day_verify() -> None:
    for at in (AT - 1, AT + 3 * 3600, AT + 86_400, AT + 30 * 86_400):
        raw = nitro.issue(VENDOR, MODULE, PCRS, nitro.user_data(TLS, SPKI), at)
        assert reason(raw, at=at) is None
        assert reason(raw, at=at + 300) is None


# -- sizes -------------------------------------------------------------------------------------------------


def test_sizes_are_bounded() -> None:
    assert reason(made(nonce=bytes(12_000))) is None
    assert reason(made(nonce=bytes(13_000))) is Reason.DOCUMENT_SIZE
    assert reason(made(), spki=bytes(8 * 1024)) is Reason.KEY_BINDING
    assert reason(made(), spki=bytes(8 * 1024 + 1)) is Reason.KEY_SIZE
    assert reason(made(), spki=b"") is Reason.KEY_SIZE
    assert reason(made(), tls=bytes(8 * 1024)) is Reason.TLS_BINDING
    assert reason(made(), tls=bytes(8 * 1024 + 1)) is Reason.CERTIFICATE_SIZE
    assert reason(made(), tls=b"") is Reason.CERTIFICATE_SIZE


# -- structure ---------------------------------------------------------------------------------------------


def test_a_tagged_cose_sign1_is_refused() -> None:
    assert reason(cbor2.dumps(cbor2.CBORTag(18, cbor2.loads(made())))) is Reason.COSE


@pytest.mark.parametrize(
    "raw",
    [
        b"",
        b"\xff",
        b"\x81" * 1000,
        cbor2.dumps({}),
        cbor2.dumps([b"", {}, b""]),
        cbor2.dumps([b"", {}, b"", b"", b""]),
        cbor2.dumps([b"", {}, "payload", b""]),
        cbor2.dumps([b"", [], b"", b""]),
        made() + b"\0",
        made()[:-1],
    ],
    ids=range(10),
)
def test_what_is_no_cose_sign1_is_refused(raw: bytes) -> None:
    assert reason(raw) is Reason.COSE


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("module_id", ...),
        ("module_id", b"bytes"),
        ("digest", ...),
        ("digest", 384),
        ("timestamp", ...),
        ("timestamp", -1),
        ("timestamp", 2**64),
        ("timestamp", True),
        ("timestamp", float(AT * 1000)),
        ("pcrs", ...),
        ("pcrs", [bytes(48)] * 3),
        ("pcrs", {"0": bytes(48)}),
        ("pcrs", {0: "text"}),
        ("certificate", ...),
        ("certificate", "PEM"),
        ("cabundle", ...),
        ("cabundle", b"one"),
        ("cabundle", ["PEM"]),
        ("public_key", "text"),
        ("user_data", "text"),
        ("nonce", 7),
    ],
)
def test_a_field_that_is_missing_or_of_another_type_is_refused(name: str, value: Any) -> None:
    verdict = verify(with_field(name, value), SPKI, TLS, VENDOR.root_pem, AT)
    assert verdict.reason is Reason.PAYLOAD
    assert name in verdict.detail


def test_a_payload_that_is_no_map_is_refused() -> None:
    assert reason(signed(cbor2.dumps([1]))) is Reason.PAYLOAD
    assert reason(signed(b"")) is Reason.PAYLOAD
    assert reason(signed(document().payload() + b"\0")) is Reason.PAYLOAD


@pytest.mark.parametrize("index", [0, 1, 2])
def test_each_of_the_three_measurements_must_be_there(index: int) -> None:
    verdict = verify(made(pcrs={i: p for i, p in PCRS.items() if i != index}), SPKI, TLS, VENDOR.root_pem, AT)
    assert verdict.reason is Reason.MEASUREMENT
    assert f"PCR{index}" in verdict.detail


def test_other_registers_may_be_missing() -> None:
    assert reason(made(pcrs={i: PCRS[i] for i in range(3)})) is None


@pytest.mark.parametrize("change", [{"module_id": ""}, {"digest": "MD5"}, {"nonce": b""}, {"public_key": b"other"}])
def test_what_opengradient_does_not_look_at_is_not_looked_at(change: Mapping[str, Any]) -> None:
    assert reason(made(**change)) is None


# -- time --------------------------------------------------------------------------------------------------


def test_a_document_is_good_from_a_minute_before_its_time_to_five_minutes_after() -> None:
    raw = made()
    assert reason(raw, at=AT - 61) is Reason.FUTURE
    assert reason(raw, at=AT - 60) is None
    assert reason(raw, at=AT + 300) is None
    assert reason(raw, at=AT + 301) is Reason.STALE


@pytest.mark.parametrize(
    ("shift_ms", "verdict"),
    [(-300_001, Reason.STALE), (-300_000, None), (60_001, None), (60_999, None), (61_000, Reason.FUTURE)],
)
def test_milliseconds_are_dropped_before_time_is_compared(shift_ms: int, verdict: Reason | None) -> None:
    assert reason(made(timestamp_ms=AT * 1000 + shift_ms)) is verdict


def test_no_document_is_older_than_the_network() -> None:
    first = 1_738_281_600
    assert reason(made(timestamp_ms=first * 1000 - 1), at=first) is Reason.ANCIENT
    old = VENDOR.enclave(MODULE, first)
    raw = signed(document(timestamp_ms=first * 1000, certificate=old[0].der, cabundle=old[1]).payload(), old[0].key)
    assert reason(raw, at=first) is None


# -- signature ---------------------------------------------------------------------------------------------


def test_a_document_changed_after_it_was_signed_is_refused() -> None:
    envelope = nitro.open_envelope(made())
    for changed in (
        replace(envelope, payload=document(nonce=b"other").payload()),
        replace(envelope, protected=cbor2.dumps({1: -7})),
        replace(envelope, signature=bytes(96)),
        replace(envelope, signature=envelope.signature[:-1]),
        replace(envelope, signature=envelope.signature + b"\0"),
        replace(envelope, signature=envelope.signature[48:] + envelope.signature[:48]),
    ):
        assert reason(packed(changed)) is Reason.SIGNATURE
    assert reason(packed(envelope)) is None


def packed(envelope: Envelope) -> bytes:
    return cbor2.dumps([envelope.protected, {}, envelope.payload, envelope.signature])


def test_a_document_signed_with_another_key_is_refused() -> None:
    assert reason(signed(document().payload(), STRANGER.root.key)) is Reason.SIGNATURE


def test_a_leaf_that_cannot_sign_es384_is_refused() -> None:
    assert reason(made(certificate=b"no certificate")) is Reason.LEAF
    curve = ec.derive_private_key(7, ec.SECP256R1())
    assert reason(made(certificate=certificate(curve, credential()[0], SHA256()))) is Reason.LEAF


# -- chain -------------------------------------------------------------------------------------------------


def certificate(
    key: ec.EllipticCurvePrivateKey,
    issuer: Credential,
    algorithm: SHA256 | SHA384,
    constraints: x509.BasicConstraints | None = None,
    begins: int = AT - 60,
    lasts_s: int = 3600,
) -> bytes:
    """A certificate of our own making."""
    start = datetime.fromtimestamp(begins, UTC)
    nobody = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "made up")])
    builder = x509.CertificateBuilder(issuer.certificate.subject, nobody, key.public_key(), 5)
    builder = builder.not_valid_before(start).not_valid_after(start + timedelta(seconds=lasts_s))
    if constraints is not None:
        builder = builder.add_extension(constraints, critical=True)
    return builder.sign(issuer.key, algorithm).public_bytes(Encoding.DER)


def made_by(leaf_der: bytes, key: ec.EllipticCurvePrivateKey, bundle: tuple[bytes, ...], at: int = AT) -> bytes:
    return signed(document(certificate=leaf_der, cabundle=bundle, timestamp_ms=at * 1000).payload(), key)


def test_another_vendors_document_is_refused() -> None:
    raw = nitro.issue(STRANGER, MODULE, PCRS, nitro.user_data(TLS, SPKI), AT)
    assert reason(raw) is Reason.CHAIN
    assert reason(raw, root=STRANGER.root_pem) is None


def test_a_leaf_that_signs_itself_is_refused() -> None:
    key = ec.derive_private_key(9, ec.SECP384R1())
    forged = Credential(x509.load_der_x509_certificate(certificate(key, VENDOR.root, SHA384())), key)
    alone = certificate(key, forged, SHA384())
    assert reason(made_by(alone, key, credential()[1])) is Reason.CHAIN


@pytest.mark.parametrize("missing", [1, 2, 3])
def test_every_authority_below_the_root_must_be_in_the_bundle(missing: int) -> None:
    bundle = credential()[1]
    assert reason(made(cabundle=bundle[:missing] + bundle[missing + 1 :])) is Reason.CHAIN


def test_the_root_and_the_order_of_the_bundle_do_not_matter() -> None:
    bundle = credential()[1]
    assert reason(made(cabundle=bundle[1:])) is None
    assert reason(made(cabundle=tuple(reversed(bundle)))) is None


def test_a_bundle_that_cannot_be_read_is_refused() -> None:
    assert reason(made(cabundle=(*credential()[1], b"no certificate"))) is Reason.CHAIN


def machine() -> tuple[Credential, tuple[bytes, ...]]:
    """The last authority, which may certify enclaves and nothing else, and the bundle with it."""
    bundle = credential()[1]
    last = next(c for c in VENDOR._issued.values() if c.der == bundle[-1])
    return last, bundle


def test_what_a_machine_certifies_is_accepted_within_its_lifetime() -> None:
    issuer, bundle = machine()
    key = ec.derive_private_key(11, ec.SECP384R1())
    leaf = certificate(key, issuer, SHA384(), begins=AT, lasts_s=100)
    assert reason(made_by(leaf, key, bundle)) is None
    assert reason(made_by(leaf, key, bundle), at=AT + 101) is Reason.CHAIN
    assert reason(made_by(leaf, key, bundle), at=AT - 1) is Reason.CHAIN


@pytest.mark.parametrize(
    "constraints", [x509.BasicConstraints(ca=False, path_length=None), x509.BasicConstraints(ca=True, path_length=0)]
)
def test_an_enclave_cannot_certify_another(constraints: x509.BasicConstraints) -> None:
    issuer, bundle = machine()
    middle_key, key = (ec.derive_private_key(i, ec.SECP384R1()) for i in (13, 17))
    middle_der = certificate(middle_key, issuer, SHA384(), constraints)
    middle = Credential(x509.load_der_x509_certificate(middle_der), middle_key)
    leaf = certificate(key, middle, SHA384())
    assert reason(made_by(leaf, key, (*bundle, middle_der))) is Reason.CHAIN


# -- what is attested --------------------------------------------------------------------------------------


def test_both_keys_must_be_those_attested() -> None:
    assert reason(made(), spki=b"another") is Reason.KEY_BINDING
    assert reason(made(), tls=b"another") is Reason.TLS_BINDING
    assert reason(made(user_data=nitro.user_data(SPKI, TLS))) is Reason.TLS_BINDING


@pytest.mark.parametrize("data", [b"", bytes(67), bytes(69)])
def test_user_data_of_another_length_is_refused(data: bytes) -> None:
    assert reason(made(user_data=data)) is Reason.USER_DATA


def test_multihash_prefixes_are_skipped() -> None:
    data = bytearray(nitro.user_data(TLS, SPKI))
    data[0:2] = data[34:36] = b"??"
    assert reason(made(user_data=bytes(data))) is None


# -- order, root, robustness -------------------------------------------------------------------------------


def test_the_first_thing_wrong_is_the_reason_given() -> None:
    wrong: list[tuple[Reason, Callable[[], bytes]]] = [
        (Reason.MEASUREMENT, lambda: made(pcrs={}, timestamp_ms=1)),
        (Reason.ANCIENT, lambda: made(timestamp_ms=1, certificate=b"")),
        (Reason.STALE, lambda: made(timestamp_ms=AT * 1000 - 400_000, certificate=b"")),
        (Reason.LEAF, lambda: made(certificate=b"", cabundle=())),
        (Reason.SIGNATURE, lambda: signed(document(cabundle=()).payload(), STRANGER.root.key)),
        (Reason.CHAIN, lambda: made(cabundle=(), user_data=b"")),
        (Reason.USER_DATA, lambda: made(user_data=b"")),
    ]
    for expected, make in wrong:
        assert reason(make(), spki=b"another", tls=b"another") is expected


def test_without_a_root_amazons_own_is_meant() -> None:
    """AWS publishes the fingerprint with the root, in "Verifying the root of trust"."""
    root = x509.load_pem_x509_certificate(attestation.aws_root())
    assert root.fingerprint(SHA256()).hex() == "641a0321a3e244efe456463195d606317ed7cdcc3c1756e09893f3c68f79bb5b"
    assert reason(made(), root=b"") is Reason.CHAIN
    assert reason(made(), root=attestation.aws_root()) is Reason.CHAIN


def test_a_root_that_cannot_be_read_is_refused() -> None:
    assert reason(made(), root=b"PEM") is Reason.ROOT
    assert reason(made(), root=VENDOR.root.der) is Reason.ROOT


@given(st.binary(max_size=64), st.integers(0, 3800), st.integers(0, 64))
def test_no_bytes_whatever_make_the_verifier_raise(noise: bytes, start: int, removed: int) -> None:
    raw = made()
    changed = raw[:start] + noise + raw[start + removed :]
    assert (reason(changed) is None) == (changed == raw)


@example(b"\x80", 15, "certificate")  # a negative serial number
@example(b"\x80", 15, "cabundle")
@given(st.binary(max_size=48), st.integers(0, 700), st.sampled_from(["certificate", "cabundle"]))
def test_no_certificate_whatever_makes_the_verifier_raise(noise: bytes, start: int, place: str) -> None:
    leaf, bundle = credential()
    der = leaf.der if place == "certificate" else bundle[-1]
    changed = der[:start] + noise + der[start + len(noise) :]
    change: dict[str, Any] = (
        {"certificate": changed} if place == "certificate" else {"cabundle": (*bundle[:-1], changed)}
    )
    assert (reason(made(**change)) is None) == (changed == der)
