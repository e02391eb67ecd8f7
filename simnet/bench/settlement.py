"""How far provable inference scales: one workload, the share of zero-knowledge proofs swept, until something is full.

Runs ``scenarios/hybrid.yaml`` in process; proofs are simulated, gas is what the EVM uses.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from simnet.measure.catalogue import readings
from simnet.run import Options, run
from simnet.scenario.load import load_scenario
from simnet.scenario.schema import Scenario
from simnet.shipped import shipped

SCENARIO = shipped() / "hybrid.yaml"
SHARES = (0, 10, 20, 40, 60, 80)
"""Per cent of requests that ask for a zero-knowledge proof; half as many of the rest ask for an enclave as for none."""
SYSTEMS = ("ezkl", "jolt_atlas")
"""Whose proof times: what can be run here, and a hundred times as fast."""


@dataclass(frozen=True)
class Swept:
    """One run."""

    system: str
    share: int
    readings: dict[str, float | None]
    gas_share: float
    """Of the blocks in the time in which clients ask, what all transactions would fill."""


def sweep(backend: str = "revm") -> Iterator[Swept]:
    """Every share under every system."""
    for system in SYSTEMS:
        for share in SHARES:
            yield measure(system, share, backend)


def scenario_of(system: str, share: int, backend: str) -> Scenario:
    """The scenario with that share. What it expects is of its own share."""
    rest = 100 - share
    modes = f"{{zkml: {share} %, tee: {rest / 3:.6f} %, vanilla: {rest - round(rest / 3, 6):.6f} %}}"
    changes = [f"clients.modes={modes}", f"strategy.proof_times={system}", f"chain.backend={backend}", "expect=[]"]
    return load_scenario(SCENARIO, changes)


def measure(system: str, share: int, backend: str) -> Swept:
    """One run of the scenario with that share."""
    scenario = scenario_of(system, share, backend)
    with tempfile.TemporaryDirectory() as directory:
        finished = run(scenario, Options(out=Path(directory)))
    found = readings(finished.results.metrics)
    room = scenario.duration / scenario.chain.block_time * scenario.chain.block_gas_limit
    return Swept(system, share, found, (found["gas_total"] or 0.0) / room)
