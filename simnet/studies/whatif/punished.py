"""Who was slashed in a run, when, for how much, and whether rightly by the ground truth."""

from __future__ import annotations

from dataclasses import dataclass

from chain.quantities import OPG
from nodes.identity import Role
from simnet.log.events import read_log
from simnet.measure.catalogue import new_measurement
from simnet.measure.rows import as_text
from simnet.run import Finished
from simnet.scenario.schema import Scenario
from simnet.studies.comparison.evidence import Evidence, gather


@dataclass(frozen=True)
class Punishment:
    """A slash."""

    who: str
    at_s: float
    opg: float
    reason: str
    rightly: bool
    """Whether it had done something dishonest before."""


@dataclass(frozen=True)
class Witnessed:
    """What a run says."""

    evidence: Evidence
    punishments: tuple[Punishment, ...]
    participants: int
    """Nodes, which have a stake."""


def witness(_: Scenario, finished: Finished) -> Witnessed:
    """Read a finished run."""
    measurement, found = new_measurement(), []
    for row in read_log(finished.directory / "events.jsonl"):
        measurement.on(row)
        if row["kind"] == "contract_event" and row["event"] == "Slashed":
            node = measurement.fold.state.at(row["args"]["node"])
            if node is not None:
                reason = as_text(row["args"]["reason"])
                found.append(Punishment(node.name, row["t"], int(row["args"]["amount"]) / OPG, reason, bool(node.lies)))
    staked = sum(node.role in (Role.INFERENCE, Role.FULL) for node in finished.state.nodes.values())
    return Witnessed(gather(finished.state, finished.results.seed), tuple(found), staked)
