"""Files that a scenario names: found beside it, and CSV files as people and clouds write them."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, ValidationInfo

from nodes.parameters import ParameterError


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


def csv_header(path: Path, expected: str) -> list[str]:
    """The names of the columns of a CSV file. Raises `ParameterError`, with `expected`."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            return next(csv.reader(file), [])
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ParameterError(f"{path}: not a readable CSV: {error}", expected) from None


def csv_rows(path: Path, columns: tuple[str, ...], expected: str) -> Iterator[tuple[int, dict[str, str]]]:
    """The rows of a CSV file that has these columns, each with its line. Raises `ParameterError`, with `expected`."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = csv.DictReader(file)
            header = [name or "" for name in rows.fieldnames or ()]
            if missing := [name for name in columns if name not in header]:
                there = f"there are {', '.join(header[:10])}" if header else "the file is empty"
                raise ParameterError(f"{path}:1: no column '{missing[0]}': {there}", expected)
            for row in rows:
                if None in row:
                    message = f"{path}:{rows.line_num}: {len(header) + len(row[None])} fields for {len(header)} columns"
                    raise ParameterError(message, f"is that a decimal comma? {expected}")
                yield rows.line_num, {name: row[name] or "" for name in columns}
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ParameterError(f"{path}: not a readable CSV: {error}", expected) from None
