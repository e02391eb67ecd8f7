"""Full nodes that steer the randomness beacon by what they do not reveal.

Catalogue: the last revealer of a commit-reveal scheme knows both seeds that are left, and picks the better one: a draw
that is good with probability p becomes so with 1 - (1 - p)^2 (GT-22, standard for RANDAO).
"""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field, PrivateAttr

from chain.hashing import keccak
from chain.quantities import Address
from chain.seam import Log
from chain.units import Duration
from nodes.adversaries.behaviour import on
from nodes.adversaries.watching import Watchful
from nodes.effects import Now, Read, Sleep, Steps, Submit
from nodes.identity import STAKING_ROLE, Role


class BeaconBias(Watchful):
    """Wait until the others have revealed, and reveal only if that draws its own into more panels.

    It looks at the batches that the round's seed will draw panels for, and counts the seats of its coalition with
    its reveal and without. Withholding costs nothing in this beacon.
    """

    kind: ClassVar[str] = "beacon_bias"
    role: ClassVar[Role] = Role.FULL
    defeats: ClassVar[str] = "commit-reveal randomness without a price for silence"
    stopped_by: ClassVar[str] = "a slash for a missing reveal; a delay function; threshold signatures"
    shows_in: ClassVar[str] = "adversary_reward_share"
    needs: ClassVar[str] = "committee, or another strategy that draws panels from the beacon"
    hears: ClassVar[tuple[str, ...]] = ("BatchPosted", "BatchFinal", "CommitteeDrawn", "Revealed")

    margin: Duration = Field(default=3.0, description="how long before the round's end it decides; a block must fit")
    _open: dict[bytes, None] = PrivateAttr(default_factory=dict)
    _mixes: dict[int, bytes] = PrivateAttr(default_factory=dict)
    _panels: str = PrivateAttr(default="")

    def begin(self) -> None:
        """Nothing heard yet."""
        super().begin()
        self._open, self._mixes, self._panels = {}, {}, ""

    def heard(self, log: Log) -> Steps:
        """Keep track of what awaits a draw, and of the seed so far."""
        yield from ()
        if log.event == "BatchPosted":
            self._open[log.args["batch"]] = None
        elif log.event == "Revealed" and log.contract == "Beacon":
            self._mixes = {log.args["round"]: log.args["mix"]}
        elif log.event == "CommitteeDrawn":
            self._panels = log.contract
            self._open.pop(log.args["batch"], None)
        elif log.event == "BatchFinal":
            self._open.pop(log.args["batch"], None)

    @on(Submit)
    def choose(self, effect: Submit) -> Steps:
        """Decide at the end of the round whether to reveal."""
        if (effect.call.contract, effect.call.function) != ("Beacon", "reveal"):
            return (yield effect)
        length = yield Read("Beacon", "roundLength")
        now = yield Now()
        yield Sleep(max(0.0, length - now % length - self.margin))
        current = yield Read("Beacon", "currentRound")
        mix = self._mixes.get(current)
        if mix is None or not self._panels:
            return (yield effect)
        revealed = keccak(bytes(a ^ b for a, b in zip(mix, effect.call.args[0], strict=True)))
        if (yield from self.seats(mix, current)) <= (yield from self.seats(revealed, current)):
            return (yield effect)
        yield self.cheated("beacon", str(current))
        return None

    def seats(self, seed: bytes, current: int) -> Steps:
        """How many seats the coalition would get in the panels that this seed draws."""
        size = yield Read(self._panels, "size")
        ours = [self._situation.directory.named(name).address for name in self._situation.coalition.members]
        found = 0
        for batch in tuple(self._open):
            posted_at = (yield Read("Settlement", "batchOf", (batch,)))[1]
            if (yield Read("Beacon", "roundAt", (posted_at,))) + 1 != current:
                continue
            members, _ = yield Read("Staking", "activeNodesSince", (STAKING_ROLE[Role.FULL], posted_at))
            drawn = sorted(members, key=lambda member: rank(seed, batch, member))[:size]
            found += sum(member in ours for member in drawn)
        return found


def rank(seed: bytes, batch: bytes, member: Address) -> bytes:
    """A node's lot, as the contract draws it: the lowest ones get the seats."""
    return keccak(seed + batch + bytes(12) + bytes.fromhex(member[2:]))
