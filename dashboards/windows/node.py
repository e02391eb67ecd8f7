"""A participant: what is true of it, what the protocol made of it, what it did and earned."""

from __future__ import annotations

from chain.quantities import OPG
from dashboards.participant import STAKERS, belief, outcome, status, status_word, truth
from dashboards.text import Line, count, opg
from dashboards.windows.listing import Listing


class NodePanel(Listing):
    """A participant: what is true of it, what it did, what it earned."""

    def top(self, width: int) -> list[Line]:
        """The facts."""
        state = self.scene.state
        node = state.nodes.get(self.about)
        if node is None:
            return [[("not in the run yet", "dim")]]
        mark, style = status(node)
        on = "" if node.processor == "cpu" else f" · models on {node.processor}"
        who = f"{node.role} in {node.region}" + (f" · {node.persona}" if node.persona else "") + on
        lines: list[Line] = [
            [(f"{mark} {status_word(node)}", style), (f"  {who}", "strong"), (f"  {node.address}", "dim")],
            [("in truth    ", "dim"), truth(node)],
            [("by protocol ", "dim"), belief(node), ("  ", ""), outcome(node, bool(state.ended))],
        ]
        if node.role in STAKERS:
            cost = node.macs * state.mac_price
            lines += [
                [("at stake    ", "dim"), (f"{opg(node.stake)} OPG", "strong"), (f", slashed {opg(node.slashed)}", "")],
                [
                    ("earned      ", "dim"),
                    (f"fees {opg(node.fees)}, rewards {opg(node.rewards)}, bounties {opg(node.bounties)}; ", ""),
                    (f"compute {opg(int(cost * OPG))}", "dim"),
                ],
                [
                    ("work        ", "dim"),
                    (f"{node.claims:,} claims, {node.checks:,} checks, {count(node.macs)} MACs", ""),
                ],
                [
                    ("frauds      ", "dim"),
                    (
                        f"{node.committed} committed, {node.detected} detected, {node.finalised} final"
                        + (f", {node.voided} void" if node.voided else ""),
                        "",
                    ),
                ],
            ]
        lines.append([("chain       ", "dim"), (f"{node.transactions} transactions, {count(node.gas)} gas", "")])
        return [*lines, []]
