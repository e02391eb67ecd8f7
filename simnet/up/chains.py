"""The two chains of an OpenGradient network, set up: one has the enclaves' registry, on the other clients pay."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from chain.backends.anvil import AnvilChain
from chain.blocks import mine_all
from chain.formats.channels import BATCH_SETTLEMENT, PERMIT2_COLLECTOR
from chain.formats.claims import address_word, word
from chain.formats.onchain import HUB, NATIVES, SCHEDULER
from chain.formats.permit2 import BASE_OPG, PERMIT2, UPTO_PROXY
from chain.formats.signing import Key
from chain.hashing import keccak
from chain.quantities import Address, Gas, Timestamp
from chain.seam import Call, Chain
from nodes.enclave import native
from nodes.enclave.enclave import Enclave
from nodes.enclave.nitro import measurement
from nodes.enclave.signing import OhttpConfig
from nodes.enclave.vendor import Vendor
from simnet.kernel.streams import Streams
from simnet.up.accounts import ACCOUNTS, FUNDS

SETTLEMENT_ID, PAYMENT_ID = 10740, 8453
"""Chain ids of OpenGradient's network, and of Base, which the payment chain claims."""

LLM_PROXY, VALIDATOR = 0, 1
"""Kinds of enclave in the registry."""

TEE_REGISTRY = Address("0x703cb174aeadb35d611858369b4b1111dc9abda6")
"""Where opengradient 1.1.4 looks for the registry, if it is not told."""

ADMIN_ROLE, ROLES_SLOT, HEARTBEAT_MAX_AGE_S = bytes(32), word(0), 1800
"""OpenZeppelin's AccessControl has its roles in the first slot: by role, then by account."""

IMAGE = "simnet gateway"
SETUP_S = 60
"""How long before the present a chain begins: every contract is deployed in a block, a second each."""

REGISTER_GAS = Gas(8_000_000)


@dataclass(frozen=True)
class Cast:
    """Keys and enclave of the services; they follow from the run's seed."""

    deployer: Key
    gateway: Key
    facilitator: Key
    relayer: Key
    keeper: Key
    ohttp_relay: Key
    vendor: Vendor
    streams: Streams

    @classmethod
    def of(cls, seed: int) -> Cast:
        """Those of a seed."""
        streams = Streams(seed)
        deployer, gateway, facilitator, relayer, keeper, ohttp_relay = (
            Key(streams.secret(f"up/{name}"))
            for name in ("deployer", "gateway", "facilitator", "relayer", "keeper", "ohttp relay")
        )
        vendor = Vendor(streams.secret("up/vendor"))
        return cls(deployer, gateway, facilitator, relayer, keeper, ohttp_relay, vendor, streams)

    def enclave(self, booted_at: int) -> Enclave:
        """The gateway's enclave."""
        secret = self.streams.secret("up/enclave")
        return Enclave(self.vendor, "simnet-gateway", measurement(IMAGE), secret, booted_at)


def settlement_chain(
    cast: Cast, enclave: Enclave, endpoint: str, genesis: Timestamp, gas_limit: Gas, kept: Path | None = None
) -> AnvilChain:
    """The chain with the registry, in which the gateway's enclave is registered at an endpoint.

    With `kept`, that chain goes on, as far as it had come, and the enclave shows that it is alive.
    """
    chain = AnvilChain(genesis=genesis, chain_id=SETTLEMENT_ID, block_gas_limit=gas_limit)
    try:
        if kept is None:
            register(chain, cast, enclave, endpoint)
        else:
            chain.take_up(kept)
            chain.stand_in(native.ADDRESS, native.AttestationNative(cast.vendor.root_pem))
            chain.mine([alive(chain, cast, enclave, genesis)], Timestamp(max(chain.head[1] + 1, genesis)))
    except BaseException:
        chain.close()
        raise
    return chain


def alive(chain: Chain, cast: Cast, enclave: Enclave, now: Timestamp) -> Call:
    """A heartbeat of the gateway's enclave, for a network that was down for long."""
    timestamp, signature = enclave.heartbeat(max(now, chain.head[1]))
    return Call(cast.relayer.address, "TEERegistry", "heartbeat", (enclave.id, timestamp, signature))


def register(chain: Chain, cast: Cast, enclave: Enclave, endpoint: str) -> None:
    """Deploy what OpenGradient has on its own chain, and register the gateway's enclave."""
    deployer, relayer = cast.deployer.address, cast.relayer.address
    for account in (deployer, relayer, cast.keeper.address, *(one.address for one in ACCOUNTS)):
        chain.fund(account)
    native.install(chain, cast.vendor.root_pem)
    place_registry(chain, deployer)
    registry = TEE_REGISTRY
    verifier = chain.deploy("TEEInferenceVerifier", [registry], deployer)
    chain.deploy("TEEBatchVerifier", [registry], deployer)
    chain.deploy("InferenceSettlementRelay", [verifier], deployer)
    for address, artifact in {**NATIVES, HUB: "InferenceHub", SCHEDULER: "WorkflowScheduler"}.items():
        chain.etch(address, artifact)
    registers = measurement(IMAGE)
    role = chain.read("InferenceSettlementRelay", "SETTLEMENT_RELAY_ROLE")
    moves = (
        ("TEERegistry", "setAWSRootCertificate", (cast.vendor.root_pem,)),
        ("TEERegistry", "addTEEType", (LLM_PROXY, "LLMProxy")),
        ("TEERegistry", "addTEEType", (VALIDATOR, "Validator")),
        ("TEERegistry", "approvePCR", (tuple(registers[i] for i in range(3)), IMAGE, LLM_PROXY)),
        ("InferenceSettlementRelay", "grantRole", (role, relayer)),
    )
    mine_all(chain, [Call(deployer, *move) for move in moves])
    shown = enclave.attestation(chain.head[1] + 1)
    args = (shown.document, shown.spki, shown.tls_der, cast.gateway.address, endpoint, LLM_PROXY)
    mine_all(chain, [Call(deployer, "TEERegistry", "registerTEEWithAttestation", args, REGISTER_GAS)])
    config = OhttpConfig.of(enclave.ohttp_key)
    ids = (config.key_id, config.kem_id, config.kdf_id, config.aead_id)
    bound = (enclave.id, *ids, config.public_key, config.key_config, enclave.bind(config))
    mine_all(chain, [Call(deployer, "TEERegistry", "setOHTTPConfig", bound)])


def place_registry(chain: Chain, admin: Address) -> None:
    """Put the registry at its address, as its constructor would leave it."""
    chain.etch(TEE_REGISTRY, "TEERegistry")
    members = keccak(ADMIN_ROLE + ROLES_SLOT)
    chain.write(TEE_REGISTRY, {int.from_bytes(keccak(address_word(admin) + members), "big"): 1})
    operator = chain.read("TEERegistry", "TEE_OPERATOR")
    moves = (("grantRole", (operator, admin)), ("setHeartbeatMaxAge", (HEARTBEAT_MAX_AGE_S,)))
    mine_all(chain, [Call(admin, "TEERegistry", *move) for move in moves])


def share_registry(chain: Chain, owner: Address, admin: Address) -> None:
    """Let `admin` administer the registry too: whoever deploys a scenario's contracts, which may need enclaves."""
    chain.fund(admin)
    mine_all(chain, [Call(owner, "TEERegistry", "grantRole", (ADMIN_ROLE, admin))])


def payment_chain(cast: Cast, genesis: Timestamp, gas_limit: Gas, kept: Path | None = None) -> AnvilChain:
    """The chain on which clients pay: OPG, Permit2 and x402's contracts at their canonical addresses. See above."""
    chain = AnvilChain(genesis=genesis, chain_id=PAYMENT_ID, block_gas_limit=gas_limit)
    try:
        if kept is None:
            issue(chain, cast.deployer.address, cast.facilitator.address)
            endow(chain, cast.deployer.address, cast.ohttp_relay.address)
        else:
            chain.take_up(kept)
    except BaseException:
        chain.close()
        raise
    return chain


def issue(chain: Chain, treasury: Address, facilitator: Address) -> None:
    """Put what x402 needs onto a chain, and give the accounts their OPG."""
    for account in (treasury, facilitator, *(one.address for one in ACCOUNTS)):
        chain.fund(account)
    chain.etch(BASE_OPG, "BaseOPG")
    mine_all(chain, [Call(treasury, "BaseOPG", "issue", (treasury,))])
    chain.etch(PERMIT2, "Permit2")
    chain.etch(UPTO_PROXY, "X402UptoPermit2Proxy")
    chain.etch(BATCH_SETTLEMENT, "X402BatchSettlement")
    chain.etch(PERMIT2_COLLECTOR, "X402Permit2DepositCollector")
    mine_all(chain, [Call(treasury, "BaseOPG", "transfer", (one.address, FUNDS)) for one in ACCOUNTS])


def endow(chain: Chain, treasury: Address, relay: Address) -> None:
    """Give the relay of private requests what it pays from, and let Permit2 take it."""
    chain.fund(relay)
    mine_all(
        chain,
        [Call(treasury, "BaseOPG", "transfer", (relay, FUNDS)), Call(relay, "BaseOPG", "approve", (PERMIT2, FUNDS))],
    )
