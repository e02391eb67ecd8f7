// SPDX-License-Identifier: MIT
pragma solidity 0.8.37;

import {MODEL_INFERENCE, ModelInferenceRequest, ModelInput, ModelOutput} from "./OnChainInference.sol";

/// @title Where accounts ask for a model's output on chain
/// @notice Our own contract with the ABI of the hub that opengradient's `Alpha.infer` calls; of its functions `run`
/// alone. Models are named by their blob's id, or by the name under which the run serves them.
contract InferenceHub {
    event InferenceResult(ModelOutput output);

    /// @notice Run a model and have its output in the log.
    /// @param modelId of the model
    /// @param inferenceMode 0 vanilla, 1 ZKML, 2 TEE
    /// @param modelInput its tensors, by name
    function run(string calldata modelId, uint8 inferenceMode, ModelInput calldata modelInput)
        external
        returns (ModelOutput memory output)
    {
        output = MODEL_INFERENCE.runModelInference(ModelInferenceRequest(inferenceMode, modelId, modelInput));
        emit InferenceResult(output);
    }
}
