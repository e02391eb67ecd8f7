"""Each scenario of a strategy shows its point: what the strategy stops, or what it lets through."""

from __future__ import annotations

from pathlib import Path

import pytest

from simnet.run import Options, run
from simnet.scenario.load import load_scenario
from simnet.verdict.results import PASS
from tests.source import ROOT

SCENARIOS = sorted(ROOT.glob("scenarios/strategies/*.yaml"))


@pytest.mark.long
@pytest.mark.parametrize("path", SCENARIOS, ids=lambda path: path.stem)
def test_a_scenario_shows_its_point(path: Path, tmp_path: Path) -> None:
    pytest.importorskip("pyrevm")
    results = run(load_scenario(path, ["chain.backend=revm"]), Options(out=tmp_path)).results
    assert results.outcome == PASS, results.reason
