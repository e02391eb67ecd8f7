"""Keys and signatures of enclaves and of their vendor, all derived from seeds.

One seed must give one log, bit for bit, and gas depends on every byte of calldata. So nothing here draws
chance: keys come out of SHAKE-256 over the seed, ECDSA nonces follow RFC 6979, and the 32-byte salt of an
RSA-PSS signature is SHAKE-256 over seed and message. To a verifier they are like any others.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache, cached_property

from Crypto.Hash import SHA256, SHAKE256
from Crypto.Math.Primality import PROBABLY_PRIME, miller_rabin_test
from Crypto.PublicKey import RSA
from Crypto.Signature import pss
from Crypto.Util.number import sieve_base
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.hazmat.primitives.serialization import load_der_public_key

RSA_BITS = 2048
RSA_EXPONENT = 65_537
MILLER_RABIN_ROUNDS = 5
"""A number of 1,024 bits that passes 4 is composite with a probability below 10**-30 (FIPS 186-4, appendix F.1)."""

SALT_BYTES = 32

RSA_BITS_MIN, RSA_BITS_MAX = 2048, 8192
SIGNATURE_BYTES_MAX = 1024
KEY_BYTES_MAX = 8 * 1024
"""What OpenGradient's native verifier takes (og-evm, precompiles/tee)."""

_SMALL_PRIMES = math.prod(sieve_base[:400])
_PSS = padding.PSS(padding.MGF1(hashes.SHA256()), SALT_BYTES)


def derive(seed: bytes, label: str, size: int) -> bytes:
    """`size` bytes that only who knows the seed can tell; another label gives others."""
    return SHAKE256.new(seed + label.encode()).read(size)


def ecdsa_key(seed: bytes, curve: ec.EllipticCurve) -> ec.EllipticCurvePrivateKey:
    """The private key that a seed stands for on a curve."""
    order = curve.group_order
    drawn = int.from_bytes(derive(seed, curve.name, order.bit_length() // 8 + 16), "big")
    return ec.derive_private_key(drawn % (order - 1) + 1, curve)


@cache
def _rsa_key(seed: bytes) -> RSA.RsaKey:
    draw = SHAKE256.new(seed + b"rsa").read
    p, q = _prime(draw), _prime(draw)
    d = pow(RSA_EXPONENT, -1, math.lcm(p - 1, q - 1))
    return RSA.construct((p * q, RSA_EXPONENT, d, p, q), consistency_check=False)


def _prime(draw: Callable[[int], bytes]) -> int:
    """A factor of a modulus, of half its length. `RSA.generate` takes some five times as long: of the tests that it
    makes, trial division, which is cheap, does nothing (`map` is lazy), and the last, of Lucas, is in Python."""
    bits = RSA_BITS // 2
    while True:
        candidate = int.from_bytes(draw(bits // 8), "big") | 0b11 << (bits - 2) | 1
        may_be = math.gcd(candidate, _SMALL_PRIMES) == 1 and math.gcd(candidate - 1, RSA_EXPONENT) == 1
        if may_be and miller_rabin_test(candidate, MILLER_RABIN_ROUNDS, draw) == PROBABLY_PRIME:
            return candidate


class ResponseKey:
    """The RSA-2048 key that an enclave signs answers and heartbeats with. Making one takes some 0.1 s."""

    def __init__(self, seed: bytes) -> None:
        self._seed = seed

    @cached_property
    def spki(self) -> bytes:
        """The public half, as DER of SubjectPublicKeyInfo."""
        return _rsa_key(self._seed).public_key().export_key("DER")

    def sign(self, message: bytes) -> bytes:
        """RSA-PSS over SHA-256 of `message`, with MGF1-SHA256 and a 32-byte salt; 256 bytes."""
        salt = derive(self._seed + message, "salt", SALT_BYTES)
        scheme = pss.new(_rsa_key(self._seed), salt_bytes=SALT_BYTES, rand_func=lambda _: salt)
        return scheme.sign(SHA256.new(message))


def verify_pss(spki: bytes, message: bytes, signature: bytes) -> bool:
    """Whether an RSA key signed `message` like `ResponseKey.sign`; never raises, whatever it is given."""
    if len(spki) > KEY_BYTES_MAX or len(signature) > SIGNATURE_BYTES_MAX:
        return False
    try:
        key = load_der_public_key(spki)
        if not isinstance(key, rsa.RSAPublicKey) or not RSA_BITS_MIN <= key.key_size <= RSA_BITS_MAX:
            return False
        key.verify(signature, message, _PSS, hashes.SHA256())
    except (InvalidSignature, UnsupportedAlgorithm, ValueError):
        return False
    return True
