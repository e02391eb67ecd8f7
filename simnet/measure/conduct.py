"""What each participant did, by the ground truth, and what became of it: one line for everybody of note."""

from __future__ import annotations

from dataclasses import dataclass

from simnet.measure.metrics import WEI, Figures


@dataclass(frozen=True)
class Conduct:
    """A participant's record in a run."""

    name: str
    role: str
    behaviours: tuple[str, ...]
    """Ground truth: how it was told to behave; empty for honest."""
    dishonest: bool
    """Whether it acted on a dishonest one."""
    acts: int
    """Dishonest acts: answers, checks, votes, reveals, payments, inclusions."""
    committed: int
    """Frauds in posted batches."""
    detected: int
    finalised: int
    slashes: int
    slashed_opg: float
    refused: int
    """Requests that nodes refused for want of payment."""

    @property
    def fate(self) -> str:
        """What became of it, in a word or two."""
        if self.finalised:
            return "got away with some" if self.slashes else "got away with it"
        if self.slashes:
            return "slashed" if self.dishonest else "slashed although honest"
        if self.refused:
            return "refused service"
        if self.dishonest:
            return "not punished"
        return "unharmed"


def conduct(figures: Figures) -> list[Conduct]:
    """Everybody who was told to misbehave or was slashed, in order of joining."""
    acts: dict[str, int] = {}
    for row in figures.tables.of("cheated"):
        acts[row["node"]] = acts.get(row["node"], 0) + 1
    refused: dict[str, int] = {}
    for row in figures.tables.of("task_failed"):
        if row["reason"] == "payment required":
            refused[row["client"]] = refused.get(row["client"], 0) + 1
    found = []
    for name, row in figures.tables.participants.items():
        slashes = [slash for slash in figures.slashes if slash["name"] == name]
        if not row["behaviours"] and not slashes:
            continue
        mine = figures.frauds[figures.frauds["node"] == name]
        found.append(
            Conduct(
                name=name,
                role=row["role"],
                behaviours=tuple(row["behaviours"]),
                dishonest=name in figures.first_lie,
                acts=acts.get(name, 0),
                committed=len(mine),
                detected=int((mine["outcome"] == "rejected").sum()),
                finalised=int((mine["outcome"] == "accepted").sum()),
                slashes=len(slashes),
                slashed_opg=sum(int(slash["amount"]) for slash in slashes) / WEI,
                refused=refused.get(name, 0),
            )
        )
    return found
