"""What `simnet diff` holds against each other: the directory of a run, or of a comparison, read and judged anew."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from reports.source import Run, UnreadableRun, load_run, read_json
from simnet.batch.work import FINISHED
from simnet.log.events import COMPLETED
from simnet.studies.comparison.comparison import FORMAT, JSON, SCENARIO
from simnet.studies.comparison.diff import Side
from simnet.studies.comparison.evidence import Evidence, gather
from simnet.studies.comparison.plan import RUNS
from simnet.verdict.results import INCONCLUSIVE

MEASURED = "time was measured, so that runs of one seed differ"


def read_sides(first: Path, second: Path) -> tuple[Side, Side]:
    """Both directories. Raises `UnreadableRun`, also where one is a run and the other a comparison."""
    compared = [(path / JSON).is_file() for path in (first, second)]
    if all(compared):
        return comparison_side(first), comparison_side(second)
    if not any(compared):
        return run_side(first), run_side(second)
    one, other = (first, second) if compared[0] else (second, first)
    run_side(other)  # says so if it is no run either
    raise UnreadableRun(f"{one} is a comparison, {other} is a run", f"a comparison keeps its runs below {one}/{RUNS}")


def run_side(path: Path) -> Side:
    """A run."""
    run = load_run(path)
    results = run.results
    about = f"{results.scenario}, {results.strategy}, seed {results.seed}: {results.outcome}"
    return Side(
        path=path,
        about="; ".join([f"{about}, {results.reason}" if results.outcome == INCONCLUSIVE else about, *results.caveats]),
        scenario=plain(path / SCENARIO),
        manifest=machinery(run),
        evidence={"": (evidence_of(run),)},
        logs=(results.digest,),
        courses=run.state.courses,
        inexact=inexact(run),
    )


def comparison_side(path: Path) -> Side:
    """A comparison, with all its runs that finished."""
    described = read_json(path / JSON)
    if described.get("format") != FORMAT:
        raise UnreadableRun(f"{path / JSON} is of format {described.get('format')}, this simnet reads {FORMAT}")
    scenario = plain(path / SCENARIO)
    scenario["compare"]["strategies"] = {one.pop("label"): one for one in scenario["compare"]["strategies"]}
    evidence: dict[str, list[Evidence]] = {one["label"]: [] for one in described["strategies"]}
    logs, manifest = [], {}
    for one in described["runs"]:
        if one["state"] == FINISHED:
            run = load_run(path / one["directory"])
            evidence[one["label"]].append(evidence_of(run))
            logs.append(run.results.digest)
            manifest = machinery(run)
    return Side(
        path=path,
        about=f"{described['scenario']}, {', '.join(evidence)}: {len(logs)} of {len(described['runs'])} runs finished",
        scenario=scenario,
        manifest=manifest,
        evidence=evidence,
        logs=tuple(logs),
        inexact="" if scenario["compute"]["time"] == "modelled" else MEASURED,
    )


def inexact(run: Run) -> str:
    """Why a figure of a run may differ from another's of the same seed, whatever was changed; empty if it may not."""
    if run.results.measured_time:
        return MEASURED
    if run.state.interventions:
        return "a run was steered by hand"
    return "" if run.state.ended == COMPLETED else "a run did not go on to its end"


def evidence_of(run: Run) -> Evidence:
    """What a run says."""
    return gather(run.state, run.results.seed)


def plain(path: Path) -> dict[str, Any]:
    """A resolved scenario's values. It was valid once: what is asked of scenarios today does not matter here."""
    try:
        found = yaml.safe_load(path.read_bytes())
    except (OSError, yaml.YAMLError):
        found = None
    if not isinstance(found, dict):
        raise UnreadableRun(f"{path} is missing or damaged", "run it again")
    return found


def machinery(run: Run) -> dict[str, Any]:
    """What ran it. What was typed, and the scenario's own name and seed, are no part of that."""
    return {key: part for key, part in run.manifest.items() if key not in ("command", "scenario", "seed")}
