// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IProofVerifier} from "./IProofVerifier.sol";

/// @title A stand-in for the verifier of a circuit, where proofs are simulated
/// @notice Not a part of the protocol. It takes a proof that begins with the hash of its circuit and the instances,
/// which anybody can make: it shows what a proof is good for and what it costs, and proves nothing.
contract SimulatedVerifier is IProofVerifier {
    address private constant BLAKE2F = address(9);

    bytes32 public immutable circuit;
    uint256 public immutable cost;

    error WrongProof();

    /// @param cost_ gas that a proof takes to verify, spent here as well
    constructor(bytes32 circuit_, uint256 cost_) {
        circuit = circuit_;
        cost = cost_;
    }

    /// @inheritdoc IProofVerifier
    function verifyProof(bytes calldata proof, uint256[] calldata instances) external view returns (bool) {
        uint256 before = gasleft();
        bytes32 seal = keccak256(abi.encode(circuit, instances));
        if (proof.length < 32 || bytes32(proof[:32]) != seal) revert WrongProof();
        uint256 spent = before - gasleft();
        if (spent < cost) {
            // A precompile that refuses its input keeps all the gas it was given.
            (bool accepted,) = BLAKE2F.staticcall{gas: cost - spent}("");
            assert(!accepted);
        }
        return true;
    }
}
