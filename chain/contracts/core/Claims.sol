// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Hashes} from "@openzeppelin/contracts/utils/cryptography/Hashes.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

/// @notice What a node says it computed: the leaf of a batch.
/// @dev `index` is the leaf's position in the batch's tree, from 0. See `isPlaced`.
struct Claim {
    uint16 index;
    bytes32 task;
    bytes32 model;
    bytes32 inputHash;
    bytes32 outputHash;
    bytes32 evidenceHash;
    address client;
    uint128 fee;
    uint40 answeredAt;
}

/// @notice A claim and its proof against the batch's root.
struct Opening {
    Claim claim;
    bytes32[] proof;
}

/// @notice A client's signed word that it owes a node `cumulative` wei, all told, and at least `price` an inference.
struct Voucher {
    address client;
    uint128 cumulative;
    uint128 price;
    bytes signature;
}

/// @notice What a client paid into a batch.
struct Charge {
    address client;
    uint128 amount;
}

/// @notice Leaf of a claim: hashed twice, so that no inner node passes for one.
function leafOf(Claim memory claim) pure returns (bytes32) {
    return keccak256(bytes.concat(keccak256(abi.encode(claim))));
}

/// @notice Root of the tree in which a claim is at `position`, by the siblings in its proof.
function rootOf(Opening calldata opening, uint256 position) pure returns (bytes32 node) {
    node = leafOf(opening.claim);
    for (uint256 i; i < opening.proof.length; ++i) {
        bytes32 sibling = opening.proof[i];
        bool isLeft = position >> i & 1 == 0;
        node = isLeft ? Hashes.efficientKeccak256(node, sibling) : Hashes.efficientKeccak256(sibling, node);
    }
}

/// @notice Whether a claim is in its place in a batch: at the position that its index says, below `count`, in a tree
/// no deeper than `count` leaves need. There is one such claim for each index at the most.
function isPlaced(Opening calldata opening, bytes32 root, uint16 count) pure returns (bool) {
    return opening.claim.index < count && opening.proof.length == Math.log2(count, Math.Rounding.Ceil)
        && rootOf(opening, opening.claim.index) == root;
}

/// @notice How many bits are set; at a price that does not hang on it.
function ones(uint128 bits) pure returns (uint256 count) {
    unchecked {
        count = bits;
        count -= count >> 1 & 0x55555555555555555555555555555555;
        count = (count & 0x33333333333333333333333333333333) + (count >> 2 & 0x33333333333333333333333333333333);
        count = (count + (count >> 4)) & 0x0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f0f;
        count = (count * 0x01010101010101010101010101010101) >> 120 & 0xff;
    }
}
