"""Money: what each node has at stake, earned and lost; and what external clients paid and gateways got."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

from chain.quantities import OPG
from dashboards.export import Table, exact
from dashboards.order import Key, Sorted
from dashboards.participant import STAKERS
from dashboards.text import Column, Columns, Line, Span, opg, pair
from simnet.measure.external import Party
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

PARTIES = Columns(
    Column("on the payment chain", 20, grows=True),
    Column("answers", 7, ">"),
    Column("worth", 8, ">"),
    Column("got", 8, ">", rank=1),
    Column("gave", 8, ">", rank=1),
    Column("in channels", 11, ">", rank=2),
    Column("net", 9, ">"),
)


class Money(Sorted):
    """The nodes' accounts, in OPG; those who lost most come first."""

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
        self._parties = [(address, one) for address, one in self.scene.state.external.ranked if one.took_part]

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
            *(self._served(width) if self._parties else [COLUMNS.header(width)]),
        ]

    def _served(self, width: int) -> list[Line]:
        """What external clients were served, and what of it was collected."""
        external = self.scene.state.external
        served: Line = [
            ("served ", "dim"),
            (opg(external.worth), "strong"),
            (f" in {external.answers:,} answers", "dim"),
        ]
        served += [(f" · {external.unpaid:,} unpaid", "bad")] if external.unpaid else []
        collected: Line = [("collected ", "dim"), (opg(external.collected), "strong")]
        return [pair(served, collected, width), PARTIES.header(width)]

    def count(self) -> int:
        """Every node with a stake; external clients and gateways before them, and then a title between."""
        return len(self._books) + (len(self._parties) + 1 if self._parties else 0)

    def line(self, index: int, width: int) -> Line:
        """One node's account, or one party's."""
        if self._parties:
            if index < len(self._parties):
                return self._party(*self._parties[index], width)
            if index == len(self._parties):
                return COLUMNS.header(width)
            index -= len(self._parties) + 1
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

    def _party(self, address: str, party: Party, width: int) -> Line:
        """What somebody was answered or did answer, and how its balance changed."""
        cells = [
            (party.name or self.scene.state.who(address), ""),
            (f"{party.answers:,}" if party.answers else "", ""),
            (opg(party.worth) if party.answers else "", ""),
            (opg(party.got), "" if party.got else "dim"),
            (opg(party.gave), "" if party.gave else "dim"),
            (opg(party.in_channels), "" if party.in_channels else "dim"),
            gain(party.net),
        ]
        return PARTIES.line(cells, width)

    def subject(self, index: int) -> str | None:
        """The node's name."""
        index -= len(self._parties) + 1 if self._parties else 0
        return self._books[index][1].name if 0 <= index < len(self._books) else None

    def table(self) -> Table:
        """Every node's account, in OPG to the wei."""
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
    _parties: list[tuple[str, Party]] = []  # noqa: RUF012


def gain(net: int) -> Span:
    """What is left over, with its sign."""
    shown = opg(net)
    if shown in ("0", "~0"):
        return shown, "dim"
    return (f"+{shown}", "good") if net > 0 else (shown, "bad")
