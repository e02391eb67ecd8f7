"""Full nodes whose verdicts hang on something other than the claim.

Catalogue: the shirking sampler (detection falls in proportion to what is not checked), the uninformative equilibrium
of peer prediction, and negative votes of validators that cannot run the model (gonka-ai/gonka #1525).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Literal

from pydantic import Field

from chain.units import Share
from nodes.adversaries.behaviour import Behaviour, hash_draw, on
from nodes.effects import Check, Steps, Verdict
from nodes.identity import Role

VERDICTS = {"valid": Verdict.VALID, "invalid": Verdict.INVALID, "abstain": Verdict.ABSTAIN}


class SamplingShirker(Behaviour):
    """Check a share of the claims, and say "valid" of the rest without looking."""

    kind: ClassVar[str] = "sampling_shirker"
    role: ClassVar[Role] = Role.FULL
    defeats: ClassVar[str] = "validators whose work nobody checks"
    stopped_by: ClassVar[str] = "a slash for voting against the verdict; attention challenges"
    shows_in: ClassVar[str] = "verification_work_ratio"

    checks: Share = Field(default=0.5, description="share of the claims that it really checks")

    @on(Check)
    def skim(self, effect: Check) -> Steps:
        """Check, or not, by the task's lot."""
        if hash_draw(f"shirk/{self._situation.me.name}", effect.task) < self.checks:
            return (yield effect)
        yield self.cheated("check", effect.task)
        return Verdict.VALID


class ConstantReporter(Behaviour):
    """Report the same of every claim."""

    kind: ClassVar[str] = "constant_reporter"
    role: ClassVar[Role] = Role.FULL
    defeats: ClassVar[str] = "rewards for agreeing with each other, if all report alike"
    stopped_by: ClassVar[str] = "honest votes in the majority; frauds that are known in advance (honeypots)"
    shows_in: ClassVar[str] = "verification_work_ratio"

    says: Literal["valid", "invalid", "abstain"] = Field(default="valid", description="what it reports")

    @on(Check)
    def report(self, effect: Check) -> Steps:
        """Report without working."""
        yield self.cheated("check", effect.task)
        return VERDICTS[self.says]


class IncapableNegative(Behaviour):
    """Say "invalid" of claims to a model that it cannot run, instead of abstaining."""

    kind: ClassVar[str] = "incapable_negative"
    role: ClassVar[Role] = Role.FULL
    defeats: ClassVar[str] = "votes in which inability counts as a no"
    stopped_by: ClassVar[str] = "abstention, which is neither yes nor no; a slash for voting against the verdict"
    shows_in: ClassVar[str] = "quorum_failures"
    refers_to: ClassVar[Mapping[str, str]] = {"models": "model"}

    models: tuple[str, ...] = Field(default=(), max_length=64, description="models that it cannot run; all if empty")
    says: Literal["invalid", "abstain"] = Field(default="invalid", description="what it votes on them")

    @on(Check)
    def cannot(self, effect: Check) -> Steps:
        """Vote on what it cannot judge."""
        known = self._situation.models
        beyond = [known[name] for name in self.models if name in known] if self.models else list(known.values())
        if effect.claim.model not in beyond:
            return (yield effect)
        yield self.cheated("check", effect.task)
        return VERDICTS[self.says]
