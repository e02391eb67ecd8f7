"""Scenario files as tests of pytest."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import yaml

from simnet.pytest_plugin import seeds
from tests.small import BASE

pytest.importorskip("pyrevm")


def write(directory: Path, name: str, **sections: Any) -> None:
    """A scenario of 5 seconds; its seed is 3."""
    short = {**BASE, "name": name, "duration": "5 s", "settle": "20 s", **sections}
    (directory / f"{name}.yaml").write_text(yaml.safe_dump(short))


def run_pytest(directory: Path, *arguments: str) -> str:
    """What pytest says there, in a process of its own."""
    command = [sys.executable, "-m", "pytest", "-p", "simnet.pytest_plugin", "-p", "no:cacheprovider", "-q", *arguments]
    return subprocess.run(command, cwd=directory, capture_output=True, text=True, check=False).stdout


@pytest.mark.long
def test_a_file_is_a_test_and_a_failure_says_what_did_not_hold(tmp_path: Path) -> None:
    write(tmp_path, "bad", expect=["slashes_total >= 7"], sometimes=["slashed"])
    write(tmp_path, "good", expect=["tasks_total > 0"])
    out = run_pytest(tmp_path, "bad.yaml", "good.yaml", "-vv")
    assert "bad.yaml::seed 3 FAILED" in out
    assert "good.yaml::seed 3 PASSED" in out
    assert "  slashes_total >= 7: slashes_total is 0, expected slashes_total >= 7" in out
    assert "  slashed: happened 0 times" in out
    assert "bad.yaml --seed 3" in out
    assert "Traceback" not in out
    assert "1 failed, 1 passed" in out


@pytest.mark.long
def test_only_files_that_are_named_or_match_a_pattern_are_scenarios(tmp_path: Path) -> None:
    write(tmp_path, "one")
    (tmp_path / "other.yaml").write_text("not: a scenario")
    assert "no tests collected" in run_pytest(tmp_path, "--collect-only")
    (tmp_path / "pytest.ini").write_text("[pytest]\nsimnet_files = one.*\nsimnet_seeds = 2\n")
    assert run_pytest(tmp_path, "--collect-only").splitlines()[:2] == ["one.yaml::seed 3", "one.yaml::seed 4"]


@pytest.mark.long
def test_a_mistake_in_a_file_is_an_error_with_its_place(tmp_path: Path) -> None:
    write(tmp_path, "wrong", modles=["digits_mlp"])
    out = run_pytest(tmp_path, "wrong.yaml")
    assert "did you mean 'models'?" in out
    assert "1 error" in out
    assert "Traceback" not in out


def asked(text: str) -> Any:
    """A configuration in which so many seeds are asked for."""
    return SimpleNamespace(getoption=lambda name: text, getini=lambda name: "1")


def test_seeds_are_counted_up_from_the_files_or_listed() -> None:
    assert seeds(asked(""), 7) == [7]
    assert seeds(asked("3"), 7) == [7, 8, 9]
    assert seeds(asked("3,9"), 7) == [3, 9]


@pytest.mark.parametrize("text", ["x", "0", "-1", "3,-7"])
def test_seeds_that_are_none_are_a_mistake_of_usage(text: str) -> None:
    with pytest.raises(pytest.UsageError, match="neither a number of seeds nor a list"):
        seeds(asked(text), 7)
