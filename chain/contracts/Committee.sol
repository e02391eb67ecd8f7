// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";

import {Beacon} from "./Beacon.sol";
import {Charge, Opening} from "./Claims.sol";
import {Settlement} from "./Settlement.sol";
import {Staking} from "./Staking.sol";

/// @title Committee: full nodes drawn by lot judge a batch by stake-weighted vote
/// @notice A claim is accepted or rejected by a quorum of the whole committee's stake, and void without one:
/// who abstains or stays away supports neither side. Votes are committed before any is revealed, so that
/// nobody can copy; an open vote can be chosen instead, to show what copying does. With size 0 every
/// active full node sits, which is full re-execution.
/// @dev Votes are a word: bit i says that claim i is valid, bit 128 + i that it is invalid, neither abstains.
contract Committee {
    using SafeERC20 for IERC20;

    struct Parameters {
        uint8 size; // 0: every active full node, up to MAX_MEMBERS
        uint16 quorumNumerator; // share of the committee's stake, more than a half
        uint16 quorumDenominator;
        uint32 commitWindow; // seconds
        uint32 revealWindow; // seconds
        bool commitReveal; // false: votes are cast openly within the commit window
        uint16 wrongVoteSlashBps; // of the stake, for voting against a quorum
        uint16 missedRevealSlashBps; // of the stake, for a commitment never revealed
    }

    struct Panel {
        uint40 commitBy;
        uint40 revealBy;
        uint8 size; // 0: not drawn
        uint8 claims;
        uint96 weight;
        uint128 committed; // bit per seat
        uint128 revealed; // bit per seat
    }

    struct Seat {
        address member;
        uint96 weight;
    }

    struct Count {
        Panel panel;
        Seat[] seats;
        uint256[] votes; // 0 where none were revealed
        uint256 verdict; // in the form of votes; claims proven wrong before have none
        uint128 accepted;
        uint128 rejected; // those proven wrong before included
        uint128 voided;
    }

    uint256 public constant MAX_MEMBERS = 128;
    address public constant BURN_ADDRESS = 0x000000000000000000000000000000000000dEaD;
    uint256 private constant BPS = 10_000;

    Settlement public immutable settlement;
    Staking public immutable staking;
    Beacon public immutable beacon;
    IERC20 public immutable opg;
    uint8 public immutable size;
    uint16 public immutable quorumNumerator;
    uint16 public immutable quorumDenominator;
    uint32 public immutable commitWindow;
    uint32 public immutable revealWindow;
    bool public immutable commitReveal;
    uint16 public immutable wrongVoteSlashBps;
    uint16 public immutable missedRevealSlashBps;

    mapping(bytes32 batch => Panel) private _panels;
    mapping(bytes32 batch => mapping(uint256 seat => Seat)) private _seats;
    mapping(bytes32 batch => mapping(uint256 seat => bytes32)) private _ballots; // commitment, then votes

    event CommitteeDrawn(bytes32 indexed batch, address[] members, uint256[] weights, uint40 commitBy, uint40 revealBy);
    event Committed(bytes32 indexed batch, address indexed member, bytes32 commitment);
    event Revealed(bytes32 indexed batch, address indexed member, uint256 votes);
    event Voted(bytes32 indexed batch, address indexed member, uint256 votes);
    event Resolved(bytes32 indexed batch, uint128 accepted, uint128 rejected, uint128 voided);
    event Rewarded(bytes32 indexed batch, address indexed member, uint256 amount);

    error InvalidParameters();
    error BatchNotOpen(bytes32 batch);
    error AlreadyDrawn(bytes32 batch);
    error NotDrawn(bytes32 batch);
    error NoFullNodes();
    error NotSeated(bytes32 batch, uint256 seat, address caller);
    error WrongScheme(bool commitReveal);
    error ZeroCommitment();
    error AlreadyCommitted(bytes32 batch, address member);
    error AlreadyRevealed(bytes32 batch, address member);
    error WrongReveal(bytes32 batch, address member);
    error InvalidVotes(uint256 votes);
    error TooEarly(uint256 until);
    error TooLate(uint256 until);

    constructor(Settlement settlement_, Staking staking_, Beacon beacon_, IERC20 opg_, Parameters memory p) {
        if (p.size > MAX_MEMBERS || p.wrongVoteSlashBps > BPS || p.missedRevealSlashBps > BPS) {
            revert InvalidParameters();
        }
        if (p.quorumNumerator > p.quorumDenominator || 2 * uint256(p.quorumNumerator) <= p.quorumDenominator) {
            revert InvalidParameters();
        }
        settlement = settlement_;
        staking = staking_;
        beacon = beacon_;
        opg = opg_;
        size = p.size;
        quorumNumerator = p.quorumNumerator;
        quorumDenominator = p.quorumDenominator;
        commitWindow = p.commitWindow;
        revealWindow = p.commitReveal ? p.revealWindow : 0;
        commitReveal = p.commitReveal;
        wrongVoteSlashBps = p.wrongVoteSlashBps;
        missedRevealSlashBps = p.missedRevealSlashBps;
    }

    // ---- draw ----

    /// @notice Draw the committee of a batch, once there is a seed that its node could not know when it posted.
    function draw(bytes32 batch) external {
        Settlement.Batch memory posted = settlement.batchOf(batch);
        if (posted.status != Settlement.Status.Open) revert BatchNotOpen(batch);
        Panel storage panel = _panels[batch];
        if (panel.size != 0) revert AlreadyDrawn(batch);
        (address[] memory members, uint256[] memory weights) = _lots(batch, posted.postedAt);

        uint256 total;
        for (uint256 i; i < members.length; ++i) {
            _seats[batch][i] = Seat(members[i], uint96(weights[i]));
            total += weights[i];
        }
        panel.commitBy = uint40(block.timestamp) + commitWindow;
        panel.revealBy = panel.commitBy + revealWindow;
        panel.size = uint8(members.length);
        panel.claims = uint8(posted.count);
        panel.weight = uint96(total);
        emit CommitteeDrawn(batch, members, weights, panel.commitBy, panel.revealBy);
    }

    /// @notice Whether `draw` would succeed now.
    function drawable(bytes32 batch) external view returns (bool) {
        Settlement.Batch memory posted = settlement.batchOf(batch);
        if (posted.status != Settlement.Status.Open || _panels[batch].size != 0) return false;
        try this.lots(batch, posted.postedAt) {
            return true;
        } catch {
            return false;
        }
    }

    /// @notice Members and stakes of the committee that would be drawn now for a batch posted then.
    /// @dev External so that `drawable` can catch its reverts.
    function lots(bytes32 batch, uint40 postedAt) external view returns (address[] memory, uint256[] memory) {
        return _lots(batch, postedAt);
    }

    /// @dev Each node's lot hangs on the seed and on itself alone. Were positions in a list drawn, whoever
    /// learnt the seed first could join or leave to shift everybody's; like this it can only lose its own seat.
    function _lots(bytes32 batch, uint40 postedAt)
        private
        view
        returns (address[] memory members, uint256[] memory weights)
    {
        (members, weights) = staking.activeNodesSince(uint8(Staking.Role.Full), postedAt);
        uint256 seats = size == 0 ? MAX_MEMBERS : size;
        if (members.length == 0) revert NoFullNodes();
        if (members.length <= seats) return (members, weights);

        bytes32 seed = beacon.seedAfter(beacon.roundAt(postedAt));
        bytes32[] memory ranks = new bytes32[](members.length);
        for (uint256 i; i < ranks.length; ++i) ranks[i] = keccak256(abi.encode(seed, batch, members[i]));
        for (uint256 i; i < seats; ++i) {
            uint256 first = i;
            for (uint256 j = i + 1; j < ranks.length; ++j) {
                if (ranks[j] < ranks[first]) first = j;
            }
            (ranks[i], ranks[first]) = (ranks[first], ranks[i]);
            (members[i], members[first]) = (members[first], members[i]);
            (weights[i], weights[first]) = (weights[first], weights[i]);
        }
        assembly ("memory-safe") {
            mstore(members, seats)
            mstore(weights, seats)
        }
    }

    // ---- vote ----

    /// @notice Commit to votes without showing them.
    /// @param seat position of the caller in CommitteeDrawn
    /// @param commitment keccak256(abi.encode(batch, caller, votes, salt)); the caller in it makes a copy worthless
    function commit(bytes32 batch, uint256 seat, bytes32 commitment) external {
        if (!commitReveal) revert WrongScheme(commitReveal);
        if (commitment == 0) revert ZeroCommitment();
        Panel storage panel = _seated(batch, seat);
        if (block.timestamp > panel.commitBy) revert TooLate(panel.commitBy);
        if (_has(panel.committed, seat)) revert AlreadyCommitted(batch, msg.sender);
        panel.committed |= _bit(seat);
        _ballots[batch][seat] = commitment;
        emit Committed(batch, msg.sender, commitment);
    }

    /// @notice Show the votes committed to, when nobody can commit any more.
    function reveal(bytes32 batch, uint256 seat, uint256 votes, bytes32 salt) external {
        if (!commitReveal) revert WrongScheme(commitReveal);
        Panel storage panel = _seated(batch, seat);
        if (block.timestamp <= panel.commitBy && panel.committed != _all(panel.size)) revert TooEarly(panel.commitBy);
        if (block.timestamp > panel.revealBy) revert TooLate(panel.revealBy);
        if (_has(panel.revealed, seat)) revert AlreadyRevealed(batch, msg.sender);
        bytes32 commitment = keccak256(abi.encode(batch, msg.sender, votes, salt));
        if (_ballots[batch][seat] != commitment) revert WrongReveal(batch, msg.sender);
        _record(panel, batch, seat, votes);
        emit Revealed(batch, msg.sender, votes);
    }

    /// @notice Vote openly, where the committee does without commitments.
    function vote(bytes32 batch, uint256 seat, uint256 votes) external {
        if (commitReveal) revert WrongScheme(commitReveal);
        Panel storage panel = _seated(batch, seat);
        if (block.timestamp > panel.commitBy) revert TooLate(panel.commitBy);
        if (_has(panel.revealed, seat)) revert AlreadyRevealed(batch, msg.sender);
        _record(panel, batch, seat, votes);
        emit Voted(batch, msg.sender, votes);
    }

    // ---- resolve ----

    /// @notice Count the votes, settle the batch by them, and pay or slash the members.
    /// @param openings the claims that `tally` has as rejected or void; none when all are void
    /// @param charges as in the batch's BatchPosted
    function resolve(bytes32 batch, Opening[] calldata openings, Charge[] calldata charges) external {
        Count memory count = _count(batch);
        if (!_resolvable(count.panel)) revert TooEarly(count.panel.revealBy);
        _clear(batch, count.panel.size);
        emit Resolved(batch, count.accepted, count.rejected, count.voided);
        uint256 pot;
        if (count.accepted | count.rejected == 0) settlement.voidBatch(batch, charges);
        else pot = settlement.settle(batch, count.rejected, count.voided, openings, charges);
        _reward(batch, count.seats, _slash(count), pot);
    }

    /// @notice The verdict as the votes revealed so far have it, and whether it can be resolved.
    function tally(bytes32 batch)
        external
        view
        returns (uint128 accepted, uint128 rejected, uint128 voided, bool resolvable)
    {
        Count memory count = _count(batch);
        return (count.accepted, count.rejected, count.voided, _resolvable(count.panel));
    }

    /// @notice Who has a seat, and with what stake; zeros when there is no such seat.
    function seatOf(bytes32 batch, uint256 seat) external view returns (address member, uint96 weight) {
        return (_seats[batch][seat].member, _seats[batch][seat].weight);
    }

    /// @notice State of a batch's committee; all zero before the draw and after the resolution.
    function panelOf(bytes32 batch) external view returns (Panel memory) {
        return _panels[batch];
    }

    // ---- inside ----

    function _seated(bytes32 batch, uint256 seat) private view returns (Panel storage panel) {
        panel = _panels[batch];
        if (panel.size == 0) revert NotDrawn(batch);
        if (_seats[batch][seat].member != msg.sender) revert NotSeated(batch, seat, msg.sender);
    }

    function _resolvable(Panel memory panel) private view returns (bool) {
        if (panel.revealed == _all(panel.size) || block.timestamp > panel.revealBy) return true;
        return block.timestamp > panel.commitBy && panel.revealed == panel.committed;
    }

    function _record(Panel storage panel, bytes32 batch, uint256 seat, uint256 votes) private {
        (uint128 valid, uint128 invalid) = (uint128(votes), uint128(votes >> 128));
        if (valid & invalid != 0 || (valid | invalid) & ~_all(panel.claims) != 0) revert InvalidVotes(votes);
        panel.revealed |= _bit(seat);
        _ballots[batch][seat] = bytes32(votes);
    }

    /// @dev Claims already proven wrong are rejected whatever the votes say of them.
    function _count(bytes32 batch) private view returns (Count memory count) {
        Panel memory panel = _panels[batch];
        if (panel.size == 0) revert NotDrawn(batch);
        count.panel = panel;
        count.seats = new Seat[](panel.size);
        count.votes = new uint256[](panel.size);
        for (uint256 i; i < panel.size; ++i) {
            count.seats[i] = _seats[batch][i];
            if (_has(panel.revealed, i)) count.votes[i] = uint256(_ballots[batch][i]);
        }
        uint128 proven = settlement.batchOf(batch).rejected;
        count.verdict = _judge(panel, count.seats, count.votes, proven);
        count.accepted = uint128(count.verdict);
        count.rejected = uint128(count.verdict >> 128) | proven;
        count.voided = _all(panel.claims) & ~(count.accepted | count.rejected);
    }

    function _clear(bytes32 batch, uint8 seats) private {
        delete _panels[batch];
        for (uint256 i; i < seats; ++i) {
            delete _seats[batch][i];
            delete _ballots[batch][i];
        }
    }

    /// @dev What all revealed votes agree on is counted at once, the rest claim by claim.
    /// @param proven claims that have fallen already and are not judged
    /// @return verdict in the form of votes
    function _judge(Panel memory panel, Seat[] memory seats, uint256[] memory votes, uint128 proven)
        private
        view
        returns (uint256 verdict)
    {
        uint256 agreed = type(uint256).max;
        uint256 weight;
        for (uint256 i; i < seats.length; ++i) {
            if (!_has(panel.revealed, i)) continue;
            agreed &= votes[i];
            weight += seats[i].weight;
        }
        if (!_isQuorum(weight, panel.weight)) return 0;
        verdict = agreed;
        uint256 disputed = _all(panel.claims) & ~(agreed | agreed >> 128 | proven);
        for (uint256 index; disputed >> index != 0; ++index) {
            if (disputed >> index & 1 == 0) continue;
            (uint256 valid, uint256 invalid) = _weigh(index, seats, votes);
            if (_isQuorum(valid, panel.weight)) verdict |= 1 << index;
            else if (_isQuorum(invalid, panel.weight)) verdict |= 1 << (128 + index);
        }
        return verdict & ~(uint256(proven) << 128 | proven);
    }

    function _weigh(uint256 index, Seat[] memory seats, uint256[] memory votes)
        private
        pure
        returns (uint256 valid, uint256 invalid)
    {
        for (uint256 i; i < seats.length; ++i) {
            if (votes[i] >> index & 1 != 0) valid += seats[i].weight;
            else if (votes[i] >> (128 + index) & 1 != 0) invalid += seats[i].weight;
        }
    }

    /// @return earners bit per seat: who revealed and never voted against the verdict
    function _slash(Count memory count) private returns (uint128 earners) {
        uint256 opposite = count.verdict << 128 | count.verdict >> 128;
        uint128 hidden = count.panel.committed & ~count.panel.revealed;
        earners = count.panel.revealed;
        for (uint256 i; i < count.seats.length; ++i) {
            if (count.votes[i] & opposite != 0) {
                earners &= ~_bit(i);
                _slashMember(count.seats[i].member, wrongVoteSlashBps, "wrong_vote");
            } else if (_has(hidden, i)) {
                _slashMember(count.seats[i].member, missedRevealSlashBps, "missed_reveal");
            }
        }
    }

    function _slashMember(address member, uint256 shareBps, bytes32 reason) private {
        uint256 amount = staking.slashableOf(member) * shareBps / BPS;
        if (amount > 0) staking.slash(member, amount, address(0), 0, reason);
    }

    /// @dev In equal parts; what can't be divided, or has nobody to go to, is burned.
    function _reward(bytes32 batch, Seat[] memory seats, uint128 earners, uint256 pot) private {
        if (pot == 0) return;
        uint256 count;
        for (uint256 i; i < seats.length; ++i) {
            if (_has(earners, i)) ++count;
        }
        uint256 part = count == 0 ? 0 : pot / count;
        for (uint256 i; i < seats.length && part > 0; ++i) {
            if (!_has(earners, i)) continue;
            pot -= part;
            emit Rewarded(batch, seats[i].member, part);
            opg.safeTransfer(seats[i].member, part);
        }
        if (pot > 0) opg.safeTransfer(BURN_ADDRESS, pot);
    }

    function _isQuorum(uint256 weight, uint256 total) private view returns (bool) {
        return weight * quorumDenominator >= total * quorumNumerator;
    }

    /// @dev The lowest `count` bits, of 1 to 128.
    function _all(uint8 count) private pure returns (uint128) {
        return type(uint128).max >> (128 - count);
    }

    function _bit(uint256 index) private pure returns (uint128) {
        return uint128(1 << index);
    }

    function _has(uint128 bits, uint256 index) private pure returns (bool) {
        return bits & _bit(index) != 0;
    }
}
