// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Claim} from "../../core/Claims.sol";
import {FixedPoint} from "./FixedPoint.sol";
import {IProofVerifier} from "./IProofVerifier.sol";

/// @title ZKMLEvidence: whether a proof is one of what a claim says, no more and no less
/// @notice A circuit computes in fixed point, a claim hashes floats. This contract bridges them without trust: the
/// input is shown, must hash to what the claim says, and is rounded to the circuit's scale here; the circuit's output
/// is shown in fixed point, and the float tensor that it comes to must hash to what the claim says. Both together are
/// the instances that the proof must be of. The model decides which circuit, and so which verifying key, it is held to.
/// @dev Tensors are encoded as in nodes/models/tensors.py: a header with element type and shape, then little-endian
/// floats. A circuit's header is fixed when it is registered, that is at deployment; nobody can change it later.
contract ZKMLEvidence {
    struct Circuit {
        bytes32 model;
        IProofVerifier verifier;
        uint8 inputScale;
        uint8 outputScale;
        uint16 outputs; // elements of the output
        bytes inputHeader;
        bytes outputHeader;
    }

    /// @notice Of BN254's scalar field, in which instances are.
    uint256 public constant MODULUS = 0x30644e72e131a029b85045b68181585d2833e84879b9709143e1f593f0000001;
    uint256 private constant ELEMENT_BYTES = 4;

    mapping(bytes32 model => Circuit) private _circuits;

    error NoCircuit(bytes32 model);
    error WrongInput(bytes32 inputHash);
    error WrongOutput(bytes32 outputHash);
    error InvalidProof(bytes32 model);

    constructor(Circuit[] memory circuits) {
        for (uint256 i; i < circuits.length; ++i) _circuits[circuits[i].model] = circuits[i];
    }

    /// @notice Reverts unless `proof` proves that the claim's model makes the claim's output of its input.
    /// @param input the tensor that the client sent, encoded
    /// @param outputs what the circuit computed, in its own scale
    function check(Claim calldata claim, bytes calldata input, int128[] calldata outputs, bytes calldata proof)
        external
    {
        Circuit memory circuit = _circuits[claim.model];
        if (address(circuit.verifier) == address(0)) revert NoCircuit(claim.model);
        uint256[] memory instances = instancesOf(circuit, claim, input, outputs);
        try circuit.verifier.verifyProof(proof, instances) returns (bool valid) {
            if (!valid) revert InvalidProof(claim.model);
        } catch {
            revert InvalidProof(claim.model);
        }
    }

    /// @notice The circuit of a model; without a verifier if there is none.
    function circuitOf(bytes32 model) external view returns (Circuit memory) {
        return _circuits[model];
    }

    /// @dev Instances that a proof of this claim has, if the tensors shown are the claim's.
    function instancesOf(Circuit memory circuit, Claim calldata claim, bytes calldata input, int128[] calldata outputs)
        private
        pure
        returns (uint256[] memory instances)
    {
        uint256 header = circuit.inputHeader.length;
        if (sha256(input) != claim.inputHash || input.length < header) revert WrongInput(sha256(input));
        if (keccak256(input[:header]) != keccak256(circuit.inputHeader)) revert WrongInput(sha256(input));
        uint256 inputs = (input.length - header) / ELEMENT_BYTES;
        if (outputs.length != circuit.outputs) revert WrongOutput(0);
        instances = new uint256[](inputs + outputs.length);
        for (uint256 i; i < inputs; ++i) {
            uint32 bits = _swap(uint32(_fourBytes(input, header + ELEMENT_BYTES * i)));
            instances[i] = _element(FixedPoint.quantise(bits, circuit.inputScale));
        }
        bytes memory tensor = bytes.concat(circuit.outputHeader, new bytes(ELEMENT_BYTES * outputs.length));
        uint256 begin = circuit.outputHeader.length;
        for (uint256 i; i < outputs.length; ++i) {
            _write(tensor, begin + ELEMENT_BYTES * i, _swap(FixedPoint.dequantise(outputs[i], circuit.outputScale)));
            instances[inputs + i] = _element(outputs[i]);
        }
        if (sha256(tensor) != claim.outputHash) revert WrongOutput(sha256(tensor));
    }

    function _element(int256 value) private pure returns (uint256) {
        unchecked {
            return value < 0 ? MODULUS - uint256(-value) : uint256(value);
        }
    }

    function _swap(uint32 x) private pure returns (uint32) {
        x = (x & 0xff00ff00) >> 8 | (x & 0x00ff00ff) << 8;
        return x >> 16 | x << 16;
    }

    /// @dev The caller sees to it that they are there.
    function _fourBytes(bytes calldata data, uint256 offset) private pure returns (bytes4 found) {
        assembly ("memory-safe") {
            found := and(calldataload(add(data.offset, offset)), shl(224, 0xffffffff))
        }
    }

    /// @dev As above.
    function _write(bytes memory data, uint256 offset, uint32 bits) private pure {
        assembly ("memory-safe") {
            let place := add(add(data, 4), offset) // so that the word's last four bytes are the ones
            mstore(place, or(and(mload(place), not(0xffffffff)), and(bits, 0xffffffff)))
        }
    }
}
