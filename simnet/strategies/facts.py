"""What a strategy is told of the scenario that it is used in."""

from __future__ import annotations

from dataclasses import dataclass

from chain.formats.modes import Mode
from chain.quantities import Wei
from simnet.comparators.comparator import Comparator
from simnet.kernel.streams import Streams


@dataclass(frozen=True)
class Facts:
    """Counts, windows, money and what else a strategy depends on. Times are in simulated seconds."""

    seed: int
    run_s: float
    """Length of the run, the time to settle included."""
    block_time_s: float
    reorg_s: float
    """What the deepest reorg undoes."""
    beacon_round_s: float
    inference_nodes: int
    full_nodes: int
    clients: int
    batch_size: int
    """Claims that a batch holds at the most."""
    batch_interval_s: float
    fee: Wei
    """What clients pay for an inference, unless its mode has a price of its own."""
    modes: tuple[Mode, ...] | None
    """Proofs that clients ask for; ``None`` if they have no choice."""
    models: tuple[str, ...]
    comparator: Comparator
    stake: Wei
    """Of each inference node."""
    slash: float
    """What an inference node loses by a rejected claim, in wei."""
    bounty_share: float
    """Of the slash, to whoever proved the claim wrong."""
    noise: bool
    """Whether outputs of honest inference nodes differ in their last digits."""
    same_processor: bool
    """Whether all nodes execute models on the same kind of processor."""
    honest_behaviours: tuple[str, ...]
    """Kinds of the behaviours that inference nodes show without being dishonest."""

    @property
    def streams(self) -> Streams:
        """The run's random streams."""
        return Streams(self.seed)
