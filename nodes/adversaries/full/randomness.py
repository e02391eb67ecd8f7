"""Full nodes that steer the randomness beacon by what they do not reveal.

Catalogue: the last revealer of a commit-reveal scheme knows both seeds that are left, and picks the better one: a draw
that is good with probability p becomes so with 1 - (1 - p)^2 (GT-22, standard for RANDAO).
"""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field, PrivateAttr

from chain.hashing import keccak
from chain.quantities import PARTS, Address
from chain.seam import Log
from chain.units import Duration
from nodes.adversaries.behaviour import on
from nodes.adversaries.observer import ChainObserver
from nodes.effects import Now, Read, Sleep, Steps, Submit
from nodes.identity import STAKING_ROLE, Role


class BeaconBias(ChainObserver):
    """Wait until the others have revealed, and reveal only if that makes the better draw.

    It looks at the batches that the round's seed will decide about, and counts with its reveal and without: the
    seats that its coalition gets on panels, or the claims of accomplices that are drawn to be checked. Withholding
    costs nothing in this beacon. Rounds must be long enough for the others' reveals to be in a block before the
    margin begins, and its own in one before it ends.
    """

    kind: ClassVar[str] = "beacon_bias"
    role: ClassVar[Role] = Role.FULL
    defeats: ClassVar[str] = "commit-reveal randomness without a price for silence"
    stopped_by: ClassVar[str] = "a slash for a missing reveal; a delay function; threshold signatures"
    shows_in: ClassVar[str] = "adversary_reward_share"
    needs: ClassVar[str] = "a strategy that draws panels, or for aim: samples claims, from the beacon"
    watches: ClassVar[tuple[str, ...]] = ("BatchPosted", "BatchFinal", "CommitteeDrawn", "Sampled", "SecretRevealed")

    aim: Literal["seats", "samples"] = Field(default="seats", description="more seats, or fewer checks of accomplices")
    margin: Duration = Field(default=3.0, description="how long before the round's end it decides; a block must fit")
    _open: dict[bytes, Log] = PrivateAttr(default_factory=dict)
    _mixes: dict[int, bytes] = PrivateAttr(default_factory=dict)
    _seats: int = PrivateAttr(default=0)
    _sampler: str = PrivateAttr(default="")

    def begin(self) -> None:
        """Nothing heard yet."""
        super().begin()
        self._open, self._mixes, self._seats, self._sampler = {}, {}, 0, ""

    def on_event(self, log: Log) -> Steps:
        """Keep track of what awaits a draw, of how draws are made, and of the seed so far."""
        yield from ()
        if log.event == "SecretRevealed":
            self._mixes = {log.args["round"]: log.args["mix"]}
        elif log.event == "BatchPosted":
            self._open[log.args["batch"]] = log
        else:
            self._open.pop(log.args["batch"], None)
        if log.event == "CommitteeDrawn" and log.args["firstSeat"] == 0:
            self._seats = len(log.args["members"])
        elif log.event == "Sampled":
            self._sampler = log.contract

    @on(Submit)
    def choose(self, effect: Submit) -> Steps:
        """Decide at the end of the round whether to reveal."""
        if (effect.call.contract, effect.call.function) != ("Beacon", "reveal"):
            return (yield effect)
        current = yield from self.wait_for_others()
        silent = self._mixes.get(current)
        if silent is None:  # nobody else has revealed: silence would leave the round without a seed
            return (yield effect)
        revealed = mixed(silent, self._situation.me.address, effect.call.args[0])
        if (yield from self.worth(silent, current)) <= (yield from self.worth(revealed, current)):
            return (yield effect)
        yield self.cheated("beacon", str(current))
        return None

    def wait_for_others(self) -> Steps:
        """Let all but the margin of the round pass; answers its number.

        A view runs at the last block's time, which may lie in the round before: the number is computed here.
        """
        length = yield Read("Beacon", "roundLength")
        began = yield Read("Beacon", "genesis")
        elapsed = self._situation.genesis - began + (yield Now())
        yield Sleep(max(0.0, length - elapsed % length - self.margin))
        return int(elapsed // length)

    def worth(self, seed: bytes, current: int) -> Steps:
        """What a seed is worth: seats for the coalition, or accomplices' claims that escape a check."""
        found = 0
        for batch, posted in tuple(self._open.items()):
            posted_at = (yield Read("Settlement", "batchOf", (batch,)))[1]
            if (yield Read("Beacon", "roundAt", (posted_at,))) + 1 != current:
                continue
            if self.aim == "seats":
                members, _ = yield Read("Staking", "activeNodesSince", (STAKING_ROLE[Role.FULL], posted_at))
                drawn = sorted(members, key=lambda member: lot_of(seed, batch, int(member, 16)))[: self._seats]
                found += sum(self.is_ours(member) for member in drawn)
            elif self._sampler and self.is_accomplice(posted.args["node"]):
                rate = yield Read(self._sampler, "rateOf", (posted.args["node"],))
                lots = (int.from_bytes(lot_of(seed, batch, i), "big") for i in range(posted.args["count"]))
                found -= sum(lot % PARTS < rate for lot in lots)
        return found

    def is_ours(self, member: Address) -> bool:
        """Whether a full node belongs to the coalition."""
        found = self._situation.directory.at(member)
        return found is not None and found.name in self._situation.coalition.members

    def is_accomplice(self, node: Address) -> bool:
        """Whether an inference node is one whom cartels protect."""
        found = self._situation.directory.at(node)
        return found is not None and found.name in self._situation.accomplices


def mixed(mix: bytes, node: Address, preimage: bytes) -> bytes:
    """A round's mix when a node has revealed, as the beacon computes it."""
    own = keccak(bytes(12) + bytes.fromhex(node[2:]) + preimage)
    return bytes(a ^ b for a, b in zip(mix, own, strict=True))


def lot_of(seed: bytes, batch: bytes, number: int) -> bytes:
    """A lot as the contracts draw it, for an address or the index of a claim: the lowest addresses' get the seats."""
    return keccak(seed + batch + number.to_bytes(32, "big"))
