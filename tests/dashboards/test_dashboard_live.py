"""A run in a process of its own: it writes the same log, obeys, and ends when nobody is there any more."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import orjson
import pytest

from dashboards.live_run import Engine, EngineCrashed
from simnet.log.events import read_log
from simnet.run import Options, run
from tests.small import scenario

pytest.importorskip("pyrevm")

PATIENCE_S = 60.0


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    """The small scenario, begun at a slow pace."""
    started = Engine(scenario(), tmp_path / "live", 1.0, "test")
    until(started, lambda: started.log is not None)
    yield started
    started.stop()
    started.wait()


def until(engine: Engine, happened: Callable[[], bool]) -> None:
    """Wait until it has, while the engine runs."""
    end = time.monotonic() + PATIENCE_S
    while engine.running and not happened() and time.monotonic() < end:
        engine.poll(0.05)
    assert happened(), engine.error


def kinds(engine: Engine) -> list[str]:
    """Kinds of the rows that the engine has written."""
    assert engine.log is not None
    return [row["kind"] for row in read_log(engine.log)]


@pytest.mark.long
def test_a_run_that_is_paused_stepped_and_hurried_writes_the_same_log(engine: Engine, tmp_path: Path) -> None:
    engine.toggle()
    refused: list[str] = []
    engine.on_refusal = refused.append
    engine.inject("crash: [nobody]")
    until(engine, lambda: bool(refused))
    assert "unknown node 'nobody'" in refused[0]

    before = kinds(engine)
    engine.step()
    until(engine, lambda: len(kinds(engine)) > len(before))
    before = kinds(engine)
    engine.step("block_mined")
    until(engine, lambda: kinds(engine).count("block_mined") > before.count("block_mined"))
    assert kinds(engine).count("block_mined") == before.count("block_mined") + 1, "it pauses there"

    engine.set_speed(0.0)
    engine.toggle()
    until(engine, lambda: engine.finished is not None)
    live, plain = engine.result(), run(scenario(), Options(out=tmp_path / "plain"))
    assert live.results.digest == plain.results.digest
    assert (live.directory, live.results.outcome) == (tmp_path / "live", plain.results.outcome)


def test_an_engine_that_is_killed_is_reported(engine: Engine) -> None:
    pid = engine._process.pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    until(engine, lambda: engine.crashed)
    with pytest.raises(EngineCrashed, match="by signal 9"):
        engine.result()


def test_an_engine_without_a_dashboard_ends_by_itself(engine: Engine) -> None:
    engine._connection.close()
    engine._process.join(PATIENCE_S)
    assert engine._process.exitcode is not None
    assert engine.log is not None
    results = orjson.loads((engine.log.parent / "results.json").read_bytes())
    assert results["outcome"] == "inconclusive", "it ends with what there is"
    engine.error = EngineCrashed("its pipe was closed")


def test_what_keeps_a_run_from_starting_is_raised_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    engine = Engine(scenario(), tmp_path / "file" / "below", 0.0, "test")
    engine.wait()
    with pytest.raises(Exception, match="cannot write to"):
        engine.result()
