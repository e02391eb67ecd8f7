"""Block producers that misuse their say over what a block holds."""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field, PrivateAttr

from nodes.adversaries.behaviour import Behaviour, on
from nodes.effects import Mine, Steps
from nodes.identity import Role


class Censor(Behaviour):
    """Leave out transactions that would hurt accomplices: votes, reveals, proofs."""

    kind: ClassVar[str] = "censor"
    role: ClassVar[Role] = Role.PRODUCER
    defeats: ClassVar[str] = "windows shorter than the censorship"
    stopped_by: ClassVar[str] = "other producers, who take turns"
    shows_in: ClassVar[str] = "censored_transactions"

    leaves_out: tuple[str, ...] = Field(
        default=("commit", "reveal", "vote", "resolve", "proveEquivocation"),
        description="contract functions whose transactions are left out",
    )
    _known: dict[str, bool] = PrivateAttr(default_factory=dict)

    def begin(self) -> None:
        """Nothing censored yet."""
        self._known = {}

    @on(Mine)
    def leave_out(self, effect: Mine) -> Steps:
        """Build the block without them. Each is recorded once."""
        for call in effect.calls:
            transaction = f"{call}({call.sender}, {call.args!r})"
            if call.function in self.leaves_out and transaction not in self._known:
                self._known[transaction] = True
                yield self.cheated("inclusion", str(call), detail=call.sender)
        return (yield Mine(tuple(call for call in effect.calls if call.function not in self.leaves_out)))
