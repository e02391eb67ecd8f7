"""What arithmetic a model runs in: portable, the same bits on every x86-64 processor, or the processor's own.

Portable is the default. Native single precision is faster and differs in the last bits from one class of processor
to the next: for speed, and for the study of honest noise.
"""

from __future__ import annotations

import platform
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from chain.errors import SimnetError
from nodes.models.portable import NotPortable, rewrite
from nodes.models.session import open_session

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


def prepare(path: Path, data: bytes) -> Prepared:
    """The ONNX model in `data`, rewritten to be portable; as it is, with the reason, where that cannot be done."""
    try:
        rewritten = rewrite(data)
        open_session(path, rewritten, "cpu", portable=True)  # ONNX Runtime may lack a double-precision kernel
    except NotPortable as error:
        return Prepared(data, False, str(error))
    except SimnetError as error:
        return Prepared(data, False, _in_short(error))
    return Prepared(rewritten, True)


def _in_short(error: SimnetError) -> str:
    """ONNX Runtime's complaint without the names of its source files."""
    text = " ".join(str(error).split())
    _, found, operator = text.partition("NOT_IMPLEMENTED : ")
    return f"ONNX Runtime has no double-precision kernel: {operator}" if found else text


def processor_class() -> str:
    """The class of this machine's processor, by what ONNX Runtime computes on it: models run natively differ by it."""
    try:
        text = Path("/proc/cpuinfo").read_text()
    except OSError:
        return platform.machine()
    lines = (line for line in text.splitlines() if line.startswith("flags"))
    flags = frozenset(next(lines, "").partition(":")[2].split())
    return next((name for name, needed in CLASSES if needed <= flags), platform.machine())
