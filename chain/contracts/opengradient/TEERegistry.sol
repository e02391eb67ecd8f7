// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {Checkpoints} from "@openzeppelin/contracts/utils/structs/Checkpoints.sol";
import {EnumerableSet} from "@openzeppelin/contracts/utils/structs/EnumerableSet.sol";

import {ITEEVerifier, TEE_VERIFIER} from "./ITEEVerifier.sol";
import {Measurements} from "./Measurements.sol";

/// @title TEERegistry: enclaves that proved what they run, and which keys they hold
/// @notice An operator registers an enclave with an attestation that binds its signing key and its TLS certificate to
/// a trusted image. Signed heartbeats show that it is alive. Clients take endpoint and certificate from here.
/// @dev ABI of OpenGradient's TEERegistry with the eleven-field TEEInfo that its client 1.1.4 decodes. The source of
/// the deployed contract is not public: how an OHTTP configuration gets in follows og-evm's TEERegistryV2. Like the
/// original, it never asks for a fresh attestation, and takes the same heartbeat again while it is young enough.
contract TEERegistry is Measurements {
    using Checkpoints for Checkpoints.Trace160;
    using EnumerableSet for EnumerableSet.Bytes32Set;

    struct OHTTPConfig {
        uint8 keyId;
        uint16 kemId;
        uint16 kdfId;
        uint16 aeadId;
        bytes publicKey;
        bytes keyConfig;
        uint256 registeredAt;
    }

    struct TEEInfo {
        address owner;
        address paymentAddress;
        string endpoint;
        bytes publicKey;
        bytes tlsCertificate;
        bytes32 pcrHash;
        uint8 teeType;
        bool enabled;
        uint256 registeredAt;
        uint256 lastHeartbeatAt;
        OHTTPConfig ohttpConfig;
    }

    bytes32 public constant TEE_OPERATOR = keccak256("TEE_OPERATOR");
    ITEEVerifier public constant VERIFIER = TEE_VERIFIER;
    bytes32 private constant OHTTP_DOMAIN = keccak256("OPENGRADIENT_TEE_OHTTP_CONFIG_V1");

    /// @notice How old a heartbeat may be, and how long it keeps an enclave active, in seconds.
    uint256 public heartbeatMaxAge = 1800;

    /// @notice Everything known of an enclave.
    mapping(bytes32 teeId => TEEInfo) public tees;

    /// @dev From when on it was in service (0) or out of service, and since when (that time). An operator who puts its
    /// enclave back into service must not make forgotten that it was out.
    mapping(bytes32 teeId => Checkpoints.Trace160) private _outages;

    mapping(uint8 teeType => EnumerableSet.Bytes32Set) private _enabled;
    mapping(uint8 teeType => bytes32[]) private _byType;
    mapping(address owner => bytes32[]) private _byOwner;

    event TEERegistered(bytes32 indexed teeId, address indexed owner, uint8 teeType);
    event TEEDisabled(bytes32 indexed teeId);
    event TEEEnabled(bytes32 indexed teeId);
    event HeartbeatReceived(bytes32 indexed teeId, uint256 timestamp);
    event HeartbeatMaxAgeSet(uint256 maxAge);
    event OHTTPConfigSet(bytes32 indexed teeId, bytes publicKey);

    error TEEAlreadyExists();
    error TEENotFound();
    error TEENotEnabled();
    error NotTEEOwner();
    error AttestationInvalid(string reason);
    error KeyBindingFailed(string reason); // declared there; the native verifier's answer does not tell it from the last
    error HeartbeatSignatureInvalid();
    error HeartbeatTimestampTooOld();
    error HeartbeatTimestampInFuture();
    error OHTTPConfigSignatureInvalid();

    constructor() {
        _grantRole(DEFAULT_ADMIN_ROLE, msg.sender);
        _grantRole(TEE_OPERATOR, msg.sender);
    }

    modifier onlyOwnerOrAdmin(bytes32 teeId) {
        TEEInfo storage tee = _existing(teeId);
        bool isOwner = tee.owner == msg.sender && hasRole(TEE_OPERATOR, msg.sender);
        if (!isOwner && !hasRole(DEFAULT_ADMIN_ROLE, msg.sender)) revert NotTEEOwner();
        _;
    }

    // ---- enclaves ----

    /// @notice Register an enclave that has just been attested. It counts as its first heartbeat.
    /// @return teeId Keccak-256 of the signing key
    function registerTEEWithAttestation(
        bytes calldata attestationDocument,
        bytes calldata signingPublicKey,
        bytes calldata tlsCertificate,
        address paymentAddress,
        string calldata endpoint,
        uint8 teeType
    ) external onlyRole(TEE_OPERATOR) returns (bytes32 teeId) {
        if (!isValidTEEType(teeType)) revert InvalidTEEType();
        teeId = keccak256(signingPublicKey);
        TEEInfo storage tee = tees[teeId];
        if (tee.registeredAt != 0) revert TEEAlreadyExists();
        (bool valid, bytes32 pcrHash) =
            VERIFIER.verifyAttestation(attestationDocument, signingPublicKey, tlsCertificate, awsRootCertificate);
        if (!valid) revert AttestationInvalid("attestation document refused");
        if (!isPCRApproved(teeType, pcrHash)) revert PCRNotApproved();

        tee.owner = msg.sender;
        tee.paymentAddress = paymentAddress;
        tee.endpoint = endpoint;
        tee.publicKey = signingPublicKey;
        tee.tlsCertificate = tlsCertificate;
        tee.pcrHash = pcrHash;
        tee.teeType = teeType;
        tee.enabled = true;
        tee.registeredAt = block.timestamp;
        tee.lastHeartbeatAt = block.timestamp;
        _enabled[teeType].add(teeId);
        _byType[teeType].push(teeId);
        _byOwner[msg.sender].push(teeId);
        emit TEERegistered(teeId, msg.sender, teeType);
    }

    /// @notice Take an enclave out of service.
    function disableTEE(bytes32 teeId) external onlyOwnerOrAdmin(teeId) {
        if (!tees[teeId].enabled) revert TEENotEnabled();
        _disable(teeId);
    }

    /// @notice Put a disabled enclave back into service, if its image is still trusted.
    function enableTEE(bytes32 teeId) external onlyOwnerOrAdmin(teeId) {
        TEEInfo storage tee = tees[teeId];
        if (tee.enabled) return;
        if (!isPCRApproved(tee.teeType, tee.pcrHash)) revert PCRNotApproved();
        tee.enabled = true;
        _outages[teeId].push(uint96(block.timestamp), 0);
        _enabled[tee.teeType].add(teeId);
        emit TEEEnabled(teeId);
    }

    /// @notice Show that an enclave is alive. Anybody may bring its signed timestamp.
    function heartbeat(bytes32 teeId, uint256 timestamp, bytes calldata signature) external {
        TEEInfo storage tee = _existing(teeId);
        if (!tee.enabled) revert TEENotEnabled();
        if (timestamp > block.timestamp) revert HeartbeatTimestampInFuture();
        if (block.timestamp - timestamp > heartbeatMaxAge) revert HeartbeatTimestampTooOld();
        bytes32 message = keccak256(abi.encodePacked(teeId, timestamp));
        if (!VERIFIER.verifyRSAPSS(tee.publicKey, message, signature)) revert HeartbeatSignatureInvalid();
        tee.lastHeartbeatAt = block.timestamp;
        emit HeartbeatReceived(teeId, timestamp);
    }

    /// @notice Change how old a heartbeat may be.
    function setHeartbeatMaxAge(uint256 maxAge) external onlyRole(DEFAULT_ADMIN_ROLE) {
        heartbeatMaxAge = maxAge;
        emit HeartbeatMaxAgeSet(maxAge);
    }

    /// @notice Publish the key that requests to an enclave are encrypted with, signed by the enclave.
    function setOHTTPConfig(
        bytes32 teeId,
        uint8 keyId,
        uint16 kemId,
        uint16 kdfId,
        uint16 aeadId,
        bytes calldata publicKey,
        bytes calldata keyConfig,
        bytes calldata signature
    ) external onlyOwnerOrAdmin(teeId) {
        bytes32 message = computeOHTTPConfigHash(teeId, keyId, kemId, kdfId, aeadId, publicKey, keyConfig);
        if (!VERIFIER.verifyRSAPSS(tees[teeId].publicKey, message, signature)) revert OHTTPConfigSignatureInvalid();
        tees[teeId].ohttpConfig = OHTTPConfig(keyId, kemId, kdfId, aeadId, publicKey, keyConfig, block.timestamp);
        emit OHTTPConfigSet(teeId, publicKey);
    }

    // ---- views ----

    /// @notice Enclaves of a kind that are enabled, run a trusted image and have shown life lately.
    function getActiveTEEs(uint8 teeType) external view returns (TEEInfo[] memory) {
        bytes32[] memory ids = _enabled[teeType].values();
        uint256 count;
        for (uint256 i; i < ids.length; ++i) {
            if (isTEEActive(ids[i])) ids[count++] = ids[i];
        }
        TEEInfo[] memory active = new TEEInfo[](count);
        for (uint256 i; i < count; ++i) active[i] = tees[ids[i]];
        return active;
    }

    /// @notice Ids of the enclaves of a kind that are enabled, alive or not.
    function getEnabledTEEs(uint8 teeType) external view returns (bytes32[] memory) {
        return _enabled[teeType].values();
    }

    /// @notice Ids of all enclaves of a kind, the oldest first.
    function getTEEsByType(uint8 teeType) external view returns (bytes32[] memory) {
        return _byType[teeType];
    }

    /// @notice Ids of all enclaves that an operator registered, the oldest first.
    function getTEEsByOwner(address owner) external view returns (bytes32[] memory) {
        return _byOwner[owner];
    }

    /// @notice Everything known of an enclave.
    function getTEE(bytes32 teeId) external view returns (TEEInfo memory) {
        return _existing(teeId);
    }

    /// @notice An enclave's signing key; empty if it is unknown.
    function getTEEPublicKey(bytes32 teeId) external view returns (bytes memory) {
        return tees[teeId].publicKey;
    }

    /// @notice Who registered an enclave; zero if it is unknown. Not in OpenGradient's contract.
    function ownerOf(bytes32 teeId) external view returns (address) {
        return tees[teeId].owner;
    }

    /// @notice Since when an enclave was out of service at a time; 0 if it was in service. Not in OpenGradient's contract.
    function outOfServiceSince(bytes32 teeId, uint256 timestamp) external view returns (uint256) {
        return _outages[teeId].upperLookupRecent(uint96(Math.min(timestamp, type(uint96).max)));
    }

    /// @notice Whether an enclave is in service.
    function isTEEEnabled(bytes32 teeId) external view returns (bool) {
        return tees[teeId].enabled;
    }

    /// @notice Whether an enclave is in service, runs a trusted image and has shown life lately.
    function isTEEActive(bytes32 teeId) public view returns (bool) {
        TEEInfo storage tee = tees[teeId];
        return tee.enabled && block.timestamp - tee.lastHeartbeatAt <= heartbeatMaxAge
            && isPCRApproved(tee.teeType, tee.pcrHash);
    }

    /// @notice Id of the enclave that signs with a key.
    function computeTEEId(bytes calldata publicKey) external pure returns (bytes32) {
        return keccak256(publicKey);
    }

    /// @notice What an enclave signs to publish an OHTTP configuration.
    function computeOHTTPConfigHash(
        bytes32 teeId,
        uint8 keyId,
        uint16 kemId,
        uint16 kdfId,
        uint16 aeadId,
        bytes calldata publicKey,
        bytes calldata keyConfig
    ) public pure returns (bytes32) {
        return keccak256(
            abi.encode(OHTTP_DOMAIN, teeId, keyId, kemId, kdfId, aeadId, keccak256(publicKey), keccak256(keyConfig))
        );
    }

    // ---- inside ----

    function _existing(bytes32 teeId) private view returns (TEEInfo storage tee) {
        tee = tees[teeId];
        if (tee.registeredAt == 0) revert TEENotFound();
    }

    function _disable(bytes32 teeId) private {
        TEEInfo storage tee = tees[teeId];
        tee.enabled = false;
        _outages[teeId].push(uint96(block.timestamp), uint160(block.timestamp));
        _enabled[tee.teeType].remove(teeId);
        emit TEEDisabled(teeId);
    }

    function _disableAll(uint8 teeType, bytes32 pcrHash) internal override {
        bytes32[] memory ids = _enabled[teeType].values();
        for (uint256 i; i < ids.length; ++i) {
            if (tees[ids[i]].pcrHash == pcrHash) _disable(ids[i]);
        }
    }
}
