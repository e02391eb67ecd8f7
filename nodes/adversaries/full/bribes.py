"""Full nodes whose votes are for sale.

Catalogue: a bribe below the slash, P + epsilon bribes on Schelling-point votes (which cost the briber nothing if they
work), and votes withheld for ransom. Money that changes hands off chain is recorded as a side payment.
"""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field, PrivateAttr

from chain.formats.claims import batch_name
from chain.quantities import OPG
from chain.seam import Log
from chain.units import Amount, Share
from nodes.adversaries.behaviour import Behaviour, hash_draw, on
from nodes.adversaries.observer import ChainObserver
from nodes.effects import Check, Steps, Submit, Verdict
from nodes.identity import Role

WRONG_VOTE = b"wrong_vote"


class Bribed(Behaviour):
    """Accept what accomplices claim, for a bribe that covers its price; check the others honestly."""

    kind: ClassVar[str] = "bribed"
    role: ClassVar[Role] = Role.FULL
    defeats: ClassVar[str] = "few verifiers, or a slash below the bribe"
    stopped_by: ClassVar[str] = "a slash for a wrong vote above any bribe, and enough who are not for sale"
    shows_in: ClassVar[str] = "side_payments_opg"

    bribe: Amount = Field(default=OPG, description="what accomplices offer for each of their claims (assumption)")
    price: Amount = Field(default=0, description="least bribe that it takes: what it fears to lose by a wrong vote")

    @on(Check)
    def sell(self, effect: Check) -> Steps:
        """Take the bribe, if it is enough."""
        if effect.node not in self._situation.accomplices or self.bribe < self.price:
            return (yield effect)
        yield self.cheated("check", effect.task)
        yield self.paid(effect.node, self._situation.me.name, self.bribe, "bribe", effect.task)
        return Verdict.VALID


class PPlusEpsilonBribe(ChainObserver):
    """Accept what accomplices claim, on their promise to make good whatever that costs, and a little more.

    The promise falls due only if the vote is lost: if enough voters believe it, the bribe costs nothing.
    """

    kind: ClassVar[str] = "p_plus_epsilon_bribe"
    role: ClassVar[Role] = Role.FULL
    defeats: ClassVar[str] = "votes in which the majority defines the truth"
    stopped_by: ClassVar[str] = "arbitration by execution; a quorum that the bribed do not reach"
    shows_in: ClassVar[str] = "side_payments_opg"
    watches: ClassVar[tuple[str, ...]] = ("Slashed",)

    epsilon: Amount = Field(default=OPG // 10, description="paid on top of the loss (assumption)")
    _briber: str = PrivateAttr(default="")

    def begin(self) -> None:
        """Nothing sold yet."""
        super().begin()
        self._briber = ""

    @on(Check)
    def sell(self, effect: Check) -> Steps:
        """Believe the promise."""
        if effect.node not in self._situation.accomplices:
            return (yield effect)
        self._briber = effect.node
        yield self.cheated("check", effect.task)
        return Verdict.VALID

    def on_event(self, log: Log) -> Steps:
        """Be made whole after a lost vote."""
        if self._briber and self.is_me(log) and log.args["reason"].startswith(WRONG_VOTE):
            loss = log.args["amount"] + self.epsilon
            yield self.paid(self._briber, self._situation.me.name, loss, "P + epsilon", "")


class Extortionist(ChainObserver):
    """Commit to an honest vote, and open it only if the node that is judged pays."""

    kind: ClassVar[str] = "extortionist"
    role: ClassVar[Role] = Role.FULL
    defeats: ClassVar[str] = "quorums that cannot do without it"
    stopped_by: ClassVar[str] = "a slash for silence above the ransom, and a quorum that others reach"
    shows_in: ClassVar[str] = "side_payments_opg"
    watches: ClassVar[tuple[str, ...]] = ("BatchPosted", "BatchFinal")

    ransom: Amount = Field(default=OPG, description="asked for each batch")
    yielding: Share = Field(default=0.5, description="share of the batches whose node pays (assumption)")
    _posters: dict[str, str] = PrivateAttr(default_factory=dict)

    def begin(self) -> None:
        """No batch seen yet."""
        super().begin()
        self._posters = {}

    def on_event(self, log: Log) -> Steps:
        """Remember whom to ask for money, until there is nothing left to ask for."""
        yield from ()
        batch = batch_name(log.args["batch"])
        poster = self._situation.directory.at(log.args["node"])
        if log.event == "BatchFinal" or poster is None:
            self._posters.pop(batch, None)
        else:
            self._posters[batch] = poster.name

    @on(Submit)
    def demand(self, effect: Submit) -> Steps:
        """Keep the vote hidden until it is paid for."""
        if effect.call.function != "reveal" or effect.call.contract == "Beacon":
            return (yield effect)
        victim, me = self._posters.get(effect.subject, ""), self._situation.me.name
        if victim and hash_draw(f"ransom/{me}", effect.subject) < self.yielding:
            yield self.cheated("ransom", effect.subject)
            yield self.paid(victim, me, self.ransom, "ransom", effect.subject)
            return (yield effect)
        yield self.cheated("reveal", effect.subject)
        return None
