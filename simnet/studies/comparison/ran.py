"""A run of a comparison and what it says."""

from __future__ import annotations

from dataclasses import dataclass

from simnet.batch.work import RunSummary
from simnet.run import Finished
from simnet.scenario.schema import Scenario
from simnet.studies.comparison.evidence import Evidence, gather


@dataclass(frozen=True)
class Ran:
    """A run that is over, however it ended."""

    label: str
    """Of its strategy."""
    seed: int
    directory: str
    """Below the comparison's directory."""
    summary: RunSummary[Evidence]

    @property
    def evidence(self) -> Evidence | None:
        """What it says, if it finished."""
        return self.summary.found

    @property
    def digest(self) -> str:
        """Of its log, if it finished."""
        return self.summary.digest

    @property
    def account(self) -> str:
        """What became of it, in a few words."""
        state, reason, broken = self.summary.state, self.summary.reason, self.summary.broken
        if self.evidence is None:
            return f"{state}: {reason}" if reason else state
        text = f"; INVARIANT BROKEN: {', '.join(broken)}" if broken else ""
        return f"{self.evidence.metrics['tasks_total'].n:,} tasks in {self.summary.wall_s:.1f} s{text}"


def read_evidence(_: Scenario, finished: Finished) -> Evidence:
    """What a finished run says."""
    return gather(finished.state, finished.results.seed)
