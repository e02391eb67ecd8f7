// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

/// @dev The types by which contracts ask OpenGradient's nodes for a model's output. Source: the ABIs that the package
/// opengradient 1.1.4 carries (inference.abi, InferencePrecompile.abi, PriceHistoryInference.abi).

/// @dev value * 10^-decimals
struct Number {
    int128 value;
    int128 decimals;
}

struct NumberTensor {
    string name;
    Number[] values;
    uint32[] shape;
}

struct StringTensor {
    string name;
    string[] values;
}

struct JsonScalar {
    string name;
    string value;
}

struct ModelInput {
    NumberTensor[] numbers;
    StringTensor[] strings;
}

struct ModelOutput {
    NumberTensor[] numbers;
    StringTensor[] strings;
    JsonScalar[] jsons;
    bool is_simulation_result;
}

struct ModelInferenceRequest {
    uint8 mode;
    string modelCID;
    ModelInput input;
}

/// @dev candle_types: high 0, low 1, open 2, close 3, volume 4; order: ascending 0, descending 1
struct HistoricalInputQuery {
    string base;
    string quote;
    uint32 total_candles;
    uint32 candle_duration_in_mins;
    uint8 order;
    uint8[] candle_types;
}

/// @title What OpenGradient's alpha network runs natively at 0xF4
interface IModelInference {
    event ModelInferenceEvent(string inferenceID, ModelInferenceRequest request, ModelOutput response);

    /// @notice Run a model. The transaction must have been simulated before: nodes run its models then.
    function runModelInference(ModelInferenceRequest calldata request) external returns (ModelOutput memory);
}

/// @title What OpenGradient's alpha network runs natively at 0xF5
/// @dev Source: the selector that PriceHistoryInference.bin of opengradient 1.1.4 calls.
interface IPriceFeedInference {
    /// @notice Run a model on the latest candles of a pair.
    function runInferenceOnPriceFeed(
        string calldata modelId,
        string calldata inputName,
        HistoricalInputQuery calldata query
    ) external returns (ModelOutput memory);
}

IModelInference constant MODEL_INFERENCE = IModelInference(0x00000000000000000000000000000000000000F4);
