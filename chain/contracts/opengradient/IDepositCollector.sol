// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title What brings a payer's tokens into a channel
interface IDepositCollector {
    /// @notice Move `amount` of the payer's tokens to the caller.
    /// @param payer whose tokens
    /// @param token which
    /// @param amount how many
    /// @param channelId the channel that the payer signed for
    /// @param data the payer's leave, as the collector reads it
    function collect(address payer, address token, uint128 amount, bytes32 channelId, bytes calldata data) external;
}
