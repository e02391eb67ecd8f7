"""Keys, signatures, and the EIP-712 digests that the Settlement contract checks.

Digests are put together by hand from precomputed type hashes, some hundred times faster than through a
general encoder of typed data; a test holds them against one.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

from coincurve import PrivateKey, PublicKey

from chain.formats.claims import address_word, word
from chain.hashing import keccak
from chain.quantities import Address, Hash32, Wei

_DOMAIN_TYPE = keccak(b"EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)")
_DOMAIN_VERSION = keccak(b"1")
_VOUCHER_TYPE = keccak(b"Voucher(address client,address node,uint128 cumulative,uint128 price)")
_ANSWER_TYPE = keccak(b"Answer(bytes32 task,bytes32 model,bytes32 inputHash,bytes32 outputHash)")
_HALF_ORDER = 0x7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF5D576E7357A4501DDFE92F46681B20A0
_V_OFFSET = 27


def _address(key: PublicKey) -> Address:
    return Address("0x" + keccak(key.format(compressed=False)[1:])[12:].hex())


class Key:
    """A secp256k1 key, made from a seed: the same seed gives the same key and the same signatures."""

    def __init__(self, seed: bytes) -> None:
        self._private = PrivateKey(keccak(seed))
        self.address = _address(self._private.public_key)

    def sign(self, digest: bytes) -> bytes:
        """Sign a 32-byte digest; 65 bytes, r || s || v with v 27 or 28 (deterministic, RFC 6979)."""
        signature = self._private.sign_recoverable(digest, hasher=None)
        return signature[:64] + bytes([signature[64] + _V_OFFSET])


def recover(digest: bytes, signature: bytes) -> Address | None:
    """Who signed; ``None`` for what the contracts would not take as a signature either."""
    if len(signature) != 65 or signature[64] not in (_V_OFFSET, _V_OFFSET + 1):
        return None
    if int.from_bytes(signature[32:64], "big") > _HALF_ORDER:
        return None
    plain = signature[:64] + bytes([signature[64] - _V_OFFSET])
    try:
        return _address(PublicKey.from_signature_and_message(plain, digest, hasher=None))
    except ValueError:
        return None


@dataclass(frozen=True)
class Domain:
    """The contract that a signature is meant for: simnet's Settlement, or another of that name, version 1."""

    chain_id: int
    settlement: Address
    name: str = "simnet Settlement"

    @cached_property
    def separator(self) -> bytes:
        """EIP-712 domain separator."""
        place = word(self.chain_id) + address_word(self.settlement)
        return keccak(_DOMAIN_TYPE + keccak(self.name.encode()) + _DOMAIN_VERSION + place)

    def digest(self, struct_hash: bytes) -> Hash32:
        """What is signed for a struct in this domain."""
        return Hash32(keccak(b"\x19\x01" + self.separator + struct_hash))


def voucher_digest(domain: Domain, client: Address, node: Address, cumulative: Wei, price: Wei) -> Hash32:
    """What a client signs to owe `node` this much, all told, and at least `price` for each inference."""
    parties = address_word(client) + address_word(node)
    return domain.digest(keccak(_VOUCHER_TYPE + parties + word(cumulative) + word(price)))


def answer_digest(domain: Domain, task: bytes, model: bytes, input_hash: bytes, output_hash: bytes) -> Hash32:
    """What a node signs to stand by an answer."""
    return domain.digest(keccak(_ANSWER_TYPE + task + model + input_hash + output_hash))
