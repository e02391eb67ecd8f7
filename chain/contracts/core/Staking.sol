// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {AccessControl} from "@openzeppelin/contracts/access/AccessControl.sol";
import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {EnumerableSet} from "@openzeppelin/contracts/utils/structs/EnumerableSet.sol";

/// @title Staking: the OPG that nodes stand behind their work with
/// @notice A node bonds OPG in one role. What it unbonds stays slashable until it is withdrawn, so
/// the unbonding period must outlast the longest verification. Slashed OPG is burned, less a bounty.
/// @dev A draw reads every member of a role, some 5,000 gas each; a member has its role's minimum at stake.
contract Staking is AccessControl {
    using EnumerableSet for EnumerableSet.AddressSet;
    using SafeERC20 for IERC20;

    enum Role {
        None,
        Inference,
        Full
    }

    struct Node {
        Role role;
        uint40 jailedUntil; // 0: not jailed
        uint40 since; // when the stake last grew or the node last left jail
        uint128 bonded;
    }

    struct Exit {
        uint128 amount;
        uint40 releaseAt;
    }

    bytes32 public constant SLASHER_ROLE = keccak256("SLASHER_ROLE");
    address public constant BURN_ADDRESS = 0x000000000000000000000000000000000000dEaD;
    uint256 public constant MAX_UNBONDINGS = 16;

    IERC20 public immutable opg;
    uint256 public immutable minStakeInference;
    uint256 public immutable minStakeFull;
    uint32 public immutable unbondingPeriod;

    mapping(address => Node) internal _nodes;
    mapping(address => Exit[]) private _unbondings; // oldest first
    mapping(Role => EnumerableSet.AddressSet) private _members; // everyone with the minimum bonded, in jail or not

    event Staked(address indexed node, uint8 role, uint256 amount, uint256 bonded);
    event Unbonding(address indexed node, uint256 amount, uint40 releaseAt);
    event Withdrawn(address indexed node, uint256 amount);
    event Slashed(
        address indexed node, uint256 amount, uint256 burned, address bountyTo, uint256 bounty, bytes32 reason
    );
    event Jailed(address indexed node, uint40 until);
    event Unjailed(address indexed node);

    error ZeroAmount();
    error NoSuchRole(uint8 role);
    error RoleTaken(address node, uint8 role);
    error InsufficientBond(address node, uint256 bonded, uint256 needed);
    error TooManyUnbondings(address node, uint256 limit);
    error NothingToWithdraw(address node);
    error NotJailed(address node);
    error StillJailed(address node, uint40 until);

    constructor(IERC20 opg_, uint256 minStakeInference_, uint256 minStakeFull_, uint32 unbondingPeriod_) {
        opg = opg_;
        if (minStakeInference_ == 0 || minStakeFull_ == 0) revert ZeroAmount();
        minStakeInference = minStakeInference_;
        minStakeFull = minStakeFull_;
        unbondingPeriod = unbondingPeriod_;
        _grantRole(DEFAULT_ADMIN_ROLE, msg.sender);
    }

    /// @notice Bond `amount` more OPG in `role`. An account has one role until its bond is gone.
    function stake(uint8 role, uint256 amount) public virtual {
        if (amount == 0) revert ZeroAmount();
        if (role == uint8(Role.None) || role > uint8(type(Role).max)) revert NoSuchRole(role);
        Node storage node = _nodes[msg.sender];
        if (node.role != Role.None && node.role != Role(role)) revert RoleTaken(msg.sender, uint8(node.role));
        node.role = Role(role);
        node.since = uint40(block.timestamp);
        _setBond(msg.sender, node.bonded + SafeCast.toUint128(amount));
        emit Staked(msg.sender, role, amount, node.bonded);
        opg.safeTransferFrom(msg.sender, address(this), amount);
    }

    /// @notice Start to take `amount` out of the bond.
    function unbond(uint256 amount) external virtual {
        if (amount == 0) revert ZeroAmount();
        uint256 bonded = _nodes[msg.sender].bonded;
        if (amount > bonded) revert InsufficientBond(msg.sender, bonded, amount);
        Exit[] storage queue = _unbondings[msg.sender];
        if (queue.length == MAX_UNBONDINGS) revert TooManyUnbondings(msg.sender, MAX_UNBONDINGS);
        uint40 releaseAt = uint40(block.timestamp) + unbondingPeriod;
        _setBond(msg.sender, bonded - amount);
        queue.push(Exit(uint128(amount), releaseAt));
        emit Unbonding(msg.sender, amount, releaseAt);
    }

    /// @notice Take out everything whose unbonding period is over.
    function withdraw() external virtual {
        Exit[] storage queue = _unbondings[msg.sender];
        uint256 kept;
        uint256 amount;
        for (uint256 i; i < queue.length; ++i) {
            if (queue[i].releaseAt <= block.timestamp) amount += queue[i].amount;
            else queue[kept++] = queue[i];
        }
        if (amount == 0) revert NothingToWithdraw(msg.sender);
        while (queue.length > kept) queue.pop();
        emit Withdrawn(msg.sender, amount);
        opg.safeTransfer(msg.sender, amount);
    }

    /// @notice Take `amount` of the stake of `node`, or all there is: the bond first, then what unbonds.
    /// Where there is nothing to take, nothing is said.
    /// @param bounty is sent to `bountyTo` (at most what was taken), the rest is burned
    /// @return taken what was really there to take
    function slash(address node, uint256 amount, address bountyTo, uint256 bounty, bytes32 reason)
        external
        onlyRole(SLASHER_ROLE)
        returns (uint256 taken)
    {
        taken = _take(node, amount);
        if (taken == 0) return 0;
        bounty = bountyTo == address(0) ? 0 : Math.min(bounty, taken);
        emit Slashed(node, taken, taken - bounty, bountyTo, bounty, reason);
        if (bounty > 0) opg.safeTransfer(bountyTo, bounty);
        if (taken > bounty) opg.safeTransfer(BURN_ADDRESS, taken - bounty);
    }

    /// @notice Keep `node` from being active before `until`. A longer sentence stands.
    function jail(address node, uint40 until) external onlyRole(SLASHER_ROLE) {
        Node storage inmate = _nodes[node];
        if (until > inmate.jailedUntil) inmate.jailedUntil = until;
        emit Jailed(node, inmate.jailedUntil);
    }

    /// @notice Leave jail when the time is served and the bond is whole again.
    function unjail() external {
        Node storage node = _nodes[msg.sender];
        if (node.jailedUntil == 0) revert NotJailed(msg.sender);
        if (block.timestamp < node.jailedUntil) revert StillJailed(msg.sender, node.jailedUntil);
        uint256 needed = minStakeOf(node.role);
        if (node.bonded < needed) revert InsufficientBond(msg.sender, node.bonded, needed);
        node.jailedUntil = 0;
        node.since = uint40(block.timestamp);
        emit Unjailed(msg.sender);
    }

    /// @notice Stake that `node` must keep bonded to be active. A node without a role can't be.
    function minStakeOf(Role role) public view returns (uint256) {
        if (role == Role.Inference) return minStakeInference;
        return role == Role.Full ? minStakeFull : type(uint256).max;
    }

    /// @notice OPG that `node` has bonded.
    function stakeOf(address node) external view returns (uint256) {
        return _nodes[node].bonded;
    }

    /// @notice OPG that `node` has bonded or unbonding.
    function slashableOf(address node) external view virtual returns (uint256 amount) {
        amount = _nodes[node].bonded;
        Exit[] storage queue = _unbondings[node];
        for (uint256 i; i < queue.length; ++i) amount += queue[i].amount;
    }

    /// @notice What `node` has unbonding, oldest first.
    function unbondingsOf(address node) external view virtual returns (Exit[] memory) {
        return _unbondings[node];
    }

    /// @notice Role that `node` has bonded in; 0 when it has no bond.
    function roleOf(address node) external view returns (uint8) {
        return uint8(_nodes[node].role);
    }

    /// @notice When `node` may leave jail; 0 when it isn't in there.
    function jailedUntil(address node) external view returns (uint40) {
        return _nodes[node].jailedUntil;
    }

    /// @notice Whether `node` has its role's minimum bonded and is out of jail.
    function isActive(address node) external view returns (bool) {
        return _isActive(_nodes[node]);
    }

    /// @notice Whether `node` is active in that role.
    function isActiveAs(address node, Role role) external view returns (bool) {
        return _nodes[node].role == role && _isActive(_nodes[node]);
    }

    /// @notice The active nodes of a role, and their bonds.
    function activeNodes(uint8 role) external view returns (address[] memory, uint256[] memory) {
        return activeNodesSince(role, uint40(block.timestamp));
    }

    /// @notice The active nodes of a role that were so at `time` with no less stake than now.
    /// @dev Who learns a seed can't stake its way into what is drawn from it: a bond that grew since is left out.
    function activeNodesSince(uint8 role, uint40 time)
        public
        view
        virtual
        returns (address[] memory nodes, uint256[] memory stakes)
    {
        if (role > uint8(type(Role).max)) revert NoSuchRole(role);
        EnumerableSet.AddressSet storage members = _members[Role(role)];
        uint256 total = members.length();
        nodes = new address[](total);
        stakes = new uint256[](total);
        uint256 found;
        for (uint256 i; i < total; ++i) {
            address account = members.at(i);
            Node memory node = _nodes[account];
            if (node.since > time || !_isActive(node)) continue;
            nodes[found] = account;
            stakes[found++] = node.bonded;
        }
        assembly ("memory-safe") {
            mstore(nodes, found)
            mstore(stakes, found)
        }
    }

    function _isActive(Node memory node) private view returns (bool) {
        return node.jailedUntil == 0 && node.bonded >= minStakeOf(node.role);
    }

    /// @dev Who has less than the minimum is no member: else bonds of one wei would lengthen every draw. A node whose
    /// bond is gone has no role any more; its time in jail stays.
    function _setBond(address account, uint256 bonded) internal {
        Node storage node = _nodes[account];
        node.bonded = uint128(bonded);
        if (bonded >= minStakeOf(node.role)) _members[node.role].add(account);
        else _members[node.role].remove(account);
        if (bonded == 0) node.role = Role.None;
    }

    /// @dev Out of the bond first, then out of what unbonds.
    function _take(address node, uint256 amount) internal virtual returns (uint256 taken) {
        uint256 bonded = _nodes[node].bonded;
        uint256 fromBond = Math.min(amount, bonded);
        if (fromBond > 0) _setBond(node, bonded - fromBond);
        return fromBond + _slashUnbonding(node, amount - fromBond);
    }

    /// @dev From the newest entry to the oldest.
    function _slashUnbonding(address node, uint256 amount) private returns (uint256 taken) {
        Exit[] storage queue = _unbondings[node];
        while (taken < amount && queue.length > 0) {
            Exit storage last = queue[queue.length - 1];
            uint256 part = Math.min(amount - taken, last.amount);
            taken += part;
            if (part == last.amount) queue.pop();
            else last.amount -= uint128(part);
        }
    }
}
