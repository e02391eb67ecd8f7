"""A participant in words: what is true of it, what the protocol made of it, and whether that is right."""

from __future__ import annotations

from dashboards.text import Span
from simnet.measure.subjects import Node

STAKERS = ("inference", "full")


MARKS: dict[str, Span] = {"down": ("○", "bad"), "cut off": ("◌", "warn"), "impaired": ("◍", "warn")}
"""What faults make of a participant, the worst first."""


def status(node: Node) -> Span:
    """Whether it takes part: a mark that needs no colour."""
    return STATUS[status_word(node)]


def status_word(node: Node) -> str:
    """Whether it takes part, in a word or two."""
    worst = next((word for word in MARKS if word in node.conditions.values()), "")
    return worst if worst in ("down", "cut off") else "jailed" if node.jailed else worst or "up"


STATUS: dict[str, Span] = {**MARKS, "jailed": ("▦", "warn"), "up": ("●", "good")}


def truth(node: Node) -> Span:
    """How it behaves, by its own ground truth."""
    if not node.behaviours:
        return "honest", "dim"
    acts = f" ×{node.lies:,}" if node.lies else ""
    return "+".join(node.behaviours) + acts, "warn" if node.dishonest else ""


def belief(node: Node) -> Span:
    """What the protocol did about it."""
    parts = [f"slashed {node.slashes:,}×"] if node.slashes else []
    if node.jailed:
        parts.append("jailed")
    if node.refused:
        parts.append(f"refused {node.refused:,}×")
    if parts:
        return ", ".join(parts), "bad" if node.slashes else "warn"
    return ("trusted", "dim") if node.role in STAKERS else ("–", "dim")


def outcome(node: Node, ended: bool) -> Span:
    """Whether the protocol was right, so far or, if the run has ended, in the end; empty if there is nothing to say."""
    if node.finalised:
        return f"✗ {node.finalised} final", "bad"
    if node.slashes:
        return ("✓ slashed", "good") if node.lies else ("✗ false slash", "bad")
    if node.refused:
        return ("✓ refused", "good") if node.dishonest or node.lies else ("✗ refused", "bad")
    if node.lies:
        return ("✗ no penalty", "bad") if ended else ("… undetected", "warn")
    if node.dishonest:
        return ("· never acted", "dim") if ended else ("· not yet", "dim")
    return "", ""


def trouble(node: Node) -> tuple[int, ...]:
    """Sorts whoever matters most first: undetected frauds, false slashes, then whoever misbehaves or would."""
    return (-node.finalised, -node.slashes * (not node.lies), -node.slashes, -node.lies, -node.dishonest)
