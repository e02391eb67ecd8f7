"""What an answer costs: tokens at a price in dollars, at what OPG is worth."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from types import MappingProxyType

from chain.quantities import OPG, Wei

OPG_USD = Fraction(1, 10)
"""What an OPG is worth when a run begins (assumption; OpenGradient's gateway had 0.10 before OPG was traded)."""

MILLION = 10**6

DOLLARS_PER_MILLION: Mapping[str, tuple[Fraction, Fraction]] = MappingProxyType(
    {
        "gpt-5": (Fraction("1.25"), Fraction(10)),
        "gpt-5-mini": (Fraction("0.25"), Fraction(2)),
        "gpt-4.1-mini": (Fraction("0.40"), Fraction("1.60")),
        "gpt-4.1-nano": (Fraction("0.10"), Fraction("0.40")),
        "o4-mini": (Fraction("1.10"), Fraction("4.40")),
        "claude-haiku-4-5": (Fraction(1), Fraction(5)),
        "claude-sonnet-4-5": (Fraction(3), Fraction(15)),
        "claude-sonnet-4-6": (Fraction(3), Fraction(15)),
        "claude-opus-4-5": (Fraction(5), Fraction(25)),
        "gemini-2.5-flash": (Fraction("0.30"), Fraction("2.50")),
        "gemini-2.5-pro": (Fraction("1.25"), Fraction(10)),
        "gemini-2.5-flash-lite": (Fraction("0.10"), Fraction("0.40")),
        "simnet-echo": (Fraction(1), Fraction(5)),
    }
)
"""Models that a gateway answers to, with dollars for a million tokens in and out (assumption: list prices)."""


def cost(model: str, tokens_in: int, tokens_out: int, opg_price: float = 1.0) -> Wei:
    """What an answer costs, rounded up to a wei. `opg_price` is over what an OPG was worth at the start."""
    price_in, price_out = DOLLARS_PER_MILLION[model]
    dollars = (tokens_in * price_in + tokens_out * price_out) / MILLION
    return Wei(-(-dollars * OPG // (OPG_USD * Fraction(opg_price))))
