"""Events that a scenario may ask to happen at least once, so that it cannot pass by testing nothing.

What the protocol and its participants do is here; what faults do, each fault's class says (`Fault.sometimes`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType

from simnet.measure.needs import DISPUTES, DISTURBANCE, FRAUD, FULL_CHEATS, REJECTIONS, Need, emits
from simnet.measure.state import State
from simnet.plugins import BadPlugin, faults


@dataclass(frozen=True)
class Happening:
    """Something that can happen in a run."""

    name: str
    says: str
    count: Callable[[State], int]
    """How often it happened."""
    fault: str = ""
    """The fault without which it cannot happen, if there is one."""
    needs: Need | None = None
    """What else it cannot happen without."""


PROTOCOL = (
    Happening("slashed", "somebody was slashed", lambda s: s.chain.slashes.total()),
    Happening(
        "challenge_opened",
        "a claim was disputed on chain",
        lambda s: sum(s.emitted[event] for event in ("Challenged", "Disputed", "Equivocation")),
        needs=DISPUTES,
    ),
    Happening(
        "claim_rejected", "a claim was rejected on chain", lambda s: s.emitted["ClaimRejected"], needs=REJECTIONS
    ),
    Happening("batch_voided", "a batch was thrown out whole", lambda s: s.chain.voided),
    Happening(
        "equivocation_proved",
        "a client proved a contradiction between answer and claim",
        lambda s: s.emitted["Equivocation"],
        needs=FRAUD,
    ),
    Happening("jailed", "a node was jailed", lambda s: s.emitted["Jailed"]),
    Happening("copied_vote", "a full node copied another's vote", lambda s: s.acted("vote"), needs=FULL_CHEATS),
    Happening(
        "missed_reveal", "a vote was committed and never revealed", lambda s: s.missed_reveals, needs=emits("Revealed")
    ),
    Happening("message_lost", "a message never arrived", lambda s: s.lost.total(), needs=DISTURBANCE),
)
"""What the log tells without knowing which fault, if any, was the cause."""


def happenings() -> Mapping[str, Happening]:
    """Every event by name. Raises `BadPlugin` if a fault's has the name of another."""
    found = {one.name: one for one in PROTOCOL}
    for fault in faults().values():
        if fault.sometimes is None:
            continue
        name, says = fault.sometimes
        if name in found:
            hint = "rename one, or uninstall the package that brings it"
            raise BadPlugin(f"two events are called '{name}', one of them that of the fault '{fault.kind}'", hint=hint)
        found[name] = Happening(name, says, partial(injected, fault.kind), fault.kind)
    return MappingProxyType(found)


def injected(verb: str, state: State) -> int:
    """How often a fault happened."""
    return state.injected[verb]
