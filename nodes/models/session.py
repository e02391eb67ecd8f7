"""ONNX Runtime sessions that are deterministic, single-threaded and cheap to have many of."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from chain.errors import SimnetError
from nodes.models.files import in_one_line
from nodes.models.tensors import Tensor, parts, record

if TYPE_CHECKING:
    import onnxruntime

Processor = Literal["auto", "cpu", "cuda"]
"""Where to run; ``auto`` is CUDA where ONNX Runtime has it, and the CPU elsewhere."""

CUDA = "CUDAExecutionProvider"
CPU = "CPUExecutionProvider"
NOTHING_BUT_FATAL = 4
"""Errors come as exceptions; ONNX Runtime would write them to the terminal as well."""

SINGLE_PRECISION_FUSIONS = ["MatMulIntegerToFloatFusion", "DynamicQuantizeMatMulFusion"]
"""Optimisers that replace what portable arithmetic computes in double precision by kernels in single precision."""


def open_session(
    path: Path,
    data: bytes,
    processor: Processor,
    optimise: bool = True,
    tf32: bool = False,
    portable: bool = False,
) -> onnxruntime.InferenceSession:
    """A session for the ONNX model in `data`; `path` is for error messages.

    `portable` says that `data` comes from `nodes.models.portable.rewrite`: optimisers that would bring single
    precision back stay off. Without ``session.x64quantprecision`` ONNX Runtime's 8-bit kernels saturate on processors
    without VNNI (microsoft/onnxruntime, pull request 12088). TensorFloat-32 is CUDA's default and off here: it puts an
    honest H100 up to 4e-3 away from an honest CPU, where without it they are 7e-6 apart (``simnet bench processors``).
    Raises `SimnetError` if ONNX Runtime cannot load the model, or has no CUDA and was told to use it.
    """
    import onnxruntime as ort  # 0.1 s that a caller who runs no model should not wait for

    ort.set_default_logger_severity(NOTHING_BUT_FATAL)  # CUDA's convolutions warn through it, past the session's own
    options = ort.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    options.enable_cpu_mem_arena = False  # memory per session matters more than speed: nodes times models of them
    options.use_deterministic_compute = True
    options.log_severity_level = NOTHING_BUT_FATAL
    options.add_session_config_entry("session.x64quantprecision", "1")
    level = ort.GraphOptimizationLevel
    best = level.ORT_ENABLE_EXTENDED if portable else level.ORT_ENABLE_ALL
    options.graph_optimization_level = best if optimise else level.ORT_DISABLE_ALL
    providers = [CPU] if portable else _providers(processor, ort.get_available_providers(), tf32)
    disabled = SINGLE_PRECISION_FUSIONS if portable else None
    try:
        session = ort.InferenceSession(data, options, providers=providers, disabled_optimizers=disabled)
    except Exception as error:  # ONNX Runtime's exceptions have no base class of their own
        raise SimnetError(f"{path}: ONNX Runtime cannot load this model: {in_one_line(error)}") from error
    if processor == "cuda" and CUDA not in session.get_providers():
        raise SimnetError("ONNX Runtime was built for CUDA but cannot start it here", hint="use processor: auto or cpu")
    return session


def folded(data: bytes) -> bytes:
    """The ONNX model in `data` with everything computed that follows from its constants and its sizes alone.

    ONNX Runtime does so, on the CPU, in operators of ONNX. Raises what ONNX Runtime raises.
    """
    import onnxruntime as ort

    ort.set_default_logger_severity(NOTHING_BUT_FATAL)
    options = ort.SessionOptions()
    options.log_severity_level = NOTHING_BUT_FATAL
    options.graph_optimization_level = ort.GraphOptimizationLevel.ORT_ENABLE_BASIC
    with tempfile.TemporaryDirectory() as directory:
        result = Path(directory) / "folded.onnx"
        options.optimized_model_filepath = str(result)
        ort.InferenceSession(data, options, providers=[CPU])
        return result.read_bytes()


def answer(session: onnxruntime.InferenceSession, value: Tensor, item: bool = False) -> Tensor:
    """What a model makes of an input: a tensor or a record of several, as its outputs are.

    `item` puts the dimension of a batch of one in front, and takes it off the output. Raises what ONNX Runtime raises.
    """
    names = [port.name for port in session.get_inputs()]
    feed = {
        name: np.require(part[np.newaxis] if item else part, None, ["C", "A"])
        for name, part in zip(names, parts(value), strict=True)
    }
    found = dict(zip((port.name for port in session.get_outputs()), session.run(None, feed), strict=True))
    return record({name: _tensor(part[0] if item else part) for name, part in found.items()})


def _tensor(output: Any) -> Tensor:
    """An output as an array of its own, not a view that keeps the batch of one it was in; text comes as objects."""
    array = np.array(output)
    return array.astype(np.str_) if array.dtype == object else array


def _providers(processor: Processor, available: list[str], tf32: bool) -> list[str | tuple[str, dict[str, str]]]:
    """Execution providers in order of preference."""
    if processor == "cuda" and CUDA not in available:
        raise SimnetError("this ONNX Runtime has no CUDA", hint="install onnxruntime-gpu, or use processor: auto")
    if processor == "cpu" or CUDA not in available:
        return [CPU]
    return [(CUDA, {"use_tf32": str(int(tf32)), "cudnn_conv_algo_search": "DEFAULT"}), CPU]
