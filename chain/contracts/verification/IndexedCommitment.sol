// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";

import {Beacon} from "../randomness/Beacon.sol";
import {Charge, Opening} from "../core/Claims.sol";
import {Panel} from "./Panel.sol";
import {Settlement} from "../core/Settlement.sol";
import {Staking} from "../core/Staking.sol";

/// @title Indexed commitments: members agree on a result in one round, and nobody can copy another's word
/// @notice A member's result O for a batch is the Merkle root that the batch would have had with the outputs that
/// the member computed; it is the posted root if the batch is right. With n members, the one at index i submits
///     all = H(own_1, ..., own_n)    and    own_i = H(O, i)
/// Who doesn't know O can copy `all`, which is the same for everybody, but not make its own part. When all are in,
/// anybody who knows O shows it, and every commitment is worked out again. A quorum of stake for the posted root
/// accepts the batch. A quorum for anything else, or none in time, sends it to arbiters, who vote claim by claim.
/// @dev This keeps members from copying each other, not from believing the node: O can be computed from the claims
/// without executing anything. Whoever does that vouches for all of them, and is slashed if one falls.
contract IndexedCommitment is Panel {
    using SafeERC20 for IERC20;

    /// @dev The panel's own parameters are those of the arbiters, but for the quorum, which holds for both.
    struct Rule {
        uint8 members;
        uint32 submitWindow; // seconds from the draw, to execute and submit
        uint32 showWindow; // seconds after that, to show a result with a quorum
    }

    struct Commitment {
        bytes32 all;
        bytes32 own;
    }

    struct Inquiry {
        uint40 submitBy;
        uint8 size; // 0: nobody was drawn
        uint96 weight; // stake of all members
        uint128 submitted; // bit per seat
        bytes32 agreed; // result that a quorum had, other than the posted root; 0: none was shown
    }

    uint8 public immutable members;
    uint32 public immutable submitWindow;
    uint32 public immutable showWindow;

    mapping(bytes32 batch => Inquiry) private _inquiries;
    mapping(bytes32 batch => mapping(uint256 seat => Seat)) private _members;
    mapping(bytes32 batch => mapping(uint256 seat => Commitment)) private _commitments;

    event MembersDrawn(bytes32 indexed batch, address[] members, uint256[] weights, uint40 submitBy);
    event Submitted(bytes32 indexed batch, address indexed member, Commitment commitment);
    /// @param seats bit per seat: whose commitment was made from that result
    event Agreed(bytes32 indexed batch, bytes32 result, uint128 seats);

    error AlreadySubmitted(bytes32 batch, address member);
    error NoQuorum(bytes32 batch, bytes32 result, uint256 weight);
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

    // ---- one round ----

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
    /// @param seat of the caller: its position in MembersDrawn; its index is one more
    function submit(bytes32 batch, uint256 seat, Commitment calldata commitment) external {
        Inquiry storage inquiry = _inquiries[batch];
        if (inquiry.size == 0) revert NotDrawn(batch);
        if (_members[batch][seat].member != msg.sender) revert NotSeated(batch, seat, msg.sender);
        if (block.timestamp > inquiry.submitBy) revert TooLate(inquiry.submitBy);
        if (_has(inquiry.submitted, seat)) revert AlreadySubmitted(batch, msg.sender);
        inquiry.submitted |= _bit(seat);
        _commitments[batch][seat] = commitment;
        emit Submitted(batch, msg.sender, commitment);
    }

    /// @notice Show the result that a quorum committed to, when nobody can submit any more. If it is the posted
    /// root, the batch is final; otherwise arbiters find out which claims are wrong.
    /// @param openings the claims proven wrong meanwhile, if the batch will be final
    /// @param charges as in the batch's BatchPosted; not looked at without openings
    function show(bytes32 batch, bytes32 result, Opening[] calldata openings, Charge[] calldata charges) external {
        Inquiry memory inquiry = _undecided(batch);
        if (!_isIn(inquiry)) revert TooEarly(inquiry.submitBy);
        (uint128 seats, uint256 weight) = _consistent(batch, inquiry, result);
        if (weight * quorumDenominator < uint256(inquiry.weight) * quorumNumerator) {
            revert NoQuorum(batch, result, weight);
        }
        emit Agreed(batch, result, seats);
        Settlement.Batch memory posted = settlement.batchOf(batch);
        if (result != posted.root) {
            _inquiries[batch].agreed = result;
            _arbitrate(batch, posted);
            return;
        }
        Seat[] memory drawn = _dismiss(batch, inquiry.size);
        for (uint256 i; i < drawn.length; ++i) {
            if (_has(seats, i)) emit Voted(batch, drawn[i].member, _all(uint8(posted.count)));
        }
        uint256 pot = settlement.settle(batch, 0, 0, openings, charges);
        _slashSeats(drawn, inquiry.submitted & ~seats);
        _burn(_reward(batch, drawn, seats, pot));
    }

    /// @notice Send a batch to arbiters for which nobody showed a result with a quorum.
    function arbitrate(bytes32 batch) external {
        Inquiry memory inquiry = _undecided(batch);
        uint256 until = uint256(inquiry.submitBy) + showWindow;
        if (block.timestamp <= until) revert TooEarly(until);
        _arbitrate(batch, settlement.batchOf(batch));
    }

    // ---- views ----

    /// @notice Whose commitment was made from a result, as bits by seat, and whether they can have it settled now.
    function supportFor(bytes32 batch, bytes32 result) external view returns (uint128 seats, bool quorum) {
        Inquiry memory inquiry = _inquiries[batch];
        uint256 weight;
        (seats, weight) = _consistent(batch, inquiry, result);
        quorum = _isIn(inquiry) && weight * quorumDenominator >= uint256(inquiry.weight) * quorumNumerator;
    }

    /// @notice A batch's round; all zero before the draw and once the batch is final.
    function inquiryOf(bytes32 batch) external view returns (Inquiry memory) {
        return _inquiries[batch];
    }

    /// @notice What a member at an index, from 1 on, of so many must submit for a result.
    function commitmentTo(bytes32 result, uint256 index, uint256 count) public pure returns (Commitment memory) {
        return Commitment(_all(result, count), keccak256(abi.encode(result, index)));
    }

    // ---- inside ----

    function _all(bytes32 result, uint256 count) private pure returns (bytes32) {
        bytes32[] memory parts = new bytes32[](count);
        for (uint256 i; i < count; ++i) parts[i] = keccak256(abi.encode(result, i + 1));
        return keccak256(abi.encodePacked(parts));
    }

    /// @dev A commitment is made from one result at most, so that two quorums can't have different ones.
    function _consistent(bytes32 batch, Inquiry memory inquiry, bytes32 result)
        private
        view
        returns (uint128 seats, uint256 weight)
    {
        bytes32 all = _all(result, inquiry.size);
        for (uint256 i; i < inquiry.size; ++i) {
            Commitment memory made = _commitments[batch][i];
            if (made.all != all || made.own != keccak256(abi.encode(result, i + 1))) continue;
            seats |= _bit(i);
            weight += _members[batch][i].weight;
        }
    }

    /// @dev Whether nobody can submit any more.
    function _isIn(Inquiry memory inquiry) private view returns (bool) {
        if (inquiry.size == 0) return false;
        return block.timestamp > inquiry.submitBy || inquiry.submitted == _all(inquiry.size);
    }

    /// @dev A batch whose members were drawn, and its arbiters were not.
    function _undecided(bytes32 batch) private view returns (Inquiry memory inquiry) {
        inquiry = _inquiries[batch];
        if (inquiry.size == 0) revert NotDrawn(batch);
        if (_isDrawn(batch)) revert InArbitration(batch);
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
        _slashSeats(drawn, wrong);
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
        (right,) = _consistent(batch, inquiry, fell ? inquiry.agreed : root);
        if (!fell || inquiry.agreed != 0) wrong = inquiry.submitted & ~right;
        else (wrong,) = _consistent(batch, inquiry, root);
    }

    /// @dev Forget a batch's round.
    function _dismiss(bytes32 batch, uint8 seats) private returns (Seat[] memory drawn) {
        drawn = new Seat[](seats);
        for (uint256 i; i < seats; ++i) {
            drawn[i] = _members[batch][i];
            delete _members[batch][i];
            delete _commitments[batch][i];
        }
        delete _inquiries[batch];
    }

    function _slashSeats(Seat[] memory drawn, uint128 wrong) private {
        for (uint256 i; i < drawn.length; ++i) {
            if (_has(wrong, i)) _slashMember(drawn[i].member, wrongVoteSlashBps, "wrong_commitment");
        }
    }

    function _burn(uint256 amount) private {
        if (amount > 0) opg.safeTransfer(BURN_ADDRESS, amount);
    }
}
