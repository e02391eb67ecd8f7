"""Where participants stand on the map: regions on a circle, and in each the participants as a sunflower's seeds."""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence

from simnet.log.tables import Tables

GOLDEN_ANGLE = math.pi * (3 - math.sqrt(5))
SPACING = 0.1
"""Distance between neighbours in a region, where the regions are 1 from the middle."""

ROLES = ("producer", "inference", "full", "client")
"""From the middle of a region outwards."""

Places = dict[str, tuple[float, float]]


def around(regions: Sequence[str]) -> Places:
    """Regions on a circle; a single one in its middle."""
    n = len(regions)
    if n == 1:
        return {regions[0]: (0.0, 0.0)}
    size = max(1.0, n / 5)
    first = math.pi if n == 2 else math.pi / 2
    turns = {region: first - 2 * math.pi * i / n for i, region in enumerate(regions)}
    return {region: (1.4 * size * math.cos(turn), size * math.sin(turn)) for region, turn in turns.items()}


def radius(tables: Tables, region: str) -> float:
    """How much room the participants of a region take."""
    count = sum(row["region"] == region for row in tables.participants.values())
    return SPACING * shrink(tables) * (math.sqrt(count) + 1)


def shrink(tables: Tables) -> float:
    """Crowds stand closer together."""
    return min(1.0, 10 / math.sqrt(len(tables.participants)))


def spread(tables: Tables, centres: Places) -> Places:
    """Everybody's place: a sunflower's seeds around the middle of the region, by role."""
    ordered = sorted(tables.participants.values(), key=lambda row: rank(row["role"], ROLES))
    taken = dict.fromkeys(centres, 0)
    places = {}
    for row in ordered:
        seat, (x, y) = taken[row["region"]], centres[row["region"]]
        taken[row["region"]] += 1
        distance, angle = SPACING * shrink(tables) * math.sqrt(seat + 0.3), seat * GOLDEN_ANGLE
        places[row["name"]] = (round(x + distance * math.cos(angle), 4), round(y + distance * math.sin(angle), 4))
    return places


def rank(name: str, known: Collection[str]) -> int:
    """The place of a name among known ones; the last for one that is new."""
    return list(known).index(name) if name in known else len(known)
