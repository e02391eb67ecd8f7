// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {AccessControl} from "@openzeppelin/contracts/access/AccessControl.sol";
import {MerkleProof} from "@openzeppelin/contracts/utils/cryptography/MerkleProof.sol";

import {TEEInferenceVerifier} from "./TEEInferenceVerifier.sol";

/// @title Where OpenGradient's facilitator records inferences, in batches or one by one
/// @notice Our own contract with the ABI of OpenGradient's InferenceSettlementRelay. As there, a batch is an event and
/// nothing else: neither its root nor its size is verified, and the same batch may be recorded again.
contract InferenceSettlementRelay is AccessControl {
    bytes32 public constant SETTLEMENT_RELAY_ROLE = keccak256("SETTLEMENT_RELAY_ROLE");

    TEEInferenceVerifier public immutable teeInferenceVerifier;

    event BatchSettlement(bytes32 indexed merkleRoot, uint256 batchSize, bytes walrusBlobId);
    event IndividualSettlement(
        bytes32 indexed teeId,
        address indexed ethAddress,
        bytes32 inputHash,
        bytes32 outputHash,
        uint256 timestamp,
        bytes walrusBlobId,
        bytes signature
    );

    /// @param verifier judges what is recorded one by one
    constructor(TEEInferenceVerifier verifier) {
        teeInferenceVerifier = verifier;
        _grantRole(DEFAULT_ADMIN_ROLE, msg.sender);
        _grantRole(SETTLEMENT_RELAY_ROLE, msg.sender);
    }

    /// @notice Record a batch of inferences by the root over their leaves.
    /// @param merkleRoot of OpenZeppelin's standard tree over (teeId, inputHash, outputHash, signature, timestamp)
    /// @param batchSize how many leaves there are
    /// @param walrusBlobId where the leaves are
    function batchSettle(bytes32 merkleRoot, uint256 batchSize, bytes calldata walrusBlobId)
        external
        onlyRole(SETTLEMENT_RELAY_ROLE)
    {
        emit BatchSettlement(merkleRoot, batchSize, walrusBlobId);
    }

    /// @notice Record one inference. Reverts unless an enclave in service signed it within the last hour.
    function settleIndividual(
        bytes32 teeId,
        bytes32 inputHash,
        bytes32 outputHash,
        uint256 timestamp,
        address ethAddress,
        bytes calldata walrusBlobId,
        bytes calldata signature
    ) external onlyRole(SETTLEMENT_RELAY_ROLE) {
        require(
            teeInferenceVerifier.verifySignature(teeId, inputHash, outputHash, timestamp, signature),
            "Invalid signature"
        );
        emit IndividualSettlement(teeId, ethAddress, inputHash, outputHash, timestamp, walrusBlobId, signature);
    }

    /// @notice Whether a leaf is under a root.
    function verifyProof(bytes32[] calldata proof, bytes32 root, bytes32 leaf) external pure returns (bool) {
        return MerkleProof.verifyCalldata(proof, root, leaf);
    }
}
