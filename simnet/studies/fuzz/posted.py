"""Batches as the machine knows them: with what is below their roots, and which of it is wrong."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from chain.formats.claims import MAX_CLAIMS, Claim, ClaimTree, misplaced, opening


@dataclass
class Sitting:
    """A panel as `CommitteeDrawn` has it."""

    first: int
    """Seat of the first member."""
    members: tuple[str, ...]
    """Names."""
    commit_by: int
    reveal_by: int
    ballot: int
    """Bit per claim that it judges."""
    honest: int
    """Weight of its honest members."""
    weight: int

    def seats(self) -> Iterator[tuple[int, str]]:
        """Each seat and who has it."""
        return enumerate(self.members, self.first)

    def is_safe(self, quorum: tuple[int, int]) -> bool:
        """Whether its honest members are a quorum."""
        return self.honest * quorum[1] >= self.weight * quorum[0]


@dataclass
class Batch:
    """A batch that was posted, with its tree."""

    id: bytes
    node: str
    claims: list[Claim]
    count: int
    charges: tuple[tuple[str, int], ...]
    posted_at: int
    made_wrong: int
    """Bit per claim that is in its place and wrong."""
    results: list[bytes]
    """What each claim's evidence is made from: what only who executed it, or made it up, knows."""
    fees: int
    proven: int = 0
    """Bit per claim that was rejected so far."""
    is_open: bool = True
    is_neglected: bool = False
    """Whether no honest participant sees to it that it ends."""
    was_malformed: bool = False
    sittings: list[Sitting] = field(default_factory=list)
    members: tuple[str, ...] = ()
    """Who was drawn to agree on a result, where that is done first."""
    submit_by: int = 0
    """Until when they may commit to one."""
    drawn: int = 0
    """Bit per claim that is to be checked, where that is drawn by lot."""
    done: set[tuple[object, ...]] = field(default_factory=set)
    """Duties of honest participants that they did."""
    tree: ClaimTree = field(init=False)

    def __post_init__(self) -> None:
        self.tree = ClaimTree(self.claims)
        self.malformed = misplaced(self.claims, self.count)
        """Position of a leaf that shows that the tree is malformed; ``None`` if it is not."""
        self.is_withheld = self.malformed is None and len(self.claims) < self.count
        """Whether claims below the count are not to be had, so that nobody can open them."""

    @property
    def sitting(self) -> Sitting | None:
        """The panel that sits now."""
        return self.sittings[-1] if self.sittings else None

    @property
    def wrong(self) -> int:
        """Bit per claim that nobody can find right: what can't be had is as good as wrong."""
        return self.everything if self.is_withheld else self.made_wrong

    @property
    def everything(self) -> int:
        """Bit per claim."""
        return (1 << min(self.count, MAX_CLAIMS)) - 1

    @property
    def in_place(self) -> int:
        """Bit per claim that is where it can be opened."""
        return sum(1 << i for i, claim in enumerate(self.claims) if i == claim.index < self.count)

    def opening(self, position: int) -> tuple[Any, ...]:
        """The claim at a position, and its proof."""
        return opening(self.claims[position], self.tree.proof(position))

    def openings(self, bits: int) -> list[tuple[Any, ...]]:
        """Those of the claims whose bits are set, as far as there are such claims."""
        return [self.opening(i) for i in range(len(self.claims)) if bits >> i & 1]

    def once(self, *duty: object) -> bool:
        """Whether a duty has not been done yet; from then on it has."""
        if duty in self.done:
            return False
        self.done.add(duty)
        return True
