"""Keccak-256, as the EVM computes it.

Straight from safe-pysha3: through eth_hash the same digest takes four times as long, and every leaf, tree,
commitment and signature is made of them.
"""

from __future__ import annotations

from sha3 import keccak_256


def keccak(data: bytes) -> bytes:
    """The 32-byte digest of `data`."""
    digest: bytes = keccak_256(data).digest()
    return digest
