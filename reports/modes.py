"""One row for each mode of proof: what it was asked for, whether it held, how long it took and what it cost."""

from __future__ import annotations

from dataclasses import dataclass

from reports.source import Run
from simnet.log.tables import Tables


@dataclass(frozen=True)
class Mode:
    """What became of the inferences of one mode."""

    name: str
    tasks: int
    posted: int
    frauds: int
    detected: int
    finalised: int
    tampered: int
    """Posted claims with a correct answer on evidence to which their node had no right."""
    tampered_finalised: int
    finality_p50_s: float | None
    finality_p95_s: float | None
    gas: float | None
    """For each posted claim, measured."""


def mode_of(tables: Tables) -> dict[str, str]:
    """The mode that each task was asked for in; those without a choice have none."""
    return {row["task"]: row["mode"] for row in tables.of("terms_set") if row["mode"]}


def modes(run: Run) -> list[Mode]:
    """Every mode that somebody asked for; none where clients have no choice."""
    known, claims = mode_of(run.tables), run.figures.claims
    of_task = claims.index.map(lambda task: known.get(str(task), ""))
    found = []
    for name in sorted(dict.fromkeys(known.values())):
        asked = claims[of_task == name]
        posted = asked[asked["posted"].notna()]
        frauds = posted[posted["fraud"].notna()]
        tampered = posted[posted["fraud"].isna() & posted["tampered"].notna()]
        took = run.state.took.finality_by_mode.get(name)
        found.append(
            Mode(
                name=name,
                tasks=len(asked),
                posted=len(posted),
                frauds=len(frauds),
                detected=int((frauds["outcome"] == "rejected").sum()),
                finalised=int((frauds["outcome"] == "accepted").sum()),
                tampered=len(tampered),
                tampered_finalised=int((tampered["outcome"] == "accepted").sum()),
                finality_p50_s=took.quantile(0.5) if took else None,
                finality_p95_s=took.quantile(0.95) if took else None,
                gas=run.state.settlement.gas_by_mode[name] / len(posted) if len(posted) else None,
            )
        )
    return found
