"""Recorded requests: a CSV file with their moments, as numbers in a unit that is said, or as dates."""

from __future__ import annotations

import math
from collections.abc import Iterator
from datetime import datetime
from functools import lru_cache
from pathlib import Path
from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, Field, ValidationInfo

from chain.units import MAX_TASKS
from nodes.parameters import ParameterError, Parameters
from simnet.scenario.files import ExistingFile, csv_rows

UNITS_S = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9, "min": 60.0, "h": 3600.0}

EXPECTED = (
    "expected a CSV file: names of columns in its first line, separated by commas, and in one column the moments in"
    " ascending order, as numbers with a decimal point or as dates; {trace: FILE, column: NAME, unit: ms} says which"
)


@lru_cache(maxsize=4)
def _moments(path: Path, column: str, unit: str | None, _: tuple[int, int]) -> tuple[float, ...]:
    found: list[float] = []
    for line, moment in _read(path, column, unit):
        if found and moment < found[-1]:
            expected = f"expected at least the {found[-1]:g} s of the one before: sort the file by '{column}'"
            raise ParameterError(f"{path}:{line}: {moment:g} s is earlier than what comes before it", expected)
        if len(found) >= MAX_TASKS:
            raise ParameterError(f"{path}: more than the limit of {MAX_TASKS:,} requests")
        found.append(moment)
    if not found:
        raise ParameterError(f"{path}: no request in it", EXPECTED)
    return tuple(found)


def _read(path: Path, column: str, unit: str | None) -> Iterator[tuple[int, float]]:
    """Lines and moments: seconds since the run began, or, where the column holds dates, since the first of them."""
    began: datetime | None = None
    for line, row in csv_rows(path, (column,), EXPECTED):
        text = row[column]
        number, date = _number(text), _date(text) if unit is None else None
        if number is not None and began is None:
            yield line, number * UNITS_S[unit or "s"]
        elif date is not None and (began is None or (date.tzinfo is None) == (began.tzinfo is None)):
            began = began or date
            yield line, (date - began).total_seconds()
        else:
            raise ParameterError(f"{path}:{line}: bad {column} {text!r}", EXPECTED)


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if 0 <= value < math.inf else None


def _date(text: str) -> datetime | None:
    try:
        return datetime.fromisoformat(text.strip())
    except ValueError:
        return None


def _readable(path: Path, info: ValidationInfo) -> Path:
    if "column" in info.data and "unit" in info.data:  # else they are wrong, and say so themselves
        read_moments(path, info.data["column"], info.data["unit"])
    return path


def read_moments(path: Path, column: str, unit: str | None) -> tuple[float, ...]:
    """When requests come, in seconds since the run began. Raises `ParameterError`."""
    stat = path.stat()
    return _moments(path, column, unit, (stat.st_mtime_ns, stat.st_size))


class Trace(Parameters):
    """Requests at recorded moments: a column of a CSV file, ascending, in seconds since the run began or as dates."""

    kind: ClassVar[str] = "trace"
    column: str = Field(default="at_s", max_length=200, description="the column that has the moments")
    unit: Literal["s", "ms", "us", "ns", "min", "h"] | None = Field(
        default=None, description="of the numbers in it; seconds, if it has numbers, or else they are dates"
    )
    trace: Annotated[ExistingFile, AfterValidator(_readable)] = Field(description="CSV file")

    @property
    def moments(self) -> tuple[float, ...]:
        """When requests come, in seconds since the run began."""
        return read_moments(self.trace, self.column, self.unit)
