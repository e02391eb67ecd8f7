"""What is varied: a path in the scenario, and the values that it takes."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

import numpy as np

from nodes.parameters import ParameterError
from simnet.scenario.errors import ScenarioErrors
from simnet.scenario.locate import read_document
from simnet.scenario.overrides import Sourced

MAX_VALUES = 1_000
"""Of one axis."""

_NUMBER = r"[-+]?(?:\d[\d_]*\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"
_RANGE = re.compile(rf"({_NUMBER})\s*\.\.\s*({_NUMBER})\s*([^\s:]*)\s*:\s*(\d+)(\s+log)?")
_QUANTITY = re.compile(rf"({_NUMBER})\s*(.*)")

_EXPECTED = "expected PATH=VALUE,VALUE,… or PATH=LOW..HIGH:COUNT, such as strategy.size=3,5,7 or network.loss=0..10 %:6"


@dataclass(frozen=True)
class Axis:
    """A path in the scenario and its values, in their order."""

    path: str
    values: tuple[str, ...]
    """As ``--set`` takes them."""

    @property
    def assignments(self) -> tuple[str, ...]:
        """Each value as ``path=value``."""
        return tuple(map(self.assignment, self.values))

    def assignment(self, value: str) -> str:
        """One of the values at the path; what is wrong with it is said of ``--vary``."""
        made = f"{self.path}={value}"
        return Sourced(made, f"--vary {made}")

    @property
    def quantities(self) -> tuple[tuple[float, ...], str] | None:
        """The values as numbers and their unit; ``None`` if they are no numbers or not all of one unit."""
        found = [_QUANTITY.fullmatch(value.strip()) for value in self.values]
        numbers = [match for match in found if match is not None]
        units = {match[2] for match in numbers}
        if len(numbers) < len(found) or len(units) != 1:
            return None
        return tuple(float(match[1]) for match in numbers), units.pop()


def read_axis(text: str) -> Axis:
    """What ``path=3,5,7`` or ``path=0..10 %:6`` says. Raises `ParameterError`.

    A range has as many values as the number after the colon, both ends among them, evenly spaced; with ``log`` behind,
    each is the same multiple of the one before. A unit stands after the higher end.
    """
    path, equals, rest = text.partition("=")
    path, rest = path.strip(), rest.strip()
    if not equals or not path or not rest:
        raise ParameterError(f"'{text}' does not say what to vary", _EXPECTED)
    if path == "seed" or path.split(".")[0] in ("compare", "expect", "sometimes"):
        raise ParameterError(
            f"'{path}' cannot be varied", "seeds are given by --seeds; expectations are not judged here"
        )
    match = _RANGE.fullmatch(rest)
    values = _between(match, text) if match else _listed(rest, text)
    if len(values) < 2:
        raise ParameterError(f"'{text}' has no two values", "two or more make a sweep; --set sets a single one")
    if len(values) > MAX_VALUES:
        raise _too_many(text, len(values))
    twice = {value for value in values if values.count(value) > 1}
    if twice:
        raise ParameterError(f"'{text}' has {min(twice)} twice", "name each value once")
    return Axis(path, values)


def _between(match: re.Match[str], text: str) -> tuple[str, ...]:
    low, high, count = float(match[1]), float(match[2]), int(match[4])
    if count > MAX_VALUES:
        raise _too_many(text, count)
    if match[5] and (low <= 0 or high <= 0):
        raise ParameterError(f"'{text}' has an end that is not above zero", "equal ratios need both ends above zero")
    values = np.geomspace(low, high, count) if match[5] else np.linspace(low, high, count)
    return tuple(f"{float(value):.6g} {match[3]}".rstrip() for value in values)


def _too_many(text: str, count: int) -> ParameterError:
    return ParameterError(f"'{text}' has {count:,} values", f"at most {MAX_VALUES:,} on one axis")


def _listed(rest: str, text: str) -> tuple[str, ...]:
    try:
        document = read_document(f"values: [{rest}]".encode("utf-8", "replace"), "--vary")
    except ScenarioErrors as error:
        raise ParameterError(f"'{text}': {error.problems[0].message}", _EXPECTED) from None
    if document.problems or list(document.value) != ["values"]:
        raise ParameterError(f"'{text}' is not a list of values", _EXPECTED)
    return tuple(map(_written, document.value["values"]))


def _written(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)
