"""Clients that take and do not pay."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar, Literal

from pydantic import Field, PrivateAttr

from chain.quantities import Wei
from nodes.adversaries.behaviour import Behaviour, on
from nodes.effects import Pay, Steps
from nodes.identity import Role


class FreeRider(Behaviour):
    """Ask for inferences and do not pay for them."""

    kind: ClassVar[str] = "free_rider"
    role: ClassVar[Role] = Role.CLIENT
    defeats: ClassVar[str] = "payment after the answer"
    stopped_by: ClassVar[str] = "a voucher with every request"
    shows_in: ClassVar[str] = "unpaid_tasks"

    how: Literal["never", "stale"] = Field(
        default="never", description="sign nothing at all, or sign the first voucher again and again"
    )
    _first: dict[str, Wei] = PrivateAttr(default_factory=dict)

    def begin(self) -> None:
        """No voucher signed yet."""
        self._first = {}

    @on(Pay)
    def keep_the_money(self, effect: Pay) -> Steps:
        """Answer a due payment with nothing, or with a promise already made."""
        if self.how == "stale" and effect.node not in self._first:
            self._first[effect.node] = effect.cumulative
            return (yield effect)
        yield self.cheated("payment", effect.task)
        if self.how == "never":
            return None
        return (yield replace(effect, cumulative=self._first[effect.node]))
