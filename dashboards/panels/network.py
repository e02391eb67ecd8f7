"""The network: everybody by role, with what is true of them and what the protocol believes side by side."""

from __future__ import annotations

import re
from collections import Counter
from typing import ClassVar

from textual.binding import Binding, BindingType

from dashboards.panel import Panel
from dashboards.participant import belief, outcome, status, trouble, truth
from dashboards.text import Column, Columns, Line, opg
from simnet.measure.state import Node

ROLES = ("inference", "full", "producer", "client")

COLUMNS = Columns(
    Column("", 1),
    Column("node", 12),
    Column("region", 9, rank=2),
    Column("stake OPG", 9, ">", rank=1),
    Column("acts", 5, ">", rank=3),
    Column("in truth", 14, grows=True),
    Column("by the protocol", 18),
    Column("outcome", 13),
)

ORDERS = ("role", "trouble", "stake")


class Network(Panel):
    """Who takes part."""

    TITLE = "1 Network"
    BINDINGS: ClassVar[list[BindingType]] = [*Panel.BINDINGS, Binding("x", "sort", "Sort")]

    order = ORDERS[0]

    def prepare(self, width: int, height: int) -> None:
        """Sort the nodes."""
        self._sorted = sorted(self.scene.state.nodes.values(), key=self._rank)
        self.border_subtitle = f"by {self.order} · x sorts"

    def _rank(self, node: Node) -> tuple[object, ...]:
        role = ROLES.index(node.role) if node.role in ROLES else len(ROLES)
        number = re.search(r"\d+$", node.name)
        place = (role, int(number[0]) if number else 0, node.name)
        if self.order == "trouble":
            return (*trouble(node), *place)
        return (-node.stake * (node.role != "client"), *place) if self.order == "stake" else place

    def top(self, width: int) -> list[Line]:
        """How many there are, what is broken, and the column titles."""
        state = self.scene.state
        roles = Counter(node.role for node in state.nodes.values())
        regions = Counter(node.region for node in state.nodes.values())
        line: Line = [(" · ".join(f"{roles[role]} {role}" for role in ROLES if roles[role]), "strong")]
        line.append(("   " + " · ".join(f"{region} {regions[region]}" for region in sorted(regions)), "dim"))
        broken = list(state.faults.values())
        down = sum(not node.up for node in state.nodes.values())
        broken += [f"{down} down"] if down else []
        faults: list[Line] = [[("↯ " + " · ".join(broken), "warn")]] if broken else []
        return [line, *faults, COLUMNS.header(width)]

    def count(self) -> int:
        """Everybody."""
        return len(self._sorted)

    def line(self, index: int, width: int) -> Line:
        """One participant."""
        node = self._sorted[index]
        stake = opg(node.stake) if node.role in ("inference", "full") else "–"
        acts = str(node.claims + node.checks) if node.role in ("inference", "full") else ""
        cells = [
            status(node),
            (node.name, ""),
            (node.region, "dim"),
            (stake, "bad" if node.slashed else ""),
            (acts, "dim"),
            truth(node),
            belief(node),
            outcome(node, bool(self.scene.state.ended)),
        ]
        return COLUMNS.line(cells, width)

    def subject(self, index: int) -> str | None:
        """The participant's name."""
        return self._sorted[index].name if index < len(self._sorted) else None

    def action_sort(self) -> None:
        """Use the next order."""
        self.order = ORDERS[(ORDERS.index(self.order) + 1) % len(ORDERS)]
        self.update()

    _sorted: list[Node] = []  # noqa: RUF012 - replaced, never changed
