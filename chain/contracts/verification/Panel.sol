// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";

import {Beacon} from "../randomness/Beacon.sol";
import {Charge, Opening} from "../core/Claims.sol";
import {Settlement} from "../core/Settlement.sol";
import {Staking} from "../core/Staking.sol";

/// @title Panel: full nodes judge claims of a batch by stake-weighted vote
/// @notice A claim is accepted or rejected by a quorum of the whole panel's stake, and void without one: who
/// abstains or stays away supports neither side. Votes are committed before any is revealed, so that nobody
/// can copy; an open vote can be chosen instead, to show what copying does. Who votes against the verdict, or
/// hides a committed vote, is slashed; who voted with every claim decided shares what there is to earn.
/// @dev Base of all contracts in which full nodes vote. They say when a panel sits and on which claims (`_seat`),
/// and what follows when its votes are in (`_concluded`). A panel may sit twice: the second time its new
/// members judge what the first left open, and all of them are held to the final verdict.
/// Votes are a word: bit i says that claim i is valid, bit 128 + i that it is invalid, neither abstains.
abstract contract Panel {
    using SafeERC20 for IERC20;

    struct Parameters {
        uint8 size; // 0: every active full node, up to MAX_MEMBERS
        uint16 quorumNumerator; // share of the panel's stake, more than a half
        uint16 quorumDenominator;
        uint32 commitWindow; // seconds
        uint32 revealWindow; // seconds
        bool commitReveal; // false: votes are cast openly within the commit window
        uint16 wrongVoteSlashBps; // of the stake, for voting against the verdict
        uint16 missedRevealSlashBps; // of the stake, for a commitment never revealed
    }

    struct Sitting {
        uint40 commitBy;
        uint40 revealBy;
        uint8 size; // seats, those of an earlier sitting included; 0: nobody was seated
        uint8 claims; // in the batch
        uint8 bench; // seats of an earlier sitting, the first ones
        uint96 weight; // stake of the seats that vote now
        uint128 committed; // bit per seat
        uint128 revealed; // bit per seat
        uint128 ballot; // bit per claim to be judged; 0: all of the batch
        uint128 earlier; // ballot of an earlier sitting
    }

    struct Seat {
        address member;
        uint96 weight;
    }

    struct Count {
        Sitting sitting;
        Seat[] seats;
        uint256[] votes; // 0 where none were revealed
        uint256 verdict; // in the form of votes, also on claims proven wrong before: a correct output may be that
        uint128 accepted; // of those judged; none that was proven wrong
        uint128 rejected; // those proven wrong before included
        uint128 voided;
    }

    uint256 public constant MAX_MEMBERS = 128;
    /// @notice Of panels at whose verdict others than its members are paid or slashed as well: challengers, reporters,
    /// members of an earlier round. It all happens in one call, which must fit a transaction.
    uint256 public constant MAX_ARBITERS = 32;
    address public constant BURN_ADDRESS = 0x000000000000000000000000000000000000dEaD;
    uint256 internal constant BPS = 10_000;

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

    mapping(bytes32 batch => Sitting) private _sittings;
    mapping(bytes32 batch => mapping(uint256 seat => Seat)) private _seats;
    mapping(bytes32 batch => mapping(uint256 seat => bytes32)) private _ballots; // commitment, then votes

    /// @param firstSeat seat of members[0]; the others follow
    /// @param ballot bit per claim to be judged
    event CommitteeDrawn(
        bytes32 indexed batch,
        address[] members,
        uint256[] weights,
        uint40 commitBy,
        uint40 revealBy,
        uint8 firstSeat,
        uint128 ballot
    );
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
    error OtherSitting(bytes32 batch, uint256 commitBy);
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
        if (!_isMajority(p.quorumNumerator, p.quorumDenominator)) revert InvalidParameters();
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

    // ---- vote ----

    /// @notice Commit to votes without showing them.
    /// @param seat of the caller: its position in CommitteeDrawn, from firstSeat on
    /// @param commitBy of the sitting that it is meant for, as in CommitteeDrawn: after a reorg the batch may have another,
    /// with other claims to judge, in which a transaction of before could not be opened
    /// @param commitment keccak256(abi.encode(batch, caller, votes, salt)); the caller in it makes a copy worthless
    function commit(bytes32 batch, uint256 seat, uint40 commitBy, bytes32 commitment) external {
        if (!commitReveal) revert WrongScheme(commitReveal);
        if (commitment == 0) revert ZeroCommitment();
        Sitting storage sitting = _seated(batch, seat);
        if (commitBy != sitting.commitBy) revert OtherSitting(batch, sitting.commitBy);
        if (block.timestamp > commitBy) revert TooLate(commitBy);
        if (_has(sitting.committed, seat)) revert AlreadyCommitted(batch, msg.sender);
        sitting.committed |= _bit(seat);
        _ballots[batch][seat] = commitment;
        emit Committed(batch, msg.sender, commitment);
    }

    /// @notice Show the votes committed to, when nobody can commit any more.
    function reveal(bytes32 batch, uint256 seat, uint256 votes, bytes32 salt) external {
        if (!commitReveal) revert WrongScheme(commitReveal);
        Sitting storage sitting = _seated(batch, seat);
        uint128 voting = _voting(sitting.size, sitting.bench);
        if (block.timestamp <= sitting.commitBy && sitting.committed & voting != voting) {
            revert TooEarly(sitting.commitBy);
        }
        if (block.timestamp > sitting.revealBy) revert TooLate(sitting.revealBy);
        if (_has(sitting.revealed, seat)) revert AlreadyRevealed(batch, msg.sender);
        bytes32 commitment = keccak256(abi.encode(batch, msg.sender, votes, salt));
        if (_ballots[batch][seat] != commitment) revert WrongReveal(batch, msg.sender);
        _record(sitting, batch, seat, votes);
        emit Revealed(batch, msg.sender, votes);
    }

    /// @notice Vote openly, where the panel does without commitments.
    function vote(bytes32 batch, uint256 seat, uint256 votes) external {
        if (commitReveal) revert WrongScheme(commitReveal);
        Sitting storage sitting = _seated(batch, seat);
        if (block.timestamp > sitting.commitBy) revert TooLate(sitting.commitBy);
        if (_has(sitting.revealed, seat)) revert AlreadyRevealed(batch, msg.sender);
        _record(sitting, batch, seat, votes);
        emit Voted(batch, msg.sender, votes);
    }

    // ---- resolve ----

    /// @notice Count the votes, and do what follows from them.
    /// @param openings the claims that `tally` has as rejected or void; none where nothing is settled by it
    /// @param charges as in the batch's BatchPosted
    function resolve(bytes32 batch, Opening[] calldata openings, Charge[] calldata charges) external {
        Count memory count = _count(batch);
        if (!_resolvable(count.sitting)) revert TooEarly(count.sitting.revealBy);
        _concluded(batch, count, openings, charges);
    }

    /// @notice The verdict as the votes revealed so far have it, and whether it can be resolved.
    function tally(bytes32 batch)
        external
        view
        returns (uint128 accepted, uint128 rejected, uint128 voided, bool resolvable)
    {
        Count memory count = _count(batch);
        return (count.accepted, count.rejected, count.voided, _resolvable(count.sitting));
    }

    /// @notice Who has a seat, and with what stake; zeros when there is no such seat.
    function seatOf(bytes32 batch, uint256 seat) external view returns (address member, uint96 weight) {
        return (_seats[batch][seat].member, _seats[batch][seat].weight);
    }

    /// @notice State of a batch's panel; all zero before the draw and after the resolution.
    function panelOf(bytes32 batch) external view returns (Sitting memory) {
        return _sittings[batch];
    }

    // ---- for the contracts that sit ----

    /// @notice What follows when a panel's votes are in. Clears the panel (`_settle` does) or seats it anew.
    function _concluded(bytes32 batch, Count memory count, Opening[] calldata openings, Charge[] calldata charges)
        internal
        virtual;

    /// @notice The verdict on a panel's ballot, in the form of votes.
    function _verdict(Count memory count) internal view virtual returns (uint256) {
        return _judge(count, quorumNumerator, quorumDenominator);
    }

    /// @notice Claims of a ballot on which there is no verdict.
    /// @param proven claims that have fallen already, so that they need none
    function _undecided(Count memory count, uint128 proven) internal pure virtual returns (uint128) {
        uint128 decided = uint128(count.verdict) | uint128(count.verdict >> 128);
        return _claimsIn(count.sitting.ballot, count.sitting.claims) & ~(decided | proven);
    }

    /// @notice Full nodes and stakes drawn by lot: at most `seats`, of those active with that stake since `since`.
    /// @dev Each node's lot hangs on the seed and on itself alone. Were positions in a list drawn, whoever
    /// learnt the seed first could join or leave to shift everybody's; like this it can only lose its own seat.
    /// @param subject what is drawn for: different subjects give different draws
    function _lots(bytes32 subject, uint256 seats, uint40 since)
        internal
        view
        returns (address[] memory members, uint256[] memory weights)
    {
        (members, weights) = staking.activeNodesSince(uint8(Staking.Role.Full), since);
        if (members.length == 0) revert NoFullNodes();
        if (members.length <= seats) return (members, weights);

        bytes32 seed = beacon.seedAfter(beacon.roundAt(since));
        bytes32[] memory ranks = new bytes32[](members.length);
        for (uint256 i; i < ranks.length; ++i) ranks[i] = keccak256(abi.encode(seed, subject, members[i]));
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

    /// @notice Seat a panel and open its vote. Seats of an earlier sitting stay, but vote no more.
    /// @dev Both sittings together must not have more than MAX_MEMBERS.
    /// @param claims how many the batch has
    /// @param ballot bit per claim to be judged; 0: all
    function _seat(bytes32 batch, uint16 claims, uint128 ballot, address[] memory members, uint256[] memory weights)
        internal
    {
        Sitting storage sitting = _sittings[batch];
        uint8 first = sitting.size;
        uint256 total;
        for (uint256 i; i < members.length; ++i) {
            _seats[batch][first + i] = Seat(members[i], uint96(weights[i]));
            total += weights[i];
        }
        sitting.commitBy = uint40(block.timestamp) + commitWindow;
        sitting.revealBy = sitting.commitBy + revealWindow;
        sitting.size = first + uint8(members.length);
        sitting.claims = uint8(claims);
        sitting.bench = first;
        sitting.weight = uint96(total);
        if (first > 0) sitting.earlier = sitting.ballot;
        if (ballot > 0) sitting.ballot = ballot;
        emit CommitteeDrawn(
            batch, members, weights, sitting.commitBy, sitting.revealBy, first, _claimsIn(ballot, uint8(claims))
        );
    }

    /// @notice Make the batch final as counted, and forget the panel.
    /// @dev Where nothing stands and the panel rejects nothing, everybody is refunded without openings: data that only
    /// the batch's node has must not keep it open, nor may a proof of one claim that somebody has all the same.
    /// @return pot what the settlement sent for verification
    function _settle(bytes32 batch, Count memory count, Opening[] calldata openings, Charge[] calldata charges)
        internal
        returns (uint256 pot)
    {
        _clear(batch, count.sitting.size);
        emit Resolved(batch, count.accepted, count.rejected, count.voided);
        bool nothing = count.voided | count.rejected == _all(count.sitting.claims) && count.verdict >> 128 == 0;
        if (nothing) settlement.voidBatch(batch, charges);
        else pot = settlement.settle(batch, uint128(count.verdict >> 128), count.voided, openings, charges);
    }

    /// @notice Slash who voted against the verdict or hid a vote.
    /// @return earners bit per seat: who voted with every claim decided, of those it was asked about
    function _slash(Count memory count) internal returns (uint128 earners) {
        Sitting memory sitting = count.sitting;
        uint128 hidden = sitting.committed & ~sitting.revealed;
        for (uint256 i; i < count.seats.length; ++i) {
            uint256 asked = _claimsIn(i < sitting.bench ? sitting.earlier : sitting.ballot, sitting.claims);
            uint256 due = count.verdict & (asked << 128 | asked);
            if (count.votes[i] & (due << 128 | due >> 128) != 0) {
                _slashMember(count.seats[i].member, wrongVoteSlashBps, "wrong_vote");
            } else if (_has(hidden, i)) {
                _slashMember(count.seats[i].member, missedRevealSlashBps, "missed_reveal");
            } else if (due != 0 && count.votes[i] & due == due) {
                earners |= _bit(i);
            }
        }
    }

    /// @notice Take a share of what a member has at stake.
    function _slashMember(address member, uint256 shareBps, bytes32 reason) internal {
        uint256 amount = staking.slashableOf(member) * shareBps / BPS;
        if (amount > 0) staking.slash(member, amount, address(0), 0, reason);
    }

    /// @notice Share `pot` among the earners in equal parts.
    /// @return rest what can't be divided, or has nobody to go to
    function _reward(bytes32 batch, Seat[] memory seats, uint128 earners, uint256 pot) internal returns (uint256 rest) {
        uint256 count;
        for (uint256 i; i < seats.length; ++i) {
            if (_has(earners, i)) ++count;
        }
        uint256 part = count == 0 ? 0 : pot / count;
        if (part == 0) return pot;
        for (uint256 i; i < seats.length; ++i) {
            if (!_has(earners, i)) continue;
            emit Rewarded(batch, seats[i].member, part);
            opg.safeTransfer(seats[i].member, part);
        }
        return pot - part * count;
    }

    /// @dev What all revealed votes agree on is counted at once, the rest claim by claim.
    /// @return verdict in the form of votes; with it stands what an earlier sitting left closed
    function _judge(Count memory count, uint256 numerator, uint256 denominator)
        internal
        pure
        returns (uint256 verdict)
    {
        Sitting memory sitting = count.sitting;
        uint256 open = _claimsIn(sitting.ballot, sitting.claims);
        uint256 closed = sitting.bench == 0 ? 0 : _claimsIn(sitting.earlier, sitting.claims) & ~open;
        uint256 agreed = type(uint256).max;
        uint256 weight;
        for (uint256 i = sitting.bench; i < sitting.size; ++i) {
            if (!_has(sitting.revealed, i)) continue;
            agreed &= count.votes[i];
            weight += count.seats[i].weight;
        }
        if (!_isShare(weight, sitting.weight, numerator, denominator)) return closed;
        verdict = agreed & (open << 128 | open);
        uint256 disputed = open & ~(agreed | agreed >> 128);
        for (uint256 index; disputed >> index != 0; ++index) {
            if (disputed >> index & 1 == 0) continue;
            (uint256 valid, uint256 invalid) = _weigh(index, count);
            if (_isShare(valid, sitting.weight, numerator, denominator)) verdict |= 1 << index;
            else if (_isShare(invalid, sitting.weight, numerator, denominator)) verdict |= 1 << (128 + index);
        }
        return verdict | closed;
    }

    function _isDrawn(bytes32 batch) internal view returns (bool) {
        return _sittings[batch].size != 0;
    }

    /// @dev Whether a share of this size is a share at all, and two of them overlap.
    function _isMajority(uint256 numerator, uint256 denominator) internal pure returns (bool) {
        return numerator <= denominator && 2 * numerator > denominator;
    }

    /// @dev The claims that a ballot asks about, of so many in the batch.
    function _claimsIn(uint128 ballot, uint8 claims) internal pure returns (uint128) {
        return ballot == 0 ? _all(claims) : ballot;
    }

    /// @dev The lowest `count` bits, at most 128.
    function _all(uint8 count) internal pure returns (uint128) {
        return type(uint128).max >> (128 - count);
    }

    // ---- inside ----

    function _seated(bytes32 batch, uint256 seat) private view returns (Sitting storage sitting) {
        sitting = _sittings[batch];
        if (sitting.size == 0) revert NotDrawn(batch);
        if (seat < sitting.bench || _seats[batch][seat].member != msg.sender) {
            revert NotSeated(batch, seat, msg.sender);
        }
    }

    /// @dev The seats that vote now.
    function _voting(uint8 seats, uint8 bench) private pure returns (uint128) {
        return _all(seats) ^ _all(bench);
    }

    function _resolvable(Sitting memory sitting) private view returns (bool) {
        uint128 voting = _voting(sitting.size, sitting.bench);
        if (sitting.revealed & voting == voting || block.timestamp > sitting.revealBy) return true;
        return block.timestamp > sitting.commitBy && (sitting.revealed ^ sitting.committed) & voting == 0;
    }

    function _record(Sitting storage sitting, bytes32 batch, uint256 seat, uint256 votes) private {
        (uint128 valid, uint128 invalid) = (uint128(votes), uint128(votes >> 128));
        uint128 asked = _claimsIn(sitting.ballot, sitting.claims);
        if (valid & invalid != 0 || (valid | invalid) & ~asked != 0) revert InvalidVotes(votes);
        sitting.revealed |= _bit(seat);
        _ballots[batch][seat] = bytes32(votes);
    }

    /// @dev Claims already proven wrong are rejected whatever the votes say of them; what voters and challengers get
    /// or lose hangs on the votes all the same, so that nobody is spared or robbed by a proof.
    function _count(bytes32 batch) private view returns (Count memory count) {
        Sitting memory sitting = _sittings[batch];
        if (sitting.size == 0) revert NotDrawn(batch);
        count.sitting = sitting;
        count.seats = new Seat[](sitting.size);
        count.votes = new uint256[](sitting.size);
        for (uint256 i; i < sitting.size; ++i) {
            count.seats[i] = _seats[batch][i];
            if (_has(sitting.revealed, i)) count.votes[i] = uint256(_ballots[batch][i]);
        }
        uint128 proven = settlement.batchOf(batch).rejected;
        count.verdict = _verdict(count);
        count.accepted = uint128(count.verdict) & ~proven;
        count.rejected = uint128(count.verdict >> 128) | proven;
        count.voided = _undecided(count, proven);
    }

    function _clear(bytes32 batch, uint8 seats) private {
        delete _sittings[batch];
        for (uint256 i; i < seats; ++i) {
            delete _seats[batch][i];
            delete _ballots[batch][i];
        }
    }

    /// @dev Stake behind each verdict on a claim. Unchecked: a large panel that disagrees about a large batch is
    /// weighed 128 x 128 times, and that must fit a block. All stake fits 96 bits.
    function _weigh(uint256 index, Count memory count) private pure returns (uint256 yes, uint256 no) {
        (uint256[] memory votes, Seat[] memory seats) = (count.votes, count.seats);
        (uint256 first, uint256 size_) = (count.sitting.bench, count.sitting.size);
        assembly ("memory-safe") {
            let vote := add(votes, mul(32, add(first, 1)))
            let seat := add(seats, mul(32, add(first, 1)))
            for { let i := first } lt(i, size_) { i := add(i, 1) } {
                let said := shr(index, mload(vote))
                let weight := mload(add(mload(seat), 32))
                yes := add(yes, mul(weight, and(1, said)))
                no := add(no, mul(weight, and(1, shr(128, said))))
                vote := add(vote, 32)
                seat := add(seat, 32)
            }
        }
    }

    function _isShare(uint256 weight, uint256 total, uint256 numerator, uint256 denominator)
        private
        pure
        returns (bool)
    {
        return weight * denominator >= total * numerator;
    }

    function _bit(uint256 index) internal pure returns (uint128) {
        return uint128(1 << index);
    }

    function _has(uint128 bits, uint256 index) internal pure returns (bool) {
        return bits & _bit(index) != 0;
    }
}
