"""Builds one model: trains its networks, writes every variant and the holdout inputs."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch

from nodes.models import rounding
from nodes.models.macs import count_macs
from nodes.models.train.fit import fit
from nodes.models.train.graph import Graph
from nodes.models.train.recipe import Data, Network, Recipe
from nodes.models.zoo import weight_bits

SEED = 7
ELEMENT_TYPES = {"float32": onnx.TensorProto.FLOAT, "int64": onnx.TensorProto.INT64}

Progress = Callable[[str], None]


def build(recipe: Recipe, directory: Path, progress: Progress) -> dict[str, Any]:
    """Write the model's files into `directory`; its manifest entry, with every score still ``None``."""
    data = recipe.data()
    full = trained(recipe, recipe.full, data, lambda line: progress(f"{recipe.name}: {line}"))
    small = trained(recipe, recipe.small, data, lambda line: progress(f"{recipe.name}, small: {line}"))
    reference = written(full, data)
    models = {
        "fp32": reference,
        "fp16": rounding.fp16(reference),
        "int8": rounding.int8(reference),
        "int4": rounding.int4(_newer(reference)),
        "early_exit": written(full, data, early=True),
        "small": written(small, data),
    }
    directory.mkdir(parents=True, exist_ok=True)
    holdout = directory / "holdout.npz"
    np.savez_compressed(holdout, inputs=compact(data.holdout_inputs), labels=compact(data.holdout_labels))
    return {
        "summary": recipe.summary,
        "task_kind": recipe.task_kind,
        "metric": recipe.metric,
        "baseline": round(data.baseline, 4),
        "classes": data.classes,
        "input_dtype": data.inputs.dtype.name,
        "input_shape": data.inputs.shape[1:],
        "output_shape": [len(data.classes)],
        "holdout": f"{recipe.name}/{holdout.name}",
        "variants": {name: saved(name, model, directory) for name, model in models.items()},
    }


def trained(recipe: Recipe, network: Callable[[Data], Network], data: Data, progress: Progress) -> Network:
    """A network of that kind, trained from a fixed seed."""
    torch.manual_seed(SEED)
    result = network(data)
    fit(recipe, result, data, progress)
    return result


def written(network: Network, data: Data, early: bool = False) -> onnx.ModelProto:
    """The ONNX model of a network, up to its last layer or its early exit."""
    graph = Graph()
    logits = network.write(graph, early)
    return graph.model(logits, ELEMENT_TYPES[data.inputs.dtype.name], data.inputs.shape[1:], [len(data.classes)])


def _newer(model: onnx.ModelProto) -> onnx.ModelProto:
    """The same of the first opset with 4-bit tensors, in which all that is used here means the same."""
    copy = onnx.ModelProto()
    copy.CopyFrom(model)
    copy.opset_import[0].version = rounding.INT4_OPSET
    return copy


def saved(name: str, model: onnx.ModelProto, directory: Path) -> dict[str, Any]:
    """Write the file of a variant; its manifest entry."""
    file = model.SerializeToString(deterministic=True)
    (directory / f"{name}.onnx").write_bytes(file)
    return {
        "file": f"{directory.name}/{name}.onnx",
        "macs": count_macs(file),
        "sha256": hashlib.sha256(file).hexdigest(),
        "size_bytes": len(file),
        "weight_bits": weight_bits(name),
        "score": None,
    }


def compact(array: np.ndarray) -> np.ndarray:
    """The same values as bytes, where they are small whole numbers."""
    small = array.astype(np.uint8)
    return small if np.array_equal(small, array) else array
