"""`simnet up`: clients from outside pay, are answered and see both chains; whatever ends it leaves nobody behind."""

from __future__ import annotations

import base64
import http.client
import json
import signal
import socket
import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlparse

import pytest
from eth_account import Account
from web3 import HTTPProvider, Web3
from web3.exceptions import Web3RPCError

from chain.evm.abi import ARTIFACTS
from chain.formats.permit2 import UptoPermit
from chain.quantities import OPG, Address
from nodes.x402 import Requirements, payment_json
from simnet.cli.main import main
from simnet.faults.crash import Crash
from simnet.scenario.adversaries import Adversary
from simnet.scenario.errors import CannotRunHere
from simnet.scenario.injected import moment
from simnet.scenario.load import load_scenario
from simnet.up import QUIET
from simnet.up.accounts import ACCOUNTS
from tests.up_process import FREE, PATIENCE_S, Up, up

KEY = Account.from_key(ACCOUNTS[0].key)


@pytest.fixture(scope="module")
def net(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    with up(tmp_path_factory.mktemp("up"), "--idle", "2") as started:
        yield started


def contract(net: Up, rpc: str, address: str, artifact: str) -> Any:
    abi = json.loads((ARTIFACTS / f"{artifact}.json").read_text())["abi"]
    return web3(net, rpc).eth.contract(address=Web3.to_checksum_address(net[address]), abi=abi)


def web3(net: Up, rpc: str) -> Web3:
    return Web3(HTTPProvider(net[rpc]))


def post(
    net: Up, path: str, body: Mapping[str, Any], headers: Mapping[str, str], context: ssl.SSLContext
) -> tuple[int, dict[str, str], Any]:
    where = urlparse(net["OG_GATEWAY_URL"])
    assert where.hostname
    connection = http.client.HTTPSConnection(where.hostname, where.port, context=context, timeout=30)
    connection.request("POST", path, json.dumps(body), dict(headers))
    response = connection.getresponse()
    found = response.status, {name.lower(): value for name, value in response.getheaders()}, response.read()
    connection.close()
    return found


def pinned(net: Up) -> ssl.SSLContext:
    """Trusts the certificate in the registry, as OpenGradient's client does."""
    (tee,) = contract(net, "OG_RPC_URL", "OG_TEE_REGISTRY", "TEERegistry").functions.getActiveTEEs(0).call()
    assert tee[2] == net["OG_GATEWAY_URL"]
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(cadata=ssl.DER_cert_to_PEM_cert(bytes(tee[4])))
    context.check_hostname = False
    return context


def approve(net: Up) -> None:
    """Let Permit2 take OPG, by a transaction that is signed here."""
    chain, opg = web3(net, "BASE_MAINNET_RPC"), contract(net, "BASE_MAINNET_RPC", "OPG_ADDRESS", "BaseOPG")
    call = opg.functions.approve(Web3.to_checksum_address(net["PERMIT2_ADDRESS"]), 10 * OPG)
    nonce = chain.eth.get_transaction_count(KEY.address, "pending")
    fields = {"from": KEY.address, "nonce": nonce, "gasPrice": chain.eth.gas_price, "chainId": 8453}
    signed = KEY.sign_transaction(call.build_transaction(fields))
    sent = chain.eth.send_raw_transaction(signed.raw_transaction)
    assert chain.eth.get_transaction_count(KEY.address, "pending") == nonce + 1
    assert chain.eth.wait_for_transaction_receipt(sent, timeout=30, poll_latency=0.1)["status"] == 1


def payment_for(demand: str, nonce: int) -> str:
    """What a client answers to a demand for payment."""
    required = Requirements.read(json.loads(base64.b64decode(demand))["accepts"][0])
    permit = UptoPermit(
        owner=Address(KEY.address.lower()),
        token=required.asset,
        amount=required.amount,
        spender=Address("0x4020a4f3b7b90cca423b9fabcc0ce57c6c240002"),
        nonce=nonce,
        deadline=2**40,
        to=required.pay_to,
        facilitator=required.facilitator,
        valid_after=0,
    )
    signature = Account._sign_hash(permit.digest(8453), KEY.key).signature
    return base64.b64encode(json.dumps(payment_json(permit, bytes(signature), required)).encode()).decode()


def rows(net: Up, kind: str) -> list[dict[str, Any]]:
    lines = (net.directory / "events.jsonl").read_text().splitlines()
    return [row for row in map(json.loads, lines) if row["kind"] == kind]


def wait_for(look: Callable[[], list[dict[str, Any]]]) -> list[dict[str, Any]]:
    deadline = time.monotonic() + PATIENCE_S
    while not (found := look()) and time.monotonic() < deadline:
        time.sleep(0.1)
    return found


def test_a_client_approves_pays_is_answered_and_charged_on_chain(net: Up) -> None:
    tls, asked = pinned(net), {"model": "gpt-5", "messages": [{"role": "user", "content": "Hello"}]}
    approve(net)
    status, headers, _ = post(net, "/v1/chat/completions", asked, {}, tls)
    assert status == 402
    paid = {"PAYMENT-SIGNATURE": payment_for(headers["payment-required"], 77)}
    status, headers, body = post(net, "/v1/chat/completions", asked, paid, tls)
    answer = json.loads(body)
    assert (status, answer["choices"][0]["message"]["content"]) == (200, "You said: Hello")
    assert answer["system_fingerprint"] == "simnet-echo-1, not a language model"
    again = {"X-Upto-Session": headers["x-upto-session"]}
    status, headers, streamed = post(net, "/v1/chat/completions", {**asked, "stream": True}, again, tls)
    assert status == 200
    assert streamed.endswith(b"data: [DONE]\n\n")
    opg = contract(net, "BASE_MAINNET_RPC", "OPG_ADDRESS", "BaseOPG")
    (job,) = wait_for(lambda: rows(net, "payment_settled"))
    assert job["status"] == "succeeded"
    assert opg.functions.balanceOf(KEY.address).call() == 1_000 * OPG - int(job["amount"])
    receipt = web3(net, "BASE_MAINNET_RPC").eth.get_transaction_receipt(job["transaction"])
    assert receipt["status"] == 1


def test_both_chains_have_the_ids_of_the_real_ones(net: Up) -> None:
    assert (web3(net, "OG_RPC_URL").eth.chain_id, web3(net, "BASE_MAINNET_RPC").eth.chain_id) == (10740, 8453)


@pytest.mark.parametrize("method", ["evm_mine", "anvil_setBalance", "eth_sendTransaction", "evm_setNextBlockTimestamp"])
def test_nobody_outside_can_mine_or_act_for_others(net: Up, method: str) -> None:
    for rpc in ("OG_RPC_URL", "BASE_MAINNET_RPC"):
        answer = web3(net, rpc).provider.make_request(method, [])  # type: ignore[arg-type]
        assert answer["error"]["code"] == -32601


def transfer(chain: Web3, **changes: Any) -> bytes:
    """A transaction of an account that did nothing else, honest but for `changes`."""
    account = Account.from_key(ACCOUNTS[2].key)
    honest = {"to": account.address, "value": 1, "gas": 21_000, "gasPrice": 0, "nonce": 0, "chainId": 10740}
    signed = account.sign_transaction({**honest, **changes})
    return bytes(signed.raw_transaction)


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"nonce": 5}, "nonce too high"),
        ({"chainId": 1}, "chain"),
        ({"gas": 2**40}, "gas"),
        ({"value": 10**30}, "funds"),
    ],
)
def test_a_transaction_that_no_block_would_take_is_refused_and_the_run_goes_on(
    net: Up, changes: dict[str, Any], says: str
) -> None:
    chain = web3(net, "OG_RPC_URL")
    with pytest.raises((Web3RPCError, ValueError), match=says):
        chain.eth.send_raw_transaction(transfer(chain, **changes))
    assert net.process.poll() is None


def test_a_transaction_that_anvil_leaves_out_harms_nobody_and_its_nonce_is_free_again(net: Up) -> None:
    """anvil takes less gas than any transaction uses into its pool, and then mines it in no block."""
    chain = web3(net, "OG_RPC_URL")
    chain.eth.send_raw_transaction(transfer(chain, gas=20_999))
    assert wait_for(lambda: [row for row in rows(net, "transaction_mined") if row["revert"] == "LeftOut()"])
    sent = chain.eth.send_raw_transaction(transfer(chain))
    assert chain.eth.wait_for_transaction_receipt(sent, timeout=30, poll_latency=0.1)["status"] == 1


@pytest.mark.parametrize("params", [[], ["0x"], ["zz"], [5], ["0x00"], {}])
def test_what_is_no_transaction_is_refused(net: Up, params: Any) -> None:
    answer = web3(net, "OG_RPC_URL").provider.make_request("eth_sendRawTransaction", params)  # type: ignore[arg-type]
    assert "error" in answer


@pytest.mark.parametrize("body", [b"", b"[]", b"5", b'{"method": 1}', b"[" * 100_000])
def test_what_is_no_json_rpc_is_answered_as_one(net: Up, body: bytes) -> None:
    request = urllib.request.Request(net["OG_RPC_URL"], body, {"content-type": "application/json"})
    with urllib.request.urlopen(request, timeout=20) as response:
        assert "error" in json.loads(response.read())


def test_a_revert_comes_with_its_data(net: Up) -> None:
    opg = contract(net, "BASE_MAINNET_RPC", "OPG_ADDRESS", "BaseOPG")
    question = {"to": opg.address, "data": opg.encode_abi("transfer", [KEY.address, 10**30])}
    answer = web3(net, "BASE_MAINNET_RPC").provider.make_request("eth_call", [question, "latest"])  # type: ignore
    assert len(answer["error"]["data"]) > 10


@pytest.mark.parametrize(
    "number", [*(pytest.param(one, marks=pytest.mark.long) for one in (signal.SIGINT, signal.SIGTERM)), signal.SIGKILL]
)
def test_whatever_ends_it_nobody_is_left(tmp_path: Path, number: signal.Signals) -> None:
    with up(tmp_path) as started:
        assert urllib.request.urlopen(started["OG_FACILITATOR_URL"] + "/health", timeout=20).status == 200
        code = started.end(number)
        assert code == (-signal.SIGKILL if number == signal.SIGKILL else 0), started.said.read_text()
        assert started.children_are_gone()
        if number != signal.SIGKILL:
            assert (started.directory / "report.html").is_file()
            assert json.loads((started.directory / "results.json").read_text())["reason"] == "the run was interrupted"


def test_a_port_that_is_taken_is_said_before_anything_is_started(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        assert main(["up", "--gateway-port", "0", "--facilitator-port", port]) == 2
    error = f"cannot listen on 127.0.0.1:{port}: Address already in use\n  choose another port\n"
    assert capsys.readouterr().err == error
    assert list(tmp_path.iterdir()) == []


def test_the_registry_is_where_the_client_looks_for_it_and_is_as_its_constructor_leaves_it(net: Up) -> None:
    assert net["OG_TEE_REGISTRY"] == "0x703cb174aeadb35d611858369b4b1111dc9abda6"
    registry = contract(net, "OG_RPC_URL", "OG_TEE_REGISTRY", "TEERegistry").functions
    assert registry.heartbeatMaxAge().call() == 1800
    assert [bytes(one) for one in registry.getEnabledTEEs(0).call()] == [
        bytes(one) for one in registry.getTEEsByType(0).call()
    ]


@pytest.mark.long
def test_a_scenarios_enclaves_are_in_the_gateways_registry(tmp_path: Path) -> None:
    """Long: a whole simulation at wall pace, with real processes."""
    scenario = tmp_path / "tee.yaml"
    nodes = "{inference: {count: 2}, full: {count: 2}}"
    quiet = QUIET.read_text().replace("{inference: {count: 1}, full: {count: 0}}", nodes)
    scenario.write_text(quiet.replace("strategy: none", "strategy: tee"))
    with up(tmp_path, "--scenario", str(scenario), "--idle", "2") as net:
        registry = contract(net, "OG_RPC_URL", "OG_TEE_REGISTRY", "TEERegistry").functions
        deadline = time.monotonic() + PATIENCE_S
        while not registry.getActiveTEEs(1).call() and time.monotonic() < deadline:
            time.sleep(0.5)
        assert [len(registry.getActiveTEEs(kind).call()) for kind in (0, 1)] == [1, 2]
        tls, asked = pinned(net), {"model": "gpt-5", "messages": [{"role": "user", "content": "Hello"}]}
        approve(net)
        _, headers, _ = post(net, "/v1/chat/completions", asked, {}, tls)
        paid = {"PAYMENT-SIGNATURE": payment_for(headers["payment-required"], 77)}
        assert post(net, "/v1/chat/completions", asked, paid, tls)[0] == 200


@pytest.mark.long
def test_faults_strike_the_services_and_what_they_took_on_is_done_all_the_same(tmp_path: Path) -> None:
    fault = "at: 2 s, crash: [facilitator-0], for: 3 s"
    with up(tmp_path, "--idle", "1", "--fault", fault) as net:
        tls, asked = pinned(net), {"model": "gpt-5", "messages": [{"role": "user", "content": "Hello"}]}
        approve(net)
        _, headers, _ = post(net, "/v1/chat/completions", asked, {}, tls)
        wait_for(lambda: rows(net, "fault_ended"))
        paid = {"PAYMENT-SIGNATURE": payment_for(headers["payment-required"], 77)}
        assert post(net, "/v1/chat/completions", asked, paid, tls)[0] == 200
        (job,) = wait_for(lambda: rows(net, "payment_settled"))
        assert job["status"] == "succeeded"
        assert [row["targets"] for row in rows(net, "fault_injected")] == [["facilitator-0"]]


@pytest.mark.parametrize(
    ("fault", "says"),
    [
        ("at: 1 s, crash: [facilitator-1]", "unknown node 'facilitator-1'"),
        ("at: 1 s, crahs: [facilitator-0]", "crahs"),
        ("crash: [facilitator-0]", "at"),
        ("at: 1 s, crash: [", "at: 1 s, crash: ["),
    ],
)
def test_a_fault_that_cannot_be_is_refused(
    fault: str, says: str, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["up", *FREE, "--out", "run", "--fault", fault]) == 2
    assert says in capsys.readouterr().err


def test_what_is_injected_by_hand_happens_and_is_on_record(net: Up, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OG_CONTROL_URL", net["OG_CONTROL_URL"])
    assert main(["inject", "crash: [relayer-0], for: 1 s"]) == 0
    assert main(["inject", "behaviour: label_flip, nodes: [inference-0]"]) == 0
    assert main(["inject", "behaviour: blob_withholder, nodes: [blobs-0]"]) == 0
    assert wait_for(lambda: [row for row in rows(net, "fault_ended") if "relayer-0" in json.dumps(row)])
    found_rows = wait_for(lambda: found if len(found := rows(net, "intervention")) == 3 else [])
    assert [row["nodes"] for row in found_rows] == [[], ["inference-0"], ["blobs-0"]]
    kept = net.directory / "scenario.yaml"
    crash, flip, withhold = load_scenario(kept, beside_services=True, to_run=True).injected
    assert isinstance(crash, Crash)
    assert crash.crash == ("relayer-0",)
    assert isinstance(flip, Adversary)
    assert isinstance(withhold, Adversary)
    assert [one.behaviour.kind for one in (flip, withhold)] == ["label_flip", "blob_withholder"]
    assert 0 < moment(crash) < moment(flip) < moment(withhold)
    with pytest.raises(CannotRunHere, match="which simnet up alone has"):
        load_scenario(kept, to_run=True)


@pytest.mark.parametrize("text", ["", "crash: [nobody-0]", "crash: [relayer-0], how: badly", "behaviour: nothing", "["])
def test_what_cannot_be_injected_is_refused_in_a_line(
    net: Up, text: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("OG_CONTROL_URL", net["OG_CONTROL_URL"])
    assert main(["inject", text]) == 2
    assert 1 <= len(capsys.readouterr().err.splitlines()) <= 2
    assert net.process.poll() is None


def test_without_the_token_nothing_can_be_injected(net: Up, monkeypatch: pytest.MonkeyPatch) -> None:
    before = len(rows(net, "intervention"))
    wrong = net["OG_CONTROL_URL"].rpartition("/")[0]
    monkeypatch.setenv("OG_CONTROL_URL", f"{wrong}/guess")
    assert main(["inject", "crash: [relayer-0], for: 1 s"]) == 2
    monkeypatch.setenv("OG_CONTROL_URL", "http://127.0.0.1:1/inject/x")
    assert main(["inject", "crash: [relayer-0], for: 1 s"]) == 2
    assert len(rows(net, "intervention")) == before


def test_services_misbehave_by_hand_and_say_that_all_is_well(net: Up, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OG_CONTROL_URL", net["OG_CONTROL_URL"])
    before, opg = len(rows(net, "payment_settled")), contract(net, "BASE_MAINNET_RPC", "OPG_ADDRESS", "BaseOPG")
    approve(net)
    had = opg.functions.balanceOf(KEY.address).call()
    assert main(["inject", "behaviour: short_settler, share: 0.5, nodes: [facilitator-0]"]) == 0
    tls, asked = pinned(net), {"model": "gpt-5", "messages": [{"role": "user", "content": "Hello"}]}
    _, headers, _ = post(net, "/v1/chat/completions", asked, {}, tls)
    paid = {"PAYMENT-SIGNATURE": payment_for(headers["payment-required"], 78)}
    assert post(net, "/v1/chat/completions", asked, paid, tls)[0] == 200
    said = wait_for(lambda: rows(net, "payment_settled")[before:])[0]
    assert (said["status"], had - opg.functions.balanceOf(KEY.address).call()) == ("succeeded", int(said["amount"]) / 2)
    assert [(row["node"], row["behaviour"]) for row in rows(net, "cheated")] == [("facilitator-0", "short_settler")]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("behaviour: short_settler, nodes: [facilitator-1]", "no participant of role facilitator"),
        ("behaviour: ghost_recorder", "has to be there from the start"),
        ("behaviour: short_settler, share: 2", "share"),
    ],
)
def test_what_services_cannot_do_is_refused(
    net: Up, text: str, says: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("OG_CONTROL_URL", net["OG_CONTROL_URL"])
    assert main(["inject", text]) == 2
    assert says in capsys.readouterr().err


def test_a_scenario_in_which_services_misbehave_runs_beside_them_alone(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "short.yaml"
    file.write_text(QUIET.read_text() + "adversaries: [{behaviour: short_settler}]\n")
    assert main(["run", str(file), "--headless"]) == 2
    error = capsys.readouterr().err
    assert "'short_settler' is a behaviour of role facilitator, which simnet up alone has" in error
    assert "simnet up --scenario FILE" in error


@pytest.mark.long
@pytest.mark.parametrize("is_safe", [False, True])
def test_a_facilitator_collects_nothing_from_a_real_client_unless_the_gateway_has_its_own(
    tmp_path: Path, is_safe: bool
) -> None:
    """Long: starts with real processes for two more scenarios."""
    mitigated = ("--mitigate", "own-facilitator", "--mitigate", "mirror-blobs") if is_safe else ()
    with up(tmp_path, "--idle", "1", "--scenario", "opengradient/unsettled", *mitigated) as net:
        tls, asked = pinned(net), {"model": "gpt-5", "messages": [{"role": "user", "content": "Hello"}]}
        approve(net)
        _, headers, _ = post(net, "/v1/chat/completions", asked, {}, tls)
        paid = {"PAYMENT-SIGNATURE": payment_for(headers["payment-required"], 77)}
        assert post(net, "/v1/chat/completions", asked, paid, tls)[0] == 200
        (job,) = wait_for(lambda: rows(net, "payment_settled"))
        opg = contract(net, "BASE_MAINNET_RPC", "OPG_ADDRESS", "BaseOPG")
        taken = 1_000 * OPG - opg.functions.balanceOf(KEY.address).call()
        assert (job["status"], taken) == ("succeeded", int(job["amount"]) if is_safe else 0)
        assert [row["behaviour"] for row in rows(net, "cheated")] == ([] if is_safe else ["never_settles"])
        assert net.end(signal.SIGINT) == 0, "the report is written of a run in which services misbehave"
