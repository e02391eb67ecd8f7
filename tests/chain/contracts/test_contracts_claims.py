"""Claims, trees and votes: the Python side hashes what the contracts hash."""

from __future__ import annotations

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
    pack_votes,
    verify,
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
def test_every_claim_is_proven_by_its_own_proof_alone(batch: list[Claim], data: st.DataObject) -> None:
    tree = ClaimTree(batch)
    index = data.draw(st.integers(0, len(batch) - 1))
    claim, proof = batch[index], tree.proof(index)
    assert verify(claim, proof, tree.root)
    assert not verify(replace(claim, fee=Wei(claim.fee ^ 1)), proof, tree.root)
    assert not verify(claim, (*proof, bytes(32)), tree.root)
    if proof:
        assert not verify(claim, proof[1:], tree.root)


@given(batches, st.randoms(use_true_random=False))
def test_the_root_hangs_on_every_claim_and_not_on_their_order(batch: list[Claim], random: Random) -> None:
    root = ClaimTree(batch).root
    changed = random.randrange(len(batch))
    other = replace(batch[changed], fee=Wei(batch[changed].fee ^ 1))
    assert ClaimTree([*batch[:changed], other, *batch[changed + 1 :]]).root != root
    assert ClaimTree(random.sample(batch, len(batch))).root == root


def test_the_tree_is_openzeppelins() -> None:
    """Against a tree built the way the StandardMerkleTree of @openzeppelin/merkle-tree lays it out."""
    batch = [_claim(index) for index in range(5)]
    leaves = sorted(claim.leaf for claim in batch)[::-1]
    nodes = [b""] * 4 + leaves
    for i in (3, 2, 1, 0):
        nodes[i] = keccak(b"".join(sorted(nodes[2 * i + 1 : 2 * i + 3])))
    assert ClaimTree(batch).root == nodes[0]


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


def _claim(index: int) -> Claim:
    word = bytes([index]) * 32
    return Claim(index, word, word, word, word, word, Address("0x" + "11" * 20), Wei(7), 9)
