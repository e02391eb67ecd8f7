// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title A workflow: a contract that runs a model whenever it is told to
interface IWorkflow {
    function run() external;
}

/// @title Has workflows run every so often
/// @notice Our own contract. `registerTask` is as opengradient 1.1.4 calls it; of the deployed contract's other
/// functions the names alone are public. Whoever calls `execute` pays for the workflow's gas, and chooses how much.
contract WorkflowScheduler {
    struct Task {
        address owner;
        address contractAddress;
        uint256 endTime;
        uint256 frequency;
        uint256 lastRun;
    }

    /// @dev How many tasks are looked through for those that are due.
    uint256 public constant TASKS_MAX = 256;

    Task[] private _tasks;

    event TaskRegistered(
        uint256 indexed id, address indexed owner, address contractAddress, uint256 endTime, uint256 frequency
    );
    event TaskUpdated(uint256 indexed id, uint256 endTime, uint256 frequency);
    event TaskStopped(uint256 indexed id);
    event TaskExecuted(uint256 indexed id, address contractAddress);

    error TooManyTasks();
    error NotAContract(address contractAddress);
    error ZeroFrequency();
    error NotTaskOwner(uint256 id, address caller);
    error NotDue(uint256 id);
    error Rehearsed();

    /// @notice Have a workflow run every `frequency` seconds until `endTime` (Unix seconds), from now on. The place of a
    /// task that is over is taken first.
    function registerTask(address contractAddress, uint256 endTime, uint256 frequency) external {
        if (contractAddress.code.length == 0) revert NotAContract(contractAddress);
        if (frequency == 0) revert ZeroFrequency();
        uint256 id = _free();
        _tasks[id] = Task(msg.sender, contractAddress, endTime, frequency, 0);
        emit TaskRegistered(id, msg.sender, contractAddress, endTime, frequency);
    }

    /// @notice Change when one's own task runs.
    function updateTask(uint256 id, uint256 endTime, uint256 frequency) external {
        if (frequency == 0) revert ZeroFrequency();
        Task storage task = _own(id);
        (task.endTime, task.frequency) = (endTime, frequency);
        emit TaskUpdated(id, endTime, frequency);
    }

    /// @notice End one's own task.
    function stopTask(uint256 id) external {
        _own(id).endTime = 0;
        emit TaskStopped(id);
    }

    /// @notice Run a workflow that is due. Anybody may.
    function execute(uint256 id) external {
        if (id >= _tasks.length || !_isDue(_tasks[id])) revert NotDue(id);
        Task storage task = _tasks[id];
        task.lastRun = block.timestamp;
        emit TaskExecuted(id, task.contractAddress);
        IWorkflow(task.contractAddress).run();
    }

    /// @notice Try a workflow, due or not, and undo all of it: for simulations, whose time may be that of an old block.
    /// Always reverts, with `Rehearsed` if the workflow runs.
    function rehearse(uint256 id) external {
        if (id >= _tasks.length) revert NotDue(id);
        IWorkflow(_tasks[id].contractAddress).run();
        revert Rehearsed();
    }

    /// @notice Every task, those that are over included.
    function getAllTasks() external view returns (Task[] memory) {
        return _tasks;
    }

    function _isDue(Task storage task) private view returns (bool) {
        return block.timestamp <= task.endTime && block.timestamp - task.lastRun >= task.frequency;
    }

    function _own(uint256 id) private view returns (Task storage task) {
        if (id >= _tasks.length || _tasks[id].owner != msg.sender) revert NotTaskOwner(id, msg.sender);
        return _tasks[id];
    }

    function _free() private returns (uint256 id) {
        uint256 count = _tasks.length;
        for (id = 0; id < count; ++id) {
            if (_tasks[id].endTime < block.timestamp) return id;
        }
        if (id == TASKS_MAX) revert TooManyTasks();
        _tasks.push();
    }
}
