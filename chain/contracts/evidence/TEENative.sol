// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ITEEVerifier} from "../opengradient/ITEEVerifier.sol";
import {RSAPSS} from "../opengradient/RSAPSS.sol";

/// @title A stand-in for OpenGradient's native verifier, to be put at 0x900
/// @notice Not a part of the protocol. On OpenGradient the node itself checks attestation documents, which takes
/// P-384 and X.509; no EVM has that. Here the harness runs the same checks just before a block is mined, and writes
/// what they came to into this contract's storage. Signatures are verified for real, in Solidity.
contract TEENative is ITEEVerifier {
    /// @notice What the check of a document costs on OpenGradient. It is spent here as well.
    uint256 public constant ATTESTATION_GAS = 500_000;

    bytes32 private constant REFUSED = bytes32(uint256(1));
    address private constant BLAKE2F = address(9);

    /// @dev Written by the harness. Slot 0.
    mapping(bytes32 question => bytes32 answer) private _answers;

    error NotAnswered(bytes32 question);

    /// @inheritdoc ITEEVerifier
    /// @dev Reverts where the harness did not foresee the question, so that its own mistakes do not pass for
    /// bad evidence. The time is part of the question.
    function verifyAttestation(
        bytes calldata attestationDocument,
        bytes calldata signingPublicKey,
        bytes calldata tlsCertificate,
        bytes calldata rootCertificate
    ) external view returns (bool valid, bytes32 pcrHash) {
        uint256 before = gasleft();
        bytes32 question = keccak256(
            abi.encode(attestationDocument, signingPublicKey, tlsCertificate, rootCertificate, block.timestamp)
        );
        bytes32 answer = _answers[question];
        if (answer == 0) revert NotAnswered(question);
        _spend(before, ATTESTATION_GAS);
        return answer == REFUSED ? (false, bytes32(0)) : (true, answer);
    }

    /// @inheritdoc ITEEVerifier
    /// @dev Natively it costs 20,000 and takes keys of 2048 to 8192 bits; here RSA-2048 alone, at what it costs.
    function verifyRSAPSS(bytes calldata publicKeyDER, bytes32 messageHash, bytes calldata signature)
        external
        view
        returns (bool)
    {
        return RSAPSS.verify(publicKeyDER, messageHash, signature);
    }

    /// @dev A precompile that refuses its input keeps all the gas it was given. Where there is too little to give,
    /// the loop runs out of gas.
    function _spend(uint256 before, uint256 due) private view {
        uint256 spent = before - gasleft();
        if (spent < due) {
            (bool accepted,) = BLAKE2F.staticcall{gas: due - spent}("");
            assert(!accepted);
        }
        while (before - gasleft() < due) {}
    }
}
