"""Which processor executes models: the CPU, or a GPU by CUDA where this machine can."""

from __future__ import annotations

from functools import cache
from typing import Literal

from chain.errors import SimnetError
from nodes.models.session import CUDA, Processor, open_session

Taken = Literal["cpu", "cuda"]

INSTALL = "pip install 'simnet[gpu]', on a machine with an NVIDIA GPU and its driver"


def taken(asked: Processor) -> Taken:
    """What executes models: ``auto`` takes CUDA where it works."""
    if asked == "auto":
        return "cpu" if why_not_cuda() else "cuda"
    return asked


def why_not_cuda() -> str:
    """Why no GPU can execute models here; empty if one can."""
    import onnxruntime

    return _why_not(tuple(onnxruntime.get_available_providers()))


@cache
def _why_not(providers: tuple[str, ...]) -> str:
    if CUDA not in providers:
        return "this ONNX Runtime has no CUDA"
    from nodes.models.zoo import default_zoo

    zoo = default_zoo()
    smallest = min((model.reference for model in zoo.models.values()), key=lambda variant: variant.size_bytes)
    try:
        open_session(smallest.path, zoo.read(smallest), "cuda")  # to be built for CUDA is not to have it
    except SimnetError as error:
        return str(error)
    return ""
