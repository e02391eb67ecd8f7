"""Full nodes that shirk, copy, lie or collude.

Catalogue: the verifier's dilemma (Felten 2019; Truebit, arXiv 1908.04756), vote copying (Atoma's and
Bittensor's reasons for commit-reveal), withheld reveals (the abort attack on any commit-reveal scheme).
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, ClassVar

from pydantic import Field, PrivateAttr

from chain.formats.claims import batch_name
from chain.seam import Log
from nodes.adversaries.behaviour import Behaviour, on
from nodes.effects import Check, Receive, Sleep, Steps, Submit, Subscribe, Verdict
from nodes.identity import Role

COPIED = {"vote": ("Voted", "votes"), "commit": ("Committed", "commitment"), "submit": ("Submitted", "commitment")}
"""What can be copied: by function, the event that shows another's word, and where."""


class LazyAccept(Behaviour):
    """Say "valid" without looking."""

    kind: ClassVar[str] = "lazy_accept"
    role: ClassVar[Role] = Role.FULL
    defeats: ClassVar[str] = "committees in which the lazy are a quorum"
    stopped_by: ClassVar[str] = "a slash for voting against the quorum"
    shows_in: ClassVar[str] = "verification_work_ratio"

    judges: bool = Field(default=False, description="work when called to judge, where a wrong vote costs stake")

    @on(Check)
    def shrug(self, effect: Check) -> Steps:
        """Answer a check without working."""
        if effect.assigned and self.judges:
            return (yield effect)
        yield self.cheated("check", effect.task)
        return Verdict.VALID


class FalseReject(Behaviour):
    """Say "invalid" of honest work."""

    kind: ClassVar[str] = "false_reject"
    role: ClassVar[Role] = Role.FULL
    defeats: ClassVar[str] = "schemes in which one no is enough"
    stopped_by: ClassVar[str] = "a quorum, and a slash for voting against it"
    shows_in: ClassVar[str] = "false_slash_rate"

    @on(Check)
    def slander(self, effect: Check) -> Steps:
        """Answer a check without working."""
        yield self.cheated("check", effect.task)
        return Verdict.INVALID


class RubberStampCartel(Behaviour):
    """Accept whatever accomplices claim, check the others honestly."""

    kind: ClassVar[str] = "rubber_stamp_cartel"
    role: ClassVar[Role] = Role.FULL
    defeats: ClassVar[str] = "any vote in which the cartel holds a quorum"
    stopped_by: ClassVar[str] = "an honest share of stake large enough to deny it the quorum"
    shows_in: ClassVar[str] = "fraud_finalised"

    @on(Check)
    def wave_through(self, effect: Check) -> Steps:
        """Accept an accomplice's claim without working."""
        if effect.node not in self._situation.accomplices:
            return (yield effect)
        yield self.cheated("check", effect.task)
        return Verdict.VALID


class WithholdReveal(Behaviour):
    """Commit to a vote, or seal a challenge, and never open it."""

    kind: ClassVar[str] = "withhold_reveal"
    role: ClassVar[Role] = Role.FULL
    defeats: ClassVar[str] = "commit-reveal without a price for silence"
    stopped_by: ClassVar[str] = "a slash for a commitment that is not opened, the bonds for a seal"
    shows_in: ClassVar[str] = "missed_reveals"

    @on(Submit)
    def keep_quiet(self, effect: Submit) -> Steps:
        """Drop the reveal."""
        if effect.call.function not in ("reveal", "show", "openChallenge") or effect.call.contract == "Beacon":
            return (yield effect)
        yield self.cheated("reveal", effect.subject)
        return None


class Copycat(Behaviour):
    """Check nothing; vote as the first other member voted, or copy a commitment where those are made first."""

    kind: ClassVar[str] = "copycat"
    role: ClassVar[Role] = Role.FULL
    defeats: ClassVar[str] = "open voting"
    stopped_by: ClassVar[str] = "commit-reveal whose commitments are bound to the voter"
    shows_in: ClassVar[str] = "copied_votes"

    patience_s: float = Field(default=15.0, gt=0, le=3600, description="how long to wait for somebody to copy from")
    _seen: dict[tuple[str, str], Any] = PrivateAttr(default_factory=dict)

    def begin(self) -> None:
        """Nothing seen yet."""
        self._seen = {}

    @on(Subscribe, gated=False)
    def watch_others(self, effect: Subscribe) -> Steps:
        """Follow what the other members commit and vote."""
        return (yield Subscribe((*effect.events, *(event for event, _ in COPIED.values()))))

    @on(Receive, gated=False)
    def remember_first(self, effect: Receive) -> Steps:
        """Remember the first vote and the first commitment of each batch; keep them from the honest node."""
        said = dict(COPIED.values())
        while True:
            envelope = yield effect
            log = envelope.message
            if not isinstance(log, Log) or log.event not in said:
                return envelope
            if log.args["member"] != self._situation.me.address:
                self._seen.setdefault((log.event, batch_name(log.args["batch"])), log.args[said[log.event]])

    @on(Check)
    def skip(self, effect: Check) -> Steps:
        """Leave the verdict open: somebody else will have one."""
        yield self.cheated("check", effect.task)
        return Verdict.ABSTAIN

    @on(Submit)
    def copy_other(self, effect: Submit) -> Steps:
        """Put the first other member's vote, or commitment, in the place of our own."""
        if effect.call.function not in COPIED:
            return (yield effect)
        event, _ = COPIED[effect.call.function]
        waited = 0.0
        while (event, effect.subject) not in self._seen and waited < self.patience_s:
            yield Sleep(1.0)
            waited += 1.0
        copied = self._seen.get((event, effect.subject))
        if copied is None:
            return (yield effect)
        yield self.cheated("vote", effect.subject)
        call = replace(effect.call, args=(*effect.call.args[:-1], copied))
        return (yield replace(effect, call=call))
