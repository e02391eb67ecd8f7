"""What an invariant is: a fold of a log that says at the end whether something held, and what was found."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from simnet.measure.ledger import Ledger
from simnet.measure.rows import Row

Found = tuple[bool, str]
"""Whether an invariant held, and what was found in a sentence."""


@dataclass(frozen=True)
class Finding:
    """What an invariant's check found."""

    name: str
    held: bool
    detail: str


class Invariant:
    """Base of invariants. All of a run's share one ledger, which is folded before `on` is called."""

    name: ClassVar[str]
    kinds: ClassVar[tuple[str, ...]] = ()
    """Rows that it needs to see."""
    events: ClassVar[tuple[str, ...]] = ()
    """Contract events that it needs to see."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        self.broken = ""
        """The first offence, in a sentence."""

    def on(self, row: Row) -> None:
        """Take the next row that it needs."""

    def finding(self) -> Found:
        """The log is over: whether it holds, and what was found."""
        return not self.broken, self.broken or self.holds()

    def holds(self) -> str:
        """What there is to say if nothing offends it."""
        raise NotImplementedError

    def offend(self, sentence: str) -> None:
        """Remember an offence, unless there was one before."""
        self.broken = self.broken or sentence
