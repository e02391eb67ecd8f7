// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";

import {Beacon} from "../randomness/Beacon.sol";
import {Charge, Opening} from "../core/Claims.sol";
import {Panel} from "./Panel.sol";
import {Settlement} from "../core/Settlement.sol";
import {Staking} from "../core/Staking.sol";

/// @title Committee: full nodes drawn by lot judge every claim of every batch
/// @notice With size 0 every active full node sits, which is full re-execution.
contract Committee is Panel {
    using SafeERC20 for IERC20;

    constructor(Settlement settlement_, Staking staking_, Beacon beacon_, IERC20 opg_, Parameters memory p)
        Panel(settlement_, staking_, beacon_, opg_, p)
    {}

    /// @notice Draw the committee of a batch, once there is a seed that its node could not know when it posted.
    function draw(bytes32 batch) external {
        Settlement.Batch memory posted = settlement.batchOf(batch);
        if (posted.status != Settlement.Status.Open) revert BatchNotOpen(batch);
        if (_isDrawn(batch)) revert AlreadyDrawn(batch);
        (address[] memory members, uint256[] memory weights) = _committee(batch, posted.postedAt);
        _seat(batch, posted.count, 0, members, weights);
    }

    /// @notice Whether `draw` would succeed now.
    function drawable(bytes32 batch) external view returns (bool) {
        Settlement.Batch memory posted = settlement.batchOf(batch);
        if (posted.status != Settlement.Status.Open || _isDrawn(batch)) return false;
        try this.lots(batch, posted.postedAt) {
            return true;
        } catch {
            return false;
        }
    }

    /// @notice Members and stakes of the committee that would be drawn now for a batch posted then.
    /// @dev External so that `drawable` can catch its reverts.
    function lots(bytes32 batch, uint40 postedAt) external view returns (address[] memory, uint256[] memory) {
        return _committee(batch, postedAt);
    }

    function _committee(bytes32 batch, uint40 postedAt) private view returns (address[] memory, uint256[] memory) {
        return _lots(batch, size == 0 ? MAX_MEMBERS : size, postedAt);
    }

    /// @dev What can't be shared out is burned.
    function _concluded(bytes32 batch, Count memory count, Opening[] calldata openings, Charge[] calldata charges)
        internal
        override
    {
        uint256 pot = _settle(batch, count, openings, charges);
        uint256 rest = _reward(batch, count.seats, _slash(count), pot);
        if (rest > 0) opg.safeTransfer(BURN_ADDRESS, rest);
    }
}
