"""Claims, the Merkle tree of a batch, and votes, byte for byte as the contracts hash them.

The tree is perfect: as deep as its leaves need, filled up with zeros. Claim i is leaf i, and its proof says so, so that
there is one claim for each index, and none beyond the batch's count. See ``chain/contracts/core/Claims.sol``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from chain.hashing import keccak
from chain.quantities import ZERO_HASH, Address, BatchId, Hash32, TaskId, Wei

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
    def is_readable(self) -> bool:
        """Whether its numbers fit the contracts' struct."""
        return 0 <= self.index < 2**16 and 0 <= self.fee < 2**128 and 0 <= self.answered_at < 2**40

    @property
    def leaf(self) -> Hash32:
        """Hash of the claim in its batch's tree."""
        head = word(self.index) + self.task + self.model + self.input_hash + self.output_hash + self.evidence_hash
        return Hash32(keccak(keccak(head + address_word(self.client) + word(self.fee) + word(self.answered_at))))


def depth_of(count: int) -> int:
    """How deep the tree of a batch of `count` claims is: 0 for a single claim."""
    return (count - 1).bit_length()


class ClaimTree:
    """The Merkle tree over a batch of at least one claim, leaves in the order given; `ValueError` for none."""

    def __init__(self, claims: Sequence[Claim]) -> None:
        if not claims:
            raise ValueError("a batch holds at least one claim")
        self._size = len(claims)
        depth = depth_of(self._size)
        self._levels = [[claim.leaf for claim in claims] + [ZERO_HASH] * (2**depth - self._size)]
        for _ in range(depth):
            below = iter(self._levels[-1])
            self._levels.append([Hash32(keccak(left + right)) for left, right in zip(below, below, strict=True)])

    @property
    def root(self) -> Hash32:
        """What is posted on chain."""
        return self._levels[-1][0]

    def proof(self, position: int) -> tuple[bytes, ...]:
        """Siblings from a leaf up to the root; `KeyError` if no claim is there."""
        if not 0 <= position < self._size:
            raise KeyError(position)
        return tuple(level[position >> height ^ 1] for height, level in enumerate(self._levels[:-1]))


def misplaced(claims: Sequence[Claim], count: int) -> int | None:
    """Position of a leaf that proves that the tree over `claims`, in that order, is not one of `count` claims.

    ``None`` if it is one, as far as can be proven: a contract must be able to read the claim at that leaf.
    """
    in_shape = depth_of(len(claims)) == depth_of(count)
    for position, claim in enumerate(claims):
        if not (in_shape and position == claim.index < count) and claim.is_readable:
            return position
    return None


def opening(claim: Claim, proof: Sequence[bytes]) -> tuple[Any, ...]:
    """A claim and its proof as the contracts' struct."""
    return claim.as_tuple(), tuple(proof)


def open_claims(claims: Sequence[Claim], positions: Iterable[int]) -> tuple[tuple[Any, ...], ...]:
    """Claims of a batch with their proofs, each as the contracts' struct."""
    tree = ClaimTree(claims)
    return tuple(opening(claims[position], tree.proof(position)) for position in positions)


def batch_id(node: Address, root: bytes) -> Hash32:
    """Id that a batch gets on chain."""
    return Hash32(keccak(address_word(node) + root))


@lru_cache(maxsize=4096)
def batch_name(batch: bytes) -> BatchId:
    """What a batch is called off chain: its id in hex, one and the same string for every node that hears of it."""
    return BatchId("0x" + batch.hex())


def task_name(task: bytes) -> TaskId:
    """What a task is called off chain: its id in hex."""
    return TaskId("0x" + task.hex())


def vote_commitment(batch: bytes, member: Address, votes: int, salt: bytes) -> Hash32:
    """What a committee member commits to before it reveals `votes` and `salt`."""
    return Hash32(keccak(batch + address_word(member) + word(votes) + salt))


def pack_votes(valid: Sequence[bool], invalid: Sequence[bool]) -> int:
    """Votes as the contract's word: bit i says that claim i is valid, bit 128 + i that it is not, neither abstains."""
    return _bits(valid) | _bits(invalid) << MAX_CLAIMS


def _bits(values: Sequence[bool]) -> int:
    return sum(1 << i for i, value in enumerate(values) if value)
