// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

import {Beacon} from "../randomness/Beacon.sol";
import {Opening, isPlaced} from "../core/Claims.sol";
import {Optimistic} from "./Optimistic.sol";
import {RoundSecrets} from "../randomness/RoundSecrets.sol";
import {Settlement} from "../core/Settlement.sol";
import {Staking} from "../core/Staking.sol";

/// @title AttentionChallenge: a full node must answer for what only who executes a claim can know
/// @notice Some claims call on a full node to respond in time: those for which a hash of its secret and of the
/// claim's result is small. Nobody can tell which without the result, and nobody but the node without its secret.
/// The result is a hash of the output other than the one in the claim, which holds the hash of the result as its
/// evidence. Nodes show their secrets before the challenges end. Then anybody who knows a result can accuse a node
/// that should have responded and did not, or the other way round: it pays a penalty, of which its accuser has a
/// share. Claims in dispute call on nobody.
/// @dev Results must come out the same to the last bit wherever they are computed. Whoever is told the results need
/// not compute them. A node that committed to secrets has its duties until it has nothing left to lose.
contract AttentionChallenge is Optimistic {
    using RoundSecrets for RoundSecrets.Chain;

    struct Duty {
        uint32 probability; // that a claim calls on a node, in parts per 1e9
        uint32 responseWindow; // seconds from the post
        uint96 penalty; // wei for each claim missed, or answered without a call
        uint16 accuserShareBps; // of the penalty; the rest is burned
    }

    struct Attendance {
        uint128 responded; // bit per claim
        uint128 accused; // bit per claim
    }

    uint256 public constant UNIT = 1e9;

    uint32 public immutable probability;
    uint32 public immutable responseWindow;
    uint96 public immutable penalty;
    uint16 public immutable accuserShareBps;

    mapping(address node => RoundSecrets.Chain) private _secrets;
    mapping(bytes32 batch => mapping(address node => Attendance)) private _attendance;

    event SecretsCommitted(address indexed node, uint256 round, bytes32 tip);
    event SecretShown(address indexed node, uint256 round, bytes32 secret);
    event Responded(bytes32 indexed batch, address indexed node, uint128 claims);
    /// @param claims bit per claim; all of them where the node kept its secret
    event Inattentive(bytes32 indexed batch, address indexed node, uint128 claims, address accuser);

    error PostedAnew(bytes32 batch, uint40 postedAt);
    error InvalidResponse(uint128 claims);
    error NotCalled(bytes32 batch, address node);
    error Attentive(bytes32 batch, address node, uint16 index);
    error AlreadyAccused(bytes32 batch, address node);
    error InvalidProof(bytes32 batch, uint16 index);
    error WrongResult(bytes32 batch, uint16 index);

    constructor(
        Settlement settlement_,
        Staking staking_,
        Beacon beacon_,
        IERC20 opg_,
        Parameters memory p,
        Rule memory rule,
        Duty memory duty
    ) Optimistic(settlement_, staking_, beacon_, opg_, p, rule) {
        if (duty.probability > UNIT || duty.accuserShareBps > BPS) revert InvalidParameters();
        if (duty.responseWindow >= rule.challengeWindow) revert InvalidParameters();
        probability = duty.probability;
        responseWindow = duty.responseWindow;
        penalty = duty.penalty;
        accuserShareBps = duty.accuserShareBps;
    }

    /// @notice Commit to the secrets of the rounds after `round`, which has not begun, once and for ever. From then
    /// on claims of batches posted in these rounds may call on the caller.
    function commitSecrets(uint256 round, bytes32 tip) external {
        _secrets[msg.sender].commit(round, beacon.currentRound(), tip);
        emit SecretsCommitted(msg.sender, round, tip);
    }

    /// @notice Show the caller's secret of a round, and with it those of all rounds before.
    function showSecret(uint256 round, bytes32 secret) external {
        _secrets[msg.sender].show(round, beacon.currentRound(), secret);
        emit SecretShown(msg.sender, round, secret);
    }

    /// @notice Say which claims of a batch call on the caller.
    /// @param postedAt when the batch was posted: after a reorg it may be posted in another round, and other claims call
    /// @param claims bit per claim
    function respond(bytes32 batch, uint40 postedAt, uint128 claims) external {
        Settlement.Batch memory posted = _posted(batch);
        if (posted.postedAt != postedAt) revert PostedAnew(batch, posted.postedAt);
        uint256 until = uint256(posted.postedAt) + responseWindow;
        if (block.timestamp > until) revert TooLate(until);
        if (claims == 0 || claims >> posted.count != 0) revert InvalidResponse(claims);
        _attendance[batch][msg.sender].responded |= claims;
        emit Responded(batch, msg.sender, claims);
    }

    /// @notice Prove that a node missed a call, or responded without one.
    /// @param result what the claim's evidence is the hash of
    function accuse(bytes32 batch, address node, bytes32 result, Opening calldata opening) external {
        Settlement.Batch memory posted = _heard(batch);
        uint16 index = opening.claim.index;
        if (!isPlaced(opening, posted.root, posted.count)) revert InvalidProof(batch, index);
        if (keccak256(abi.encode(result)) != opening.claim.evidenceHash) revert WrongResult(batch, index);
        if (disputedIn(batch) >> index & 1 != 0) revert NotCalled(batch, node);
        bytes32 secret = _secrets[node].secretOf(beacon.roundAt(posted.postedAt));
        bool responded = _attendance[batch][node].responded >> index & 1 != 0;
        if (isCalled(secret, batch, index, result) == responded) revert Attentive(batch, node, index);
        _penalise(batch, node, uint128(1) << index, 1);
    }

    /// @notice Prove that a node keeps a secret that it should have shown before the challenges ended.
    /// @dev It costs as many penalties as a batch of that size makes calls on average, or one: were it one alone, a node that
    /// checks nothing would rather keep its secret.
    function accuseOfSilence(bytes32 batch, address node) external {
        Settlement.Batch memory posted = _heard(batch);
        uint256 round = beacon.roundAt(posted.postedAt);
        RoundSecrets.Chain storage chain = _secrets[node];
        if (!chain.covers(round) || round <= chain.round) revert NotCalled(batch, node);
        uint256 calls = Math.max(1, Math.ceilDiv(uint256(posted.count) * probability, UNIT));
        _penalise(batch, node, type(uint128).max >> (128 - posted.count), calls);
    }

    /// @notice Whether a claim calls on the node that has this secret for the round in which its batch was posted.
    function isCalled(bytes32 secret, bytes32 batch, uint256 index, bytes32 result) public view returns (bool) {
        return uint256(keccak256(abi.encode(secret, batch, index, result))) % UNIT < probability;
    }

    /// @notice The last secret that `node` showed and its round (the tip, if none), and the round of the tip.
    function secretsOf(address node) external view returns (RoundSecrets.Chain memory) {
        return _secrets[node];
    }

    /// @notice Claims of a batch that `node` responded to, and those it was accused of, as bits.
    function attendanceOf(bytes32 batch, address node) external view returns (Attendance memory) {
        return _attendance[batch][node];
    }

    /// @dev An open batch that takes no challenges any more, and accusations still.
    function _heard(bytes32 batch) private view returns (Settlement.Batch memory posted) {
        posted = _posted(batch);
        uint256 known = _known(posted);
        if (block.timestamp <= known) revert TooEarly(known);
        if (block.timestamp > known + evidenceWindow) revert TooLate(known + evidenceWindow);
    }

    function _penalise(bytes32 batch, address node, uint128 claims, uint256 calls) private {
        Attendance storage attendance = _attendance[batch][node];
        if (attendance.accused & claims != 0) revert AlreadyAccused(batch, node);
        attendance.accused |= claims;
        emit Inattentive(batch, node, claims, msg.sender);
        uint256 amount = uint256(penalty) * calls;
        staking.slash(node, amount, msg.sender, amount * accuserShareBps / BPS, "inattention");
    }
}
