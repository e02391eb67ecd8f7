"""One seed, one log: in any process, whatever else the machine does, on either chain."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from simnet.cli.twice import first_difference
from simnet.run import Options, run
from simnet.scenario.load import load_scenario
from tests import small
from tests.source import ROOT

pytest.importorskip("pyrevm")

BYZANTINE = ROOT / "scenarios/byzantine.yaml"
SHORT = ("duration=11 min", "settle=60 s", "clients.arrivals=poisson 0.4/s")
"""Long enough for every adversary of the scenario to begin."""
LIAR = [{"behaviour": "quantize", "nodes": ["inference-0"], "probability": "30 %"}]


def start(out: Path, seed: int, hash_seed: int) -> subprocess.Popen[str]:
    """A run in a process of its own, with a hash seed of its own."""
    settings = [part for setting in SHORT for part in ("--set", setting)]
    arguments = ["run", str(BYZANTINE), "--backend", "revm", "--seed", str(seed), "--out", str(out), *settings]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONHASHSEED": str(hash_seed)}
    return subprocess.Popen(
        [sys.executable, "-m", "simnet.cli.main", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=environment,
        cwd=out.parent,
    )


@pytest.mark.long
def test_one_seed_gives_one_log_in_two_processes_at_once_and_another_seed_another(tmp_path: Path) -> None:
    runs = [
        start(tmp_path / name, seed, hash_seed) for name, seed, hash_seed in (("a", 1, 1), ("b", 1, 2), ("c", 2, 1))
    ]
    for process in runs:
        output, _ = process.communicate(timeout=240)
        assert process.returncode in (0, 1), output  # so short a run need not meet the scenario's expectations
    logs = [tmp_path / name / "events.jsonl" for name in "abc"]
    assert first_difference(logs[0], logs[1]) is None
    assert logs[0].stat().st_size > 1_000_000
    assert first_difference(logs[0], logs[2]) is not None


@pytest.mark.slow
def test_anvil_and_revm_give_the_same_log_to_the_last_byte(tmp_path: Path) -> None:
    """Gas, reverts and events included: the same contracts, the same bytecode, the same rules."""
    logs = []
    for backend in ("anvil", "revm"):
        scenario = load_scenario(BYZANTINE, (*SHORT, f"chain.backend={backend}"))
        finished = run(scenario, Options(out=tmp_path / backend))
        assert finished.failure is None
        logs.append(finished.directory / "events.jsonl")
    assert first_difference(*logs) is None


@pytest.mark.slow
@pytest.mark.parametrize("fault", [{"reorg": 3}, {"partition": ["full-0", "full-1"], "for": "40 s"}], ids=str)
def test_they_agree_on_what_faults_do_as_well(tmp_path: Path, fault: dict[str, Any]) -> None:
    logs = []
    for backend in ("anvil", "revm"):
        chosen = small.scenario(chain={"backend": backend}, faults=[{"at": "40 s", **fault}], adversaries=LIAR)
        finished = run(chosen, Options(out=tmp_path / backend))
        assert finished.failure is None
        logs.append(finished.directory / "events.jsonl")
    assert first_difference(*logs) is None


@pytest.mark.slow
@pytest.mark.parametrize(
    "strategy",
    [
        {"kind": "optimistic", "challenge_window": "20 s"},
        {"kind": "optimistic", "challenge_window": "20 s", "sealed": True, "arbiters": 3},
        {"kind": "forced_error", "challenge_window": "20 s", "forced": "50 %"},
    ],
    ids=str,
)
def test_they_agree_on_disputes(tmp_path: Path, strategy: dict[str, Any]) -> None:
    logs = []
    for backend in ("anvil", "revm"):
        chosen = small.scenario(chain={"backend": backend}, strategy=strategy, adversaries=LIAR, duration="1 min")
        finished = run(chosen, Options(out=tmp_path / backend))
        assert finished.failure is None
        assert finished.results.metrics["fraud_detected"].value
        logs.append(finished.directory / "events.jsonl")
    assert first_difference(*logs) is None
