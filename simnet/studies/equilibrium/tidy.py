"""A search in long form, a row for each value that was tried: ready for pandas."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from simnet.studies.equilibrium.search import Found

RUN = ("case", "quantity", "unit", "value", "seed", "turned", "n", "tasks")
RESULT = ("threshold", "low", "high", "theory", "held")
"""The same in all rows of a case."""


def tidy(found: Sequence[Found]) -> pd.DataFrame:
    """The long form."""
    return pd.DataFrame([row for one in found for row in rows(one)], columns=[*RUN, *RESULT])


def rows(found: Found) -> Iterator[tuple[Any, ...]]:
    """One row for each run."""
    threshold, statement = found.threshold, found.statement
    result = (threshold.value, threshold.low, threshold.high, found.expected, found.held)
    for one in found.probed:
        chosen = one.chosen
        what = (statement.id, statement.vary, statement.unit, chosen.value, one.seed)
        yield (*what, chosen.turned, chosen.n, one.tasks, *result)


def write(found: Sequence[Found], directory: Path) -> None:
    """Write ``equilibrium.csv`` and ``equilibrium.parquet``."""
    frame = tidy(found)
    frame.to_csv(directory / "equilibrium.csv", index=False)
    frame.to_parquet(directory / "equilibrium.parquet", index=False)
