"""What a truth case can observe of a run: all of it computed from the event log, ground truth included."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from simnet.studies.truth.checking import (
    break_even_find,
    break_even_fraud_rate,
    frauds_looked_at,
    gain_from_looking,
    looks_once_learnt,
)
from simnet.studies.truth.copying import copiers_ahead
from simnet.studies.truth.detection import (
    caught_within,
    claims_sampled,
    frauds_caught,
    frauds_finalised,
    frauds_until_caught,
)
from simnet.studies.truth.jackpots import forced_errors_found, jackpot_parts, jackpots_paid
from simnet.studies.truth.money import (
    bonds_taken,
    break_even_probability,
    break_even_sampling,
    honest_rejected,
    payoff_of_fraud,
    profit_of_fraud,
    slash_amounts,
)
from simnet.studies.truth.panels import committees_with, copies_counted, slot_majorities, verdicts_by_stake
from simnet.studies.truth.values import Observation
from simnet.studies.truth.voting import break_even_fraud_rate_of_votes, gain_from_voting

OBSERVATIONS: Mapping[str, Callable[..., Observation]] = MappingProxyType(
    {
        observe.__name__: observe
        for observe in (
            bonds_taken,
            break_even_find,
            break_even_fraud_rate,
            break_even_fraud_rate_of_votes,
            break_even_probability,
            break_even_sampling,
            caught_within,
            claims_sampled,
            committees_with,
            copiers_ahead,
            copies_counted,
            forced_errors_found,
            frauds_caught,
            frauds_finalised,
            frauds_looked_at,
            frauds_until_caught,
            gain_from_looking,
            gain_from_voting,
            honest_rejected,
            jackpot_parts,
            jackpots_paid,
            looks_once_learnt,
            payoff_of_fraud,
            profit_of_fraud,
            slash_amounts,
            slot_majorities,
            verdicts_by_stake,
        )
    }
)
"""By name."""
