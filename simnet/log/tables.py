"""The event log as tables: what plots and checks of published formulas compute from.

`read_tables` goes through a log once. Contract events that a reorg undid are left out. Metrics and invariants come from
`simnet.measure` and are of the whole log however long it is.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Container, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pandas as pd

from chain.quantities import OPG
from simnet.log.events import ContractEvent, read_log
from simnet.log.events import Row as Row


class Rows:
    """Rows of one kind. Each is kept as a tuple, which takes a third of what a dictionary does, and is made anew for
    whoever looks at it."""

    def __init__(self, rows: Iterable[Row] = ()) -> None:
        self._fields: dict[tuple[str, ...], tuple[str, ...]] = {}
        """Every order of fields that there is, once."""
        self._kept: list[tuple[tuple[str, ...], tuple[Any, ...]]] = []
        for row in rows:
            self.append(row)

    def append(self, row: Row) -> None:
        """Keep one more."""
        fields = tuple(row)
        self._kept.append((self._fields.setdefault(fields, fields), tuple(row.values())))

    def __len__(self) -> int:
        return len(self._kept)

    def __iter__(self) -> Iterator[Row]:
        return (dict(zip(fields, values, strict=True)) for fields, values in self._kept)


NO_FIELDS: Mapping[str, tuple[str, ...]] = MappingProxyType({})


@dataclass
class Tables:
    """A run's log, sorted by kind. Every row has ``t``, simulated seconds, and ``i``, its number in the log."""

    started: Row = field(default_factory=dict)
    ended: Row = field(default_factory=dict)
    """The last line, unless the run was killed."""
    end_s: float = 0.0
    """How far it got."""
    rows: dict[str, Rows] = field(default_factory=dict)
    """Rows of every kind."""
    chain: dict[str, Rows] = field(default_factory=dict)
    """Contract events by name; their arguments are beside the fields that every contract event has."""
    undone: set[int] = field(default_factory=set)
    """Numbers of the blocks that reorgs took back."""
    most: float = math.inf
    """How many rows of a kind, and contract events of a name, are kept: the first ones."""
    counts: Counter[str] = field(default_factory=Counter)
    """How many there are, by kind or by name."""

    @property
    def left_out(self) -> dict[str, int]:
        """How many rows of each kind, or contract events of each name, are not here."""
        return {what: int(count - self.most) for what, count in self.counts.items() if count > self.most}

    def of(self, kind: str) -> list[Row]:
        """Rows of one kind, in order."""
        return list(self.rows.get(kind, ()))

    def event(self, name: str) -> list[Row]:
        """Contract events of one name, in order, reorged ones left out."""
        return list(self.chain.get(name, ()))

    @property
    def blocks(self) -> list[Row]:
        """Blocks of the chain as it is at the end."""
        return [row for row in self.of("block_mined") if row["number"] not in self.undone]

    @property
    def transactions(self) -> list[Row]:
        """Transactions of the chain as it is at the end."""
        return [row for row in self.of("transaction_mined") if row["block"] not in self.undone]

    def frame(self, kind: str, columns: Iterable[str]) -> pd.DataFrame:
        """Rows of one kind as a frame that has these columns even if it is empty."""
        names = list(columns)
        return pd.DataFrame(
            [[row.get(name, math.nan) for name in names] for row in self.rows.get(kind, ())], columns=names
        )

    @cached_property
    def participants(self) -> dict[str, Row]:
        """Everybody by name."""
        return {row["name"]: row for row in self.of("participant_joined")}

    @cached_property
    def names(self) -> dict[str, str]:
        """Participants' names by address."""
        return {row["address"]: row["name"] for row in self.of("participant_joined")}


def read_tables(path: Path, most: float = math.inf, fields: Mapping[str, tuple[str, ...]] = NO_FIELDS) -> Tables:
    """Read a log file; see `make_tables`."""
    return make_tables(read_log(path), most, fields)


def make_tables(
    rows: Iterable[Row], most: float = math.inf, fields: Mapping[str, tuple[str, ...]] = NO_FIELDS
) -> Tables:
    """Sort rows of a log into tables. A text that stands in many rows, as names and ids do, is held once.

    `most` is how many rows of a kind, and contract events of a name, are kept; `fields` is what is kept of each, where
    that is not everything: of a contract event its block at the least.
    """
    tables = Tables(most=most)
    events: dict[str, Rows] = {}
    texts: dict[str, str] = {}
    for row in rows:
        kind, tables.end_s = row["kind"], row["t"]
        what = row["event"] if kind == ContractEvent.kind else kind
        tables.counts[what] += 1
        if tables.counts[what] > most:
            continue
        if kind == ContractEvent.kind:
            row = {**row["args"], **{key: value for key, value in row.items() if key != "args"}}
        if what in fields:
            row = {key: row[key] for key in fields[what]}
        row = {key: texts.setdefault(value, value) if type(value) is str else value for key, value in row.items()}
        if kind == ContractEvent.kind:
            events.setdefault(what, Rows()).append(row)
        elif kind == "run_started":
            tables.started = row
        elif kind == "run_ended":
            tables.ended = row
        else:
            tables.rows.setdefault(kind, Rows()).append(row)
    for row in tables.of("chain_reorged"):
        tables.undone.update(range(row["first"], row["first"] + row["depth"]))
    if tables.undone:
        events = {name: Rows(row for row in rows if row["block"] not in tables.undone) for name, rows in events.items()}
    tables.chain = {name: rows for name, rows in events.items() if len(rows)}
    return tables


def claims(tables: Tables) -> pd.DataFrame:
    """One row per task, with all that became of it; index is the task's id.

    Columns: client, node, model, fee (float OPG), sent, answered, batch, posted, final (seconds or NaN),
    outcome (``accepted``, ``rejected``, ``voided`` or missing), rejected (seconds or NaN), fraud: the behaviour
    that falsified its answer on purpose, or missing; tampered: the one that showed evidence with it to which its node
    had no right, or missing; and extra: whether the client asked for it only to verify.
    """
    frame = tables.frame("task_sent", ("task", "client", "node", "model", "fee", "t")).rename(columns={"t": "sent"})
    frame = frame.set_index("task")
    frame["fee"] = frame["fee"].astype(float) / OPG
    frame["answered"] = _series(tables.of("task_answered"), "task", "t").reindex(frame.index)
    for column, act in (("fraud", "answer"), ("tampered", "evidence")):
        lies = [row for row in tables.of("cheated") if row["act"] == act]
        frame[column] = _series(lies, "subject", "behaviour").reindex(frame.index)
    frame["extra"] = frame.index.isin([row["task"] for row in tables.of("extra_task")])
    return frame.join(_placement(tables, frozenset(frame.index)))


def _series(rows: Iterable[Row], key: str, value: str) -> pd.Series[Any]:
    """Last value of each key."""
    found = {row[key]: row[value] for row in rows}
    return pd.Series(found, dtype=float if value == "t" else object)


def _placement(tables: Tables, tasks: Container[str]) -> pd.DataFrame:
    """Where these tasks' claims ended up: index task, columns batch, posted, final, outcome, rejected."""
    posted = {row["batch"]: row["t"] for row in tables.event("BatchPosted")}
    final = {row["batch"]: row for row in tables.event("BatchFinal")}
    rejected = {(row["batch"], row["index"]): row["t"] for row in tables.event("ClaimRejected")}
    malformed = {row["batch"]: row["t"] for row in tables.event("BatchMalformed")}
    voided = {(row["batch"], row["index"]) for row in tables.event("ClaimVoided")}
    rows = []
    for built in tables.of("batch_built"):
        batch = built["batch"]
        if batch not in posted:
            continue
        end = final.get(batch)
        void_all = end is not None and end["voided"] + end["rejected"] > 0 and end["accepted"] == 0
        for index, task in enumerate(built["tasks"]):
            if task not in tasks:
                continue
            fell = rejected.get((batch, index), malformed.get(batch))
            outcome = None
            if fell is not None:
                outcome = "rejected"
            elif (batch, index) in voided or void_all:
                outcome = "voided"
            elif end is not None:
                outcome = "accepted"
            rows.append((task, batch, posted[batch], end["t"] if end else None, outcome, fell))
    columns = ["task", "batch", "posted", "final", "outcome", "rejected"]
    placed = pd.DataFrame(rows, columns=columns).drop_duplicates("task", keep="last").set_index("task")
    return placed.astype({"posted": float, "final": float, "rejected": float})
