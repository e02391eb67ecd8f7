"""A rate that adapts: a cheat that is slashed acts less often, one that goes unpunished acts more often.

It is written beside any behaviour, as ``adaptive: {slashed: 50 %, unpunished: 1.1}``, and scales the share of the
tasks on which that behaviour acts. Multiplicative, as in congestion control; the factors are assumptions.
"""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field, PrivateAttr

from chain.seam import Log
from chain.units import Share
from nodes.adversaries.observer import ChainObserver
from nodes.effects import Steps


class Adaptive(ChainObserver):
    """How often a participant acts. It cannot be named in a scenario by itself."""

    dishonest: ClassVar[bool] = False
    watches: ClassVar[tuple[str, ...]] = ("Slashed", "BatchFinal", "Rewarded")

    slashed: Share = Field(default=0.5, description="rate after a slash, of what it was; 0 stops it for good")
    unpunished: float = Field(
        default=1.1, ge=1, le=10, description="factor after each batch or reward of its own that nothing was lost on"
    )
    least: Share = Field(default=0.0, description="rate that it never falls below")
    _rate: float = PrivateAttr(default=1.0)

    def begin(self) -> None:
        """At the full rate."""
        super().begin()
        self._rate = 1.0

    @property
    def rate(self) -> float:
        """The rate now, between 0 and 1."""
        return self._rate

    def on_event(self, log: Log) -> Steps:
        """Learn from what happens to this participant."""
        yield from ()
        if log.event == "Slashed" and self.is_me(log):
            self._rate = max(self.least, self._rate * self.slashed)
        elif self.went_well(log):
            self._rate = min(1.0, self._rate * self.unpunished)

    def went_well(self, log: Log) -> bool:
        """Whether a batch or a reward of this participant's came through."""
        if log.event == "BatchFinal":
            return self.is_me(log) and not log.args["rejected"]
        return log.event == "Rewarded" and self.is_me(log, "member")
