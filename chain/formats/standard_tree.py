"""OpenZeppelin's StandardMerkleTree over inferences, as OpenGradient's facilitator publishes them.

A leaf is ``keccak(keccak(abi.encode(teeId, inputHash, outputHash, signature, timestamp)))``; pairs are hashed in
order of size; leaves are sorted by hash and stand at the end of the tree, last first (merkle-tree, src/core.ts).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from eth_abi.abi import encode

from chain.hashing import keccak

FORMAT = "standard-v1"
LEAF_TYPES = ("bytes32", "bytes32", "bytes32", "bytes", "uint256")


class MalformedTree(Exception):
    """What came is not such a tree."""


@dataclass(frozen=True, slots=True)
class Inference:
    """What an enclave stands by: the leaf of a batch."""

    tee: bytes
    input_hash: bytes
    output_hash: bytes
    signature: bytes
    timestamp: int

    @property
    def values(self) -> tuple[Any, ...]:
        """In the order of `LEAF_TYPES`."""
        return self.tee, self.input_hash, self.output_hash, self.signature, self.timestamp

    @property
    def leaf(self) -> bytes:
        """Its hash in the tree."""
        return keccak(keccak(encode(LEAF_TYPES, self.values)))

    def as_json(self) -> list[str]:
        """As a dump has it."""
        return [*("0x" + value.hex() for value in self.values[:4]), str(self.timestamp)]

    @classmethod
    def read(cls, value: Any) -> Inference:
        """What `as_json` wrote. Raises `MalformedTree`."""
        try:
            *parts, timestamp = value
            tee, input_hash, output_hash, signature = (bytes.fromhex(part.removeprefix("0x")) for part in parts)
            made = cls(tee, input_hash, output_hash, signature, int(timestamp))
        except (TypeError, ValueError, AttributeError):
            raise MalformedTree("a value is not an inference") from None
        if any(len(part) != 32 for part in made.values[:3]) or not 0 <= made.timestamp < 2**256:
            raise MalformedTree("a value is not an inference")
        return made


def hashes_of(inferences: Sequence[Inference]) -> list[bytes]:
    """The tree over inferences, root first. Raises `MalformedTree` if there are none."""
    return tree_over([inference.leaf for inference in inferences])


def tree_over(leaves: Sequence[bytes]) -> list[bytes]:
    """The tree over leaves that are hashed already. Raises `MalformedTree` if there are none."""
    leaves = sorted(leaves)
    if not leaves:
        raise MalformedTree("a tree has at least one leaf")
    tree = [b""] * (len(leaves) - 1) + leaves[::-1]
    for i in reversed(range(len(leaves) - 1)):
        tree[i] = keccak(b"".join(sorted(tree[2 * i + 1 : 2 * i + 3])))
    return tree


def dump(inferences: Sequence[Inference]) -> bytes:
    """The tree and its values as a file."""
    tree = hashes_of(inferences)
    place = {hash_: index for index, hash_ in enumerate(tree)}
    return json.dumps(
        {
            "format": FORMAT,
            "leafEncoding": LEAF_TYPES,
            "tree": ["0x" + hash_.hex() for hash_ in tree],
            "values": [{"value": one.as_json(), "treeIndex": place[one.leaf]} for one in inferences],
        }
    ).encode()


def load(file: Any) -> list[Inference]:
    """The inferences in a dump's JSON value. Its tree is not looked at: who wants the root makes it anew.

    Raises `MalformedTree`.
    """
    if not isinstance(file, dict) or file.get("format") != FORMAT or not isinstance(file.get("values"), list):
        raise MalformedTree(f"not a file of the format {FORMAT}")
    return [Inference.read(one.get("value") if isinstance(one, dict) else None) for one in file["values"]]
