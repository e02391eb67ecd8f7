"""Batches of inferences: when they are recorded, that their roots are on chain, and what an auditor finds."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from chain.formats.standard_tree import Inference, dump, hashes_of, load
from chain.seam import Call
from nodes.auditor import ANOTHER_ROOT, ANOTHER_SIZE, MISSING, UNREADABLE, UNSIGNED
from nodes.blobs import BLOBS, blob_id
from nodes.facilitator.batching import BatchTerms
from nodes.http import HttpRequest
from nodes.identity import BLOBS as STORE
from nodes.payments import BatchAudited, BatchRecorded
from nodes.x402 import SESSION_HEADER
from simnet.kernel.mempool import Transaction
from simnet.log.events import ContractEvent
from tests.services import CAST, ENCLAVE, Network402


@pytest.fixture
def net(tmp_path: Path) -> Iterator[Network402]:
    made = Network402(tmp_path, batches=BatchTerms(size=4, idle_s=50.0, age_s=200.0))
    yield made
    made.close()


def answers(net: Network402, count: int, apart_s: float = 1.0, **headers: str) -> None:
    """Have so many chats answered."""
    session = net.chat(pays=net.payer().header(net.now), wait_s=apart_s).answer.headers[SESSION_HEADER]
    for _ in range(count - 1):
        net.chat(session=session, wait_s=apart_s)


def fetch(net: Network402, blob: str) -> Any:
    return net.request(HttpRequest("GET", f"{BLOBS}/{blob}"), STORE).answer


@pytest.mark.parametrize(("count", "recorded"), [(3, []), (4, [4]), (5, [4])])
def test_a_full_batch_is_recorded_at_once(net: Network402, count: int, recorded: list[int]) -> None:
    answers(net, count)
    net.wait(10)
    assert [record.count for record in net.of(BatchRecorded)] == recorded


@pytest.mark.parametrize(("waited", "recorded"), [(40, []), (60, [2])])
def test_a_batch_to_which_nothing_is_added_is_recorded_after_a_while(
    net: Network402, waited: float, recorded: list[int]
) -> None:
    answers(net, 2)
    net.wait(waited)
    assert [record.count for record in net.of(BatchRecorded)] == recorded


def test_a_batch_is_recorded_when_its_first_is_old_though_others_follow(tmp_path: Path) -> None:
    net = Network402(tmp_path, batches=BatchTerms(size=100, idle_s=50.0, age_s=200.0))
    answers(net, 6, apart_s=40.0)
    assert [record.count for record in net.of(BatchRecorded)] == [6]
    net.close()


def test_the_root_is_on_chain_its_leaves_are_in_the_store_and_the_jobs_are_done(net: Network402) -> None:
    answers(net, 4)
    net.wait(10)
    (event,) = [one for one in net.of(ContractEvent) if one.event == "BatchSettlement"]
    (recorded,) = net.of(BatchRecorded)
    assert event.args["merkleRoot"] == recorded.root
    assert bytes.fromhex(event.args["walrusBlobId"][2:]).decode() == recorded.blob
    leaves = load(json.loads(fetch(net, recorded.blob).body))
    assert "0x" + hashes_of(leaves)[0].hex() == recorded.root
    assert {leaf.tee for leaf in leaves} == {ENCLAVE.id}
    for job in [job for number in range(1, 5) if (job := net.jobs.of(net_id(net, number)))]:
        assert (job.status, job.result["merkleRoot"]) == ("succeeded", recorded.root)
    assert [(one.count, one.unsigned, one.reason) for one in net.of(BatchAudited)] == [(4, 0, "")]


def net_id(net: Network402, number: int) -> str:
    rows = net.jobs._connection.execute("SELECT id FROM jobs ORDER BY number").fetchall()
    return str(rows[number - 1][0])


def test_a_private_inference_is_recorded_nowhere(net: Network402) -> None:
    paid = {"payment-signature": net.payer().header(net.now), "x-settlement-type": "private"}
    body = b'{"model": "gpt-5", "messages": [{"role": "user", "content": "x"}]}'
    assert net.request(HttpRequest("POST", "/v1/chat/completions", paid, body)).answer.status == 200
    net.wait(100)
    assert net.of(BatchRecorded) == []


def test_batches_outlive_a_crash_of_the_facilitator(net: Network402) -> None:
    answers(net, 3)
    net.engine.hosts["facilitator-0"].crash()
    net.wait(100)
    assert net.of(BatchRecorded) == []
    net.engine.hosts["facilitator-0"].restart()
    net.wait(100)
    assert [record.count for record in net.of(BatchRecorded)] == [3]


def test_a_store_that_is_down_delays_a_batch_and_loses_nothing(net: Network402) -> None:
    net.engine.hosts[STORE].crash()
    answers(net, 4)
    net.wait(100)
    assert net.of(BatchRecorded) == []
    net.engine.hosts[STORE].restart()
    net.wait(100)
    assert [record.count for record in net.of(BatchRecorded)] == [4]


# -- what an auditor finds ---------------------------------------------------------------------------------


def signed(number: int) -> Inference:
    response = ENCLAVE.respond(bytes([number]) * 32, b"o" * 32, 1_767_225_700 + number)
    return Inference(response.tee, response.input_hash, response.output_hash, response.signature, response.timestamp)


def record(net: Network402, root: bytes, size: int, blob: str, content: bytes | None) -> str:
    """Have the relayer's key record a batch of its own, and say what the auditor makes of it."""
    if content is not None:
        assert net.request(HttpRequest("PUT", BLOBS, body=content), STORE).answer.status == 200
    call = Call(CAST.relayer.address, "InferenceSettlementRelay", "batchSettle", (root, size, blob.encode()))
    endpoint: Any = net.engine.hosts["relayer-0"].facilities["endpoint"]
    net.mempool.add(Transaction(call, "", net.scheduler.now, endpoint, None, 2.0))
    net.wait(120)
    (audited,) = net.of(BatchAudited)
    return str(audited.reason)


LEAVES = [signed(number) for number in range(3)]
ROOT, FILE = hashes_of(LEAVES)[0], dump(LEAVES)
FORGED = [*LEAVES, Inference(ENCLAVE.id, b"f" * 32, b"o" * 32, LEAVES[0].signature, LEAVES[0].timestamp)]


@pytest.mark.parametrize(
    ("root", "size", "content", "reason"),
    [
        (ROOT, 3, FILE, ""),
        (ROOT, 3, None, MISSING),
        (ROOT, 3, b"[]", UNREADABLE),
        (ROOT, 4, FILE, ANOTHER_SIZE),
        (bytes(32), 3, FILE, ANOTHER_ROOT),
        (hashes_of(FORGED)[0], 4, dump(FORGED), UNSIGNED),
    ],
    ids=["good", "withheld", "unreadable", "another size", "another root", "forged"],
)
def test_whatever_the_relay_takes_the_auditor_finds_what_is_wrong(
    net: Network402, root: bytes, size: int, content: bytes | None, reason: str
) -> None:
    """InferenceSettlementRelay takes any root from its relayer, as OpenGradient's does."""
    assert record(net, root, size, blob_id(content or b"nothing"), content) == reason


def test_a_revoked_image_takes_the_history_of_its_enclaves_with_it(net: Network402) -> None:
    """TEEBatchVerifier asks whether an enclave is in service now, as OpenGradient's does."""
    admin = CAST.deployer.address
    endpoint: Any = net.engine.hosts["relayer-0"].facilities["endpoint"]
    call = Call(admin, "TEERegistry", "disableTEE", (ENCLAVE.id,))
    net.mempool.add(Transaction(call, "", net.scheduler.now, endpoint, None, 2.0))
    net.wait(5)
    assert record(net, ROOT, 3, blob_id(FILE), FILE) == UNSIGNED
    (audited,) = net.of(BatchAudited)
    assert audited.unsigned == 3


# -- the store ---------------------------------------------------------------------------------------------


def test_a_blob_is_found_by_its_content(net: Network402) -> None:
    first = net.request(HttpRequest("PUT", BLOBS, body=b"abc", query={"epochs": "10"}), STORE).answer
    id = first.json()["newlyCreated"]["blobObject"]["blobId"]
    sha256 = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"  # of "abc": FIPS 180-2
    assert id == base64.urlsafe_b64encode(bytes.fromhex(sha256)).decode().rstrip("=")
    assert fetch(net, id).body == b"abc"
    again = net.request(HttpRequest("PUT", BLOBS, body=b"abc"), STORE).answer
    assert again.json()["alreadyCertified"]["blobId"] == id


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (HttpRequest("PUT", BLOBS), 400),
        (HttpRequest("PUT", BLOBS, body=b"x", query={"epochs": "0"}), 400),
        (HttpRequest("PUT", BLOBS, body=b"x", query={"epochs": "53"}), 200),
        (HttpRequest("PUT", BLOBS, body=b"x", query={"epochs": "54"}), 400),
        (HttpRequest("PUT", BLOBS, body=b"x", query={"epochs": "many"}), 400),
        (HttpRequest("GET", f"{BLOBS}/none"), 404),
        (HttpRequest("DELETE", BLOBS), 404),
    ],
)
def test_what_the_store_refuses(net: Network402, request_: HttpRequest, status: int) -> None:
    assert net.request(request_, STORE).answer.status == status
