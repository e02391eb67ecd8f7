"""Moves that falsify the record of inferences and take no money: how many records are wrong in the end.

A *record* is an inference as somebody counts it who reads the relay's events and the blob store. It is wrong if it is
counted and never was, or was and is not counted. With the mitigation the reader goes by the auditor's ledger. The last
move is about the registry instead: its record of an enclave that is alive.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

from chain.formats.standard_tree import Inference, MalformedTree, load
from chain.hashing import keccak
from nodes.adversaries.behaviour import Behaviour
from nodes.adversaries.services.records import (
    BlobSwapper,
    BlobWithholder,
    GhostRecorder,
    HeartbeatReplayer,
    RootRepeater,
    SizeInflater,
)
from nodes.blobs import BLOBS as PATH
from nodes.enclave.ohttp import seal_request
from nodes.enclave.signing import OhttpConfig
from nodes.gateway.gateway import HEARTBEAT_S
from nodes.http import HttpRequest, read_json
from nodes.identity import BLOBS, FACILITATOR, GATEWAY, OHTTP_RELAY
from nodes.ohttp_relay import ENCLAVE_HEADER, PRIVATE_CHAT, SEALED_REQUEST
from nodes.payments import SessionOpened, TextServed
from simnet.log.events import ContractEvent
from simnet.studies.weaknesses import SETTLED_AFTER_S, Client, Move, Outcome, Play
from simnet.up.stage import ENCLAVE, Network402

LEDGER = "the auditor's ledger"
MIRROR = "mirror-blobs"

ATTESTED = "a fresh attestation"

LOOKS, LOOK_S, REPLAYED_S = 6, 300.0, 500.0
"""How often somebody looks at the registry, and when; and how often a heartbeat is replayed."""

BATCHED_AFTER_S = 400.0
"""Longer than the facilitator waits for further inferences."""

WRONG: tuple[dict[str, Any], ...] = ({"model": "secret-model"}, {"temperature": 9}, {"messages": "none"})
"""What is wrong with private requests."""

Name = tuple[str, str, int]
"""An inference: hashes of what went in and came out, and when."""


def name_of(one: Inference) -> Name:
    """What an inference is counted as."""
    return "0x" + one.input_hash.hex(), "0x" + one.output_hash.hex(), one.timestamp


def truth(net: Network402) -> Counter[Name]:
    """What was served, by the event log."""
    served = (one for one in net.of(TextServed) if one.heard)
    return Counter((one.input_hash, one.output_hash, one.timestamp) for one in served)


def fetched(net: Network402, blob: bytes) -> list[Inference]:
    """The leaves that the store gives for a blob; none if it gives no tree."""
    answer = net.request(HttpRequest("GET", f"{PATH}/{blob.decode()}"), BLOBS).answer
    try:
        return list(load(read_json(answer.body)))
    except (MalformedTree, ValueError):
        return []


def recorded(net: Network402) -> Iterator[dict[str, Any]]:
    """The relay's events."""
    return (one.args for one in net.of(ContractEvent) if one.event == "BatchSettlement")


def trusting(net: Network402) -> Counter[Name]:
    """What is counted by whoever believes events and store: leaves that are lacking to a batch's size have no name."""
    counted: Counter[Name] = Counter()
    for args in recorded(net):
        leaves = fetched(net, bytes.fromhex(args["walrusBlobId"].removeprefix("0x")))
        counted.update(map(name_of, leaves))
        counted["", "", 0] += max(0, args["batchSize"] - len(leaves)) if leaves else 0
    return counted


def asking_the_verifier(net: Network402) -> Counter[Name]:
    """What is counted by whoever asks the verifier contract of every leaf, now."""
    read, counted = net.mempool.chain.read, Counter[Name]()
    for args in recorded(net):
        for leaf in fetched(net, bytes.fromhex(args["walrusBlobId"].removeprefix("0x"))):
            asked = (leaf.tee, leaf.input_hash, leaf.output_hash, leaf.timestamp, leaf.signature)
            counted[name_of(leaf)] += read("TEEBatchVerifier", "verifySignatureNoTimestamp", *asked)
    return counted


def heeding_the_auditor(net: Network402) -> Counter[Name]:
    """What is counted by whoever goes by the auditor's ledger."""
    ledger: set[Inference] = net.services.audit_disk.kept("ledger", set)
    return Counter(map(name_of, ledger))


def wrong(counted: Counter[Name], true: Counter[Name]) -> int:
    """How many are counted that never were, and were that are not counted."""
    return (counted - true).total() + (true - counted).total()


def by_trust(net: Network402, safely: bool) -> Outcome:
    """Records that are wrong to a trusting reader, or to one who goes by the ledger."""
    return counted_wrong(net, heeding_the_auditor(net) if safely else trusting(net))


def by_verifier(net: Network402, safely: bool) -> Outcome:
    """Records that are wrong to a reader who verifies signatures today, or to one who goes by the ledger."""
    return counted_wrong(net, heeding_the_auditor(net) if safely else asking_the_verifier(net))


def counted_wrong(net: Network402, counted: Counter[Name]) -> Outcome:
    """What a reader's count comes to."""
    true = truth(net)
    return Outcome(true.total(), wrong(counted, true), "records")


def in_two_batches(net: Network402, client: Client) -> None:
    """Ask, and again when the first are recorded."""
    for _ in range(2):
        client.session = ""
        client.ask(3)
        net.wait(BATCHED_AFTER_S)


def with_service(name: str, behaviour: type[Behaviour]) -> Play:
    """Asks as above, of a network one of whose services behaves like that."""

    def play(net: Network402, client: Client) -> None:
        net.turn(name, behaviour())
        in_two_batches(net, client)

    return play


def disown(net: Network402, client: Client) -> None:
    in_two_batches(net, client)
    net.administer("TEERegistry", "disableTEE", ENCLAVE.id)
    net.wait(5)


def overheard(net: Network402, client: Client) -> None:
    """Nothing: whoever reads what the relay hears asks."""


def by_relay(net: Network402, safely: bool) -> Outcome:
    """Private requests with something wrong inside of which the relay reads what is wrong."""
    config, heard = OhttpConfig.of(ENCLAVE.ohttp_key), 0
    for wrongly in WRONG:
        body = {"model": "gpt-5", "messages": [{"role": "user", "content": "Hello"}], **wrongly}
        headers = {"content-type": SEALED_REQUEST, ENCLAVE_HEADER: ENCLAVE.id.hex()}
        request = HttpRequest("POST", PRIVATE_CHAT, headers, seal_request(config, json.dumps(body).encode()))
        heard += b"error" in net.request(request, OHTTP_RELAY).answer.body
    return Outcome(len(WRONG), heard, "records")


def undead(net: Network402, client: Client) -> None:
    net.turn(FACILITATOR, HeartbeatReplayer.model_validate({"every": f"{REPLAYED_S} s"}))
    net.wait(HEARTBEAT_S)
    client.ask()
    net.engine.hosts[GATEWAY].crash()
    net.wait(net.mempool.chain.read("TEERegistry", "heartbeatMaxAge") - SETTLED_AFTER_S)  # which is waited for besides


def by_registry(net: Network402, safely: bool) -> Outcome:
    """Looks at the registry, long after an enclave's end, by which it is alive.

    Who looks `safely` asks the enclave for an attestation with a nonce of its own besides.
    """
    alive = 0
    for _ in range(LOOKS):
        net.wait(LOOK_S)
        net.administer("TEERegistry", "heartbeatMaxAge")  # a block, so that the chain knows what time it is
        net.wait(2)
        listed = net.mempool.chain.read("TEERegistry", "isTEEActive", ENCLAVE.id)
        alive += listed and (not safely or answers(net))
    return Outcome(LOOKS, alive, "records")


def answers(net: Network402) -> bool:
    """Whether the gateway's enclave attests a nonce that nobody could know."""
    nonce = keccak(str(net.scheduler.now).encode())
    asked = HttpRequest("GET", "/enclave/attestation", query={"nonce": nonce.hex()})
    responses = net.request(asked).responses
    return bool(responses) and responses[0].status == 200


def misname(net: Network402, client: Client) -> None:
    client.settlement = "individual"
    client.ask(3)


def by_payer(net: Network402, safely: bool) -> Outcome:
    """Inferences that are not on record as their payer's, who opened the session or the channel."""
    (payer,) = {one.payer for one in net.of(SessionOpened)}
    named = [one.args["ethAddress"] for one in net.of(ContractEvent) if one.event == "IndividualSettlement"]
    served = truth(net).total()
    return Outcome(served, served - named.count(payer), "records")


RELAY = "InferenceSettlementRelay, `batchSettle`: an event and nothing else [read]"

RECORD_MOVES = (
    Move("recorded", "nobody does anything (control)", "", "", in_two_batches, read=by_trust),
    Move(
        "ghosts",
        "the facilitator puts five leaves that nobody signed into each batch",
        RELAY,
        LEDGER,
        with_service(FACILITATOR, GhostRecorder),
        read=by_trust,
    ),
    Move(
        "inflate",
        "the facilitator records ten times the size of each batch",
        RELAY,
        LEDGER,
        with_service(FACILITATOR, SizeInflater),
        read=by_trust,
    ),
    Move(
        "repeat",
        "the facilitator records each batch three times",
        RELAY,
        LEDGER,
        with_service(FACILITATOR, RootRepeater),
        read=by_trust,
    ),
    Move(
        "withhold",
        "the blob store takes blobs and gives none out",
        "the chain has a root and an id; nothing else has the leaves [read]",
        MIRROR,
        with_service(BLOBS, BlobWithholder),
        read=by_trust,
    ),
    Move(
        "swap",
        "the blob store gives out the first blob in the place of every other",
        "og-fe-tee-verification fetches a blob by its id and verifies leaves [read]: whose root they have, it must ask",
        MIRROR,
        with_service(BLOBS, BlobSwapper),
        read=by_trust,
    ),
    Move(
        "disown",
        "the operator takes the enclave out of service: all that it ever signed fails verification",
        "TEEBatchVerifier asks `isTEEEnabled` today [read]",
        LEDGER,
        disown,
        read=by_verifier,
    ),
    Move(
        "misname",
        "asks to have inferences recorded one by one: the proxy that spends is named as the payer; by channel, nobody",
        "flask.py, `_extract_eth_address_from_payment_payload`: `spender`; 2.15.0 finds none in a voucher [read]",
        "name-payer",
        misname,
        read=by_payer,
    ),
    Move(
        "overheard",
        "asks in private, with something wrong inside: the gateway says in the clear what, and the relay reads it",
        "tee-gateway, ohttp_controller.py answers errors in plain, the model's name among them [read]",
        "seal-errors",
        overheard,
        read=by_relay,
    ),
    Move(
        "undead",
        "the facilitator replays the last heartbeat of a gateway that is gone: the registry lists it (six looks)",
        "TEERegistry, `heartbeat` takes one again while it is young; timestamps are 300 s back [read]",
        ATTESTED,
        undead,
        read=by_registry,
    ),
)
