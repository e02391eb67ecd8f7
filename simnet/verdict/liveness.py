"""The invariant of liveness: whatever was posted comes to an end in time."""

from __future__ import annotations

from simnet.log.events import ContractEvent
from simnet.measure.ledger import Ledger
from simnet.measure.rows import Row
from simnet.verdict.invariant import Found, Invariant


class EveryBatchEnds(Invariant):
    """Every batch is final within the time that its strategy states, counted from its post or, where something
    disturbed the network afterwards, from the end of that: a fault, a dishonest act, transactions without room.

    While participants are down, cut off or impaired by a fault that does not end, nothing is due.
    """

    name = "every_batch_ends"
    kinds = ("run_started", "run_ended", "fault_injected", "fault_ended", "intervention", "cheated", "block_mined")
    events = ("BatchPosted", "BatchFinal")

    def __init__(self, ledger: Ledger) -> None:
        super().__init__(ledger)
        self._bound = 0.0
        self._quiet = self._now = 0.0
        self._lasting: dict[int, str] = {}
        """Faults under which participants are down, cut off or impaired, and what each says."""
        self._open: dict[str, float] = {}
        self._slow: list[tuple[str, float, float]] = []
        """Batches that took longer, with the times of their post and finality: something may have disturbed them."""
        self._final = 0

    def on(self, row: Row) -> None:
        self._now = max(self._now, row["t"])
        if row["kind"] == "run_started":
            self._bound = row.get("finality_bound_s", 0.0)
        elif row["kind"] == ContractEvent.kind:
            self._follow(row["event"], row["args"]["batch"], row["t"])
        elif row["kind"] != "run_ended" and row.get("pending", 1):
            self._quiet = max(self._quiet, row["t"])
        if row["kind"] == "fault_injected" and row["lasts"] and row["condition"]:
            self._lasting[row["fault"]] = row["says"]
        elif row["kind"] == "fault_ended" and row["whole"]:
            self._lasting.pop(row["fault"], None)

    def _follow(self, event: str, batch: str, time_s: float) -> None:
        if event == "BatchPosted":
            self._open[batch] = time_s
        elif batch in self._open:
            self._final += 1
            posted = self._open.pop(batch)
            if time_s > posted + self._bound:
                self._slow.append((batch, posted, time_s))

    def finding(self) -> Found:
        if not self._bound:
            return True, "the log states no time within which a batch is final"
        if self._lasting:
            return True, f"not judged, since a fault never ended: {next(iter(self._lasting.values()))}"
        ends = [*self._slow, *((batch, posted, float("inf")) for batch, posted in self._open.items())]
        overdue = [one for one in ends if min(one[2], self._now) > self._due(one[1])]
        if overdue:
            batch, posted, final = overdue[0]
            end = "still open" if final > self._now else f"final at {final:g} s"
            batches = f"{len(overdue)} of {self._final + len(self._open)} batches took longer than {self._bound:g} s"
            return False, f"{batches}: {batch[:10]}, posted at {posted:g} s, due at {self._due(posted):g} s, is {end}"
        waiting = f"; {len(self._open)} are open and not due yet" if self._open else ""
        return True, f"{self._final:,} batches final within {self._bound:g} s of their post or a disturbance{waiting}"

    def _due(self, posted: float) -> float:
        return max(posted, self._quiet) + self._bound
