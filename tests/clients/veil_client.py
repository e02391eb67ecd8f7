"""`opengradient-veil`, unchanged: signed in by a stub of the chat application, asked by `openai`; answers as JSON."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import time
from typing import Any

from openai import OpenAI

MESSAGES: Any = [{"role": "user", "content": "Is anybody there?"}]
STARTS_WITHIN_S = 60.0


def sign_in() -> None:
    """Hand the proxy what the chat application hands it, but for an account: our relay asks nobody who they are."""
    config = {
        "supabase_url": "http://127.0.0.1:9",
        "supabase_anon_key": "none",
        "chat_api_base_url": os.environ["OG_RELAY_URL"],
        "tee_registry_rpc_url": os.environ["OG_RPC_URL"],
        "tee_registry_address": os.environ["OG_TEE_REGISTRY"],
        "tee_registry_tee_type": 0,
    }
    bundle = {"type": "opengradient-cli-auth", "access_token": "stub", "user": {"email": "a@b.c"}, "config": config}
    from veil.session import login_manual

    login_manual(json.dumps(bundle))


def ask(port: int) -> dict[str, Any]:
    """What the proxy answers."""
    one = OpenAI(base_url=f"http://127.0.0.1:{port}/v1", api_key="none", max_retries=0)
    until = time.monotonic() + STARTS_WITHIN_S
    while time.monotonic() < until:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                break
        time.sleep(0.1)
    chat = one.chat.completions.create(model="gpt-5", messages=MESSAGES)
    stream = one.chat.completions.create(model="gpt-5", messages=MESSAGES, stream=True)
    pieces = [piece.choices[0].delta.content or "" for piece in stream if piece.choices]
    return {"chat": chat.choices[0].message.content, "stream": "".join(pieces)}


def main() -> None:
    """Sign in, start the proxy, ask it, and end it."""
    sign_in()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = (sys.executable, "-m", "veil", "serve", "--foreground", "--port", str(port))
    proxy = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        print(json.dumps(ask(port)))
    finally:
        proxy.terminate()
        proxy.wait()


if __name__ == "__main__":
    main()
