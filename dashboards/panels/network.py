"""The network: everybody by role, with what is true of them and what the protocol believes side by side."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from typing import ClassVar

from textual.binding import Binding, BindingType

from dashboards.panel import Panel
from dashboards.participant import belief, outcome, status, trouble, truth
from dashboards.text import Column, Columns, Line, opg
from simnet.measure.state import Node

ROLES = ("inference", "full", "producer", "client")


def columns(nodes: Iterable[Node], width: int) -> Columns:
    """What a table of that width shows; names are shown whole, whatever else has to go."""
    nodes = list(nodes)
    longest = max((len(node.name) for node in nodes), default=0)
    truths = max((len(truth(node)[0]) for node in nodes), default=0)
    return Columns(
        Column("", 1),
        Column("node", max(11, longest)),
        Column("region", 9, rank=3),
        Column("stake OPG", 9, ">", rank=2),
        Column("acts", 5, ">", rank=4),
        Column("in truth", max(14, min(truths, width - longest - 18)), grows=True),
        Column("by the protocol", 18, rank=1),
        Column("outcome", 13),
    )


ORDERS = ("outcome", "role", "stake")


class Network(Panel):
    """Who takes part."""

    TITLE = "1 Network"
    BINDINGS: ClassVar[list[BindingType]] = [*Panel.BINDINGS, Binding("x", "sort", "Sort")]

    order = ORDERS[0]

    def prepare(self, width: int, height: int) -> None:
        """Sort the nodes."""
        self._sorted = sorted(self.scene.state.nodes.values(), key=self._rank)
        self._columns = columns(self._sorted, width)
        self.border_subtitle = f"by {self.order} · x sorts"

    def _rank(self, node: Node) -> tuple[object, ...]:
        role = ROLES.index(node.role) if node.role in ROLES else len(ROLES)
        number = re.search(r"\d+$", node.name)
        place = (role, int(number[0]) if number else 0, node.name)
        if self.order == "outcome":
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
        return [line, *faults, self._columns.header(width)]

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
        return self._columns.line(cells, width)

    def subject(self, index: int) -> str | None:
        """The participant's name."""
        return self._sorted[index].name if index < len(self._sorted) else None

    def action_sort(self) -> None:
        """Use the next order."""
        self.order = ORDERS[(ORDERS.index(self.order) + 1) % len(ORDERS)]
        self.update()

    _sorted: list[Node] = []  # noqa: RUF012 - replaced, never changed
    _columns = columns((), 0)
