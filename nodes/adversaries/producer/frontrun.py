"""Block producers that take rewards which others have worked for.

Catalogue: the mempool front-runner of open challenges and proofs. A producer sees transactions before anybody else.
"""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

from pydantic import Field, PrivateAttr

from chain.seam import Call
from nodes.adversaries.behaviour import Behaviour, on
from nodes.effects import Mine, Spawn, Steps, Submit
from nodes.identity import Role


class RewardFrontRunner(Behaviour):
    """Hold back a proof that earns a bounty, send it in one's own name, and let the original in after that."""

    kind: ClassVar[str] = "reward_front_runner"
    role: ClassVar[Role] = Role.PRODUCER
    defeats: ClassVar[str] = "bounties for the first proof, which anybody can copy, of what no verifier rejects"
    stopped_by: ClassVar[str] = "proofs bound to their sender, by commit-reveal; other producers"
    shows_in: ClassVar[str] = "stolen_rewards_opg"

    steals: tuple[str, ...] = Field(
        default=("proveEquivocation",), max_length=32, description="contract functions that it copies"
    )
    _copies: dict[str, Call] = PrivateAttr(default_factory=dict)
    _mined: dict[str, None] = PrivateAttr(default_factory=dict)

    def begin(self) -> None:
        """Nothing copied yet."""
        self._copies, self._mined = {}, {}

    @on(Mine)
    def step_in_front(self, effect: Mine) -> Steps:
        """Build the block without originals whose copy is not mined yet."""
        me = self._situation.me.address
        ours = {name: copy for name, copy in self._copies.items() if copy in effect.calls}
        chosen = []
        for call in effect.calls:
            if call.function not in self.steals or call.sender == me:
                chosen.append(call)
                continue
            name = f"{call}{call.args!r}"
            if name not in self._copies:
                yield from self.imitate(name, call)
            if name in self._mined:
                chosen.append(call)
        self._mined.update(dict.fromkeys(ours))
        return (yield Mine(tuple(chosen)))

    def imitate(self, name: str, call: Call) -> Steps:
        """Send the same transaction in our own name."""
        self._copies[name] = replace(call, sender=self._situation.me.address)
        yield self.cheated("front_run", str(call), call.sender)
        yield Spawn(self.send(self._copies[name]))

    def send(self, call: Call) -> Steps:
        """Submit a copy."""
        yield Submit(call)
