"""Block producers that take rewards which others have worked for.

Catalogue: the front-runner of open challenges and proofs. A producer sees transactions before anybody else, and decides
what comes first in its block.
"""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

from pydantic import Field, PrivateAttr

from nodes.adversaries.behaviour import Behaviour, on
from nodes.effects import Mine, Steps
from nodes.identity import Role


class RewardFrontRunner(Behaviour):
    """Put a proof that earns a bounty into one's block in one's own name, in front of the original."""

    kind: ClassVar[str] = "reward_front_runner"
    role: ClassVar[Role] = Role.PRODUCER
    defeats: ClassVar[str] = "bounties for the first proof, which anybody can copy, of what no verifier rejects"
    stopped_by: ClassVar[str] = "proofs bound to their sender, by commit-reveal; other producers"
    shows_in: ClassVar[str] = "stolen_rewards_opg"

    steals: tuple[str, ...] = Field(
        default=("proveEquivocation",), max_length=32, description="contract functions that it copies"
    )
    _copied: dict[str, None] = PrivateAttr(default_factory=dict)

    def begin(self) -> None:
        """Nothing copied yet."""
        self._copied = {}

    @on(Mine)
    def step_in_front(self, effect: Mine) -> Steps:
        """Build the block with a copy in front of each original; what is out of the block again is copied once."""
        me = self._situation.me.address
        chosen = []
        for call in effect.calls:
            name = f"{call}{call.args!r}"
            if call.function in self.steals and call.sender != me and name not in self._copied:
                self._copied[name] = None
                yield self.cheated("front_run", str(call), call.sender)
                chosen.append(replace(call, sender=me))
            chosen.append(call)
        return (yield Mine(tuple(chosen)))
