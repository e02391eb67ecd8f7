"""The machines on which a host proves and verifies: how long a proof waits for one, and how long it takes."""

from __future__ import annotations

from collections.abc import Callable

from nodes.effects import Prove, Verify
from nodes.proofs.prover import Proof, Prover, Statement, Verified
from nodes.records import Proving
from simnet.kernel.host import Host


def prove(host: Host, effect: Prove, now: float) -> tuple[Proving, Callable[[], Proof]]:
    """Begin a proof on the machine that is free first: when it will be there, and what waits for it in real time."""
    prover, free_at = known(host), host.provers_free_at
    if not free_at:
        raise TypeError(f"{host.name} has no machine to prove on")
    forced = effect.output if effect.forge else None
    wait = prover.start(Statement(effect.model, effect.value, effect.variant, forced))
    takes, first = prover.prove_s(effect.model), free_at.index(min(free_at))
    begins = max(now, free_at[first])
    free_at[first] = begins + takes
    return Proving(host.name, effect.task, effect.model, round(begins - now, 6), round(takes, 6)), wait


def verify(host: Host, effect: Verify) -> Verified:
    """Verify a proof off chain."""
    prover, proof = known(host), Proof.unpack(effect.proof, effect.output.size)
    return Verified(prover.verify(effect.model, effect.value, effect.output, proof), prover.verify_s(effect.model))


def known(host: Host) -> Prover:
    """The host's prover; a strategy without proofs gives it none, and asks for none."""
    if host.prover is None:
        raise TypeError(f"{host.name} knows nothing of proofs")
    return host.prover
