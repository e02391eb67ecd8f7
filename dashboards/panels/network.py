"""The network: everybody by role, with what is true of them and what the protocol believes side by side."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import ClassVar

from dashboards.export import Table, exact
from dashboards.order import ROLES, Key, Sorted
from dashboards.participant import belief, outcome, status, status_word, trouble, truth
from dashboards.text import Column, Columns, Line, opg, pair
from simnet.measure.subjects import Node


def columns(nodes: Sequence[Node], width: int, ended: bool) -> Columns:
    """What a table of that width shows, no wider than need be; names are shown whole, whatever else has to go."""
    name = longest(11, (node.name for node in nodes))
    verdict = longest(9, (outcome(node, ended)[0] for node in nodes))
    truths = longest(14, (truth(node)[0] for node in nodes))
    return Columns(
        Column("", 1),
        Column("node", name),
        Column("region", 9, rank=3),
        Column("stake OPG", 9, ">", rank=2),
        Column("acts", 5, ">", rank=4),
        Column("in truth", max(14, min(truths, width - name - verdict - 4)), grows=True),
        Column("by protocol", longest(11, (belief(node)[0] for node in nodes)), rank=1),
        Column("outcome", verdict),
    )


def longest(least: int, texts: Iterable[str]) -> int:
    """The room that all of these need, and no less than `least`."""
    return max([least, *map(len, texts)])


class Network(Sorted):
    """Who takes part."""

    TITLE = "1 Network"
    ORDERS: ClassVar[Mapping[str, Key]] = {
        "outcome": trouble,
        "role": lambda node: 0,
        "name": lambda node: node.name,
        "region": lambda node: node.region,
        "stake": lambda node: -node.stake * (node.role != "client"),
        "acts": lambda node: -node.claims - node.checks,
        "behaviour": lambda node: (not node.behaviours, node.behaviours),
        "slashes": lambda node: -node.slashes,
        "status": lambda node: (status_word(node) == "up", status_word(node)),
    }

    def prepare(self, width: int, height: int) -> None:
        """Sort the nodes."""
        self._sorted = self.in_order(self.scene.state.nodes.values())
        self._columns = columns(self._sorted, width, bool(self.scene.state.ended))

    def top(self, width: int) -> list[Line]:
        """How many there are, what is broken, and the column titles."""
        state = self.scene.state
        roles = Counter(node.role for node in state.nodes.values())
        regions = Counter(node.region for node in state.nodes.values())
        everybody: Line = [(" · ".join(f"{roles[role]} {role}" for role in ROLES if roles[role]), "strong")]
        places = " · ".join(f"{region} {regions[region]}" for region in sorted(regions))
        line = pair(everybody, [(places, "dim")], width)
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

    def table(self) -> Table:
        """Everybody, with what is counted of them; stake in OPG."""
        ended = bool(self.scene.state.ended)
        header = "node role region status stake_opg claims checks behaviours dishonest_acts slashes refused outcome"
        return header.split(), [
            (
                node.name,
                node.role,
                node.region,
                status_word(node),
                exact(node.stake),
                node.claims,
                node.checks,
                "+".join(node.behaviours),
                node.lies,
                node.slashes,
                node.refused,
                outcome(node, ended)[0].lstrip("✓✗…· "),
            )
            for node in self._sorted
        ]

    _sorted: list[Node] = []  # noqa: RUF012 - replaced, never changed
    _columns = columns((), 0, ended=False)
