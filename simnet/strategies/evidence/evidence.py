"""Evidence: what strategies have in common in which a claim must come with something that proves it.

A strategy is composed of the kinds of evidence that it asks for (`simnet.strategies.evidence.kind`): an enclave's
signature, the node's own, a zero-knowledge proof. Full nodes get a batch's data from its poster, verify the evidence
without executing anything, and prove on chain what is bad.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar

from chain.deploy import ProverSpec
from chain.formats.claims import Claim, batch_name, task_name
from chain.formats.modes import Mode, mode_of
from chain.quantities import Address, BatchId, Gas, TaskId
from chain.seam import Chain, Log
from nodes.effects import Spawn, Steps
from nodes.full import FullNode, VerifierHalf
from nodes.identity import Identity
from nodes.inference import Answered, InferenceNode, PosterHalf
from nodes.messages import BatchData, InferenceRequest
from nodes.proofs.prover import CircuitRecord
from nodes.waiting import time_of_post
from simnet.strategies.evidence.kind import EvidenceCheck, EvidenceKind
from simnet.strategies.evidence.settlement import MEMBER_GAS, Settlement
from simnet.strategies.facts import Facts
from simnet.strategies.keepers import fetch_until
from simnet.strategies.strategy import Strategy


class EvidenceStrategy(Strategy):
    """Base of strategies in which claims need evidence."""

    by_mode: ClassVar[bool] = False
    """Whether a claim owes what its task asks for; otherwise every claim owes the one kind that there is."""

    def kinds(self) -> tuple[EvidenceKind, ...]:
        """The kinds of evidence that it asks for; one alone unless claims owe what their tasks ask for."""
        raise NotImplementedError

    def settlement(self, node: FullNode) -> Settlement:
        """How a full node gets batches final."""
        raise NotImplementedError

    def largest_call_gas(self, facts: Facts) -> Gas:
        """Every full node's stake is read, for who is paid and for who protested."""
        return Gas(super().largest_call_gas(facts) + MEMBER_GAS * facts.full_nodes)

    def problems(self, facts: Facts) -> Iterable[tuple[tuple[Any, ...], str]]:
        """Those of each kind."""
        for kind in self.kinds():
            yield from kind.problems(facts)

    def deploy(
        self,
        chain: Chain,
        deployer: Address,
        people: Sequence[Identity],
        facts: Facts,
        circuits: Sequence[CircuitRecord],
    ) -> Sequence[ProverSpec]:
        """What each kind needs."""
        return [spec for kind in self.kinds() for spec in kind.deploy(chain, deployer, people, facts, circuits)]

    def poster(self, node: InferenceNode, facts: Facts) -> PosterHalf:
        """Presents what each claim owes."""
        halves = {kind.mode: kind.poster(node) for kind in self.kinds()}
        return ByMode(node, halves) if self.by_mode else next(iter(halves.values()))

    def verifier(self, node: FullNode, facts: Facts) -> VerifierHalf:
        """Verifies what each claim owes."""
        checks = {kind.mode: kind.check(node, facts) for kind in self.kinds()}
        return EvidenceVerifier(node, checks, self.by_mode, self.settlement(node))


class ByMode(PosterHalf):
    """Presents for each claim the kind of evidence that its task asks for."""

    def __init__(self, node: InferenceNode, halves: Mapping[Mode, PosterHalf]) -> None:
        super().__init__(node)
        self.halves = halves

    def half_of(self, task: TaskId) -> PosterHalf:
        """The half that sees to a task."""
        return self.halves[mode_of(bytes.fromhex(task[2:]))]

    def on_start(self) -> Steps:
        """All of them get ready."""
        for half in self.halves.values():
            yield Spawn(half.on_start())

    def variant(self, request: InferenceRequest) -> str:
        """As the mode has it."""
        return self.half_of(request.task).variant(request)

    def batch_key(self, answered: Answered) -> str:
        """What owes another kind of evidence is posted apart: it is verified, and final, at another time."""
        return mode_of(bytes.fromhex(answered.request.task[2:]))

    def precheck(self, request: InferenceRequest) -> Steps:
        """As the mode has it."""
        return (yield from self.half_of(request.task).precheck(request))

    def attach_evidence(self, answered: Answered) -> Steps:
        """As the mode has it."""
        yield from self.half_of(answered.request.task).attach_evidence(answered)

    def compose(self, answered: list[Answered]) -> Steps:
        """As their mode has it: they share one."""
        return (yield from self.half_of(answered[0].request.task).compose(answered))

    def post_by(self, answered: Sequence[Answered]) -> int:
        """As their mode has it."""
        return self.half_of(answered[0].request.task).post_by(answered)

    def on_sent(self, data: BatchData) -> Steps:
        """As the mode of the batch has it."""
        yield from self.half_of(task_name(data.claims[0].task)).on_sent(data)

    def on_posted(self, data: BatchData) -> Steps:
        """As the mode of the batch has it."""
        yield from self.half_of(task_name(data.claims[0].task)).on_posted(data)


class EvidenceVerifier(VerifierHalf):
    """Gets each batch's data, has each kind of evidence verified, and sees to it that the batch becomes final."""

    def __init__(
        self, node: FullNode, checks: Mapping[Mode, EvidenceCheck], by_mode: bool, settlement: Settlement
    ) -> None:
        super().__init__(node)
        self.checks = checks
        self.by_mode = by_mode
        self.settlement = settlement
        watched = [event for check in checks.values() for event in check.watches]
        self.watches = tuple(dict.fromkeys(("BatchPosted", "ClaimRejected", *watched)))

    def on_start(self) -> Steps:
        """What each kind has to do first."""
        for check in self.checks.values():
            yield from check.on_start()

    def on_log(self, log: Log) -> Steps:
        """Verify the evidence of every batch; leave other events to the kinds that watch for them."""
        if log.event == "BatchPosted":
            batch = batch_name(log.args["batch"])
            yield Spawn(self.verify_batch(batch))
            yield from self.settlement.close(batch)
        for check in self.checks.values():
            if log.event in check.watches:
                yield from check.on_log(log)

    def verify_batch(self, batch: BatchId) -> Steps:
        """Get a batch's evidence and verify it; protest if there is none to be had."""
        last_call = (yield from time_of_post(batch)) + self.settlement.patience_s()
        data = yield from fetch_until(self.node, batch, last_call)
        is_whole = data is not None
        for mode, check in self.checks.items() if data is not None else ():
            owing = [claim for claim in data.claims if self.owes(claim, mode)]
            if owing and not (yield from check.verify_claims(data, owing)):
                is_whole = False
        if not is_whole and batch in self.node.batches:
            yield from self.settlement.protest(batch)

    def owes(self, claim: Claim, mode: Mode) -> bool:
        """Whether a claim must come with the evidence of a mode."""
        return not self.by_mode or mode_of(claim.task) is mode
