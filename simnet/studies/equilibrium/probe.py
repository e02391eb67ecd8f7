"""One run at one value of the quantity under test: how many participants prefer which action in the end.

What a participant prefers is its last recorded change of mind: the action that has paid it best, by its own books, when
everything is decided. Who has not seen both actions pay is not counted.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from chain.errors import SimnetError
from simnet.log.events import read_log
from simnet.log.tables import Row
from simnet.run import Options, run
from simnet.scenario.equilibrium import Tipping
from simnet.scenario.load import load_scenario
from simnet.studies.equilibrium.fit import Chosen


class ProbeFailed(SimnetError):
    """A run of a search cannot be trusted."""

    exit_code = 4


@dataclass(frozen=True)
class Probe:
    """A run to be done, in whichever process."""

    file: Path
    overrides: tuple[str, ...]
    value: float
    number: int
    """Each run has another seed, so that its participants' experience is their own."""


@dataclass(frozen=True)
class Probed:
    """What it showed."""

    probe: Probe
    chosen: Chosen
    seed: int
    tasks: int
    wall_s: float


def carry_out(probe: Probe) -> Probed:
    """Run a scenario with this value. Raises `ProbeFailed`, which can be sent from process to process."""
    tipping = tipping_of(probe.file, probe.overrides)
    scenario = load_scenario(probe.file, (*probe.overrides, tipping.setting(probe.value)))
    scenario = scenario.model_copy(update={"seed": scenario.seed + probe.number})
    with tempfile.TemporaryDirectory(prefix="simnet-equilibrium-") as directory:
        finished = run(scenario, Options(out=Path(directory)))
        if finished.failure is not None:
            raise ProbeFailed(f"{tipping.id} at {probe.value:g} failed: {finished.failure}")
        preferred = preferences(read_log(finished.directory / "events.jsonl"), tipping)
    broken = [found.name for found in finished.results.invariants if not found.held]
    if broken:
        raise ProbeFailed(f"{tipping.id} at {probe.value:g} broke the invariant {broken[0]}")
    turned = sum(action == tipping.turns_to for action in preferred)
    chosen = Chosen(probe.value, turned, len(preferred))
    results = finished.results
    return Probed(probe, chosen, scenario.seed, results.metrics["tasks_total"].n, results.wall_s)


def tipping_of(file: Path, overrides: tuple[str, ...] = ()) -> Tipping:
    """The statement of a scenario file. Raises `ScenarioErrors`, and `ProbeFailed` if it has none."""
    tipping = load_scenario(file, overrides).tipping
    if tipping is None:
        raise ProbeFailed(f"{file} has no section 'tipping'", "it says what to vary, and who changes its mind")
    return tipping


def preferences(log: Iterable[Row], tipping: Tipping) -> list[str]:
    """The action that each participant prefers in the end, of those who have seen more than one pay."""
    last: dict[str, Row] = {}
    known: dict[str, dict[str, bool]] = {}
    for row in log:
        if row["kind"] == "decided" and row["behaviour"] == tipping.who:
            known.setdefault(row["node"], {}).update(dict.fromkeys(row["expected"], True))
            if row["subject"] == tipping.about:
                last[row["node"]] = row
    return [row["action"] for node, row in last.items() if len(known[node]) > 1]
