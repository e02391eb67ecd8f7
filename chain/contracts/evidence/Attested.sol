// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";

import {Beacon} from "../randomness/Beacon.sol";
import {Charge, Opening} from "../core/Claims.sol";
import {Settlement} from "../core/Settlement.sol";
import {Staking} from "../core/Staking.sol";

/// @title Attested: a batch is final after a while, less the claims whose evidence was proven bad meanwhile
/// @notice Nobody votes on what is right: evidence is judged by code, in a contract with the right to reject claims.
/// What code can't judge is what nobody gets to see. So full nodes that are refused a batch's data say so, and if
/// they hold more than a share of the stake, the batch is void and its clients get their fees back.
/// @dev What a batch's clients paid for verification goes to one of the full nodes that were active when it was posted,
/// drawn by the batch's id and by stake, whoever makes the batch final: there is nothing to win by being first. A
/// poster can choose its root, and so have a full node of its own drawn more often, for its own batches' fees.
contract Attested {
    using SafeERC20 for IERC20;

    struct Parameters {
        uint32 window; // seconds from the post to finality
        uint16 withheldBps; // share of the full nodes' stake that voids a batch
    }

    address public constant BURN_ADDRESS = 0x000000000000000000000000000000000000dEaD;
    uint256 private constant BPS = 10_000;

    Settlement public immutable settlement;
    Staking public immutable staking;
    IERC20 public immutable opg;
    uint32 public immutable window;
    uint16 public immutable withheldBps;

    mapping(bytes32 batch => address[]) private _protests;
    mapping(bytes32 batch => mapping(address node => bool)) private _protested;

    event Withheld(bytes32 indexed batch, address indexed member);
    event Rewarded(bytes32 indexed batch, address indexed member, uint256 amount);

    error InvalidParameters();
    error NotActiveFullNode(address caller);
    error AlreadyProtested(bytes32 batch, address member);
    error BatchNotOpen(bytes32 batch);
    error TooEarly(uint256 until);
    error TooLate(uint256 until);

    constructor(Settlement settlement_, Staking staking_, Beacon, IERC20 opg_, Parameters memory p) {
        if (p.withheldBps >= BPS) revert InvalidParameters();
        settlement = settlement_;
        staking = staking_;
        opg = opg_;
        window = p.window;
        withheldBps = p.withheldBps;
    }

    /// @notice Say that the caller, a full node, could not get the data behind a batch.
    function protest(bytes32 batch) external {
        uint256 until = _until(batch);
        if (block.timestamp > until) revert TooLate(until);
        if (!staking.isActiveAs(msg.sender, Staking.Role.Full)) revert NotActiveFullNode(msg.sender);
        if (_protested[batch][msg.sender]) revert AlreadyProtested(batch, msg.sender);
        _protested[batch][msg.sender] = true;
        _protests[batch].push(msg.sender);
        emit Withheld(batch, msg.sender);
    }

    /// @notice Make a batch final.
    /// @param openings the claims that fell; none if the batch is void
    /// @param charges as in the batch's BatchPosted
    function finalise(bytes32 batch, Opening[] calldata openings, Charge[] calldata charges) public virtual {
        uint256 until = _until(batch);
        if (block.timestamp <= until) revert TooEarly(until);
        _conclude(batch, isWithheld(batch), openings, charges);
    }

    /// @notice Whether full nodes with enough stake have protested so far.
    function isWithheld(bytes32 batch) public view returns (bool) {
        address[] memory protesters = _protests[batch];
        if (protesters.length == 0) return false;
        (, uint256[] memory stakes) = staking.activeNodes(uint8(Staking.Role.Full));
        uint256 total;
        for (uint256 i; i < stakes.length; ++i) total += stakes[i];
        uint256 protesting;
        for (uint256 i; i < protesters.length; ++i) {
            if (staking.isActiveAs(protesters[i], Staking.Role.Full)) protesting += staking.stakeOf(protesters[i]);
        }
        return protesting * BPS > total * withheldBps;
    }

    /// @notice Who is paid for the verification of a batch; nobody if there was no full node when it was posted.
    function payeeOf(bytes32 batch) public view returns (address payee) {
        uint40 postedAt = settlement.batchOf(batch).postedAt;
        (address[] memory nodes, uint256[] memory stakes) =
            staking.activeNodesSince(uint8(Staking.Role.Full), postedAt);
        uint256 total;
        for (uint256 i; i < stakes.length; ++i) total += stakes[i];
        if (total == 0) return address(0);
        uint256 lot = uint256(keccak256(abi.encode(batch, "payee"))) % total;
        for (uint256 i; i < nodes.length; ++i) {
            if (lot < stakes[i]) return nodes[i];
            lot -= stakes[i];
        }
    }

    /// @dev Settle a batch, or void it, and pay for its verification.
    function _conclude(bytes32 batch, bool void, Opening[] calldata openings, Charge[] calldata charges) internal {
        _forget(batch);
        if (void) {
            settlement.voidBatch(batch, charges);
            return;
        }
        uint256 sent = settlement.settle(batch, 0, 0, openings, charges);
        if (sent == 0) return;
        address payee = payeeOf(batch);
        if (payee == address(0)) {
            opg.safeTransfer(BURN_ADDRESS, sent);
            return;
        }
        emit Rewarded(batch, payee, sent);
        opg.safeTransfer(payee, sent);
    }

    /// @dev Until when a batch can be protested against.
    function _until(bytes32 batch) internal view virtual returns (uint256) {
        return _posted(batch).postedAt + window;
    }

    function _posted(bytes32 batch) internal view returns (Settlement.Batch memory posted) {
        posted = settlement.batchOf(batch);
        if (posted.status != Settlement.Status.Open) revert BatchNotOpen(batch);
    }

    function _forget(bytes32 batch) private {
        address[] storage protesters = _protests[batch];
        for (uint256 i; i < protesters.length; ++i) delete _protested[batch][protesters[i]];
        delete _protests[batch];
    }
}
