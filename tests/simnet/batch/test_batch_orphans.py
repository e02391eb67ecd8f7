"""However a study ends, none of its processes is left."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from simnet.cli.main import INTERRUPTED as INTERRUPTED_AT_ONCE
from tests.processes import group_is_gone
from tests.source import ROOT

pytest.importorskip("pyrevm")

pytestmark = pytest.mark.slow

CASES = ROOT / "scenarios" / "truth"


def start(scratch: Path) -> subprocess.Popen[bytes]:
    """Two cases of the truth suite that take days, with both workers at their runs; in a session of its own."""
    command = [sys.executable, "-m", "simnet.cli.main", "truth", "GT-14a", "GT-14b", "--jobs", "2"]
    command += ["--directory", str(CASES), "--set", "duration=1000 h", "--set", "clients.arrivals=constant 1/s"]
    study = subprocess.Popen(
        command,
        env={**os.environ, "TMPDIR": str(scratch)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    while len(list(scratch.glob("*/events.jsonl"))) < 2:
        assert study.poll() is None
        time.sleep(0.05)
    return study


@pytest.mark.long
def test_a_killed_study_leaves_no_worker(tmp_path: Path) -> None:
    with start(tmp_path) as study:
        study.kill()
        study.wait()
        assert group_is_gone(study.pid)


@pytest.mark.long
@pytest.mark.parametrize(
    ("how", "everybody"),
    [(signal.SIGINT, True), (signal.SIGTERM, True), (signal.SIGTERM, False), (signal.SIGHUP, False)],
)
def test_ctrl_c_and_its_like_end_its_runs_and_it_says_so(tmp_path: Path, how: signal.Signals, everybody: bool) -> None:
    with start(tmp_path) as study:
        if everybody:  # as a terminal does
            os.killpg(study.pid, how)
        else:
            study.send_signal(how)
        assert study.wait() == 3
        assert group_is_gone(study.pid)
    assert not list(tmp_path.glob("*/events.jsonl"))


@pytest.mark.long
def test_more_than_one_ctrl_c_ends_it_at_once(tmp_path: Path) -> None:
    with start(tmp_path) as study:
        while study.poll() is None:  # the second may come before the first was heard, and a third at the very end
            os.killpg(study.pid, signal.SIGINT)
            time.sleep(0.2)
        assert study.returncode in (3, INTERRUPTED_AT_ONCE, -signal.SIGINT)
        assert group_is_gone(study.pid)
