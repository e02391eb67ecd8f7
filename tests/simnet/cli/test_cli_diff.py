"""`simnet diff` as a user meets it: on runs and comparisons that went through the whole engine."""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import pytest

from reports.source import load_run
from simnet.cli.main import main
from simnet.run import Options, run
from simnet.studies.comparison.change import EXACT, UNKNOWN
from simnet.world.injection import inject
from tests.comparison_samples import CHEAT, compared
from tests.small import scenario

pytest.importorskip("pyrevm")

REGIONS = {"regions": ["us", "eu"]}


@dataclass(frozen=True)
class Runs:
    """Directories of runs."""

    plain: Path
    unguarded: Path
    """Nobody checks; the seed is the same."""
    slow: Path
    """The network is slower; the seed is the same."""
    reseeded: Path


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Runs:
    """Four runs of the small scenario."""
    root = tmp_path_factory.mktemp("runs")
    sections: dict[str, dict[str, Any]] = {
        "plain": {},
        "unguarded": {"strategy": "none"},
        "slow": {"network": {**REGIONS, "latency": {"median": "80 ms"}}},
        "reseeded": {"seed": 4},
    }
    for name, more in sections.items():
        run(scenario(adversaries=[CHEAT], **{"network": REGIONS, **more}), Options(root / name))
    return Runs(**{name: root / name for name in sections})


def verdicts(first: Path, second: Path, capsys: pytest.CaptureFixture[str]) -> dict[str, str]:
    """What is said of each figure."""
    capsys.readouterr()
    assert main(["diff", str(first), str(second), "--json"]) == 0
    return {one["figure"]: one["verdict"] for one in json.loads(capsys.readouterr().out)["figures"]}


@pytest.mark.parametrize("how", ["steered", "shortened"])
def test_nothing_is_exact_where_a_side_was_steered_or_ended_early(
    how: str, runs: Runs, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = Options(tmp_path / how)
    if how == "steered":
        options.begin = lambda world: inject(world, "crash: [full-1], for: 20 s")
    else:
        options.progress = lambda now: options.stop.request() if now > 40 else None
    run(scenario(adversaries=[CHEAT], network=REGIONS), options)
    found = verdicts(runs.plain, tmp_path / how, capsys)
    assert UNKNOWN in found.values()
    assert EXACT not in found.values()
    assert main(["diff", str(runs.plain), str(tmp_path / how)]) == 0
    assert {"steered": "steered by hand", "shortened": "did not go on to its end"}[how] in capsys.readouterr().out


def test_a_run_against_itself_is_the_same(runs: Runs, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["diff", str(runs.plain), str(runs.plain)]) == 0
    text = capsys.readouterr().out
    assert "Both logs are the same, byte for byte." in text
    assert "scenario: no difference" in text
    assert "0 beyond noise, 0 exact change, 0 cannot tell, 0 within noise" in text


def test_fraud_let_through_is_beyond_noise_and_sorted_first(runs: Runs, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["diff", str(runs.plain), str(runs.unguarded)]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert any(line.split() == ["strategy.kind", "full_reexecution", "none"] for line in lines)
    first = lines[next(i for i, line in enumerate(lines) if line.startswith("figure")) + 1]
    assert first.startswith("detection_rate (%)")
    assert "beyond noise, worse" in first


def test_a_slower_network_shows_in_latency_and_not_in_detection(runs: Runs, capsys: pytest.CaptureFixture[str]) -> None:
    found = verdicts(runs.plain, runs.slow, capsys)
    assert found["soft_latency_ms.p95"] == "beyond noise"
    assert found["detection_rate"] == "no change"
    assert found["false_slash_rate"] == "no change"


def test_between_two_seeds_nothing_is_beyond_noise(runs: Runs, capsys: pytest.CaptureFixture[str]) -> None:
    found = verdicts(runs.plain, runs.reseeded, capsys)
    assert set(found.values()) <= {"cannot tell", "within noise", "no change"}
    assert found["tasks_total"] == "cannot tell"


@pytest.mark.parametrize(
    ("metric", "code"), [("detection_rate", 1), ("fraud_finalised", 1), ("finality_latency_s", 1), ("copied_votes", 0)]
)
def test_a_guarded_figure_that_got_worse_fails(
    runs: Runs, metric: str, code: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["diff", str(runs.plain), str(runs.unguarded), "--fail-on", metric]) == code
    assert metric in capsys.readouterr().out.splitlines()[-1]


def test_a_guarded_figure_that_got_better_passes(runs: Runs) -> None:
    assert main(["diff", str(runs.unguarded), str(runs.plain), "--fail-on", "detection_rate", "--json"]) == 0
    assert main(["diff", str(runs.plain), str(runs.unguarded), "--fail-on", "detection_rate", "--json"]) == 1


def test_a_guarded_figure_within_noise_passes(runs: Runs) -> None:
    assert main(["diff", str(runs.plain), str(runs.reseeded), "--fail-on", "finality_latency_s.p50"]) == 0


def page_of(path: Path) -> tuple[str, dict[str, dict[str, Any]]]:
    """The page's text, and of each plot the curves that have a name."""
    text = path.read_text(encoding="utf-8")
    (found,) = re.findall(r'<script type="application/json" id="plots">(.*?)</script>', text)
    return text, {
        plot["name"]: {trace["name"]: trace for trace in plot["traces"] if "name" in trace}
        for plot in json.loads(found)
    }


def test_the_page_has_both_runs_over_each_other_and_adds_up_to_their_figures(
    runs: Runs, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "pages" / "page.html"
    assert main(["diff", str(runs.plain), str(runs.unguarded), "--html", str(page)]) == 0
    assert f"page  {page}" in capsys.readouterr().err
    text, plots = page_of(page)
    for letter, run_directory in (("A", runs.plain), ("B", runs.unguarded)):
        found = load_run(run_directory).results.metrics
        for plot, curve, metric in (
            ("frauds", "posted", "fraud_committed"),
            ("frauds", "detected", "fraud_detected"),
            ("slashed", "", "slashed_opg"),
            ("gas", "", "gas_total"),
        ):
            drawn = plots[plot][f"{letter} {curve}".rstrip()]
            assert drawn["y"][-1] == pytest.approx(found[metric].value), (letter, metric)
            assert drawn["x"] == sorted(drawn["x"])
        assert plots["inferences"][f"{letter} decided"]["y"][-1] == found["finality_latency_s"].n
        assert plots["soft-latency-ms"][letter]["y"][-1] == 100
    assert set(plots["time-to-detection-s"]) == {"A"}  # nobody detects anything in B
    assert "Worse: detection_rate (%)" in text
    assert re.search(r'class="detail worse">beyond noise, worse', text)
    assert "strategy.kind" in text


def test_the_page_links_the_reports_from_where_it_is_and_opening_without_a_browser_says_where(
    runs: Runs, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("a", "b"):
        shutil.copytree(runs.plain, tmp_path / name)
    (tmp_path / "a" / "report.html").touch()
    monkeypatch.setenv("PATH", "")
    assert main(["diff", str(tmp_path / "a"), str(tmp_path / "b"), "--open", "--json"]) == 0
    said = capsys.readouterr()
    assert json.loads(said.out)["same_logs"] is True
    assert f"open {(tmp_path / 'b' / 'diff.html').as_uri()} in a browser" in said.err
    text, _ = page_of(tmp_path / "b" / "diff.html")
    assert text.count('<a href="../a/report.html">') == 1
    assert text.count("<a href=") == 1
    assert "Both logs are the same, byte for byte." in text


def test_a_page_that_cannot_be_written_is_a_plain_error(
    runs: Runs, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").touch()
    page = tmp_path / "file" / "page.html"
    assert main(["diff", str(runs.plain), str(runs.slow), "--html", str(page)]) == 4
    assert f"cannot write {page}" in capsys.readouterr().err


def test_an_unknown_figure_gets_the_nearest(runs: Runs, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["diff", str(runs.plain), str(runs.plain), "--fail-on", "detektion_rate"]) == 2
    assert "did you mean 'detection_rate'?" in capsys.readouterr().err


def test_what_is_no_run_is_said_to_be_none(runs: Runs, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["diff", str(runs.plain), str(tmp_path)]) == 2
    assert f"no run in {tmp_path}" in capsys.readouterr().err


def test_a_log_that_was_touched_is_refused(runs: Runs, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("scenario.yaml", "results.json", "manifest.json"):
        (tmp_path / name).write_bytes((runs.plain / name).read_bytes())
    lines = (runs.plain / "events.jsonl").read_bytes().splitlines(keepends=True)
    (tmp_path / "events.jsonl").write_bytes(b"".join(lines[:-5]))
    assert main(["diff", str(runs.plain), str(tmp_path)]) == 2
    assert "torn or was changed" in capsys.readouterr().err


@pytest.fixture(scope="module")
def comparisons(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Two comparisons: the second has a slower network, and another second strategy."""
    root = tmp_path_factory.mktemp("comparisons")
    slow = {**REGIONS, "latency": {"median": "80 ms"}}
    compared(root / "a", ["full_reexecution", "none"], network=REGIONS)
    compared(root / "b", ["full_reexecution", {"kind": "committee", "size": 2}], network=slow)
    return root / "a", root / "b"


@pytest.mark.long
def test_comparisons_are_held_against_each_other_by_label_and_seed(
    comparisons: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["diff", *map(str, comparisons)]) == 0
    text = capsys.readouterr().out
    assert "only in A: none" in text
    assert "only in B: committee" in text
    (line,) = [line for line in text.splitlines() if line.startswith("full_reexecution: soft_latency_ms.p95")]
    assert "paired t" in line
    assert "network.latency.median" in text


def test_a_comparison_against_itself_is_the_same(
    comparisons: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    assert set(verdicts(comparisons[0], comparisons[0], capsys).values()) == {"no change"}


def test_the_page_of_two_comparisons_has_tables_and_their_pages(comparisons: tuple[Path, Path], tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    assert main(["diff", *map(str, comparisons), "--html", str(page)]) == 0
    text, plots = page_of(page)
    assert plots == {}
    assert "Only in A: none." in text
    assert "full_reexecution: soft_latency_ms.p95" in text


def test_a_run_and_a_comparison_cannot_be_held_against_each_other(
    runs: Runs, comparisons: tuple[Path, Path], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["diff", str(runs.plain), str(comparisons[0])]) == 2
    assert "is a comparison" in capsys.readouterr().err


def test_a_damaged_comparison_is_refused(
    comparisons: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "comparison.json").write_bytes(orjson.dumps({"format": 99}))
    assert main(["diff", str(comparisons[0]), str(tmp_path)]) == 2
    assert "format 99" in capsys.readouterr().err
    (tmp_path / "comparison.json").write_bytes(orjson.dumps({"format": 1}))
    assert main(["diff", str(comparisons[0]), str(tmp_path)]) == 2
    assert "missing or damaged" in capsys.readouterr().err
