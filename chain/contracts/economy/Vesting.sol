// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {VestingWallet} from "@openzeppelin/contracts/finance/VestingWallet.sol";

/// @title Vesting: an allocation of the genesis that becomes its beneficiary's bit by bit
/// @notice OpenZeppelin's wallet, linear from `start` over `duration`. What has not vested does not vote: votes follow
/// the token's own delegation, and this wallet delegates to nobody.
contract Vesting is VestingWallet {
    error WouldBeStuck();

    constructor(address beneficiary, uint64 start, uint64 duration) VestingWallet(beneficiary, start, duration) {}

    /// @notice Refused: without an owner nobody could ever be paid what the wallet holds.
    function renounceOwnership() public pure override {
        revert WouldBeStuck();
    }
}
