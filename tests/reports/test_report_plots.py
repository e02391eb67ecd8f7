"""Every plot shows what the log says, and says of what kind its figures are and how sure."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pytest

from chain.quantities import OPG
from reports.html import plots, script_json
from reports.intervals import of_distribution
from reports.plots import fraud, stake
from reports.plots.gas import actions
from reports.plots.latency import curve
from reports.plots.plot import MAX_LABELLED, Clock, Plot, marks
from reports.source import Run, load_run
from simnet.log.tables import Rows


@pytest.fixture
def run(troubled_run: Path) -> Run:
    """A run with cheats and faults."""
    return load_run(troubled_run)


@pytest.fixture
def shown(run: Run) -> dict[str, Plot]:
    """Its plots by name."""
    return plots(run)


def named(plot: Plot, name: str) -> dict[str, Any]:
    """The trace whose name begins like that."""
    return next(trace for trace in plot.traces if trace.get("name", "").startswith(name))


def test_every_plot_says_its_kind_its_n_and_its_interval(shown: dict[str, Plot]) -> None:
    assert len(shown) == 8
    for plot in shown.values():
        assert plot.kind in ("measured", "simulated", "modelled")
        assert any(character.isdigit() for character in plot.n)
        assert "95 % interval" in plot.interval or plot.interval.startswith("no interval: ")


def test_every_axis_that_shows_a_quantity_names_it_and_its_unit(shown: dict[str, Plot]) -> None:
    for name in ("frauds", "stake", "soft-latency", "finality-latency"):
        assert all(shown[name].layout[axis]["title"]["text"] for axis in ("xaxis", "yaxis"))
    assert shown["soft-latency"].layout["xaxis"]["title"]["text"] == "soft latency (ms)"
    assert shown["stake"].layout["xaxis"]["title"]["text"] == "simulated time (min)"


def test_the_matrix_counts_every_posted_claim_once(run: Run, shown: dict[str, Plot]) -> None:
    (cells,) = shown["confusion"].traces
    counts = {
        (row, column): int(text.replace(",", ""))
        for row, line in zip(cells["y"], cells["text"], strict=True)
        for column, text in zip(cells["x"], line, strict=True)
    }
    assert sum(counts.values()) == run.figures.claims["posted"].notna().sum()
    assert counts["quantize", "rejected"] == run.results.metrics["fraud_detected"].value
    assert counts["quantize", "final"] == run.results.metrics["fraud_finalised"].value
    assert cells["y"][-1] == "honest"


def test_right_and_wrong_verdicts_lie_on_opposite_sides_of_the_colour_scale(fraud_wins_run: Path) -> None:
    (cells,) = plots(load_run(fraud_wins_run))["confusion"].traces
    shade = {row: dict(zip(cells["x"], line, strict=True)) for row, line in zip(cells["y"], cells["z"], strict=True)}
    assert shade["quantize"]["final"] == -1
    assert shade["honest"]["final"] == 1


def test_a_correct_answer_on_tampered_evidence_is_neither_honest_nor_a_fraud(run: Run) -> None:
    claims = run.figures.claims
    honest = claims[claims["posted"].notna() & claims["fraud"].isna()]
    some = [*honest[honest["outcome"] == "accepted"].index[:3]]
    claims["tampered"] = [("forged_quote" if task in some else None) for task in claims.index]
    (cells,) = fraud.confusion(run).traces
    assert cells["y"][-2:] == ["tampered evidence", "honest"]
    final = cells["x"].index("final")
    assert (cells["text"][-2][final], cells["z"][-2][final]) == ("3", -1), "its acceptance is wrong"
    assert cells["z"][-1][final] > 0


def test_the_timeline_has_a_line_for_each_fraud(run: Run, shown: dict[str, Plot]) -> None:
    detected = named(shown["frauds"], "detected")
    assert len(detected["x"]) == run.results.metrics["fraud_detected"].value
    assert all(x <= Clock(run.tables.ended["t"])(run.tables.ended["t"]) for x in detected["x"])


def test_faults_are_marked_where_time_runs(shown: dict[str, Plot]) -> None:
    for name in ("frauds", "stake"):
        spans = [(shape["x0"], shape["x1"]) for shape in shown[name].layout["shapes"]]
        assert spans == [(1.0, 1.6667), (1.8333, 2.1667), (2.8333, 2.8333)]


def test_an_act_of_governance_is_marked_where_time_runs_and_the_setting_up_is_not(run: Run) -> None:
    clock, faults = Clock(run.tables.end_s), len(marks(run.tables, Clock(run.tables.end_s))["shapes"])
    at = {"t": 0.0, "event": "PCRRevoked", "contract": "TEERegistry"}
    run.tables.chain["PCRRevoked"] = Rows([at, {**at, "t": 30.0}])
    shown = marks(run.tables, clock)
    assert [one["x0"] for one in shown["shapes"]].count(clock(30.0)) == 1
    assert len(shown["shapes"]) == faults + 1
    assert "measurements … are revoked" in [one["text"] for one in shown["annotations"]]
    run.tables.chain["PCRRevoked"] = Rows([{**at, "t": 30.0}] * (MAX_LABELLED + 1))
    assert len(marks(run.tables, clock)["shapes"]) == faults


def test_honest_nodes_that_lost_stake_come_before_those_that_lost_more(run: Run) -> None:
    slashed = [row["name"] for row in run.figures.slashes]
    people = run.tables.participants
    victim = next(name for name, row in people.items() if row["role"] == "full" and not row["behaviours"])
    run.figures.slashes.append({**run.figures.slashes[0], "name": victim, "amount": "1"})
    assert slashed
    assert stake.plot(run).traces[0]["name"].startswith(f"{victim}: honest")


def test_stake_ends_where_the_chain_says(run: Run, shown: dict[str, Plot]) -> None:
    nodes = [name for name, row in run.tables.participants.items() if row["role"] in ("inference", "full")]
    last = run.tables.of("balances_read")[-1]
    stakes = {name: int(amount) / OPG for name, amount in zip(nodes, last["bonded"], strict=True)}
    lines = [trace for trace in shown["stake"].traces if "lost nothing" not in trace["name"]]
    assert lines
    for line in lines:
        assert math.isclose(line["y"][-1], stakes[line["name"].split(":")[0]])


def test_everybody_is_on_the_map_and_the_crashed_are_crossed_out(run: Run, shown: dict[str, Plot]) -> None:
    people = [trace for trace in shown["topology"].traces if ", " in trace.get("name", "")]
    assert sum(len(trace["x"]) for trace in people) == len(run.tables.participants)
    crashed = named(shown["topology"], "crashed")
    everybody = {
        name.split(":")[0]: (x, y) for t in people for name, x, y in zip(t["text"], t["x"], t["y"], strict=True)
    }
    assert [(x, y) for x, y in zip(crashed["x"], crashed["y"], strict=True)] == [everybody["full-0"]]


def test_traffic_that_a_partition_cut_is_dashed(shown: dict[str, Plot]) -> None:
    (road,) = [trace for trace in shown["topology"].traces if trace["mode"] == "lines"]
    assert road["line"]["dash"] == "dash"
    assert "by partitions" in road["text"]


def test_checks_are_due_from_every_seat_and_a_full_node_that_never_looks_did_none(
    run: Run, shown: dict[str, Plot]
) -> None:
    (cells,) = shown["participation"].traces
    counts = {
        name: [sum(int(text.split(" of ")[i]) for text in line) for i in (0, 1)]
        for name, line in zip(cells["y"], cells["customdata"], strict=True)
    }
    batches = {row["batch"]: row["tasks"] for row in run.tables.of("batch_built")}
    resolved = {row["batch"] for row in run.tables.event("Resolved")}
    drawn = [row for row in run.tables.event("CommitteeDrawn") if row["batch"] in resolved]
    assert sum(due for _, due in counts.values()) == sum(
        len(row["members"]) * len(batches[row["batch"]]) for row in drawn
    )
    (lazy,) = [name for name in counts if "lazy_accept" in name]
    assert counts[lazy][0] == 0
    assert all(done for name, (done, _) in counts.items() if name != lazy)


def test_without_committees_there_is_no_participation(fraud_wins_run: Path) -> None:
    assert "participation" not in plots(load_run(fraud_wins_run))


def test_gas_by_action_adds_up(run: Run) -> None:
    found = actions(run.tables)
    assert sum(action.total for action in found) == run.results.metrics["gas_total"].value
    assert math.isclose(sum(action.share for action in found), 1)
    assert [action.total for action in found] == sorted((action.total for action in found), reverse=True)


def test_percentile_marks_are_the_metrics_of_the_run(run: Run, shown: dict[str, Plot]) -> None:
    metric = run.results.metrics["soft_latency_ms"].value
    assert not isinstance(metric, float | int | None)
    for statistic, value in metric.items():
        assert math.isclose(named(shown["soft-latency"], statistic)["x"][0], value or 0)


def test_a_long_curve_keeps_its_ends_and_its_band() -> None:
    n = 10_000
    low, high, line = curve([float(i) for i in range(n)], "s")
    assert len(line["x"]) <= 400
    assert (line["x"][0], line["x"][-1], line["y"][-1]) == (0, n - 1, 100)
    assert line["y"] == sorted(line["y"])
    half = 100 * of_distribution(n)
    assert all(
        below == max(0, y - half) and above == min(100, y + half)
        for below, y, above in zip(low["y"], line["y"], high["y"], strict=True)
    )


def test_what_the_page_gets_is_json_without_holes_or_tags(shown: dict[str, Plot]) -> None:
    for plot in shown.values():
        text = script_json({"traces": plot.traces, "layout": plot.layout})
        assert "<" not in text
        assert "NaN" not in text
        json.loads(text)
    assert script_json("</script><!--") == '"\\u003c/script>\\u003c!--"'
