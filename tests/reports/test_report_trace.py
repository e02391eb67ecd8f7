"""The trace shows the log: a track per node, slices that do not overlap, arrows from request to finality."""

from __future__ import annotations

import io
from collections import defaultdict
from pathlib import Path
from typing import Any

import orjson
import pytest

from reports.source import Run, load_run
from reports.trace import SHOWN, write_trace

Events = list[dict[str, Any]]


@pytest.fixture
def run(troubled_run: Path) -> Run:
    """A run with cheats and faults."""
    return load_run(troubled_run)


@pytest.fixture
def events(run: Run) -> Events:
    """Its trace."""
    file = io.BytesIO()
    write_trace(run, file)
    found: Events = orjson.loads(file.getvalue())["traceEvents"]
    return found


def of(events: Events, phase: str, name: str = "") -> Events:
    """Events of a phase whose name begins like that."""
    return [event for event in events if event["ph"] == phase and event["name"].startswith(name)]


def tracks(events: Events) -> dict[tuple[int, int], str]:
    """Names of tracks."""
    return {(event["pid"], event["tid"]): event["args"]["name"] for event in of(events, "M", "thread_name")}


def test_every_participant_has_a_track_in_the_process_of_its_role(run: Run, events: Events) -> None:
    processes = {event["pid"]: event["args"]["name"] for event in of(events, "M", "process_name")}
    found = {(processes[pid], name) for (pid, _), name in tracks(events).items()}
    assert {(SHOWN[row["role"]], name) for name, row in run.tables.participants.items()} <= found


def test_slices_of_a_track_never_overlap(events: Events) -> None:
    ends: dict[tuple[int, int], float] = defaultdict(float)
    for event in of(events, "X"):
        track = event["pid"], event["tid"]
        assert event["ts"] >= ends[track], tracks(events)[track]
        assert event["dur"] >= 0
        ends[track] = round(event["ts"] + event["dur"], 3)


def test_there_is_a_slice_for_every_execution_check_request_batch_and_block(run: Run, events: Events) -> None:
    executed = [row["purpose"] for row in run.tables.of("executed")]
    assert len(of(events, "X", "answer ")) == executed.count("answer")
    assert len(of(events, "X", "check ")) == executed.count("check")
    assert len(of(events, "X", "request ")) == len(run.tables.of("task_sent"))
    assert len(of(events, "X", "batch ")) == len(run.tables.event("BatchPosted"))
    assert len(of(events, "X", "block ")) == len(run.tables.of("block_mined"))


def test_an_arrow_leads_every_final_task_from_request_to_finality(run: Run, events: Events) -> None:
    arrows: dict[int, Events] = defaultdict(list)
    for event in events:
        if event["ph"] in "stf":
            arrows[event["id"]].append(event)
    slices = [(e["pid"], e["tid"], e["ts"], e["ts"] + e["dur"]) for e in of(events, "X")]
    claims = run.figures.claims
    assert sum(len(arrow) == 4 for arrow in arrows.values()) == claims["final"].notna().sum()
    for arrow in list(arrows.values())[:50]:
        assert "".join(event["ph"] for event in arrow) == "s" + "t" * (len(arrow) - 2) + "f"
        assert [event["ts"] for event in arrow] == sorted(event["ts"] for event in arrow)
        for step in arrow:
            here = (step["pid"], step["tid"])
            assert any(one[:2] == here and one[2] <= step["ts"] <= one[3] for one in slices)


def test_slashes_are_on_the_track_of_who_was_slashed(run: Run, events: Events) -> None:
    names = tracks(events)
    found = [(names[e["pid"], e["tid"]], e["ts"]) for e in of(events, "i", "slashed ")]
    assert found == [(row["name"], row["t"] * 1e6) for row in run.figures.slashes]


CRASH, PARTITION = "full-0 crashed", "eu cut off from all others"


def test_faults_cut_across_everything(events: Events) -> None:
    marks = [(e["name"], e["ts"] / 1e6) for e in of(events, "i") if e["s"] == "g"]
    assert marks == [(CRASH, 60.0), (PARTITION, 110.0), ("the last block replaced", 170.0)]
    lasted = {
        e["name"]: e["dur"] / 1e6 for e in of(events, "X") if tracks(events)[e["pid"], e["tid"]].startswith("faults")
    }
    assert lasted == {CRASH: 40.0, PARTITION: 20.0}


def test_counters_follow_pending_transactions_and_open_batches(run: Run, events: Events) -> None:
    pending = [e["args"]["pending transactions"] for e in of(events, "C", "pending")]
    assert pending == [row["pending"] for row in run.tables.of("block_mined")]
    batches = [e["args"]["open batches"] for e in of(events, "C", "open")]
    assert min(batches) >= 0
    assert batches[-1] == len(run.tables.event("BatchPosted")) - len(run.tables.event("BatchFinal"))
