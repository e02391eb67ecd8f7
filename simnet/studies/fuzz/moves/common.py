"""What moves have in common."""

from __future__ import annotations

from collections.abc import Callable
from random import Random
from typing import TypeAlias

from simnet.studies.fuzz.machine import Machine
from simnet.studies.fuzz.posted import Batch

Move: TypeAlias = Callable[[Machine, Random], None]


def some_batch(machine: Machine, random: Random) -> Batch | None:
    """Mostly one that is open."""
    chosen = machine.open if random.randrange(8) else list(machine.books.batches.values())
    return random.choice(chosen) if chosen else None
