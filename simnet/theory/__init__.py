"""Stake, reward and slash arithmetic: published closed forms, what the contracts compute, what a run paid."""

from simnet.theory.capture import all_collude, any_of, seats_captured, slots_captured
from simnet.theory.detection import detected_within, mean_requests, requests_until, unseen_after
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
    worth_cheating,
)
from simnet.theory.stakes import Slash, reward_each, slash_for, split_fees

__all__ = [
    "Slash",
    "all_collude",
    "any_of",
    "attention_penalty",
    "break_even_penalty",
    "detected_within",
    "detector_threshold",
    "expected_cheat",
    "expected_honest",
    "fraud_floor",
    "gain_of_verifying",
    "jackpot_needed",
    "jackpot_share",
    "jackpot_total",
    "last_revealer_wins",
    "mean_requests",
    "posp_threshold",
    "requests_until",
    "reward_each",
    "seats_captured",
    "slash_for",
    "slots_captured",
    "split_fees",
    "unseen_after",
    "verifies_if_it_pays",
    "worth_cheating",
]
