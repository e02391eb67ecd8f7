// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {AccessControl} from "@openzeppelin/contracts/access/AccessControl.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {Checkpoints} from "@openzeppelin/contracts/utils/structs/Checkpoints.sol";

import {DelegatedStaking} from "./DelegatedStaking.sol";
import {GovernedSettlement} from "./GovernedSettlement.sol";

/// @title Rewards: 100 million OPG over 96 epochs, to nodes whose work was verified, and to who stands behind them
/// @notice An epoch's reward is split by what each node's accepted work brought the verifiers in it, and among the
/// shares that there were of the node's bond when it began: who comes or leaves within an epoch changes nothing.
/// A node that asks itself pays its verifiers with every inference; the cap keeps its reward below that, whatever its
/// share of the work. What the cap holds back is saved.
/// @dev Every division rounds down, so that what is paid for an epoch is at most its pot.
contract Rewards is AccessControl {
    using Checkpoints for Checkpoints.Trace208;
    using SafeERC20 for IERC20;

    struct Epoch {
        uint128 pot; // OPG to share out
        uint128 work; // of all nodes
    }

    uint256 public constant TOTAL = 100_000_000e18;
    uint256 public constant EPOCHS = 96;
    uint256 public constant MAX_CLAIM = 128;
    uint256 private constant BPS = 10_000;

    IERC20 public immutable opg;
    DelegatedStaking public immutable staking;
    GovernedSettlement public immutable settlement;
    uint48 public immutable start;
    uint32 public immutable epochLength;

    /// @notice No vote can set a higher cap. With one of 10,000 nobody gains by asking itself.
    uint256 public immutable maxCapBps;

    /// @notice OPG that the schedule gave and no node got: the treasury's.
    uint256 public saved;

    Epoch[] private _epochs; // those that are over
    Checkpoints.Trace208 private _capBps; // of what the work brought the verifiers
    mapping(uint256 epoch => uint256) private _endowed;
    mapping(address node => mapping(address who => uint256)) private _nextOf;

    event CapSet(uint256 bps);
    event Endowed(uint256 indexed epoch, address indexed by, uint256 amount);
    event EpochClosed(uint256 indexed epoch, uint256 pot, uint256 work, uint256 held);
    event Claimed(address indexed node, address indexed delegator, uint256 upTo, uint256 amount);
    event SavedSpent(address indexed to, uint256 amount);

    error InvalidParameters();
    error CapTooHigh(uint256 bps, uint256 highest);
    error EpochNotOver(uint256 epoch, uint256 until);
    error NothingToClaim(address node, address who);
    error NotSaved(uint256 amount, uint256 available);
    error ZeroAmount();

    constructor(
        IERC20 opg_,
        DelegatedStaking staking_,
        GovernedSettlement settlement_,
        uint48 start_,
        uint32 epochLength_,
        uint256 capBps_,
        uint256 maxCapBps_
    ) {
        if (start_ < block.timestamp || epochLength_ == 0) revert InvalidParameters();
        opg = opg_;
        staking = staking_;
        settlement = settlement_;
        start = start_;
        epochLength = epochLength_;
        maxCapBps = maxCapBps_;
        _setCap(capBps_);
        _grantRole(DEFAULT_ADMIN_ROLE, msg.sender);
    }

    /// @notice Pay nodes at most `bps` of what their work brings the verifiers. Counts for epochs that begin later.
    function setCap(uint256 bps) external onlyRole(DEFAULT_ADMIN_ROLE) {
        _setCap(bps);
    }

    /// @notice Spend OPG that was saved.
    function spendSaved(address to, uint256 amount) external onlyRole(DEFAULT_ADMIN_ROLE) {
        if (amount > saved) revert NotSaved(amount, saved);
        saved -= amount;
        emit SavedSpent(to, amount);
        opg.safeTransfer(to, amount);
    }

    /// @notice Add to the reward of the first epoch that is not closed, as the treasury may after the last one of the
    /// schedule.
    function endow(uint256 amount) external {
        if (amount == 0) revert ZeroAmount();
        _endowed[_epochs.length] += amount;
        emit Endowed(_epochs.length, msg.sender, amount);
        opg.safeTransferFrom(msg.sender, address(this), amount);
    }

    /// @notice Find what an epoch that is over pays, one after the other. Anyone may.
    function close() external {
        uint256 epoch = _epochs.length;
        (uint48 begin, uint48 end) = spanOf(epoch);
        if (block.timestamp < end) revert EpochNotOver(epoch, end);
        uint256 work = settlement.totalWorkBefore(end) - settlement.totalWorkBefore(begin);
        uint256 due = scheduled(epoch) + _endowed[epoch];
        uint256 pot = Math.min(due, Math.mulDiv(work, _capBps.upperLookupRecent(begin), BPS));
        saved += due - pot;
        _epochs.push(Epoch(SafeCast.toUint128(pot), SafeCast.toUint128(work)));
        emit EpochClosed(epoch, pot, work, due - pot);
    }

    /// @notice Pay `who`, the node itself or a delegator, its part of the rewards of `node` for closed epochs below
    /// `upTo`, at most `MAX_CLAIM` of them at once. Anyone may; each epoch is paid once.
    function claim(address node, address who, uint256 upTo) external {
        uint256 first = _nextOf[node][who];
        uint256 last = Math.min(Math.min(upTo, _epochs.length), first + MAX_CLAIM);
        if (last <= first) revert NothingToClaim(node, who);
        uint256 amount;
        for (uint256 epoch = first; epoch < last; ++epoch) amount += dueFor(epoch, node, who);
        _nextOf[node][who] = last;
        emit Claimed(node, who, last, amount);
        if (amount > 0) opg.safeTransfer(who, amount);
    }

    /// @notice What a closed epoch pays `who` by way of `node`, claimed or not.
    function dueFor(uint256 epoch, address node, address who) public view returns (uint256 due) {
        (uint48 begin, uint48 end) = spanOf(epoch);
        uint256 work = settlement.workBefore(node, end) - settlement.workBefore(node, begin);
        if (work == 0) return 0;
        uint256 reward = Math.mulDiv(_epochs[epoch].pot, work, _epochs[epoch].work);
        uint256 total = staking.totalSharesBefore(node, begin);
        if (total == 0) return who == node ? reward : 0;
        uint256 commission = reward * staking.commissionBefore(node, begin) / BPS;
        due = Math.mulDiv(reward - commission, staking.sharesBefore(node, who, begin), total);
        if (who == node) due += commission;
    }

    /// @notice OPG that the schedule has for an epoch: linear, and all of it in the end.
    function scheduled(uint256 epoch) public pure returns (uint256) {
        return epoch >= EPOCHS ? 0 : TOTAL * (epoch + 1) / EPOCHS - TOTAL * epoch / EPOCHS;
    }

    /// @notice When an epoch begins, and when it is over.
    function spanOf(uint256 epoch) public view returns (uint48 begin, uint48 end) {
        begin = SafeCast.toUint48(start + epoch * epochLength);
        return (begin, begin + epochLength);
    }

    /// @notice An epoch that is closed.
    function epochOf(uint256 epoch) external view returns (Epoch memory) {
        return _epochs[epoch];
    }

    /// @notice How many epochs are closed.
    function closed() external view returns (uint256) {
        return _epochs.length;
    }

    function _setCap(uint256 bps) private {
        if (bps > maxCapBps) revert CapTooHigh(bps, maxCapBps);
        _capBps.push(uint48(block.timestamp), SafeCast.toUint208(bps));
        emit CapSet(bps);
    }
}
