"""Moves that falsify the record of inferences and take no money: how many records are wrong in the end.

A *record* is an inference as somebody counts it who reads the relay's events and the blob store. It is wrong if it is
counted and never was, or was and is not counted. With the mitigation the reader goes by the auditor's ledger.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

from chain.formats.standard_tree import Inference, MalformedTree, load
from nodes.adversaries.services.records import (
    BlobSwapper,
    BlobWithholder,
    GhostRecorder,
    RootRepeater,
    SizeInflater,
)
from nodes.blobs import BLOBS as PATH
from nodes.http import HttpRequest, read_json
from nodes.payments import TextServed
from simnet.log.events import ContractEvent
from simnet.studies.weaknesses import Client, Move, Outcome
from simnet.up.services import BLOBS, FACILITATOR
from simnet.up.stage import ENCLAVE, Network402

LEDGER = "the auditor's ledger"
MIRROR = "mirror-blobs"

BATCHED_AFTER_S = 400.0
"""Longer than the facilitator waits for further inferences."""

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
    answer = net.knock(HttpRequest("GET", f"{PATH}/{blob.decode()}"), BLOBS).answer
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


def plain(net: Network402, client: Client) -> None:
    in_two_batches(net, client)


def ghosts(net: Network402, client: Client) -> None:
    net.turn(FACILITATOR, GhostRecorder())
    in_two_batches(net, client)


def inflate(net: Network402, client: Client) -> None:
    net.turn(FACILITATOR, SizeInflater())
    in_two_batches(net, client)


def repeat(net: Network402, client: Client) -> None:
    net.turn(FACILITATOR, RootRepeater())
    in_two_batches(net, client)


def withhold(net: Network402, client: Client) -> None:
    net.turn(BLOBS, BlobWithholder())
    in_two_batches(net, client)


def swap(net: Network402, client: Client) -> None:
    net.turn(BLOBS, BlobSwapper())
    in_two_batches(net, client)


def disown(net: Network402, client: Client) -> None:
    in_two_batches(net, client)
    net.administer("TEERegistry", "disableTEE", ENCLAVE.id)
    net.wait(5)


RELAY = "InferenceSettlementRelay, `batchSettle`: an event and nothing else [read]"

RECORD_MOVES = (
    Move("recorded", "nobody does anything (control)", "", "", plain, read=by_trust),
    Move(
        "ghosts",
        "the facilitator puts five leaves that nobody signed into each batch",
        RELAY,
        LEDGER,
        ghosts,
        read=by_trust,
    ),
    Move("inflate", "the facilitator records ten times the size of each batch", RELAY, LEDGER, inflate, read=by_trust),
    Move("repeat", "the facilitator records each batch three times", RELAY, LEDGER, repeat, read=by_trust),
    Move(
        "withhold",
        "the blob store takes blobs and gives none out",
        "the chain has a root and an id; nothing else has the leaves [read]",
        MIRROR,
        withhold,
        read=by_trust,
    ),
    Move(
        "swap",
        "the blob store gives out the first blob in the place of every other",
        "og-fe-tee-verification fetches a blob by its id and verifies leaves [read]: whose root they have, it must ask",
        MIRROR,
        swap,
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
)
