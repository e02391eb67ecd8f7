"""PCR poisoning: a vote approves an enclave image that signs whatever its owner likes."""

from __future__ import annotations

from chain.deploy import ADMIN_ROLE
from chain.hashing import keccak
from chain.quantities import OPG, Gas
from chain.seam import Call
from nodes.enclave import native, nitro
from nodes.enclave.enclave import Enclave
from nodes.enclave.vendor import Vendor
from simnet.economy.attacks.stage import Action, Given, Stage

BOND = 10_000 * OPG
FEE = 100 * OPG
ANSWERS = 10
VALIDATOR = 1
VENDOR = Vendor(b"vendor")
REGISTERING_GAS = Gas(8_000_000)


def poison_pcrs(stage: Stage, given: Given) -> int:
    """A vote approves an image of the attacker's. An enclave with it, duly attested, signs ten wrong answers.

    Their signatures are good by the contracts, and so who checks signatures accepts them. Where one in so many answers
    is run again as well, the first wrong one that is ends it: clients leave, and the rest is never asked.
    """
    _open_registry(stage)
    stage.validator("cheat", BOND)
    stage.give("client", ANSWERS * FEE)
    stage.escrow("client", ANSWERS * FEE)
    stage.give("attacker", given.stake)
    stage.must("attacker", "OPG.delegate", stage.address("attacker"))
    stage.wait(1)
    registers = nitro.measurement("the attacker's")
    operator = stage.chain.read("TEERegistry", "TEE_OPERATOR")
    actions: list[Action] = [
        ("TEERegistry", "approvePCR", (tuple(registers[i] for i in range(3)), "poison", VALIDATOR)),
        ("TEERegistry", "grantRole", (operator, stage.address("cheat"))),
    ]
    if not stage.vote("attacker", actions) or not stage.execute(actions):
        return 0
    enclave = Enclave(VENDOR, "cheat", registers, b"cheat", stage.now)
    _register(stage, enclave)
    before = stage.balance("cheat") + stage.balance("auditor")
    for number in range(ANSWERS):
        posted = stage.post("cheat", "client", FEE, number)
        is_rerun = given.rerun_every > 0 and (number + 1) % given.rerun_every == 0
        is_wrong = is_rerun or not _is_signed(stage, enclave, number)
        stage.judge(posted, wrong=is_wrong)
        if is_wrong:
            break
    return stage.balance("cheat") + stage.balance("auditor") - before


def _open_registry(stage: Stage) -> None:
    """The registry of enclaves, with the timelock as its only admin."""
    native.install(stage.chain, VENDOR.root_pem)
    registry = stage.chain.deploy("TEERegistry", [], stage.address("deployer"))
    stage.chain.deploy("TEEInferenceVerifier", [registry], stage.address("deployer"))
    stage.must("deployer", "TEERegistry.setAWSRootCertificate", VENDOR.root_pem)
    stage.must("deployer", "TEERegistry.addTEEType", VALIDATOR, "Validator")
    stage.must("deployer", "TEERegistry.grantRole", ADMIN_ROLE, stage.chain.address_of("Timelock"))
    stage.must("deployer", "TEERegistry.renounceRole", ADMIN_ROLE, stage.address("deployer"))


def _register(stage: Stage, enclave: Enclave) -> None:
    args = (enclave.attest(stage.now + 1), enclave.key.spki, enclave.tls.der)
    more = (stage.address("cheat"), "https://127.0.0.1:8443", VALIDATOR)
    function = "registerTEEWithAttestation"
    stage.take(Call(stage.address("cheat"), "TEERegistry", function, (*args, *more), REGISTERING_GAS))


def _is_signed(stage: Stage, enclave: Enclave, number: int) -> bool:
    """Whether the contract that checks an enclave's signature accepts it under a made-up answer."""
    asked, made_up = keccak(f"input {number}".encode()), keccak(f"made up {number}".encode())
    told = enclave.respond(asked, made_up, stage.now)
    args = (told.tee, asked, made_up, told.timestamp, told.signature)
    return bool(stage.chain.read("TEEInferenceVerifier", "verifySignature", *args))
