"""Inputs to ask a user's model with: from files, or drawn by element type and range."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zipfile import BadZipFile

import numpy as np

from nodes.models.files import BadModel
from nodes.models.graph import Port
from nodes.models.tensors import TEXT, Tensor

COUNT = 64
"""Inputs that are drawn."""

WORDS = ("a", "an example", "text", "Tokyo", "naïve", "two words", "12", "the quick brown fox")
"""What text is drawn from."""

SMALL, LARGE = 1, 255
"""Whole numbers are drawn from 0 and 1, bytes from 0 to 255."""


@dataclass(frozen=True)
class Drawn:
    """How an input is drawn: uniformly from a range, ends included, or from a list."""

    low: float | None = None
    high: float | None = None
    choices: tuple[Any, ...] = ()


Given = Path | Mapping[str, Path | Drawn] | None
"""A file with all inputs, or a file or a range for each of some; what is not given is drawn."""


def collect(ports: Sequence[Port], given: Given) -> Tensor:
    """Inputs [n, …], each what the model takes: a tensor, or a record of several.

    Raises `BadModel` if what is given does not fit.
    """
    parts = _from_file(ports, given) if isinstance(given, Path) else _each(ports, given or {})
    counts = {len(part) for part in parts.values()}
    if len(counts) > 1:
        told = ", ".join(f"{len(part)} of {name}" for name, part in parts.items())
        raise BadModel(f"there must be as many of each input, not {told}", at=("inputs",))
    return stacked(parts)


def stacked(parts: Mapping[str, Tensor]) -> Tensor:
    """Inputs [n, …] of one name, or records [n] of several."""
    if len(parts) == 1:
        return next(iter(parts.values()))
    count = len(next(iter(parts.values())))
    records = np.zeros(count, [(name, part.dtype, part.shape[1:]) for name, part in parts.items()])
    for name, part in parts.items():
        records[name] = part
    return records


def _each(ports: Sequence[Port], given: Mapping[str, Path | Drawn]) -> dict[str, Tensor]:
    names = [port.name for port in ports]
    for name in given:
        if name not in names:
            raise BadModel(f"the model has no input '{name}'", f"it has {', '.join(names)}", at=("inputs", name))
    files = {
        port.name: fitting(port, _array(file), ("inputs", port.name))
        for port in ports
        if isinstance(file := given.get(port.name), Path)
    }
    count = len(next(iter(files.values()))) if files else COUNT
    rng = np.random.default_rng(0)
    parts = {}
    for port in ports:
        how = given.get(port.name)
        drawn = how if isinstance(how, Drawn) else Drawn()
        parts[port.name] = files[port.name] if port.name in files else draw(port, drawn, count, rng)
    return parts


def _from_file(ports: Sequence[Port], path: Path) -> dict[str, Tensor]:
    """One array for a model's only input, or arrays by the inputs' names."""
    arrays = _load(path)
    if not isinstance(arrays, dict):
        if len(ports) != 1:
            names = ", ".join(port.name for port in ports)
            raise BadModel(
                f"{path}: one array, and the model takes {names}", "give an .npz with all of them", ("inputs",)
            )
        arrays = {ports[0].name: arrays}
    elif len(ports) == len(arrays) == 1:
        arrays = {ports[0].name: next(iter(arrays.values()))}
    if missing := [port.name for port in ports if port.name not in arrays]:
        raise BadModel(f"{path}: no array '{missing[0]}'", f"it has {', '.join(arrays)}", ("inputs",))
    return {port.name: fitting(port, arrays[port.name]) for port in ports}


def _array(path: Path) -> Tensor:
    found = _load(path)
    if isinstance(found, dict):
        raise BadModel(f"{path}: several arrays where one is needed", "give an .npy", ("inputs",))
    return found


def _load(path: Path) -> Tensor | dict[str, Tensor]:
    """The array of an .npy file, or the arrays of an .npz file."""
    try:
        found = np.load(path)
        return found if isinstance(found, np.ndarray) else dict(found)
    except (ValueError, OSError, EOFError, BadZipFile) as error:
        raise BadModel(f"{path}: no arrays of NumPy: {error}", "give an .npy or .npz file", ("inputs",)) from error


def fitting(port: Port, array: Tensor, at: tuple[str, ...] = ("inputs",)) -> Tensor:
    """An array as inputs [n, *shape] of a port; its first axis may stand for an input's own first axis of 1."""
    wanted = port.shape
    if array.shape[1:] != wanted and wanted[:1] == (1,) and array.shape[1:] == wanted[1:]:
        array = array.reshape(len(array), *wanted)
    if array.ndim == 0 or array.shape[1:] != wanted or not len(array):
        shape = f"[n, {', '.join(map(str, wanted))}]" if wanted else "[n]"
        raise BadModel(f"input '{port.name}' must be {shape}, not {list(array.shape)}", at=at)
    if port.dtype.kind != TEXT and not np.can_cast(array.dtype, port.dtype, "same_kind"):
        raise BadModel(f"input '{port.name}' takes {port.dtype}, not {array.dtype}", at=at)
    return array.astype(np.str_ if port.dtype.kind == TEXT else port.dtype)


def draw(port: Port, how: Drawn, count: int, rng: np.random.Generator) -> Tensor:
    """Inputs [count, *shape] of a port. Raises `BadModel` for what its element type cannot hold."""
    shape = (count, *port.shape)
    if how.choices:
        return _chosen(port, how.choices, shape, rng)
    match port.dtype.kind:
        case "U":
            return _chosen(port, WORDS, shape, rng)
        case "b":
            return rng.integers(2, size=shape).astype(port.dtype)
        case "f" if how.low is None and how.high is None:
            return rng.standard_normal(shape).astype(port.dtype)
        case "f":
            low, high = _range(port, how, 0.0, 1.0)
            return rng.uniform(low, high, shape).astype(port.dtype)
    low, high = _range(port, how, 0, LARGE if port.dtype == np.uint8 else SMALL)
    limits = np.iinfo(port.dtype)
    if low % 1 or high % 1 or low < limits.min or high > limits.max:
        raise BadModel(f"input '{port.name}' takes {port.dtype}", "give whole numbers that fit", ("inputs", port.name))
    return rng.integers(int(low), int(high), size=shape, dtype=port.dtype, endpoint=True)


def _range(port: Port, how: Drawn, low: float, high: float) -> tuple[float, float]:
    low = low if how.low is None else how.low
    high = max(low, high) if how.high is None else how.high
    if low > high:
        raise BadModel(f"the range of input '{port.name}' ends before it begins", at=("inputs", port.name))
    return low, high


def _chosen(port: Port, choices: Sequence[Any], shape: tuple[int, ...], rng: np.random.Generator) -> Tensor:
    try:
        among = np.array(choices, np.str_ if port.dtype.kind == TEXT else port.dtype)
    except (ValueError, TypeError, OverflowError) as error:
        raise BadModel(f"input '{port.name}' takes {port.dtype}: {error}", at=("inputs", port.name)) from error
    return among[rng.integers(len(among), size=shape)]
