"""The formulas that a truth case can name. Each is a closed form of `simnet.theory`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from simnet.theory.capture import all_collude, any_of, seats_captured, slots_captured
from simnet.theory.detection import detected_within, mean_requests, requests_until
from simnet.theory.dilemma import (
    attention_penalty,
    fraud_floor,
    gain_of_verifying,
    jackpot_needed,
    jackpot_share,
    jackpot_total,
    verifies_if_it_pays,
)
from simnet.theory.randomness import last_revealer_wins
from simnet.theory.sampling import (
    break_even_penalty,
    detector_threshold,
    expected_cheat,
    expected_honest,
    posp_threshold,
)


def constant(value: float) -> float:
    """A value that the statement itself names, such as 0 or 1."""
    return value


def detected_by_sampling(p: float, colluding: float = 0.0, detection: float = 1.0) -> float:
    """Share of frauds that sampling catches: p d (1 - r). Source: derived [D]."""
    return p * detection * (1 - colluding)


FORMULAS: Mapping[str, Callable[..., float]] = MappingProxyType(
    {
        formula.__name__: formula
        for formula in (
            all_collude,
            any_of,
            attention_penalty,
            break_even_penalty,
            constant,
            detected_within,
            detector_threshold,
            expected_cheat,
            expected_honest,
            fraud_floor,
            gain_of_verifying,
            jackpot_needed,
            jackpot_share,
            jackpot_total,
            last_revealer_wins,
            verifies_if_it_pays,
            mean_requests,
            posp_threshold,
            requests_until,
            seats_captured,
            detected_by_sampling,
            slots_captured,
        )
    }
)
"""By name."""
