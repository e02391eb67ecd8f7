"""Events that a scenario may ask to happen at least once, so that it cannot pass by testing nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from simnet.measure.state import State


@dataclass(frozen=True)
class Happening:
    """Something that can happen in a run."""

    name: str
    says: str
    count: Callable[[State], int]
    """How often it happened."""


HAPPENINGS: Mapping[str, Happening] = MappingProxyType(
    {
        one.name: one
        for one in (
            Happening("slashed", "somebody was slashed", lambda s: s.chain.slashes.total()),
            Happening(
                "challenge_opened",
                "a claim was disputed on chain",
                lambda s: sum(s.emitted[event] for event in ("Challenged", "Disputed", "Equivocation")),
            ),
            Happening("claim_rejected", "a claim was rejected on chain", lambda s: s.emitted["ClaimRejected"]),
            Happening("batch_voided", "a batch was thrown out whole", lambda s: s.chain.voided),
            Happening(
                "equivocation_proved",
                "a client proved a contradiction between answer and claim",
                lambda s: s.emitted["Equivocation"],
            ),
            Happening("jailed", "a node was jailed", lambda s: s.emitted["Jailed"]),
            Happening("copied_vote", "a full node copied another's vote", lambda s: s.acted("vote")),
            Happening("missed_reveal", "a vote was committed and never revealed", lambda s: s.missed_reveals),
            Happening("partitioned", "the network was partitioned", lambda s: s.injected["partition"]),
            Happening("message_lost", "a message never arrived", lambda s: s.lost.total()),
            Happening("crashed", "a node crashed", lambda s: s.injected["crash"]),
            Happening("reorged", "blocks were replaced", lambda s: s.chain.reorgs),
        )
    }
)
"""Every event by name."""
