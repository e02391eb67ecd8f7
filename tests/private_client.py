"""The asker's side of oblivious HTTP, as RFC 9458 and draft-ietf-ohai-chunked-ohttp have it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from cryptography.hazmat.primitives.ciphers.aead import ChaCha20Poly1305
from pyhpke import AEADId, CipherSuite, KDFId, KEMId

from nodes.enclave.ohttp import response_keys
from nodes.enclave.signing import OhttpConfig

SUITE = CipherSuite.new(KEMId.DHKEM_X25519_HKDF_SHA256, KDFId.HKDF_SHA256, AEADId.CHACHA20_POLY1305)


@dataclass
class Asking:
    """A sealed request, and what opens its answer."""

    wire: bytes
    enc: bytes
    whole: bytes
    chunked: bytes

    def open(self, sealed: bytes) -> Any:
        """The answer in one piece. Raises `cryptography.exceptions.InvalidTag`."""
        key, nonce = response_keys(self.whole, self.enc, sealed[:32])
        return json.loads(ChaCha20Poly1305(key).decrypt(nonce, sealed[32:], b""))

    def open_stream(self, parts: list[bytes]) -> list[bytes]:
        """The pieces of a streamed answer, each sent with its length before it, and the salt before the first."""
        key, base = response_keys(self.chunked, self.enc, parts[0][:32])
        parts = [parts[0][32:], *parts[1:]]
        opened = []
        for number, part in enumerate(parts):
            size = 1 << (part[0] >> 6)
            length = int.from_bytes(part[:size], "big") & (1 << (8 * size - 2)) - 1
            is_last = number == len(parts) - 1
            assert length == (0 if is_last else len(part) - size)
            nonce = (int.from_bytes(base, "big") ^ number).to_bytes(12, "big")
            opened.append(ChaCha20Poly1305(key).decrypt(nonce, part[size:], b"final" if is_last else b""))
        return opened


def seal(config: OhttpConfig, body: Any) -> Asking:
    """Seal a request to a gateway's key."""
    info = b"message/bhttp request\0" + config.ids
    enc, context = SUITE.create_sender_context(SUITE.kem.deserialize_public_key(config.public_key), info=info)
    wire = config.ids + enc + context.seal(body if isinstance(body, bytes) else json.dumps(body).encode())
    labels = (b"message/bhttp response", b"message/bhttp chunked response")
    return Asking(wire, enc, *(context.export(label, 32) for label in labels))
