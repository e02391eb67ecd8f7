"""What was broken, and from when to when."""

from __future__ import annotations

from dataclasses import dataclass, replace

from simnet.log.tables import Tables

MENDS = {"heal": "partition", "release": "hold", "restart": "crash"}
"""Which verb ends which."""


@dataclass(frozen=True)
class Fault:
    """A fault and how long it lasted."""

    verb: str
    targets: tuple[str, ...]
    start: float
    end: float
    """Equal to `start` for what is over at once, such as a reorg."""

    @property
    def text(self) -> str:
        """The fault in words."""
        return f"{self.verb} {', '.join(self.targets)}"


def faults(tables: Tables) -> list[Fault]:
    """Every fault of a run, in order; one that was never mended lasts to the end."""
    found: list[Fault] = []
    for row in tables.of("fault_injected"):
        verb, targets, now = row["verb"], tuple(row["targets"]), row["t"]
        mended = MENDS.get(verb, "partition" if verb == "partition" else "")
        found = [replace(fault, end=now) if ends(fault, mended, targets, now) else fault for fault in found]
        if verb not in MENDS:
            lasting = verb in MENDS.values()
            found.append(Fault(verb, targets, now, tables.ended["t"] if lasting else now))
    return found


def ends(fault: Fault, verb: str, targets: tuple[str, ...], now: float) -> bool:
    """Whether a fault of this kind is mended now; a restart mends the crash of those nodes only."""
    return fault.verb == verb and fault.end > now and (verb != "crash" or set(fault.targets) <= set(targets))
