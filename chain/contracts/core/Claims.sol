// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @notice What a node says it computed: the leaf of a batch.
/// @dev `index` is inside because a tree of sorted pairs forgets positions.
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

/// @notice Leaf of a claim in OpenZeppelin's StandardMerkleTree: hashed twice, so that no inner node passes for one.
function leafOf(Claim memory claim) pure returns (bytes32) {
    return keccak256(bytes.concat(keccak256(abi.encode(claim))));
}
