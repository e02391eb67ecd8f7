"""The `openai` package, unchanged, over a transport of x402's that pays: what it is answered, as JSON."""

from __future__ import annotations

import asyncio
import json
import os
import ssl
from typing import Any
from urllib.parse import urlparse

from eth_account import Account
from openai import AsyncOpenAI
from x402 import x402Client
from x402.http.clients import x402HttpxClient
from x402.mechanisms.evm import EthAccountSigner
from x402.mechanisms.evm.upto.register import register_upto_evm_client

MESSAGES: Any = [{"role": "user", "content": "Is anybody there?"}]
TOOL: Any = {"type": "function", "function": {"name": "weather", "parameters": {"type": "object", "properties": {}}}}


def client() -> AsyncOpenAI:
    """One that pays, and trusts the gateway's certificate."""
    paying = x402Client()
    signer = EthAccountSigner(Account.from_key(os.environ["OG_PRIVATE_KEY"]))
    register_upto_evm_client(paying, signer, networks=["eip155:8453"])
    where = urlparse(os.environ["OG_GATEWAY_URL"])
    assert where.hostname
    assert where.port
    tls = ssl.create_default_context(cadata=ssl.get_server_certificate((where.hostname, where.port)))
    tls.check_hostname = False
    transport = x402HttpxClient(paying, verify=tls)
    return AsyncOpenAI(base_url=f"{where.geturl()}/v1", api_key="none", http_client=transport, max_retries=0)


async def ask() -> dict[str, Any]:
    """What is answered."""
    one = client()
    chat = await one.chat.completions.create(model="gpt-5", messages=MESSAGES)
    stream = await one.chat.completions.create(model="gpt-5", messages=MESSAGES, stream=True)
    pieces = [piece.choices[0].delta.content or "" async for piece in stream]
    called = await one.chat.completions.create(model="gpt-5", messages=MESSAGES, tools=[TOOL])
    completed = await one.completions.create(model="gpt-5", prompt="Once")
    calls = called.choices[0].message.tool_calls
    return {
        "chat": chat.choices[0].message.content,
        "stream": "".join(pieces),
        "tool": calls[0].function.name if calls else "",
        "completion": completed.choices[0].text,
        "models": [model.id async for model in one.models.list()],
    }


if __name__ == "__main__":
    print(json.dumps(asyncio.run(ask())))
