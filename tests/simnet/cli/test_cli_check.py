"""`simnet check`: many scenarios, one verdict, a JUnit file for continuous integration."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
import yaml

from simnet.batch import processes
from simnet.cli.main import main
from simnet.run import RUNS
from tests.comparison_samples import Here
from tests.small import BASE

pytest.importorskip("pyrevm")

JUNIT = RUNS / "junit.xml"


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Scenario files and run directories are in a directory of the test's own; runs are in this process."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(processes, "Processes", Here)
    Path("scenarios").mkdir()


def write(name: str, **sections: Any) -> str:
    """A scenario of 20 seconds."""
    file = Path(f"scenarios/{name}.yaml")
    short = {**BASE, "name": name, "duration": "20 s", "settle": "60 s", **sections}
    file.write_text(yaml.safe_dump(short, sort_keys=False))
    return str(file)


def suites() -> dict[str, dict[str, str]]:
    """What the JUnit file says of each scenario."""
    return {suite.attrib["name"]: suite.attrib for suite in ElementTree.parse(JUNIT).getroot()}


def runs() -> list[str]:
    """Scenarios that were run."""
    return sorted(entry.name.partition("-")[0] for entry in RUNS.glob("*-3-*"))


def test_a_directory_of_scenarios_that_hold_is_green(capsys: pytest.CaptureFixture[str]) -> None:
    write("one", expect=["tasks_total > 0"])
    write("two", expect=["slashes_total == 0"])
    assert main(["check", "scenarios"]) == 0
    assert "2 of 2 scenarios passed; reports/runs/junit.xml" in capsys.readouterr().out
    assert set(suites()) == {"one-3", "two-3"}
    assert all((suite["failures"], suite["errors"]) == ("0", "0") for suite in suites().values())
    assert runs() == ["one", "two"]


def test_a_false_expectation_exits_1_and_names_the_value(capsys: pytest.CaptureFixture[str]) -> None:
    write("good", expect=["tasks_total > 0"])
    write("bad", expect=["tasks_total > 0", "slashes_total >= 7"])
    assert main(["check", "scenarios"]) == 1
    out = capsys.readouterr().out
    assert "1 of 2 expectations did not hold: slashes_total is 0, expected slashes_total >= 7" in out
    assert "1 of 2 scenarios passed" in out
    assert suites()["bad-3"]["failures"] == "1"
    assert "slashes_total is 0" in JUNIT.read_text()
    assert runs() == ["bad", "good"]


def test_a_broken_file_exits_2_before_anything_runs(capsys: pytest.CaptureFixture[str]) -> None:
    write("a_good_one")
    Path("scenarios/broken.yaml").write_text("name: broken\nmodels: [digits_mlpp]\nstrategy: none\n")
    Path("scenarios/worse.yml").write_text("name: [\n")
    assert main(["check", "scenarios"]) == 2
    err = capsys.readouterr().err
    assert "scenarios/broken.yaml:2:10: unknown model 'digits_mlpp'" in err
    assert "scenarios/worse.yml:" in err
    assert not RUNS.exists()


def test_files_can_be_named_one_by_one_and_the_junit_file_put_elsewhere() -> None:
    first, _ = write("first"), write("second")
    assert main(["check", first, "--junit", "out/junit.xml"]) == 0
    assert runs() == ["first"]
    assert "first" in Path("out/junit.xml").read_text()
    assert not JUNIT.exists()


def test_fail_fast_stops_at_the_first_that_does_not_pass() -> None:
    write("a", expect=["tasks_total > 0"])
    write("b", expect=["tasks_total > 1_000_000"])
    write("c")
    assert main(["check", "scenarios", "--fail-fast", "--jobs", "1"]) == 1
    assert runs() == ["a", "b"]
    assert set(suites()) == {"a-3", "b-3"}


def test_the_backend_can_be_chosen_for_all(monkeypatch: pytest.MonkeyPatch) -> None:
    write("one", chain={"backend": "anvil"})
    monkeypatch.setenv("SIMNET_ANVIL", "/nowhere/anvil")
    assert main(["check", "scenarios"]) == 4
    assert main(["check", "scenarios", "--backend", "revm"]) == 0


def test_each_scenario_is_run_under_each_of_the_seeds_and_can_be_run_again_by_itself(
    capsys: pytest.CaptureFixture[str],
) -> None:
    write("a")
    assert main(["check", "scenarios", "--seeds", "2"]) == 0
    assert list(suites()) == ["a-3", "a-4"]
    assert "scenarios/a.yaml seed 4" in capsys.readouterr().out
    (directory,) = RUNS.glob("a-4-*")
    command = json.loads((directory / "manifest.json").read_text())["command"]
    assert main([*shlex.split(command)[1:], "--headless", "--out", "again"]) == 0
    first, again = (json.loads(Path(where, "results.json").read_text())["digest"] for where in (directory, "again"))
    assert first == again
    assert main(["check", "scenarios", "--seeds", "7,9,7"]) == 0
    assert list(suites()) == ["a-7", "a-9"]


@pytest.mark.parametrize("seeds", ["0", "-1", "a", "3,", "1,-2", ""])
def test_seeds_that_are_none_are_refused_before_anything_runs(seeds: str, capsys: pytest.CaptureFixture[str]) -> None:
    write("a")
    assert main(["check", "scenarios", "--seeds", seeds]) == 2
    assert "neither a number of seeds nor a list" in capsys.readouterr().err
    assert not RUNS.exists()


@pytest.mark.parametrize(("wanted", "left"), [("two", ["two"]), ("s/t*o", ["two"]), ("e.yaml", ["one", "three"])])
def test_a_filter_leaves_the_runs_that_have_it_in_their_name(wanted: str, left: list[str]) -> None:
    for name in ("one", "two", "three"):
        write(name)
    assert main(["check", "scenarios", "--filter", wanted]) == 0
    assert runs() == left


def test_a_filter_that_leaves_nothing_is_a_mistake(capsys: pytest.CaptureFixture[str]) -> None:
    write("one")
    assert main(["check", "scenarios", "--filter", "tow"]) == 2
    assert "none of 1 runs has 'tow' in its name" in capsys.readouterr().err
    assert runs() == []


def test_a_directory_without_scenarios_is_a_mistake(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "scenarios"]) == 2
    assert "no scenario files in scenarios" in capsys.readouterr().err
    assert main(["check"]) == 2


def test_a_junit_file_that_cannot_be_written_exits_4(capsys: pytest.CaptureFixture[str]) -> None:
    write("one")
    assert main(["check", "scenarios", "--junit", "scenarios/one.yaml/junit.xml"]) == 4
    assert "choose another place with --junit FILE" in capsys.readouterr().err


def test_ctrl_c_ends_the_whole_check_and_keeps_what_there_is() -> None:
    files = [write(name, duration="1000 h", strategy={"kind": "none"}) for name in ("a", "b")]
    command = [sys.executable, "-m", "simnet.cli.main", "check", *files, "--jobs", "1"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True) as checking:
        while not list(RUNS.glob(".running-*/events.jsonl")):
            assert checking.poll() is None
            time.sleep(0.05)
        os.killpg(checking.pid, signal.SIGINT)  # a terminal tells everybody
        out, _ = checking.communicate()
    assert checking.returncode == 3
    assert "0 of 2 scenarios passed" in out
    assert "the run was interrupted" in out
    assert runs() == ["a"]
    assert {name: suite["errors"] for name, suite in suites().items()} == {"a-3": "1"}


def test_a_scenario_that_cannot_be_run_is_in_error_and_the_others_are_run(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SIMNET_ANVIL", "/nowhere/anvil")
    write("bad", chain={"backend": "anvil"})
    write("good")
    assert main(["check", "scenarios"]) == 4
    assert "/nowhere/anvil" in capsys.readouterr().out
    assert {name: suite["errors"] for name, suite in suites().items()} == {"bad-3": "1", "good-3": "0"}


def test_a_scenario_that_asks_for_it_is_run_under_each_strategy_that_it_compares(
    capsys: pytest.CaptureFixture[str],
) -> None:
    contenders = ["none", {"kind": "committee", "size": 3, "comparator": "bitwise"}]
    compare = {"check": True, "strategies": contenders}
    write("both", compare=compare, expect=["verification_overhead_ratio == 0"])
    write("alone", compare={**compare, "check": False})
    assert main(["check", "scenarios"]) == 1
    assert set(suites()) == {"alone-3", "both_none-3", "both_committee-3"}
    assert "2 of 3 scenarios passed" in capsys.readouterr().out
    (directory,) = RUNS.glob("both_committee-3-*")
    command = json.loads((directory / "manifest.json").read_text())["command"]
    assert main([*shlex.split(command)[1:], "--headless", "--out", "again"]) == 1
    first, again = (json.loads(Path(where, "results.json").read_text())["digest"] for where in (directory, "again"))
    assert first != again  # the name of the scenario is in the log
    assert "size: 3" in Path("again/scenario.yaml").read_text()
