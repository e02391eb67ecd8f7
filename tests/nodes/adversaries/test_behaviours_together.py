"""All behaviours in one network: nothing breaks, and the run repeats bit for bit, on either backend."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from simnet.plugins import behaviours
from simnet.run import Options, run
from simnet.scenario.load import parse_scenario

CROWD = {"inference": 24, "full": 20, "client": 4, "producer": 2}


def everybody(backend: str) -> bytes:
    """A scenario in which each behaviour is shown by somebody, and the chain and the market have their troubles."""
    scenario: dict[str, Any] = {
        "name": "together",
        "duration": "40 s",
        "settle": "60 s",
        "chain": {"backend": backend},
        "models": ["digits_mlp"],
        "clients": {"count": CROWD["client"], "arrivals": "poisson 3/s"},
        "nodes": {role: {"count": count} for role, count in CROWD.items() if role != "client"},
        "economics": {"unbonding": "10 s", "beacon_round": "10 s", "jail": "10 s"},
        "strategy": {"kind": "committee", "size": 9},
        "adversaries": [{"behaviour": kind, "count": member.at_least} for kind, member in behaviours().items()],
        "faults": [{"at": "20 s", "price": 0.5}, {"at": "30 s", "reorg": 1}],
    }
    text: str = yaml.safe_dump(scenario)
    return text.encode()


@pytest.mark.long
def test_everybody_misbehaves_at_once_and_the_books_still_balance(tmp_path: Path) -> None:
    pytest.importorskip("pyrevm")
    digests = []
    for i, backend in enumerate(("revm", "revm", "anvil")):
        finished = run(parse_scenario(everybody(backend)), Options(out=tmp_path / str(i)))
        assert finished.failure is None
        assert [finding.name for finding in finished.results.invariants if not finding.held] == []
        assert finished.results.metrics["tasks_finalised"].value
        digests.append(finished.results.digest)
    assert len(dict.fromkeys(digests)) == 1
