"""Money: what each node has at stake, earned and lost."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from chain.quantities import OPG
from dashboards.export import Table, exact
from dashboards.order import Key, Sorted
from dashboards.participant import STAKERS
from dashboards.text import Column, Columns, Line, Span, opg, pair
from simnet.measure.subjects import Node

COLUMNS = Columns(
    Column("node", 13, grows=True),
    Column("stake", 8, ">"),
    Column("fees", 8, ">"),
    Column("rewards", 8, ">"),
    Column("bounties", 8, ">", rank=1),
    Column("compute", 8, ">", rank=2),
    Column("slashed", 8, ">"),
    Column("net", 9, ">"),
)


class Money(Sorted):
    """The nodes' books, in OPG; those who lost most come first."""

    TITLE = "6 Money (OPG)"
    ORDERS: ClassVar[Mapping[str, Key]] = {
        "net": lambda node: node.income + node.bounties - node.slashed,
        "name": lambda node: 0,
        "stake": lambda node: -node.stake,
        "fees": lambda node: -node.fees,
        "rewards": lambda node: -node.rewards,
        "bounties": lambda node: -node.bounties,
        "compute": lambda node: -node.macs,
        "slashed": lambda node: -node.slashed,
    }

    def prepare(self, width: int, height: int) -> None:
        """Nodes with what is left over for them; in the beginning, the poorest first."""
        nodes = [node for node in self.scene.state.nodes.values() if node.role in STAKERS]
        self._books = [(self._net(node), node) for node in self.in_order(nodes)]

    def _net(self, node: Node) -> int:
        return node.income + node.bounties - node.slashed - self._compute(node)

    def _compute(self, node: Node) -> int:
        """What its work cost, in wei."""
        return int(node.macs * self.scene.state.mac_price * OPG)

    def top(self, width: int) -> list[Line]:
        """Where money went so far."""
        chain = self.scene.state.chain
        paid: Line = [
            ("fees ", "dim"),
            (opg(chain.fees), "strong"),
            (" · rewards ", "dim"),
            (opg(chain.rewards), "strong"),
        ]
        lost: Line = [("slashed ", "dim"), (opg(chain.slashed), "bad" if chain.slashed else "")]
        flows: Line = [
            ("refunds ", "dim"),
            (opg(chain.refunded), ""),
            (" · bounties ", "dim"),
            (opg(chain.bounties), ""),
        ]
        return [
            pair(paid, lost, width),
            pair(flows, [("burned ", "dim"), (opg(chain.burned), "")], width),
            COLUMNS.header(width),
        ]

    def count(self) -> int:
        """Every node with a stake."""
        return len(self._books)

    def line(self, index: int, width: int) -> Line:
        """One node's books."""
        net, node = self._books[index]
        cells = [
            (node.name, ""),
            (opg(node.stake), ""),
            (opg(node.fees), "dim" if not node.fees else ""),
            (opg(node.rewards), "dim" if not node.rewards else ""),
            (opg(node.bounties), "dim" if not node.bounties else ""),
            (opg(self._compute(node)), "dim"),
            (opg(-node.slashed), "bad" if node.slashed else "dim"),
            gain(net),
        ]
        return COLUMNS.line(cells, width)

    def subject(self, index: int) -> str | None:
        """The node's name."""
        return self._books[index][1].name if index < len(self._books) else None

    def table(self) -> Table:
        """Every node's books, in OPG to the wei."""
        amounts = ("stake", "fees", "rewards", "bounties", "compute", "slashed", "net")
        return ["node", *(f"{amount}_opg" for amount in amounts)], [
            (
                node.name,
                *map(exact, (node.stake, node.fees, node.rewards, node.bounties)),
                *map(exact, (self._compute(node), -node.slashed, net)),
            )
            for net, node in self._books
        ]

    _books: list[tuple[int, Node]] = []  # noqa: RUF012 - replaced, never changed


def gain(net: int) -> Span:
    """What is left over, with its sign."""
    shown = opg(net)
    if shown in ("0", "~0"):
        return shown, "dim"
    return (f"+{shown}", "good") if net > 0 else (shown, "bad")
