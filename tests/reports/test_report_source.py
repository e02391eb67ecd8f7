"""A report is made from a complete run whose log is intact, and from nothing else."""

from __future__ import annotations

import shutil
from pathlib import Path

import orjson
import pytest

from reports.source import UnreadableRun, load_run
from simnet.log.events import LOG_FORMAT


@pytest.fixture
def copy(troubled_run: Path, tmp_path: Path) -> Path:
    """A run directory that the test may spoil."""
    return Path(shutil.copytree(troubled_run, tmp_path / "run"))


def refusal(directory: Path) -> str:
    """What is said about a directory that is no complete run."""
    with pytest.raises(UnreadableRun) as refused:
        load_run(directory)
    assert refused.value.exit_code == 2
    assert refused.value.hint
    return str(refused.value)


def test_judging_the_log_anew_gives_what_the_run_itself_found(troubled_run: Path) -> None:
    recorded = orjson.loads((troubled_run / "results.json").read_bytes())
    assert orjson.loads(orjson.dumps(load_run(troubled_run).results.as_json())) == recorded


def test_a_directory_without_a_log_is_no_run(tmp_path: Path) -> None:
    assert refusal(tmp_path) == f"no run in {tmp_path}: it has no events.jsonl"
    assert "no events.jsonl" in refusal(tmp_path / "absent")


@pytest.mark.parametrize("name", ["results.json", "scenario.yaml", "manifest.json"])
def test_a_run_that_is_not_complete_is_refused(copy: Path, name: str) -> None:
    (copy / name).unlink()
    assert refusal(copy) == f"the run in {copy} is not complete: it has no {name}"


def test_a_torn_log_is_refused(copy: Path) -> None:
    log = copy / "events.jsonl"
    log.write_bytes(log.read_bytes()[:-10])
    assert refusal(copy).startswith(f"{log} is torn or was changed")


@pytest.mark.parametrize("text", [b"", b"{", b"[]", b'{"digest": 1}'])
def test_damaged_results_are_refused(copy: Path, text: bytes) -> None:
    (copy / "results.json").write_bytes(text)
    refusal(copy)


def test_a_log_of_another_format_is_refused(copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reports.source.LOG_FORMAT", LOG_FORMAT + 1)
    assert refusal(copy) == (
        f"{copy / 'events.jsonl'} has format {LOG_FORMAT}, and this simnet reads format {LOG_FORMAT + 1}"
    )


def test_a_run_is_called_by_its_name_and_not_latest(copy: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (copy.parent / "latest").symlink_to(copy.name)
    assert load_run(copy.parent / "latest").directory == copy
    monkeypatch.chdir(copy.parent)
    assert load_run(Path("latest")).directory == Path("run")
