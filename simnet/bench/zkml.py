"""What proofs of inference cost: one after another, and twenty from input to verified on anvil.

Of single proofs CPU seconds, all threads together, which other load hardly changes; of the twenty what one waits.
Every proof is made anew.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from chain.backends.anvil import AnvilChain
from chain.errors import SimnetError
from chain.quantities import Address, Gas, Timestamp
from chain.seam import Call, Chain
from nodes.models.zoo import default_zoo
from nodes.proofs.circuits.pinned import Circuit, circuit, circuits
from nodes.proofs.circuits.proofs import Proof, Prover, verify

SENDER = Address("0x" + "a1" * 20)
GAS = Gas(1_500_000)
REPEATS = 5
BATCH = 20
BATCH_CIRCUIT = "digits_mlp"


@dataclass(frozen=True)
class ProofFigures:
    """One circuit: the fastest of `REPEATS`."""

    circuit: str
    witness_s: float
    prove_s: float
    verify_s: float
    proof_bytes: int
    gas: int
    """Of the transaction that verifies a proof."""


def measure() -> Iterator[ProofFigures]:
    """Each circuit that stands for a model."""
    for found in circuits().values():
        if found.honest:
            yield measure_circuit(found)


def measure_circuit(found: Circuit) -> ProofFigures:
    """Prove the model's first inputs, one after another."""
    inputs, _ = default_zoo().inputs(found.model)
    with Prover(workers=1, fresh=True) as prover:
        proofs = [prover.prove(found, value) for value in inputs[:REPEATS]]
    with verifying_chain(found) as chain:
        gas = verify_on_chain(chain, found, proofs[0])
    return ProofFigures(
        found.name,
        min(proof.witness_s for proof in proofs),
        min(proof.prove_s for proof in proofs),
        min(proof.verify_s for proof in proofs),
        found.proof_bytes,
        gas,
    )


def batch_s() -> float:
    """Seconds from `BATCH` inputs to as many proofs, verified off chain and on anvil; the key is there before."""
    found = circuit(BATCH_CIRCUIT)
    inputs, _ = default_zoo().inputs(found.model)
    with Prover(fresh=True) as prover:
        prover.ensure_keys(found)
        started = time.perf_counter()
        with verifying_chain(found) as chain:
            for value in inputs[:BATCH]:
                prover.start(found, value)
            for value in inputs[:BATCH]:
                proof = prover.prove(found, value)
                if not verify(found, proof.proof, proof.instances):
                    raise SimnetError("a good proof was refused off chain")
                verify_on_chain(chain, found, proof)
        return time.perf_counter() - started


@contextmanager
def verifying_chain(found: Circuit) -> Iterator[Chain]:
    """A chain with a circuit's verifier."""
    with AnvilChain() as chain:
        chain.fund(SENDER)
        chain.deploy(found.verifier, [], SENDER)
        yield chain


def verify_on_chain(chain: Chain, found: Circuit, proof: Proof) -> int:
    """Gas of the transaction. Raises `SimnetError` if the contract refuses the proof."""
    call = Call(SENDER, found.verifier, "verifyProof", (proof.proof, list(proof.instances)), GAS)
    receipt = chain.mine([call], Timestamp(chain.head[1] + 1)).receipts[0]
    if receipt.revert is not None:
        raise SimnetError(f"a good proof was refused on chain: {receipt.revert}")
    return receipt.gas_used
