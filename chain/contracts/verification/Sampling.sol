// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";

import {Beacon} from "../randomness/Beacon.sol";
import {Charge, Opening, ones} from "../core/Claims.sol";
import {Panel} from "./Panel.sol";
import {Settlement} from "../core/Settlement.sol";
import {Staking} from "../core/Staking.sol";

/// @title Sampling: a few claims drawn by lot are checked, and answer for all the others
/// @notice Once a batch is posted, the beacon draws each of its claims with some probability. A batch of which
/// nothing is drawn is final at once. Otherwise a few validators judge what was drawn. They can only accept:
/// a claim without enough votes for it is disputed, and a second panel, the arbiters, decides it by quorum.
/// @dev Validators are paid for checks out of the fees of all batches: what a batch without checks pays for its
/// verification stays here, and goes with the rest to who did their duty on the next batch with checks.
contract Sampling is Panel {
    /// @dev The panel's own parameters, size and quorum above all, are those of the arbiters.
    struct Rule {
        uint32 probability; // of a claim to be checked, in parts per 1e9
        uint8 validators; // seats of the first panel
        uint16 acceptNumerator; // share of the validators' stake that accepts a claim
        uint16 acceptDenominator;
        uint16 streak; // checks passed before a node is checked less than always; 0: `probability` holds for all
    }

    uint256 public constant UNIT = 1e9;

    uint32 public immutable probability;
    uint8 public immutable validators;
    uint16 public immutable acceptNumerator;
    uint16 public immutable acceptDenominator;
    uint16 public immutable streak;

    /// @notice Checks that a node passed since it last failed one, or left one without a verdict. Counted only where `streak` is not 0.
    mapping(address node => uint256) public passedBy;

    /// @param claims bit i: claim i is to be checked
    /// @param rate probability with which each claim was drawn, in parts per 1e9
    event Sampled(bytes32 indexed batch, address indexed node, uint128 claims, uint256 rate);
    event Disputed(bytes32 indexed batch, uint128 claims);

    constructor(
        Settlement settlement_,
        Staking staking_,
        Beacon beacon_,
        IERC20 opg_,
        Parameters memory p,
        Rule memory rule
    ) Panel(settlement_, staking_, beacon_, opg_, p) {
        if (rule.probability > UNIT || rule.validators == 0) revert InvalidParameters();
        if (uint256(rule.validators) + p.size > MAX_MEMBERS) revert InvalidParameters();
        if (!_isMajority(rule.acceptNumerator, rule.acceptDenominator)) revert InvalidParameters();
        probability = rule.probability;
        validators = rule.validators;
        acceptNumerator = rule.acceptNumerator;
        acceptDenominator = rule.acceptDenominator;
        streak = rule.streak;
    }

    /// @notice Draw the claims of a batch that are to be checked, once there is a seed that its node could not
    /// know when it posted. If there are none, the batch is final; otherwise validators are drawn as well.
    /// @param openings the claims proven wrong meanwhile, if the batch will be final
    /// @param charges as in the batch's BatchPosted; not looked at without openings
    function draw(bytes32 batch, Opening[] calldata openings, Charge[] calldata charges) external {
        Settlement.Batch memory posted = settlement.batchOf(batch);
        if (posted.status != Settlement.Status.Open) revert BatchNotOpen(batch);
        if (_isDrawn(batch)) revert AlreadyDrawn(batch);
        uint256 rate = rateOf(posted.node);
        bytes32 seed = beacon.seedAfter(beacon.roundAt(posted.postedAt));
        uint128 drawn = _sample(seed, batch, posted.count, rate);
        emit Sampled(batch, posted.node, drawn, rate);
        if (drawn == 0) {
            if (posted.rejected != 0) passedBy[posted.node] = 0;
            settlement.settle(batch, 0, 0, openings, charges);
        } else {
            (address[] memory members, uint256[] memory weights) = _lots(batch, validators, posted.postedAt);
            _seat(batch, posted.count, drawn, members, weights);
        }
    }

    /// @notice Probability with which the claims of `node` are drawn now, in parts per 1e9.
    /// @dev BOINC's adaptive replication, where `streak` is set: all until so many checks in a row are passed,
    /// then one in as many as were passed; never less than `probability`.
    function rateOf(address node) public view returns (uint256) {
        if (streak == 0) return probability;
        uint256 passed = passedBy[node];
        if (passed < streak) return UNIT;
        return UNIT / passed < probability ? probability : UNIT / passed;
    }

    /// @dev Each claim is drawn by itself, so that who learns the seed has nothing left to choose.
    function _sample(bytes32 seed, bytes32 batch, uint256 count, uint256 rate) private pure returns (uint128 drawn) {
        for (uint256 i; i < count; ++i) {
            if (uint256(keccak256(abi.encode(seed, batch, i))) % UNIT < rate) drawn |= uint128(1) << uint128(i);
        }
    }

    /// @dev Validators have no say against a claim: what they don't accept, arbiters decide.
    function _verdict(Count memory count) internal view override returns (uint256) {
        if (count.sitting.bench > 0) return super._verdict(count);
        return uint128(_judge(count, acceptNumerator, acceptDenominator));
    }

    /// @dev Arbiters also judge what was proven wrong meanwhile: who accepted it as a validator is held to that.
    function _undecided(Count memory count, uint128 proven) internal pure override returns (uint128) {
        return super._undecided(count, count.sitting.bench > 0 ? proven : 0);
    }

    function _concluded(bytes32 batch, Count memory count, Opening[] calldata openings, Charge[] calldata charges)
        internal
        override
    {
        Settlement.Batch memory posted = settlement.batchOf(batch);
        if (count.sitting.bench == 0 && count.voided != 0) {
            emit Disputed(batch, count.voided);
            _arbitrate(batch, posted, count.voided);
            return;
        }
        bool failed = count.rejected | count.voided != 0; // void: else who withholds what was drawn would keep its streak
        if (streak > 0) passedBy[posted.node] = failed ? 0 : passedBy[posted.node] + ones(count.accepted);
        _settle(batch, count, openings, charges);
        _reward(batch, count.seats, _slash(count), opg.balanceOf(address(this)));
    }

    /// @dev From the seed of the validators, so that arbiters can be told from the draw on; a seed of their own
    /// would cost a round more. Validators may be drawn as arbiters too: there may be nobody else.
    function _arbitrate(bytes32 batch, Settlement.Batch memory posted, uint128 disputed) private {
        bytes32 subject = keccak256(abi.encode(batch, "arbitration"));
        uint256 seats = size == 0 ? MAX_MEMBERS - validators : size;
        (address[] memory members, uint256[] memory weights) = _lots(subject, seats, posted.postedAt);
        _seat(batch, posted.count, disputed, members, weights);
    }
}
