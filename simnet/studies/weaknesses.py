"""What hostile clients and facilitators take from a gateway, to the wei, by version of og-x402 and with mitigations.

Each move is played against gateway, facilitator and contracts on in-process chains, at virtual pace. The loss is what
the answers were worth, by the event log, less what the gateway has in the end, or has claimed, on the payment chain.
`simnet.studies.records` has the moves that falsify records and take no money.
"""

from __future__ import annotations

import base64
import json
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

from chain.formats.channels import WITHDRAW_DELAY_S_MIN
from chain.formats.permit2 import BASE_OPG, PERMIT2
from chain.quantities import OPG
from nodes.adversaries.behaviour import Behaviour
from nodes.adversaries.services.payments import (
    BlindVerifier,
    Diverter,
    DoubleSettler,
    FriendOfPayers,
    NeverSettles,
    SettlesAndFails,
    ShortSettler,
)
from nodes.gateway.completion import CHAT
from nodes.gateway.payment import NOTHING
from nodes.gateway.terms import MITIGATIONS, Terms, mitigated
from nodes.gateway.upto import UptoTerms
from nodes.http import HttpRequest
from nodes.identity import FACILITATOR, GATEWAY
from nodes.payments import PaymentSettled, SessionClosed, TextServed
from nodes.x402 import SESSION_HEADER, SETTLEMENT_TYPE_HEADER, SIGNATURE_HEADER
from simnet.kernel.conditions import RpcFault
from simnet.up.payers import ChannelPayer, Payer
from simnet.up.stage import CAST, Caller, Network402

DEV2 = Terms()
DEV8 = Terms(upto=UptoTerms(idle_s=240.0, look_s=5.0, deadline_buffer_s=120.0))

VERSIONS: Mapping[str, Terms] = MappingProxyType({"dev2": DEV2, "dev8": DEV8, "2.15.0": Terms()})
"""Terms as OpenGradient's gateway has them with og-x402 0.0.2.dev2, and those of 0.0.2.dev8 and of 2.15.0."""

BY_CHANNEL = frozenset({"2.15.0"})
"""Versions whose clients pay by channel; the others pay by session."""

NO_SESSIONS = MappingProxyType({"2.15.0": "no sessions: a voucher is for one answer"})
NO_CHANNELS = MappingProxyType(dict.fromkeys(("dev2", "dev8"), "no channels"))

SECOND = "gateway-1"

SETTLED_AFTER_S = 900.0
LONG = "word " * 400
ENOUGH = 5 * OPG


@dataclass
class Client:
    """A client of a network, who pays as the version has it."""

    net: Network402
    by_channel: bool
    session: str = ""
    at: str = GATEWAY
    """Which gateway it asks."""
    settlement: str = "batch"
    """How it wants its inferences recorded."""

    def __post_init__(self) -> None:
        self.payer: Payer | ChannelPayer = self.net.channel_payer() if self.by_channel else self.net.payer()

    def headers(self) -> dict[str, str]:
        """What the next request carries."""
        payer, now = self.payer, self.net.now
        if isinstance(payer, ChannelPayer):
            return {SIGNATURE_HEADER: payer.voucher() if payer.balance else payer.deposit(ENOUGH, now)}
        return {SESSION_HEADER: self.session} if self.session else {SIGNATURE_HEADER: payer.header(now)}

    def ask(self, times: int = 1, wait_s: float = 5.0, **body: Any) -> None:
        """Pay and ask, so many times."""
        for _ in range(times):
            answer = self.send(wait_s=wait_s, **body).answer
            if answer.status != 200:
                continue
            if isinstance(self.payer, ChannelPayer):
                self.payer.hear(answer)
            else:
                self.session = answer.headers[SESSION_HEADER]

    def send(self, wait_s: float = 5.0, on_chunk: Callable[[Caller], None] | None = None, **body: Any) -> Caller:
        """Send one request; `on_chunk` is called with the first piece of a stream."""
        caller = Caller()
        if on_chunk is not None:
            caller.on_chunk = lambda count: on_chunk(caller) if count == 1 else None
        caller.name = self.net.external.connect(caller.hear)
        asked = {"model": "gpt-5", "messages": [{"role": "user", "content": "Hello there"}], **body}
        headers = {**self.headers(), SETTLEMENT_TYPE_HEADER: self.settlement}
        request = HttpRequest("POST", CHAT, headers, json.dumps(asked).encode())
        self.net.external.deliver(caller.name, self.at, request, 1)
        self.net.wait(wait_s)
        return caller

    def stream(self, words: int, on_chunk: Callable[[Caller], None] | None = None) -> Caller:
        """Ask for a stream of so many words."""
        content = [{"role": "user", "content": "word " * words}]
        return self.send(30.0, on_chunk, messages=content, stream=True, max_tokens=4 * words)


@dataclass(frozen=True)
class Outcome:
    """What a move came to."""

    served: int
    lost: int
    """What nobody paid for; of records, how many are wrong."""
    unit: str = "wei"


Play = Callable[[Network402, Client], None]
Read = Callable[[Network402, bool], Outcome]


@dataclass(frozen=True)
class Move:
    """A way to be served for nothing, or to falsify what is recorded."""

    name: str
    does: str
    """In a sentence."""
    source: str
    """Where the weakness is, and how it is known."""
    mitigation: str
    """What ends it; empty for a control."""
    play: Play
    lacks: Mapping[str, str] = field(default_factory=dict)
    """Versions that have no such thing, and why."""
    gateways: int = 1
    read: Read | None = None
    """What it comes to, if that is no money; told whether with the mitigation."""


def honest(net: Network402, client: Client) -> None:
    client.ask(5)


def cap(net: Network402, client: Client) -> None:
    client.ask(40, 1.0, messages=[{"role": "user", "content": LONG}], max_tokens=500)


def oversize(net: Network402, client: Client) -> None:
    client.ask()
    client.stream(1_500)


def hang_up(net: Network402, client: Client) -> None:
    client.ask()
    for _ in range(5):
        client.stream(40, net.hang_up)


def crash(net: Network402, client: Client) -> None:
    client.ask(5)
    net.engine.hosts[GATEWAY].crash()
    net.wait(5)
    net.engine.hosts[GATEWAY].restart()


def rewrite(net: Network402, client: Client) -> None:
    assert isinstance(client.payer, Payer)
    payment = client.payer.payload(net.now)
    for indent in range(5):
        net.chat(pays=base64.b64encode(json.dumps(payment, indent=indent).encode()).decode())


def replay(net: Network402, client: Client) -> None:
    header = client.headers()[SIGNATURE_HEADER]
    net.chat(pays=header)
    if not client.by_channel:
        until = net.scheduler.now + SETTLED_AFTER_S
        while not net.of(SessionClosed) and net.scheduler.now < until:
            net.wait(0.1)
    net.chat(pays=header)


def outlast(net: Network402, client: Client) -> None:
    client.ask()
    for _ in range(6):
        net.wait(55)
        if client.send().answer.status != 200:
            break


def drain(net: Network402, client: Client) -> None:
    give = (CAST.relayer.address, 10 * OPG)
    client.stream(300, lambda _: net.submit(client.payer.key, "BaseOPG", "transfer", *give))


def revoke(net: Network402, client: Client) -> None:
    client.stream(300, lambda _: net.submit(client.payer.key, "BaseOPG", "approve", PERMIT2, 0))


def void(net: Network402, client: Client) -> None:
    client.stream(300, lambda _: net.submit(client.payer.key, "Permit2", "invalidateUnorderedNonces", 0, 2**256 - 1))


def amnesia(net: Network402, client: Client) -> None:
    client.ask(3)
    lift = net.engine.hosts[FACILITATOR].conditions.rpc.lay(RpcFault(frozenset({"submit"}), fails=True))
    until = net.scheduler.now + SETTLED_AFTER_S
    while not client.by_channel and not net.of(SessionClosed) and net.scheduler.now < until:
        net.wait(0.1)
    net.engine.hosts[FACILITATOR].crash()
    net.jobs.lose()
    net.wait(5)
    lift()
    net.engine.hosts[FACILITATOR].restart()


def sleep(net: Network402, client: Client) -> None:
    assert isinstance(client.payer, ChannelPayer)
    client.ask(3)
    net.engine.hosts[GATEWAY].crash()
    key, channel = client.payer.key, client.payer.channel.as_args()
    net.submit(key, "X402BatchSettlement", "initiateWithdraw", channel, ENOUGH - client.payer.charged)
    net.wait(WITHDRAW_DELAY_S_MIN + 5)
    net.submit(key, "X402BatchSettlement", "finalizeWithdraw", channel)
    net.wait(5)
    net.engine.hosts[GATEWAY].restart()


def standing(net: Network402, client: Client) -> None:
    assert isinstance(client.payer, ChannelPayer)
    client.ask()
    key, channel = client.payer.key, client.payer.channel.as_args()
    net.wait(100)
    net.submit(key, "X402BatchSettlement", "initiateWithdraw", channel, ENOUGH - client.payer.charged)
    net.wait(WITHDRAW_DELAY_S_MIN + 5)
    client.ask(3, 1.0)
    net.submit(key, "X402BatchSettlement", "finalizeWithdraw", channel)


def forge(net: Network402, client: Client) -> None:
    other, payer = CAST.relayer.address, client.payer
    changes: tuple[dict[str, Any], ...]
    if isinstance(payer, ChannelPayer):
        changes = ({"token": other}, {"spender": other}, {"owner": other}, {"deadline": 1}, {"channel": bytes(32)})
        headers = [payer.deposit(ENOUGH, net.now, **change) for change in changes]
    else:
        changes = (
            {"token": other},
            {"spender": other},
            {"owner": other},
            {"deadline": 1},
            {"to": other},
            {"amount": 1},
        )
        headers = [payer.header(net.now, **change) for change in changes]
    for header in headers:
        net.chat(pays=header)


def with_facilitator(behaviour: type[Behaviour]) -> Play:
    """Asks three times, of a gateway whose facilitator behaves like that."""

    def play(net: Network402, client: Client) -> None:
        net.turn(FACILITATOR, behaviour())
        client.ask(3)

    return play


def blind(net: Network402, client: Client) -> None:
    net.turn(FACILITATOR, BlindVerifier())
    client.ask()
    poor = Client(net, client.by_channel)
    poor.payer = net.channel_payer("poor", 0, 0) if client.by_channel else net.payer("poor", 0, 0)
    poor.ask(3)


def bad_gateway(net: Network402, client: Client) -> None:
    net.turn(FACILITATOR, SettlesAndFails())
    client.ask(2)
    until = net.scheduler.now + SETTLED_AFTER_S
    while not net.of(PaymentSettled) and net.scheduler.now < until:
        net.wait(1)
    client.ask(3, 1.0)


def two_gateways(net: Network402, client: Client) -> None:
    assert isinstance(client.payer, ChannelPayer)
    client.ask(3)
    elsewhere = Client(net, by_channel=True, at=SECOND)
    elsewhere.payer = replace(client.payer, charged=NOTHING)
    elsewhere.ask(3)


MOVES = (
    Move("honest", "asks five times and waits (control)", "", "", honest),
    Move(
        "cap",
        "goes on asking in a session that has too little left: a charge that does not fit is dropped",
        "session.py, `add_cost`: dev2 [run], dev8 [read], which counts such answers beside",
        "reserve",
        cap,
        NO_SESSIONS,
    ),
    Move(
        "hang_up",
        "leaves every stream before its last frame",
        "tee-gateway's cost calculator raises without a usage frame; 2.15.0: flask.py cancels the payment [read]",
        "charge-hung-up",
        hang_up,
    ),
    Move(
        "crash",
        "is served before the gateway crashes, which keeps sessions in memory",
        "session.py, `SessionStore` is a dictionary: dev2, dev8; 2.15.0: `InMemoryChannelStorage` [read]",
        "keep-sessions",
        crash,
    ),
    Move(
        "rewrite",
        "sends one signed payment in five spellings: each opens a session, one can be collected",
        "flask.py, `_session_key_from_payment` hashes the header's text: dev2, dev8 [read]",
        "remember-payments",
        rewrite,
        NO_SESSIONS,
    ),
    Move(
        "replay",
        "sends its payment again between the facilitator's 202 and the block",
        "flask.py, `_settle_session` forgets the payment at the 202: dev2, dev8; 2.15.0 wants a new voucher [read]",
        "remember-payments",
        replay,
    ),
    Move(
        "outlast",
        "keeps a session busy until its signature has expired",
        "flask.py: dev2 settles idle and exhausted sessions alone, dev8 120 s before the end too [read]",
        "deadline-buffer",
        outlast,
        MappingProxyType({"2.15.0": "vouchers do not expire"}),
    ),
    Move(
        "oversize",
        "asks for one streamed answer that is worth more than a session or a voucher covers",
        "session.py, `add_cost` [run]; 2.15.0: settle.py, `cap_exceeded`, after the stream went out [read]",
        "reserve",
        oversize,
    ),
    Move(
        "drain",
        "moves its money away once the answer streams",
        "the chain is asked at /verify alone; 2.15.0: flask.py settles a deposit after the stream [read]",
        "prepay",
        drain,
    ),
    Move("revoke", "takes Permit2's allowance back once the answer streams", "as `drain` [read]", "prepay", revoke),
    Move("void", "makes its Permit2 nonces worthless once the answer streams", "as `drain` [read]", "prepay", void),
    Move(
        "amnesia",
        "has been served when the facilitator, cut off from the chain, restarts without its jobs",
        "flask.py forgets a session at the 202: dev2, dev8; 2.15.0 repeats a claim until it succeeds [read]",
        "prepay",
        amnesia,
    ),
    Move(
        "sleep",
        "withdraws its deposit while the gateway is down for longer than the delay",
        "channel_manager.py claims every 60 s, while the process lives [read]; the contract is ours",
        "claim-at-once",
        sleep,
        NO_CHANNELS,
    ),
    Move(
        "standing",
        "keeps a withdrawal ready, and takes it between an answer and its claim",
        "facilitator/voucher.py reports `withdrawRequestedAt`, and nobody refuses it [read]; the contract is ours",
        "refuse-withdrawing",
        standing,
        NO_CHANNELS,
    ),
    Move(
        "two_gateways",
        "pays two gateways of one operator with the same vouchers: each counts by itself",
        "storage is a process's own, `payTo` one wallet for all gateways [read]; the contract is ours",
        "own-authorizer",
        two_gateways,
        NO_CHANNELS,
        gateways=2,
    ),
    Move(
        "unsettled",
        "the facilitator says that it collects, and sends nothing to the chain",
        "202 counts as settled: flask.py, `_settle_session`: dev2, dev8; 2.15.0 takes `success` at its word [read]",
        "own-facilitator",
        with_facilitator(NeverSettles),
    ),
    Move(
        "short",
        "the facilitator collects half, and says that it was all",
        "nobody compares amounts with the chain [read]",
        "own-facilitator",
        with_facilitator(ShortSettler),
    ),
    Move(
        "divert",
        "the facilitator collects for itself, which contracts refuse, and says that the gateway has it",
        "the payer signs for the receiver; that nothing came, nobody sees [read]",
        "own-facilitator",
        with_facilitator(Diverter),
        MappingProxyType({"2.15.0": "a payout names its receiver alone, and takes no one else's money"}),
    ),
    Move(
        "blind",
        "the facilitator finds payments good that have no money behind them, for a client that it knows",
        "the facilitator's `/verify` is all that a gateway goes by [read]",
        "own-facilitator",
        blind,
    ),
    Move(
        "bad_gateway",
        "goes on in a session that the facilitator has settled, and answered with 502",
        "flask.py, `_settle_session` reopens a session whose settlement fails: dev2, dev8 [read]; seen in threads",
        "close-first",
        bad_gateway,
        MappingProxyType({"2.15.0": "no sessions: a deposit that fails keeps its answer back, claims repeat"}),
    ),
    Move(
        "befriend",
        "the facilitator, whose signature claims need by default, gives the payer its deposit back",
        "`receiverAuthorizer` is the facilitator unless the gateway has a key of its own [read]; the contract is ours",
        "own-authorizer",
        with_facilitator(FriendOfPayers),
        NO_CHANNELS,
    ),
    Move("twice", "the facilitator collects everything twice (control)", "", "", with_facilitator(DoubleSettler)),
    Move(
        "forge",
        "pays with another token, spender, owner, receiver, channel or amount, or too late (control)",
        "",
        "",
        forge,
    ),
)


def outcome(move: Move, terms: Terms, version: str, safely: bool = False) -> Outcome:
    """Play a move against a fresh network. A client pays by channel where sessions are not offered.

    Records are read `safely`, or as somebody reads them who believes what is there.
    """
    by_channel = version in BY_CHANNEL or not terms.upto.is_offered
    with tempfile.TemporaryDirectory() as scratch:
        net = Network402(Path(scratch), terms, gateways=move.gateways)
        try:
            move.play(net, Client(net, by_channel))
            net.wait(SETTLED_AFTER_S)
            if move.read is not None:
                return move.read(net, safely)
            served = sum(int(answer.cost) for answer in net.of(TextServed))
            return Outcome(served, served - collected(net))
        finally:
            net.close()


def collected(net: Network402) -> int:
    """What a gateway has on the payment chain, and what is claimed for it."""
    me = CAST.gateway.address
    claimed, settled = net.chain.read("X402BatchSettlement", "receivers", me, BASE_OPG)
    return int(net.chain.read("BaseOPG", "balanceOf", me) + claimed - settled)


@dataclass(frozen=True)
class Row:
    """A move under the terms of each version that has such a thing, and the same with what ends it."""

    move: Move
    found: Mapping[str, Outcome]
    mitigated: Mapping[str, Outcome]


def row(move: Move) -> Row:
    """Play a move against every version."""
    has = {name: terms for name, terms in VERSIONS.items() if name not in move.lacks}
    found = {name: outcome(move, terms, name) for name, terms in has.items()}
    names = [move.mitigation] if move.mitigation in MITIGATIONS else []
    safe = {name: mitigated(terms, names) for name, terms in has.items() if move.mitigation}
    return Row(move, found, {name: outcome(move, terms, name, safely=True) for name, terms in safe.items()})
