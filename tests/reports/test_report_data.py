"""The data behind each figure, as CSV and for LaTeX; the table by mode; the sentence that concludes."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from pathlib import Path

import pytest

from reports.data import MAX_TEX_ROWS, as_csv, as_latex, table_of, write_data
from reports.html import COSTS, costs, plots, report_html
from reports.modes import modes
from reports.plots.plot import Plot
from reports.source import Run, load_run
from reports.verdict import conclusion
from simnet.log.tables import Rows


@pytest.fixture
def run(troubled_run: Path) -> Run:
    """A run with cheats and faults."""
    return load_run(troubled_run)


def test_every_figure_has_its_data_in_both_forms(run: Run, tmp_path: Path) -> None:
    shown = plots(run)
    write_data(shown, run.results.metrics, tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {
        f"{name}.{e}" for name in (*shown, "metrics") for e in ("csv", "tex")
    }
    for name in shown:
        header, *rows = csv.reader(io.StringIO((tmp_path / f"{name}.csv").read_bytes().decode(), newline=""))
        assert rows, name
        assert all(len(row) == len(header) for row in rows)


def test_the_data_of_the_matrix_are_its_counts(run: Run, tmp_path: Path) -> None:
    header, rows = table_of(plots(run)["confusion"])
    (cheat,) = [row for row in rows if row[0] == "quantize"]
    assert int(cheat[header.index("rejected")]) == run.results.metrics["fraud_detected"].value


def test_axes_name_the_columns_and_gaps_in_a_line_are_no_rows() -> None:
    line = {"name": "a<br>b", "x": [1, None, 2], "y": [3, None, 4]}
    layout = {"xaxis": {"title": {"text": "time (s)"}}}
    plot = Plot("p", "t", "c", "measured", "1", "", [line], layout)
    assert table_of(plot) == (["series", "time (s)", "y"], [["a; b", 1, 3], ["a; b", 2, 4]])


def test_csv_and_latex_hold_whatever_a_name_may_be() -> None:
    rows = [['50 % of a_b & {c}, "d" \\ e', 1.5]]
    assert list(csv.reader(io.StringIO(as_csv(["x", "y"], rows), newline=""))) == [["x", "y"], [rows[0][0], "1.5"]]
    text = as_latex(["x", "y"], rows, "n = 5 %")
    assert r"50 \% of a\_b \& \{c\}" in text
    assert r"\textbackslash{} e & 1.5 \\" in text
    assert r"\begin{tabular}{lr}" in text


def test_a_table_for_a_paper_says_what_it_leaves_out() -> None:
    text = as_latex(["n"], [[i] for i in range(MAX_TEX_ROWS + 5)], "numbers")
    assert "% 5 further rows are in the CSV file" in text
    assert text.count("\\\\") == MAX_TEX_ROWS + 1


def test_a_row_for_each_mode_of_proof(run: Run) -> None:
    assert modes(run) == []
    claims = run.figures.claims
    for number, task in enumerate(claims.index):
        run.tables.rows.setdefault("terms_set", Rows()).append({"task": task, "mode": ("tee", "zkml")[number % 2]})
    found = modes(run)
    assert [mode.name for mode in found] == ["tee", "zkml"]
    assert sum(mode.tasks for mode in found) == len(claims)
    assert sum(mode.frauds for mode in found) == run.results.metrics["fraud_committed"].value
    assert sum(mode.detected for mode in found) == run.results.metrics["fraud_detected"].value
    assert "By mode of proof" in report_html(run)


def test_what_proofs_cost_is_among_the_costs_where_there_are_any(run: Run) -> None:
    assert list(costs(run.results)) == list(COSTS)
    with_proofs = {**run.results.metrics, "gas_zkml": replace(run.results.metrics["gas_zkml"], value=2e6)}
    assert list(costs(replace(run.results, metrics=with_proofs))) == [*COSTS, "gas_zkml"]


def test_a_sentence_says_what_the_run_showed(run: Run, fraud_wins_run: Path) -> None:
    metrics = run.results.metrics
    assert conclusion(run.results).startswith(f"committee detected {metrics['fraud_detected'].value} of ")
    assert "times the work of answering" in conclusion(run.results)
    lost = conclusion(load_run(fraud_wins_run).results)
    assert lost.startswith("none detected 0 of ")
    assert "slashed no honest participant" in lost
    harmed = replace(metrics["false_slash_rate"], value=0.25, n=8, ci95=(0.07, 0.59))
    told = conclusion(replace(run.results, metrics={**metrics, "false_slash_rate": harmed}))
    assert "slashed honest participants for 25 % of their acts (95 % interval 7–59 %)" in told


def test_the_page_lists_metrics_without_a_value_by_name_alone(run: Run) -> None:
    page = report_html(run)
    assert "Not defined in this run" in page
    assert page.count("<code>blast_radius</code>") == 1
