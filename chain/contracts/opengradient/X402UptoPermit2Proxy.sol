// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {ISignatureTransfer} from "./ISignatureTransfer.sol";

/// @title x402's proxy for payments of up to a signed amount
/// @notice Our own contract with the ABI of x402UptoPermit2Proxy; not the deployed bytecode. The payer signs who gets
/// the money and which facilitator may collect it; how much of the permitted amount, the facilitator decides.
/// `settleWithPermit` is left out.
contract X402UptoPermit2Proxy {
    struct Witness {
        address to;
        address facilitator;
        uint256 validAfter;
    }

    ISignatureTransfer public constant PERMIT2 = ISignatureTransfer(0x000000000022D473030F116dDEE9F6B43aC78BA3);

    bytes32 public constant WITNESS_TYPEHASH = keccak256("Witness(address to,address facilitator,uint256 validAfter)");

    string public constant WITNESS_TYPE_STRING =
        "Witness witness)TokenPermissions(address token,uint256 amount)Witness(address to,address facilitator,uint256 validAfter)";

    event X402PermitTransfer(address indexed from, address indexed to, uint256 amount, address asset);

    error AmountExceedsPermitted();
    error UnauthorizedFacilitator();
    error PaymentTooEarly();
    error InvalidDestination();
    error InvalidOwner();
    error InvalidAmount();

    /// @notice Collect a payment.
    /// @param permit what the payer signed
    /// @param amount how much of it is collected
    /// @param owner the payer
    /// @param witness who gets it, who may collect it, from when on
    /// @param signature the payer's
    function settle(
        ISignatureTransfer.PermitTransferFrom calldata permit,
        uint256 amount,
        address owner,
        Witness calldata witness,
        bytes calldata signature
    ) external {
        if (amount == 0) revert InvalidAmount();
        if (amount > permit.permitted.amount) revert AmountExceedsPermitted();
        if (owner == address(0)) revert InvalidOwner();
        if (witness.to == address(0)) revert InvalidDestination();
        if (msg.sender != witness.facilitator) revert UnauthorizedFacilitator();
        if (block.timestamp < witness.validAfter) revert PaymentTooEarly();
        bytes32 hash = keccak256(abi.encode(WITNESS_TYPEHASH, witness.to, witness.facilitator, witness.validAfter));
        ISignatureTransfer.SignatureTransferDetails memory details =
            ISignatureTransfer.SignatureTransferDetails(witness.to, amount);
        PERMIT2.permitWitnessTransferFrom(permit, details, owner, hash, WITNESS_TYPE_STRING, signature);
        emit X402PermitTransfer(owner, witness.to, amount, permit.permitted.token);
    }
}
