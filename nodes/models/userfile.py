"""A user's ONNX file: everything that can be told from it is told before a run, by itself and by running it once."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from chain.errors import SimnetError
from nodes.models.files import BadModel, in_one_line, read_model
from nodes.models.graph import Port, axes, draws, drop_weights, fix_sizes, ports
from nodes.models.macs import count_macs
from nodes.models.session import answer, open_session
from nodes.models.tensors import Tensor, encode

if TYPE_CHECKING:
    import onnxruntime

TRIED_MACS = 10**8
"""Multiply-accumulates that may go into trying all of a model's inputs; one that needs more tries the first."""


@dataclass(frozen=True)
class UserFile:
    """An ONNX file that simnet can serve."""

    data: bytes
    """The model with all its weights, and every size fixed if it can be."""
    ports: tuple[Port, ...]
    macs: int
    sha256: str
    """Of the file and of those that its weights are in, and of sizes that were given."""
    draws: str
    """The operator by which it draws random numbers; empty if it draws none."""


def inspect(path: Path, macs: int | None, sizes: Mapping[str, int] | None = None) -> UserFile:
    """What a file is, with `sizes` for its axes of any size; `macs` are counted from the graph if not given.

    Raises `BadModel` with the first thing that keeps it from being served.
    """
    stamp = path.stat().st_mtime_ns if path.is_file() else 0
    return _inspect(path, stamp, macs, tuple(sorted((sizes or {}).items())))


@lru_cache(maxsize=64)
def _inspect(path: Path, _: int, macs: int | None, given: tuple[tuple[str, int], ...]) -> UserFile:
    import onnx

    model, digest = read_model(path)
    drop_weights(model)
    sizes, known = dict(given), axes(model.graph)
    for name in sizes:
        inputs = {f"{value.name}.{i}" for value in model.graph.input for i in range(8)}
        if name not in known and name not in inputs:
            hint = f"it has {', '.join(known)}" if known else "every size is fixed"
            raise BadModel(f"the model has no axis '{name}' of any size", hint, ("sizes", name))
    as_it_is = model.SerializeToString()
    left = fix_sizes(model.graph, sizes)
    found = ports(path, model.graph)
    newest = onnx.defs.onnx_opset_version()
    if (opset := max((one.version for one in model.opset_import if not one.domain), default=0)) > newest:
        raise BadModel(
            f"{path}: opset {opset} is not known", f"the newest is {newest}: export it with that or an older one"
        )
    if left:
        example = f"sizes: {{{', '.join(f'{name}: 16' for name in left)}}}"
        raise BadModel(f"{path}: axes of any size besides the first: {', '.join(left)}", f"fix them, such as {example}")
    if given:
        digest = hashlib.sha256(f"{digest} {given}".encode()).hexdigest()
    data = _loadable(path, model.SerializeToString(), as_it_is)
    return UserFile(data, found, count_macs(data) if macs is None else macs, digest, draws(model))


def _loadable(path: Path, fixed: bytes, as_it_is: bytes) -> bytes:
    """The model with its sizes fixed, or as it is where ONNX Runtime loads only that.

    So it is where one branch of an ``If`` is for other sizes: with sizes fixed, it is known to be wrong.
    """
    try:
        open_user_session(path, fixed)
    except BadModel as error:
        try:
            open_user_session(path, as_it_is)
        except BadModel:
            raise error from None
        return as_it_is
    return fixed


CURES = (
    (
        ("not a registered function/op", "could not find an implementation", "no op registered"),
        "convert it to operators that ONNX Runtime has, as with onnx.version_converter for an old opset",
    ),
    (
        ("locale",),
        "a text operator asks for a locale that this machine lacks: have it ask for 'C', or install that one, as with "
        "Debian's packages locales or locales-all",
    ),
)
"""What ONNX Runtime says when it cannot load a model, and what to do about it."""

ELSE = "onnx.checker.check_model(FILE, full_check=True) may say more"


def cure(message: str) -> str:
    """What to do about a model that ONNX Runtime cannot load, by what it says."""
    said = message.lower()
    return next((what for signs, what in CURES if any(sign in said for sign in signs)), ELSE)


def open_user_session(path: Path, data: bytes) -> onnxruntime.InferenceSession:
    """A session for it. Raises `BadModel` if ONNX Runtime cannot load it, such as for an operator that it lacks."""
    try:
        return open_session(path, data, "cpu")
    except SimnetError as error:
        raise BadModel(str(error), cure(str(error))) from error


def tried(path: Path, file: UserFile, inputs: Tensor) -> Tensor:
    """What the model makes of its first input, after it was tried on all, or on as many as is cheap.

    Raises `BadModel` if it fails on one, or gives what cannot be hashed.
    """
    session = open_user_session(path, file.data)
    count = len(inputs) if file.macs * len(inputs) <= TRIED_MACS else 1
    outputs = []
    for number in range(count):
        try:
            outputs.append(answer(session, np.asarray(inputs[number])))
            encode(outputs[-1])
        except Exception as error:  # ONNX Runtime's exceptions have no base class of their own
            message = f"{path}: the model fails on input {number}: {in_one_line(error)}"
            raise BadModel(message, "give inputs: a file with real ones, or a range for each") from error
    return outputs[0]
