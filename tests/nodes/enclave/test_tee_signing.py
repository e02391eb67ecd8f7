"""What enclaves sign: hashes as OpenGradient specifies them, signatures that verify, and nothing else that does."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from Crypto.PublicKey import RSA
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_der_public_key
from hypothesis import given
from hypothesis import strategies as st

from chain.hashing import keccak
from nodes.enclave import canonical, nitro, signing
from nodes.enclave.attestation import verify
from nodes.enclave.canonical import UnsupportedRequest
from nodes.enclave.enclave import Enclave
from nodes.enclave.keys import ResponseKey, _rsa_key, verify_pss
from nodes.enclave.vendor import Vendor
from tests.tee_world import verifies

AT = 1_767_225_600
VENDOR = Vendor(b"vendor")
ENCLAVE = Enclave(VENDOR, "i-1", nitro.measurement("v1"), b"enclave", AT)
OTHER = Enclave(VENDOR, "i-2", nitro.measurement("v1"), b"other", AT)
INPUT, OUTPUT = keccak(b"question"), keccak(b"answer")


def word(value: int) -> bytes:
    return value.to_bytes(32, "big")


# -- keys --------------------------------------------------------------------------------------------------


def test_a_response_key_is_rsa_2048_and_the_same_for_the_same_seed() -> None:
    key = load_der_public_key(ENCLAVE.key.spki)
    assert isinstance(key, rsa.RSAPublicKey)
    assert key.key_size == 2048
    assert key.public_numbers().e == 65537
    assert ResponseKey(ENCLAVE.key._seed).spki == ENCLAVE.key.spki
    assert OTHER.key.spki != ENCLAVE.key.spki


@pytest.mark.parametrize("seed", [bytes([number]) for number in range(5)])
def test_the_private_half_is_of_two_large_primes_that_fit_the_public_one(seed: bytes) -> None:
    key = _rsa_key(seed)
    assert RSA.construct((key.n, key.e, key.d, key.p, key.q), consistency_check=True) == key
    assert (key.n.bit_length(), key.p.bit_length(), key.q.bit_length()) == (2048, 1024, 1024)


def test_a_signature_is_the_same_for_the_same_message_and_its_salt_differs_with_the_message() -> None:
    assert ENCLAVE.key.sign(b"a") == ENCLAVE.key.sign(b"a")
    assert ENCLAVE.key.sign(b"a") != ENCLAVE.key.sign(b"b")
    assert len(ENCLAVE.key.sign(b"a")) == 256


@given(st.binary(max_size=300))
def test_any_message_signed_verifies_and_no_other(message: bytes) -> None:
    signature = ENCLAVE.key.sign(message)
    assert verify_pss(ENCLAVE.key.spki, message, signature)
    assert not verify_pss(ENCLAVE.key.spki, message + b"\0", signature)
    assert not verify_pss(OTHER.key.spki, message, signature)


@given(st.binary(max_size=300), st.binary(max_size=300))
def test_no_bytes_whatever_make_the_check_raise(spki: bytes, signature: bytes) -> None:
    assert not verify_pss(spki, b"m", signature)
    assert not verify_pss(ENCLAVE.key.spki, b"m", signature)


def test_keys_and_signatures_outside_the_limits_are_refused() -> None:
    curve = ec.derive_private_key(5, ec.SECP256R1()).public_key()
    spki = curve.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    assert not verify_pss(spki, b"m", bytes(256))
    small = rsa.generate_private_key(65537, 1024).public_key()
    spki = small.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    assert not verify_pss(spki, b"m", bytes(128))
    assert not verify_pss(bytes(9000), b"m", bytes(256))
    assert not verify_pss(ENCLAVE.key.spki, b"m", bytes(1025))


# -- messages ----------------------------------------------------------------------------------------------


def test_messages_are_hashed_as_specified() -> None:
    assert signing.response_message(INPUT, OUTPUT, AT) == keccak(INPUT + OUTPUT + word(AT))
    assert signing.heartbeat_message(ENCLAVE.id, AT) == keccak(ENCLAVE.id + word(AT))
    assert ENCLAVE.id == keccak(ENCLAVE.key.spki)
    assert signing.output_hash("é") == keccak("é".encode())
    assert signing.request_hash({"b": 0.0, "a": "é"}) == keccak(rb'{"a": "\u00e9", "b": 0.0}')


def test_an_answer_verifies_and_nothing_of_it_can_be_changed() -> None:
    response = ENCLAVE.respond(INPUT, OUTPUT, AT)
    assert verifies(response, ENCLAVE)
    assert not verifies(response, OTHER)
    for changed in (
        replace(response, input_hash=OUTPUT),
        replace(response, output_hash=INPUT),
        replace(response, timestamp=AT + 1),
        replace(response, signature=response.signature[::-1]),
        replace(response, tee=OTHER.id),
    ):
        assert not verifies(changed, ENCLAVE)


def test_an_answer_is_told_in_the_gateways_fields() -> None:
    told = ENCLAVE.respond(INPUT, OUTPUT, AT).as_json()
    assert json.loads(json.dumps(told)) == told
    assert told["tee_request_hash"] == INPUT.hex()
    assert told["tee_output_hash"] == OUTPUT.hex()
    assert told["tee_id"] == "0x" + ENCLAVE.id.hex()
    assert told["tee_timestamp"] == AT


def test_a_heartbeat_is_dated_back_and_verifies() -> None:
    timestamp, signature = ENCLAVE.heartbeat(AT)
    assert timestamp == AT - 300
    assert verify_pss(ENCLAVE.key.spki, signing.heartbeat_message(ENCLAVE.id, timestamp), signature)


# -- enclaves ----------------------------------------------------------------------------------------------


def test_an_enclaves_attestation_covers_its_own_keys() -> None:
    document = ENCLAVE.attest(AT)
    assert verify(document, ENCLAVE.key.spki, ENCLAVE.tls.der, VENDOR.root_pem, AT).valid
    assert not verify(document, OTHER.key.spki, ENCLAVE.tls.der, VENDOR.root_pem, AT).valid
    assert not verify(document, ENCLAVE.key.spki, OTHER.tls.der, VENDOR.root_pem, AT).valid


def test_an_enclaves_tls_certificate_signs_itself_and_is_the_same_for_the_same_seed() -> None:
    certificate = x509.load_der_x509_certificate(ENCLAVE.tls.der)
    certificate.verify_directly_issued_by(certificate)
    assert certificate.not_valid_before_utc.timestamp() == AT
    again = Enclave(VENDOR, "i-1", ENCLAVE.pcrs, b"enclave", AT)
    assert again.tls.der == ENCLAVE.tls.der


def test_an_ohttp_configuration_is_bound_to_its_enclave() -> None:
    config = signing.OhttpConfig(bytes(32), b"config")
    signature = ENCLAVE.bind(config)
    assert verify_pss(ENCLAVE.key.spki, config.message(ENCLAVE.id), signature)
    assert not verify_pss(ENCLAVE.key.spki, config.message(OTHER.id), signature)
    for changed in (replace(config, key_id=2), replace(config, public_key=b"x"), replace(config, key_config=b"")):
        assert not verify_pss(ENCLAVE.key.spki, changed.message(ENCLAVE.id), signature)


# -- canonical requests ------------------------------------------------------------------------------------


def test_a_chat_request_keeps_what_is_signed_and_drops_the_rest() -> None:
    body = {
        "model": "m",
        "messages": [{"role": "developer", "content": "s", "name": "n"}, {"role": "user", "content": 5}],
        "temperature": 1,
        "top_p": 0.5,
        "seed": 1,
        "tool_choice": "auto",
        "stop": [],
        "web_search": 1,
    }
    assert canonical.chat(body) == {
        "model": "m",
        "messages": [{"role": "system", "content": "s"}, {"role": "user", "content": "5"}],
        "temperature": 1.0,
        "web_search": True,
    }


def test_the_temperature_is_always_written_as_a_fraction() -> None:
    body = {"model": "m", "messages": [{"role": "user", "content": "x"}]}
    assert '"temperature": 0.0' in signing.canonical_json(canonical.chat(body))
    assert '"temperature": 2.0' in signing.canonical_json(canonical.chat({**body, "temperature": 2}))


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"model": "", "messages": [{"role": "user", "content": "x"}]},
        {"model": "m"},
        {"model": "m", "messages": []},
        {"model": "m", "messages": ["x"]},
        {"model": "m", "messages": [{"role": "oracle", "content": "x"}]},
        {"model": "m", "messages": [{"role": "user", "content": "x"}], "tools": {"a": 1}},
    ],
)
def test_a_request_without_canonical_form_is_refused(body: dict[str, object]) -> None:
    with pytest.raises(UnsupportedRequest):
        canonical.chat(body)
