// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @notice What ezkl generates for a circuit. It knows neither tasks nor whether it has seen a proof before.
interface IProofVerifier {
    /// @param instances public inputs of the circuit, then its outputs, as elements of the field
    function verifyProof(bytes calldata proof, uint256[] calldata instances) external returns (bool);
}
