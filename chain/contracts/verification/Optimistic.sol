// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";

import {Beacon} from "../randomness/Beacon.sol";
import {Charge, Opening, ones} from "../core/Claims.sol";
import {Panel} from "./Panel.sol";
import {Settlement} from "../core/Settlement.sol";
import {Staking} from "../core/Staking.sol";

/// @title Optimistic: a batch stands unless somebody disputes it in time, at the price of a bond
/// @notice For a while after its post anybody may challenge claims of a batch, with a bond for each. Unchallenged,
/// it becomes final. Challenged, a panel of full nodes, the arbiters, executes the disputed claims again and decides.
/// Who was right about a claim gets its bond back and a share of what the other side loses; the rest of that pays
/// the arbiters. A claim on which they reach no quorum is void, and its challengers' bonds go back.
/// Challenges are open, or sealed until no more are taken: an open one can be copied by who has not checked anything.
/// @dev Challengers of one claim share alike, whoever came first, so that there is nothing to win by a race; each is
/// one account, which challenges a claim once. The
/// window is not extended by a late challenge: nobody has to answer one, so that there is no clock to run down.
/// Besides the bonds the contract holds what `_collect` keeps.
contract Optimistic is Panel {
    using SafeERC20 for IERC20;

    struct Rule {
        uint32 challengeWindow; // seconds from the post, in which challenges are taken
        uint32 openWindow; // seconds after that, to open sealed ones; 0: challenges are not sealed
        uint32 evidenceWindow; // seconds after that, to show what decides a challenge without the arbiters
        uint96 bond; // wei for each claim challenged
        uint16 winnerShareBps; // of what the loser forfeits, to who was right; the rest is for the arbiters
    }

    struct Challenge {
        address challenger;
        uint128 claims; // bit per claim
    }

    struct SealedChallenge {
        bytes32 commitment; // 0: none
        uint8 claims; // how many
    }

    /// @notice Challenges of a batch that may be about nothing but claims which others dispute already.
    /// @dev There are at most 128 more, since each of those adds a claim: no crowd can shut out the first word
    /// against a claim, and the last step stays payable.
    uint256 public constant MAX_DUPLICATE_CHALLENGES = 32;

    uint32 public immutable challengeWindow;
    uint32 public immutable openWindow;
    uint32 public immutable evidenceWindow;
    uint96 public immutable bond;
    uint16 public immutable winnerShareBps;

    /// @notice OPG held as bonds.
    uint256 public bonded;

    mapping(bytes32 batch => Challenge[]) private _challenges;
    mapping(bytes32 batch => uint128) private _disputed; // bit per claim
    mapping(bytes32 batch => mapping(address challenger => SealedChallenge)) private _sealed;
    mapping(bytes32 batch => mapping(address challenger => uint128)) private _challenged; // bit per claim

    event ChallengeSealed(bytes32 indexed batch, address indexed challenger, uint8 claims, uint256 bonded);
    event BondForfeited(bytes32 indexed batch, address indexed challenger, uint256 amount);
    event Challenged(bytes32 indexed batch, address indexed challenger, uint128 claims, uint256 bonded);
    /// @param won bit per claim of the challenge that fell
    /// @param lost bit per claim that was upheld
    /// @param reward on top of the bonds that go back
    /// @param forfeited of the bonds
    /// @param returned of the bonds
    event ChallengeDecided(
        bytes32 indexed batch,
        address indexed challenger,
        uint128 won,
        uint128 lost,
        uint256 reward,
        uint256 forfeited,
        uint256 returned
    );
    /// @notice A node was paid for having been challenged without reason.
    event Compensated(bytes32 indexed batch, address indexed node, uint256 amount);

    error InvalidChallenge(uint128 claims);
    error TooManyChallenges(bytes32 batch);
    error AlreadyChallenged(bytes32 batch, address challenger);
    error InDispute(bytes32 batch, uint128 claims);
    error NotInDispute(bytes32 batch);

    constructor(
        Settlement settlement_,
        Staking staking_,
        Beacon beacon_,
        IERC20 opg_,
        Parameters memory p,
        Rule memory rule
    ) Panel(settlement_, staking_, beacon_, opg_, p) {
        if (rule.winnerShareBps > BPS || p.size > MAX_ARBITERS) revert InvalidParameters();
        challengeWindow = rule.challengeWindow;
        openWindow = rule.openWindow;
        evidenceWindow = rule.evidenceWindow;
        bond = rule.bond;
        winnerShareBps = rule.winnerShareBps;
    }

    /// @notice Dispute claims of a batch, with the caller's OPG as a bond for each.
    /// @param claims bit per claim; also one that was proven wrong already, which says nothing of its output
    function challenge(bytes32 batch, uint128 claims) external {
        if (openWindow != 0) revert WrongScheme(true);
        Settlement.Batch memory posted = _challengeable(batch);
        if (!_enter(batch, posted.count, claims)) revert TooManyChallenges(batch);
        _takeBond(ones(claims));
    }

    /// @notice Dispute claims of a batch without showing which, with the caller's OPG as a bond for each.
    /// @param commitment keccak256(abi.encode(batch, caller, claims, salt)), as for votes
    /// @param claims how many
    function sealChallenge(bytes32 batch, bytes32 commitment, uint8 claims) external {
        if (openWindow == 0) revert WrongScheme(false);
        Settlement.Batch memory posted = _challengeable(batch);
        if (commitment == 0) revert ZeroCommitment();
        if (claims == 0 || claims > posted.count) revert InvalidChallenge(claims);
        if (_sealed[batch][msg.sender].commitment != 0) revert AlreadyCommitted(batch, msg.sender);
        _sealed[batch][msg.sender] = SealedChallenge(commitment, claims);
        emit ChallengeSealed(batch, msg.sender, claims, bond * claims);
        _takeBond(claims);
    }

    /// @notice Show the claims of the caller's sealed challenge, when none is taken any more.
    /// @dev Where there is no room for it, its bonds go back.
    function openChallenge(bytes32 batch, uint128 claims, bytes32 salt) external {
        Settlement.Batch memory posted = _posted(batch);
        uint256 closes = uint256(posted.postedAt) + challengeWindow;
        if (block.timestamp <= closes) revert TooEarly(closes);
        if (block.timestamp > closes + openWindow) revert TooLate(closes + openWindow);
        SealedChallenge memory made = _sealed[batch][msg.sender];
        bytes32 commitment = keccak256(abi.encode(batch, msg.sender, claims, salt));
        if (made.commitment != commitment || ones(claims) != made.claims) revert WrongReveal(batch, msg.sender);
        delete _sealed[batch][msg.sender];
        if (!_enter(batch, posted.count, claims)) _release(batch, Challenge(msg.sender, claims), 0, 0, 0);
    }

    /// @notice Take the bonds of a sealed challenge that was not opened in time: else a seal would be a free bet.
    function forfeit(bytes32 batch, address challenger) external {
        uint256 until = _known(settlement.batchOf(batch));
        if (block.timestamp <= until) revert TooEarly(until);
        uint256 amount = bond * _sealed[batch][challenger].claims;
        if (amount == 0) revert NotInDispute(batch);
        delete _sealed[batch][challenger];
        bonded -= amount;
        emit BondForfeited(batch, challenger, amount);
        _collect(amount);
    }

    /// @notice Make a batch final that nobody disputes.
    /// @param openings the claims proven wrong meanwhile
    /// @param charges as in the batch's BatchPosted; not looked at without openings
    function finalise(bytes32 batch, Opening[] calldata openings, Charge[] calldata charges) external {
        _pastWindow(batch);
        if (_disputed[batch] != 0) revert InDispute(batch, _disputed[batch]);
        _collect(settlement.settle(batch, 0, 0, openings, charges));
    }

    /// @notice Have arbiters judge the disputed claims of a batch.
    function arbitrate(bytes32 batch) external {
        Settlement.Batch memory posted = _pastWindow(batch);
        uint128 disputed = _disputed[batch];
        if (disputed == 0) revert NotInDispute(batch);
        if (_isDrawn(batch)) revert AlreadyDrawn(batch);
        uint256 seats = size == 0 ? MAX_ARBITERS : size;
        (address[] memory members, uint256[] memory weights) = _lots(batch, seats, posted.postedAt + challengeWindow);
        _seat(batch, posted.count, disputed, members, weights);
    }

    /// @notice Give back the bonds on a batch that became final without a verdict, because it expired.
    function reclaim(bytes32 batch) external {
        if (settlement.batchOf(batch).status == Settlement.Status.Open) revert InDispute(batch, _disputed[batch]);
        Challenge[] memory made = _dismiss(batch);
        if (made.length == 0) revert NotInDispute(batch);
        for (uint256 i; i < made.length; ++i) _release(batch, made[i], 0, 0, 0);
    }

    /// @notice Claims of a batch that are in dispute, as bits.
    function disputedIn(bytes32 batch) public view returns (uint128) {
        return _disputed[batch];
    }

    /// @notice Who challenged which claims of a batch, in order; none when the dispute is over.
    function challengesOf(bytes32 batch) external view returns (Challenge[] memory) {
        return _challenges[batch];
    }

    // ---- for the contracts that derive from this ----

    /// @notice What becomes of the share of the fees that an undisputed batch pays for its verification, and of bonds
    /// of challenges that were never opened: burned, since nobody can show that it checked.
    function _collect(uint256 amount) internal virtual {
        if (amount > 0) opg.safeTransfer(BURN_ADDRESS, amount);
    }

    /// @notice End the dispute about one claim without a verdict on it. Its challengers get their bonds back
    /// @param prize and this much each
    function _dismiss(bytes32 batch, uint16 index, uint256 prize) internal {
        uint128 bit = uint128(1) << index;
        Challenge[] storage made = _challenges[batch];
        _disputed[batch] &= ~bit;
        for (uint256 i; i < made.length; ++i) {
            if (made[i].claims & bit == 0) continue;
            made[i].claims &= ~bit;
            _release(batch, Challenge(made[i].challenger, bit), bit, 0, prize);
        }
        if (_disputed[batch] == 0) _dismiss(batch);
    }

    /// @notice How many challenge a claim.
    function _challengersOf(bytes32 batch, uint16 index) internal view returns (uint256 count) {
        Challenge[] storage made = _challenges[batch];
        for (uint256 i; i < made.length; ++i) count += made[i].claims >> index & 1;
    }

    /// @notice A batch that is open.
    function _posted(bytes32 batch) internal view returns (Settlement.Batch memory posted) {
        posted = settlement.batchOf(batch);
        if (posted.status != Settlement.Status.Open) revert BatchNotOpen(batch);
    }

    /// @notice When all challenges of a batch are known.
    function _known(Settlement.Batch memory posted) internal view returns (uint256) {
        return uint256(posted.postedAt) + challengeWindow + openWindow;
    }

    // ---- inside ----

    /// @dev An open batch that takes challenges.
    function _challengeable(bytes32 batch) private view returns (Settlement.Batch memory posted) {
        posted = _posted(batch);
        uint256 closes = uint256(posted.postedAt) + challengeWindow;
        if (block.timestamp > closes) revert TooLate(closes);
    }

    /// @dev Put the caller's challenge on record.
    /// @return room whether there is any
    function _enter(bytes32 batch, uint16 count, uint128 claims) private returns (bool room) {
        if (claims == 0 || claims >> count != 0) revert InvalidChallenge(claims);
        uint128 before = _challenged[batch][msg.sender];
        if (claims & before != 0) revert AlreadyChallenged(batch, msg.sender);
        uint128 disputed = _disputed[batch];
        if (_challenges[batch].length >= MAX_DUPLICATE_CHALLENGES && claims & ~disputed == 0) return false;
        _challenges[batch].push(Challenge(msg.sender, claims));
        _challenged[batch][msg.sender] = before | claims;
        _disputed[batch] = disputed | claims;
        emit Challenged(batch, msg.sender, claims, bond * ones(claims));
        return true;
    }

    function _takeBond(uint256 claims) private {
        uint256 amount = bond * claims;
        bonded += amount;
        opg.safeTransferFrom(msg.sender, address(this), amount);
    }

    /// @dev An open batch whose windows are over.
    function _pastWindow(bytes32 batch) private view returns (Settlement.Batch memory posted) {
        posted = _posted(batch);
        uint256 until = _known(posted) + evidenceWindow;
        if (block.timestamp <= until) revert TooEarly(until);
    }

    function _concluded(bytes32 batch, Count memory count, Opening[] calldata openings, Charge[] calldata charges)
        internal
        override
    {
        address node = settlement.batchOf(batch).node;
        uint256 pot = _settle(batch, count, openings, charges);
        pot = _decide(batch, node, count, pot);
        uint256 rest = _reward(batch, count.seats, _slash(count), pot);
        if (rest > 0) opg.safeTransfer(BURN_ADDRESS, rest);
    }

    /// @dev Bonds and rewards of all challenges, by the arbiters' verdict, whatever was proven by other means meanwhile.
    /// A claim that fell without a verdict earns its challengers nothing but their bond: somebody else has the bounty.
    /// @param pot what the settlement sent for it
    /// @return rest for the arbiters
    function _decide(bytes32 batch, address node, Count memory count, uint256 pot)
        private
        returns (uint256 rest)
    {
        Challenge[] memory made = _dismiss(batch);
        uint256[] memory prizes = _prizes(made, uint128(count.verdict >> 128), pot * winnerShareBps / BPS);
        uint256 forfeited;
        rest = pot;
        for (uint256 i; i < made.length; ++i) {
            uint128 lost = made[i].claims & uint128(count.verdict);
            forfeited += bond * ones(lost);
            rest -= prizes[i];
            _release(batch, made[i], made[i].claims & count.rejected & ~lost, lost, prizes[i]);
        }
        uint256 damages = forfeited * winnerShareBps / BPS;
        if (damages > 0) {
            emit Compensated(batch, node, damages);
            opg.safeTransfer(node, damages);
        }
        return rest + forfeited - damages;
    }

    /// @dev Of so much in all, in equal parts for the claims that fell, and for the challengers of each.
    function _prizes(Challenge[] memory made, uint128 fallen, uint256 total)
        private
        pure
        returns (uint256[] memory prizes)
    {
        prizes = new uint256[](made.length);
        if (fallen == 0) return prizes;
        uint256 part = total / ones(fallen);
        uint256[] memory shares = new uint256[](128);
        for (uint256 index; fallen >> index != 0; ++index) {
            if (fallen >> index & 1 != 0) shares[index] = part / _rivals(made, index);
        }
        for (uint256 i; i < made.length; ++i) prizes[i] = _sum(shares, made[i].claims & fallen);
    }

    /// @dev How many challenge a claim. Unchecked, like `_sum`: the largest dispute must fit a block.
    function _rivals(Challenge[] memory made, uint256 index) private pure returns (uint256 rivals) {
        assembly ("memory-safe") {
            let end := add(made, mul(32, add(mload(made), 1)))
            for { let at := add(made, 32) } lt(at, end) { at := add(at, 32) } {
                rivals := add(rivals, and(1, shr(index, mload(add(mload(at), 32)))))
            }
        }
    }

    /// @dev The shares, of 128, whose bits are set; in all they are what was shared.
    function _sum(uint256[] memory shares, uint256 bits) private pure returns (uint256 total) {
        assembly ("memory-safe") {
            for { let at := add(shares, 32) } bits { at := add(at, 32) } {
                total := add(total, mul(and(1, bits), mload(at)))
                bits := shr(1, bits)
            }
        }
    }

    /// @dev Forget a batch's challenges, before anything is paid for them.
    function _dismiss(bytes32 batch) private returns (Challenge[] memory made) {
        made = _challenges[batch];
        delete _challenges[batch];
        delete _disputed[batch];
        for (uint256 i; i < made.length; ++i) delete _challenged[batch][made[i].challenger];
    }

    /// @dev Pay a challenger what it put up, less what it lost, and its reward.
    function _release(bytes32 batch, Challenge memory made, uint128 won, uint128 lost, uint256 reward) private {
        if (made.claims == 0) return;
        uint256 held = bond * ones(made.claims);
        uint256 forfeited = bond * ones(lost);
        bonded -= held;
        emit ChallengeDecided(batch, made.challenger, won, lost, reward, forfeited, held - forfeited);
        uint256 due = held - forfeited + reward;
        if (due > 0) opg.safeTransfer(made.challenger, due);
    }
}
