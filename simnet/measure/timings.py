"""How long things took in a run, and when they happened."""

from __future__ import annotations

from dataclasses import dataclass, field

from simnet.measure.distribution import Course, Distribution


@dataclass(slots=True)
class Courses:
    """What happened over time."""

    sent: Course = field(default_factory=Course)
    soft: Course = field(default_factory=Course)
    """Milliseconds."""
    finality: Course = field(default_factory=Course)
    """Seconds."""
    committed: Course = field(default_factory=Course)
    detected: Course = field(default_factory=Course)
    slashed: Course = field(default_factory=Course)
    """OPG."""
    gas: Course = field(default_factory=Course)
    pending: Course = field(default_factory=Course)


@dataclass(slots=True)
class Distributions:
    """How long things took."""

    exact: bool = False
    soft: Distribution = field(init=False)
    """Milliseconds from request to answer."""
    finality: Distribution = field(init=False)
    """Seconds from request to finality, of whatever outcome."""
    effective: Distribution = field(init=False)
    """Seconds until a client acts."""
    detection: Distribution = field(init=False)
    """Seconds from posting a fraud to its rejection."""
    revocation: Distribution = field(init=False)
    """Seconds from a node's first abuse of evidence until it was ended."""
    proof_queue: Distribution = field(init=False)
    """Seconds that a proof waits for a prover."""
    finality_by_mode: dict[str, Distribution] = field(default_factory=dict)
    """Seconds from request to finality of accepted claims."""

    def __post_init__(self) -> None:
        self.soft, self.finality, self.effective, self.detection, self.revocation, self.proof_queue = (
            Distribution(self.exact) for _ in range(6)
        )

    def of_mode(self, mode: str) -> Distribution:
        """Finality latency of one mode."""
        found = self.finality_by_mode.get(mode)
        if found is None:
            found = self.finality_by_mode[mode] = Distribution(self.exact)
        return found
