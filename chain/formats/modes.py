"""What proves an inference: the mode that a client asks for.

It is the last byte of the task's id, so that a claim, which names its task, owes what its client asked for, whatever
its node would rather owe: see ``chain/contracts/core/Modes.sol``. OpenGradient has the three modes; how a claim is
bound to one is an assumption.
"""

from __future__ import annotations

from enum import StrEnum

from chain.quantities import TaskId


class Mode(StrEnum):
    """What a client wants to see proven, and how."""

    VANILLA = "vanilla"
    """By the node's signature."""
    TEE = "tee"
    """By an enclave's signature."""
    ZKML = "zkml"
    """By a zero-knowledge proof."""


_BYTES = {mode: bytes([number]) for number, mode in enumerate(Mode)}
_MODES = {byte: mode for mode, byte in _BYTES.items()}


def marked(task: TaskId, mode: Mode) -> TaskId:
    """The id of a task that asks for a mode, made of any id (``0x`` hex, 32 bytes)."""
    return TaskId(task[:-2] + _BYTES[mode].hex())


def mode_of(task: bytes) -> Mode:
    """The mode that a task asks for. A byte that stands for none asks for the least."""
    return _MODES.get(task[-1:], Mode.VANILLA)
