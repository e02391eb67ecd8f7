"""Sampling: each claim is checked with some probability; what `posp` and its relatives have in common.

The contract is ``chain/contracts/verification/Sampling.sol``. Once the randomness beacon has closed after a batch was
posted, one full node draws the claims that are to be checked. A batch of which none is drawn is final in that same
transaction. Otherwise validators, drawn from the same seed, execute the drawn claims again and vote. They can only
accept. What a quorum of them does not accept is disputed: arbiters execute it again and decide by quorum, and every
validator and arbiter who voted against the final verdict is slashed.

Verification is paid from the verifier's share of all fees: what batches without checks pay waits in the
contract for those who check next. A check is thus worth about share x R / p on average, which must exceed its
cost C for validators to be rational: share > p C / R.
"""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction as Exact
from typing import Any, ClassVar

from pydantic import Field

from chain.deploy import ProtocolParameters, VerifierSpec
from chain.quantities import PARTS, BatchId, Gas
from chain.seam import Call, Log
from chain.units import Fraction
from nodes.effects import Steps
from nodes.full import FullNode, VerifierHalf
from simnet.strategies.facts import Facts
from simnet.strategies.keepers import OPENING_GAS, open_rejected
from simnet.strategies.voting.voting import MAX_MEMBERS, VotingHalf, VotingStrategy, quorum_problems

MAX_VALIDATORS = 64


class SamplingStrategy(VotingStrategy):
    """Base of strategies that check a sample of all claims."""

    contract: ClassVar[str] = "Sampling"

    validators: int = Field(default=1, ge=1, le=MAX_VALIDATORS, description="full nodes that check a drawn claim")
    quorum: Fraction = Field(default=Exact(1), description="share of the validators' stake that accepts a claim")
    arbiters: int = Field(default=0, ge=0, le=MAX_MEMBERS, description="full nodes that decide a dispute; 0: all")
    arbiters_quorum: Fraction = Field(default=Exact(2, 3), description="share of the arbiters' stake that decides")

    @property
    def uses_beacon(self) -> bool:
        """Claims, validators and arbiters are drawn by lot."""
        return True

    def least_rate(self) -> Exact:
        """Probability with which any claim is checked at the least."""
        raise NotImplementedError

    def trust_after(self) -> int:
        """Checks that a node must pass before it is checked less than always; 0 if that plays no part."""
        return 0

    def members(self) -> int:
        """The arbiters: it is they who decide by quorum."""
        return self.arbiters

    def seats(self) -> int:
        """Validators and arbiters."""
        return min(self.validators + (self.arbiters or MAX_MEMBERS), MAX_MEMBERS)

    def contract_spec(self) -> VerifierSpec | None:
        """The Sampling contract, with these parameters."""
        rule = (
            round(self.least_rate() * PARTS),
            self.validators,
            self.quorum.numerator,
            self.quorum.denominator,
            self.trust_after(),
        )
        return VerifierSpec(self.contract, (self.panel(self.arbiters_quorum), rule))

    def verifier(self, node: FullNode, facts: Facts) -> VerifierHalf:
        """A validator's and an arbiter's part."""
        return SamplingHalf(node, self)

    def windows_s(self, parameters: ProtocolParameters) -> tuple[float, ...]:
        """A draw, and two votes where the validators do not agree."""
        return *super().windows_s(parameters), self.vote_s

    def problems(self, facts: Facts) -> Iterable[tuple[tuple[Any, ...], str]]:
        """Nobody can be drawn who is not there, and there are 128 seats."""
        yield from super().problems(facts)
        yield from quorum_problems("arbiters_quorum", self.arbiters_quorum)
        full_nodes = facts.full_nodes
        for key, wanted in (("validators", self.validators), ("arbiters", self.arbiters)):
            if wanted > full_nodes:
                yield (key,), f"{wanted} {key} cannot be drawn from {full_nodes} full nodes"
        if self.validators + self.arbiters > MAX_MEMBERS:
            yield ("arbiters",), f"validators and arbiters are {self.validators + self.arbiters}, beyond {MAX_MEMBERS}"


class SamplingHalf(VotingHalf):
    """Draws claims, and checks those that it is drawn for, as a validator or as an arbiter."""

    watches: tuple[str, ...] = (*VotingHalf.watches, "ClaimRejected")
    duties: tuple[str, ...] | None = ("BatchPosted", "CommitteeDrawn")
    terms: SamplingStrategy

    def draw(self, batch: BatchId) -> Steps:
        """See to the draw; the first in turn fetches the batch, so that clients find somebody who has their claims."""
        if self.node.my_turn(batch) == 0:
            yield from self.node.fetch(batch)
        yield from super().draw(batch)

    def drawing(self, batch: BatchId) -> Steps:
        """Answers the call that draws claims and validators, and settles the batch if there are none."""
        openings, charges = yield from open_rejected(self.node, batch)
        args = (bytes.fromhex(batch[2:]), openings, charges)
        gas = Gas(self.panel_gas() + OPENING_GAS * (len(openings) + len(charges)))
        return Call(self.node.me.address, self.terms.contract, "draw", args, gas)

    def settles(self, drawn: Log, voided: int) -> bool:
        """What validators leave undecided goes to arbiters."""
        return drawn.args["firstSeat"] > 0 or not voided
