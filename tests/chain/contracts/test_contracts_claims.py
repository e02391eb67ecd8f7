"""Claims, trees and votes: the Python side hashes what the contracts hash."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from random import Random

import pytest
from eth_abi.abi import encode
from eth_hash.auto import keccak
from hypothesis import given
from hypothesis import strategies as st

from chain.formats.claims import (
    MAX_CLAIMS,
    Claim,
    ClaimTree,
    batch_id,
    depth_of,
    misplaced,
    pack_votes,
    vote_commitment,
)
from chain.quantities import Address, Wei

CLAIM_TYPE = "(uint16,bytes32,bytes32,bytes32,bytes32,bytes32,address,uint128,uint40)"

hashes = st.binary(min_size=32, max_size=32)
addresses = st.binary(min_size=20, max_size=20).map(lambda raw: Address("0x" + raw.hex()))
claims = st.builds(
    Claim,
    index=st.integers(0, 2**16 - 1),
    task=hashes,
    model=hashes,
    input_hash=hashes,
    output_hash=hashes,
    evidence_hash=hashes,
    client=addresses,
    fee=st.integers(0, 2**128 - 1).map(Wei),
    answered_at=st.integers(0, 2**40 - 1),
)
batches = st.lists(claims, min_size=1, max_size=40).map(
    lambda found: [replace(claim, index=index) for index, claim in enumerate(found)]
)


@given(claims)
def test_a_leaf_is_the_double_hash_of_the_encoded_struct(claim: Claim) -> None:
    assert claim.leaf == keccak(keccak(encode([CLAIM_TYPE], [claim.as_tuple()])))


@given(batches, st.data())
def test_every_claim_is_proven_by_its_own_proof_in_its_own_place_alone(batch: list[Claim], data: st.DataObject) -> None:
    tree, count = ClaimTree(batch), len(batch)
    index = data.draw(st.integers(0, count - 1))
    claim, proof = batch[index], tree.proof(index)
    assert is_placed(claim, proof, tree.root, count)
    assert not is_placed(replace(claim, fee=Wei(claim.fee ^ 1)), proof, tree.root, count)
    assert not is_placed(replace(claim, index=index + 2 ** len(proof)), proof, tree.root, count)
    assert not is_placed(claim, proof, tree.root, index)
    assert not is_placed(claim, (*proof, bytes(32)), tree.root, count)
    if proof:
        assert not is_placed(claim, proof[1:], tree.root, count)


@given(batches, st.randoms(use_true_random=False))
def test_the_root_hangs_on_every_claim_and_on_their_order(batch: list[Claim], random: Random) -> None:
    root = ClaimTree(batch).root
    changed = random.randrange(len(batch))
    other = replace(batch[changed], fee=Wei(batch[changed].fee ^ 1))
    assert ClaimTree([*batch[:changed], other, *batch[changed + 1 :]]).root != root
    shuffled = random.sample(batch, len(batch))
    assert (ClaimTree(shuffled).root == root) == (shuffled == batch)


def test_the_tree_is_perfect_and_filled_up_with_zeros() -> None:
    a, b, c, d, e = (_claim(index).leaf for index in range(5))
    nothing = bytes(32)
    left = keccak(keccak(a + b) + keccak(c + d))
    right = keccak(keccak(e + nothing) + keccak(nothing + nothing))
    assert ClaimTree([_claim(index) for index in range(5)]).root == keccak(left + right)


@given(batches, st.integers(1, MAX_CLAIMS), st.data())
def test_a_tree_is_well_formed_for_its_own_count_and_numbers_alone(
    batch: list[Claim], count: int, data: st.DataObject
) -> None:
    assert misplaced(batch, len(batch)) is None
    if count < len(batch) or depth_of(count) != depth_of(len(batch)):
        assert misplaced(batch, count) is not None
    at = data.draw(st.integers(0, len(batch) - 1))
    renumbered = replace(batch[at], index=data.draw(st.integers(0, 300)))
    changed = [*batch[:at], renumbered, *batch[at + 1 :]]
    assert misplaced(changed, len(batch)) == (None if renumbered.index == at else at)


def test_a_claim_that_no_contract_can_read_proves_nothing() -> None:
    assert misplaced([replace(_claim(0), index=2**16)], 1) is None
    assert misplaced([replace(_claim(0), index=2**16 - 1)], 1) == 0


def test_a_batch_has_at_least_one_claim_and_no_proof_for_others() -> None:
    with pytest.raises(ValueError, match="at least one"):
        ClaimTree([])
    with pytest.raises(KeyError):
        ClaimTree([_claim(0)]).proof(1)
    assert ClaimTree([_claim(0)]).proof(0) == ()


@given(hashes, addresses, st.integers(0, 2**256 - 1), hashes)
def test_ids_and_commitments_are_hashed_as_the_contracts_do(word: bytes, who: Address, votes: int, salt: bytes) -> None:
    assert batch_id(who, word) == keccak(encode(["address", "bytes32"], [who, word]))
    types = ["bytes32", "address", "uint256", "bytes32"]
    assert vote_commitment(word, who, votes, salt) == keccak(encode(types, [word, who, votes, salt]))


@given(st.lists(st.sampled_from(["valid", "invalid", "abstain"]), min_size=1, max_size=MAX_CLAIMS))
def test_votes_survive_packing(said: list[str]) -> None:
    valid, invalid = [word == "valid" for word in said], [word == "invalid" for word in said]
    votes = pack_votes(valid, invalid)
    assert [bool(votes >> i & 1) for i in range(len(said))] == valid
    assert [bool(votes >> MAX_CLAIMS + i & 1) for i in range(len(said))] == invalid
    assert votes < 2**256
    assert votes.bit_count() == len(said) - said.count("abstain")


def root_of(claim: Claim, position: int, proof: Sequence[bytes]) -> bytes:
    """Root of the tree in which a claim is at `position`, by the siblings in its proof."""
    node: bytes = claim.leaf
    for height, sibling in enumerate(proof):
        node = keccak(sibling + node if position >> height & 1 else node + sibling)
    return node


def is_placed(claim: Claim, proof: Sequence[bytes], root: bytes, count: int) -> bool:
    """Whether a claim is in its place in a batch of `count` claims under `root`: where its index says."""
    in_shape = claim.index < count and len(proof) == depth_of(count)
    return in_shape and root_of(claim, claim.index, proof) == root


def _claim(index: int) -> Claim:
    word = bytes([index]) * 32
    return Claim(index, word, word, word, word, word, Address("0x" + "11" * 20), Wei(7), 9)
