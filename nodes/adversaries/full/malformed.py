"""Full nodes that make calls which no honest full node would make, to be paid for nothing, or to stop the others.

Catalogue: found by attacking this repository's contracts with calls that no behaviour made.
"""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field, PrivateAttr

from chain.formats.claims import batch_name, vote_commitment
from chain.quantities import Gas, Wei
from chain.seam import Call, Log
from nodes.adversaries.behaviour import Balance, Behaviour, Coalition, on
from nodes.adversaries.inference.exits import bond
from nodes.adversaries.observer import ChainObserver
from nodes.effects import Check, Read, Sleep, Spawn, Steps, Submit, Verdict
from nodes.identity import Role
from nodes.waiting import wait_since_post

NO_SALT = bytes(32)
CALL_GAS = Gas(600_000)
"""Gas that a call may use at the most."""
WITH_A_WINDOW = ("Attested", "Proven")
"""Contracts under which whoever calls first after a window makes a batch final."""


class DustBonds(ChainObserver):
    """Bond one wei, so that every draw has one more candidate to read."""

    kind: ClassVar[str] = "dust_bonds"
    role: ClassVar[Role] = Role.FULL
    defeats: ClassVar[str] = "draws whose gas grows with every account that has bonded anything"
    stopped_by: ClassVar[str] = "a least stake below which a bond is no candidate"
    shows_in: ClassVar[str] = "gas_per_inference"
    watches: ClassVar[tuple[str, ...]] = ("BatchPosted",)

    _bonded: bool = PrivateAttr(default=False)

    def begin(self) -> None:
        """Nothing bonded yet."""
        super().begin()
        self._bonded = False

    def initial_balance(self, balance: Balance, me: str, coalition: Coalition, peers: Wei) -> Balance:
        """All that it has is in its wallet."""
        return Balance(Wei(0), Wei(balance.liquid + balance.bonded))

    def on_event(self, log: Log) -> Steps:
        """Bond at the first batch."""
        if not self._bonded:
            self._bonded = True
            yield self.cheated("stake", batch_name(log.args["batch"]))
            yield Spawn(bond(self._situation.me, 1))


class HollowReporter(ChainObserver):
    """Take out one's stake, and call every claim wrong from then on, so that arbiters are called for nothing."""

    kind: ClassVar[str] = "hollow_reporter"
    role: ClassVar[Role] = Role.FULL
    defeats: ClassVar[str] = "reports and challenges that cost nothing to whoever has nothing"
    stopped_by: ClassVar[str] = "reports by active full nodes alone, whose stake answers for them"
    shows_in: ClassVar[str] = "verification_overhead_ratio"
    needs: ClassVar[str] = "secret_seed_duty"
    watches: ClassVar[tuple[str, ...]] = ("SeedCommitted", "BatchPosted")

    _contract: str = PrivateAttr(default="")

    def begin(self) -> None:
        """Nobody reports anywhere yet."""
        super().begin()
        self._contract = ""

    def on_event(self, log: Log) -> Steps:
        """Unbond when reports can be made, and report all of each batch from then on."""
        me = self._situation.me.address
        if log.event == "SeedCommitted":
            if self.is_me(log):
                self._contract = log.contract
                bonded = yield Read("Staking", "stakeOf", (me,))
                yield Spawn(send(Call(me, "Staking", "unbond", (bonded,), CALL_GAS)))
        elif self._contract:
            batch = log.args["batch"]
            yield self.cheated("vote", batch_name(batch))
            args = (batch, 2 ** log.args["count"] - 1)
            yield Spawn(send(Call(me, self._contract, "report", args, CALL_GAS), batch))


class BountySniper(ChainObserver):
    """Verify nothing, and make every batch final in the first second in which that can be done."""

    kind: ClassVar[str] = "bounty_sniper"
    role: ClassVar[Role] = Role.FULL
    defeats: ClassVar[str] = "pay for verification that goes to whoever makes a batch final"
    stopped_by: ClassVar[str] = "pay that falls to a full node by lot, whoever calls"
    shows_in: ClassVar[str] = "adversary_reward_share"
    needs: ClassVar[str] = "tee"
    watches: ClassVar[tuple[str, ...]] = ("BatchPosted", "BatchFinal", "Rewarded")

    _posted: dict[bytes, None] = PrivateAttr(default_factory=dict)
    _contract: str = PrivateAttr(default="")

    def begin(self) -> None:
        """Nobody was paid yet."""
        super().begin()
        self._posted, self._contract = {}, ""

    def on_event(self, log: Log) -> Steps:
        """Learn who pays, and set out to make every batch final."""
        if log.event == "Rewarded":
            self._contract = log.contract
        elif log.event == "BatchFinal":
            self._posted.pop(log.args["batch"], None)
        else:
            self._posted[log.args["batch"]] = None
        while self._contract in WITH_A_WINDOW and self._posted:
            yield Spawn(self.snipe(self._posted.popitem()[0]))

    def snipe(self, batch: bytes) -> Steps:
        """Call as soon as the window is over."""
        name, me = batch_name(batch), self._situation.me.address
        yield from wait_since_post(name, (yield Read(self._contract, "window")) + 1)
        yield self.cheated("vote", name)
        yield from send(Call(me, self._contract, "finalise", (batch, (), ()), CALL_GAS), batch)

    @on(Check)
    def skip(self, effect: Check) -> Steps:
        """Take everything for right."""
        yield self.cheated("check", effect.task)
        return Verdict.VALID


class Echo(Behaviour):
    """Send every transaction again as soon as it is in a block."""

    kind: ClassVar[str] = "echo"
    role: ClassVar[Role] = Role.FULL
    defeats: ClassVar[str] = "calls that pay or punish each time that they are made"
    stopped_by: ClassVar[str] = "a record of what was done, by a number that the caller does not choose"
    shows_in: ClassVar[str] = "gas_total"

    @on(Submit)
    def repeat(self, effect: Submit) -> Steps:
        """Send it, and once more."""
        receipt = yield effect
        if receipt is not None and receipt.ok:
            yield self.cheated("echo", effect.subject, str(effect.call))
            yield Spawn(again(effect))
        return receipt


def again(effect: Submit) -> Steps:
    """A transaction, once more."""
    yield effect


def send(call: Call, batch: bytes = b"") -> Steps:
    """A transaction, about a batch if given, whatever becomes of it."""
    yield Submit(call, subject=batch_name(batch) if batch else "")


class FreeRiderCommittee(ChainObserver):
    """Execute nothing; commit to what the node claims once enough others are seen to have, and never alone."""

    kind: ClassVar[str] = "free_rider_committee"
    role: ClassVar[Role] = Role.FULL
    defeats: ClassVar[str] = "commitments that can be told by who knows the claims, such as those without a salt"
    stopped_by: ClassVar[str] = "a salt in each commitment, and a slash for one that is not opened"
    shows_in: ClassVar[str] = "adversary_reward_share"
    needs: ClassVar[str] = "indexed_commitment"
    watches: ClassVar[tuple[str, ...]] = ("BatchPosted", "Submitted", "BatchFinal")

    joins: int = Field(default=3, ge=1, le=127, description="how many others it waits for")
    patience_s: float = Field(default=15.0, gt=0, le=3600, description="how long it waits for them")
    _agreeing: dict[str, int] = PrivateAttr(default_factory=dict)
    _roots: dict[str, bytes] = PrivateAttr(default_factory=dict)

    def begin(self) -> None:
        """Nothing seen yet."""
        super().begin()
        self._agreeing, self._roots = {}, {}

    def on_event(self, log: Log) -> Steps:
        """Count the commitments of each batch that are what its root and no salt make."""
        yield from ()
        batch = batch_name(log.args["batch"])
        if log.event == "BatchPosted":
            self._roots[batch] = log.args["root"]
        elif log.event == "BatchFinal":
            self._roots.pop(batch, None)
            self._agreeing.pop(batch, None)
        elif batch in self._roots:
            guess = vote_commitment(log.args["batch"], log.args["member"], int.from_bytes(self._roots[batch]), NO_SALT)
            self._agreeing[batch] = self._agreeing.get(batch, 0) + (log.args["commitment"] == guess)

    @on(Check)
    def believe(self, effect: Check) -> Steps:
        """Take a claim for right without executing anything."""
        yield self.cheated("check", effect.task)
        return Verdict.VALID

    @on(Submit)
    def join(self, effect: Submit) -> Steps:
        """Commit when enough others are seen to agree; otherwise leave it."""
        if effect.call.function != "submit":
            return (yield effect)
        waited = 0.0
        while self._agreeing.get(effect.subject, 0) < self.joins:
            if waited >= self.patience_s:
                return None
            yield Sleep(1.0)
            waited += 1.0
        yield self.cheated("vote", effect.subject)
        return (yield effect)
