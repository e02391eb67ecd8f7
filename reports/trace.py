"""A run in the Chrome trace format, which https://ui.perfetto.dev opens.

A process per role and a track per node: executions and checks as slices, requests and batches on tracks of
their own, blocks and what is pending on the chain's. An arrow follows each task from request to finality.
The format: "Trace Event Format" (Duca, Sinclair; Google, 2016). Times are simulated, in microseconds.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable
from typing import Any, BinaryIO

import orjson

from chain.quantities import OPG
from nodes.identity import SERVICES, Role
from reports.faults import faults
from reports.source import Run
from reports.wording import number
from simnet.log.tables import Tables
from simnet.measure.rows import as_text

PROCESSES = (*(role.value for role in Role if role not in SERVICES), "chain")
"""In the order in which they are shown."""

SHOWN = {"inference": "inference nodes", "full": "full nodes", "producer": "block producers", "client": "clients"}
"""Processes as Perfetto names them, which puts a number after the name: "full 3" would be taken for a node."""

Track = tuple[int, int]
"""Process and thread."""


class Trace:
    """Writes trace events to a file as they come, and names tracks when they are first used."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._file.write(b'{"traceEvents":[')
        self._separator = b""
        self._tracks: dict[tuple[str, str], Track] = {}
        self._busy_until: dict[Track, float] = {}
        for pid, process in enumerate(PROCESSES, start=1):
            self._meta(pid, 0, "process_name", name=SHOWN.get(process, process))
            self._meta(pid, 0, "process_sort_index", sort_index=pid)

    def track(self, process: str, name: str) -> Track:
        """The track of that name."""
        if (process, name) not in self._tracks:
            track = PROCESSES.index(process) + 1, len(self._tracks) + 1
            self._tracks[process, name] = track
            self._meta(*track, "thread_name", name=name)
            self._meta(*track, "thread_sort_index", sort_index=track[1])
        return self._tracks[process, name]

    def lane(self, process: str, name: str, start: float) -> Track:
        """The first track of that name, or of its numbered continuations, on which nothing goes on at `start`."""
        for turn in itertools.count(1):
            track = self.track(process, name if turn == 1 else f"{name} ({turn})")
            if self._busy_until.get(track, -math.inf) <= start:
                return track
        raise AssertionError

    def slice(self, track: Track, name: str, start: float, end: float, **args: Any) -> float:
        """Something that took time. Returns when it starts: where the one before it ends, if that reaches into it."""
        start = max(start, self._busy_until.get(track, start))
        end = max(start, end)
        self._busy_until[track] = end
        dur = round(microseconds(end) - microseconds(start), 3)
        self._add("X", track, start, name=name, dur=dur, args=args)
        return start

    def instant(self, track: Track, name: str, at: float, scope: str = "t", **args: Any) -> None:
        """Something that happened. Scope: the track ("t"), or everything ("g")."""
        self._add("i", track, at, name=name, s=scope, args=args)

    def counter(self, name: str, at: float, value: int) -> None:
        """A quantity from now on."""
        self._add("C", (PROCESSES.index("chain") + 1, 0), at, name=name, args={name: value})

    def flow(self, number: int, stops: Iterable[tuple[Track, float]]) -> None:
        """An arrow through slices, by a moment in each."""
        stops = list(stops)
        for i, (track, at) in enumerate(stops):
            phase = "s" if i == 0 else "f" if i == len(stops) - 1 else "t"
            self._add(phase, track, at, name="task", cat="task", id=number, bp="e")

    def _add(self, phase: str, track: Track, at: float, **fields: Any) -> None:
        self._write({"ph": phase, "pid": track[0], "tid": track[1], "ts": microseconds(at), **fields})

    def _meta(self, pid: int, tid: int, what: str, **args: Any) -> None:
        self._write({"ph": "M", "pid": pid, "tid": tid, "name": what, "args": args})

    def _write(self, event: dict[str, Any]) -> None:
        self._file.write(self._separator + orjson.dumps(event))
        self._separator = b","

    def end(self, about: dict[str, Any]) -> None:
        """Nothing more comes; `about` says what the trace is of."""
        rest = orjson.dumps({"displayTimeUnit": "ms", "otherData": about})
        self._file.write(b"]," + rest[1:])


def microseconds(seconds: float) -> float:
    """Trace time of simulated time, to the nanosecond."""
    return round(seconds * 1e6, 3)


def write_trace(run: Run, file: BinaryIO) -> None:
    """Write the trace file."""
    tables, trace = run.tables, Trace(file)
    for name, row in tables.participants.items():
        trace.track(row["role"], name)
    stops: dict[str, list[tuple[Track, float]]] = {}
    add_requests(trace, run, stops)
    add_executions(trace, tables, stops)
    add_blocks(trace, tables)
    add_batches(trace, tables, stops)
    add_incidents(trace, tables)
    for number_of_task, arrow in enumerate(stops.values(), start=1):
        if len(arrow) > 1:
            trace.flow(number_of_task, arrow)
    results = run.results
    about = {"scenario": results.scenario, "seed": results.seed, "digest": results.digest, "caveats": results.caveats}
    trace.end(about | ({"leftOut": run.left_out} if run.left_out else {}))


def add_requests(trace: Trace, run: Run, stops: dict[str, list[tuple[Track, float]]]) -> None:
    """What clients asked, until they were answered or gave up."""
    failed = {row["task"]: row for row in run.tables.of("task_failed")}
    claims = run.figures.claims
    for task, claim in zip(claims.index, claims.to_dict("records"), strict=True):
        failure = failed.get(str(task), {})
        end = failure.get("t", claim["answered"])
        if math.isnan(end):
            if "task_answered" in run.tables.left_out:
                continue  # the answer may be among what is left out
            end = run.tables.end_s
        track = trace.lane("client", claim["client"], claim["sent"])
        args = {"task": task, "node": claim["node"], "failed": failure.get("reason", "")}
        trace.slice(track, f"request {claim['model']}", claim["sent"], end, **args)
        stops[str(task)] = [(track, claim["sent"])]


def add_executions(trace: Trace, tables: Tables, stops: dict[str, list[tuple[Track, float]]]) -> None:
    """What ran on devices: answers, and checks with their verdicts."""
    people = tables.participants
    verdicts = {(row["node"], row["task"]): row["verdict"] for row in tables.of("claim_checked")}
    lies = {(row["node"], row["subject"]): row["behaviour"] for row in tables.of("cheated")}
    for row in tables.of("executed"):
        node, task, purpose, start = row["node"], row["task"], row["purpose"], row["t"] + row["wait_s"]
        track = trace.track(people[node]["role"], node)
        args = {"task": task, "variant": row["variant"], "macs": row["macs"], "behaviour": lies.get((node, task), "")}
        if purpose == "check":
            args["verdict"] = verdicts.get((node, task), "")
        begin = trace.slice(track, f"{purpose} {row['model']}", start, start + row["busy_s"], **args)
        if purpose == "answer" and task in stops:
            stops[task].append((track, begin))


def add_blocks(trace: Trace, tables: Tables) -> None:
    """Blocks, from each to the next but for a block time at most; transactions that each left pending."""
    track, block_time = trace.track("chain", "blocks"), tables.started["block_time_s"]
    for row in tables.of("block_mined"):
        args = {key: row[key] for key in ("producer", "transactions", "gas_used", "pending")}
        args["undone"] = row["number"] in tables.undone
        trace.slice(track, f"block {row['number']}", row["t"], row["t"] + block_time, **args)
        trace.counter("pending transactions", row["t"], row["pending"])


def add_batches(trace: Trace, tables: Tables, stops: dict[str, list[tuple[Track, float]]]) -> None:
    """Batches from posting to finality, how many are open, and the last steps of their tasks."""
    tasks = {row["batch"]: row["tasks"] for row in tables.of("batch_built")}
    final, names = {row["batch"]: row for row in tables.event("BatchFinal")}, tables.names
    blocks = trace.track("chain", "blocks")
    changes: list[tuple[float, int]] = []
    for row in tables.event("BatchPosted"):
        batch, end = row["batch"], final.get(row["batch"])
        until = end["t"] if end else tables.end_s
        track = trace.lane("inference", f"{names[row['node']]} batches", row["t"])
        verdict = {key: end[key] for key in ("accepted", "rejected", "voided")} if end else {}
        trace.slice(track, f"batch {batch[:10]}", row["t"], until, claims=row["count"], **verdict)
        changes += [(row["t"], 1)] + [(until, -1)] * (end is not None)
        for task in tasks.get(batch, ()):
            stops.get(task, []).extend([(track, row["t"])] + [(blocks, until)] * (end is not None))
    open_now = 0
    for at, change in sorted(changes):
        open_now += change
        trace.counter("open batches", at, open_now)


def add_incidents(trace: Trace, tables: Tables) -> None:
    """Slashes on the track of who was slashed, ground truth on that of who cheated, faults across everything."""
    people, names = tables.participants, tables.names

    def own(name: str) -> Track:
        return trace.track(people[name]["role"], name)

    for row in tables.event("Slashed"):
        name = names[row["node"]]
        text = f"slashed {number(int(row['amount']) / OPG)} OPG: {as_text(row['reason'])}"
        trace.instant(own(name), text, row["t"])
    for row in tables.of("cheated"):
        if row["node"] not in people:
            continue  # a service, which has no track
        trace.instant(own(row["node"]), f"{row['behaviour']}: {row['act']}", row["t"], subject=row["subject"])
    track = trace.track("chain", "faults")
    for fault in faults(tables):
        trace.instant(track, fault.text, fault.start, "g")
        if fault.end > fault.start:
            trace.slice(trace.lane("chain", "faults", fault.start), fault.text, fault.start, fault.end)
