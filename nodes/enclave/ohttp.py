"""Oblivious HTTP: how an enclave opens requests that a relay carries and cannot read, and seals the answers.

The construction is RFC 9458's, with HPKE (RFC 9180) by `pyhpke`; answers that are streamed follow
draft-ietf-ohai-chunked-ohttp. As in OpenGradient's gateway (tee-gateway, ohttp.py) what is inside is JSON or an event
stream in the place of binary HTTP, and one suite is spoken: X25519, HKDF-SHA256, ChaCha20-Poly1305.
"""

from __future__ import annotations

from dataclasses import dataclass

from cryptography.hazmat.primitives.asymmetric.x25519 import X25519PrivateKey
from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.hmac import HMAC
from cryptography.hazmat.primitives.kdf.hkdf import HKDFExpand
from pyhpke import AEADId, CipherSuite, KDFId, KEMId, KEMKey
from pyhpke.exceptions import PyHPKEError

from nodes.enclave.signing import OhttpConfig

SUITE = CipherSuite.new(KEMId.DHKEM_X25519_HKDF_SHA256, KDFId.HKDF_SHA256, AEADId.CHACHA20_POLY1305)

HEADER_BYTES, KEY_BYTES, NONCE_BYTES = 7, 32, 12
"""Of the ids before an encapsulated request; of keys and of an answer's salt; of an AEAD's nonce."""

REQUEST, RESPONSE, CHUNKED = b"message/bhttp request", b"message/bhttp response", b"message/bhttp chunked response"
"""What keys are derived for."""


class CannotOpen(Exception):
    """An encapsulated request is malformed, or for another key."""


@dataclass(frozen=True, slots=True)
class Opened:
    """A request, and what its answer is sealed with: one answer, by `seal` or by a `Stream`."""

    plaintext: bytes
    enc: bytes
    """The asker's key, made for this request."""
    whole_secret: bytes
    chunked_secret: bytes
    salt: bytes
    """32 bytes, new for each: a relay can send a request twice, and two answers must not share a nonce."""

    def seal(self, plaintext: bytes) -> bytes:
        """An answer in one piece (RFC 9458, section 4.4)."""
        key, nonce = response_keys(self.whole_secret, self.enc, self.salt)
        return self.salt + ChaCha20Poly1305(key).encrypt(nonce, plaintext, b"")

    def stream(self) -> Stream:
        """An answer in pieces."""
        return Stream(self.salt, *response_keys(self.chunked_secret, self.enc, self.salt))


class Stream:
    """Seals an answer piece by piece, so that a piece that is missing, or the end, is noticed."""

    def __init__(self, salt: bytes, key: bytes, nonce: bytes) -> None:
        self._begin, self._aead, self._nonce, self._count = salt, ChaCha20Poly1305(key), nonce, 0

    def seal(self, plaintext: bytes, is_last: bool) -> bytes:
        """The next piece, with its length before it: 0 before the last."""
        counter = self._count.to_bytes(NONCE_BYTES, "big")
        nonce = bytes(a ^ b for a, b in zip(self._nonce, counter, strict=True))
        sealed = self._aead.encrypt(nonce, plaintext, b"final" if is_last else b"")
        begin, self._begin, self._count = self._begin, b"", self._count + 1
        return begin + varint(0 if is_last else len(sealed)) + sealed


def seal_request(config: OhttpConfig, plaintext: bytes) -> bytes:
    """An encapsulated request to a key, of somebody who wants no answer."""
    enc, context = SUITE.create_sender_context(
        SUITE.kem.deserialize_public_key(config.public_key), info=REQUEST + b"\0" + config.ids
    )
    return config.ids + enc + context.seal(plaintext)


def open_request(private: bytes, sealed: bytes, salt: bytes) -> Opened:
    """What is in an encapsulated request to a key. Raises `CannotOpen`."""
    ids, enc = sealed[:HEADER_BYTES], sealed[HEADER_BYTES : HEADER_BYTES + KEY_BYTES]
    if ids != OhttpConfig.of(private).ids or len(enc) != KEY_BYTES:
        raise CannotOpen
    try:
        key = KEMKey.from_pyca_cryptography_key(X25519PrivateKey.from_private_bytes(private))
        context = SUITE.create_recipient_context(enc, key, info=REQUEST + b"\0" + ids)
        plaintext = context.open(sealed[HEADER_BYTES + KEY_BYTES :])
    except (PyHPKEError, ValueError):
        raise CannotOpen from None
    whole, chunked = (context.export(label, KEY_BYTES) for label in (RESPONSE, CHUNKED))
    return Opened(plaintext, enc, whole, chunked, salt)


def response_keys(secret: bytes, enc: bytes, salt: bytes) -> tuple[bytes, bytes]:
    """Key and nonce of an answer (RFC 9458, section 4.4)."""
    extract = HMAC(enc + salt, SHA256())
    extract.update(secret)
    pseudorandom = extract.finalize()
    key, nonce = (
        HKDFExpand(SHA256(), length, label).derive(pseudorandom)
        for length, label in ((KEY_BYTES, b"key"), (NONCE_BYTES, b"nonce"))
    )
    return key, nonce


def varint(value: int) -> bytes:
    """A length as QUIC writes it (RFC 9000, section 16): two bits for the size, and 6, 14, 30 or 62 of the number."""
    size = next(power for power in range(4) if value < 1 << (8 * (1 << power) - 2))
    length = 1 << size
    return (value | size << (8 * length - 2)).to_bytes(length, "big")
