"""How soon sampling finds a node that always cheats: each request is checked with probability p, by itself.

Tags [R], [E]: read in the source, computed.
"""

from __future__ import annotations

import math


def detected_within(p: float, requests: int) -> float:
    """Probability of at least one check in so many requests: 1 - (1 - p)^k.

    Source: Verathos, docs/inference_protocol.md [R + E]: 6 % a request gives 99 % within 75.
    """
    return 1 - unseen_after(p, requests)


def unseen_after(p: float, requests: int) -> float:
    """Probability of no check at all in so many requests: (1 - p)^k. What a hit-and-run cheat counts on."""
    return float((1 - p) ** requests)


def requests_until(p: float, confidence: float) -> float:
    """Requests after which a check has happened with that confidence: ln(1 - q) / ln(1 - p); not rounded.

    Source: Pocket Network's Morse documentation [R]: p = 0.25 and q = 0.99 give 16. p and q are between 0 and 1,
    both excluded.
    """
    return math.log1p(-confidence) / math.log1p(-p)


def mean_requests(p: float) -> float:
    """Mean number of requests up to and including the first that is checked: 1 / p, the geometric distribution's."""
    return 1 / p
