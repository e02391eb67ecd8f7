"""The chain: what it carries now, its open batches and its latest blocks; and those of the payment chain."""

from __future__ import annotations

import re

from dashboards.course import amount, curve
from dashboards.export import Table
from dashboards.panel import Panel
from dashboards.text import Column, Columns, Line, bar, clock, count, pair, short
from simnet.log.contract_events import of_event
from simnet.measure.subjects import Batch

BATCHES = Columns(
    Column("batch", 8),
    Column("of", 13),
    Column("claims", 6, ">", rank=2),
    Column("age", 6, ">", rank=1),
    Column("stands at", 12, grows=True),
)
BLOCKS = Columns(
    Column("block", 7, ">"),
    Column("time", 8, ">"),
    Column("txs", 4, ">"),
    Column("gas", 7, ">"),
    Column("pending", 7, ">", rank=1),
    Column("producer", 11, grows=True, rank=2),
)

PAYMENT = "pay "
"""Marks blocks of the payment chain."""

OPEN_MAX = 200
"""Open batches that are listed."""


class Chain(Panel):
    """Blocks and batches."""

    TITLE = "3 Chain"

    def prepare(self, width: int, height: int) -> None:
        """Collect open batches, oldest first, and blocks, newest first."""
        state = self.scene.state
        self._batches = list(state.batches.items())[:OPEN_MAX]
        payments = ((*block, PAYMENT) for block in state.payment_chain.recent)
        self._blocks = sorted([*((*block, "") for block in state.chain.recent), *payments], reverse=True)

    def top(self, width: int) -> list[Line]:
        """Totals and gas over time."""
        state, chain = self.scene.state, self.scene.state.chain
        reorgs = f" · {chain.reorgs} reorg{'s' * (chain.reorgs > 1)}" if chain.reorgs else ""
        reverts = f" · {chain.reverts} reverted" if chain.reverts else ""
        left: Line = [("head ", "dim"), (f"{chain.head}", "strong"), (f" · {chain.blocks} blocks{reorgs}", "")]
        right: Line = [(f"{chain.transactions:,} txs{reverts}", "")]
        settled, opened = state.finalised, len(state.batches)
        per_task = f" · {count(chain.gas / settled)}/inference" if settled else ""
        share = chain.final / (chain.final + opened) if chain.final + opened else 0.0
        batches: Line = [("batches ", "dim"), (bar(share, 8), "accent"), (f" {chain.final} final", "strong")]
        batches += [(f" · {opened} open", ""), (f" · {chain.voided} void" if chain.voided else "", "warn")]
        pending: Line = [(f"{chain.pending} pending", "warn" if chain.pending else "dim")]
        gas = f"gas {count(chain.gas)}{per_task} "
        course = curve(state.courses.gas, amount, width - len(gas), self.scene.duration_s, state.time)
        burnt: Line = [(gas, "dim"), (course, "accent")]
        return [pair(left, right, width), pair(batches, pending, width), burnt, *self._payments(width)]

    def _payments(self, width: int) -> list[Line]:
        """Totals of the chain that clients pay gateways on, if there is one."""
        chain = self.scene.state.payment_chain
        if not chain.blocks:
            return []
        reverts = f" · {chain.reverts} reverted" if chain.reverts else ""
        left: Line = [("payment chain head ", "dim"), (f"{chain.head}", "strong"), (f" · {chain.blocks} blocks", "")]
        return [pair(left, [(f"{chain.transactions:,} txs{reverts} · gas {count(chain.gas)}", "")], width)]

    def count(self) -> int:
        """Open batches and blocks with a title above each."""
        return len(self._batches) + len(self._blocks) + 1 + bool(self._batches)

    def line(self, index: int, width: int) -> Line:
        """A batch or a block."""
        if self._batches:
            if index == 0:
                return BATCHES.header(width)
            if index <= len(self._batches):
                return self._batch_line(*self._batches[index - 1], width)
            index -= len(self._batches) + 1
        if index == 0:
            return BLOCKS.header(width)
        _, number, time_s, transactions, gas, pending, producer, of_which = self._blocks[index - 1]
        cells = [
            (f"{of_which}{number}", "strong"),
            (clock(time_s), ""),
            (str(transactions), ""),
            (count(gas), ""),
            (str(pending), "warn" if pending else "dim"),
            (producer, "dim"),
        ]
        return BLOCKS.line(cells, width)

    def _batch_line(self, batch_id: str, batch: Batch, width: int) -> Line:
        age = f"{self.scene.state.time - batch.built:.0f} s"
        cells = [
            (short(batch_id), ""),
            (batch.node, ""),
            (str(len(batch.tasks)), ""),
            (age, "dim"),
            (stage(batch), "accent"),
        ]
        return BATCHES.line(cells, width)

    def subject(self, index: int) -> str | int | None:
        """The batch, or the block's row."""
        if self._batches:
            if 1 <= index <= len(self._batches):
                return self._batches[index - 1][0]
            index -= len(self._batches) + 1
        return self._blocks[index - 1][0] if 1 <= index <= len(self._blocks) else None

    def table(self) -> Table:
        """The blocks that are listed; the event is that of the block's own row."""
        header = ("event", "block", "time_s", "transactions", "gas", "pending", "producer", "chain")
        return header, self._blocks

    _batches: list[tuple[str, Batch]] = []  # noqa: RUF012 - replaced, never changed
    _blocks: list[tuple[int, int, float, int, int, int, str, str]] = []  # noqa: RUF012


def stage(batch: Batch) -> str:
    """How far a batch has come, by the last kind of event about it."""
    if batch.posted is None:
        return "to be posted"
    event = next(reversed(batch.steps), "BatchPosted")
    times = batch.steps.get(event, 1)
    word = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", event).lower().removeprefix("batch ")
    of_each_member = (described := of_event("", event)) is not None and "member" in described.named
    if of_each_member and batch.seats:
        return f"{word} {times}/{batch.seats}"
    return f"{word} {times}×" if times > 1 else word
