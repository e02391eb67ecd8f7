// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IDepositCollector} from "./IDepositCollector.sol";
import {ISignatureTransfer} from "./ISignatureTransfer.sol";

/// @title Brings tokens into x402's channels by a Permit2 signature
/// @notice Our own contract in the place of x402's Permit2DepositCollector, with its EIP-712 types and its encoding of
/// `data`; not the deployed bytecode. The segment for an EIP-2612 permit is read and ignored.
contract X402Permit2DepositCollector is IDepositCollector {
    ISignatureTransfer public constant PERMIT2 = ISignatureTransfer(0x000000000022D473030F116dDEE9F6B43aC78BA3);

    /// @notice Where channels are, and the only one who may collect.
    address public constant BATCH_SETTLEMENT = 0x4020074e9dF2ce1deE5A9C1b5c3f541D02a10003;

    bytes32 public constant WITNESS_TYPEHASH = keccak256("DepositWitness(bytes32 channelId)");

    string public constant WITNESS_TYPE_STRING =
        "DepositWitness witness)DepositWitness(bytes32 channelId)TokenPermissions(address token,uint256 amount)";

    error NotBatchSettlement();

    /// @inheritdoc IDepositCollector
    /// @dev The tokens go to the caller, and Permit2 holds the payer's signature against this contract alone.
    function collect(address payer, address token, uint128 amount, bytes32 channelId, bytes calldata data) external {
        if (msg.sender != BATCH_SETTLEMENT) revert NotBatchSettlement();
        (uint256 nonce, uint256 deadline, bytes memory signature,) = abi.decode(data, (uint256, uint256, bytes, bytes));
        PERMIT2.permitWitnessTransferFrom(
            ISignatureTransfer.PermitTransferFrom(
                ISignatureTransfer.TokenPermissions(token, amount), nonce, deadline
            ),
            ISignatureTransfer.SignatureTransferDetails(msg.sender, amount),
            payer,
            keccak256(abi.encode(WITNESS_TYPEHASH, channelId)),
            WITNESS_TYPE_STRING,
            signature
        );
    }
}
