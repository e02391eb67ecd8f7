// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {TEEInferenceVerifier} from "./TEEInferenceVerifier.sol";
import {TEERegistry} from "./TEERegistry.sol";

/// @title TEEBatchVerifier: whether an enclave in service stood by an answer, at any time
/// @notice ABI of OpenGradient's contract of that name. As there, an enclave must be enabled now: whoever is disabled
/// loses its whole history with it.
contract TEEBatchVerifier is TEEInferenceVerifier {
    constructor(TEERegistry registry_) TEEInferenceVerifier(registry_) {}

    /// @notice Whether an enabled enclave signed this answer. Never reverts.
    function verifySignatureNoTimestamp(
        bytes32 teeId,
        bytes32 inputHash,
        bytes32 outputHash,
        uint256 timestamp,
        bytes calldata signature
    ) external view returns (bool) {
        return _isSigned(teeId, inputHash, outputHash, timestamp, signature);
    }
}
