"""A chain with the Proven contract, a circuit of three inputs and two outputs, and proofs of it that are simulated."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from eth_abi.abi import encode as abi_encode

from chain.deploy import VerifierSpec
from chain.formats.claims import Claim, task_name
from chain.formats.modes import Mode, marked
from chain.formats.signing import Key
from chain.hashing import keccak
from chain.quantities import OPG
from chain.seam import Chain
from nodes.models.tensors import Tensor, encode, tensor_hash
from nodes.proofs.circuits.field import MODULUS, dequantise, quantise
from nodes.proofs.prover import CircuitRecord
from simnet.strategies.evidence.proof_deploy import deploy_circuits
from tests.contracts_world import FEE, FULL, Batch, World, hash_of, in_process

NOTICE, PERIOD, WINDOW = 20, 200, 100
SCALE = 13
MODEL, OTHER = hash_of("model"), hash_of("other model")
VALUE = np.array([0.5, -1.25, 3.0], dtype=np.float32)
OUTPUTS = (-3 * 2**SCALE + 1, 2**SCALE // 3)


def circuit(model: bytes = MODEL, gas: int = 0) -> CircuitRecord:
    return CircuitRecord(model, "SimulatedVerifier", (model, gas), SCALE, SCALE, (3,), (2,))


def floats(outputs: tuple[int, ...]) -> Tensor:
    """What outputs in fixed point come to."""
    return dequantise([one % MODULUS for one in outputs], SCALE)


def proof_of(value: Tensor, outputs: tuple[int, ...], model: bytes = MODEL, number: int = 0) -> bytes:
    """What the simulated verifier takes."""
    instances = [*quantise(value, SCALE), *(one % MODULUS for one in outputs)]
    return keccak(abi_encode(["bytes32", "uint256[]"], [model, instances])) + number.to_bytes(8, "big")


@dataclass
class Posted:
    """A batch of claims about `VALUE` and `OUTPUTS`."""

    world: ProvenWorld
    batch: Batch

    def prove(self, index: int = 0, who: str = "node", at: int | None = None, **changes: Any) -> str:
        """Try to prove a claim; why it was refused, if it was."""
        shown = {"input": encode(VALUE), "outputs": OUTPUTS, "proof": proof_of(VALUE, OUTPUTS, number=index), **changes}
        if at is not None:
            self.world.at(at)
        receipt = self.world.send(who, "Proven.prove", self.batch.id, self.batch.opening(index), *shown.values())
        return receipt.revert.error if receipt.revert else ""

    def pledge(self, who: str = "node") -> str:
        receipt = self.world.send(who, "Proven.pledge", self.batch.id)
        return receipt.revert.error if receipt.revert else ""

    def reject(self, index: int = 0, who: str = "ann") -> str:
        receipt = self.world.send(who, "Proven.rejectUnproven", self.batch.id, self.batch.opening(index))
        return receipt.revert.error if receipt.revert else ""

    def finalise(self, *indices: int, who: str = "ann") -> Any:
        openings = self.batch.openings(*indices)
        return self.world.send(who, "Proven.finalise", self.batch.id, openings, self.batch.charges)


class ProvenWorld(World):
    """An inference node "node", full nodes "ann" and "bob", a client "cleo"."""

    def __init__(self, by_mode: bool = True) -> None:
        chain = in_process()
        super().__init__(chain=chain, verifier=self.spec(chain, by_mode))
        self.stake("node")
        self.stake("rival")
        for name in ("ann", "bob"):
            self.stake(name, FULL)
        self.deposit("cleo", OPG)

    @staticmethod
    def spec(chain: Chain, by_mode: bool) -> VerifierSpec:
        deployer = Key(b"deployer").address
        chain.fund(deployer)
        deploy_circuits(chain, deployer, [circuit(MODEL), circuit(OTHER)])
        terms = (NOTICE, PERIOD, by_mode)
        return VerifierSpec("Proven", ((WINDOW, 5_000), terms), needs=("ZKMLEvidence",), proves=True)

    def posted(self, count: int = 1, mode: Mode = Mode.ZKML, pledged: bool = True, **changes: Any) -> Posted:
        """Post claims of a mode, and pledge them."""
        claims = [self.made(claim, mode, **changes) for claim in self.claims(["cleo"] * count, tag=str(self.now))]
        redeemed = self.read("Settlement.redeemedOf", self.address("cleo"), self.address("node"))
        posted = Posted(self, self.post("node", claims, [self.voucher("cleo", "node", redeemed + FEE * count)]))
        if pledged:
            assert posted.pledge() == ""
        return posted

    def made(self, claim: Claim, mode: Mode, **changes: Any) -> Claim:
        """A claim about our input and output."""
        task = bytes.fromhex(marked(task_name(claim.task), mode)[2:])
        output = floats(OUTPUTS)
        truth = replace(claim, task=task, model=MODEL, input_hash=tensor_hash(VALUE), output_hash=tensor_hash(output))
        return replace(truth, **changes)
