"""How batches become final where evidence decides: after a while, less the claims whose evidence was proven bad.

The verification contract is ``chain/contracts/evidence/Attested.sol``. A batch of which most full nodes say that they
got no data is void. Full nodes take turns in making batches final.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from pydantic import Field

from chain.deploy import ProtocolParameters, VerifierSpec
from chain.quantities import Gas
from chain.seam import Call, Log
from chain.units import Duration, Share
from nodes.effects import Note, Read, Sleep, Steps, Submit
from nodes.full import FullNode
from nodes.records import DutyFailed
from simnet.strategies.duties import DEPUTIES, OPENING_GAS, STEP_IN_S, open_fallen
from simnet.strategies.evidence.evidence import EvidenceStrategy
from simnet.strategies.facts import Facts

BASIS_POINTS = 10_000
PROTEST_GAS = Gas(250_000)
FINALISE_GAS = Gas(500_000)
"""Gas that each step may use at the most."""

TIME_TO_PROVE_S = 30
"""Least window: it takes this long to judge evidence and to prove it bad."""


class AttestedSettlement(EvidenceStrategy):
    """Base of strategies in which a batch is final when its window is over."""

    window: Duration = Field(default=60.0, description="from the post to finality (assumption)")
    withheld_share: Share = Field(default=0.5, description="of full nodes' stake that voids a batch (assumption)")

    def contract_spec(self) -> VerifierSpec | None:
        """The Attested contract."""
        return VerifierSpec("Attested", ((int(self.window), round(self.withheld_share * BASIS_POINTS)),))

    def adjust(self, parameters: ProtocolParameters, facts: Facts) -> ProtocolParameters:
        """No batch expires that can still be made final."""
        longest = int(self.window + (DEPUTIES + 2) * STEP_IN_S)
        return replace(parameters, expiry_s=max(parameters.expiry_s, 2 * longest))

    def windows_s(self, parameters: ProtocolParameters) -> tuple[float, ...]:
        """Time to prove evidence bad."""
        return (self.window,)

    def problems(self, facts: Facts) -> Iterable[tuple[tuple[Any, ...], str]]:
        """Contracts count whole seconds, and proofs take time."""
        yield from super().problems(facts)
        if self.window % 1:
            yield ("window",), "contracts count in seconds, so the window must be whole ones"
        if self.window < TIME_TO_PROVE_S:
            yield ("window",), f"less than {TIME_TO_PROVE_S} s leave no time to prove evidence bad"

    def on_log(self, node: FullNode, log: Log) -> Steps:
        """Judge the evidence of a batch, and make it final when its window is over."""
        yield from super().on_log(node, log)
        if log.event == "BatchPosted":
            yield from self.close(node, "0x" + log.args["batch"].hex())

    def withheld(self, node: FullNode, batch: str) -> Steps:
        """Say that there was nothing to judge."""
        verifier = self.contract_spec()
        assert verifier is not None
        call = Call(node.me.address, verifier.artifact, "protest", (bytes.fromhex(batch[2:]),), PROTEST_GAS)
        receipt = yield Submit(call, subject=batch)
        if receipt is not None and not receipt.ok:
            yield Note(DutyFailed(node.me.name, batch, f"protest: {receipt.revert}"))

    def close(self, node: FullNode, batch: str) -> Steps:
        """Make a batch final; deputies step in."""
        turn = node.my_turn(batch)
        if turn > DEPUTIES:
            return
        yield Sleep(self.window + 1 + turn * STEP_IN_S)
        if self.is_due(node, batch):
            yield from self.finalise(node, batch)

    def is_due(self, node: FullNode, batch: str) -> bool:
        """Whether a batch is still open, and the end of its window makes it final."""
        return batch in node.batches

    def finalise(self, node: FullNode, batch: str) -> Steps:
        """Make a batch final, as soon as the contract lets us."""
        verifier = self.contract_spec()
        assert verifier is not None
        while batch in node.batches:
            openings, charges = yield from open_fallen(node, batch)
            if (yield Read(verifier.artifact, "isWithheld", (bytes.fromhex(batch[2:]),))):
                openings, charges = (), node.batches[batch].charges
            args = (bytes.fromhex(batch[2:]), openings, charges)
            gas = Gas(FINALISE_GAS + OPENING_GAS * (len(openings) + len(charges)))
            receipt = yield Submit(Call(node.me.address, verifier.artifact, "finalise", args, gas), subject=batch)
            if receipt is not None and receipt.ok:
                return
            yield Sleep(STEP_IN_S)
