"""The description of any row of the log, and the group that it is in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from nodes.records import RECORDS, Cheated, Description
from simnet.log.contract_events import of_event
from simnet.log.events import ContractEvent, PaymentEvent, Row

EMITTED = (ContractEvent.kind, PaymentEvent.kind)
"""Kinds of row that hold a contract's event."""


class Described(NamedTuple):
    """A row's description, and the values that it speaks of: a contract event's arguments, or else the row's fields."""

    description: Description
    values: Mapping[str, Any]

    @property
    def says(self) -> str:
        """The sentence, to be filled with the values."""
        return self.description.says

    def about(self) -> list[Any]:
        """Values that name the participants, tasks and batches that the row is about."""
        return [self.values[name] for name in self.description.subjects]


def described(row: Row) -> Described | None:
    """What readers show of a row; ``None`` if nobody described its kind."""
    if row["kind"] in EMITTED and (event := of_event(row["contract"], row["event"])):
        return Described(event, row["args"])
    known = RECORDS.get(row["kind"])
    return Described(known[1], row) if known else None


def group_of(row: Row) -> str:
    """The group of a row. Dishonest checks have one of their own: there are many, and little to see in each."""
    if row["kind"] == Cheated.kind and row["act"] == "check":
        return "shirking"
    found = described(row)
    return found.description.group if found else "other"
