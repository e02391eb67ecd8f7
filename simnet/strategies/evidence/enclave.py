"""Evidence of enclaves.

Inference nodes compute in enclaves, which sign every answer. A node registers its enclave with an attestation, has
it attested anew every now and then, and commits in each claim to both. Full nodes verify the evidence of every claim
without executing anything, and prove on chain what is bad: see `nodes.enclave` and
``chain/contracts/evidence/TEEEvidence.sol``.
Whoever administers the registry, its guardian, revokes images and replaces the vendor's root; here it is the first
full node.

Source: registry, attestation and signatures are OpenGradient's (og-evm, contracts/solidity). That a claim falls by
bad evidence, who the guardian is, and all periods, are assumptions.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from chain.blocks import mine_all
from chain.deploy import ProverSpec
from chain.formats.modes import Mode
from chain.quantities import Address
from chain.seam import Call, Chain
from nodes.enclave import DOCUMENT_LIFETIME_S, VALIDATOR
from nodes.full import FullNode
from nodes.identity import Identity, Role
from nodes.inference import InferenceNode, PosterHalf
from nodes.proofs.prover import CircuitRecord
from simnet.kernel.streams import Streams
from simnet.strategies.evidence.enclave_terms import CURRENT, PREVIOUS, EnclaveTerms
from simnet.strategies.evidence.kind import EvidenceCheck, EvidenceKind
from simnet.strategies.facts import Facts

if TYPE_CHECKING:
    from nodes.enclave.enclave import Enclave
    from nodes.enclave.vendor import Vendor

# What needs `cryptography` is imported where it is used: it takes a while to load, and every run loads all strategies.

TIME_TO_PROVE_S = 60
"""What must be left of an attestation's life when a claim is posted, for others to hold it against its node."""


class EnclaveKind(EvidenceKind):
    """An enclave's signature, with an attestation of the enclave."""

    mode: ClassVar[Mode] = Mode.TEE

    def __init__(self, terms: EnclaveTerms, by_mode: bool) -> None:
        self.terms = terms
        self.by_mode = by_mode

    def problems(self, facts: Facts) -> Iterable[tuple[tuple[Any, ...], str]]:
        """Periods must leave time to prove, and noise would break what an enclave signs."""
        terms = self.terms
        if terms.quote_age + terms.posting_delay + TIME_TO_PROVE_S > DOCUMENT_LIFETIME_S:
            most = DOCUMENT_LIFETIME_S - TIME_TO_PROVE_S
            yield ("quote_age",), f"quote_age and posting_delay must not add up to more than {most} s"
        if facts.batch_interval_s >= terms.posting_delay:
            yield ("posting_delay",), "batch_interval is not below posting_delay: honest claims would be late"
        if terms.outdated > facts.inference_nodes:
            yield ("outdated",), f"there are only {facts.inference_nodes} inference nodes"
        if facts.noise or "honest_noisy" in facts.honest_behaviours:
            yield ("kind",), "an enclave signs its output to the bit: noise after that would pass for fraud"

    def deploy(
        self,
        chain: Chain,
        deployer: Address,
        people: Sequence[Identity],
        facts: Facts,
        circuits: Sequence[CircuitRecord],
    ) -> Sequence[ProverSpec]:
        """The verifier at 0x900, the registry with its guardian, and the contract that judges evidence.

        A registry that is there already, which `deployer` administers, is used: `simnet up` has one for its gateway.
        """
        from nodes.enclave import native

        known = vendors(facts.streams)
        native.install(chain, *(vendor.root_pem for vendor in known))
        try:
            chain.address_of("TEERegistry")
        except KeyError:
            chain.deploy("TEERegistry", [], deployer)
        operator, admin = (chain.read("TEERegistry", name) for name in ("TEE_OPERATOR", "DEFAULT_ADMIN_ROLE"))
        is_known = chain.read("TEERegistry", "isValidTEEType", VALIDATOR)
        guardian = next(person for person in people if person.role is Role.FULL)
        moves: list[tuple[Any, ...]] = [
            ("setAWSRootCertificate", known[0].root_pem),
            *(() if is_known else (("addTEEType", VALIDATOR, "Validator"),)),
            *(("approvePCR", measured(image), image, VALIDATOR) for image in (PREVIOUS, CURRENT)),
            *(("grantRole", operator, person.address) for person in people if person.role is Role.INFERENCE),
            ("grantRole", admin, guardian.address),
            ("renounceRole", operator, deployer),
            ("renounceRole", admin, deployer),
        ]
        mine_all(chain, [Call(deployer, "TEERegistry", name, tuple(args)) for name, *args in moves])
        terms = self.terms
        rules = (int(terms.quote_age), int(terms.posting_delay), int(terms.notice), self.by_mode)
        return [ProverSpec("TEEEvidence", ("TEERegistry",), (rules,))]

    def enclave(self, identity: Identity, facts: Facts, genesis: int) -> Enclave | None:
        """The enclave that an inference node computes in; others have none."""
        from nodes.enclave.enclave import Enclave
        from nodes.enclave.nitro import measurement

        if identity.role is not Role.INFERENCE:
            return None
        replaced, (first, second) = self.terms.root_replaced, vendors(facts.streams)
        outdated = int(identity.name.rpartition("-")[2]) < self.terms.outdated
        return Enclave(
            vendor=first,
            module_id=identity.name,
            pcrs=measurement(PREVIOUS if outdated else CURRENT),
            seed=facts.streams.secret(f"enclave/{identity.name}"),
            booted_at=genesis,
            successor=None if replaced is None else (genesis + int(replaced), second),
        )

    def poster(self, node: InferenceNode) -> PosterHalf:
        """Registers its enclave, and has it sign."""
        from simnet.strategies.evidence.enclave_poster import EnclavePoster

        renew_s = min(self.terms.quote_age, self.terms.notice) / 2
        return EnclavePoster(node, renew_s, self.terms.heartbeat, self.terms.posting_delay)

    def check(self, node: FullNode, facts: Facts) -> EvidenceCheck:
        """Verifies signatures and attestations; the first full node is the guardian too."""
        from simnet.strategies.evidence.enclave_verifier import EnclaveCheck
        from simnet.strategies.evidence.guardian import Guardian

        if node.rank > 0:
            return EnclaveCheck(node, self.terms)
        return Guardian(node, self.terms, vendors(facts.streams)[1].root_pem, measured(PREVIOUS))


def vendors(streams: Streams) -> tuple[Vendor, Vendor]:
    """The hardware's vendor, and what it is once it had to replace its root."""
    from nodes.enclave.vendor import Vendor

    first, second = (Vendor(streams.secret(f"vendor/{name}")) for name in ("first", "second"))
    return first, second


def measured(image: str) -> tuple[bytes, ...]:
    """Registers of an image as the registry takes them."""
    from nodes.enclave.nitro import measurement

    registers = measurement(image)
    return tuple(registers[i] for i in range(3))
