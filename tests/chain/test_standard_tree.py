"""OpenZeppelin's standard Merkle tree: its published example, and proofs that a contract accepts."""

from __future__ import annotations

import json
from typing import Any

import pytest
from eth_abi.abi import encode

from chain.formats.standard_tree import Inference, MalformedTree, dump, hashes_of, load, tree_over
from chain.hashing import keccak


def inference(number: int) -> Inference:
    return Inference(bytes([number]) * 32, b"i" * 32, b"o" * 32, b"s" * number, number)


def test_the_root_of_openzeppelins_own_example() -> None:
    """README of @openzeppelin/merkle-tree: two holders and their amounts."""
    values = [("0x" + "11" * 20, 5 * 10**18), ("0x" + "22" * 20, 25 * 10**17)]
    leaves = [keccak(keccak(encode(["address", "uint256"], value))) for value in values]
    assert tree_over(leaves)[0].hex() == "d4dee0beab2d53f2cc83e567171bd2820e49898130a22622b10ead383e90bd77"


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5, 20])
def test_every_leaf_is_where_the_dump_says_and_the_root_is_above_it(count: int) -> None:
    inferences = [inference(number) for number in range(count)]
    file = json.loads(dump(inferences))
    tree = [bytes.fromhex(hash_[2:]) for hash_ in file["tree"]]
    assert len(tree) == 2 * count - 1
    for one, entry in zip(inferences, file["values"], strict=True):
        at = entry["treeIndex"]
        assert tree[at] == one.leaf
        while at:
            sibling = at + 1 if at % 2 else at - 1
            at = (at - 1) // 2
            pair = sorted([tree[sibling], tree[2 * at + 1] if sibling != 2 * at + 1 else tree[2 * at + 2]])
            assert tree[at] == keccak(b"".join(pair))


def test_a_dump_is_read_back() -> None:
    inferences = [inference(number) for number in (3, 1, 2)]
    assert load(json.loads(dump(inferences))) == inferences
    assert json.loads(dump(inferences))["leafEncoding"] == ["bytes32", "bytes32", "bytes32", "bytes", "uint256"]


def test_the_order_of_inferences_does_not_matter_to_the_root() -> None:
    one, other = inference(1), inference(2)
    assert hashes_of([one, other])[0] == hashes_of([other, one])[0]


GOOD = inference(1).as_json()


@pytest.mark.parametrize(
    "file",
    [
        None,
        [],
        {},
        {"format": "standard-v2", "values": []},
        {"format": "standard-v1", "values": 5},
        {"format": "standard-v1", "values": [5]},
        {"format": "standard-v1", "values": [{"value": GOOD[:4]}]},
        {"format": "standard-v1", "values": [{"value": ["0x00", *GOOD[1:]]}]},
        {"format": "standard-v1", "values": [{"value": [*GOOD[:4], "-1"]}]},
        {"format": "standard-v1", "values": [{"value": [*GOOD[:4], str(2**256)]}]},
        {"format": "standard-v1", "values": [{"value": ["zz", *GOOD[1:]]}]},
    ],
)
def test_what_is_no_tree_is_refused(file: Any) -> None:
    with pytest.raises(MalformedTree):
        load(file)


def test_there_is_no_tree_over_nothing() -> None:
    with pytest.raises(MalformedTree):
        hashes_of([])
