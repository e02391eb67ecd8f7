"""How soon and how fast a gateway answered, in a line: what is read when `simnet up` ends."""

from __future__ import annotations

from collections.abc import Mapping

from simnet.measure.metric import Metric
from simnet.measure.state import State


def says(state: State, metrics: Mapping[str, Metric]) -> str:
    """What gateways answered, by the metrics of the run."""
    external = state.external
    parts = [f"{external.answers} answers, {external.unpaid} of them unpaid, {external.tokens} tokens"]
    first, speed = metrics["first_token_ms"], metrics["tokens_per_second"].value
    if first.n:
        median = first.readings["first_token_ms.p50"] or 0.0
        parts.append(f"first token after {median / 1000:.3f} s at the median of {first.n} streams")
    if isinstance(speed, float):
        parts.append(f"{speed:.1f} tokens a second while it spoke")
    return "; ".join(parts)
