"""The data behind each figure, for papers: as CSV, and as a table for LaTeX with booktabs.

A row is a mark of the figure: the series it belongs to, its coordinates and what it says.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from reports.plots.plot import Plot, Trace
from simnet.measure.metric import Metric

FIGURES = "figures"
"""The directory in a run's."""

MAX_TEX_ROWS = 60
"""A table in a paper has no more; the CSV file has all."""

COLUMNS = ("series", "x", "y", "value", "text")
SPECIAL = {"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}"} | {
    character: f"\\{character}" for character in "&%$#_{}"
}
"""What LaTeX would take for a command."""

METRIC_COLUMNS = ("metric", "value", "unit", "kind", "n", "ci_low", "ci_high")


def write_data(plots: Mapping[str, Plot], metrics: Mapping[str, Metric], directory: Path) -> None:
    """Write a CSV and a LaTeX file for each figure, and for the metrics. Raises `OSError`."""
    directory.mkdir(parents=True, exist_ok=True)
    for name, plot in plots.items():
        header, rows = table_of(plot)
        write(directory / name, header, rows, f"{plot.title}. {plot.kind}, n = {plot.n}; {plot.interval}")
    write(directory / "metrics", METRIC_COLUMNS, list(metric_rows(metrics)), "Metrics of the run")


def write(path: Path, header: Sequence[str], rows: Sequence[Sequence[Any]], caption: str) -> None:
    """Both files of a table."""
    path.with_suffix(".csv").write_text(as_csv(header, rows), encoding="utf-8", newline="")
    path.with_suffix(".tex").write_text(as_latex(header, rows, caption), encoding="utf-8")


def table_of(plot: Plot) -> tuple[list[str], list[list[Any]]]:
    """Header and rows; columns in which there is nothing are left out, and axes are named as in the figure.

    A figure that is a small matrix gives that matrix.
    """
    if len(plot.traces) == 1 and plot.traces[0].get("text") and plot.traces[0].get("type") == "heatmap":
        (cells,) = plot.traces
        return ["", *cells["x"]], [[y, *texts] for y, texts in zip(cells["y"], cells["text"], strict=True)]
    rows = [row for trace in plot.traces for row in marks(trace)]
    used = [i for i in range(len(COLUMNS)) if any(row[i] not in (None, "") for row in rows)]
    titles = {axis: plot.layout.get(f"{axis}axis", {}).get("title", {}).get("text") for axis in "xy"}
    return [titles.get(COLUMNS[i]) or COLUMNS[i] for i in used], [[row[i] for i in used] for row in rows]


def marks(trace: Trace) -> Iterable[list[Any]]:
    """The marks of a series; gaps in a line are none."""
    name = plain(trace.get("name", ""))
    xs, ys = list(trace.get("x", ())), list(trace.get("y", ()))
    if trace.get("type") == "heatmap":
        said = trace.get("text") or trace.get("customdata")
        for j, y in enumerate(ys):
            for i, x in enumerate(xs):
                yield [name, x, y, trace["z"][j][i], plain(said[j][i]) if said else ""]
        return
    texts = trace.get("text", "")
    for i, (x, y) in enumerate(zip(xs, ys, strict=False)):
        if x is not None and y is not None:
            yield [name, x, y, None, plain(texts if isinstance(texts, str) else texts[i])]


def plain(text: Any) -> str:
    """Text of a figure without its markup."""
    return str(text).replace("<br>", "; ").replace("<b>", "").replace("</b>", "")


def metric_rows(metrics: Mapping[str, Metric]) -> Iterable[list[Any]]:
    """A row for each value that is defined."""
    for metric in metrics.values():
        low, high = metric.ci95 or (None, None)
        for reading, value in metric.readings.items():
            if value is not None:
                yield [reading, value, metric.spec.unit, metric.spec.kind, metric.n, low, high]


def as_csv(header: Sequence[str], rows: Iterable[Sequence[Any]]) -> str:
    """The table as CSV (RFC 4180)."""
    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerow(header)
    writer.writerows(rows)
    return file.getvalue()


def as_latex(header: Sequence[str], rows: Sequence[Sequence[Any]], caption: str) -> str:
    r"""The table for LaTeX, which needs ``\usepackage{booktabs}``."""
    left = f"% {len(rows) - MAX_TEX_ROWS} further rows are in the CSV file\n" if len(rows) > MAX_TEX_ROWS else ""
    numeric = [all(isinstance(row[i], int | float) or row[i] is None for row in rows) for i in range(len(header))]
    lines = [" & ".join(map(cell, row)) + r" \\" for row in rows[:MAX_TEX_ROWS]]
    return "\n".join(
        [
            rf"\begin{{table}}\centering\caption{{{cell(caption)}}}",
            rf"\begin{{tabular}}{{{''.join('r' if right else 'l' for right in numeric)}}}",
            r"\toprule",
            " & ".join(map(cell, header)) + r" \\",
            r"\midrule",
            *lines,
            left + r"\bottomrule",
            r"\end{tabular}",
            r"\end{table}",
            "",
        ]
    )


def cell(value: Any) -> str:
    """A value as LaTeX takes it."""
    if value is None:
        return "--"
    text = f"{value:.6g}" if isinstance(value, float) else str(value)
    return "".join(SPECIAL.get(character, character) for character in text)
