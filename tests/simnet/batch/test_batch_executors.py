"""One contract for every executor: results as in this process, bit by bit, and a death costs its own work alone."""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Iterator
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
import yaml

from simnet.batch.batch import WORKER_DIED, Batch, MakeExecutor, carry_out
from simnet.batch.dask import LOCAL, Dask, threads_of
from simnet.batch.perform import perform
from simnet.batch.processes import Processes, WorkerDied
from simnet.batch.work import FAILED, FINISHED, RunSummary
from simnet.cli.main import main
from tests.simnet.batch.samples import die, die_once, read_tasks, wait_to_be_killed, work
from tests.small import BASE
from tests.source import ROOT

pytest.importorskip("pyrevm")

pytestmark = pytest.mark.slow

JOBS = 2
SCENARIOS = ROOT / "scenarios"


@pytest.fixture(scope="module")
def cluster() -> Iterator[Dask]:
    """A local one with workers in processes of their own, where Dask is installed.

    What Dask would do 15 s after a death, as on a busy machine, it is told to do after one.
    """
    pytest.importorskip("distributed", reason="Dask is an extra: pip install 'simnet[dask]'")
    import dask

    dask.config.set({"distributed.deploy.lost-worker-timeout": "1 s"})
    with Dask(LOCAL, JOBS) as started:
        yield started


@pytest.fixture(params=["processes", pytest.param("dask", marks=pytest.mark.long)])
def make_executor(request: pytest.FixtureRequest) -> MakeExecutor:
    """Each kind of executor."""
    if request.param == "processes":
        return Processes
    cluster: Dask = request.getfixturevalue("cluster")
    return partial(Dask, cluster.address)


@pytest.fixture
def executor(make_executor: MakeExecutor) -> Iterator[Executor]:
    """One that does as many things at a time as the tests need."""
    with make_executor(JOBS) as made:
        yield made


def timeless(summary: RunSummary[Any]) -> RunSummary[Any]:
    """A summary without what a clock said."""
    assert summary.results is not None
    return replace(summary, wall_s=0.0, results=replace(summary.results, wall_s=0.0))


def test_a_result_comes_back_and_so_does_an_error(executor: Executor) -> None:
    assert executor.submit(pow, 2, 10).result() == 1024
    with pytest.raises(ZeroDivisionError):
        executor.submit(divmod, 1, 0).result()


def test_work_is_done_in_other_processes(executor: Executor) -> None:
    assert executor.submit(os.getpid).result() != os.getpid()


def test_what_cannot_be_sent_is_an_error_and_no_death(executor: Executor) -> None:
    with pytest.raises(Exception, match=r"pickle|serialize") as caught:
        executor.submit(hash, (i for i in range(2))).result()
    assert not isinstance(caught.value, WorkerDied)
    assert executor.submit(pow, 2, 3).result() == 8


def test_a_death_is_told_and_the_executor_goes_on(executor: Executor) -> None:
    dead = executor.submit(os._exit, 9)
    others = [executor.submit(pow, 2, i) for i in range(8)]
    with pytest.raises(WorkerDied):
        dead.result()
    assert [other.result() for other in others] == [2**i for i in range(8)]


def test_runs_are_the_same_as_in_this_process_bit_by_bit(make_executor: MakeExecutor, tmp_path: Path) -> None:
    works = [work(tmp_path / f"{seed}", seed, read_tasks) for seed in (3, 4, 5)]
    overs = list(carry_out(works, Batch(JOBS, make_executor)))
    logs = {seed: (tmp_path / f"{seed}" / "events.jsonl").read_bytes() for seed in (3, 4, 5)}
    assert {over.number: timeless(over.summary) for over in overs} == {
        number: timeless(perform(one)) for number, one in enumerate(works)
    }
    assert logs == {seed: (tmp_path / f"{seed}" / "events.jsonl").read_bytes() for seed in (3, 4, 5)}


@pytest.mark.long
def test_of_runs_that_take_their_process_down_one_is_cured_by_a_second_try(
    make_executor: MakeExecutor, tmp_path: Path
) -> None:
    warned: list[str] = []
    works = [
        work(tmp_path / "good", 3, read_tasks),
        work(tmp_path / "once", 4, die_once),
        work(tmp_path / "deadly", 5, die),
        work(tmp_path / "last", 6, read_tasks),
    ]
    summaries = {
        over.work.seed: over.summary for over in carry_out(works, Batch(JOBS, make_executor, warn=warned.append))
    }
    assert {seed: one.state for seed, one in summaries.items()} == {3: FINISHED, 4: FINISHED, 5: FAILED, 6: FINISHED}
    assert summaries[5].reason == WORKER_DIED
    assert {"seed 4" in text or "seed 5" in text for text in warned} == {True}
    assert len(warned) == 2


@pytest.mark.long
def test_a_worker_that_is_killed_from_outside_costs_no_result(make_executor: MakeExecutor, tmp_path: Path) -> None:
    """As the kernel does when memory runs out."""
    warned: list[str] = []
    works = [work(tmp_path / "long", 3, wait_to_be_killed), work(tmp_path / "other", 4, read_tasks)]
    with ThreadPoolExecutor(1) as helper:
        all_over = helper.submit(list, carry_out(works, Batch(JOBS, make_executor, warn=warned.append)))
        while not (tmp_path / "pid").exists():
            assert not all_over.done()
            time.sleep(0.02)
        os.kill(int((tmp_path / "pid").read_text()), signal.SIGKILL)
        overs = all_over.result()
    assert all(over.summary.found == perform(over.work).found for over in overs)
    assert warned == ["the process that ran small, seed 3, died: it is run again"]


@pytest.mark.long
def test_the_verbs_take_a_cluster(cluster: Dask, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "small.yaml"
    file.write_text(yaml.safe_dump({**BASE, "duration": "20 s", "settle": "30 s", "expect": ["tasks_total > 0"]}))
    arguments = ["check", str(file), "--junit", str(tmp_path / "junit.xml"), "--out", str(tmp_path / "out"), "--dask"]
    assert main([*arguments, cluster.address]) == 0
    assert "1 of 1 scenarios passed" in capsys.readouterr().out
    assert main([*arguments, "tcp://127.0.0.1:1"]) == 4
    assert "no Dask scheduler at tcp://127.0.0.1:1" in capsys.readouterr().err


def test_of_a_cluster_that_runs_already_all_threads_are_used(cluster: Dask) -> None:
    until = time.monotonic() + 60  # a worker that an earlier test has killed is started anew
    while threads_of(cluster.address) != JOBS and time.monotonic() < until:
        time.sleep(0.1)
    assert threads_of(cluster.address) == JOBS


def test_without_dask_the_option_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setitem(sys.modules, "distributed", None)
    assert main(["check", str(SCENARIOS / "honest.yaml"), "--dask", "local"]) == 4
    assert "simnet[dask]" in capsys.readouterr().err
