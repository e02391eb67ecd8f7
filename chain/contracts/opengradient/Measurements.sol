// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {AccessControl} from "@openzeppelin/contracts/access/AccessControl.sol";

/// @title Which enclave images are trusted, for which purpose, and whose word proves that one runs
/// @notice An administrator names kinds of enclave, approves the measurements of images for a kind, revokes them,
/// and sets the root certificate of the hardware's vendor. ABI of OpenGradient's TEERegistry (og-evm,
/// contracts/solidity, as of 2026-04).
abstract contract Measurements is AccessControl {
    struct PCRMeasurements {
        bytes pcr0;
        bytes pcr1;
        bytes pcr2;
    }

    struct PCRKey {
        bytes32 pcrHash;
        uint8 teeType;
    }

    struct ApprovedPCR {
        bool approved;
        uint8 teeType;
        uint256 approvedAt;
        string version;
    }

    struct TEETypeInfo {
        string name;
        uint256 addedAt;
    }

    /// @notice PEM; empty stands for AWS's own.
    bytes public awsRootCertificate;

    /// @notice When the root was last replaced; 0 while it is the first. Not in OpenGradient's contract.
    uint256 public rootSetAt;

    /// @notice Kinds of enclave. OpenGradient has 0 for gateways to language models and 1 for validators.
    mapping(uint8 teeType => TEETypeInfo) public teeTypes;

    /// @notice Every measurement that was ever approved.
    mapping(uint8 teeType => mapping(bytes32 pcrHash => ApprovedPCR)) public pcrRecords;

    uint8[] private _types;
    PCRKey[] private _pcrs;

    event AWSCertificateUpdated(bytes32 indexed certHash);
    event TEETypeAdded(uint8 indexed typeId, string name);
    event PCRApproved(bytes32 indexed pcrHash, uint8 indexed teeType, string version);
    event PCRRevoked(bytes32 indexed pcrHash, uint8 indexed teeType);

    error TEETypeExists();
    error TEETypeNotFound(); // declared there like PCRAlreadyExists; what raises them is not known, and nothing here does
    error PCRAlreadyExists();
    error InvalidTEEType();
    error PCRNotApproved();

    /// @notice Trust another vendor's root from now on. What was registered under the old one stays.
    function setAWSRootCertificate(bytes calldata certificate) external onlyRole(DEFAULT_ADMIN_ROLE) {
        if (awsRootCertificate.length > 0) rootSetAt = block.timestamp;
        awsRootCertificate = certificate;
        emit AWSCertificateUpdated(keccak256(certificate));
    }

    /// @notice Add a kind of enclave.
    function addTEEType(uint8 typeId, string calldata name) external onlyRole(DEFAULT_ADMIN_ROLE) {
        if (isValidTEEType(typeId)) revert TEETypeExists();
        teeTypes[typeId] = TEETypeInfo(name, block.timestamp);
        _types.push(typeId);
        emit TEETypeAdded(typeId, name);
    }

    /// @notice Trust an image as an enclave of a kind, or call one that is trusted already by another version.
    function approvePCR(PCRMeasurements calldata pcrs, string calldata version, uint8 teeType)
        external
        onlyRole(DEFAULT_ADMIN_ROLE)
    {
        if (!isValidTEEType(teeType)) revert InvalidTEEType();
        bytes32 pcrHash = computePCRHash(pcrs);
        ApprovedPCR storage record = pcrRecords[teeType][pcrHash];
        if (record.approvedAt == 0) _pcrs.push(PCRKey(pcrHash, teeType));
        if (!record.approved) record.approvedAt = block.timestamp;
        (record.approved, record.teeType, record.version) = (true, teeType, version);
        emit PCRApproved(pcrHash, teeType, version);
    }

    /// @notice Trust an image no longer, and disable every enclave that runs it.
    function revokePCR(bytes32 pcrHash, uint8 teeType) external onlyRole(DEFAULT_ADMIN_ROLE) {
        if (!isPCRApproved(teeType, pcrHash)) revert PCRNotApproved();
        pcrRecords[teeType][pcrHash].approved = false;
        _disableAll(teeType, pcrHash);
        emit PCRRevoked(pcrHash, teeType);
    }

    /// @notice Whether a kind of enclave exists.
    function isValidTEEType(uint8 typeId) public view returns (bool) {
        return teeTypes[typeId].addedAt != 0;
    }

    /// @notice Every kind of enclave.
    function getTEETypes() external view returns (uint8[] memory typeIds, TEETypeInfo[] memory infos) {
        typeIds = _types;
        infos = new TEETypeInfo[](typeIds.length);
        for (uint256 i; i < typeIds.length; ++i) infos[i] = teeTypes[typeIds[i]];
    }

    /// @notice Whether an image is trusted as an enclave of a kind.
    function isPCRApproved(uint8 teeType, bytes32 pcrHash) public view returns (bool) {
        return pcrRecords[teeType][pcrHash].approved;
    }

    /// @notice The measurements trusted now.
    function getApprovedPCRs() external view returns (PCRKey[] memory approved) {
        approved = _pcrs;
        uint256 found;
        for (uint256 i; i < approved.length; ++i) {
            if (isPCRApproved(approved[i].teeType, approved[i].pcrHash)) approved[found++] = approved[i];
        }
        assembly ("memory-safe") {
            mstore(approved, found)
        }
    }

    /// @notice Name of an image.
    function computePCRHash(PCRMeasurements calldata pcrs) public pure returns (bytes32) {
        return keccak256(abi.encodePacked(pcrs.pcr0, pcrs.pcr1, pcrs.pcr2));
    }

    /// @dev What revoking an image does to the enclaves that run it.
    function _disableAll(uint8 teeType, bytes32 pcrHash) internal virtual;
}
