"""A game: many rounds of random moves under one setting, by one seed; and what is kept of it."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from random import Random

from simnet.studies.fuzz.books import Violation
from simnet.studies.fuzz.machine import Machine
from simnet.studies.fuzz.moves.catalogue import MOVES, moves_of
from simnet.studies.fuzz.setting import SETTINGS
from simnet.studies.fuzz.shrink import shrunk

ROUND_CALLS = 400
"""Calls after which a round begins anew. Long enough for several batches from post to finality."""

SHRINKING_TRIES = 250
"""Some minutes at the most: each is a round."""

Step = tuple[str, int]
"""A move, and the seed of what it draws."""


@dataclass(frozen=True)
class Game:
    """So many calls at least, in rounds from the same beginning. To be sent to any process."""

    setting: str
    seed: int
    calls: int

    keeps = False
    out: Path | None = None

    @property
    def key(self) -> str:
        """A name that no other game has."""
        return f"{self.setting}-{self.calls}-{self.seed}"


@dataclass(frozen=True)
class Broken:
    """A property that does not hold, and how to see it."""

    kind: str
    sentence: str
    setting: str
    steps: tuple[Step, ...]
    """The fewest moves that lead there."""
    calls: tuple[str, ...]
    """The calls that they make, in words."""


@dataclass
class Played:
    """What came of a game."""

    tally: Counter[tuple[str, str]] = field(default_factory=Counter)
    """How often each function was called, and what came of it: ``ok``, or the name of the error."""
    rounds: int = 0
    broken: Broken | None = None


@cache
def machine_for(setting: str) -> Machine:
    """One machine in each process: making the contracts takes as long as a hundred calls."""
    return Machine(SETTINGS[setting])


def drawn_steps(machine: Machine, random: Random, calls: int) -> tuple[list[Step], Violation | None]:
    """Draw moves and make them, until there were so many calls; those made, and what they violate."""
    often = moves_of(machine.arena.setting)
    names, weights = list(often), list(often.values())
    steps: list[Step] = []
    before = machine.steps
    try:
        machine.reset()
        while machine.steps - before < calls:
            steps.append((random.choices(names, weights)[0], random.getrandbits(32)))
            machine.step(MOVES[steps[-1][0]], Random(steps[-1][1]))
        machine.finish()
    except Violation as violation:
        return steps, violation
    return steps, None


def play_game(game: Game, stop_flag: Path | None = None, tries: int = SHRINKING_TRIES) -> Played | None:
    """Play it; it ends with the first violation. ``None`` if the flag was there before it was over.

    `tries` is how often moves are left out, to find the fewest that lead to the violation.
    """
    machine = machine_for(game.setting)
    machine.tally.clear()
    tally: Counter[tuple[str, str]] = Counter()
    rounds, broken = 0, None
    while machine.steps < game.calls and broken is None:
        if stop_flag is not None and stop_flag.exists():
            return None
        random = Random(hashlib.sha256(f"{game.setting}/{game.seed}/{rounds}".encode()).digest())
        rounds += 1
        steps, violation = drawn_steps(machine, random, ROUND_CALLS)
        tally = Counter(machine.tally)
        if violation is not None:
            broken = explained(machine, steps, violation, tries)
    return Played(tally, rounds, broken)


def explained(machine: Machine, steps: list[Step], violation: Violation, tries: int) -> Broken:
    """The fewest moves that lead to a violation of that kind, and their calls."""
    kind = violation.kind

    def fails(candidate: Sequence[Step]) -> bool:
        found = play(machine, candidate)
        return found is not None and found.kind == kind

    least = shrunk(steps, fails, tries)
    found = play(machine, least) or violation
    calls = tuple(map(str, machine.arena.calls))
    return Broken(kind, str(found), machine.arena.setting.name, tuple(least), calls)


def play(machine: Machine, steps: Sequence[Step]) -> Violation | None:
    """Play moves from the beginning, each with a seed of its own; what they violate, if anything."""
    try:
        machine.reset()
        for move, salt in steps:
            machine.step(MOVES[move], Random(salt))
        machine.finish()
    except Violation as violation:
        return violation
    return None
