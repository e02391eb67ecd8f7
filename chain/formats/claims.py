"""Claims, the Merkle tree of a batch, and votes, byte for byte as the contracts hash them.

The tree is OpenZeppelin's StandardMerkleTree: leaves are hashed twice and sorted, pairs are sorted before they
are hashed. That forgets positions, which is why a claim carries its index. See ``chain/contracts/core/Claims.sol``.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from chain.hashing import keccak
from chain.quantities import Address, Hash32, Wei

MAX_CLAIMS = 128
"""Claims that one batch may hold: its verdict is a word of two bits each."""


def word(value: int) -> bytes:
    """A number as the EVM's 32-byte word."""
    return value.to_bytes(32, "big")


def address_word(address: Address) -> bytes:
    """An address as the EVM's 32-byte word."""
    return bytes(12) + bytes.fromhex(address[2:])


@dataclass(frozen=True, slots=True)
class Claim:
    """What a node says it computed: one leaf of a batch."""

    index: int
    """Position in the batch, from 0."""
    task: bytes
    """Id of the client's request, 32 bytes."""
    model: bytes
    """SHA-256 of the model's ONNX file."""
    input_hash: bytes
    output_hash: bytes
    evidence_hash: bytes
    """Hash of the trace, attestation or proof that goes with the answer; zero if there is none."""
    client: Address
    fee: Wei
    answered_at: int
    """Timestamp, in whole seconds."""

    def as_tuple(self) -> tuple[Any, ...]:
        """The claim as the contracts' struct."""
        return (
            self.index,
            self.task,
            self.model,
            self.input_hash,
            self.output_hash,
            self.evidence_hash,
            self.client,
            self.fee,
            self.answered_at,
        )

    @property
    def leaf(self) -> Hash32:
        """Hash of the claim in its batch's tree."""
        head = word(self.index) + self.task + self.model + self.input_hash + self.output_hash + self.evidence_hash
        return Hash32(keccak(keccak(head + address_word(self.client) + word(self.fee) + word(self.answered_at))))


def _hash_pair(a: bytes, b: bytes) -> bytes:
    return keccak(a + b if a < b else b + a)


class ClaimTree:
    """The Merkle tree over a batch of at least one claim; `ValueError` for none."""

    def __init__(self, claims: Sequence[Claim]) -> None:
        if not claims:
            raise ValueError("a batch holds at least one claim")
        leaves = [claim.leaf for claim in claims]
        order = sorted(range(len(leaves)), key=leaves.__getitem__)
        last = 2 * len(leaves) - 2
        self._position = {index: last - rank for rank, index in enumerate(order)}
        self._nodes: list[bytes] = [b""] * (len(leaves) - 1) + [leaves[index] for index in reversed(order)]
        for i in range(len(leaves) - 2, -1, -1):
            self._nodes[i] = _hash_pair(self._nodes[2 * i + 1], self._nodes[2 * i + 2])

    @property
    def root(self) -> Hash32:
        """What is posted on chain."""
        return Hash32(self._nodes[0])

    def proof(self, index: int) -> tuple[bytes, ...]:
        """Siblings from the leaf of claim `index` up to the root; `KeyError` if there is no such claim."""
        path, at = [], self._position[index]
        while at > 0:
            path.append(self._nodes[at + 1 if at % 2 else at - 1])
            at = (at - 1) // 2
        return tuple(path)


def verify(claim: Claim, proof: Sequence[bytes], root: bytes) -> bool:
    """Whether `proof` leads from the claim to `root`."""
    node: bytes = claim.leaf
    for sibling in proof:
        node = _hash_pair(node, sibling)
    return node == root


def opening(claim: Claim, proof: Sequence[bytes]) -> tuple[Any, ...]:
    """A claim and its proof as the contracts' struct."""
    return claim.as_tuple(), tuple(proof)


def batch_id(node: Address, root: bytes) -> Hash32:
    """Id that a batch gets on chain."""
    return Hash32(keccak(address_word(node) + root))


def vote_commitment(batch: bytes, member: Address, votes: int, salt: bytes) -> Hash32:
    """What a committee member commits to before it reveals `votes` and `salt`."""
    return Hash32(keccak(batch + address_word(member) + word(votes) + salt))


def pack_votes(valid: Sequence[bool], invalid: Sequence[bool]) -> int:
    """Votes as the contract's word: bit i says that claim i is valid, bit 128 + i that it is not, neither abstains."""
    return _bits(valid) | _bits(invalid) << MAX_CLAIMS


def _bits(values: Sequence[bool]) -> int:
    return sum(1 << i for i, value in enumerate(values) if value)
