// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";

import {Beacon} from "../randomness/Beacon.sol";
import {Claim, Opening, isPlaced} from "../core/Claims.sol";
import {Optimistic} from "./Optimistic.sol";
import {RoundSecrets} from "../randomness/RoundSecrets.sol";
import {Settlement} from "../core/Settlement.sol";
import {Staking} from "../core/Staking.sol";

/// @title ForcedError: now and then a node must claim something wrong, and who finds it wins a jackpot
/// @notice In each round of the beacon a node draws a lot from its secret for the round and the seed of the round
/// before. If it wins, it adds a wrong claim to a batch, for a request that nobody made and a task id that follows
/// from the secret. Nobody can tell it from a real claim but by executing it. When the time for challenges is over
/// the node shows the secret of a forced error that was challenged: nobody is slashed for it, and each of its k
/// challengers gets J / 2^(k-1) out of a pool that a share of all fees feeds.
/// @dev The lot cannot be ground: the secret is fixed before the seed is known, each is used once, and no claim of
/// a real client can pass for a forced error, since it is the client who chose its task id. A node that leaves its
/// forced errors out is not found out. A node that tells an accomplice where they are shares the jackpot with all
/// who found them by work; J / 2^(k-1) makes more than two accomplices worth less than one.
contract ForcedError is Optimistic {
    using RoundSecrets for RoundSecrets.Chain;

    struct Lottery {
        uint32 probability; // that a node's lot of a round wins, in parts per 1e9
        uint96 jackpot; // wei, for a single challenger
    }

    uint256 public constant UNIT = 1e9;

    uint32 public immutable probability;
    uint96 public immutable jackpot;

    mapping(address node => RoundSecrets.Chain) private _secrets;
    mapping(address node => mapping(uint256 round => bool)) private _shown;

    event SecretsCommitted(address indexed node, uint256 round, bytes32 tip);
    event ForcedErrorShown(
        bytes32 indexed batch, address indexed node, uint16 index, uint256 round, uint256 challengers, uint256 prize
    );

    error ClaimNotDisputed(bytes32 batch, uint16 index);
    error NotForced(bytes32 batch, uint16 index);
    error InvalidProof(bytes32 batch, uint16 index);

    constructor(
        Settlement settlement_,
        Staking staking_,
        Beacon beacon_,
        IERC20 opg_,
        Parameters memory p,
        Rule memory rule,
        Lottery memory lottery
    ) Optimistic(settlement_, staking_, beacon_, opg_, p, rule) {
        if (lottery.probability > UNIT) revert InvalidParameters();
        probability = lottery.probability;
        jackpot = lottery.jackpot;
    }

    /// @notice Commit to the secrets of the rounds after `round`, which has not begun, once and for ever.
    function commitSecrets(uint256 round, bytes32 tip) external {
        _secrets[msg.sender].commit(round, beacon.currentRound(), tip);
        emit SecretsCommitted(msg.sender, round, tip);
    }

    /// @notice Show that a disputed claim is a forced error, after the challenges and before the arbiters.
    /// @param secret of the node, for the round in which the claim says that it was answered
    function showForced(bytes32 batch, bytes32 secret, Opening calldata opening) external {
        Settlement.Batch memory posted = _posted(batch);
        uint256 known = _known(posted);
        if (block.timestamp <= known) revert TooEarly(known);
        if (block.timestamp > known + evidenceWindow) revert TooLate(known + evidenceWindow);
        Claim calldata claim = opening.claim;
        if (!isPlaced(opening, posted.root, posted.count)) revert InvalidProof(batch, claim.index);
        if (disputedIn(batch) >> claim.index & 1 == 0) revert ClaimNotDisputed(batch, claim.index);
        uint256 round = beacon.roundAt(claim.answeredAt);
        RoundSecrets.Chain storage chain = _secrets[posted.node];
        chain.show(round, beacon.currentRound(), secret);
        secret = chain.secretOf(round);
        bool fresh = !_shown[posted.node][round] && claim.answeredAt <= posted.postedAt;
        if (!fresh || claim.task != taskOf(secret) || !isForced(round, secret)) revert NotForced(batch, claim.index);
        _shown[posted.node][round] = true;

        uint256 challengers = _challengersOf(batch, claim.index);
        uint256 prize = Math.min(jackpot, pool()) >> (challengers - 1);
        emit ForcedErrorShown(batch, posted.node, claim.index, round, challengers, prize);
        _dismiss(batch, claim.index, prize);
    }

    /// @notice The last secret that `node` showed and its round (the tip, if none), and the round of the tip.
    function secretsOf(address node) external view returns (RoundSecrets.Chain memory) {
        return _secrets[node];
    }

    /// @notice Whether a secret wins in a round that it is meant for.
    function isForced(uint256 round, bytes32 secret) public view returns (bool) {
        return uint256(keccak256(abi.encode(beacon.seedOf(round - 1), secret))) % UNIT < probability;
    }

    /// @notice Task id of the forced error of a secret. It is no link of the chain, which may be known.
    function taskOf(bytes32 secret) public pure returns (bytes32) {
        return keccak256(abi.encode(bytes32("forced error"), secret));
    }

    /// @notice OPG that there is for jackpots: all that is here and is not a bond.
    function pool() public view returns (uint256) {
        return opg.balanceOf(address(this)) - bonded;
    }

    /// @dev What undisputed batches pay for verification feeds the pool.
    function _collect(uint256) internal override {}
}
