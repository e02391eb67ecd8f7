"""When clients ask: ``poisson 2/s``, ``constant 2/s``, or a recorded trace."""

from __future__ import annotations

import csv
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, ClassVar

from pydantic import AfterValidator, Field, PlainSerializer, PlainValidator, ValidationInfo, WithJsonSchema

from chain.units import MAX_TASKS, Rate
from nodes.parameters import ParameterError, Parameters


def existing_file(path: Path, info: ValidationInfo) -> Path:
    """`path` below the scenario's directory, if there is such a file."""
    directory = (info.context or {}).get("directory", Path())
    found: Path = directory / path
    try:
        exists = found.is_file()
    except OSError:
        exists = False
    if not exists:
        raise ParameterError(f"no file '{path}'", f"looked for {found}")
    return found


ExistingFile = Annotated[Path, AfterValidator(existing_file)]
"""A file, given relative to the scenario file."""


def read_trace(path: Path) -> tuple[float, ...]:
    """The moments in a trace, in seconds since the run began. Raises `ParameterError`."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = csv.DictReader(file)
            if "at_s" not in (rows.fieldnames or ()):
                raise ParameterError(f"{path}:1: no column 'at_s'", "expected a CSV with that name in its first line")
            return tuple(_moments(path, rows))
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ParameterError(f"{path}: not a readable CSV: {error}") from None


def _moments(path: Path, rows: csv.DictReader[str]) -> Iterator[float]:
    before = 0.0
    for count, row in enumerate(rows):
        try:
            moment = float(row["at_s"])
        except (TypeError, ValueError):
            moment = math.nan
        if not before <= moment < math.inf:
            expected = f"expected a number of seconds, at least the {before:g} of the line before"
            raise ParameterError(f"{path}:{rows.line_num}: bad at_s {row['at_s']!r}", expected)
        if count >= MAX_TASKS:
            raise ParameterError(f"{path}: more than the limit of {MAX_TASKS} lines")
        before = moment
        yield moment


def _readable_trace(path: Path) -> Path:
    read_trace(path)
    return path


TraceFile = Annotated[ExistingFile, AfterValidator(_readable_trace)]
"""An existing file that `read_trace` can read."""


class Poisson(Parameters):
    """Requests at independent moments, `rate` of them a second on average over all clients."""

    kind: ClassVar[str] = "poisson"
    rate: Rate = Field(gt=0)


class Constant(Parameters):
    """Requests at even distances, `rate` of them a second over all clients."""

    kind: ClassVar[str] = "constant"
    rate: Rate = Field(gt=0)


class Trace(Parameters):
    """Requests at recorded moments: a CSV with a column ``at_s``, seconds since the run began, ascending."""

    kind: ClassVar[str] = "trace"
    trace: TraceFile


_EXPECTED = "expected such as 'poisson 2/s', 'constant 30/min' or {trace: arrivals.csv}"


def read_arrivals(value: Any, info: ValidationInfo) -> Poisson | Constant | Trace:
    """The arrival process that `value` describes."""
    if isinstance(value, Poisson | Constant | Trace):
        return value
    if isinstance(value, dict):
        return Trace.model_validate(value, context=info.context)
    process, _, rate = value.strip().partition(" ") if isinstance(value, str) else ("", "", "")
    if process not in ("poisson", "constant"):
        raise ParameterError(f"'{process or value}' is not an arrival process", _EXPECTED)
    try:
        return (Poisson if process == "poisson" else Constant)(rate=rate)  # type: ignore[arg-type]
    except ValueError:
        raise ParameterError(f"'{rate}' is not a rate above zero", _EXPECTED) from None


def write_arrivals(arrivals: Poisson | Constant | Trace) -> str | dict[str, Any]:
    """What `read_arrivals` makes `arrivals` of."""
    fields = arrivals.model_dump(mode="json")
    return fields if isinstance(arrivals, Trace) else f"{arrivals.kind} {fields['rate']}"


Arrivals = Annotated[
    Poisson | Constant | Trace,
    PlainValidator(read_arrivals),
    PlainSerializer(write_arrivals),
    WithJsonSchema(
        {
            "anyOf": [
                {"type": "string", "pattern": "^(poisson|constant) "},
                {"type": "object", "properties": {"trace": {"type": "string"}}, "required": ["trace"]},
            ],
            "examples": ["poisson 2/s", "constant 30/min", {"trace": "arrivals.csv"}],
        }
    ),
]
"""An arrival process."""
