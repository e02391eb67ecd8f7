// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {IERC20} from "@openzeppelin/contracts/token/ERC20/IERC20.sol";
import {SafeERC20} from "@openzeppelin/contracts/token/ERC20/utils/SafeERC20.sol";
import {Math} from "@openzeppelin/contracts/utils/math/Math.sol";
import {SafeCast} from "@openzeppelin/contracts/utils/math/SafeCast.sol";
import {Checkpoints} from "@openzeppelin/contracts/utils/structs/Checkpoints.sol";

import {Staking} from "../core/Staking.sol";

/// @title DelegatedStaking: a Staking in which holders stand behind nodes of others
/// @notice The bond of a node is a pool. Who puts OPG in, the node itself or a delegator, has shares of it; a slash
/// makes all shares worth less, each by the same part. What leaves goes into a second pool, with shares of its own,
/// until it is taken out: a slash takes the same part of both, so that nobody escapes by leaving between a fraud and
/// its proof. To go from one node to another takes as long as to leave.
/// @dev A share is worth one wei at first and never more, for pools only grow by what buys shares: nobody can make
/// shares expensive by a gift. Every rounding is against who acts.
contract DelegatedStaking is Staking {
    using Checkpoints for Checkpoints.Trace208;
    using SafeERC20 for IERC20;

    struct Pool {
        Checkpoints.Trace208 shares; // of the bond, over time
        Checkpoints.Trace208 commissionBps; // over time
        uint128 capacity; // OPG up to which the bond takes delegations
        uint128 leaving; // OPG that unbonds
        uint256 leavingShares;
    }

    struct Departure {
        address from;
        address to; // 0: to its owner, else to another node
        uint40 releaseAt;
        uint256 shares; // of what unbonds from there
    }

    uint16 public constant MAX_COMMISSION_BPS = 5_000;

    /// @notice The least that can be delegated at once: each delegation lengthens the record of the node's shares.
    uint256 public immutable minDelegation;

    mapping(address node => Pool) private _pools;
    mapping(address node => mapping(address who => Checkpoints.Trace208)) private _sharesOf;
    mapping(address who => Departure[]) private _departures;

    event CapacitySet(address indexed node, uint256 capacity);
    event CommissionSet(address indexed node, uint16 bps);
    event Delegated(address indexed node, address indexed delegator, uint256 amount, uint256 shares);
    event Undelegated(
        address indexed node, address indexed delegator, uint256 amount, uint256 shares, address to, uint40 releaseAt
    );
    event Arrived(address indexed node, address indexed delegator, uint256 amount);

    error NotANode(address account);
    error PoolIsGone(address node);
    error DelegationTooSmall(uint256 amount, uint256 least);
    error NoRoom(address node, uint256 capacity, uint256 needed);
    error CommissionTooHigh(uint16 bps);
    error NotOver(uint48 time);
    error SameNode(address node);

    constructor(
        IERC20 opg_,
        uint256 minStakeInference_,
        uint256 minStakeFull_,
        uint32 unbondingPeriod_,
        uint256 minDelegation_
    ) Staking(opg_, minStakeInference_, minStakeFull_, unbondingPeriod_) {
        if (minDelegation_ == 0) revert ZeroAmount();
        minDelegation = minDelegation_;
    }

    // ---- nodes ----

    /// @inheritdoc Staking
    function stake(uint8 role, uint256 amount) public override {
        _mint(msg.sender, msg.sender, amount);
        super.stake(role, amount);
    }

    /// @notice Take delegations until the bond is `capacity`.
    function setCapacity(uint256 capacity) external {
        if (_nodes[msg.sender].role == Role.None) revert NotANode(msg.sender);
        _pools[msg.sender].capacity = SafeCast.toUint128(capacity);
        emit CapacitySet(msg.sender, capacity);
    }

    /// @notice Keep `bps` of what delegators earn. Counts for periods of reward that begin later.
    function setCommission(uint16 bps) external {
        if (_nodes[msg.sender].role == Role.None) revert NotANode(msg.sender);
        if (bps > MAX_COMMISSION_BPS) revert CommissionTooHigh(bps);
        _pools[msg.sender].commissionBps.push(uint48(block.timestamp), bps);
        emit CommissionSet(msg.sender, bps);
    }

    // ---- delegators ----

    /// @notice Put `amount` of OPG behind `node`.
    function delegate(address node, uint256 amount) external {
        if (amount < minDelegation) revert DelegationTooSmall(amount, minDelegation);
        if (_nodes[node].role == Role.None) revert NotANode(node);
        uint256 bonded = _nodes[node].bonded + amount;
        if (bonded > _pools[node].capacity) revert NoRoom(node, _pools[node].capacity, bonded);
        _join(node, msg.sender, amount);
        opg.safeTransferFrom(msg.sender, address(this), amount);
    }

    /// @notice Start to take `amount` of OPG out of the caller's own bond.
    function unbond(uint256 amount) external override {
        _leave(msg.sender, amount, address(0));
    }

    /// @notice Start to take `amount` of OPG out from behind `node`.
    function undelegate(address node, uint256 amount) external {
        _leave(node, amount, address(0));
    }

    /// @notice Start to move `amount` of OPG from behind one node to behind another.
    /// @dev It stays within reach of a slash of the first one for the whole unbonding period.
    function redelegate(address from, address to, uint256 amount) external {
        if (from == to) revert SameNode(to);
        if (_nodes[to].role == Role.None) revert NotANode(to);
        _leave(from, amount, to);
    }

    /// @inheritdoc Staking
    function withdraw() external override {
        release(msg.sender);
    }

    /// @notice Give `who` everything whose unbonding period is over, or put it where it was to go. Anyone may.
    /// @dev Where the other node takes no more, the OPG goes to its owner: it must not be stuck.
    function release(address who) public {
        Departure[] storage queue = _departures[who];
        uint256 kept;
        uint256 amount;
        for (uint256 i; i < queue.length; ++i) {
            Departure memory departure = queue[i];
            if (departure.releaseAt > block.timestamp) {
                queue[kept++] = departure;
                continue;
            }
            uint256 value = _redeem(departure.from, departure.shares);
            if (_takes(departure.to, value)) {
                _join(departure.to, who, value);
                emit Arrived(departure.to, who, value);
            } else {
                amount += value;
            }
        }
        if (kept == queue.length) revert NothingToWithdraw(who);
        while (queue.length > kept) queue.pop();
        emit Withdrawn(who, amount);
        if (amount > 0) opg.safeTransfer(who, amount);
    }

    // ---- views ----

    /// @notice OPG that the shares of `who` in the bond of `node` are worth.
    function valueOf(address node, address who) public view returns (uint256) {
        uint256 shares = _sharesOf[node][who].latest();
        return shares == 0 ? 0 : Math.mulDiv(shares, _nodes[node].bonded, _pools[node].shares.latest());
    }

    /// @notice What of a slash of `amount` the node itself loses, by the shares that it has in its own name.
    function ownPartOf(address node, uint256 amount) external view returns (uint256) {
        uint256 slashable = _nodes[node].bonded + _pools[node].leaving;
        return slashable == 0 ? 0 : Math.mulDiv(amount, valueOf(node, node), slashable);
    }

    /// @notice Shares that `who` had of the bond of `node` before `time`, which must be over.
    function sharesBefore(address node, address who, uint48 time) external view returns (uint256) {
        return _before(_sharesOf[node][who], time);
    }

    /// @notice Shares that there were of the bond of `node` before `time`.
    function totalSharesBefore(address node, uint48 time) external view returns (uint256) {
        return _before(_pools[node].shares, time);
    }

    /// @notice Commission of `node` before `time`, in basis points.
    function commissionBefore(address node, uint48 time) external view returns (uint256) {
        return _before(_pools[node].commissionBps, time);
    }

    /// @notice OPG up to which `node` takes delegations, what unbonds from it, and shares of that.
    function poolOf(address node) external view returns (uint256 capacity, uint256 leaving, uint256 leavingShares) {
        Pool storage pool = _pools[node];
        return (pool.capacity, pool.leaving, pool.leavingShares);
    }

    /// @notice What `who` has unbonding, oldest first.
    function departuresOf(address who) external view returns (Departure[] memory) {
        return _departures[who];
    }

    /// @inheritdoc Staking
    function slashableOf(address node) external view override returns (uint256) {
        return _nodes[node].bonded + _pools[node].leaving;
    }

    /// @notice What `who` has unbonding, at its worth of now, oldest first.
    function unbondingsOf(address who) external view override returns (Exit[] memory exits) {
        Departure[] storage queue = _departures[who];
        exits = new Exit[](queue.length);
        for (uint256 i; i < queue.length; ++i) {
            exits[i] = Exit(uint128(_worth(queue[i].from, queue[i].shares)), queue[i].releaseAt);
        }
    }

    /// @inheritdoc Staking
    /// @dev What was put behind a node after `time` counts for nothing, and takes nothing from it: else a poster could put a
    /// little behind each node that it fears, and so keep all of them out of the draw for its batch.
    function activeNodesSince(uint8 role, uint40 time)
        public
        view
        override
        returns (address[] memory nodes, uint256[] memory stakes)
    {
        (nodes, stakes) = super.activeNodesSince(role, time);
        uint256 found;
        for (uint256 i; i < nodes.length; ++i) {
            uint256 bond = _bondThen(nodes[i], stakes[i], time);
            if (bond < minStakeOf(Role(role))) continue;
            nodes[found] = nodes[i];
            stakes[found++] = bond;
        }
        assembly ("memory-safe") {
            mstore(nodes, found)
            mstore(stakes, found)
        }
    }

    // ---- inside ----

    /// @dev What a bond would be without the shares bought after `time`.
    function _bondThen(address node, uint256 bond, uint40 time) private view returns (uint256) {
        uint256 total = _pools[node].shares.latest();
        uint256 then = _pools[node].shares.upperLookupRecent(time);
        return then < total ? Math.mulDiv(bond, then, total) : bond;
    }

    function _before(Checkpoints.Trace208 storage trace, uint48 time) private view returns (uint256) {
        if (time > block.timestamp) revert NotOver(time);
        return time == 0 ? 0 : trace.upperLookupRecent(time - 1);
    }

    function _takes(address node, uint256 amount) private view returns (bool) {
        Node storage to = _nodes[node];
        Pool storage pool = _pools[node];
        if (amount < minDelegation || to.role == Role.None || to.bonded + amount > pool.capacity) return false;
        return !_isGone(pool, pool.shares.latest(), to.bonded);
    }

    /// @dev Slashes made the shares of the bond worth next to nothing: more of them would not fit their type. Or they
    /// took all that unbonds, and whoever had it has not been told by `release`: new shares would mix with the old.
    function _isGone(Pool storage pool, uint256 total, uint256 bonded) private view returns (bool) {
        return total > bonded << 64 || (pool.leaving == 0 && pool.leavingShares > 0);
    }

    function _join(address node, address who, uint256 amount) private {
        uint256 shares = _mint(node, who, amount);
        _setBond(node, _nodes[node].bonded + SafeCast.toUint128(amount));
        emit Delegated(node, who, amount, shares);
    }

    /// @dev Shares for `amount`, before it is in the bond.
    function _mint(address node, address who, uint256 amount) private returns (uint256 shares) {
        uint256 total = _pools[node].shares.latest();
        uint256 bonded = _nodes[node].bonded;
        if (_isGone(_pools[node], total, bonded)) revert PoolIsGone(node);
        shares = total == 0 ? amount : Math.mulDiv(amount, total, bonded);
        _push(_pools[node].shares, total + shares);
        _push(_sharesOf[node][who], _sharesOf[node][who].latest() + shares);
    }

    function _push(Checkpoints.Trace208 storage trace, uint256 value) private {
        trace.push(uint48(block.timestamp), SafeCast.toUint208(value));
    }

    /// @dev From the bond of `node` into what unbonds from it.
    function _leave(address node, uint256 amount, address to) private {
        if (amount == 0) revert ZeroAmount();
        uint256 value = valueOf(node, msg.sender);
        if (amount > value) revert InsufficientBond(msg.sender, value, amount);
        Departure[] storage queue = _departures[msg.sender];
        if (queue.length == MAX_UNBONDINGS) revert TooManyUnbondings(msg.sender, MAX_UNBONDINGS);
        uint40 releaseAt = uint40(block.timestamp) + unbondingPeriod;

        Pool storage pool = _pools[node];
        uint256 bonded = _nodes[node].bonded;
        uint256 total = pool.shares.latest();
        uint256 held = _sharesOf[node][msg.sender].latest();
        uint256 sold = amount == value ? held : Math.mulDiv(amount, total, bonded, Math.Rounding.Ceil);
        _push(pool.shares, total - sold);
        _push(_sharesOf[node][msg.sender], held - sold);
        _setBond(node, bonded - amount);

        uint256 bought =
            pool.leavingShares == 0 ? amount : Math.mulDiv(amount, pool.leavingShares, pool.leaving);
        pool.leavingShares += bought;
        pool.leaving += uint128(amount);
        queue.push(Departure(node, to, releaseAt, bought));
        emit Undelegated(node, msg.sender, amount, sold, to, releaseAt);
        if (node == msg.sender) emit Unbonding(node, amount, releaseAt);
    }

    function _worth(address node, uint256 shares) private view returns (uint256) {
        Pool storage pool = _pools[node];
        return pool.leavingShares == 0 ? 0 : Math.mulDiv(shares, pool.leaving, pool.leavingShares);
    }

    function _redeem(address node, uint256 shares) private returns (uint256 value) {
        Pool storage pool = _pools[node];
        value = _worth(node, shares);
        pool.leaving -= uint128(value);
        pool.leavingShares -= shares;
    }

    /// @dev The same part of the bond and of what unbonds.
    function _take(address node, uint256 amount) internal override returns (uint256 taken) {
        uint256 bonded = _nodes[node].bonded;
        uint256 leaving = _pools[node].leaving;
        taken = Math.min(amount, bonded + leaving);
        if (taken == 0) return 0;
        uint256 fromLeaving = Math.mulDiv(taken, leaving, bonded + leaving);
        _pools[node].leaving = uint128(leaving - fromLeaving);
        if (taken > fromLeaving) _setBond(node, bonded - (taken - fromLeaving));
    }
}
