"""A study in long form: a row for each month of each path, and the answers' numbers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from simnet.economy.answers import Answer, estimates_of
from simnet.economy.figures import COLUMNS, Figures
from simnet.economy.sensitivity import Effect
from simnet.economy.study import Study


def months(figures: Figures, source: str, numbers: Sequence[int]) -> pd.DataFrame:
    """A row for each month of each path.

    ``source`` is ``contracts`` or ``model``; ``numbers`` are those of the paths; months count from 1; `COLUMNS` says
    what the others are.
    """
    count = figures["price_usd"].shape[1]
    index = pd.MultiIndex.from_product([numbers, range(1, count + 1)], names=["path", "month"])
    frame = pd.DataFrame({name: figures[name].ravel() for name in COLUMNS}, index=index).reset_index()
    frame.insert(0, "source", source)
    return frame


def numbers(found: Sequence[Answer]) -> pd.DataFrame:
    """A row for each number of the answers."""
    rows = [(question, *vars(estimate).values()) for question, estimate in estimates_of(list(found))]
    return pd.DataFrame(rows, columns=["question", "name", "value", "low", "high", "unit", "kind", "note"])


def write(study: Study, found: Sequence[Answer], effects: Sequence[Effect], directory: Path) -> None:
    """Write ``months``, ``answers`` and, if there are any, ``sensitivity``, each as CSV and Parquet."""
    measured = months(study.measured.figures, "contracts", study.measured.paths)
    modelled = months(study.modelled, "model", range(study.scenario.paths))
    frames = {"months": pd.concat([measured, modelled]), "answers": numbers(found)}
    if effects:
        frames["sensitivity"] = pd.DataFrame([vars(effect) for effect in effects])
    for name, frame in frames.items():
        frame.to_csv(directory / f"{name}.csv", index=False)
        frame.to_parquet(directory / f"{name}.parquet", index=False)


def as_json(study: Study, found: Sequence[Answer], effects: Sequence[Effect]) -> dict[str, Any]:
    """What `--json` prints."""
    measured = study.measured
    return {
        "scenario": study.scenario.model_dump(mode="json", by_alias=True),
        "contracts": {
            "paths": list(measured.paths),
            "months": study.scenario.months,
            "transactions": measured.transactions,
            "gas": measured.gas,
            "wall_s": round(measured.wall_s, 3),
            "model_agrees": True,
            "votes": [
                {"month": month + 1, "for": str(one.voted_for), "against": str(one.voted_against), "passed": one.passed}
                for month, one in measured.ballots.items()
            ],
        },
        "paths": study.scenario.paths,
        "sensitivity": [vars(effect) for effect in effects],
        "answers": [
            {"question": one.question, "text": one.text, "estimates": [vars(e) for e in one.estimates]} for one in found
        ],
    }
