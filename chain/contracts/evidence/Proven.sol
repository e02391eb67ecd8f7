// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

import {Attested} from "./Attested.sol";
import {Beacon} from "../randomness/Beacon.sol";
import {Charge, Claim, Opening, isPlaced} from "../core/Claims.sol";
import {ZKML, modeOf} from "../core/Modes.sol";
import {Settlement} from "../core/Settlement.sol";
import {Staking} from "../core/Staking.sol";
import {ZKMLEvidence} from "./zkml/ZKMLEvidence.sol";

/// @title Proven: batches whose claims are proven one by one, beside batches that are final after a while
/// @notice A node pledges to prove every claim of a batch. Such a batch is final as soon as all of them are proven, and
/// never before; a claim unproven when the time for it is over is rejected, and its node slashed. A claim that owes a
/// proof and is in a batch that nobody pledged is rejected likewise, so that its node had better pledge.
/// @dev Anything else is as in Attested. A root says nothing of what is below it: that a batch that nobody pledged holds
/// a claim that owes a proof must be shown by somebody. One honest full node is enough.
contract Proven is Attested {
    struct Terms {
        uint32 notice; // seconds in which to pledge a batch, and for clients to object before it can be final
        uint32 provingPeriod; // seconds from the post until all of a pledged batch is proven
        bool byMode; // whether only claims whose task says so owe a proof
    }

    struct Progress {
        bool pledged;
        uint128 proven; // bit i: claim i is proven
    }

    ZKMLEvidence public immutable evidence;
    uint32 public immutable notice;
    uint32 public immutable provingPeriod;
    bool public immutable byMode;

    mapping(bytes32 batch => Progress) private _progress;
    mapping(address node => mapping(bytes32 proof => bool)) private _used;

    event Pledged(bytes32 indexed batch, address indexed node);
    event ClaimProven(bytes32 indexed batch, uint16 index, address indexed node, bytes32 task, bytes32 proof);

    error NotItsNode(bytes32 batch, address caller);
    error NotPledged(bytes32 batch);
    error InvalidOpening(bytes32 batch, uint16 index);
    error AlreadyProven(bytes32 batch, uint16 index);
    error ProofUsed(bytes32 proof);
    error OwesNoProof(bytes32 task);
    error Unproven(uint128 claims);

    constructor(
        Settlement settlement_,
        Staking staking_,
        Beacon beacon_,
        IERC20 opg_,
        ZKMLEvidence evidence_,
        Parameters memory p,
        Terms memory terms
    ) Attested(settlement_, staking_, beacon_, opg_, p) {
        if (terms.provingPeriod <= terms.notice || p.window <= terms.notice) revert InvalidParameters();
        evidence = evidence_;
        notice = terms.notice;
        provingPeriod = terms.provingPeriod;
        byMode = terms.byMode;
    }

    /// @notice Promise to prove every claim of a batch of one's own.
    function pledge(bytes32 batch) external {
        Settlement.Batch memory posted = _posted(batch);
        if (msg.sender != posted.node) revert NotItsNode(batch, msg.sender);
        if (block.timestamp > posted.postedAt + notice) revert TooLate(posted.postedAt + notice);
        _progress[batch].pledged = true;
        emit Pledged(batch, msg.sender);
    }

    /// @notice Prove a claim of a batch that one has pledged.
    /// @dev Each proof is good once. Circuits know no tasks: for two tasks with the same input, a node must make two.
    /// @param input the tensor that the client sent, encoded
    /// @param outputs what the circuit computed, in its own scale
    function prove(
        bytes32 batch,
        Opening calldata opening,
        bytes calldata input,
        int128[] calldata outputs,
        bytes calldata proof
    ) external {
        Settlement.Batch memory posted = _posted(batch);
        Progress storage progress = _progress[batch];
        Claim calldata claim = opening.claim;
        if (msg.sender != posted.node) revert NotItsNode(batch, msg.sender);
        if (!progress.pledged) revert NotPledged(batch);
        if (block.timestamp > posted.postedAt + provingPeriod) revert TooLate(posted.postedAt + provingPeriod);
        if (!isPlaced(opening, posted.root, posted.count)) revert InvalidOpening(batch, claim.index);
        uint128 bit = uint128(1) << claim.index;
        if ((progress.proven | posted.rejected) & bit != 0) revert AlreadyProven(batch, claim.index);
        bytes32 digest = keccak256(proof);
        if (_used[msg.sender][digest]) revert ProofUsed(digest);

        progress.proven |= bit;
        _used[msg.sender][digest] = true;
        emit ClaimProven(batch, claim.index, msg.sender, claim.task, digest);
        evidence.check(claim, input, outputs, proof);
    }

    /// @notice Have a claim rejected that owes a proof and got none in time.
    function rejectUnproven(bytes32 batch, Opening calldata opening) external {
        Settlement.Batch memory posted = _posted(batch);
        Progress memory progress = _progress[batch];
        Claim calldata claim = opening.claim;
        if (!progress.pledged && byMode && modeOf(claim.task) != ZKML) revert OwesNoProof(claim.task);
        uint256 until = posted.postedAt + (progress.pledged ? provingPeriod : notice);
        if (block.timestamp <= until) revert TooEarly(until);
        if (progress.proven >> claim.index & 1 == 1) revert AlreadyProven(batch, claim.index);
        settlement.reject(batch, opening, msg.sender, "unproven");
    }

    /// @inheritdoc Attested
    function finalise(bytes32 batch, Opening[] calldata openings, Charge[] calldata charges) public override {
        if (!_progress[batch].pledged) {
            super.finalise(batch, openings, charges);
            return;
        }
        uint256 from = _posted(batch).postedAt + notice;
        if (block.timestamp <= from) revert TooEarly(from);
        uint128 missing = unproven(batch);
        if (missing != 0 && (block.timestamp <= _until(batch) || !isWithheld(batch))) revert Unproven(missing);
        delete _progress[batch];
        _conclude(batch, missing != 0, openings, charges);
    }

    /// @notice Whether a node has promised to prove an open batch.
    function isPledged(bytes32 batch) external view returns (bool) {
        return _progress[batch].pledged;
    }

    /// @notice Claims of an open batch that are neither proven nor rejected; bit i stands for claim i.
    function unproven(bytes32 batch) public view returns (uint128) {
        Settlement.Batch memory posted = _posted(batch);
        return type(uint128).max >> (128 - posted.count) & ~(_progress[batch].proven | posted.rejected);
    }

    /// @inheritdoc Attested
    function _until(bytes32 batch) internal view override returns (uint256) {
        return _progress[batch].pledged ? _posted(batch).postedAt + provingPeriod : super._until(batch);
    }
}
