"""Inference nodes that leave before they are made to pay, or come back as somebody else.

Catalogue: the withdraw race against long disputes (the variance that Pocket's break-even penalty ignores,
pokt-network/poktroll PR #899), and whitewashing where identities are cheap.
"""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field, PrivateAttr

from chain.quantities import Wei
from chain.seam import Call, Log
from nodes.adversaries.behaviour import Balance, Coalition, on
from nodes.adversaries.inference.answers import VariantBehaviour
from nodes.adversaries.inference.moments import Cheaper, Opportunist
from nodes.adversaries.observer import ChainObserver
from nodes.effects import Execute, Read, Sleep, Spawn, Steps, Submit
from nodes.identity import STAKING_ROLE, Identity


class HitAndRun(Opportunist):
    """Cheat, then unbond everything and take it out before the fraud is proven."""

    kind: ClassVar[str] = "hit_and_run"
    defeats: ClassVar[str] = "unbonding periods shorter than verification"
    stopped_by: ClassVar[str] = "an unbonding period that outlasts verification: unbonding stake stays slashable"
    shows_in: ClassVar[str] = "unslashed_frauds"

    batches: int = Field(default=1, ge=1, le=10**6, description="batches with fraud that it posts before it runs")
    _lied: bool = PrivateAttr(default=False)
    _posted: int = PrivateAttr(default=0)

    def begin(self) -> None:
        """Nothing done yet."""
        self._lied, self._posted = False, 0

    def tempted(self, effect: Execute) -> Steps:
        """Always."""
        yield from ()
        self._lied = True
        return True

    @on(Submit, gated=False)
    def watch_posts(self, effect: Submit) -> Steps:
        """Run once enough batches are posted."""
        receipt = yield effect
        if effect.call.function == "postBatch" and receipt.ok and self._lied:
            self._posted += 1
            if self._posted == self.batches:
                yield Spawn(self.run())
        return receipt

    def run(self) -> Steps:
        """Unbond, wait, withdraw."""
        me = self._situation.me.address
        stake = yield Read("Staking", "stakeOf", (me,))
        if not stake:
            return
        yield Submit(Call(me, "Staking", "unbond", (stake,)))
        yield Sleep((yield Read("Staking", "unbondingPeriod")) + 1)
        yield Submit(Call(me, "Staking", "withdraw"))


class Whitewash(VariantBehaviour, ChainObserver):
    """Cheat under one identity until it is slashed, then bond the next one's stake and go on.

    The nodes that show it belong to one owner. The first is bonded; each of the others keeps its stake in its wallet,
    unknown to clients, until the one before it is slashed. An identity that has a successor is given up: it does not
    ask to be let out of jail.
    """

    kind: ClassVar[str] = "whitewash"
    defeats: ClassVar[str] = "jail and reputation, where a new identity costs no more than its bond"
    stopped_by: ClassVar[str] = "a slash that takes more than the fraud earned, each time"
    shows_in: ClassVar[str] = "fraud_committed"
    at_least: ClassVar[int] = 2
    watches: ClassVar[tuple[str, ...]] = ("Slashed",)

    variant: Cheaper = Field(default="small", description="what it runs")
    _bonded: bool = PrivateAttr(default=False)

    def begin(self) -> None:
        """Only the first identity is bonded."""
        super().begin()
        self._bonded = self.place == 0

    def substitute(self) -> str:
        """The cheaper variant."""
        return self.variant

    @property
    def place(self) -> int:
        """Which of its owner's identities this one is, from 0."""
        return self._situation.coalition.members.index(self._situation.me.name)

    def initial_balance(self, balance: Balance, me: str, coalition: Coalition, peers: Wei) -> Balance:
        """All but the first keep their stake for later."""
        if coalition.members[0] == me:
            return balance
        return Balance(Wei(0), Wei(balance.bonded + balance.liquid))

    def on_event(self, log: Log) -> Steps:
        """Step in for the one before."""
        members = self._situation.coalition.members
        before = self._situation.directory.named(members[self.place - 1]).address
        if not self._bonded and log.args["node"] == before:
            self._bonded = True
            yield Spawn(self.enter())

    def enter(self) -> Steps:
        """Bond what was kept."""
        me = self._situation.me
        yield from bond(me, (yield Read("OPG", "balanceOf", (me.address,))))

    @on(Submit, gated=False)
    def give_up(self, effect: Submit) -> Steps:
        """Leave an identity in jail that has a successor."""
        if effect.call.function == "unjail" and self.place + 1 < len(self._situation.coalition.members):
            return None
        return (yield effect)


def bond(me: Identity, amount: int) -> Steps:
    """Bond so much out of a node's wallet; answers whether it worked."""
    staking = yield Read("Settlement", "staking")
    yield Submit(Call(me.address, "OPG", "approve", (staking, amount)))
    receipt = yield Submit(Call(me.address, "Staking", "stake", (STAKING_ROLE[me.role], amount)))
    return receipt.ok
