"""Inference nodes that post batches which no honest node would post, to hide claims from judgement.

A batch says how many claims it holds, and each claim says which one it is. What a contract cannot open, it cannot
reject; what nobody is told of, nobody checks. Give these nodes a behaviour that falsifies answers as well: by
themselves they hide nothing that is wrong.

Catalogue: found by attacking this repository's contracts with calls that no behaviour made.
"""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

from pydantic import Field

from nodes.adversaries.behaviour import Behaviour, on
from nodes.effects import Arrange, Reply, Steps, Submit
from nodes.identity import Role
from nodes.messages import BatchData

POST = "postBatch"


class MalformedBatch(Behaviour):
    """Base of behaviours that post malformed batches."""

    role: ClassVar[Role] = Role.INFERENCE
    stopped_by: ClassVar[str] = (
        "claims that can be opened in one place alone, and one opening that proves another place"
    )
    shows_in: ClassVar[str] = "fraud_finalised"


class Miscounter(MalformedBatch):
    """Base of behaviours that post a whole tree and say that it holds fewer claims."""

    def count(self, claims: int) -> int:
        """How many it says there are; never more."""
        raise NotImplementedError

    @on(Submit)
    def miscount(self, effect: Submit) -> Steps:
        """Post under another count, if that hides something."""
        if effect.call.function != POST:
            return (yield effect)
        root, claims, *rest = effect.call.args
        count = self.count(claims)
        if count == claims:
            return (yield effect)
        yield self.cheated("batch", effect.subject, f"{count} of {claims} claims")
        return (yield replace(effect, call=replace(effect.call, args=(root, count, *rest))))


class ShortCount(Miscounter):
    """Say one claim less than the batch holds, so that a verdict on all of them means too many."""

    kind: ClassVar[str] = "short_count"
    defeats: ClassVar[str] = "challenges and reports of a whole batch, where the count is bound to nothing"

    def count(self, claims: int) -> int:
        """All but the last."""
        return max(1, claims - 1)


class OneCount(Miscounter):
    """Say that a batch holds one claim, and be paid for all."""

    kind: ClassVar[str] = "one_count"
    defeats: ClassVar[str] = "every verdict: what is beyond the count is judged by nobody"

    def count(self, claims: int) -> int:
        """One."""
        return 1


class HiddenLeaves(Miscounter):
    """Say that a batch holds a share of its claims, and show no others to whoever asks."""

    kind: ClassVar[str] = "hidden_leaves"
    defeats: ClassVar[str] = "whoever takes what it is shown for the whole"
    stopped_by: ClassVar[str] = "data held against the root: what does not match it counts as withheld, and is void"

    shown: float = Field(default=0.5, gt=0, lt=1, description="share of the claims that it shows")

    def count(self, claims: int) -> int:
        """The first few."""
        return max(1, int(self.shown * claims))

    @on(Reply)
    def hide(self, effect: Reply) -> Steps:
        """Show as many claims as it said there are."""
        data = effect.message
        if isinstance(data, BatchData):
            count = self.count(len(data.claims))
            data = replace(data, claims=data.claims[:count], inputs=data.inputs[:count], outputs=data.outputs[:count])
            effect = replace(effect, message=data)
        return (yield effect)


class DuplicateIndex(MalformedBatch):
    """Give the last two claims of a batch one number, so that only one of them can be opened by it."""

    kind: ClassVar[str] = "duplicate_index"
    defeats: ClassVar[str] = "verdicts by number, where a tree forgets positions"

    @on(Arrange)
    def number_twice(self, effect: Arrange) -> Steps:
        """Number the last claim like the one before it."""
        claims = yield effect
        if len(claims) < 2:
            return claims
        yield self.cheated("batch", effect.subject, f"claim {claims[-1].index} is {claims[-2].index} too")
        return (*claims[:-1], replace(claims[-1], index=claims[-2].index))
