// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";

import {Beacon} from "../randomness/Beacon.sol";
import {Charge, Opening} from "../core/Claims.sol";
import {Panel} from "./Panel.sol";
import {Settlement} from "../core/Settlement.sol";
import {Staking} from "../core/Staking.sol";

/// @title SecretSeed: duties that nobody knows but who has them, until they are over
/// @notice A full node commits to a chain of seeds, one for each epoch. With it the node decides in secret which
/// batches it must check, and says openly what it found, within a window. Claims that somebody calls wrong go to
/// arbiters; a batch without any is final after the window. When an epoch's batches are settled, nodes show
/// its seed: duties are worked out again here, and a node that missed one has no part in the epoch's rewards.
/// @dev A report takes no more than saying so: who reports without looking keeps its duty, unless the arbiters find
/// otherwise. Whoever posts a batch does not know whose duty it will be; an accomplice who tells it its seed makes
/// the batch's id worth grinding, which rids the accomplice alone of the duty.
/// A place is never given back: after MAX_CHECKERS nodes, no more can commit.
contract SecretSeed is Panel {
    using SafeERC20 for IERC20;

    /// @dev The panel's own parameters are those of the arbiters.
    struct Rule {
        uint32 probability; // of a batch to be a node's duty, in parts per 1e9
        uint32 epochLength; // seconds
        uint32 reportWindow; // seconds from the post
        uint32 settleWindow; // seconds from an epoch's end, to settle its last batches before seeds are shown
        uint32 seedWindow; // seconds after that, to show seeds
    }

    struct Checker {
        bytes32 tip; // 0: never committed
        uint64 next; // the tip is the hash of this epoch's seed
        uint40 since; // duties begin with batches posted after this
        uint8 place; // position in a batch's bits
    }

    struct Reports {
        uint128 reporters; // bit per place: whose report stands
        uint128 disputed; // bit per claim
    }

    struct Keeper {
        address node;
        uint96 duties; // kept
    }

    struct Epoch {
        uint256 pot; // OPG to be shared
        bytes32[] batches;
        Keeper[] keepers;
    }

    uint256 public constant UNIT = 1e9;
    uint256 public constant MAX_CHECKERS = 128;
    /// @notice Batches of an epoch that count as duties. Later ones are settled like any other, but do not count.
    uint256 public constant MAX_BATCHES = 256;

    uint256 public immutable genesis;
    uint32 public immutable probability;
    uint32 public immutable epochLength;
    uint32 public immutable reportWindow;
    uint32 public immutable settleWindow;
    uint32 public immutable seedWindow;

    address[] private _checkers;
    mapping(address node => Checker) private _records;
    mapping(bytes32 batch => Reports) private _reports;
    mapping(bytes32 batch => mapping(uint256 place => uint128)) private _wrong; // bit per claim called wrong
    mapping(uint256 epoch => Epoch) private _epochs;

    event SeedCommitted(address indexed node, bytes32 tip);
    /// @param invalid bit per claim that the node calls wrong; it calls the others right
    event Reported(bytes32 indexed batch, address indexed member, uint128 invalid);
    event SeedShown(uint256 indexed epoch, address indexed node, bytes32 seed, uint256 duties, uint256 missed);
    event EpochPaid(uint256 indexed epoch, uint256 paid, uint256 duties);

    error NotActiveFullNode(address caller);
    error NoPlaceLeft();
    error NotCommitted(address caller);
    error WrongSeed(uint256 epoch, address node);
    error AlreadyReported(bytes32 batch, address member);
    error InvalidReport(uint128 invalid);
    error InDispute(bytes32 batch, uint128 claims);
    error NotInDispute(bytes32 batch);
    error NothingToPay(uint256 epoch);

    constructor(
        Settlement settlement_,
        Staking staking_,
        Beacon beacon_,
        IERC20 opg_,
        Parameters memory p,
        Rule memory rule
    ) Panel(settlement_, staking_, beacon_, opg_, p) {
        if (rule.probability > UNIT || rule.epochLength == 0 || p.size > MAX_ARBITERS) revert InvalidParameters();
        if (rule.settleWindow < rule.reportWindow || rule.seedWindow == 0) revert InvalidParameters();
        genesis = block.timestamp;
        probability = rule.probability;
        epochLength = rule.epochLength;
        reportWindow = rule.reportWindow;
        settleWindow = rule.settleWindow;
        seedWindow = rule.seedWindow;
    }

    // ---- duties ----

    /// @notice Commit to seeds by the tip of a hash chain: the seed of the running epoch is its preimage, that of
    /// the next epoch the preimage of this, and so on. Who commits anew gives up the duties it had.
    function commitSeed(bytes32 tip) external {
        if (!staking.isActiveAs(msg.sender, Staking.Role.Full)) revert NotActiveFullNode(msg.sender);
        if (tip == 0) revert ZeroCommitment();
        Checker storage checker = _records[msg.sender];
        if (checker.tip == 0) {
            if (_checkers.length == MAX_CHECKERS) revert NoPlaceLeft();
            checker.place = uint8(_checkers.length);
            _checkers.push(msg.sender);
        }
        checker.tip = tip;
        checker.next = uint64(epochAt(block.timestamp));
        checker.since = uint40(block.timestamp);
        emit SeedCommitted(msg.sender, tip);
    }

    /// @notice Say what the caller, an active full node, found, on duty or not. Its stake answers for it.
    /// @param invalid bit per claim that is wrong; the caller calls the others right
    function report(bytes32 batch, uint128 invalid) external {
        Settlement.Batch memory posted = _posted(batch);
        Checker memory checker = _records[msg.sender];
        if (checker.tip == 0) revert NotCommitted(msg.sender);
        if (!staking.isActiveAs(msg.sender, Staking.Role.Full)) revert NotActiveFullNode(msg.sender);
        uint256 closes = posted.postedAt + reportWindow;
        if (block.timestamp > closes) revert TooLate(closes);
        if (invalid >> posted.count != 0) revert InvalidReport(invalid);
        Reports storage reports = _reports[batch];
        if (_has(reports.reporters, checker.place)) revert AlreadyReported(batch, msg.sender);
        reports.reporters |= _bit(checker.place);
        if (invalid != 0) {
            reports.disputed |= invalid;
            _wrong[batch][checker.place] = invalid;
        }
        emit Reported(batch, msg.sender, invalid);
    }

    /// @notice Show the seed of an epoch whose batches are settled, and have its duties counted.
    function showSeed(uint256 epoch, bytes32 seed) external {
        uint256 from = shownFrom(epoch);
        if (block.timestamp < from) revert TooEarly(from);
        if (block.timestamp >= from + seedWindow) revert TooLate(from + seedWindow);
        Checker memory checker = _records[msg.sender];
        if (checker.tip == 0 || epoch < checker.next) revert NotCommitted(msg.sender);
        bytes32 link = seed;
        for (uint256 i = checker.next; i <= epoch; ++i) link = keccak256(abi.encode(link));
        if (link != checker.tip) revert WrongSeed(epoch, msg.sender);
        _records[msg.sender].tip = seed;
        _records[msg.sender].next = uint64(epoch + 1);

        (uint256 duties, uint256 missed) = _audit(epoch, seed, checker);
        if (duties > 0 && missed == 0) _epochs[epoch].keepers.push(Keeper(msg.sender, uint96(duties)));
        emit SeedShown(epoch, msg.sender, seed, duties, missed);
    }

    /// @notice Share an epoch's pot by duties kept, among those who missed none. Without any, it goes to the
    /// running epoch.
    function payEpoch(uint256 epoch) external {
        uint256 from = shownFrom(epoch) + seedWindow;
        if (block.timestamp < from) revert TooEarly(from);
        Epoch memory done = _epochs[epoch];
        if (done.pot == 0 && done.batches.length == 0) revert NothingToPay(epoch);
        delete _epochs[epoch];
        for (uint256 i; i < done.batches.length; ++i) delete _reports[done.batches[i]];

        uint256 duties;
        for (uint256 i; i < done.keepers.length; ++i) duties += done.keepers[i].duties;
        uint256 paid;
        for (uint256 i; i < done.keepers.length; ++i) {
            uint256 part = done.pot * done.keepers[i].duties / duties;
            if (part == 0) continue;
            paid += part;
            emit Rewarded(bytes32(epoch), done.keepers[i].node, part);
            opg.safeTransfer(done.keepers[i].node, part);
        }
        _epochs[epochAt(block.timestamp)].pot += done.pot - paid;
        emit EpochPaid(epoch, paid, duties);
    }

    // ---- batches ----

    /// @notice Make a batch final of which nobody called a claim wrong.
    /// @param openings the claims proven wrong meanwhile
    /// @param charges as in the batch's BatchPosted; not looked at without openings
    function finalise(bytes32 batch, Opening[] calldata openings, Charge[] calldata charges) external {
        Settlement.Batch memory posted = _pastWindow(batch);
        uint128 disputed = _reports[batch].disputed;
        if (disputed != 0) revert InDispute(batch, disputed);
        _book(batch, posted.postedAt, settlement.settle(batch, 0, 0, openings, charges));
    }

    /// @notice Have arbiters judge the claims that somebody called wrong.
    function arbitrate(bytes32 batch) external {
        Settlement.Batch memory posted = _pastWindow(batch);
        uint128 disputed = _reports[batch].disputed;
        if (disputed == 0) revert NotInDispute(batch);
        if (_isDrawn(batch)) revert AlreadyDrawn(batch);
        uint256 seats = size == 0 ? MAX_ARBITERS : size;
        (address[] memory members, uint256[] memory weights) = _lots(batch, seats, posted.postedAt + reportWindow);
        _seat(batch, posted.count, disputed, members, weights);
    }

    // ---- views ----

    /// @notice Whether it is a node's duty to check a batch, by the seed of the batch's epoch.
    /// @dev The node is part of it: who commits to another's chain doesn't have, or copy, the other's duties.
    function isDuty(bytes32 seed, address node, bytes32 batch) public view returns (bool) {
        return uint256(keccak256(abi.encode(seed, node, batch))) % UNIT < probability;
    }

    /// @notice Epoch of a timestamp; the first is 0.
    function epochAt(uint256 timestamp) public view returns (uint256) {
        return (timestamp - genesis) / epochLength;
    }

    /// @notice When the seeds of an epoch may be shown.
    function shownFrom(uint256 epoch) public view returns (uint256) {
        return genesis + (epoch + 1) * epochLength + settleWindow;
    }

    /// @notice A node's commitment; all zero if it never made one.
    function checkerOf(address node) external view returns (Checker memory) {
        return _records[node];
    }

    /// @notice Whose reports on a batch stand, as bits by place, and the claims called wrong.
    function reportsOf(bytes32 batch) external view returns (Reports memory) {
        return _reports[batch];
    }

    /// @notice What an epoch has to share, for which batches, and with whom so far; empty once it is paid.
    function epochOf(uint256 epoch) external view returns (Epoch memory) {
        return _epochs[epoch];
    }

    // ---- inside ----

    function _posted(bytes32 batch) private view returns (Settlement.Batch memory posted) {
        posted = settlement.batchOf(batch);
        if (posted.status != Settlement.Status.Open) revert BatchNotOpen(batch);
    }

    /// @dev An open batch that can't be reported on any more.
    function _pastWindow(bytes32 batch) private view returns (Settlement.Batch memory posted) {
        posted = _posted(batch);
        uint256 closes = posted.postedAt + reportWindow;
        if (block.timestamp <= closes) revert TooEarly(closes);
    }

    /// @dev In the epoch in which a node committed, only what was posted afterwards is its duty: of the rest, it
    /// could have chosen a seed that spares it.
    function _audit(uint256 epoch, bytes32 seed, Checker memory checker)
        private
        view
        returns (uint256 duties, uint256 missed)
    {
        bytes32[] memory batches = _epochs[epoch].batches;
        bool first = epoch == epochAt(checker.since);
        for (uint256 i; i < batches.length; ++i) {
            if (!isDuty(seed, msg.sender, batches[i])) continue;
            if (first && settlement.batchOf(batches[i]).postedAt <= checker.since) continue;
            ++duties;
            if (!_has(_reports[batches[i]].reporters, checker.place)) ++missed;
        }
    }

    /// @dev Count a settled batch among its epoch's, and what it brought with it. Too late for that, the running
    /// epoch has the money, and the batch is nobody's duty.
    function _book(bytes32 batch, uint256 postedAt, uint256 amount) private {
        uint256 epoch = epochAt(postedAt);
        bool late = block.timestamp >= shownFrom(epoch);
        if (late || _epochs[epoch].batches.length == MAX_BATCHES) delete _reports[batch];
        else _epochs[epoch].batches.push(batch);
        if (amount > 0) _epochs[late ? epochAt(block.timestamp) : epoch].pot += amount;
    }

    /// @dev A disputed batch pays its arbiters; what they leave is the epoch's.
    function _concluded(bytes32 batch, Count memory count, Opening[] calldata openings, Charge[] calldata charges)
        internal
        override
    {
        uint40 postedAt = settlement.batchOf(batch).postedAt;
        uint256 pot = _settle(batch, count, openings, charges);
        _hold(batch, count);
        _book(batch, postedAt, _reward(batch, count.seats, _slash(count), pot));
    }

    /// @dev Hold the reports to the arbiters' verdict: a wrong one costs stake, and is none.
    function _hold(bytes32 batch, Count memory count) private {
        uint128 standing = _reports[batch].reporters;
        (uint128 valid, uint128 invalid) = (uint128(count.verdict), uint128(count.verdict >> 128));
        for (uint256 place; standing >> place != 0; ++place) {
            if (!_has(standing, place)) continue;
            uint128 wrong = _wrong[batch][place];
            if (wrong != 0) delete _wrong[batch][place];
            if (wrong & valid == 0 && ~wrong & invalid == 0) continue;
            standing ^= _bit(place);
            _slashMember(_checkers[place], wrongVoteSlashBps, "wrong_report");
        }
        _reports[batch].reporters = standing;
    }
}
