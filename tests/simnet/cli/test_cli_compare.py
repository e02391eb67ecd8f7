"""`simnet compare` as a user meets it: what it prints, what it leaves, how it ends."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import orjson
import pandas as pd
import pytest
import yaml

from simnet.batch import processes
from simnet.cli.main import main
from tests.comparison_samples import CHEAT, Here
from tests.processes import group_is_gone
from tests.small import BASE

pytest.importorskip("pyrevm")


@pytest.fixture
def _in_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    """Spare the time that processes take to start: `test_ctrl_c_ends_with_what_there_is` has real ones."""
    monkeypatch.setattr(processes, "Processes", Here)


FILES = ("comparison.csv", "comparison.html", "comparison.json", "comparison.parquet", "scenario.yaml")


@pytest.fixture
def small(tmp_path: Path) -> Path:
    """A scenario file: three inference nodes, of which one cheats, for a minute."""
    path = tmp_path / "small.yaml"
    path.write_text(yaml.safe_dump({**BASE, "duration": "60 s", "adversaries": [CHEAT]}))
    return path


@pytest.mark.usefixtures("_in_this_process")
def test_strategies_are_put_side_by_side(small: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = tmp_path / "out"
    strategies = "none,full_reexecution"
    assert (
        main(["compare", str(small), "--strategies", strategies, "--seeds", "2", "--jobs", "2", "--out", str(out)]) == 0
    )
    shown = capsys.readouterr()
    text, lines = shown.out, shown.out.splitlines()
    assert lines[0] == "small: 2 strategies over 2 seeds on revm"
    assert sum(" of 4  " in line for line in shown.err.splitlines()) == 4
    (rate,) = [line.split() for line in lines if line.startswith("detection_rate (%)")]
    assert (rate[2], rate[4]) == ("0", "100")
    assert "Expectations of the scenario are not judged here" in text
    assert sorted(path.name for path in out.iterdir()) == sorted((*FILES, "runs", "units"))
    rates = pd.read_csv(out / "comparison.csv").query("metric == 'detection_rate' and seed == 'all'")
    assert dict(zip(rates["strategy"], rates["value"], strict=True)) == {"none": 0.0, "full_reexecution": 1.0}


def links_of(page: Path) -> list[str]:
    """What the page links of its runs."""
    return re.findall(r'<td><a href="([^"]*)"><code>', page.read_text(encoding="utf-8"))


@pytest.mark.usefixtures("_in_this_process")
def test_the_page_links_every_run_and_its_report_once_there_is_one(
    small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    asked = [
        "compare",
        str(small),
        "--strategies",
        "none, {kind: none, label: 'a b'}",
        "--seeds",
        "1",
        "--out",
        "out/x",
    ]
    assert main(asked) == 0
    page = tmp_path / "out" / "x" / "comparison.html"
    directories = links_of(page)
    assert len(directories) == 2
    assert all((page.parent / unquote(link) / "events.jsonl").is_file() for link in directories)
    assert main([*asked, "--reports"]) == 0
    assert links_of(page) == [f"{link}report.html" for link in directories]
    assert all((page.parent / unquote(link)).is_file() for link in links_of(page))


@pytest.mark.usefixtures("_in_this_process")
def test_what_it_leaves_compares_the_same_again(small: Path, tmp_path: Path) -> None:
    first, again = tmp_path / "first", tmp_path / "again"
    strategies = "none, {kind: none, label: other}"
    assert main(["compare", str(small), "--strategies", strategies, "--seeds", "5,", "--out", str(first)]) == 0
    assert main(["compare", str(first / "scenario.yaml"), "--out", str(again)]) == 0
    one, other = (orjson.loads((out / "comparison.json").read_bytes()) for out in (first, again))
    digests = [[run["digest"] for run in found["runs"]] for found in (one, other)]
    assert digests[0] == digests[1]
    assert one["strategies"] == other["strategies"]


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["--strategies", "nnoe,committee"], "did you mean 'none'?"),
        (["--strategies", "{kind: committee, sise: 2}"], "did you mean 'size'?"),
        (["--strategies", "none,none"], "another strategy is called 'none' too"),
        (["--strategies", "none", "--seeds", "0"], "between 1 and"),
        (["--strategies", "none", "--seeds", "1,1"], "a seed is named twice"),
        (["--strategies", "none", "--seeds", "many"], "expected how many"),
        (["--strategies", "none", "--jobs", "0"], "--jobs"),
        (["--strategies", "none", "--set", "nodes.full.cuont=3"], "did you mean 'count'?"),
        ([], "names no strategies to compare"),
    ],
)
def test_a_mistake_is_named_and_nothing_is_run(
    small: Path, arguments: list[str], expected: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["compare", str(small), *arguments]) == 2
    shown = capsys.readouterr()
    assert expected in shown.err
    assert "Traceback" not in shown.err
    assert "of" not in shown.out


def test_where_nothing_can_be_written_it_says_so(
    small: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("")
    assert main(["compare", str(small), "--strategies", "none", "--out", str(tmp_path / "file" / "below")]) == 4
    assert "cannot write to" in capsys.readouterr().err


@contextmanager
def under_way(small: Path, out: Path) -> Iterator[subprocess.Popen[str]]:
    """A comparison of 600 runs of which the first is over, in a session of its own, as from a terminal."""
    command = [sys.executable, "-m", "simnet.cli.main", "compare", str(small), "--strategies", "none,full_reexecution"]
    command += ["--seeds", "300", "--jobs", "1", "--out", str(out)]
    streams: dict[str, Any] = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
    with subprocess.Popen(command, start_new_session=True, **streams) as process:
        assert process.stdout is not None
        for line in process.stdout:
            if " of 600  " in line:
                break
        yield process


@pytest.mark.long
def test_killed_it_leaves_no_process_behind(small: Path, tmp_path: Path) -> None:
    with under_way(small, tmp_path / "out") as process:
        process.kill()
        process.wait()
        assert group_is_gone(process.pid)


@pytest.mark.long
def test_ctrl_c_ends_with_what_there_is(small: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    with under_way(small, out) as process:
        assert process.stdout is not None
        os.killpg(process.pid, signal.SIGINT)  # a terminal tells everybody
        rest = process.stdout.read()
    assert process.returncode == 3
    assert "interrupted" in rest
    assert "detection_rate (%)" in rest
    assert sorted(path.name for path in out.iterdir()) == sorted((*FILES, "runs", "units"))
    found = orjson.loads((out / "comparison.json").read_bytes())
    assert {run["state"] for run in found["runs"]} == {"finished", "interrupted"}
    assert len(found["runs"]) == 600
