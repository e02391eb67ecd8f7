"""Attention challenges: full nodes must answer for what only who executes a claim can know.

Every full node looks at every batch. A claim calls on it if a hash of its secret for the round, the claim and the
claim's result falls below a; then it must respond within a window. Nobody can tell who is called without executing
the claim, and nobody but the node without its secret, which it committed to beforehand. Secrets are shown before the
challenges end; afterwards, in the evidence window, every full node that knows the results works out who was called, and
accuses who did not respond, or responded without a call. The accused pays G for each claim, half of it to the
accuser. Claims in dispute call on nobody, since nobody knows yet what their result is. Fraud is challenged as in
`optimistic`. To check is dominant if a G > C, whether there is any fraud or not.

The result is a hash of the output other than the claim's own, so that the claims of a batch can be shown at once and
held against its root; each claim's evidence is the hash of its result. Outputs are not shown at all, nor needed:
results must come out the same to the last bit, so that a check compares hashes, and the comparator has no say.

Limits. Scenarios with honest noise are refused: an honest node whose last digits differ would be called by other
claims than its accusers believe. Whoever is told the results, by the node that posted them, a client or another
full node, need not compute them. A full node pays for looking and gets nothing for it but others' penalties. One
that is cut off until the challenges end pays for as many calls as a batch makes on average, one at the least.

Source: Felten's attention challenges, named in the documentation of Arbitrum BoLD as future work [R]; there the
secret is a Diffie-Hellman key that who asserts can open. The condition a G > C is derived [D]. The round secrets, the
result besides the output, and the evidence window are assumptions.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any, ClassVar

import numpy as np
from pydantic import Field

from chain.deploy import VerifierSpec
from chain.formats.claims import Claim, open_claims, task_name, word
from chain.hashing import keccak
from chain.quantities import BASIS_POINTS, OPG, PARTS, BatchId, Gas
from chain.seam import Call
from chain.units import Amount, Duration, Share
from nodes.effects import ChainTime, Execute, Purpose, Read, Spawn, Steps, Submit, Verdict
from nodes.full import FullNode, VerifierHalf
from nodes.identity import Identity, Role
from nodes.inference import Answered, InferenceNode, PosterHalf
from nodes.messages import BatchData
from nodes.models.tensors import encode, tensor_hash
from nodes.waiting import time_of_post, wait_until
from simnet.strategies.dispute.dispute import DisputeHalf, DisputeStrategy
from simnet.strategies.facts import Facts
from simnet.strategies.keepers import BACKUP_KEEPERS, OPENING_GAS, TAKEOVER_DELAY_S
from simnet.strategies.secrets import RoundSecrets, enough_secrets, link_of

SHOW_GAS = Gas(2_000_000)
"""Gas that showing a secret may use at the most: it takes a hash for each round since the last."""
ACCUSE_GAS = Gas(2_000_000)

SHOW_BEFORE_S = 8.0
"""How long before the challenges end a secret is shown: a few blocks (assumption)."""

RESULTS_KEPT = 4096
"""Results that a full node remembers; the oldest go first."""


class AttentionChallenge(DisputeStrategy):
    """Full nodes must respond to claims that only who executes them can tell; who does not is penalised."""

    kind: ClassVar[str] = "attention_challenge"
    claim: ClassVar[str] = "to check is dominant if a G > C, and one honest full node that checks makes fraud fall"
    source: ClassVar[str] = "Felten's attention challenges, named in Arbitrum BoLD's documentation [R]; condition [D]"
    contract: ClassVar[str] = "AttentionChallenge"
    deadlines: ClassVar[tuple[str, ...]] = (*DisputeStrategy.deadlines, "response_window")

    called: Share = Field(default=0.05, description="probability a that a claim calls on a full node")
    penalty: Amount = Field(
        default=10 * OPG,
        description="G, for each call that is missed or made up, or that silence may hide (assumption)",
    )
    accuser_share: Share = Field(default=0.5, description="of the penalty, to who proved it (assumption)")
    response_window: Duration = Field(default=20.0, ge=1, description="from the post, to respond (assumption)")
    evidence_window: Duration = Field(default=30.0, ge=1, description="after the challenges, to accuse (assumption)")

    @property
    def evidence_window_s(self) -> float:
        """In which the inattentive are accused."""
        return self.evidence_window

    def poster(self, node: InferenceNode, facts: Facts) -> PosterHalf:
        """Commits to results."""
        return ResultPoster(node)

    def verifier(self, node: FullNode, facts: Facts) -> VerifierHalf:
        """Must respond, and accuses."""
        return AttentionHalf(node, self)

    def contract_spec(self) -> VerifierSpec | None:
        """The AttentionChallenge contract, with these parameters."""
        share = round(self.accuser_share * BASIS_POINTS)
        duty = (round(self.called * PARTS), int(self.response_window), self.penalty, share)
        return VerifierSpec(self.contract, (self.panel(self.quorum), self.rule(), duty))

    def problems(self, facts: Facts) -> Iterable[tuple[tuple[Any, ...], str]]:
        """Outputs must be the same to the last bit, and secrets shown in time."""
        yield from super().problems(facts)
        for key in ("response_window", "evidence_window"):
            if getattr(self, key) % 1:
                yield (key,), "contracts count in seconds, so this must be whole ones"
        needed = self.response_window + 2 * facts.beacon_round_s + SHOW_BEFORE_S
        if self.challenge_window < needed:
            yield ("challenge_window",), f"secrets can be shown in time only if it is {math.ceil(needed)} s or more"
        if self.evidence_window < BACKUP_KEEPERS * TAKEOVER_DELAY_S + 2 * facts.block_time_s:
            yield ("evidence_window",), "too short for a second full node to accuse whom the first in turn did not"
        yield from enough_secrets(facts)
        yield from same_to_the_last_bit(facts)


class ResultPoster(PosterHalf):
    """Puts the hash of each result beside the claim; hashes of outputs are enough, where only the same will do."""

    shows_outputs = False

    def compose(self, answered: list[Answered]) -> Steps:
        """Each claim's evidence is the hash of its result."""
        yield from ()
        return [replace(one, evidence=keccak(result_of(one.output))) for one in answered]


class AttentionHalf(DisputeHalf):
    """Checks every batch, responds to the claims that call on it, and accuses those who do not."""

    shows_outputs = False
    terms: AttentionChallenge

    def __init__(self, node: FullNode, terms: AttentionChallenge) -> None:
        super().__init__(node, terms)
        self.secrets = RoundSecrets(node, terms.contract)
        self.known: dict[str, bytes] = node.disk.kept("results", dict)
        """Results of the claims that it executed last, by task."""
        self.shown = -1
        """Last round whose secret it has shown."""

    def on_start(self) -> Steps:
        """Commit to the secrets that calls depend on."""
        yield Spawn(self.begin())

    def begin(self) -> Steps:
        """After a crash, show at once what may be overdue: silence costs more than calls that were missed."""
        if (yield from self.secrets.commit()):
            yield from self.show_secret(needed=0)

    def verify(self, claim: Claim, value: np.ndarray, output: np.ndarray | None) -> Steps:
        """Execute a claim, remember its result, and compare hashes."""
        model = self.node.models.get(claim.model)
        if model is None or tensor_hash(value) != claim.input_hash:
            return Verdict.INVALID
        task = task_name(claim.task)
        execution = yield Execute(model, value, Purpose.CHECK, task)
        result = result_of(execution.output)
        self.known[task] = result
        while len(self.known) > RESULTS_KEPT:
            del self.known[next(iter(self.known))]
        same = (tensor_hash(execution.output), keccak(result)) == (claim.output_hash, claim.evidence_hash)
        return Verdict.VALID if same else Verdict.INVALID

    def verify_voluntarily(self, batch: BatchId, count: int) -> Steps:
        """Check every batch, show one's secret in time, and accuse who did not look."""
        posted_at = yield from time_of_post(batch)
        closes = posted_at + self.terms.challenge_window
        yield Spawn(self.check(batch, count))
        yield from wait_until(closes - SHOW_BEFORE_S)
        yield from self.show_secret((yield Read("Beacon", "roundAt", (posted_at,))))
        turn = self.node.my_turn(batch)
        if turn <= BACKUP_KEEPERS:
            yield from wait_until(closes + 1 + turn * TAKEOVER_DELAY_S)
            yield from self.accuse_all(batch, posted_at)

    def on_checked(self, data: BatchData, verdicts: Sequence[Verdict]) -> Steps:
        """Respond to the claims that call on this self.node."""
        batch = bytes.fromhex(data.batch[2:])
        posted_at = yield from time_of_post(data.batch)
        secret = self.secrets.of((yield Read("Beacon", "roundAt", (posted_at,))))
        if secret is not None:
            calls = self.calls_on(secret, data, self.results(data))
            called = sum(1 << i for i, call in enumerate(calls) if call)
            if called:
                responded, _ = yield Read(self.terms.contract, "attendanceOf", (batch, self.node.me.address))
                if called & ~responded:  # not done before a crash or a reorg
                    yield from self.submit(data.batch, "respond", posted_at, called)

    def results(self, data: BatchData) -> list[bytes | None]:
        """What a node knows of the results of a batch."""
        return [self.known.get(task_name(claim.task)) for claim in data.claims]

    def calls_on(self, secret: bytes, data: BatchData, results: Sequence[bytes | None]) -> list[bool]:
        """Which claims call on the node of this secret; none whose result is not known."""
        batch, parts = bytes.fromhex(data.batch[2:]), round(self.terms.called * PARTS)
        return [result is not None and is_called(secret, batch, i, result, parts) for i, result in enumerate(results)]

    def show_secret(self, needed: int) -> Steps:
        """Show the secret of a round, and of later ones in which nobody can respond any more, unless that was done."""
        genesis = self.node.genesis
        answered_by = max(genesis, int((yield ChainTime())) - int(self.terms.response_window))
        beacon_round = max(needed, (yield Read("Beacon", "roundAt", (answered_by,))) - 1)
        secret = self.secrets.of(beacon_round)
        if secret is None or needed <= self.shown:
            return
        self.shown = beacon_round
        call = Call(self.node.me.address, self.terms.contract, "showSecret", (beacon_round, secret), SHOW_GAS)
        yield Submit(call)

    def accuse_all(self, batch: BatchId, posted_at: int) -> Steps:
        """Accuse every other full node of what it missed or made up, as far as this one knows the results."""
        data = yield from self.node.fetch(batch)
        if data is None:
            return
        disputed = yield Read(self.terms.contract, "disputedIn", (bytes.fromhex(batch[2:]),))
        beacon_round = yield Read("Beacon", "roundAt", (posted_at,))
        for other in self.node.directory.of(Role.FULL):
            if other != self.node.me:
                yield from self.accuse(other, data, disputed, beacon_round)

    def accuse(self, other: Identity, data: BatchData, disputed: int, beacon_round: int) -> Steps:
        """Accuse one full node."""
        batch = bytes.fromhex(data.batch[2:])
        link, shown, since = yield Read(self.terms.contract, "secretsOf", (other.address,))
        responded, accused = yield Read(self.terms.contract, "attendanceOf", (batch, other.address))
        if beacon_round <= since or not since:
            return
        if beacon_round > shown:
            if not accused:
                args: tuple[Any, ...] = (batch, other.address)
                call = Call(self.node.me.address, self.terms.contract, "accuseOfSilence", args, ACCUSE_GAS)
                yield Submit(call, subject=data.batch)
            return
        results = self.results(data)
        calls = self.calls_on(link_of(link, shown - beacon_round), data, results)
        for i, (call_due, result) in enumerate(zip(calls, results, strict=True)):
            settled = (disputed | accused) >> i & 1 or result is None
            if settled or call_due == bool(responded >> i & 1):
                continue
            (opening,) = open_claims(data.claims, [i])
            args = (batch, other.address, result, opening)
            gas = Gas(ACCUSE_GAS + OPENING_GAS)
            yield Submit(Call(self.node.me.address, self.terms.contract, "accuse", args, gas), subject=data.batch)


def result_of(output: np.ndarray) -> bytes:
    """What only who has the output knows, the claim's hash of it notwithstanding."""
    return keccak(b"attention" + encode(output))


def is_called(secret: bytes, batch: bytes, index: int, result: bytes, parts: int) -> bool:
    """Whether a claim calls on the node of a secret, with a probability in parts per 1e9; as the contract has it."""
    return int.from_bytes(keccak(secret + batch + word(index) + result), "big") % PARTS < parts


def same_to_the_last_bit(facts: Facts) -> Iterable[tuple[tuple[Any, ...], str]]:
    """What in a scenario makes honest outputs differ in their last digits."""
    if facts.noise:
        yield ("kind",), "outputs must be the same to the last bit: set nodes.inference.noise to none"
    if noisy := facts.honest_behaviours:
        yield ("kind",), f"outputs must be the same to the last bit, but '{noisy[0]}' is honest and changes them"
    if not facts.same_processor:
        yield ("kind",), "outputs must be the same to the last bit: give inference and full nodes the same processor"
