"""What a client waits for beside the language model: one on a kept connection, in a kept session, over HTTPS."""

from __future__ import annotations

import http.client
import json
import signal
import ssl
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any
from urllib.parse import urlparse

from nodes.gateway.completion import CHAT
from nodes.x402 import REQUIRED_HEADER, SESSION_HEADER, SIGNATURE_HEADER, Requirements, offers_in
from simnet.scenario.load import load_scenario
from simnet.up import QUIET
from simnet.up.chains import Cast
from simnet.up.payers import Payer

REQUESTS, WARM_UP = 300, 20
TOKENS = 60
STARTS_WITHIN_S = 120.0
SERVERS = ("gateway", "facilitator", "settlement", "payment", "blobs", "relay")


@dataclass
class Client:
    """A client on a kept connection. The relay's account pays, which has let Permit2 take its OPG."""

    connection: http.client.HTTPSConnection
    payer: Payer | None = None
    headers: dict[str, str] = field(default_factory=dict)

    def ask(self, content: str, stream: bool = False) -> list[float]:
        """Seconds to the first line of the answer and to all of it, paid in the session."""
        body: dict[str, Any] = {"model": "gpt-5-mini", "max_tokens": TOKENS, "stream": stream}
        body["messages"] = [{"role": "user", "content": content}]
        began = time.perf_counter()
        self.connection.request("POST", CHAT, json.dumps(body), self.headers)
        response = self.connection.getresponse()
        response.readline()
        first = time.perf_counter() - began
        response.read()
        took = time.perf_counter() - began
        found = {name.lower(): value for name, value in response.getheaders()}
        if response.status == 402:
            self.headers = {SIGNATURE_HEADER: self.pay(found[REQUIRED_HEADER])}
            return self.ask(content, stream)
        if response.status != 200:
            raise RuntimeError(f"the gateway answered {response.status}")
        self.headers = {SESSION_HEADER: found[SESSION_HEADER]}
        return [first, took]

    def pay(self, demanded: str) -> str:
        """A payment's header."""
        if self.payer is None:
            relay = Cast.of(load_scenario(QUIET, (), None, to_run=True).seed).ohttp_relay
            self.payer = Payer(relay, Requirements.read(offers_in(demanded)[0]))
        return self.payer.header(int(time.time()))

    def health(self) -> float:
        """Seconds that a request takes of which the gateway has next to nothing to do."""
        began = time.perf_counter()
        self.connection.request("GET", "/health")
        self.connection.getresponse().read()
        return time.perf_counter() - began


@contextmanager
def client(*options: str) -> Iterator[Client]:
    """A client of a `simnet up` that runs meanwhile."""
    with tempfile.TemporaryDirectory(prefix="simnet-bench-") as scratch:
        variables, free = Path(scratch, "env"), (part for server in SERVERS for part in (f"--{server}-port", "0"))
        command = (sys.executable, "-m", "simnet.cli.main", "up", "--quiet", "--out", str(Path(scratch, "run")))
        told = (*command, *free, "--env", str(variables), *options)
        running = subprocess.Popen(told, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            until = time.monotonic() + STARTS_WITHIN_S
            while not variables.exists() and running.poll() is None and time.monotonic() < until:
                time.sleep(0.05)
            lines = (line.removeprefix("export ").partition("=") for line in variables.read_text().splitlines())
            where = urlparse(next(value for name, _, value in lines if name == "OG_GATEWAY_URL"))
            assert where.hostname is not None
            assert where.port is not None
            tls = ssl.create_default_context(cadata=ssl.get_server_certificate((where.hostname, where.port)))
            tls.check_hostname = False
            yield Client(http.client.HTTPSConnection(where.hostname, where.port, context=tls, timeout=120))
        finally:
            running.send_signal(signal.SIGINT)
            running.wait()


@dataclass(frozen=True)
class Waits:
    """Milliseconds at the median, and at the 95th percentile of answers."""

    nothing: float
    answer: float
    answer_p95: float


def waits() -> Waits:
    """What a client waits for an echo in one piece, and for nothing."""
    with client() as one:
        nothing = [one.health() for _ in range(REQUESTS)][WARM_UP:]
        answers = sorted(one.ask("Hello there")[1] for _ in range(REQUESTS))
    return Waits(1e3 * median(nothing), 1e3 * median(answers), 1e3 * answers[int(0.95 * len(answers))])


def language_model() -> tuple[float, float]:
    """Seconds to SmolLM2's first token over HTTPS, and its tokens a second: medians of five streams of `TOKENS`."""
    with client("--llm", "smollm2") as one:
        one.ask("Hello")
        found = [one.ask("Tell me a story about the sea.", stream=True) for _ in range(5)]
    return median(first for first, _ in found), median((TOKENS - 1) / (took - first) for first, took in found)
