// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {Strings} from "@openzeppelin/contracts/utils/Strings.sol";

import {
    HistoricalInputQuery,
    IModelInference,
    IPriceFeedInference,
    ModelInferenceRequest,
    ModelOutput
} from "./OnChainInference.sol";

/// @title Answers that nodes computed before a transaction is mined
/// @notice Not a part of the protocol. On OpenGradient the node itself runs models, between simulation and block. Here
/// the harness does, for whatever a simulated transaction asks, and writes the outputs into this contract's storage.
abstract contract NativeAnswers {
    bytes1 private constant OUTPUT = 0x01;

    /// @dev Written by the harness, by hash of the calldata: a byte that is 1 for an output, and then the output as the
    /// ABI encodes it, or the reason why there is none. Slot 0.
    mapping(bytes32 question => bytes answer) private _answers;

    /// @notice No node has run this yet: simulate the transaction first. `question` is the calldata.
    error InferenceMissing(bytes question);

    function _answer() internal view returns (ModelOutput memory) {
        bytes memory answer = _answers[keccak256(msg.data)];
        if (answer.length == 0) revert InferenceMissing(msg.data);
        bool found = answer[0] == OUTPUT;
        bytes memory body = new bytes(answer.length - 1);
        assembly ("memory-safe") {
            mcopy(add(body, 32), add(answer, 33), mload(body))
        }
        if (!found) revert(string(body));
        return abi.decode(body, (ModelOutput));
    }
}

/// @title A stand-in for the native inference at 0xF4
contract ModelInferenceNative is NativeAnswers, IModelInference {
    /// @inheritdoc IModelInference
    function runModelInference(ModelInferenceRequest calldata request) external returns (ModelOutput memory output) {
        output = _answer();
        emit ModelInferenceEvent(Strings.toHexString(uint256(keccak256(msg.data)), 32), request, output);
    }
}

/// @title A stand-in for the native inference on price feeds at 0xF5
contract PriceFeedNative is NativeAnswers, IPriceFeedInference {
    /// @inheritdoc IPriceFeedInference
    function runInferenceOnPriceFeed(string calldata, string calldata, HistoricalInputQuery calldata)
        external
        view
        returns (ModelOutput memory)
    {
        return _answer();
    }
}
