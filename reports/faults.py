"""What was broken, and from when to when."""

from __future__ import annotations

from dataclasses import dataclass, replace

from simnet.log.tables import Tables


@dataclass(frozen=True)
class Fault:
    """A fault and how long it lasted."""

    verb: str
    text: str
    """What happened, in words."""
    targets: tuple[str, ...]
    condition: str
    """What the targets were while it lasted: ``down``, ``cut off``, ``impaired``, or nothing in particular."""
    start: float
    end: float
    """Equal to `start` for what is over at once, such as a reorg."""


def faults(tables: Tables) -> list[Fault]:
    """Every fault of a run, in order; one that was never undone lasts to the end."""
    found: dict[int, Fault] = {}
    for row in tables.of("fault_injected"):
        end = tables.end_s if row["lasts"] else row["t"]
        targets = tuple(row["targets"])
        found[row["fault"]] = Fault(row["verb"], row["says"], targets, row["condition"], row["t"], end)
    for row in tables.of("fault_ended"):
        if row["whole"]:
            found[row["fault"]] = replace(found[row["fault"]], end=row["t"])
    return list(found.values())
