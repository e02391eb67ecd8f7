"""What a node is handed to verify with: a comparator and a strategy's duties.

`simnet.comparators` and `simnet.strategies` implement these; node code knows nothing else of them, which
is why any strategy runs with any comparator.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

import numpy as np

from chain.formats.claims import Claim
from chain.seam import Log

if TYPE_CHECKING:
    from nodes.client import Client, Order
    from nodes.effects import Steps
    from nodes.full import FullNode
    from nodes.identity import Identity
    from nodes.inference import Answered, InferenceNode
    from nodes.messages import BatchData, InferenceAnswer, InferenceRequest


class Comparator(Protocol):
    """Judges whether two outputs of the same model on the same input are equal."""

    def equal(self, reference: np.ndarray, claimed: np.ndarray) -> bool:
        """`reference` is the verifier's own output; both have the model's output shape."""
        ...


class PosterDuties(Protocol):
    """An inference node's part in a verification strategy."""

    @property
    def shows_outputs(self) -> bool:
        """Whether the node shows outputs to those who check, or their hashes alone."""
        ...

    def on_poster_start(self, node: InferenceNode) -> Steps:
        """Do what the strategy asks of `node` before it answers anything; runs beside everything else."""
        ...

    def variant(self, request: InferenceRequest) -> str:
        """Which variant of a model answers a request."""
        ...

    def shelf(self, answered: Answered) -> str:
        """What an answer shares a batch with: those of the same shelf."""
        ...

    def objection(self, node: InferenceNode, request: InferenceRequest) -> Steps:
        """Answers why `node` must not answer a request now; empty if nothing is in the way."""
        ...

    def vouch(self, node: InferenceNode, answered: Answered) -> Steps:
        """Add to an answer what proves it, before it is given."""
        ...

    def compose(self, node: InferenceNode, answered: list[Answered]) -> Steps:
        """Answers what `node` puts into a batch, given what it has answered."""
        ...

    def on_posted(self, node: InferenceNode, data: BatchData) -> Steps:
        """Do what the strategy asks of `node` once a batch of its own is posted; runs beside everything else."""
        ...


class ClientDuties(Protocol):
    """A client's part in a verification strategy."""

    def refusal(self, client: Client, node: Identity, order: Order, answer: InferenceAnswer) -> Steps:
        """Answers why a correctly signed answer is not what the client asked for; empty if it is."""
        ...


class Duties(Protocol):
    """A full node's part in a verification strategy."""

    @property
    def shows_outputs(self) -> bool:
        """Whether a batch's data holds its outputs, or their hashes alone."""
        ...

    watches: tuple[str, ...]
    """Chain events that give a full node something to do."""

    @property
    def uses_beacon(self) -> bool:
        """Whether full nodes must contribute to the randomness beacon."""
        ...

    def on_start(self, node: FullNode) -> Steps:
        """Do what the strategy asks of `node` before anything happens; what takes time is spawned."""
        ...

    def verify(self, node: FullNode, claim: Claim, value: np.ndarray, output: np.ndarray | None) -> Steps:
        """Form a verdict on a claim; `output` is missing where outputs are not shown. Answers `Verdict`."""
        ...

    def on_log(self, node: FullNode, log: Log) -> Steps:
        """Do what an event asks of `node`; runs beside everything else."""
        ...
