"""Which moves there are under which setting, and how often each is made."""

from __future__ import annotations

from simnet.studies.fuzz.moves.common import Move
from simnet.studies.fuzz.moves.governing import propose, rule
from simnet.studies.fuzz.moves.money import donate, dust, money, wait
from simnet.studies.fuzz.moves.own import (
    accuse,
    challenge,
    delegate,
    enclaves,
    pledge,
    protest,
    report,
    respond,
    show_forced,
    submit,
)
from simnet.studies.fuzz.moves.posting import post, post_honestly
from simnet.studies.fuzz.moves.steps import anything, conclude, prove, prove_malformed, vote
from simnet.studies.fuzz.setting import Setting

COMMON: dict[str, tuple[Move, int]] = {
    "wait": (wait, 12),
    "money": (money, 8),
    "dust": (dust, 1),
    "donate": (donate, 2),
    "post_honestly": (post_honestly, 8),
    "post": (post, 16),
    "prove": (prove, 10),
    "prove_malformed": (prove_malformed, 3),
    "conclude": (conclude, 14),
    "anything": (anything, 16),
}
"""Moves under every setting, and how often each is made beside the others."""

PANELS: dict[str, tuple[Move, int]] = {"vote": (vote, 20)}

DISPUTES: dict[str, tuple[Move, int]] = {**PANELS, "challenge": (challenge, 20)}

ECONOMY: dict[str, tuple[Move, int]] = {"delegate": (delegate, 40), "propose": (propose, 8), "rule": (rule, 16)}

OWN: dict[str, dict[str, tuple[Move, int]]] = {
    "Committee": PANELS,
    "Sampling": PANELS,
    "Optimistic": DISPUTES,
    "ForcedError": {**DISPUTES, "show_forced": (show_forced, 16)},
    "AttentionChallenge": {**DISPUTES, "accuse": (accuse, 20), "respond": (respond, 8)},
    "SecretSeed": {**PANELS, "report": (report, 24)},
    "IndexedCommitment": {**PANELS, "submit": (submit, 12)},
    "Attested": {"protest": (protest, 20), "enclaves": (enclaves, 16)},
    "Proven": {"protest": (protest, 8), "pledge": (pledge, 32)},
}
"""Moves that only some verification contracts know."""

MOVES: dict[str, Move] = {name: move for group in (COMMON, ECONOMY, *OWN.values()) for name, (move, _) in group.items()}
"""By name."""


def moves_of(setting: Setting) -> dict[str, int]:
    """Moves under a setting, and how often each is made."""
    moves = {**COMMON, **OWN.get(setting.verifier_name, {}), **(ECONOMY if setting.governed else {})}
    return {name: often for name, (_, often) in moves.items()}
