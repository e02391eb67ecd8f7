"""What a panel shows as a table, in a CSV file beside the run's log."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from chain.errors import SimnetError
from chain.quantities import OPG

Table = tuple[Sequence[str], Sequence[Sequence[Any]]]
"""Titles of the columns, units included, and the rows in the order in which they are shown."""

VIEWS = "views"
"""The directory in a run's."""


def write_table(table: Table, name: str, directory: Path) -> Path:
    """Write a table into the run's directory, or into the working directory if the run's cannot be written to.

    A file of the same name is replaced. Raises `SimnetError` where neither can be written to.
    """
    header, rows = table
    for folder in (directory / VIEWS, Path()):
        path = folder / f"{name}.csv"
        with suppress(OSError):
            folder.mkdir(exist_ok=True)
            with path.open("w", encoding="utf-8", newline="") as file:
                csv.writer(file).writerows([header, *rows])
            return path
    raise SimnetError(f"neither {directory} nor the working directory can be written to")


def exact(wei: int) -> str:
    """An amount in OPG with all its digits."""
    whole, rest = divmod(abs(wei), OPG)
    return f"{'-' * (wei < 0)}{whole}" + (f".{rest:018}".rstrip("0") if rest else "")
