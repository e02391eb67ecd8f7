"""A metric: one figure of a run, computed from the event log and from nothing else."""

from __future__ import annotations

from dataclasses import dataclass

from simnet.measure.metric import Value, metric, ratio
from simnet.measure.rows import Row


@dataclass
class Traffic:
    """What the metric counts, row by row: the state that simnet's own metrics share has no messages of one kind."""

    messages: int = 0
    tasks: int = 0

    def on(self, row: Row) -> None:
        """Take in the next row of the log."""
        self.messages += row["kind"] == "message_sent"
        self.tasks += row["kind"] == "task_sent"


@metric("messages_per_task", "ratio", kind="simulated", better="lower", rests_on=Traffic)
def messages_per_task(traffic: Traffic) -> Value:
    """Messages that participants sent each other, over requests of clients."""
    return ratio(traffic.messages, traffic.tasks)
