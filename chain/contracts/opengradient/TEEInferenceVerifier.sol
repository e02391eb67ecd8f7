// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {AccessControl} from "@openzeppelin/contracts/access/AccessControl.sol";

import {ITEEVerifier, TEE_VERIFIER} from "./ITEEVerifier.sol";
import {TEERegistry} from "./TEERegistry.sol";

/// @title TEEInferenceVerifier: whether an enclave in service stood by an answer, lately
/// @notice ABI of OpenGradient's contract of that name. As there, an enclave must be enabled but need not be active,
/// and nothing keeps an answer from being shown again.
contract TEEInferenceVerifier is AccessControl {
    ITEEVerifier public constant VERIFIER = TEE_VERIFIER;
    uint256 public constant MAX_INFERENCE_AGE = 1 hours;
    uint256 public constant FUTURE_TOLERANCE = 5 minutes;

    /// @notice Where enclaves are registered.
    TEERegistry public registry;

    event RegistryUpdated(address indexed oldRegistry, address indexed newRegistry);

    error InvalidRegistryAddress();

    constructor(TEERegistry registry_) {
        _grantRole(DEFAULT_ADMIN_ROLE, msg.sender);
        _setRegistry(registry_);
    }

    /// @notice Use another registry.
    function setRegistry(TEERegistry registry_) external onlyRole(DEFAULT_ADMIN_ROLE) {
        _setRegistry(registry_);
    }

    /// @notice Whether an enabled enclave signed this answer within the last hour. Never reverts.
    function verifySignature(
        bytes32 teeId,
        bytes32 inputHash,
        bytes32 outputHash,
        uint256 timestamp,
        bytes calldata signature
    ) external view returns (bool) {
        if (timestamp > block.timestamp + FUTURE_TOLERANCE) return false;
        if (timestamp + MAX_INFERENCE_AGE < block.timestamp) return false;
        return _isSigned(teeId, inputHash, outputHash, timestamp, signature);
    }

    /// @notice What an enclave signs.
    function computeMessageHash(bytes32 inputHash, bytes32 outputHash, uint256 timestamp)
        public
        pure
        returns (bytes32)
    {
        return keccak256(abi.encodePacked(inputHash, outputHash, timestamp));
    }

    function _isSigned(
        bytes32 teeId,
        bytes32 inputHash,
        bytes32 outputHash,
        uint256 timestamp,
        bytes calldata signature
    ) internal view returns (bool) {
        if (!registry.isTEEEnabled(teeId)) return false;
        bytes32 message = computeMessageHash(inputHash, outputHash, timestamp);
        return VERIFIER.verifyRSAPSS(registry.getTEEPublicKey(teeId), message, signature);
    }

    function _setRegistry(TEERegistry registry_) private {
        if (address(registry_) == address(0)) revert InvalidRegistryAddress();
        emit RegistryUpdated(address(registry), address(registry_));
        registry = registry_;
    }
}
