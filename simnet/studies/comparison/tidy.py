"""A comparison in long form, one figure a row, as pandas and its friends like it.

``seed`` is text: that of a run, or ``all`` for what is pooled over seeds. ``statistic`` says how: ``rate`` of all
counts, ``mean`` over seeds (of one seed: its value), ``value`` of a model, or a percentile. Shares are between 0 and
1. An undefined value is empty. ``n`` counts observations, for a mean seeds.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pandas as pd

from simnet.studies.comparison.estimates import pool
from simnet.studies.comparison.evidence import Evidence

COLUMNS = ("strategy", "label", "seed", "metric", "statistic", "value", "unit", "kind", "n", "ci_low", "ci_high")
ALL_SEEDS = "all"


def tidy(kinds: Mapping[str, str], evidence: Mapping[str, Sequence[Evidence]]) -> pd.DataFrame:
    """The long form; `kinds` are the strategies by label, `evidence` is what the runs of each label say."""
    rows = [
        (kind, label, *row)
        for label, kind in kinds.items()
        for seed, runs in ((ALL_SEEDS, evidence[label]), *((str(one.seed), [one]) for one in evidence[label]))
        for row in figures(seed, runs)
    ]
    types = {"value": "float64", "n": "int64", "ci_low": "float64", "ci_high": "float64"}
    return pd.DataFrame(rows, columns=list(COLUMNS)).astype(types)


def figures(seed: str, runs: Sequence[Evidence]) -> Iterator[tuple[Any, ...]]:
    """Every figure of these runs, undefined ones included: all columns but strategy and label."""
    for found in pool(runs).values():
        low, high = found.interval or (None, None)
        spec = found.spec
        yield seed, spec.name, found.statistic, found.value, spec.unit, spec.kind, found.n, low, high
