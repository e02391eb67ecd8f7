"""What a hostile client takes from a gateway, to the wei, by version of og-x402 and with mitigations.

Each move is played against gateway, facilitator and contracts on in-process chains, at virtual pace. The loss is what
the answers were worth less what was collected in the end, both by the event log.
"""

from __future__ import annotations

import base64
import json
import tempfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from nodes.gateway.gateway import CHAT
from nodes.gateway.terms import Terms, mitigated
from nodes.gateway.upto import UptoTerms
from nodes.http import HttpRequest
from nodes.payments import PaymentSettled, SessionClosed, TextServed
from nodes.x402 import SESSION_HEADER
from simnet.up.payers import Payer
from simnet.up.stage import Network402, Visitor

DEV2 = Terms()
DEV8 = Terms(upto=UptoTerms(idle_s=240.0, look_s=5.0, deadline_buffer_s=120.0))

VERSIONS: Mapping[str, Terms] = MappingProxyType({"dev2": DEV2, "dev8": DEV8})
"""Terms as OpenGradient's gateway has them with og-x402 0.0.2.dev2, and those of 0.0.2.dev8. 2.15.0 has no sessions."""

SETTLED_AFTER_S = 900.0
LONG = "word " * 400

Play = Callable[[Network402, Payer], None]


@dataclass(frozen=True)
class Move:
    """A way to be served for nothing."""

    name: str
    does: str
    """In a sentence."""
    source: str
    """Where the weakness is, and how it is known."""
    mitigation: str
    """What ends it; empty for a control."""
    play: Play


@dataclass(frozen=True)
class Outcome:
    """What a move came to, in wei."""

    served: int
    collected: int

    @property
    def lost(self) -> int:
        """What nobody paid for."""
        return self.served - self.collected


def ask(net: Network402, payer: Payer, times: int = 1, wait_s: float = 5.0, **body: Any) -> str:
    """Pay, ask so many times in one session, and say which."""
    session: str = net.chat(pays=payer.header(net.now), wait_s=wait_s, **body).answer.headers[SESSION_HEADER]
    for _ in range(times - 1):
        net.chat(session=session, wait_s=wait_s, **body)
    return session


def honest(net: Network402, payer: Payer) -> None:
    ask(net, payer, 5)


def cap(net: Network402, payer: Payer) -> None:
    ask(net, payer, 40, 1.0, messages=[{"role": "user", "content": LONG}], max_tokens=500)


def hang_up(net: Network402, payer: Payer) -> None:
    session = ask(net, payer)
    body = {"model": "gpt-5", "messages": [{"role": "user", "content": LONG[:200]}], "stream": True}
    for _ in range(5):
        visitor = Visitor()
        visitor.on_chunk = lambda count, who=visitor: net.leave(who) if count == 1 else None  # type: ignore[misc]
        visitor.name = net.outside.welcome(visitor.hear)
        asked = HttpRequest("POST", CHAT, {SESSION_HEADER: session}, json.dumps(body).encode())
        net.outside.arrive(visitor.name, "gateway-0", asked, 1)
        net.wait(5)


def crash(net: Network402, payer: Payer) -> None:
    ask(net, payer, 5)
    net.engine.hosts["gateway-0"].crash()
    net.wait(5)
    net.engine.hosts["gateway-0"].restart()


def rewrite(net: Network402, payer: Payer) -> None:
    payment = payer.payload(net.now)
    for indent in range(5):
        net.chat(pays=base64.b64encode(json.dumps(payment, indent=indent).encode()).decode())


def replay(net: Network402, payer: Payer) -> None:
    header = payer.header(net.now)
    net.chat(pays=header)
    while not net.of(SessionClosed):
        net.wait(0.1)
    net.chat(pays=header)


def outlast(net: Network402, payer: Payer) -> None:
    header = payer.header(net.now)
    session = net.chat(pays=header).answer.headers[SESSION_HEADER]
    for _ in range(6):
        net.wait(55)
        if net.chat(session=session).answer.status != 200:
            break


MOVES = (
    Move("honest", "asks five times and waits (control)", "", "", honest),
    Move(
        "cap",
        "goes on asking in a session that has too little left: a charge that does not fit is dropped",
        "session.py, `add_cost`: dev2 [run], dev8 [read], which counts such answers beside",
        "reserve",
        cap,
    ),
    Move(
        "hang_up",
        "leaves every stream before its last frame",
        "tee-gateway's cost calculator raises without a usage frame, and flask.py charges nothing [read]",
        "charge-hung-up",
        hang_up,
    ),
    Move(
        "crash",
        "is served before the gateway crashes, which keeps sessions in memory",
        "session.py, `SessionStore` is a dictionary: dev2, dev8 [read]",
        "keep-sessions",
        crash,
    ),
    Move(
        "rewrite",
        "sends one signed payment in five spellings: each opens a session, one can be collected",
        "flask.py, `_session_key_from_payment` hashes the header's text: dev2, dev8 [read]",
        "remember-payments",
        rewrite,
    ),
    Move(
        "replay",
        "sends its payment again between the facilitator's 202 and the block",
        "flask.py, `_settle_session` forgets the payment at the 202: dev2, dev8 [read]",
        "remember-payments",
        replay,
    ),
    Move(
        "outlast",
        "keeps a session busy until its signature has expired",
        "flask.py: dev2 settles idle and exhausted sessions alone, dev8 120 s before the end too [read]",
        "deadline-buffer",
        outlast,
    ),
)


def outcome(move: Move, terms: Terms) -> Outcome:
    """Play a move against a fresh network."""
    with tempfile.TemporaryDirectory() as scratch:
        net = Network402(Path(scratch), terms)
        try:
            move.play(net, net.payer())
            net.wait(SETTLED_AFTER_S)
            served = sum(int(answer.cost) for answer in net.of(TextServed))
            settled = [job for job in net.of(PaymentSettled) if job.status == "succeeded"]
            return Outcome(served, sum(int(job.amount) for job in settled))
        finally:
            net.close()


def outcomes() -> Iterator[tuple[Move, dict[str, Outcome]]]:
    """Every move under the terms of every version, and of dev2 with the mitigation that ends it."""
    for move in MOVES:
        found = {version: outcome(move, terms) for version, terms in VERSIONS.items()}
        if move.mitigation:
            found["mitigated"] = outcome(move, mitigated(DEV2, [move.mitigation]))
        yield move, found
