"""Full nodes whose weight is not what it seems: stake that is split, piled up or borrowed.

Catalogue: Sybil splitting against draws by identity, stake concentration (the capture curve of a quorum), stake
borrowed around the selection. By themselves they hold stake and check honestly: write a second behaviour for the
same nodes, such as rubber_stamp_cartel, to have them misuse it.
"""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field, PrivateAttr

from chain.formats.claims import batch_name
from chain.quantities import OPG, Wei
from chain.seam import Call, Log
from chain.units import Amount, Share
from nodes.adversaries.behaviour import Balance, Behaviour, Coalition
from nodes.adversaries.inference.exits import bond
from nodes.adversaries.observer import ChainObserver
from nodes.effects import Read, Sleep, Spawn, Steps, Submit
from nodes.identity import Role


class Sybil(Behaviour):
    """Split one stake over several identities. The parts must not be smaller than the least stake."""

    kind: ClassVar[str] = "sybil"
    role: ClassVar[Role] = Role.FULL
    defeats: ClassVar[str] = "draws and rewards by identity"
    stopped_by: ClassVar[str] = "draws and rewards by stake; a least stake"
    shows_in: ClassVar[str] = "adversary_reward_share"
    at_least: ClassVar[int] = 3

    def initial_balance(self, balance: Balance, me: str, coalition: Coalition, peers: Wei) -> Balance:
        """An equal part of what one node has."""
        return Balance(Wei(balance.bonded // len(coalition.members)), balance.liquid)


class StakeWhale(Behaviour):
    """Hold a given share of all full nodes' stake, together with whoever else shows the behaviour."""

    kind: ClassVar[str] = "stake_whale"
    role: ClassVar[Role] = Role.FULL
    defeats: ClassVar[str] = "stake-weighted votes, from the quorum's share on"
    stopped_by: ClassVar[str] = "nothing but more honest stake; below a third it cannot even veto"
    shows_in: ClassVar[str] = "fraud_finalised"

    share: Share = Field(default=0.34, gt=0, le=0.99, description="of the stake of all full nodes, by scenario")

    def initial_balance(self, balance: Balance, me: str, coalition: Coalition, peers: Wei) -> Balance:
        """An equal part of the stake that gives them this share; `peers` all have what the scenario gives them."""
        whales = len(coalition.members)
        others = peers - (whales - 1) * balance.bonded
        return Balance(Wei(round(others * self.share / (1 - self.share)) // whales), balance.liquid)


class BorrowedStake(ChainObserver):
    """Bond borrowed stake when a batch is posted, and unbond it once the panel is drawn.

    It must wait out the unbonding period before it can borrow again.
    """

    kind: ClassVar[str] = "borrowed_stake"
    role: ClassVar[Role] = Role.FULL
    defeats: ClassVar[str] = "draws by the stake of the moment"
    stopped_by: ClassVar[str] = "draws among those whose stake is older than the batch; unbonding periods"
    shows_in: ClassVar[str] = "adversary_reward_share"
    watches: ClassVar[tuple[str, ...]] = ("BatchPosted", "CommitteeDrawn")

    amount: Amount = Field(default=100_000 * OPG, gt=0, le=10**7 * OPG, description="what it can borrow")
    _bonded: int = PrivateAttr(default=0)
    _busy: bool = PrivateAttr(default=False)

    def begin(self) -> None:
        """Nothing borrowed yet."""
        super().begin()
        self._bonded, self._busy = 0, False

    def initial_balance(self, balance: Balance, me: str, coalition: Coalition, peers: Wei) -> Balance:
        """The loan lies in its wallet."""
        return Balance(balance.bonded, Wei(balance.liquid + self.amount))

    def on_event(self, log: Log) -> Steps:
        """Bond before the draw, unbond after it."""
        if log.event == "BatchPosted" and not self._busy:
            self._busy = True
            yield Spawn(self.borrow(log.args["batch"]))
        elif log.event == "CommitteeDrawn" and self._bonded:
            amount, self._bonded = self._bonded, 0
            yield Spawn(self.give_back(amount))

    def borrow(self, batch: bytes) -> Steps:
        """Bond the loan."""
        yield self.cheated("stake", batch_name(batch))
        self._busy = yield from bond(self._situation.me, self.amount)
        self._bonded = self.amount if self._busy else 0

    def give_back(self, amount: int) -> Steps:
        """Unbond the loan, and have it back when the contract lets go of it."""
        me = self._situation.me.address
        yield Submit(Call(me, "Staking", "unbond", (amount,)))
        yield Sleep((yield Read("Staking", "unbondingPeriod")) + 1)
        yield Submit(Call(me, "Staking", "withdraw"))
        self._busy = False
