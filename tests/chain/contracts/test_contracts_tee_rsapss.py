"""RSA-PSS in Solidity agrees with OpenSSL on every signature, and holds each step of EMSA-PSS against crafted ones."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from functools import cache

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from chain.quantities import Address, Gas, Timestamp
from chain.seam import Call, Chain
from nodes.enclave import native
from nodes.enclave.keys import ResponseKey, verify_pss
from tests.contracts_world import in_process

ALICE = Address("0x" + "a1" * 20)
GAS_MAX = 150_000
KEY = ResponseKey(b"enclave")
MESSAGE = hashlib.sha256(b"answer").digest()


@cache
def chain() -> Chain:
    found = in_process()
    native.install(found)
    return found


def accepts(signature: bytes, message: bytes = MESSAGE, spki: bytes = KEY.spki) -> bool:
    verdict: bool = chain().read("TEENative", "verifyRSAPSS", spki, message, signature)
    return verdict


@cache
def openssl() -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(65537, 2048)


def spki_of(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> bytes:
    return key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def signed(message: bytes, salt: int = 32, digest: hashes.HashAlgorithm | None = None) -> bytes:
    """A signature by OpenSSL, with a salt of its own choosing."""
    digest = digest or hashes.SHA256()
    return openssl().sign(message, padding.PSS(padding.MGF1(digest), salt), digest)


# -- signatures --------------------------------------------------------------------------------------------


@given(st.binary(min_size=32, max_size=32))
def test_what_openssl_signs_is_accepted_and_no_other_message(message: bytes) -> None:
    signature = signed(message)
    assert accepts(signature, message, spki_of(openssl()))
    other = bytes([message[0] ^ 1]) + message[1:]
    assert not accepts(signature, other, spki_of(openssl()))


@given(st.integers(0, 255), st.integers(1, 255))
def test_a_signature_with_one_byte_changed_is_refused(place: int, change: int) -> None:
    signature = bytearray(KEY.sign(MESSAGE))
    signature[place] ^= change
    assert not accepts(bytes(signature))


@given(st.binary(max_size=600), st.binary(max_size=300))
def test_any_bytes_whatever_get_openssls_verdict(spki: bytes, signature: bytes) -> None:
    assert accepts(signature) == verify_pss(KEY.spki, MESSAGE, signature)
    assert accepts(KEY.sign(MESSAGE), spki=spki) == verify_pss(spki, MESSAGE, KEY.sign(MESSAGE))


@given(st.integers(0, 293), st.integers(1, 255))
def test_a_key_with_one_byte_changed_signed_nothing(place: int, change: int) -> None:
    spki = bytearray(KEY.spki)
    spki[place] ^= change
    assert not accepts(KEY.sign(MESSAGE), spki=bytes(spki))


@pytest.mark.parametrize("signature", [b"", bytes(255), bytes(256), bytes(257), b"\xff" * 256])
def test_what_is_no_signature_is_refused(signature: bytes) -> None:
    assert not accepts(signature)


@pytest.mark.parametrize("salt", [0, 20, 31, 33, 222])
def test_a_salt_of_another_length_is_refused(salt: int) -> None:
    assert not accepts(signed(MESSAGE, salt), spki=spki_of(openssl()))


def test_another_hash_or_padding_is_refused() -> None:
    spki = spki_of(openssl())
    assert not accepts(signed(MESSAGE, 32, hashes.SHA384()), spki=spki)
    assert not accepts(openssl().sign(MESSAGE, padding.PKCS1v15(), hashes.SHA256()), spki=spki)


def test_keys_other_than_rsa_2048_are_refused() -> None:
    for key in (rsa.generate_private_key(3, 2048), rsa.generate_private_key(65537, 3072)):
        signature = key.sign(MESSAGE, padding.PSS(padding.MGF1(hashes.SHA256()), 32), hashes.SHA256())
        assert not accepts(signature, spki=spki_of(key))
    assert not accepts(KEY.sign(MESSAGE), spki=spki_of(ec.derive_private_key(5, ec.SECP256R1())))
    assert not accepts(KEY.sign(MESSAGE), spki=KEY.spki + b"\0")


def test_a_signature_not_below_the_modulus_is_refused() -> None:
    """The same residue has two representations; RFC 8017 admits one."""
    modulus = openssl().public_key().public_numbers().n
    signatures = (signed(MESSAGE) for _ in range(1000))
    small = next(s for s in signatures if int.from_bytes(s, "big") + modulus < 2**2048)
    again = (int.from_bytes(small, "big") + modulus).to_bytes(256, "big")
    assert accepts(small, spki=spki_of(openssl()))
    assert not accepts(again, spki=spki_of(openssl()))


# -- encodings ---------------------------------------------------------------------------------------------


def encoding(salt: bytes, **wrong: bytes | int) -> bytes:
    """EMSA-PSS of `MESSAGE`, RFC 8017, section 9.1.1, with steps replaced."""
    digest = hashlib.sha256(MESSAGE).digest()
    hashed = hashlib.sha256(bytes(8) + digest + salt).digest()
    block = bytearray(bytes(190) + b"\x01" + salt)
    if (place := wrong.get("padding")) is not None:
        block[int(place)] ^= 1
    if (separator := wrong.get("separator")) is not None:
        block[190] = int(separator)
    mask = b"".join(hashlib.sha256(hashed + i.to_bytes(4, "big")).digest() for i in range(7))
    masked = bytearray(a ^ b for a, b in zip(block, mask, strict=False))
    masked[0] &= 0x7F
    masked[0] |= int(wrong.get("top", 0))
    changed = wrong.get("hashed", hashed)
    assert isinstance(changed, bytes)
    return bytes(masked) + changed + bytes([int(wrong.get("trailer", 0xBC))])


def raised(encoded: bytes) -> bytes | None:
    """What a key's owner can make of any encoding; ``None`` for one above the modulus."""
    numbers = openssl().private_numbers()
    value, modulus = int.from_bytes(encoded, "big"), numbers.public_numbers.n
    return pow(value, numbers.d, modulus).to_bytes(256, "big") if value < modulus else None


def salts() -> Iterator[bytes]:
    return (hashlib.sha256(bytes([i])).digest() for i in range(256))


def test_an_encoding_of_our_own_is_accepted() -> None:
    signature = raised(encoding(bytes(32)))
    assert signature is not None
    assert accepts(signature, spki=spki_of(openssl()))


@pytest.mark.parametrize(
    "wrong",
    [
        {"trailer": 0xCC},
        {"trailer": 0},
        {"top": 0x80},
        {"padding": 0},
        {"padding": 31},
        {"padding": 32},
        {"padding": 159},
        {"padding": 160},
        {"padding": 189},
        {"separator": 0},
        {"separator": 2},
        {"separator": 0x81},
        {"hashed": bytes(32)},
    ],
)
def test_an_encoding_with_one_thing_wrong_is_refused(wrong: dict[str, bytes | int]) -> None:
    signature = next(s for salt in salts() if (s := raised(encoding(salt, **wrong))) is not None)
    assert not accepts(signature, spki=spki_of(openssl()))
    assert not verify_pss(spki_of(openssl()), MESSAGE, signature)


# -- gas ---------------------------------------------------------------------------------------------------


def test_a_transaction_that_verifies_a_signature_stays_below_the_limit() -> None:
    call = Call(ALICE, "TEENative", "verifyRSAPSS", (KEY.spki, MESSAGE, KEY.sign(MESSAGE)), Gas(GAS_MAX))
    receipt = chain().mine([call], Timestamp(chain().head[1] + 1)).receipts[0]
    assert receipt.ok
    assert receipt.gas_used < GAS_MAX / 2
