"""The facilitator: what it verifies, how its jobs go, and that they outlive a crash."""

from __future__ import annotations

import base64
import json
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from chain.formats.permit2 import UPTO_PROXY
from chain.quantities import OPG, Wei
from nodes.facilitator.jobs import PROCESSING, Jobs
from nodes.facilitator.single import SINGLE
from nodes.http import HttpRequest, HttpResponse
from nodes.identity import BLOBS
from nodes.payments import PaymentSettled
from nodes.x402 import SIGNATURE_HEADER
from simnet.kernel.conditions import RpcFault
from simnet.log.events import ContractEvent
from tests.services import CAST, CHAT, ENCLAVE, Network402, Payer
from tests.source import ROOT


@pytest.fixture
def net(tmp_path: Path) -> Iterator[Network402]:
    made = Network402(tmp_path)
    yield made
    made.close()


def about(payload: Any, net: Network402, **changes: Any) -> dict[str, Any]:
    required = {**net.services.requirements.as_json(), **changes}
    return {"x402Version": 2, "paymentPayload": payload, "paymentRequirements": required}


def verify(net: Network402, payload: Any, **changes: Any) -> dict[str, Any]:
    said: dict[str, Any] = net.ask_facilitator("POST", "/verify", about(payload, net, **changes)).json()
    return said


def settle(net: Network402, payload: Any, amount: int = 7) -> HttpResponse:
    return net.ask_facilitator("POST", "/settle", about(payload, net, amount=str(amount)))


def status_of(net: Network402, accepted: HttpResponse) -> dict[str, Any]:
    said: dict[str, Any] = net.ask_facilitator("GET", f"/settle/{accepted.json()['paymentJob']['jobId']}").json()
    return said


def test_a_good_payment_is_found_good(net: Network402) -> None:
    payer = net.payer()
    assert verify(net, payer.payload(net.now)) == {"isValid": True, "payer": payer.key.address}


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"network": "eip155:1"}, "invalid_upto_evm_network_mismatch"),
        ({"amount": str(OPG)}, "invalid_exact_evm_payload_amount_mismatch"),
        ({"payTo": CAST.relayer.address}, "invalid_permit2_recipient_mismatch"),
        ({"asset": CAST.relayer.address}, "permit2_token_mismatch"),
    ],
)
def test_a_payment_must_meet_the_demand(net: Network402, changes: dict[str, str], reason: str) -> None:
    assert verify(net, net.payer().payload(net.now), **changes)["invalidReason"] == reason


def test_a_payment_that_names_another_token_as_both_do_is_refused(net: Network402) -> None:
    payer = net.payer()
    payer.required = replace(payer.required, asset=CAST.relayer.address)
    found = verify(net, payer.payload(net.now), asset=CAST.relayer.address)
    assert found["invalidReason"] == "permit2_token_mismatch"


@pytest.mark.parametrize("left", [5, 6])
def test_a_signature_must_live_for_six_seconds_more(net: Network402, left: int) -> None:
    net.wait(1)  # to the start of a second
    found = verify(net, net.payer().payload(net.now, deadline=net.now + left))
    assert found["isValid"] is (left >= 6)


def test_a_settlement_is_taken_on_and_then_done(net: Network402) -> None:
    payer = net.payer()
    accepted = settle(net, payer.payload(net.now))
    assert (accepted.status, accepted.json()["paymentJob"]["status"]) == (202, "queued")
    net.wait(5)
    done = status_of(net, accepted)
    assert (done["status"], done["amount"], done["queue"]) == ("succeeded", "7", "payments")
    assert net.owned_by(CAST.gateway.address) == 7


def test_one_payment_is_collected_once_however_often_it_is_asked_for(net: Network402) -> None:
    payload = net.payer().payload(net.now)
    both = [settle(net, payload), settle(net, payload)]
    net.wait(5)
    assert [status_of(net, one)["status"] for one in both] == ["succeeded", "failed"]
    assert "InvalidNonce" in status_of(net, both[1])["error"]
    assert net.owned_by(CAST.gateway.address) == 7


@pytest.mark.parametrize(("amount", "status"), [(OPG // 10, 202), (OPG // 10 + 1, 400)])
def test_no_more_is_collected_than_was_signed(net: Network402, amount: int, status: int) -> None:
    assert settle(net, net.payer().payload(net.now), amount).status == status


@pytest.mark.parametrize("crashes_at", [0.5, 1.5])
def test_a_settlement_outlives_a_crash_and_is_not_made_twice(net: Network402, crashes_at: float) -> None:
    """Before its block, in which case the transaction is on its way and found collected, and after it."""
    payer = net.payer()
    net.wait(0.1)
    net.scheduler.after(crashes_at, lambda _: net.engine.hosts["facilitator-0"].crash())
    net.scheduler.after(3.0, lambda _: net.engine.hosts["facilitator-0"].restart())
    accepted = settle(net, payer.payload(net.now))
    net.wait(10)
    assert status_of(net, accepted)["status"] == "succeeded"
    assert [record.status for record in net.of(PaymentSettled)] == ["succeeded"]
    assert net.owned_by(CAST.gateway.address) == 7


def test_an_endpoint_that_refuses_a_settlement_delays_it_and_no_more(net: Network402) -> None:
    net.wait(0.1)
    lift = net.engine.hosts["facilitator-0"].conditions.rpc.lay(RpcFault(frozenset({"submit"}), fails=True))
    accepted = settle(net, net.payer().payload(net.now))
    net.wait(20)
    assert status_of(net, accepted)["status"] == "processing"
    lift()
    net.wait(10)
    assert status_of(net, accepted)["status"] == "succeeded"


def test_jobs_are_found_again_by_another_process(tmp_path: Path) -> None:
    first = Jobs(tmp_path / "jobs.sqlite")
    for id in ("a", "b"):
        first.add(id, "payments", {"n": 1}, 5.0)
    first.move("a", "succeeded", 6.0, {"transaction": "0x"})
    first.move("b", PROCESSING, 7.0)
    first.close()
    second = Jobs(tmp_path / "jobs.sqlite")
    assert [(job.id, job.status, job.data) for job in second.open("payments")] == [("b", PROCESSING, {"n": 1})]
    assert second.count == 2
    second.close()


def test_jobs_that_nobody_has_any_more_are_closed() -> None:
    jobs = Jobs()
    connection = jobs._connection
    del jobs
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        connection.execute("SELECT 1")


@pytest.mark.parametrize("path", ["/verify", "/settle"])
@pytest.mark.parametrize(
    "body",
    [
        None,
        [],
        {},
        {"paymentPayload": 1},
        {"paymentPayload": {"x402Version": 1}},
        {"paymentPayload": {"x402Version": 2}},
    ],
)
def test_what_is_no_payment_is_answered_400(net: Network402, path: str, body: Any) -> None:
    answer = net.ask_facilitator("POST", path, body)
    assert answer.status == 400
    assert answer.json()["error"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("nonce", "-1"),
        ("nonce", "1.5"),
        ("nonce", str(2**256)),
        ("nonce", "9" * 5000),
        ("nonce", True),
        ("from", "0x1"),
    ],
)
def test_a_field_that_fits_no_contract_is_answered_400(net: Network402, field: str, value: Any) -> None:
    payload = net.payer().payload(net.now)
    payload["payload"]["permit2Authorization"][field] = value
    answer = net.ask_facilitator("POST", "/verify", about(payload, net))
    assert answer.status == 400
    assert field in answer.json()["message"]


DATA = {
    "tee_id": "0x" + "01" * 32,
    "input_hash": "0x" + "02" * 32,
    "output_hash": "03" * 32,
    "tee_signature": base64.b64encode(b"signature").decode(),
    "tee_timestamp": 1,
}


def test_an_inference_is_taken_on_unless_it_is_private(net: Network402) -> None:
    header = base64.b64encode(json.dumps(DATA).encode()).decode()
    accepted = net.ask_facilitator("POST", "/settle_data", x_settlement_data=header)
    assert (accepted.status, accepted.json()["settlementJob"]["queue"]) == (202, "settlement-data")
    ignored = net.ask_facilitator("POST", "/settle_data", x_settlement_type="private")
    assert ignored.json() == {"status": "ignored", "type": "private"}


@pytest.mark.parametrize("header", ["", "%", base64.b64encode(b"[]").decode(), base64.b64encode(b"{}").decode()])
def test_an_inference_must_be_described(net: Network402, header: str) -> None:
    assert net.ask_facilitator("POST", "/settle_data", x_settlement_data=header).status == 400


@pytest.mark.parametrize(
    "change",
    [{"tee_id": "0x1"}, {"input_hash": 5}, {"output_hash": "zz"}, {"tee_signature": "%"}, {"tee_timestamp": "-1"}],
)
def test_an_inference_that_no_batch_could_hold_is_refused(net: Network402, change: dict[str, Any]) -> None:
    header = base64.b64encode(json.dumps({**DATA, **change}).encode()).decode()
    assert net.ask_facilitator("POST", "/settle_data", x_settlement_data=header).status == 400


def test_a_heartbeat_reaches_the_registry(net: Network402) -> None:
    timestamp, signature = ENCLAVE.heartbeat(net.now)
    beat = {"teeId": "0x" + ENCLAVE.id.hex(), "timestamp": timestamp, "signature": base64.b64encode(signature).decode()}
    assert net.ask_facilitator("POST", "/heartbeat", beat).json()["success"] is True
    forged = net.ask_facilitator("POST", "/heartbeat", {**beat, "timestamp": timestamp + 1}).json()
    assert (forged["success"], forged["error"]) == (False, "HeartbeatSignatureInvalid()")


@pytest.mark.parametrize("change", [{"teeId": "0x1"}, {"timestamp": "soon"}, {"signature": "%"}, {"teeId": 5}])
def test_what_is_no_heartbeat_is_answered_400(net: Network402, change: dict[str, Any]) -> None:
    beat = {"teeId": "00" * 32, "timestamp": 1, "signature": "", **change}
    assert net.ask_facilitator("POST", "/heartbeat", beat).status == 400


def test_it_says_what_can_be_paid_with(net: Network402) -> None:
    kinds = net.ask_facilitator("GET", "/supported").json()["kinds"]
    me = CAST.facilitator.address
    assert {kind["scheme"]: kind["extra"] for kind in kinds} == {
        "upto": {"facilitatorAddress": me},
        "batch-settlement": {"receiverAuthorizer": me},
    }
    assert {kind["network"] for kind in kinds} == {"eip155:8453"}


@pytest.mark.parametrize(("method", "path"), [("GET", "/verify"), ("GET", "/settle/none"), ("DELETE", "/")])
def test_there_is_nothing_else(net: Network402, method: str, path: str) -> None:
    assert net.ask_facilitator(method, path).status == 404


def test_the_payer_cannot_be_robbed_by_who_is_not_the_facilitator(net: Network402) -> None:
    """Only the facilitator that the payer named may collect, and only for whom the payer named."""
    payer: Payer = net.payer()
    thief = net.payer("thief")
    accepted = settle(net, thief.payload(net.now, owner=payer.key.address))
    net.wait(5)
    assert status_of(net, accepted)["status"] == "failed"
    assert net.owned_by(payer.key.address) == Wei(10 * OPG)


def test_one_by_one_an_inference_is_recorded_with_what_was_said_and_who_paid(net: Network402) -> None:
    payer = net.payer()
    asked = {"model": "gpt-5", "messages": [{"role": "user", "content": "Hello there"}]}
    paid = {SIGNATURE_HEADER: payer.header(net.now), "x-settlement-type": "individual"}
    answer = json.loads(net.request(HttpRequest("POST", CHAT, paid, json.dumps(asked).encode()), wait_s=20).answer.body)
    (event,) = (one.args for one in net.of(ContractEvent) if one.event == "IndividualSettlement")
    assert (event["teeId"], event["ethAddress"]) == (answer["tee_id"], UPTO_PROXY)
    assert event["outputHash"] == "0x" + answer["tee_output_hash"]
    assert net.jobs.open(SINGLE) == [], "it is done"
    stored = HttpRequest("GET", "/v1/blobs/" + bytes.fromhex(event["walrusBlobId"][2:]).decode())
    blob = json.loads(net.request(stored, BLOBS).answer.body)
    assert blob["output"] == "You said: Hello there"
    assert json.loads(blob["input"])["messages"] == asked["messages"]


@pytest.mark.parametrize(
    "change",
    [
        {"eth_address": "0x12"},
        {"eth_address": None},
        {"eth_address": ...},
        {"input": ...},
        {"output": ...},
        {"tee_timestamp": -1},
    ],
)
def test_one_by_one_what_lacks_something_is_refused(net: Network402, change: dict[str, Any]) -> None:
    whole = {**DATA, "input": "{}", "output": "", "eth_address": UPTO_PROXY, **change}
    sent = {name: value for name, value in whole.items() if value is not ...}
    header = base64.b64encode(json.dumps(sent).encode()).decode()
    kind = {"x_settlement_data": header, "x_settlement_type": "individual"}
    assert net.ask_facilitator("POST", "/settle_data", **kind).status == 400


def test_one_by_one_what_no_enclave_signed_fails(net: Network402) -> None:
    data = {**DATA, "input": "{}", "output": "", "eth_address": UPTO_PROXY}
    header = base64.b64encode(json.dumps(data).encode()).decode()
    kind = {"x_settlement_data": header, "x_settlement_type": "individual"}
    job = net.ask_facilitator("POST", "/settle_data", **kind).json()["settlementJob"]["jobId"]
    net.wait(10)
    found = net.ask_facilitator("GET", f"/settle/{job}").json()
    assert (found["status"], "Invalid signature" in found["error"]) == ("failed", True)


def test_jobs_outlive_a_process_that_is_killed(tmp_path: Path) -> None:
    path = tmp_path / "jobs.sqlite"
    script = (
        "import os, signal, sys; from pathlib import Path; from nodes.facilitator.jobs import Jobs\n"
        "jobs = Jobs(Path(sys.argv[1])); jobs.add('one', 'payment', {'a': 1}, 1.0);"
        "jobs.add('two', 'payment', {}, 2.0); jobs.move('two', 'succeeded', 3.0); os.kill(os.getpid(), signal.SIGKILL)"
    )
    assert subprocess.run([sys.executable, "-c", script, path], cwd=ROOT, check=False).returncode == -signal.SIGKILL
    jobs = Jobs(path)
    assert [(job.id, job.data) for job in jobs.open("payment")] == [("one", {"a": 1})]
    assert jobs.count == 2
    jobs.close()
