"""What arithmetic a model runs in: portable, the same bits on every x86-64 processor, or the processor's own.

Portable is the default. Native single precision is faster and differs in the last bits from one class of processor
to the next: for speed, and for the study of honest noise.
"""

from __future__ import annotations

import platform
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from nodes.models.files import in_one_line
from nodes.models.noise import deviation
from nodes.models.portable import NotPortable, rewrite
from nodes.models.session import answer, open_session
from nodes.models.tensors import Tensor, fits

Arithmetic = Literal["portable", "native"]

CLASSES = (
    ("avx512-vnni", {"avx512f", "avx512_vnni"}),
    ("avx512", {"avx512f"}),
    ("avx2-vnni", {"avx2", "fma", "avx_vnni"}),
    ("avx2", {"avx2", "fma"}),
    ("avx", {"avx"}),
    ("sse4", {"sse4_1"}),
)
"""Instruction sets that ONNX Runtime has kernels of its own for, the widest first."""


@dataclass(frozen=True)
class Prepared:
    """A model file in the arithmetic that it can run in."""

    data: bytes
    portable: bool
    reason: str = ""
    """Why it is not portable, if that was asked for."""


Trial = tuple[Tensor, Tensor]
"""An input of a model, and what it makes of it natively."""

CLOSE = 1e-2
"""How far a rewritten model may be off its native self, over the largest magnitude: more is no matter of rounding."""


def prepare(path: Path, data: bytes, trial: Trial | None = None) -> Prepared:
    """The ONNX model in `data`, rewritten to be portable; as it is, with the reason, where that cannot be done."""
    try:
        rewritten = rewrite(data)
        session = open_session(path, rewritten, "cpu", portable=True)
        if trial is not None and not _agrees(answer(session, trial[0]), trial[1]):
            raise NotPortable("rewritten it would give other answers")
    except NotPortable as error:
        return Prepared(data, False, str(error))
    except Exception as error:  # ONNX Runtime's have no base class of their own: it may lack a double-precision kernel
        reason = in_one_line(error).rpartition("cannot load this model: ")[2]
        return Prepared(data, False, f"ONNX Runtime cannot compute it in double precision: {reason}")
    return Prepared(rewritten, True)


def _agrees(found: Tensor, native: Tensor) -> bool:
    return fits(found, native.shape, native.dtype) and deviation(native, found) <= CLOSE


def processor_class() -> str:
    """The class of this machine's processor, by what ONNX Runtime computes on it: models run natively differ by it."""
    try:
        text = Path("/proc/cpuinfo").read_text()
    except OSError:
        return platform.machine()
    lines = (line for line in text.splitlines() if line.startswith("flags"))
    flags = frozenset(next(lines, "").partition(":")[2].split())
    return next((name for name, needed in CLASSES if needed <= flags), platform.machine())
