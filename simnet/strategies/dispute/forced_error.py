"""Forced errors: nodes must lie now and then, so that looking for lies pays even where nobody cheats.

In each round of the beacon an inference node draws a lot, from a secret that it committed to beforehand and from the
seed of the round before. If it wins, the node adds to its next batch a claim about a request that nobody made, with
a wrong but plausible output. To everybody else it is a claim like any other: its task id looks as random as all, and
only executing it shows that it is wrong. Full nodes challenge it as they would any fraud, under seal, so that nobody
can join in who has not looked. When the time for challenges is over, the node shows the secret: it is not slashed,
and each of the k challengers gets J / 2^(k-1) out of a pool that the verifiers' share of all fees feeds. Sharing like
that, k accomplices get k J / 2^(k-1) together, which is never more than one of them would. A lone checker of batches
of n claims checks if q J > n C, with forced errors in a share q of the batches and a cost C for each execution.

No client gets a wrong answer: in Truebit the solver's error is in the task itself, and corrected afterwards; here a
claim is added in its place. The lot cannot be ground, for the secret is fixed before the seed is known, and no fraud
on a client can pass for a forced error, for clients choose their own task ids.

Limits. A node that leaves out its forced errors is not found out. One that tells an accomplice where they are has
the accomplice share the jackpot with honest finders, and have it all where there are none. A client in whose name
the claim is made, and who sees it, can tell; so can a checker who knows every input that was ever asked. Whoever
biases the beacon (its last revealer) biases the lots. A node that is cut off until after the evidence window is
slashed for an error that it was told to make.

Source: Truebit, arXiv 1908.04756 [S]: about one forced error in 1000 tasks, a tax of 500 to 5000 % of a task's cost.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any, ClassVar

from pydantic import Field

from chain.deploy import ProtocolParameters, VerifierSpec
from chain.formats.claims import MAX_CLAIMS, Claim, open_claims, task_name
from chain.hashing import keccak
from chain.quantities import NO_DEADLINE, OPG, PARTS, Gas, Wei
from chain.seam import Call
from chain.units import Amount, Duration, Share
from nodes.effects import Note, Read, Steps, Submit
from nodes.inference import Answered, InferenceNode, PosterHalf
from nodes.messages import BatchData, InferenceRequest
from nodes.models.wrong import rotated
from nodes.records import ErrorForced
from nodes.waiting import wait_since_post
from simnet.strategies.dispute.dispute import CHALLENGER_GAS
from simnet.strategies.dispute.optimistic import Optimistic
from simnet.strategies.facts import Facts
from simnet.strategies.secrets import RoundSecrets, enough_secrets

SHOW_GAS = Gas(2_500_000)
"""Gas that showing a forced error may use at the most, its finders apart: a hash for each round since the last."""

POST_WITHIN_S = 40
"""How soon after its last answer a batch with a forced error must be posted: an interval, some blocks (assumption)."""

PAST = 64
"""Answers that a node remembers to make forced errors from (assumption)."""


class ForcedError(Optimistic):
    """Nodes must claim something wrong now and then, and whoever finds it wins a jackpot."""

    kind: ClassVar[str] = "forced_error"
    claim: ClassVar[str] = "full nodes check although nobody cheats, if q J > C: forced errors pay for looking"
    source: ClassVar[str] = "Truebit, arXiv 1908.04756 [S], with a claim of its own for each forced error"
    contract: ClassVar[str] = "ForcedError"
    deadlines: ClassVar[tuple[str, ...]] = (*Optimistic.deadlines, "evidence_window")

    sealed: bool = Field(default=True, description="hide challenges until no more are taken: they would be copied")
    forced: Share = Field(default=0.1, description="probability that a node's batch in a round holds a forced error")
    jackpot: Amount = Field(default=OPG, description="for a single challenger; k get J / 2^(k-1) each (assumption)")
    pool: Amount = Field(default=100 * OPG, description="OPG in the pool from the start (assumption)")
    evidence_window: Duration = Field(default=10.0, ge=1, description="to show a disputed forced error (assumption)")

    @property
    def evidence_window_s(self) -> float:
        """In which nodes show their forced errors."""
        return self.evidence_window

    @property
    def uses_beacon(self) -> bool:
        """Lots are drawn from its seeds."""
        return True

    def poster(self, node: InferenceNode, facts: Facts) -> PosterHalf:
        """Makes errors as it is told."""
        return ForcedErrorPoster(node, self)

    def contract_spec(self) -> VerifierSpec | None:
        """The ForcedError contract, with these parameters."""
        lottery = (round(self.forced * PARTS), self.jackpot)
        return VerifierSpec(self.contract, (self.panel(self.quorum), self.rule(), lottery))

    def adjust(self, parameters: ProtocolParameters, facts: Facts) -> ProtocolParameters:
        """The tax that feeds the pool is the verifiers' share of the fees."""
        return replace(super().adjust(parameters, facts), verifier_share_bps=parameters.verifier_share_bps)

    def initial_funding(self) -> Wei:
        """What the pool begins with."""
        return Wei(self.pool)

    def problems(self, facts: Facts) -> Iterable[tuple[tuple[Any, ...], str]]:
        """There must be room in a batch, and secrets enough."""
        yield from super().problems(facts)
        if self.evidence_window % 1:
            yield ("evidence_window",), "contracts count in seconds, so the window must be whole ones"
        if facts.batch_size == MAX_CLAIMS:
            yield ("kind",), f"a forced error needs room in the batch: let batch_size be {MAX_CLAIMS - 1} at the most"
        yield from enough_secrets(facts)


class ForcedErrorPoster(PosterHalf):
    """Adds forced errors to batches as the lots say, and owns up to those that are challenged."""

    def __init__(self, node: InferenceNode, terms: ForcedError) -> None:
        super().__init__(node)
        self.terms = terms
        self.secrets = RoundSecrets(node, terms.contract)
        self.past: list[Answered] = node.disk.kept("past", list)
        """What errors can be made from."""
        self.drawn: set[int] = node.disk.kept("drawn", set)
        """Rounds whose lot was drawn."""
        self.forced: dict[str, bytes] = node.disk.kept("forced", dict)
        """Secrets of its errors, by task: at most one for each round."""
        self.announced: set[str] = node.disk.kept("announced", set)
        """Tasks of those that are in a posted batch."""

    def on_start(self) -> Steps:
        """Commit to the secrets that lots are drawn from."""
        yield from self.secrets.commit()

    def compose(self, answered: list[Answered]) -> Steps:
        """Add a forced error, if a lot says so; and remember what later ones can be made from."""
        secret, moment = yield from self.draw_lot(answered)
        batch = answered
        if secret is not None:
            error = forced_error(secret, moment, self.past or answered, answered)
            self.forced[error.request.task] = secret
            batch = inserted(error, answered, secret)
        self.past.extend(answered)
        del self.past[:-PAST]
        return batch

    def post_by(self, answered: Sequence[Answered]) -> int:
        """Soon, if there is a forced error in it: a deep reorg undoes the seed of its lot, and it would be a fraud."""
        if not any(one.request.task in self.forced for one in answered):
            return NO_DEADLINE
        return answered[-1].answered_at + POST_WITHIN_S

    def draw_lot(self, answered: list[Answered]) -> Steps:
        """Answers the secret and the timestamp of a forced error; the secret is ``None`` if there is to be none.

        The error pretends to have been answered some time between the first and the last. Each round has one lot.
        """
        first, last = answered[0].answered_at, answered[-1].answered_at
        moment = first + draw(self.node.secret, answered[0].request.task.encode(), last - first + 1)
        beacon_round = yield Read("Beacon", "roundAt", (moment,))
        secret = self.secrets.of(beacon_round)
        if secret is None or beacon_round in self.drawn:
            return None, moment
        self.drawn.add(beacon_round)
        wins = yield Read(self.terms.contract, "isForced", (beacon_round, secret))
        return (secret if wins else None), moment

    def on_posted(self, data: BatchData) -> Steps:
        """Own up to a forced error that is challenged, once all challenges are in."""
        for claim in data.claims:
            task = task_name(claim.task)
            secret = self.forced.get(task)
            if secret is not None:
                if task not in self.announced:
                    self.announced.add(task)
                    yield Note(ErrorForced(self.node.me.name, data.batch, task))
                yield from self.own_up(data, claim, secret)

    def own_up(self, data: BatchData, claim: Claim, secret: bytes) -> Steps:
        """Show on chain that an error was forced, if it is in dispute when all challenges are in."""
        yield from wait_since_post(data.batch, self.terms.challenge_window + self.terms.open_window_s + 1)
        batch = bytes.fromhex(data.batch[2:])
        disputed = (yield Read(self.terms.contract, "disputedIn", (batch,))) or 0
        if disputed >> claim.index & 1:
            (opening,) = open_claims(data.claims, [claim.index])
            made = (yield Read(self.terms.contract, "challengesOf", (batch,))) or ()
            gas = Gas(SHOW_GAS + CHALLENGER_GAS * sum(claims >> claim.index & 1 for _, claims in made))
            call = Call(self.node.me.address, self.terms.contract, "showForced", (batch, secret, opening), gas)
            yield Submit(call, subject=data.batch)


def forced_error(secret: bytes, moment: int, past: Sequence[Answered], answered: Sequence[Answered]) -> Answered:
    """A claim that looks like the others of its batch and is wrong, made from an answer of some time ago."""
    model = past[draw(secret, b"model", len(past))]
    neighbour = answered[draw(secret, b"client", len(answered))]
    task = task_name(keccak(b"forced error".ljust(32, b"\0") + secret))
    request = InferenceRequest(task, model.request.model, model.request.value, neighbour.request.fee, None)
    return Answered(neighbour.client, request, rotated(model.output), moment)


def inserted(error: Answered, answered: Sequence[Answered], secret: bytes) -> list[Answered]:
    """A batch in order of time; among others that were answered in the same second, it may be anywhere."""
    times = [one.answered_at for one in answered]
    first, after = bisect_left(times, error.answered_at), bisect_right(times, error.answered_at)
    place = first + draw(secret, b"place", after - first + 1)
    return [*answered[:place], error, *answered[place:]]


def draw(secret: bytes, what: bytes, count: int) -> int:
    """A number from 0 to `count` - 1 that nobody else can tell."""
    return int.from_bytes(keccak(secret + what)[:8], "big") % count
