"""The x402 client in Python, unchanged. It pays by the scheme that SCHEME names, and prints what it is answered."""

from __future__ import annotations

import asyncio
import json
import os
import ssl
from urllib.parse import urlparse

import httpx
from eth_account import Account
from x402 import x402Client
from x402.http.clients import x402_httpx_transport
from x402.mechanisms.evm import EthAccountSigner
from x402.mechanisms.evm.batch_settlement.client import BatchSettlementEvmScheme
from x402.mechanisms.evm.upto import UptoEvmClientScheme

ASKED = {"model": "gpt-5", "messages": [{"role": "user", "content": "Is anybody there?"}]}


async def ask() -> list[str]:
    """What is answered, three times."""
    signer = EthAccountSigner(Account.from_key(os.environ["OG_PRIVATE_KEY"]))
    schemes = {"upto": UptoEvmClientScheme, "batch-settlement": BatchSettlementEvmScheme}
    paying = x402Client().register("eip155:8453", schemes[os.environ["SCHEME"]](signer))
    url = os.environ["OG_GATEWAY_URL"]
    where = urlparse(url)
    assert where.hostname
    assert where.port
    tls = ssl.create_default_context(cadata=ssl.get_server_certificate((where.hostname, where.port)))
    tls.check_hostname = False
    said = []
    transport = x402_httpx_transport(paying, httpx.AsyncHTTPTransport(verify=tls))
    async with httpx.AsyncClient(transport=transport) as http:
        for _ in range(3):
            response = await http.post(f"{url}/v1/chat/completions", json=ASKED)
            said.append(response.json()["choices"][0]["message"]["content"])
    return said


print(json.dumps(asyncio.run(ask())))
