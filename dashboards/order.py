"""Tables that can be sorted by any of their columns."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, ClassVar

from textual.binding import Binding, BindingType

from dashboards.panel import Panel
from simnet.measure.subjects import Node

Key = Callable[[Node], Any]


class Sorted(Panel):
    """A panel of participants in an order that somebody chooses."""

    ORDERS: ClassVar[Mapping[str, Key]] = {}
    """What each order compares, by the name that it is shown under; the first is that of the beginning."""

    BINDINGS: ClassVar[list[BindingType]] = [
        *Panel.BINDINGS,
        Binding("x", "sort(1)", "Sort"),
        Binding("X", "sort(-1)", "Sort before", show=False),
        Binding("r", "reverse", "Reverse", show=False),
    ]

    order = ""
    backwards = False

    def in_order(self, nodes: Iterable[Node]) -> list[Node]:
        """The nodes, sorted; those that are equal by what they are called."""
        name = self.order or next(iter(self.ORDERS))
        self.border_subtitle = f"by {name}{', reversed' if self.backwards else ''} · x X sort, r reverses"
        key = self.ORDERS[name]
        return sorted(nodes, key=lambda node: (key(node), by_role(node)), reverse=self.backwards)

    def action_sort(self, steps: int) -> None:
        """Use the next order."""
        names = [*self.ORDERS]
        place = names.index(self.order) if self.order else 0
        self.order = names[(place + steps) % len(names)]
        self.cursor = 0
        self.update()

    def action_reverse(self) -> None:
        """The last come first."""
        self.backwards = not self.backwards
        self.cursor = 0
        self.update()


ROLES = ("inference", "full", "producer", "client")


def by_role(node: Node) -> tuple[int, int, str]:
    """Role, and number within it."""
    role = ROLES.index(node.role) if node.role in ROLES else len(ROLES)
    number = "".join(filter(str.isdigit, node.name.rpartition("-")[2]))
    return role, int(number or 0), node.name
