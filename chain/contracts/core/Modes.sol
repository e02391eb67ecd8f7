// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

// What proves an inference. Where clients choose, the last byte of a task's id says what they chose: a claim names its
// task, so that it owes what its client asked for, whatever its node would rather owe.
uint8 constant VANILLA = 0; // its node's signature
uint8 constant TEE = 1; // an enclave's signature
uint8 constant ZKML = 2; // a zero-knowledge proof

/// @notice Which of these a task was asked for with. What stands for none asks for the least.
function modeOf(bytes32 task) pure returns (uint8) {
    uint8 last = uint8(uint256(task));
    return last > ZKML ? VANILLA : last;
}
