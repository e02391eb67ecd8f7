// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {Checkpoints} from "@openzeppelin/contracts/utils/structs/Checkpoints.sol";

import {Settlement} from "../core/Settlement.sol";
import {Staking} from "../core/Staking.sol";
import {DelegatedStaking} from "./DelegatedStaking.sol";

/// @title GovernedSettlement: a Settlement whose parameters and verifier its admin can change
/// @notice The admin is the timelock. No vote can leave what the bounds allow: they are set at deployment, once.
/// It also keeps, over time, what each node's accepted work brought the verifiers: `Rewards` pays by that.
contract GovernedSettlement is Settlement {
    using Checkpoints for Checkpoints.Trace208;

    /// @notice What no vote can pass.
    struct Bounds {
        uint16 minSlashShareBps;
        uint16 maxBountyShareBps; // below all of it, or a convict that denounces itself under another name loses nothing
        uint16 minVerifierShareBps;
        uint32 maxExpiryDelay; // the staking contract's unbonding period must outlast it
    }

    Bounds public bounds;
    Parameters private _parameters;
    mapping(address node => Checkpoints.Trace208) private _work;
    Checkpoints.Trace208 private _totalWork;

    event ParametersChanged(Parameters parameters);
    event VerifierReplaced(address from, address to);

    error OutOfBounds();

    constructor(IERC20 opg_, DelegatedStaking staking_, Parameters memory p, Bounds memory bounds_) Settlement(opg_, staking_, p) {
        bounds = bounds_;
        _set(p);
    }

    /// @notice Change what the protocol leaves open, for open batches too.
    function setParameters(Parameters calldata p) external onlyRole(DEFAULT_ADMIN_ROLE) {
        _set(p);
    }

    /// @notice Have another contract judge claims. Batches that the last one has not settled are the new one's.
    function replaceVerifier(address verifier_) external onlyRole(DEFAULT_ADMIN_ROLE) {
        emit VerifierReplaced(verifier, verifier_);
        verifier = verifier_;
    }

    /// @notice What the work of `node` had brought its verifiers before `time`, in wei. The time must be over.
    function workBefore(address node, uint48 time) external view returns (uint256) {
        return _before(_work[node], time);
    }

    /// @notice The same of all nodes together.
    function totalWorkBefore(uint48 time) external view returns (uint256) {
        return _before(_totalWork, time);
    }

    function slashShareBps() public view override returns (uint16) {
        return _parameters.slashShareBps;
    }

    function slashAmount() public view override returns (uint96) {
        return _parameters.slashAmount;
    }

    function bountyShareBps() public view override returns (uint16) {
        return _parameters.bountyShareBps;
    }

    function verifierShareBps() public view override returns (uint16) {
        return _parameters.verifierShareBps;
    }

    function jailPeriod() public view override returns (uint32) {
        return _parameters.jailPeriod;
    }

    function withdrawalDelay() public view override returns (uint32) {
        return _parameters.withdrawalDelay;
    }

    function finalityDelay() public view override returns (uint32) {
        return _parameters.finalityDelay;
    }

    function expiryDelay() public view override returns (uint32) {
        return _parameters.expiryDelay;
    }

    /// @dev Work that nobody verified brings no verifier anything, and so is none.
    function _earned(address node, uint256 toVerifier) internal override {
        if (toVerifier == 0) return;
        _add(_work[node], toVerifier);
        _add(_totalWork, toVerifier);
    }

    /// @dev At most what the node itself loses. More would be its delegators' money, and a node that denounces itself
    /// under another name would take it from them.
    function _bountyOn(address node, uint256 amount) internal view override returns (uint256) {
        uint256 own = DelegatedStaking(address(staking)).ownPartOf(node, amount);
        return Math.min(super._bountyOn(node, amount), own);
    }

    function _add(Checkpoints.Trace208 storage trace, uint256 amount) private {
        trace.push(uint48(block.timestamp), SafeCast.toUint208(trace.latest() + amount));
    }

    function _before(Checkpoints.Trace208 storage trace, uint48 time) private view returns (uint256) {
        if (time > block.timestamp) revert TooEarly(time);
        return time == 0 ? 0 : trace.upperLookupRecent(time - 1);
    }

    function _set(Parameters memory p) private {
        Bounds memory b = bounds;
        if (p.slashShareBps > 10_000 || p.slashShareBps < b.minSlashShareBps) revert OutOfBounds();
        if (p.bountyShareBps > b.maxBountyShareBps) revert OutOfBounds();
        if (p.verifierShareBps > 10_000 || p.verifierShareBps < b.minVerifierShareBps) revert OutOfBounds();
        if (p.expiryDelay <= p.finalityDelay || p.expiryDelay > b.maxExpiryDelay) revert OutOfBounds();
        _parameters = p;
        emit ParametersChanged(p);
    }
}
