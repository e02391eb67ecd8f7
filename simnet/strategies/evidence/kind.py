"""A kind of evidence: what claims must come with, how full nodes verify it, and what proves on chain that it is bad.

A strategy is composed of the kinds that it asks for. Each has a part for inference nodes, which present the evidence,
and one for full nodes, which verify it without executing anything. Full nodes take turns to prove a fault, so that one
transaction is enough while they are honest.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import Any, ClassVar

from chain.deploy import ProverSpec
from chain.formats.claims import Claim, open_claims, task_name
from chain.formats.modes import Mode
from chain.quantities import Address, Gas
from chain.seam import Call, Chain, Log
from nodes.duties import submit_duty
from nodes.effects import Check, Note, Sleep, Spawn, Steps, Verdict
from nodes.full import TURN_S, FullNode
from nodes.identity import Identity
from nodes.inference import InferenceNode, PosterHalf
from nodes.messages import BatchData
from nodes.proofs.prover import CircuitRecord
from nodes.records import ClaimChecked, EvidenceChecked
from simnet.strategies.facts import Facts


class EvidenceKind:
    """One kind of evidence, as a strategy's parameters have it."""

    mode: ClassVar[Mode]
    """Tasks that owe it, where clients choose."""

    def problems(self, facts: Facts) -> Iterable[tuple[tuple[Any, ...], str]]:
        """What is wrong with asking for it under these facts: paths below ``strategy``, and messages."""
        return ()

    def deploy(
        self,
        chain: Chain,
        deployer: Address,
        people: Sequence[Identity],
        facts: Facts,
        circuits: Sequence[CircuitRecord],
    ) -> Sequence[ProverSpec]:
        """Deploy what it needs before the protocol; names the contracts that may reject claims by proof."""
        return ()

    def poster(self, node: InferenceNode) -> PosterHalf:
        """How an inference node presents it."""
        raise NotImplementedError

    def check(self, node: FullNode, facts: Facts) -> EvidenceCheck:
        """How a full node verifies it."""
        raise NotImplementedError


class EvidenceCheck:
    """A full node's part in one kind of evidence."""

    watches: tuple[str, ...] = ()
    """Chain events that `on_log` is called with, besides those that every full node follows."""

    def __init__(self, node: FullNode) -> None:
        self.node = node

    def on_start(self) -> Steps:
        """Do what must be done before anything happens; what takes time is spawned."""
        yield from ()

    def on_log(self, log: Log) -> Steps:
        """Do what an event asks of the node; runs beside everything else."""
        yield from ()

    def verify_claims(self, data: BatchData, claims: Sequence[Claim]) -> Steps:
        """Verify the evidence of these claims of a batch, and prove what is bad; answers whether all was shown."""
        raise NotImplementedError


def review(
    node: FullNode,
    data: BatchData,
    claims: Iterable[Claim],
    verify: Callable[[Claim], Steps],
    prove: Callable[[Claim], Steps] | None = None,
) -> Steps:
    """Form a verdict on the evidence of each claim by `verify`, and prove by `prove`, if given, what is bad."""
    for claim in claims:
        known = node.batches.get(data.batch)
        if known is None:
            break
        task = task_name(claim.task)
        verdict = yield Check(known.poster.name, claim, task, partial(verify, claim))
        yield Note(ClaimChecked(node.me.name, data.batch, task, verdict.name.lower()))
        if verdict is Verdict.INVALID and prove is not None:
            yield Spawn(prove(claim))


def conclude(node: FullNode, data: BatchData, claim: Claim, fault: str, seconds: float) -> Steps:
    """Take the time that verifying took, and note its outcome; answers `Verdict`. `fault` is empty if there is none."""
    yield Sleep(seconds)
    yield Note(EvidenceChecked(node.me.name, data.batch, task_name(claim.task), fault, seconds))
    return Verdict.INVALID if fault else Verdict.VALID


def prove_in_turn(node: FullNode, data: BatchData, claim: Claim, call: Callable[[Any], Call]) -> Steps:
    """Prove a claim bad, unless somebody whose turn is before ours has."""
    yield Sleep(node.my_turn(data.batch) * TURN_S)
    yield from prove_bad(node, data, claim, call)


def prove_bad(node: FullNode, data: BatchData, claim: Claim, call: Callable[[Any], Call]) -> Steps:
    """Prove a claim bad by what `call` makes of its opening, unless that was done or the batch is final."""
    known = node.batches.get(data.batch)
    if known is None or known.has_fallen(claim.index):
        return
    (opened,) = open_claims(data.claims, [claim.index])
    yield from submit_duty(node.me, call(opened), data.batch)


def call_on(
    node: FullNode, data: BatchData, contract: str, function: str, gas: Gas, *evidence: Any
) -> Callable[[Any], Call]:
    """A call about one claim of a batch, once its opening is known."""
    return lambda opened: Call(
        node.me.address, contract, function, (bytes.fromhex(data.batch[2:]), opened, *evidence), gas
    )
