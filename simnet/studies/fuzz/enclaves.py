"""Enclaves of both inference nodes, registered and attested, and what they say of claims."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from chain.blocks import mine_all
from chain.deploy import ProverSpec
from chain.formats.claims import Claim
from chain.formats.signing import Key
from chain.hashing import keccak
from chain.quantities import Address, Hash32, Timestamp
from chain.seam import TRANSACTION_GAS_MAX, Call, Chain
from nodes.enclave import native, nitro
from nodes.enclave.enclave import Enclave
from nodes.enclave.evidence import Evidence, Rules, request_hash
from nodes.enclave.vendor import Vendor
from simnet.studies.fuzz.cast import DISHONEST_NODE, HONEST_NODE, INFERENCE

VENDOR, FORGER = Vendor(b"fuzz vendor"), Vendor(b"fuzz forger")
"""Whose root the registry has, and somebody who certifies what is none."""

GATEWAY = 0
QUOTE_AGE_S, POSTING_DELAY_S, NOTICE_S = 60, 120, 60
RULES = Rules(QUOTE_AGE_S, POSTING_DELAY_S, NOTICE_S, VENDOR.root_pem)
IMAGE = nitro.measurement("fuzz")
BOOTED_AT = 1_750_000_000
"""Before any chain here begins."""

QUOTE_EVERY_S = QUOTE_AGE_S // 2
"""Documents are made so often."""

CONTRACTS = ("TEERegistry", "TEEInferenceVerifier", "TEEBatchVerifier")


def enclave(name: str, vendor: Vendor = VENDOR, image: str = "fuzz") -> Enclave:
    """An enclave that has booted; equal names give equal keys."""
    return Enclave(vendor, name, nitro.measurement(image), name.encode(), BOOTED_AT)


DEVICES = {name: enclave(name) for name in INFERENCE}
"""Of each inference node."""

HONEST_TEE = DEVICES[HONEST_NODE].id
FORGED, TAMPERED = enclave(DISHONEST_NODE, FORGER), enclave("tampered", image="tampered with")
"""The dishonest node's own keys, attested by who may not, and an enclave that runs an image of its own."""


def deploy_enclaves(chain: Chain, deployer: Address) -> Sequence[ProverSpec]:
    """Deploy the registry with an enclave of each inference node in it, and what holds claims against it."""
    native.install(chain, b"", VENDOR.root_pem)
    chain.fund(deployer)
    registry = chain.deploy("TEERegistry", [], deployer)
    for name in CONTRACTS[1:]:
        chain.deploy(name, [registry], deployer)
    operator: bytes = chain.read("TEERegistry", "TEE_OPERATOR")
    image = tuple(IMAGE[number] for number in range(3))
    setup: list[tuple[str, tuple[object, ...]]] = [
        ("setAWSRootCertificate", (VENDOR.root_pem,)),
        ("addTEEType", (GATEWAY, "LLMProxy")),
        ("approvePCR", (image, "1", GATEWAY)),
        *(("grantRole", (operator, Key(name.encode()).address)) for name in INFERENCE),
    ]
    mine_all(chain, [Call(deployer, "TEERegistry", function, args, TRANSACTION_GAS_MAX) for function, args in setup])
    for name, device in DEVICES.items():
        owner, at = Key(name.encode()).address, Timestamp(chain.head[1] + 1)
        args = registration(device, owner, at)
        call = Call(owner, "TEERegistry", "registerTEEWithAttestation", args, TRANSACTION_GAS_MAX)
        assert chain.mine([call], at).receipts[0].ok
    evidence = ProverSpec("TEEEvidence", ("TEERegistry",), ((QUOTE_AGE_S, POSTING_DELAY_S, NOTICE_S, True),))
    return ProverSpec("SignedEvidence"), evidence


def registration(device: Enclave, pays: Address, at: int) -> tuple[object, ...]:
    """Arguments of a registration at a time."""
    made = device.attestation(at)
    return made.document, made.spki, made.tls_der, pays, "https://127.0.0.1", GATEWAY


def quote(node: str, at: int) -> bytes:
    """The newest of the documents that a node's enclave has at a time."""
    return _document(node, at // QUOTE_EVERY_S * QUOTE_EVERY_S)


@lru_cache(maxsize=256)
def _document(node: str, at: int) -> bytes:
    return DEVICES[node].attest(at)


def said_by(device: Enclave, claim: Claim, document: bytes) -> bytes:
    """An enclave's evidence for a claim."""
    request = request_hash(claim.task, claim.model, claim.input_hash)
    said = device.respond(request, claim.output_hash, claim.answered_at)
    return Evidence(said.tee, said.timestamp, Hash32(keccak(document)), said.signature).pack()
