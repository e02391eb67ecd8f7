// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title What OpenGradient's nodes verify natively, at 0x900
/// @dev Source: og-evm, precompiles/tee. Neither function reverts on bad evidence.
interface ITEEVerifier {
    /// @notice Whether an attestation document proves, now, that an enclave holds both keys.
    /// @param attestationDocument COSE_Sign1 as AWS Nitro writes it
    /// @param signingPublicKey DER of SubjectPublicKeyInfo
    /// @param tlsCertificate DER
    /// @param rootCertificate PEM; empty for AWS's own
    /// @return valid whether every check passed
    /// @return pcrHash Keccak-256 of registers 0, 1 and 2; zero when not valid
    function verifyAttestation(
        bytes calldata attestationDocument,
        bytes calldata signingPublicKey,
        bytes calldata tlsCertificate,
        bytes calldata rootCertificate
    ) external view returns (bool valid, bytes32 pcrHash);

    /// @notice Whether `signature` is RSA-PSS with SHA-256, MGF1-SHA256 and a 32-byte salt over `messageHash`.
    /// @dev The 32 bytes of `messageHash` are the message: they are hashed once more.
    function verifyRSAPSS(bytes calldata publicKeyDER, bytes32 messageHash, bytes calldata signature)
        external
        view
        returns (bool valid);
}

/// @dev Where it is.
ITEEVerifier constant TEE_VERIFIER = ITEEVerifier(0x0000000000000000000000000000000000000900);
