// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";

import {Beacon} from "../randomness/Beacon.sol";
import {Charge, Opening} from "../core/Claims.sol";
import {Panel} from "./Panel.sol";
import {Settlement} from "../core/Settlement.sol";
import {Staking} from "../core/Staking.sol";

/// @title Indexed commitments: members agree on one result for a whole batch, and nobody waits once all are in
/// @notice A member's result for a batch is the Merkle root that the batch would have had with the outputs that the member
/// computed; it is the posted root if the batch is right. Members commit to it under a salt of their own, and show it
/// when nobody can commit any more. A quorum of stake for the posted root accepts the batch. A quorum for anything else,
/// or none in time, sends it to arbiters, who vote claim by claim.
/// @dev Without the salt a commitment to the posted root could be told from any other, and who executes nothing could
/// wait until others have made it. Who commits and does not show is slashed: else it would show only what wins.
/// This keeps members from copying each other, not from believing the node: whoever commits to the posted root unseen
/// answers for all claims, and is slashed if one falls.
contract IndexedCommitment is Panel {
    using SafeERC20 for IERC20;

    /// @dev The panel's own parameters are those of the arbiters, but for the quorum, which holds for both.
    struct Rule {
        uint8 members;
        uint32 submitWindow; // seconds from the draw, to execute and submit
        uint32 showWindow; // seconds after that, to show results
    }

    struct Inquiry {
        uint40 submitBy;
        uint8 size; // 0: nobody was drawn
        uint96 weight; // stake of all members
        uint128 submitted; // bit per seat
        uint128 shown; // bit per seat
        bytes32 agreed; // result that a quorum had; 0: none so far
    }

    uint8 public immutable members;
    uint32 public immutable submitWindow;
    uint32 public immutable showWindow;

    mapping(bytes32 batch => Inquiry) private _inquiries;
    mapping(bytes32 batch => mapping(uint256 seat => Seat)) private _members;
    mapping(bytes32 batch => mapping(uint256 seat => bytes32)) private _results; // commitment, then result
    mapping(bytes32 batch => mapping(bytes32 result => uint256 weight)) private _support;

    event MembersDrawn(bytes32 indexed batch, address[] members, uint256[] weights, uint40 submitBy);
    event Submitted(bytes32 indexed batch, address indexed member, bytes32 commitment);
    event Shown(bytes32 indexed batch, address indexed member, bytes32 result);
    /// @param seats bit per seat: who had that result
    event Agreed(bytes32 indexed batch, bytes32 result, uint128 seats);

    error AlreadySubmitted(bytes32 batch, address member);
    error InArbitration(bytes32 batch);

    constructor(
        Settlement settlement_,
        Staking staking_,
        Beacon beacon_,
        IERC20 opg_,
        Parameters memory p,
        Rule memory rule
    ) Panel(settlement_, staking_, beacon_, opg_, p) {
        if (rule.members == 0 || rule.members > MAX_MEMBERS || p.size > MAX_ARBITERS) revert InvalidParameters();
        members = rule.members;
        submitWindow = rule.submitWindow;
        showWindow = rule.showWindow;
    }

    // ---- members ----

    /// @notice Draw the members for a batch, once there is a seed that its node could not know when it posted.
    function draw(bytes32 batch) external {
        Settlement.Batch memory posted = settlement.batchOf(batch);
        if (posted.status != Settlement.Status.Open) revert BatchNotOpen(batch);
        Inquiry storage inquiry = _inquiries[batch];
        if (inquiry.size != 0) revert AlreadyDrawn(batch);
        (address[] memory drawn, uint256[] memory weights) = _lots(batch, members, posted.postedAt);
        uint256 total;
        for (uint256 i; i < drawn.length; ++i) {
            _members[batch][i] = Seat(drawn[i], uint96(weights[i]));
            total += weights[i];
        }
        inquiry.submitBy = uint40(block.timestamp) + submitWindow;
        inquiry.size = uint8(drawn.length);
        inquiry.weight = uint96(total);
        emit MembersDrawn(batch, drawn, weights, inquiry.submitBy);
    }

    /// @notice Commit to a result, once and for all.
    /// @param seat of the caller: its position in MembersDrawn
    /// @param submitBy of the round that it is meant for, as in MembersDrawn: after a reorg there may be another
    /// @param commitment keccak256(abi.encode(batch, caller, result, salt))
    function submit(bytes32 batch, uint256 seat, uint40 submitBy, bytes32 commitment) external {
        Inquiry storage inquiry = _inquiry(batch, seat);
        if (submitBy != inquiry.submitBy) revert OtherSitting(batch, inquiry.submitBy);
        if (block.timestamp > submitBy) revert TooLate(submitBy);
        if (_has(inquiry.submitted, seat)) revert AlreadySubmitted(batch, msg.sender);
        inquiry.submitted |= _bit(seat);
        _results[batch][seat] = commitment;
        emit Submitted(batch, msg.sender, commitment);
    }

    /// @notice Show the result committed to, when nobody can commit any more.
    function show(bytes32 batch, uint256 seat, bytes32 result, bytes32 salt) external {
        Inquiry storage inquiry = _inquiry(batch, seat);
        if (!_isIn(inquiry)) revert TooEarly(inquiry.submitBy);
        uint256 until = uint256(inquiry.submitBy) + showWindow;
        if (block.timestamp > until) revert TooLate(until);
        if (_has(inquiry.shown, seat)) revert AlreadyRevealed(batch, msg.sender);
        bytes32 commitment = keccak256(abi.encode(batch, msg.sender, result, salt));
        if (_results[batch][seat] != commitment) revert WrongReveal(batch, msg.sender);
        inquiry.shown |= _bit(seat);
        _results[batch][seat] = result;
        uint256 weight = _support[batch][result] + _members[batch][seat].weight;
        _support[batch][result] = weight;
        if (weight * quorumDenominator >= uint256(inquiry.weight) * quorumNumerator) inquiry.agreed = result;
        emit Shown(batch, msg.sender, result);
    }

    // ---- what follows ----

    /// @notice Act on what members had, when nobody can show any more. If a quorum had the posted root, the batch is final;
    /// if not, arbiters find out which claims are wrong.
    /// @param openings the claims proven wrong meanwhile, if the batch will be final
    /// @param charges as in the batch's BatchPosted; not looked at without openings
    function conclude(bytes32 batch, Opening[] calldata openings, Charge[] calldata charges) external {
        Inquiry memory inquiry = _inquiries[batch];
        if (inquiry.size == 0) revert NotDrawn(batch);
        if (_isDrawn(batch)) revert InArbitration(batch);
        if (!_isShown(inquiry)) revert TooEarly(uint256(inquiry.submitBy) + showWindow);
        Settlement.Batch memory posted = settlement.batchOf(batch);
        uint128 seats = _having(batch, inquiry, inquiry.agreed);
        if (inquiry.agreed != 0) emit Agreed(batch, inquiry.agreed, seats);
        if (inquiry.agreed != posted.root) {
            _arbitrate(batch, posted);
            return;
        }
        Seat[] memory drawn = _dismiss(batch, inquiry.size);
        for (uint256 i; i < drawn.length; ++i) {
            if (_has(seats, i)) emit Voted(batch, drawn[i].member, _all(uint8(posted.count)));
        }
        uint256 pot = settlement.settle(batch, 0, 0, openings, charges);
        _slashSeats(drawn, inquiry, inquiry.shown & ~seats);
        _burn(_reward(batch, drawn, seats, pot));
    }

    // ---- views ----

    /// @notice A batch's round; all zero before the draw and once the batch is final.
    function inquiryOf(bytes32 batch) external view returns (Inquiry memory) {
        return _inquiries[batch];
    }

    // ---- inside ----

    /// @dev The round of a batch in which the caller has this seat.
    function _inquiry(bytes32 batch, uint256 seat) private view returns (Inquiry storage inquiry) {
        inquiry = _inquiries[batch];
        if (inquiry.size == 0) revert NotDrawn(batch);
        if (_members[batch][seat].member != msg.sender) revert NotSeated(batch, seat, msg.sender);
    }

    /// @dev Who showed a result. Each showed one, so that two quorums can't have different ones.
    function _having(bytes32 batch, Inquiry memory inquiry, bytes32 result) private view returns (uint128 seats) {
        for (uint256 i; i < inquiry.size; ++i) {
            if (_has(inquiry.shown, i) && _results[batch][i] == result) seats |= _bit(i);
        }
    }

    /// @dev Whether nobody can submit any more.
    function _isIn(Inquiry memory inquiry) private view returns (bool) {
        if (inquiry.size == 0) return false;
        return block.timestamp > inquiry.submitBy || inquiry.submitted == _all(inquiry.size);
    }

    /// @dev Whether nobody can show any more.
    function _isShown(Inquiry memory inquiry) private view returns (bool) {
        if (!_isIn(inquiry)) return false;
        return inquiry.shown == inquiry.submitted || block.timestamp > uint256(inquiry.submitBy) + showWindow;
    }

    function _arbitrate(bytes32 batch, Settlement.Batch memory posted) private {
        if (posted.status != Settlement.Status.Open) revert BatchNotOpen(batch);
        bytes32 subject = keccak256(abi.encode(batch, "arbitration"));
        (address[] memory drawn, uint256[] memory weights) =
            _lots(subject, size == 0 ? MAX_ARBITERS : size, posted.postedAt);
        _seat(batch, posted.count, 0, drawn, weights);
    }

    /// @dev Members who were right have half of what the batch pays, arbiters the rest.
    function _concluded(bytes32 batch, Count memory count, Opening[] calldata openings, Charge[] calldata charges)
        internal
        override
    {
        Inquiry memory inquiry = _inquiries[batch];
        (uint128 right, uint128 wrong) = _held(batch, inquiry, count);
        Seat[] memory drawn = _dismiss(batch, inquiry.size);
        uint256 pot = _settle(batch, count, openings, charges);
        _slashSeats(drawn, inquiry, wrong);
        uint256 half = right == 0 ? 0 : pot / 2;
        uint256 rest = _reward(batch, drawn, right, half);
        _burn(rest + _reward(batch, count.seats, _slash(count), pot - half));
    }

    /// @dev What the arbiters' verdict says of the members. If every claim stands, the posted root was the result; if
    /// one falls, it was another, and a quorum on another was right. Without one, only who had the root is known to
    /// be wrong.
    function _held(bytes32 batch, Inquiry memory inquiry, Count memory count)
        private
        view
        returns (uint128 right, uint128 wrong)
    {
        bool fell = uint128(count.verdict >> 128) != 0;
        if (!fell && count.voided != 0) return (0, 0);
        bytes32 root = settlement.batchOf(batch).root;
        if (!fell || inquiry.agreed != 0) {
            right = _having(batch, inquiry, fell ? inquiry.agreed : root);
            wrong = inquiry.shown & ~right;
        } else {
            wrong = _having(batch, inquiry, root);
        }
    }

    /// @dev Forget a batch's round.
    function _dismiss(bytes32 batch, uint8 seats) private returns (Seat[] memory drawn) {
        drawn = new Seat[](seats);
        for (uint256 i; i < seats; ++i) {
            drawn[i] = _members[batch][i];
            delete _members[batch][i];
            delete _support[batch][_results[batch][i]];
            delete _results[batch][i];
        }
        delete _inquiries[batch];
    }

    function _slashSeats(Seat[] memory drawn, Inquiry memory inquiry, uint128 wrong) private {
        uint128 hidden = inquiry.submitted & ~inquiry.shown;
        for (uint256 i; i < drawn.length; ++i) {
            if (_has(wrong, i)) _slashMember(drawn[i].member, wrongVoteSlashBps, "wrong_commitment");
            else if (_has(hidden, i)) _slashMember(drawn[i].member, missedRevealSlashBps, "missed_reveal");
        }
    }

    function _burn(uint256 amount) private {
        if (amount > 0) opg.safeTransfer(BURN_ADDRESS, amount);
    }
}
