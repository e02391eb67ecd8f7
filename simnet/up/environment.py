"""What a client has to know of a local network: as variables, to be exported."""

from __future__ import annotations

from chain.formats.onchain import HUB, SCHEDULER
from chain.formats.permit2 import BASE_OPG, PERMIT2, UPTO_PROXY
from simnet.up.accounts import ACCOUNTS
from simnet.up.devnet import Devnet

FILE = "up.env"
"""The file with the variables, in the run directory."""

WARNING = "Development keys: everybody knows them. Send nothing of worth to these accounts, on any chain."


def variables(devnet: Devnet) -> dict[str, str]:
    """Variables by name. OpenGradient's client reads the first by itself; the others are for you to pass on."""
    return {
        "BASE_MAINNET_RPC": devnet.payment_url,
        "OG_RPC_URL": devnet.settlement_url,
        "OG_TEE_REGISTRY": devnet.addresses["TEERegistry"],
        "OG_GATEWAY_URL": devnet.gateway_url,
        "OG_FACILITATOR_URL": devnet.facilitator_url,
        "OG_BLOBS_URL": devnet.blobs_url,
        "OG_RELAY_URL": devnet.relay_url,
        "OG_RELAY_ADDRESS": devnet.cast.ohttp_relay.address,
        "OG_CONTROL_URL": devnet.control_url,
        "OG_PRIVATE_KEY": ACCOUNTS[0].key,
        "OG_ADDRESS": ACCOUNTS[0].address,
        "OG_SETTLEMENT_RELAY": devnet.addresses["InferenceSettlementRelay"],
        "OG_BATCH_VERIFIER": devnet.addresses["TEEBatchVerifier"],
        "OG_INFERENCE_HUB": HUB,
        "OG_SCHEDULER": SCHEDULER,
        "OG_MODEL_REGISTRY": devnet.addresses["ModelRegistry"],
        "OPG_ADDRESS": BASE_OPG,
        "PERMIT2_ADDRESS": PERMIT2,
        "X402_UPTO_PROXY": UPTO_PROXY,
    }


def as_file(devnet: Devnet) -> str:
    """A file for ``source``."""
    lines = [f"# {WARNING}", *(f"export {name}={value}" for name, value in variables(devnet).items())]
    return "\n".join(lines) + "\n"
