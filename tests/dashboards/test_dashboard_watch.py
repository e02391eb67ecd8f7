"""`simnet watch`: finding the run that is meant, and what it says if there is none."""

from __future__ import annotations

from pathlib import Path

import pytest

from simnet.cli.main import main
from simnet.cli.watch import NoSuchRun, find_run
from simnet.run import RUNS
from tests.recordings import unpack


@pytest.fixture
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with three runs in it."""
    monkeypatch.chdir(tmp_path)
    for name in ("byzantine-42-aaaa", "byzantine-7-bbbb", "honest-1-cccc"):
        unpack(RUNS / name)
    (RUNS / "latest").symlink_to("honest-1-cccc")
    return tmp_path


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("latest", "latest"),
        ("byzantine-7-bbbb", "byzantine-7-bbbb"),
        ("honest", "honest-1-cccc"),
        ("byzantine-4", "byzantine-42-aaaa"),
        ("reports/runs/honest-1-cccc", "honest-1-cccc"),
        ("reports/runs/honest-1-cccc/events.jsonl", "honest-1-cccc"),
    ],
)
def test_a_run_is_found_by_its_directory_or_the_beginning_of_its_name(runs: Path, said: str, meant: str) -> None:
    assert find_run(said) == RUNS / meant


def test_an_ambiguous_name_is_refused(runs: Path) -> None:
    with pytest.raises(NoSuchRun, match="2 runs begin with 'byzantine'") as caught:
        find_run("byzantine")
    assert "byzantine-42-aaaa" in str(caught.value.hint)


@pytest.mark.parametrize("said", ["nothing", "reports", "/no/such/place"])
def test_an_unknown_run_is_refused_with_those_there_are(runs: Path, said: str) -> None:
    with pytest.raises(NoSuchRun, match=r"no directory with an events\.jsonl") as caught:
        find_run(said)
    assert "honest-1-cccc" in str(caught.value.hint)


def test_without_a_terminal_it_says_so(runs: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["watch", "honest"]) == 2
    assert "watch needs a terminal" in capsys.readouterr().err
