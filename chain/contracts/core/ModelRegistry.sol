// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @title ModelRegistry: the models that claims may name
/// @notice A model is known by the SHA-256 of its ONNX file. Anybody can say what he knows of it, once, and nobody for
/// anybody else: a file's hash doesn't tell whose it is, so that whoever registers a model first owns nothing but his
/// own entry. Whose entries count is for who reads them to choose.
contract ModelRegistry {
    struct Model {
        bool known;
        uint64 macs; // multiply-accumulates of one inference
        bool deprecated;
    }

    /// @notice What an account says of a model.
    mapping(bytes32 model => mapping(address registrant => Model)) public models;

    event ModelRegistered(bytes32 indexed model, address indexed owner, string name, uint64 macs);
    event ModelDeprecated(bytes32 indexed model, address indexed owner);

    error ModelExists(bytes32 model, address owner);
    error NotModelOwner(bytes32 model, address caller);
    error AlreadyDeprecated(bytes32 model);

    /// @notice Make a model known under its content hash.
    function register(bytes32 model, string calldata name, uint64 macs) external {
        if (models[model][msg.sender].known) revert ModelExists(model, msg.sender);
        models[model][msg.sender] = Model(true, macs, false);
        emit ModelRegistered(model, msg.sender, name, macs);
    }

    /// @notice Say that a model should no longer be asked for. What was claimed with it stays good.
    function deprecate(bytes32 model) external {
        Model storage entry = models[model][msg.sender];
        if (!entry.known) revert NotModelOwner(model, msg.sender);
        if (entry.deprecated) revert AlreadyDeprecated(model);
        entry.deprecated = true;
        emit ModelDeprecated(model, msg.sender);
    }
}
