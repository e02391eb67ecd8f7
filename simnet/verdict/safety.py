"""Invariants of safety: what must never happen to a batch, a claim, a task or a block."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from simnet.measure.distribution import key_of
from simnet.measure.ledger import Ledger
from simnet.measure.rows import Row
from simnet.measure.snapshot import Growing
from simnet.verdict.invariant import Found, Invariant


class FinalIsFinal(Invariant):
    """No batch becomes final twice, and no claim of a final batch is rejected."""

    name = "final_is_final"
    events = ("BatchFinal", "ClaimRejected")

    def __init__(self, ledger: Ledger) -> None:
        super().__init__(ledger)
        self._final: dict[str, float] = {}

    def on(self, row: Row) -> None:
        batch = row["args"]["batch"]
        if row["event"] == "ClaimRejected":
            if row["t"] > self._final.get(batch, float("inf")):
                self.offend(f"claim {row['args']['index']} of batch {batch[:10]} was rejected after finality")
        elif batch in self._final:
            self.offend(f"batch {batch[:10]} became final twice")
        else:
            self._final[batch] = row["t"]

    def holds(self) -> str:
        return f"{len(self._final):,} batches final"


@dataclass(slots=True)
class Posted:
    """A batch that is open."""

    node: str
    count: int
    rejected: int = 0
    """Bit per claim."""


class FinalWasPosted(Invariant):
    """Batches become final, and claims fall, that were posted: by that node, with so many claims, each once."""

    name = "final_was_posted"
    events = ("BatchPosted", "ClaimRejected", "ClaimVoided", "BatchMalformed", "BatchFinal")

    def __init__(self, ledger: Ledger) -> None:
        super().__init__(ledger)
        self._open: dict[str, Posted] = {}
        self._claims = 0

    def on(self, row: Row) -> None:
        args, name = row["args"], f"batch {row['args']['batch'][:10]}"
        if row["event"] == "BatchPosted":
            self._open[args["batch"]] = Posted(args["node"], args["count"])
            self._claims += args["count"]
            return
        known = self._open.get(args["batch"])
        if known is None:
            self.offend(f"{name} is not open, and {row['event']} says something of it")
        elif row["event"] == "BatchFinal":
            del self._open[args["batch"]]
            self._close(name, known, args)
        elif row["event"] == "BatchMalformed":
            known.rejected = (1 << known.count) - 1
        elif args["index"] >= known.count:
            self.offend(f"claim {args['index']} of {name} was rejected, which has {known.count}")
        elif row["event"] == "ClaimRejected":
            if known.rejected >> args["index"] & 1:
                self.offend(f"claim {args['index']} of {name} was rejected twice")
            known.rejected |= 1 << args["index"]

    def _close(self, name: str, known: Posted, args: Row) -> None:
        judged = args["accepted"] + args["rejected"] + args["voided"]
        if judged != known.count:
            self.offend(f"{name} has {known.count} claims, and is final with {judged}")
        if known.rejected.bit_count() != args["rejected"]:
            self.offend(f"{name} is final with {args['rejected']} claims rejected, not {known.rejected.bit_count()}")
        if args["node"] != known.node:
            self.offend(f"{name} is final for another node than posted it")

    def holds(self) -> str:
        return f"{self._claims:,} claims posted"


class NoClaimPaidTwice(Invariant):
    """No task's claim stands in two final batches."""

    name = "no_claim_paid_twice"
    kinds = ("batch_built",)
    events = ("ClaimRejected", "ClaimVoided", "BatchFinal")

    def __init__(self, ledger: Ledger) -> None:
        super().__init__(ledger)
        self._tasks: dict[str, list[str]] = {}
        self._fallen: dict[str, set[int]] = {}
        self._stood = Growing("Q")

    def on(self, row: Row) -> None:
        if row["kind"] == "batch_built":
            self._tasks[row["batch"]] = row["tasks"]
            return
        args, batch = row["args"], row["args"]["batch"]
        if row["event"] != "BatchFinal":
            self._fallen.setdefault(batch, set()).add(args["index"])
            return
        tasks, fallen = self._tasks.pop(batch, []), self._fallen.pop(batch, set())
        if args["accepted"]:
            self._stood.extend(key_of(task) for index, task in enumerate(tasks) if index not in fallen)

    def finding(self) -> Found:
        twice = repeated(self._stood)
        return twice == 0, f"{twice:,} of {len(self._stood):,} claims that stand are about a task of another"


class NoTaskTwice(Invariant):
    """No task is answered to its client twice."""

    name = "no_task_twice"
    kinds = ("task_answered",)

    def __init__(self, ledger: Ledger) -> None:
        super().__init__(ledger)
        self._answered = Growing("Q")

    def on(self, row: Row) -> None:
        self._answered.append(key_of(row["task"]))

    def finding(self) -> Found:
        twice = repeated(self._answered)
        return twice == 0, f"{twice:,} of {len(self._answered):,} tasks answered twice"


class TimeNeverRunsBack(Invariant):
    """Block numbers grow by one, and timestamps with them. After a reorg the chain goes on from the same height."""

    name = "time_never_runs_back"
    kinds = ("block_mined", "chain_reorged")

    def __init__(self, ledger: Ledger) -> None:
        super().__init__(ledger)
        self._head: int | None = None
        self._clock = -1
        self._blocks = 0

    def on(self, row: Row) -> None:
        if row["kind"] == "chain_reorged":
            self._head = row["first"] + row["depth"] - 1
            return
        self._blocks += 1
        number, clock = row["number"], row["timestamp"]
        if clock <= self._clock or (self._head is not None and number != self._head + 1):
            self.offend(f"block {number} at {clock} after block {self._head} at {self._clock}")
        self._head, self._clock = number, clock

    def holds(self) -> str:
        return f"{self._blocks:,} blocks"


def repeated(words: Growing) -> int:
    """How many are there more than once, each time but the first counted."""
    return len(words) - len(np.unique(np.asarray(words)))
