// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title ModelRegistry: the models that claims may name
/// @notice A model is known by the SHA-256 of its ONNX file. Whoever registers it owns the entry.
contract ModelRegistry {
    struct Model {
        address owner; // 0: unknown
        uint64 macs; // multiply-accumulates of one inference
        bool deprecated;
    }

    /// @notice What is known of a model.
    mapping(bytes32 model => Model) public models;

    event ModelRegistered(bytes32 indexed model, address indexed owner, string name, uint64 macs);
    event ModelDeprecated(bytes32 indexed model);

    error ModelExists(bytes32 model, address owner);
    error NotModelOwner(bytes32 model, address caller);
    error AlreadyDeprecated(bytes32 model);

    /// @notice Make a model known under its content hash.
    function register(bytes32 model, string calldata name, uint64 macs) external {
        if (models[model].owner != address(0)) revert ModelExists(model, models[model].owner);
        models[model] = Model(msg.sender, macs, false);
        emit ModelRegistered(model, msg.sender, name, macs);
    }

    /// @notice Say that a model should no longer be asked for. What was claimed with it stays good.
    function deprecate(bytes32 model) external {
        Model storage entry = models[model];
        if (entry.owner != msg.sender) revert NotModelOwner(model, msg.sender);
        if (entry.deprecated) revert AlreadyDeprecated(model);
        entry.deprecated = true;
        emit ModelDeprecated(model);
    }
}
