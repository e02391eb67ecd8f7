"""A network in a state directory goes on where it was, however the process before ended."""

from __future__ import annotations

import signal
import socket
from pathlib import Path

import pytest

from chain.backends.anvil import AnvilChain
from chain.errors import ChainStartFailed
from chain.quantities import OPG, Address, Timestamp
from chain.seam import Call
from nodes.disk import Disk
from nodes.payments import BatchAudited
from simnet.cli.main import main
from simnet.scenario.load import load_scenario
from simnet.shipped import find_scenario
from simnet.up.home import CannotGoOn, Folder, Home
from tests.simnet.cli.test_cli_up import KEY, approve, contract, payment_for, pinned, post, rows, wait_for, web3
from tests.up_process import FREE, up

ME, YOU = Address("0x" + "11" * 20), Address("0x" + "22" * 20)
ASKED = {"model": "gpt-5", "messages": [{"role": "user", "content": "Hello"}]}
CHAT = "/v1/chat/completions"


@pytest.mark.long
@pytest.mark.timeout(600)
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_what_a_session_owes_is_paid_once_after_a_restart(tmp_path: Path, number: signal.Signals) -> None:
    """Long: two starts with real processes each."""
    state = tmp_path / "state"
    first, second = tmp_path / "first", tmp_path / "second"
    first.mkdir()
    second.mkdir()
    with up(first, "--state", str(state), "--idle", "300") as net:
        approve(net)
        tls = pinned(net)
        _, headers, _ = post(net, CHAT, ASKED, {}, tls)
        paid = {"PAYMENT-SIGNATURE": payment_for(headers["payment-required"], 7)}
        status, headers, _ = post(net, CHAT, ASKED, paid, tls)
        assert status == 200
        session, known = headers["x-upto-session"], dict(net.variables)
        blocks = web3(net, "OG_RPC_URL").eth.block_number
        wait_for(lambda: rows(net, "text_served"))
        net.end(number)
        assert net.children_are_gone()
    with up(second, "--state", str(state), "--idle", "3") as net:
        same = ("OG_TEE_REGISTRY", "OG_GATEWAY_URL", "OG_SETTLEMENT_RELAY", "OG_BATCH_VERIFIER")
        assert [net[name] for name in same] == [known[name] for name in same]
        assert web3(net, "OG_RPC_URL").eth.block_number > blocks
        status, _, _ = post(net, CHAT, ASKED, {}, pinned(net))
        assert status == 402, "the certificate and the enclave's registration are those of before"
        (settled,) = wait_for(lambda: rows(net, "payment_settled"))
        (closed,) = rows(net, "session_closed")
        assert (settled["status"], closed["session"], closed["answers"]) == ("succeeded", session, 1)
        opg = contract(net, "BASE_MAINNET_RPC", "OPG_ADDRESS", "BaseOPG")
        assert opg.functions.balanceOf(KEY.address).call() == 1_000 * OPG - int(settled["amount"])
        assert rows(net, "served_unpaid") == []


def test_a_chain_that_was_kept_goes_on_in_another_process(tmp_path: Path) -> None:
    kept = tmp_path / "chain.json"
    chain = AnvilChain(genesis=Timestamp(1_000))
    chain.fund(ME)
    chain.deploy("BaseOPG", [], ME)
    chain.keep_in(kept)
    chain.mine([Call(ME, "BaseOPG", "issue", (ME,))], Timestamp(2_000))
    chain.mine([Call(ME, "BaseOPG", "transfer", (YOU, 5))], Timestamp(3_000))
    head, nonce = chain.head, chain.nonce_of(ME)
    chain.close()
    with AnvilChain(genesis=Timestamp(5_000)) as again:
        again.take_up(kept)
        assert (again.head, again.nonce_of(ME), again.read("BaseOPG", "balanceOf", YOU)) == (head, nonce, 5)
        (receipt,) = again.mine([Call(ME, "BaseOPG", "transfer", (YOU, 2))], Timestamp(5_001)).receipts
        assert receipt.ok
        assert again.read("BaseOPG", "balanceOf", YOU) == 7


@pytest.mark.parametrize("content", ["", "{}", '{"state": "0x00", "head": [1, 2]}', "not JSON"])
def test_a_file_without_a_chain_is_said_to_be_none(tmp_path: Path, content: str) -> None:
    kept = tmp_path / "chain.json"
    kept.write_text(content)
    with AnvilChain() as chain, pytest.raises(ChainStartFailed, match=str(kept)):
        chain.take_up(kept)


def test_a_directory_keeps_blobs_and_a_disk(tmp_path: Path) -> None:
    home = Home(tmp_path, 3)
    assert not home.goes_on
    sessions: dict[str, int] = home.gateway.kept("sessions", dict)
    blobs: dict[str, bytes] = home.blobs.kept("blobs", dict)
    ledger: set[bytes] = home.auditor.kept("ledger", set)
    sessions["one"], blobs["id"] = 1, b"content"
    ledger.add(b"leaf")
    home.hear(0.0, BatchAudited("auditor-0", "0x", 1, 0, ""))
    home.save()
    home.found(3, 1_000, 8443)
    again = Home(tmp_path, 3)
    assert again.goes_on
    assert again.gateway.kept("sessions", dict) == {"one": 1}
    assert dict(again.blobs.kept("blobs", dict)) == {"id": b"content"}
    assert again.auditor.kept("ledger", set) == {b"leaf"}
    assert again.gateway_port(0) == 8443


def test_another_seed_or_port_is_refused_and_so_is_rubbish(tmp_path: Path) -> None:
    Home(tmp_path, 3).found(3, 1_000, 8443)
    with pytest.raises(CannotGoOn, match="seed 3"):
        Home(tmp_path, 4)
    assert Home(tmp_path, 3).gateway_port(8443) == 8443
    with pytest.raises(CannotGoOn, match="port 8443"):
        Home(tmp_path, 3).gateway_port(8444)
    (tmp_path / "network.json").write_text("{")
    assert main(["up", "--state", str(tmp_path), "--gateway-port", "0"]) == 2
    with pytest.raises(CannotGoOn, match="cannot be read"):
        Home(tmp_path, 3)


def test_a_kept_registry_takes_no_enclaves_of_another_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    scenario = load_scenario(find_scenario(Path("revocation")))
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    Home(tmp_path / "state", scenario.seed).found(scenario.seed, 1_000, port)
    where = ("--state", str(tmp_path / "state"), "--out", str(tmp_path / "run"), *FREE)
    assert main(["up", *where, "--scenario", "revocation"]) == 2
    assert "the kept registry has those of the run before" in capsys.readouterr().err


def test_a_folder_has_what_was_put_there(tmp_path: Path) -> None:
    folder = Folder(tmp_path / "blobs")
    folder["a"] = b"1"
    folder["b"] = b"2"
    del folder["a"]
    assert list(Folder(tmp_path / "blobs")) == ["b"]
    assert len(folder) == 1
    with pytest.raises(KeyError):
        folder["a"]
    with pytest.raises(KeyError):
        folder["../up"]


def test_a_disk_has_what_was_on_it(tmp_path: Path) -> None:
    assert Disk({"a": 1}).kept("a", int) == 1
