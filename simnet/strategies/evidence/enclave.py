"""Evidence of enclaves: what `tee` and its relatives have in common.

Inference nodes compute in enclaves, which sign every answer. A node registers its enclave with an attestation, has
it attested anew every now and then, and commits in each claim to both. Full nodes judge the evidence of every claim
without executing anything, and prove on chain what is bad: see `nodes.enclave` and
``chain/contracts/evidence/TEEEvidence.sol``.
Whoever administers the registry, its guardian, revokes images and replaces the vendor's root; here it is the first
full node.

Source: registry, attestation and signatures are OpenGradient's (og-evm, contracts/solidity). That a claim falls by
bad evidence, who the guardian is, and all periods, are assumptions.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from pydantic import Field

from chain.blocks import mine_all
from chain.deploy import ProverSpec
from chain.formats.modes import Mode
from chain.quantities import Address, Gas
from chain.seam import Call, Chain, Log
from chain.units import Duration
from nodes.effects import Note, Read, Sleep, Spawn, Steps, Submit
from nodes.enclave import VALIDATOR
from nodes.full import FullNode, VerifierHalf
from nodes.identity import Identity, Role
from nodes.inference import Answered, InferenceNode
from nodes.messages import BatchData, InferenceRequest
from nodes.records import DutyFailed
from simnet.kernel.streams import Streams
from simnet.strategies.evidence.evidence import EvidenceStrategy
from simnet.strategies.facts import Facts

if TYPE_CHECKING:
    from nodes.enclave.enclave import Enclave
    from nodes.enclave.vendor import Vendor
    from nodes.proofs.prover import CircuitRecord
    from simnet.strategies.evidence.enclave_poster import Posting
    from simnet.strategies.evidence.enclave_verifier import Docket

# What needs `cryptography` is imported where it is used: it takes a while to load, and every run loads all strategies.

CURRENT, PREVIOUS = "v2", "v1"
"""Images of the enclave; both are approved when a run begins."""

ADMIN_GAS = Gas(5_000_000)
DOCUMENT_LIFETIME_S = 300
"""How long the verifier at 0x900 takes an attestation."""

TIME_TO_PROVE_S = 60
"""What must be left of an attestation's life when a claim is posted, for others to hold it against its node."""

FRAUD = b"fraud"
"""Why a claim falls that full nodes executed again."""

DOCKETS_KEPT = 256
"""Batches whose evidence the guardian remembers; the oldest go first."""


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


class EnclaveEvidence(EvidenceStrategy):
    """Base of strategies in which claims need the evidence of an enclave."""

    quote_age: Duration = Field(default=60.0, description="age that an attestation may have when used (assumption)")
    posting_delay: Duration = Field(default=60.0, description="from an answer to the post of its claim (assumption)")
    notice: Duration = Field(default=60.0, description="for nodes to notice what the guardian did (assumption)")
    heartbeat: Duration = Field(default=900.0, description="from one heartbeat to the next, as on OpenGradient")
    outdated: int = Field(default=0, ge=0, description="inference nodes, the first ones, that run the previous image")
    image_revoked: Duration | None = Field(default=None, description="when the guardian revokes the previous image")
    root_replaced: Duration | None = Field(default=None, description="when vendor and guardian replace a leaked root")
    disable_on_fraud: bool = Field(
        default=True, description="whether the guardian disables an enclave whose answer was found wrong"
    )

    # -- before the run ----------------------------------------------------------------------------------------

    def problems(self, facts: Facts) -> Iterable[tuple[tuple[Any, ...], str]]:
        """Periods must leave time to prove, and noise would break what an enclave signs."""
        yield from super().problems(facts)
        if self.quote_age + self.posting_delay + TIME_TO_PROVE_S > DOCUMENT_LIFETIME_S:
            most = DOCUMENT_LIFETIME_S - TIME_TO_PROVE_S
            yield ("quote_age",), f"quote_age and posting_delay must not add up to more than {most} s"
        if facts.batch_interval_s >= self.posting_delay:
            yield ("posting_delay",), "batch_interval is not below posting_delay: honest claims would be late"
        if self.outdated > facts.inference_nodes:
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
    ) -> list[ProverSpec]:
        """The verifier at 0x900, the registry with its guardian, and the contract that judges evidence."""
        from nodes.enclave import native

        others = super().deploy(chain, deployer, people, facts, circuits)
        known = vendors(facts.streams)
        native.install(chain, *(vendor.root_pem for vendor in known))
        chain.deploy("TEERegistry", [], deployer)
        operator, admin = (chain.read("TEERegistry", name) for name in ("TEE_OPERATOR", "DEFAULT_ADMIN_ROLE"))
        guardian = next(person for person in people if person.role is Role.FULL)
        moves: list[tuple[Any, ...]] = [
            ("setAWSRootCertificate", known[0].root_pem),
            ("addTEEType", VALIDATOR, "Validator"),
            *(("approvePCR", measured(image), image, VALIDATOR) for image in (PREVIOUS, CURRENT)),
            *(("grantRole", operator, person.address) for person in people if person.role is Role.INFERENCE),
            ("grantRole", admin, guardian.address),
            ("renounceRole", operator, deployer),
            ("renounceRole", admin, deployer),
        ]
        mine_all(chain, [Call(deployer, "TEERegistry", name, tuple(args)) for name, *args in moves])
        rules = (int(self.quote_age), int(self.posting_delay), int(self.notice), self.by_mode)
        return [*others, ProverSpec("TEEEvidence", ("TEERegistry",), (rules,))]

    def enclave(self, identity: Identity, facts: Facts, genesis: int) -> Enclave | None:
        """The enclave that an inference node computes in; others have none."""
        from nodes.enclave.enclave import Enclave
        from nodes.enclave.nitro import measurement

        if identity.role is not Role.INFERENCE:
            return None
        first, second = vendors(facts.streams)
        outdated = int(identity.name.rpartition("-")[2]) < self.outdated
        return Enclave(
            vendor=first,
            module_id=identity.name,
            pcrs=measurement(PREVIOUS if outdated else CURRENT),
            seed=facts.streams.secret(f"enclave/{identity.name}"),
            booted_at=genesis,
            successor=None if self.root_replaced is None else (genesis + int(self.root_replaced), second),
        )

    def verifier(self, node: FullNode, facts: Facts) -> VerifierHalf:
        """The vendor tells the guardian of its new root."""
        node.memory["new root"] = vendors(facts.streams)[1].root_pem
        return super().verifier(node, facts)

    # -- inference nodes ---------------------------------------------------------------------------------------

    @property
    def posting(self) -> Posting:
        """How inference nodes present their enclaves."""
        from simnet.strategies.evidence.enclave_poster import Posting

        return Posting(min(self.quote_age, self.notice) / 2, self.heartbeat)

    def on_poster_start(self, node: InferenceNode) -> Steps:
        """Register the enclave, and keep it alive."""
        yield Spawn(super().on_poster_start(node))
        yield from self.posting.live(node)

    def objection(self, node: InferenceNode, request: InferenceRequest) -> Steps:
        """Without an enclave in service, answer nothing that needs it."""
        if not self.owes(bytes.fromhex(request.task[2:]), Mode.TEE):
            return (yield from super().objection(node, request))
        return (yield from self.posting.objection(node))

    def vouch(self, node: InferenceNode, answered: Answered) -> Steps:
        """Have the enclave sign the answer."""
        if self.owes(bytes.fromhex(answered.request.task[2:]), Mode.TEE):
            yield from self.posting.vouch(node, answered)
        else:
            yield from super().vouch(node, answered)

    # -- full nodes --------------------------------------------------------------------------------------------

    def on_start(self, node: FullNode) -> Steps:
        """The guardian acts when its time comes."""
        yield from super().on_start(node)
        if node.rank == 0:
            yield Spawn(self.revoke_image(node))
            yield Spawn(self.replace_root(node))

    def on_log(self, node: FullNode, log: Log) -> Steps:
        """Judge the evidence of every batch; the guardian disables enclaves whose answers others found wrong."""
        yield from super().on_log(node, log)
        if log.event == "ClaimRejected" and log.args["reason"].startswith(FRAUD) and self.may_disable(node):
            yield Spawn(self.disable(node, "0x" + log.args["batch"].hex(), log.args["index"]))

    def examine(self, node: FullNode, data: BatchData) -> Steps:
        """Judge the evidence of the claims that owe an enclave's."""
        from nodes.enclave.evidence import Rules
        from simnet.strategies.evidence.enclave_verifier import judge

        rest = yield from super().examine(node, data)
        owing = [claim for claim in data.claims if self.owes(claim.task, Mode.TEE)]
        if not owing:
            return rest
        root = yield Read("TEERegistry", "awsRootCertificate")
        rules = Rules(int(self.quote_age), int(self.posting_delay), int(self.notice), root)
        docket = yield from judge(node, data, rules, owing)
        if docket is not None:
            self.remember(node, docket)
        return rest and docket is not None

    # -- the guardian ------------------------------------------------------------------------------------------

    def may_disable(self, node: FullNode) -> bool:
        """Whether this is the guardian, and it acts by itself."""
        return node.rank == 0 and self.disable_on_fraud

    def remember(self, node: FullNode, docket: Docket) -> None:
        """Keep what enclaves stood by, should it be found wrong."""
        if node.rank == 0:
            kept: dict[str, Docket] = node.memory.setdefault("dockets", {})
            kept[docket.data.batch] = docket
            if len(kept) > DOCKETS_KEPT:
                del kept[next(iter(kept))]

    def administer(self, node: FullNode, function: str, *args: Any) -> Steps:
        """Change the registry."""
        receipt = yield Submit(Call(node.me.address, "TEERegistry", function, args, ADMIN_GAS), subject=node.me.name)
        if receipt is not None and not receipt.ok:
            yield Note(DutyFailed(node.me.name, "", f"{function}: {receipt.revert}"))

    def revoke_image(self, node: FullNode) -> Steps:
        """Trust the previous image no longer, from the time that the scenario sets."""
        if self.image_revoked is not None:
            yield Sleep(self.image_revoked)
            image = yield Read("TEERegistry", "computePCRHash", (measured(PREVIOUS),))
            yield from self.administer(node, "revokePCR", image, VALIDATOR)

    def replace_root(self, node: FullNode) -> Steps:
        """Trust the vendor's new root, and the old one no longer."""
        if self.root_replaced is not None:
            yield Sleep(self.root_replaced)
            yield from self.administer(node, "setAWSRootCertificate", node.memory["new root"])

    def disable(self, node: FullNode, batch: str, index: int) -> Steps:
        """Put an enclave out of service that stood by a wrong answer. Bad evidence says nothing against an enclave."""
        from nodes.enclave.evidence import Evidence

        docket: Docket | None = node.memory.get("dockets", {}).get(batch)
        if docket is None or index in docket.faults:
            return
        said = Evidence.unpack(docket.shown.get(docket.data.claims[index].evidence_hash, b""))
        if said is not None and (yield Read("TEERegistry", "isTEEEnabled", (said.tee,))):
            yield from self.administer(node, "disableTEE", said.tee)
