"""Enclaves and the contracts about them, for their tests: an administrator, an operator, a vendor."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from typing import Any

from chain.deploy import ProverSpec, VerifierSpec
from chain.formats.signing import Key
from chain.seam import Chain, Receipt
from nodes.enclave import native, nitro
from nodes.enclave.attestation import aws_root
from nodes.enclave.enclave import Enclave
from nodes.enclave.keys import verify_pss
from nodes.enclave.signing import SignedResponse, response_message
from nodes.enclave.vendor import Vendor
from tests.contracts_world import World, in_process

VENDOR = Vendor(b"vendor")
GATEWAY, VALIDATOR = 0, 1
V1, V2, UNKNOWN = (nitro.measurement(name) for name in ("v1", "v2", "unknown"))
BOOTED_AT = 1_750_000_000


@cache
def enclave(name: str, version: str = "v1", vendor: Vendor = VENDOR) -> Enclave:
    """An enclave that has booted; the same whenever it is asked for."""
    return Enclave(vendor, name, nitro.measurement(version), name.encode(), BOOTED_AT)


def pcrs(version: str) -> tuple[bytes, ...]:
    """An image's measurements as the contract takes them."""
    registers = nitro.measurement(version)
    return tuple(registers[i] for i in range(3))


def pcr_hash(world: World, version: str) -> bytes:
    found: bytes = world.read("TEERegistry.computePCRHash", pcrs(version))
    return found


@contextmanager
def fresh_world() -> Iterator[TeeWorld]:
    """A world as it was when it was new: making one takes longer than most tests."""
    world = _world()
    point = world.chain.snapshot()
    yield world
    world.chain.revert_to(point)


@cache
def _world() -> TeeWorld:
    return TeeWorld()


class TeeWorld(World):
    """The registry and both verifiers; "deployer" administers, "operator" registers, version v1 is trusted."""

    def __init__(
        self, chain: Chain | None = None, verifier: VerifierSpec | None = None, provers: Sequence[ProverSpec] = ()
    ) -> None:
        chain, deployer = chain or in_process(), Key(b"deployer").address
        chain.fund(deployer)
        native.install(chain, b"", VENDOR.root_pem, aws_root())
        registry = chain.deploy("TEERegistry", [], deployer)
        super().__init__(chain=chain, verifier=verifier, provers=provers)
        for name in ("TEEInferenceVerifier", "TEEBatchVerifier"):
            chain.deploy(name, [registry], deployer)
        self.ok("deployer", "TEERegistry.grantRole", self.role("TEE_OPERATOR"), self.address("operator"))
        self.ok("deployer", "TEERegistry.setAWSRootCertificate", VENDOR.root_pem)
        self.ok("deployer", "TEERegistry.addTEEType", GATEWAY, "LLMProxy")
        self.ok("deployer", "TEERegistry.addTEEType", VALIDATOR, "Validator")
        self.ok("deployer", "TEERegistry.approvePCR", pcrs("v1"), "1.0", GATEWAY)

    def role(self, name: str) -> bytes:
        found: bytes = self.read(f"TEERegistry.{name}")
        return found

    def registration(self, which: Enclave, kind: int = GATEWAY, **changes: Any) -> tuple[Any, ...]:
        """Arguments of a registration in the next block."""
        honest = {
            "document": which.attest(self.now + 1),
            "spki": which.key.spki,
            "tls": which.tls.der,
            "pays": self.address("operator"),
            "endpoint": "https://127.0.0.1:8443",
            "kind": kind,
        }
        return tuple({**honest, **changes}.values())

    def register(self, which: Enclave, who: str = "operator", kind: int = GATEWAY) -> Receipt:
        return self.ok(who, "TEERegistry.registerTEEWithAttestation", *self.registration(which, kind))

    def refused(self, which: Enclave, who: str = "operator", **changes: Any) -> str:
        """Name of the error that a registration ends in."""
        args = self.registration(which, **changes)
        return self.fails(who, "TEERegistry.registerTEEWithAttestation", *args).error

    def beat(self, which: Enclave, at: int | None = None, who: str = "anybody") -> Receipt:
        """Send a heartbeat made at a time, now if not given."""
        return self.send(who, "TEERegistry.heartbeat", which.id, *which.heartbeat(at or self.now + 1))

    def tee(self, which: Enclave) -> dict[str, Any]:
        """The registry's record of an enclave, by field."""
        names = "owner paymentAddress endpoint publicKey tlsCertificate pcrHash teeType enabled registeredAt"
        keys = (*names.split(), "lastHeartbeatAt", "ohttpConfig")
        return dict(zip(keys, self.read("TEERegistry.getTEE", which.id), strict=True))


def verifies(signed: SignedResponse, enclave: Enclave) -> bool:
    """Whether the enclave signed it."""
    message = response_message(signed.input_hash, signed.output_hash, signed.timestamp)
    return signed.tee == enclave.id and verify_pss(enclave.key.spki, message, signed.signature)
