"""What is kept of finished runs: a killed study goes on where it was, and nothing that is torn or old passes."""

from __future__ import annotations

import os
import pickle
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
import yaml

from simnet.batch.batch import Batch, carry_out
from simnet.batch.code import code_digest, our_files
from simnet.batch.perform import perform
from simnet.batch.store import Store
from simnet.batch.work import FAILED, FINISHED, INTERRUPTED, RunSummary
from simnet.cli.main import main
from simnet.run import Options, OutputError, run
from tests.comparison_samples import Here
from tests.simnet.batch.samples import read_tasks, work
from tests.small import BASE, scenario

pytest.importorskip("pyrevm")


def known(out: Path, code: str = "code", **changes: Any) -> list[bool]:
    """Carry three runs out, and say which of them were known already."""
    works = [work(out / str(seed), seed, read_tasks, **changes) for seed in (3, 4, 5)]
    return [over.was_known for over in carry_out(works, Batch(1, Here, store=Store(out, code)))]


def units(out: Path) -> list[Path]:
    """Files of the store."""
    return sorted((out / "units").glob("*.unit"))


def test_what_was_run_before_is_the_same_and_is_not_run_again(tmp_path: Path) -> None:
    one, store = work(tmp_path / "3", 3, read_tasks), Store(tmp_path, "code")
    (over,) = carry_out([one], Batch(1, Here, store=store))
    written = (tmp_path / "3" / "events.jsonl").stat().st_mtime_ns
    (again,) = carry_out([one], Batch(1, Here, store=store))
    assert (again.was_known, again.summary) == (True, over.summary)
    assert (tmp_path / "3" / "events.jsonl").stat().st_mtime_ns == written


def test_other_scenarios_and_other_code_are_not_what_was_run(tmp_path: Path) -> None:
    assert known(tmp_path) == [False] * 3
    assert known(tmp_path) == [True] * 3
    assert known(tmp_path, duration="21 s") == [False] * 3
    assert known(tmp_path, code="changed") == [False] * 3


def test_a_study_writes_over_no_run_of_another_scenario(tmp_path: Path) -> None:
    """Only over what it began itself: the run of that scenario and seed."""
    run(scenario(name="mine", duration="20 s"), Options(out=tmp_path / "3"))
    mine = (tmp_path / "3" / "events.jsonl").read_bytes()
    (over,) = carry_out([work(tmp_path / "3", 3, read_tasks)], Batch(1, Here))
    assert over.summary.state == FAILED
    assert "holds another run's scenario.yaml" in over.summary.reason
    assert (tmp_path / "3" / "events.jsonl").read_bytes() == mine


@pytest.mark.parametrize("torn", [{}, {"manifest.json": ""}, {"manifest.json": '{"scen', "scenario.yaml": "name: s"}])
def test_a_run_that_was_killed_before_it_recorded_anything_is_run_again(tmp_path: Path, torn: dict[str, str]) -> None:
    place = tmp_path / "3"
    place.mkdir()
    for name, text in {"events.jsonl": "", **torn}.items():
        (place / name).write_text(text)
    (over,) = carry_out([work(place, 3, read_tasks)], Batch(1, Here))
    assert over.summary.state == FINISHED, over.summary.reason


@pytest.mark.parametrize("keep", [0, 1, 31, 32, 33, -1])
def test_a_torn_unit_is_run_again(tmp_path: Path, keep: int) -> None:
    known(tmp_path)
    file = units(tmp_path)[1]
    file.write_bytes(file.read_bytes()[:keep])
    assert sorted(known(tmp_path)) == [False, True, True]
    assert known(tmp_path) == [True] * 3


def test_a_unit_with_one_bit_changed_is_run_again(tmp_path: Path) -> None:
    known(tmp_path)
    file = units(tmp_path)[0]
    data = bytearray(file.read_bytes())
    data[len(data) // 2] ^= 1
    file.write_bytes(data)
    assert sorted(known(tmp_path)) == [False, True, True]


def test_what_other_code_wrote_is_not_even_unpickled(tmp_path: Path) -> None:
    one, store = work(seed=3), Store(tmp_path, "code")
    store.put(one, RunSummary("finished", found=Unloadable()))
    assert Store(tmp_path, "other").get(one) is None
    with pytest.raises(RuntimeError, match="must not be loaded"):
        store.get(one)


class Unloadable:
    """Cannot be read back."""

    def __reduce__(self) -> Any:
        return refuse, ()


def refuse() -> None:
    """Refuse to be read back."""
    raise RuntimeError("must not be loaded")


def test_a_unit_whose_run_directory_is_gone_is_run_again(tmp_path: Path) -> None:
    known(tmp_path)
    shutil.rmtree(tmp_path / "4")
    assert known(tmp_path) == [True, True, False]  # what is known comes first


def test_a_run_that_did_not_finish_is_not_kept(tmp_path: Path) -> None:
    one, store = work(seed=3), Store(tmp_path, "code")
    for state in (FAILED, INTERRUPTED):
        store.put(one, RunSummary(state))
        assert store.get(one) is None


def test_a_store_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(OutputError, match="cannot write"):
        Store(tmp_path / "file", "code")


def test_the_digest_of_the_code_covers_contracts_strategies_and_models() -> None:
    names = {file.name for file in our_files()}
    assert {"Settlement.json", "committee.py", "fp32.onnx", "engine.py"} <= names
    assert len(code_digest()) == 64


def test_a_summary_comes_back_from_a_pickle_equal() -> None:
    summary = perform(work(read=read_tasks))
    assert pickle.loads(pickle.dumps(summary)) == summary


# -- the command -----------------------------------------------------------------------------------------------


def scenarios(directory: Path, count: int, **sections: Any) -> list[str]:
    """Files of short scenarios."""
    directory.mkdir()
    files = [directory / f"{i}.yaml" for i in range(count)]
    for i, file in enumerate(files):
        short = {**BASE, "name": f"s{i}", "duration": "20 s", "settle": "30 s", "strategy": "none", **sections}
        file.write_text(yaml.safe_dump(short))
    return [str(file) for file in files]


@pytest.mark.long
def test_a_killed_check_goes_on_where_it_was(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    files, out = scenarios(tmp_path / "scenarios", 30), tmp_path / "out"
    arguments = ["check", *files, "--out", str(out), "--junit", str(tmp_path / "junit.xml"), "--jobs", "1"]
    with subprocess.Popen([sys.executable, "-m", "simnet.cli.main", *arguments], stderr=subprocess.DEVNULL) as killed:
        while len(units(out)) < 2:
            assert killed.poll() is None
            time.sleep(0.02)
        os.kill(killed.pid, signal.SIGKILL)
    done = len(units(out))
    for file in files[5:]:
        Path(file).unlink()
    rest = [argument for argument in arguments if argument not in files[5:]]
    assert main(rest) == 0
    shown = capsys.readouterr()
    assert shown.err.count("(was there)") == min(done, 5) >= 2
    assert "5 of 5 scenarios passed" in shown.out
    assert main([*rest, "--fresh"]) == 0
    assert "(was there)" not in capsys.readouterr().err


def test_it_says_how_much_time_is_left(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("simnet.batch.processes.Processes", Here)
    monkeypatch.chdir(tmp_path)
    assert main(["check", *scenarios(tmp_path / "scenarios", 3), "--jobs", "1"]) == 0
    first, second, last = (line for line in capsys.readouterr().err.splitlines() if " of 3  " in line)
    assert "left)" in first
    assert "left)" in second
    assert "left" not in last
