"""Faults: verbs that break the network, a node, the chain or the market at a given time, and mend it again.

The same words are used in scenario files, in the log and on the dashboard.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

from simnet.faults.verbs import Crash, Fault, Heal, Hold, Partition, Price, Release, Reorg, Restart
from simnet.log.events import FaultInjected

if TYPE_CHECKING:
    from simnet.kernel.engine import Engine


def partition(engine: Engine, fault: Partition) -> list[str]:
    """Cut the named nodes and regions off from all others."""
    engine.network.partition(fault.partition)
    return list(fault.partition)


def heal(engine: Engine, fault: Fault) -> list[str]:
    """End the partition."""
    engine.network.heal()
    return []


def hold(engine: Engine, fault: Hold) -> list[str]:
    """Keep messages on one way back."""
    engine.network.hold([fault.hold.from_], [fault.hold.to])
    return [fault.hold.from_, fault.hold.to]


def release(engine: Engine, fault: Fault) -> list[str]:
    """Let held messages go."""
    engine.release()
    return []


def crash(engine: Engine, fault: Crash) -> list[str]:
    """Stop nodes."""
    names = engine.network.members(fault.crash)
    for name in names:
        engine.crash(engine.hosts[name])
    return list(names)


def restart(engine: Engine, fault: Any) -> list[str]:
    """Start nodes again."""
    names = engine.network.members(fault.restart if isinstance(fault, Restart) else fault.crash)
    for name in names:
        engine.restart(engine.hosts[name])
    return list(names)


def reorg(engine: Engine, fault: Reorg) -> list[str]:
    """Replace the last blocks."""
    return [str(engine.ledger.reorg(fault.reorg))]


def price(engine: Engine, fault: Price) -> list[str]:
    """Change what OPG is worth."""
    engine.opg_price = fault.price
    return [f"{fault.price:g}"]


def restore_price(engine: Engine, fault: Price) -> list[str]:
    """OPG is worth again what it was when the run began."""
    engine.opg_price = 1.0
    return ["1"]


VERBS: dict[type[Fault], tuple[str, Callable[[Engine, Any], list[str]]]] = {
    Partition: ("partition", partition),
    Heal: ("heal", heal),
    Hold: ("hold", hold),
    Release: ("release", release),
    Crash: ("crash", crash),
    Restart: ("restart", restart),
    Reorg: ("reorg", reorg),
    Price: ("price", price),
}
"""What each fault of a scenario does."""

UNDO: dict[type[Fault], tuple[str, Callable[[Engine, Any], list[str]]]] = {
    Partition: ("heal", heal),
    Hold: ("release", release),
    Crash: ("restart", restart),
    Price: ("price", restore_price),
}
"""What ends a fault that was given a duration."""


def schedule(engine: Engine, faults: Iterable[Fault]) -> None:
    """Have each fault happen at its time, and end after its duration."""
    for fault in faults:
        inject(engine, fault.at, fault, *VERBS[type(fault)])
        if fault.lasts is not None:
            inject(engine, fault.at + fault.lasts, fault, *UNDO[type(fault)])


def inject(engine: Engine, at_s: float, fault: Fault, verb: str, act: Callable[[Engine, Any], list[str]]) -> None:
    """Have one verb happen at its time, and say so in the log."""

    def happen(_: Any) -> None:
        targets = act(engine, fault)
        engine.log.append(engine.now, FaultInjected(verb, targets))

    engine.after(at_s - engine.now, happen)
