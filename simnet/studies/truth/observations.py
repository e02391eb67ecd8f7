"""What a truth case can observe of a run: all of it computed from the event log, ground truth included.

Each observation names what it counts. A case must not rest two of its rows on one count: they would fail together,
and two that hold would be one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from simnet.studies.truth import checking, copying, detection, jackpots, money, panels, randomness, voting
from simnet.studies.truth.values import Observation


@dataclass(frozen=True)
class Observe:
    """A function of a run, and what it counts."""

    of: Callable[..., Observation]
    counts: str
    """Empty for amounts, which are the same however often they are paid."""


DRAWN = "claims drawn"
DETECTED = "frauds detected"
FOUND = "verifications that found something"
SEATS = "corrupt members of panels"
AMOUNTS = ""

ALL = (
    Observe(checking.break_even_find, FOUND),
    Observe(checking.break_even_fraud_rate, AMOUNTS),
    Observe(checking.frauds_among_verified, FOUND),
    Observe(checking.gain_from_verifying, FOUND),
    Observe(checking.prizes_of_finds, AMOUNTS),
    Observe(checking.verified_once_learnt, "decisions to verify"),
    Observe(copying.copiers_of_concealed_weights, "games with concealed weights"),
    Observe(copying.copiers_of_public_weights, "games with public weights"),
    Observe(detection.detected_within, DETECTED),
    Observe(detection.claims_sampled, DRAWN),
    Observe(detection.draws_by_index, "claims drawn by place"),
    Observe(detection.frauds_finalised, DETECTED),
    Observe(detection.frauds_until_detected, DETECTED),
    Observe(jackpots.forced_errors_challenged, FOUND),
    Observe(jackpots.jackpot_parts, AMOUNTS),
    Observe(money.bonds_taken, AMOUNTS),
    Observe(money.break_even_probability, "panels that detected"),
    Observe(money.break_even_sampling, "claims rejected once drawn"),
    Observe(money.payoff_of_fraud, DETECTED),
    Observe(money.payoff_of_honesty, AMOUNTS),
    Observe(money.rewards, AMOUNTS),
    Observe(money.slash_amounts, AMOUNTS),
    Observe(panels.committees_with, SEATS),
    Observe(panels.copies_counted, "copied votes"),
    Observe(panels.seats_by_member, "seats by member"),
    Observe(panels.slot_majorities, SEATS),
    Observe(panels.verdicts_by_stake, "verdicts"),
    Observe(randomness.draws_from_seeds, "draws that follow from seeds"),
    Observe(randomness.seeds_repeated, "seeds"),
    Observe(voting.break_even_fraud_rate_of_votes, AMOUNTS),
    Observe(voting.gain_from_voting, FOUND),
)

OBSERVATIONS: Mapping[str, Observe] = MappingProxyType({one.of.__name__: one for one in ALL})
"""By name."""
