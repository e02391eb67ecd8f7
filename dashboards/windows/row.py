"""One row of the log, field by field."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from dashboards.describe import Who, describe, value_of
from dashboards.panel import Panel
from dashboards.text import Line, opg
from simnet.measure.rows import Row, as_text

if TYPE_CHECKING:
    from dashboards.scene import Scene


class RowPanel(Panel):
    """One row of the log, field by field; what has a window of its own can be opened."""

    def __init__(self, scene: Scene, number: int) -> None:
        super().__init__(scene)
        row = scene.timeline.row(number)
        self._number = number
        self.border_title = f"event #{number} · {row.get('event', row['kind'])}"
        self.border_subtitle = "› opens with enter · y copies · g goes there · esc closes"
        self._sentence = describe(row, scene.state.who)
        self._fields = list(fields_of(row, scene.state.who))
        self._emitted = emitted(scene, number) if row["kind"] == "transaction_mined" else []

    @property
    def number_shown(self) -> int:
        """Its number."""
        return self._number

    def top(self, width: int) -> list[Line]:
        """What it says."""
        return [self._sentence, []]

    def count(self) -> int:
        """Fields, and the events that a transaction gave rise to."""
        return len(self._fields) + len(self._emitted)

    def line(self, index: int, width: int) -> Line:
        """A field or an event."""
        mark: Line = [("› " if self.subject(index) is not None else "  ", "accent strong")]
        if index < len(self._fields):
            key, value = self._fields[index]
            return [*mark, (f"{key:<16} ", "dim"), (value, "accent" if self.subject(index) is not None else "")]
        return [*mark, ("emits ", "dim"), *self.scene.tell(self._emitted[index - len(self._fields)])]

    def subject(self, index: int) -> str | int | None:
        """What the line is about."""
        if index >= len(self._fields):
            return self._emitted[index - len(self._fields)]
        value = self._fields[index][1]
        return value if self.scene.timeline.index.knows(value) else None


AMOUNTS = frozenset(
    ("stake", "fee", "fees", "amount", "burned", "bounty", "paid", "refunded", "toVerifier", "value", "bond")
)
"""Fields that are amounts in wei."""


def fields_of(row: Row, who: Who) -> Iterator[tuple[str, str]]:
    """Name and value of each field of a row and of its arguments; participants by name."""
    for key, value in row.items():
        if key == "args":
            yield from fields_of(value, who)
        elif isinstance(value, list):
            for i, part in enumerate(value):
                yield f"{key}[{i}]", shown(key, part, who)
        else:
            yield key, shown(key, value, who)


def shown(key: str, value: Any, who: Who) -> str:
    """A value for reading; hashes are shown whole, for a person may want to copy one."""
    if key in AMOUNTS and str(value).isdecimal():
        return f"{opg(int(value))} OPG"
    if isinstance(value, str) and value.startswith("0x"):
        named = who(value)
        return as_text(value) if key == "reason" else value if named.endswith("…") else named
    return value_of(value, who)


def emitted(scene: Scene, number: int) -> list[int]:
    """Rows of the contract events of a transaction: those that follow it directly."""
    found = []
    for i in range(number + 1, len(scene.timeline)):
        if scene.timeline.row(i)["kind"] != "contract_event":
            break
        found.append(i)
    return found
