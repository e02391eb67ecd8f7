"""A scenario over a grid of its own values, as a user meets it: what is run, printed, left behind, and repeated."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
import yaml

from nodes.parameters import ParameterError
from reports.plots.sweep import plots
from simnet.batch import processes
from simnet.batch.batch import Batch, Over
from simnet.batch.perform import perform
from simnet.batch.work import FAILED, FINISHED, INTERRUPTED, RunSummary, Work
from simnet.cli.main import main
from simnet.scenario.errors import ScenarioErrors
from simnet.studies.comparison.evidence import Evidence
from simnet.studies.comparison.ran import read_evidence
from simnet.studies.sweep.axis import read_axis
from simnet.studies.sweep.plan import Plan, Point, make_plan
from simnet.studies.sweep.sweep import Reached, Sweep, sweep
from tests.comparison_samples import CHEAT, Here, evidence
from tests.small import BASE, scenario

pytest.importorskip("pyrevm")


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """Three inference nodes, of which one cheats, for a minute; its expectation holds without checks alone."""
    path = tmp_path / "small.yaml"
    sections = {"duration": "60 s", "adversaries": [CHEAT], "expect": ["detection_rate == 0"], "sometimes": ["reorg"]}
    path.write_text(yaml.safe_dump({**BASE, **sections}))
    return path


@pytest.fixture
def _in_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "Processes", Here)


def swept(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    code = main(["sweep", *arguments])
    return code, capsys.readouterr().out


@pytest.mark.usefixtures("_in_this_process")
def test_every_point_is_run_and_only_figures_that_change_are_shown(
    small: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    code, text = swept(
        capsys, str(small), "--vary", "strategy=none,full_reexecution", "--seeds", "2", "--out", str(out)
    )
    assert code == 0
    header, none, checked = text.splitlines()[:3]
    assert header.split()[:2] == ["strategy", "detection_rate"]
    assert (none.split()[0], checked.split()[0]) == ("none", "full_reexecution")
    assert "false_slash_rate" not in header
    assert "the same at every point: false_slash_rate" in text
    assert "All 4 runs finished, and every invariant held." in text
    assert {path.name for path in out.iterdir()} == {"sweep.html", "sweep.csv", "sweep.parquet", "sweep.json", "units"}
    frame = pd.read_csv(out / "sweep.csv")
    rates = frame[(frame["metric"] == "detection_rate") & (frame["seed"] == "all")]
    assert dict(zip(rates["strategy"], rates["value"], strict=True)) == {"none": 0.0, "full_reexecution": 1.0}
    assert set(frame["seed"]) == {"all", "3", "4"}
    assert len(pd.read_parquet(out / "sweep.parquet")) == len(frame)


@pytest.mark.usefixtures("_in_this_process")
def test_the_replay_line_gives_the_same_digest_and_the_same_out_runs_nothing_again(
    small: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = [str(small), "--vary", "network.loss=0..2 %:2", "--set", "duration=30 s", "--backend", "revm"]
    first, again = tmp_path / "first", tmp_path / "again"
    assert main(["sweep", *asked, "--out", str(first)]) == 0
    text = capsys.readouterr().out
    (line,) = [line for line in text.splitlines() if line.startswith("replay  ")]
    assert main([*shlex.split(line)[2:], "--out", str(again)]) == 0
    capsys.readouterr()
    one, other = (json.loads((out / "sweep.json").read_text()) for out in (first, again))
    assert one == other
    assert main(["sweep", *asked, "--out", str(first)]) == 0
    assert capsys.readouterr().err.count("(was there)") == 2


@pytest.mark.usefixtures("_in_this_process")
def test_json_is_all_that_stdout_has(small: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, text = swept(
        capsys, str(small), "--vary", "network.loss=0,1 %", "--set", "duration=20 s", "--json", "--out", str(tmp_path)
    )
    found = json.loads(text)
    assert code == 0
    assert found["axes"] == [{"path": "network.loss", "values": ["0", "1 %"]}]
    assert [point["values"] for point in found["points"]] == [{"network.loss": "0"}, {"network.loss": "1 %"}]
    assert found["points"][0]["figures"]["false_slash_rate"]["state"] == "defined"


def test_mistakes_are_told_before_anything_runs_and_for_every_point(
    small: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for text, told in (("network.loss=200 %,300 %", ["loss=200 %", "loss=300 %"]), ("network.los=1,2", ["los=1"])):
        with pytest.raises(ScenarioErrors) as caught:
            make_plan(small, [read_axis(text)], (), [1])
        places = [problem.place.source for problem in caught.value.problems]
        assert places == [f"--vary network.{one}" for one in told], "a mistake in the path is told once"
    assert main(["sweep", str(small), "--vary", "network.loss=0,1 %", "--figures", "nonsense"]) == 2
    assert "unknown metric 'nonsense'" in capsys.readouterr().err


def test_a_path_is_varied_once_and_runs_are_bounded(small: Path) -> None:
    axis = read_axis("network.loss=0..10 %:100")
    with pytest.raises(ParameterError, match="varied twice"):
        make_plan(small, [axis, axis], (), [1])
    with pytest.raises(ParameterError, match="100 points, each over 101 seeds"):
        make_plan(small, [axis], (), range(101))
    assert len(make_plan(small, [axis], (), range(100)).points) == 100


def found_by(values: dict[tuple[str, ...], Any], axes: tuple[str, ...]) -> Sweep:
    """A sweep whose detection rates, or ways of ending, are given by point."""
    world = scenario()

    def over(number: int, value: Any) -> Over[Evidence]:
        given = None if isinstance(value, str) else evidence(counts={"detection_rate": value})
        work = Work(world, 1, None, read_evidence, keeps=False)
        return Over(number, work, RunSummary(value if given is None else FINISHED, "", 0.0, None, None, given))

    plan = Plan("small", tuple(map(read_axis, axes)), tuple(Point(key, world) for key in values), (1,))
    reached = [Reached(point, (over(i, values[point.values]),)) for i, point in enumerate(plan.points)]
    return Sweep(plan, tuple(reached))


def test_how_it_ends_says_what_the_worst_run_did() -> None:
    axes = ("a=1,2",)
    assert found_by({("1",): (1, 2), ("2",): (2, 2)}, axes).exit_code == 0
    assert found_by({("1",): (1, 2), ("2",): INTERRUPTED}, axes).exit_code == 3
    failed = found_by({("1",): FAILED, ("2",): INTERRUPTED}, axes)
    assert failed.exit_code == 4
    assert failed.complaints == ["a = 1, seed 1: failed", "a = 2, seed 1: interrupted"]


def test_few_values_make_lines_many_a_map_and_more_axes_a_table_alone() -> None:
    def grid(*axes: str) -> Sweep:
        read = [read_axis(axis) for axis in axes]
        points: list[tuple[str, ...]] = [()]
        for axis in read:
            points = [(*point, value) for point in points for value in axis.values]
        return found_by({point: (i % 7, 7) for i, point in enumerate(points)}, axes)

    lines = plots(grid("a=1,2,3", "b=1..6:6"), ["detection_rate"])["detection-rate"]
    assert [trace["name"] for trace in lines.traces] == [f"b = {i}" for i in range(1, 7)]
    (heat,) = plots(grid("a=1,2,3", "b=1..7:7"), ["detection_rate"])["detection-rate"].traces
    assert heat["type"] == "heatmap"
    assert len(heat["z"]) == 7
    assert len(heat["z"][0]) == 3
    assert heat["z"][0][1] == pytest.approx(100 * (7 % 7) / 7)
    assert plots(grid("a=1,2", "b=1,2,3", "c=1,2,3"), ["detection_rate"]) == {}


def test_an_undefined_point_is_left_out_of_the_line_and_said_to_be() -> None:
    shown = plots(found_by({("1",): (1, 2), ("2",): (0, 0)}, ("a=1,2",)), ["detection_rate"])["detection-rate"]
    assert shown.traces[0]["x"] == [1.0]
    assert "undefined or infinite: 1 of 2 points" in shown.caption


@pytest.mark.usefixtures("_in_this_process")
def test_a_run_that_fails_costs_the_others_nothing(small: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plan = make_plan(small, [read_axis("network.loss=0,1 %")], ("duration=20 s",), [1])

    def fails_at_one(work: Work[Any], flag: Path) -> RunSummary[Any]:
        return RunSummary(FAILED, "broken") if work.scenario.network.loss else perform(work, flag)

    monkeypatch.setattr("simnet.batch.batch.perform", fails_at_one)
    found = sweep(plan, Batch(make_executor=Here))
    assert [one.overs[0].summary.state for one in found.reached] == [FINISHED, FAILED]
    assert found.complaints == ["network.loss = 1 %, seed 1: failed: broken"]
