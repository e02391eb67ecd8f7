"""The execution seam: run a variant of a model on an input, and say what came out and what it cost.

`OnnxExecutor` is ONNX Runtime behind the seam. Nodes share one: a session holds a model and its plan, nothing of what
it has run, so each node that answers or checks runs the model itself, and a thousand nodes take the memory of one.
Every inference is a batch of one, because dynamic int8 quantisation takes its scale from the whole batch.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from chain.errors import SimnetError
from nodes.models.arithmetic import Arithmetic, Prepared
from nodes.models.files import in_one_line
from nodes.models.session import CUDA, Processor, answer, open_session
from nodes.models.tensors import Tensor, fits
from nodes.models.zoo import Model, Variant, Zoo

if TYPE_CHECKING:
    import onnxruntime


@dataclass(frozen=True, slots=True)
class Execution:
    """One inference."""

    output: Tensor
    macs: int
    """Multiply-accumulates spent."""
    cpu_s: float
    """CPU seconds that the run took on its thread, 0 if nobody asked. Not reproducible."""


class Executor(Protocol):
    """Runs models."""

    def run(self, model: str, variant: str, value: Tensor) -> Execution:
        """Run a variant on one input, shaped like the model's `input_shape`. Raises `SimnetError` on bad input."""
        ...


class OnnxExecutor:
    """Runs models in ONNX Runtime, on one thread, with a session for each variant.

    With `arithmetic` portable a model gives the same bits on every x86-64 processor (`nodes.models.portable`); one
    that cannot be rewritten runs natively, and so does everything on CUDA.
    Natively, with `optimise` off, the graph runs as written, without fused or re-laid-out operators: an honest
    implementation that may differ in the last bits (convolutions do), so a real source of noise.
    With `timed` off it does not ask for the CPU time of each run, which is a system call before and one after: on a
    busy machine they take longer than a small model.
    """

    def __init__(
        self,
        zoo: Zoo,
        device: Processor = "auto",
        optimise: bool = True,
        arithmetic: Arithmetic = "portable",
        timed: bool = True,
    ) -> None:
        self.zoo = zoo
        self.device = device
        self.optimise = optimise
        self.arithmetic = arithmetic
        self.timed = timed
        self._sessions: dict[tuple[str, str], onnxruntime.InferenceSession] = {}

    def run(self, model: str, variant: str, value: Tensor) -> Execution:
        """Run a variant on one input, shaped like the model's `input_shape`.

        Raises `SimnetError` for an unknown model or variant, a bad file, or an input of another shape or type.
        """
        asked = self.zoo.model(model)
        chosen = asked.variant(variant)
        if not fits(value, asked.input_shape, asked.input_dtype):
            raise SimnetError(
                f"model {model} takes {asked.input_dtype} of shape {asked.input_shape}, "
                f"not {value.dtype} of shape {value.shape}"
            )
        session = self._session(asked, chosen)
        start = time.thread_time() if self.timed else 0.0
        try:
            output = answer(session, value, asked.is_item)
        except Exception as error:  # ONNX Runtime's exceptions have no base class of their own
            raise SimnetError(f"{model}/{variant} cannot run on this input: {in_one_line(error)}") from error
        return Execution(output, chosen.macs, time.thread_time() - start if self.timed else 0.0)

    def _session(self, model: Model, variant: Variant) -> onnxruntime.InferenceSession:
        """This executor's session for a variant, made when first needed."""
        key = (model.name, variant.name)
        if key not in self._sessions:
            file = self._prepared(variant)
            self._sessions[key] = open_session(
                variant.path, file.data, self.device, self.optimise, portable=file.portable
            )
        return self._sessions[key]

    def _prepared(self, variant: Variant) -> Prepared:
        """The variant's file in this executor's arithmetic."""
        if self.arithmetic == "native" or runs_on_cuda(self.device):
            return Prepared(self.zoo.read(variant), False)
        return self.zoo.portable(variant)


def runs_on_cuda(device: Processor) -> bool:
    """Whether models run on a GPU, natively."""
    import onnxruntime

    return device == "cuda" or (device == "auto" and CUDA in onnxruntime.get_available_providers())
