"""`simnet upload`: an ONNX file into the blob store and the registry of a local network."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING

import click

from chain.errors import SimnetError

if TYPE_CHECKING:
    from nodes.models.userfile import UserFile

EPOCHS = 53
TIMEOUT_S = 60.0


class UploadFailed(SimnetError):
    """A file did not get into a local network."""

    exit_code = 2


@click.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--name", help="What the registry calls it; the file's name if not given.")
@click.option("--blobs", envvar="OG_BLOBS_URL", required=True, help="The blob store; $OG_BLOBS_URL.")
@click.option("--rpc", envvar="OG_RPC_URL", required=True, help="The settlement chain; $OG_RPC_URL.")
@click.option("--registry", envvar="OG_MODEL_REGISTRY", required=True, help="$OG_MODEL_REGISTRY.")
@click.option("--key", envvar="OG_PRIVATE_KEY", required=True, help="Who registers it; $OG_PRIVATE_KEY.")
def upload(file: Path, name: str | None, blobs: str, rpc: str, registry: str, key: str) -> int:
    """Put an ONNX file into the blob store of `simnet up`, register it, and print the id that `Alpha.infer` takes.

    \b
    source reports/runs/latest/up.env
    simnet upload model.onnx

    The file is inspected first: one that no inference node could run is refused here. OpenGradient's own client uploads
    to addresses that cannot be changed.
    """
    from nodes.models.userfile import inspect

    found = inspect(file, None)
    content = file.read_bytes()
    blob = put(blobs, content)
    register(rpc, registry, key, found, name or file.stem)
    click.echo(blob)
    return 0


def put(blobs: str, content: bytes) -> str:
    """Store a blob, and return its id. Raises `UploadFailed`."""
    try:
        request = urllib.request.Request(f"{blobs}/v1/blobs?epochs={EPOCHS}", data=content, method="PUT")
        with urllib.request.urlopen(request, timeout=TIMEOUT_S) as response:
            said = json.loads(response.read())
    except urllib.error.HTTPError as error:
        raise UploadFailed(f"the blob store refuses the file: {error.read().decode(errors='replace')}") from None
    except (OSError, ValueError) as error:
        raise UploadFailed(
            f"{blobs}: no blob store answers: {getattr(error, 'reason', error)}", "start one with: simnet up"
        ) from None
    kept = said.get("alreadyCertified") or said["newlyCreated"]["blobObject"]
    return str(kept["blobId"])


def register(rpc: str, registry: str, key: str, found: UserFile, name: str) -> None:
    """Say on chain what the file is, unless this account has already. Raises `UploadFailed`."""
    from eth_account import Account
    from web3 import HTTPProvider, Web3
    from web3.exceptions import ContractCustomError, Web3Exception

    from chain.evm.abi import ARTIFACTS

    abi = json.loads((ARTIFACTS / "ModelRegistry.json").read_text())["abi"]
    try:
        account, chain = Account.from_key(key), Web3(HTTPProvider(rpc))
        contract = chain.eth.contract(address=Web3.to_checksum_address(registry), abi=abi)
        call = contract.functions.register(bytes.fromhex(found.sha256), name, found.macs)
        nonce = chain.eth.get_transaction_count(account.address, "pending")
        made = call.build_transaction({"from": account.address, "nonce": nonce, "gasPrice": chain.eth.gas_price})
        sent = chain.eth.send_raw_transaction(account.sign_transaction(made).raw_transaction)
        status = chain.eth.wait_for_transaction_receipt(sent, timeout=TIMEOUT_S, poll_latency=0.1)["status"]
    except ContractCustomError:
        return  # it is registered already: nothing else is refused
    except (Web3Exception, OSError, ValueError) as error:
        raise UploadFailed(f"the registry at {rpc} does not take the model: {error}") from None
    if status != 1:
        raise UploadFailed("the registry refused the model")
