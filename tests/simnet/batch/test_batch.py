"""Carrying out many runs: in whichever order they end, whatever becomes of one, and until somebody asks to stop."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import BrokenExecutor, Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from simnet.batch.batch import TRIES, WORKER_DIED, Batch, Over, carry_out
from simnet.batch.perform import perform
from simnet.batch.work import FAILED, FINISHED, INTERRUPTED, Work
from simnet.kernel.pace import Stop
from tests.comparison_samples import Here
from tests.simnet.batch.samples import read_tasks, work

pytest.importorskip("pyrevm")


class Mortal(Here):
    """Loses its process over work of one seed, as often as is given, and goes on with another."""

    def __init__(self, seed: int, times: int) -> None:
        super().__init__()
        self.seed, self.times = seed, times

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        if args[0].seed == self.seed and self.times:
            self.times -= 1
            future: Future[Any] = Future()
            future.set_exception(BrokenExecutor())
            return future
        return super().submit(fn, *args, **kwargs)


def by_seed(overs: list[Over[Any]]) -> dict[int, tuple[str, Any]]:
    """State and finding of each."""
    return {over.work.seed: (over.summary.state, over.summary.found) for over in overs}


def test_each_run_is_yielded_with_its_place_and_with_what_was_read_from_it() -> None:
    works = [work(seed=seed, read=read_tasks) for seed in (5, 6, 7)]
    overs = list(carry_out(works, Batch(2, ThreadPoolExecutor)))
    assert {over.number: over.work.seed for over in overs} == {0: 5, 1: 6, 2: 7}
    serial = {one.seed: (FINISHED, perform(one).found) for one in works}
    assert by_seed(overs) == serial
    assert all(found for _, found in serial.values())


def test_a_run_whose_process_died_is_said_to_be_and_run_again() -> None:
    warned: list[str] = []
    batch = Batch(1, lambda _: Mortal(6, times=TRIES - 1), warn=warned.append)
    overs = list(carry_out([work(seed=seed) for seed in (5, 6)], batch))
    assert by_seed(overs) == {5: (FINISHED, None), 6: (FINISHED, None)}
    assert warned == ["the process that ran small, seed 6, died: it is run again"]


def test_a_run_that_kills_every_process_fails_and_the_others_do_not() -> None:
    overs = list(carry_out([work(seed=seed) for seed in (5, 6, 7)], Batch(2, lambda _: Mortal(6, times=TRIES))))
    assert {seed: state for seed, (state, _) in by_seed(overs).items()} == {5: FINISHED, 6: FAILED, 7: FINISHED}
    (reason,) = (over.summary.reason for over in overs if over.work.seed == 6)
    assert reason == WORKER_DIED


def test_no_more_is_begun_than_was_asked_for_at_a_time() -> None:
    going_on, most, changing = 0, 0, threading.Lock()

    class Counting(ThreadPoolExecutor):
        def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
            nonlocal going_on, most
            with changing:
                going_on += 1
                most = max(most, going_on)
            future = super().submit(fn, *args, **kwargs)
            future.add_done_callback(lambda _: leave())
            return future

    def leave() -> None:
        nonlocal going_on
        with changing:
            going_on -= 1

    assert len(list(carry_out([work(seed=seed) for seed in range(6)], Batch(2, Counting)))) == 6
    assert most == 2


def test_a_run_that_is_under_way_is_cut_short_and_not_read(tmp_path: Path) -> None:
    long, stop = work(tmp_path / "run", read=read_tasks, duration="100 h"), Stop()
    with ThreadPoolExecutor(1) as helper:
        over = helper.submit(list, carry_out([long], Batch(1, ThreadPoolExecutor, stop)))
        while not (tmp_path / "run" / "events.jsonl").exists():
            assert not over.done()
            time.sleep(0.01)
        stop.request()
        (one,) = over.result()
    assert (one.summary.state, one.summary.found) == (INTERRUPTED, None)
    assert one.summary.results is not None
    assert one.summary.results.reason == "the run was interrupted"


def test_after_a_request_to_stop_nothing_is_begun() -> None:
    stop = Stop()
    overs = []
    for over in carry_out([work(seed=seed) for seed in (5, 6, 7)], Batch(1, Here, stop)):
        overs.append(over)
        stop.request()
    assert [over.summary.state for over in overs] == [FINISHED, INTERRUPTED, INTERRUPTED]


def test_a_temporary_run_directory_is_gone_once_it_was_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    assert perform(work(read=read_tasks)).found
    assert list(tmp_path.iterdir()) == []


def test_what_fails_says_why_and_what_to_do(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SIMNET_ANVIL", "/nowhere/anvil")
    summary = perform(work(chain={"backend": "anvil"}))
    assert summary.state == FAILED
    assert "/nowhere/anvil" in summary.reason
    assert summary.results is None


def test_units_differ_by_scenario_by_seed_and_by_what_is_read() -> None:
    units = [work(), work(seed=4), work(duration="21 s"), work(read=read_tasks)]
    assert len({one.key for one in units}) == len(units)
    again: Work[Any] = work(Path("elsewhere"))
    assert again.key == units[0].key
