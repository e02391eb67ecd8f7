"""Reading the files of models."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import TYPE_CHECKING

from chain.errors import SimnetError

if TYPE_CHECKING:
    import onnx

LFS_POINTER = b"version https://git-lfs.github.com/spec/"


class BadModel(SimnetError):
    """A user's model cannot be served."""

    exit_code = 2

    def __init__(self, message: str, hint: str | None = None, at: tuple[str | int, ...] = ("path",)) -> None:
        super().__init__(message, hint)
        self.at = at
        """Which key of the model's entry in a scenario it is about."""


def read_file(path: Path) -> bytes:
    """The bytes of a file. Raises `SimnetError` naming it if it cannot be read."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise SimnetError(f"{path}: cannot read model file: {error.strerror}") from error


def read_model(path: Path) -> tuple[onnx.ModelProto, str]:
    """A user's ONNX model with all its weights, and the SHA-256 of everything it was read from.

    Raises `BadModel` if it is none, or if a part of it is missing.
    """
    import onnx

    try:
        data = read_file(path)
    except SimnetError as error:
        raise BadModel(str(error)) from error
    if not data:
        raise BadModel(f"{path}: the file is empty", "export or download it again")
    if data.startswith(LFS_POINTER):
        raise BadModel(f"{path}: this is a pointer of Git LFS, not the model", "fetch the model with: git lfs pull")
    try:
        model = onnx.load_model_from_string(data)
    except Exception as error:  # protobuf's and onnx's exceptions have no base class of their own
        raise BadModel(f"{path}: no ONNX model, or one cut short", "export or download it again") from error
    if not model.opset_import or not model.graph.output:
        raise BadModel(f"{path}: no ONNX model: it names no opset, or has no output", "export or download it again")
    beside = _add_external_weights(path, model)
    return model, hashlib.sha256(data + beside).hexdigest()


def _add_external_weights(path: Path, model: onnx.ModelProto) -> bytes:
    """Take weights that are kept in other files into the model. Returns the bytes of these files."""
    from onnx import external_data_helper

    tensors = [tensor for tensor in model.graph.initializer if external_data_helper.uses_external_data(tensor)]
    places = {entry.value for tensor in tensors for entry in tensor.external_data if entry.key == "location"}
    for place in sorted(places):
        if not (path.parent / place).is_file():
            raise BadModel(f"{path}: its weights are in '{place}', which is not beside it", "put both in one place")
    try:
        external_data_helper.load_external_data_for_model(model, str(path.parent))
    except Exception as error:  # onnx raises what its checker, NumPy or the system raise
        raise BadModel(f"{path}: its weights in other files cannot be read: {in_one_line(error)}") from error
    return b"".join(read_file(path.parent / place) for place in sorted(places))


PREFIXES = re.compile(r"\[ONNXRuntimeError\] : \d+ : [A-Z_]+ : |/onnxruntime_src/\S+ .*?[)>] (?=[A-Z])|Fatal error: ")
"""What ONNX Runtime says before it comes to the point: its codes, its source files and their functions."""


def in_one_line(error: Exception) -> str:
    """What a library complains of, without its prefixes and line breaks."""
    return PREFIXES.sub("", " ".join(str(error).split()))
