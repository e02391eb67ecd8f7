"""Fifty clients at once, a thousand requests: every answer verified, every payment settled once, to the wei."""

from __future__ import annotations

import asyncio
import base64
import json
from pathlib import Path
from typing import Any

import aiohttp
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key

from chain.quantities import OPG
from nodes.enclave import canonical, signing
from nodes.enclave.keys import verify_pss
from tests.simnet.cli.test_cli_up import KEY, approve, contract, payment_for, pinned, rows, wait_for
from tests.up_process import Up, up

CLIENTS, REQUESTS = 50, 20

Answered = tuple[dict[str, Any], dict[str, Any]]


async def ask_again_and_again(http: aiohttp.ClientSession, url: str, number: int) -> list[Answered]:
    """One client: it pays once, and asks in its session."""
    body = {"model": "gpt-5-mini", "messages": [{"role": "user", "content": f"Hello, {number} here"}]}
    async with http.post(url, json=body) as response:
        assert response.status == 402
        headers = {"PAYMENT-SIGNATURE": payment_for(response.headers["payment-required"], 1_000 + number)}
    answers = []
    for _ in range(REQUESTS):
        async with http.post(url, json=body, headers=headers) as response:
            assert response.status == 200
            answers.append((body, await response.json()))
            headers = {"X-Upto-Session": response.headers["x-upto-session"]}
    return answers


async def everybody(net: Up) -> tuple[list[Answered], bytes]:
    """What all clients were answered, and the key that signed it."""
    url = net["OG_GATEWAY_URL"]
    connector = aiohttp.TCPConnector(ssl=pinned(net), limit=CLIENTS)
    async with aiohttp.ClientSession(connector=connector) as http:
        async with http.get(f"{url}/signing-key") as response:
            pem = (await response.json())["public_key"]
        clients = (ask_again_and_again(http, f"{url}/v1/chat/completions", number) for number in range(CLIENTS))
        answers = [answer for one in await asyncio.gather(*clients) for answer in one]
    spki = load_pem_public_key(pem.encode()).public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return answers, spki


def is_signed(answered: Answered, spki: bytes) -> bool:
    body, answer = answered
    said = signing.output_hash(answer["choices"][0]["message"]["content"])
    message = signing.response_message(signing.request_hash(canonical.chat(body)), said, answer["tee_timestamp"])
    return verify_pss(spki, message, base64.b64decode(answer["tee_signature"]))


@pytest.mark.long
@pytest.mark.timeout(1200)
def test_fifty_clients_are_all_answered_and_all_pay_exactly_what_they_owe(tmp_path: Path) -> None:
    """Long: half a minute on two busy cores."""
    with up(tmp_path, "--idle", "3", "--quiet") as net:
        approve(net)
        answers, spki = asyncio.run(everybody(net))
        assert len(answers) == CLIENTS * REQUESTS
        assert all(is_signed(answered, spki) for answered in answers)
        wait_for(lambda: [{}] if len(rows(net, "payment_settled")) >= CLIENTS else [])
        settled, served = rows(net, "payment_settled"), rows(net, "text_served")
        assert [job["status"] for job in settled] == ["succeeded"] * CLIENTS
        assert len({json.dumps(job["job"]) for job in settled}) == CLIENTS
        owed, paid = (sum(int(row[field]) for row in found) for field, found in (("cost", served), ("amount", settled)))
        assert owed == paid > 0
        opg = contract(net, "BASE_MAINNET_RPC", "OPG_ADDRESS", "BaseOPG")
        assert opg.functions.balanceOf(KEY.address).call() == 1_000 * OPG - paid
        assert rows(net, "served_unpaid") == []
