"""The anvil child process: repeatable, alone on its port, tidy, and never left behind."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from chain.backends import anvil_process
from chain.backends.anvil import BLOCKS_KEPT, DEFAULT_GENESIS, AnvilChain
from chain.errors import ChainDied, ChainStartFailed, RpcFailed, ToolMissing
from chain.evm.toolchain import ANVIL_SERIES
from chain.quantities import OPG, Address, Gas, Timestamp
from chain.seam import REORG_DEPTH_MAX, Call
from tests.processes import PATIENCE_S, group_is_gone

ALICE = Address("0x" + "a1" * 20)
BOB = Address("0x" + "b2" * 20)


def transfer(amount: int, sender: Address = ALICE) -> Call:
    return Call(sender, "OPG", "transfer", (BOB, amount))


def states_in(directory: Path) -> list[Path]:
    return [path for path in directory.iterdir() if path.is_dir()]


@pytest.fixture(autouse=True)
def scratch(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Directory that the test's chains keep their files in."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    return tmp_path


class TestRepeatability:
    @staticmethod
    def block_hash_of_a_history(chain: AnvilChain) -> str:
        """Hash of the last block after deployments, transfers of several senders, reverts and a reorg."""
        chain.deploy("OPG", [ALICE], ALICE)
        chain.deploy("ModelRegistry", [], BOB)
        for amount in range(1, 6):
            calls = [transfer(amount * OPG), transfer(1, sender=BOB), transfer(2**255)]
            chain.mine(calls, Timestamp(chain.head[1] + amount))
        chain.reorg(2)
        chain.mine([transfer(7)], Timestamp(chain.head[1] + 1))
        return str(chain._rpc.call("eth_getBlockByNumber", "latest", False)["hash"])

    def test_the_same_calls_give_the_same_block_hash_in_any_process(self) -> None:
        with AnvilChain() as one, AnvilChain() as other:
            assert self.block_hash_of_a_history(one) == self.block_hash_of_a_history(other)

    def test_genesis_and_chain_id_are_as_asked(self) -> None:
        with AnvilChain(genesis=Timestamp(1_234_567_890), chain_id=777) as chain:
            assert chain.head == (0, 1_234_567_890)
            assert chain._rpc.call("eth_chainId") == hex(777)
            assert chain.version.startswith("1.7.")


class TestLifetime:
    def test_closing_ends_the_process_and_removes_its_files(self, scratch: Path) -> None:
        chain = AnvilChain()
        assert states_in(scratch)
        chain.close()
        chain.close()
        assert group_is_gone(chain.pid)
        assert not states_in(scratch)

    def test_nothing_is_written_under_the_home_directory(self, scratch: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        home = scratch / "home"
        home.mkdir()
        monkeypatch.setenv("HOME", str(home))
        with AnvilChain() as chain:
            chain.deploy("OPG", [ALICE], ALICE)
        assert not list(home.iterdir())

    @pytest.fixture
    def parent(self) -> Iterator[subprocess.Popen[str]]:
        """Another Python that opens a chain, forks a worker, says both process ids, and waits."""
        script = (
            "import os, signal, time; from chain.backends.anvil import AnvilChain\n"
            "signal.signal(signal.SIGINT, signal.default_int_handler)  # a background job inherits it ignored\n"
            "chain = AnvilChain(); worker = os.fork()\n"
            "if worker: print(chain.pid, worker, flush=True)\n"
            "time.sleep(60)"
        )
        with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) as parent:
            yield parent
            parent.kill()

    @pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
    def test_no_anvil_outlives_its_parent(
        self, parent: subprocess.Popen[str], number: signal.Signals, scratch: Path
    ) -> None:
        assert parent.stdout
        anvil, worker = map(int, parent.stdout.readline().split())
        try:
            os.killpg(anvil, 0)  # it is there
            parent.send_signal(number)
            assert group_is_gone(anvil), "although a forked worker lives on"
            assert not states_in(scratch)
        finally:
            os.kill(worker, signal.SIGKILL)

    def test_it_starts_where_the_path_has_changed_since_another_one_did(
        self, monkeypatch: pytest.MonkeyPatch, scratch: Path
    ) -> None:
        with AnvilChain():
            pass
        monkeypatch.setenv("PATH", str(scratch))
        with AnvilChain() as chain:
            assert chain.head[0] == 0

    def test_no_anvil_outlives_its_parent_and_its_guard_killed_together(
        self, parent: subprocess.Popen[str], scratch: Path
    ) -> None:
        assert parent.stdout
        guard, worker = map(int, parent.stdout.readline().split())
        try:
            parent.send_signal(signal.SIGSTOP)  # so that it cannot act between the two
            os.kill(guard, signal.SIGKILL)
            parent.kill()
            assert group_is_gone(guard)
            assert not states_in(scratch)
        finally:
            os.kill(worker, signal.SIGKILL)

    @pytest.mark.skipif(shutil.which("setpriv") is None, reason="no setpriv here to ask the kernel with")
    def test_the_kernel_ends_an_anvil_whose_guard_is_gone(self, anvil: AnvilChain) -> None:
        os.kill(anvil.pid, signal.SIGKILL)
        port, deadline = int(anvil.url.rpartition(":")[2]), time.monotonic() + PATIENCE_S
        answers = True
        while answers and time.monotonic() < deadline:
            with socket.socket() as client:
                answers = client.connect_ex(("127.0.0.1", port)) == 0
        assert not answers

    def test_a_directory_that_nobody_is_left_to_remove_is_removed_by_the_next(self, scratch: Path) -> None:
        with AnvilChain():
            (living,) = states_in(scratch)
            dead, new = scratch / "simnet-anvil-dead", scratch / "simnet-anvil-new"
            for directory in (dead, new):
                directory.mkdir()
            for old in (dead, living):
                os.utime(old, (0, 0))
            AnvilChain().close()
            assert set(states_in(scratch)) == {living, new}

    def test_a_chain_killed_in_mid_run_says_so(self, anvil: AnvilChain) -> None:
        anvil.deploy("OPG", [ALICE], ALICE)
        os.killpg(anvil.pid, signal.SIGKILL)
        with pytest.raises(ChainDied, match="killed by SIGKILL"):
            anvil.mine([transfer(1)], Timestamp(anvil.head[1] + 1))

    def test_a_chain_that_hangs_says_so(self, anvil: AnvilChain) -> None:
        anvil._rpc._connection.sock.settimeout(0.2)
        os.killpg(anvil.pid, signal.SIGSTOP)

        def ask() -> None:
            for _ in range(100):  # on a busy machine it may answer once more before it stops
                anvil.fund(ALICE)

        with pytest.raises(ChainDied, match="stopped answering"):
            ask()
        os.killpg(anvil.pid, signal.SIGCONT)

    def test_a_closed_chain_answers_nothing(self) -> None:
        chain = AnvilChain()
        chain.close()
        with pytest.raises(ChainDied, match="closed"):
            chain.fund(ALICE)


class TestPorts:
    def test_a_port_of_a_stranger_is_reported_as_taken(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as stranger, pytest.raises(ChainStartFailed, match="taken"):
            AnvilChain(port=stranger.getsockname()[1])

    def test_a_port_belongs_to_one_run_until_it_is_closed(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as server:
            port = server.getsockname()[1]
        with AnvilChain(port=port) as chain:
            assert chain.url == f"http://127.0.0.1:{port}"
            with pytest.raises(ChainStartFailed, match="another simnet run"):
                AnvilChain(port=port)
        AnvilChain(port=port).close()

    def test_only_this_machine_can_connect(self, anvil: AnvilChain) -> None:
        port = int(anvil.url.rpartition(":")[2])
        with pytest.raises(OSError, match="refused"):
            socket.create_connection(("127.0.0.2", port), timeout=1)


class TestStartFailures:
    @staticmethod
    def impostor(directory: Path, script: str) -> Path:
        path = directory / "impostor"
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)
        return path

    def test_another_version_is_named_along_with_the_one_wanted(self, scratch: Path) -> None:
        binary = self.impostor(scratch, '[ "$1" = --version ] && echo "anvil 0.2.0 (abc)" || exit 2')
        with pytest.raises(ToolMissing, match=r"0\.2\.0 .* 1\.7\.x"):
            AnvilChain(binary=binary)

    def test_what_the_program_said_last_is_passed_on(self, scratch: Path) -> None:
        script = (
            f'[ "$1" = --version ] && echo "anvil Version: {ANVIL_SERIES}1" || {{ echo "no such flag" >&2; exit 2; }}'
        )
        with pytest.raises(ChainStartFailed, match="exit status 2") as caught:
            AnvilChain(binary=self.impostor(scratch, script))
        assert caught.value.hint == "no such flag"
        assert not states_in(scratch)

    def test_one_that_never_listens_is_given_up(self, scratch: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(anvil_process, "START_TIMEOUT_S", 0.2)
        with pytest.raises(ChainStartFailed, match="not ready"):
            AnvilChain(binary=self.impostor(scratch, "sleep 60"))

    def test_an_answer_of_another_chain_is_not_taken_for_ours(self, anvil: AnvilChain, scratch: Path) -> None:
        port = anvil.url.rpartition(":")[2]
        binary = self.impostor(scratch, f'echo "Listening on 127.0.0.1:{port}"; sleep 60')
        with pytest.raises(ChainStartFailed, match="not the chain that was started"):
            AnvilChain(genesis=Timestamp(DEFAULT_GENESIS + 1), binary=binary)


def test_reorgs_reach_as_deep_as_promised_again_and_again_and_nothing_older_is_kept(anvil: AnvilChain) -> None:
    anvil.deploy("OPG", [ALICE], ALICE)
    snapshot = anvil.snapshot()
    sent = 2 * BLOCKS_KEPT
    for _ in range(sent):
        anvil.mine([transfer(1)], Timestamp(anvil.head[1] + 1))
    with pytest.raises(ValueError, match="cannot replace"):
        anvil.reorg(REORG_DEPTH_MAX + 1)
    for _ in range(3):
        assert len(anvil.reorg(REORG_DEPTH_MAX)) == REORG_DEPTH_MAX
        assert anvil.balance(BOB) == sent - REORG_DEPTH_MAX
    balance = ("eth_getBalance", ALICE)
    assert "result" in anvil._rpc.respond(*balance, hex(anvil.head[0] - REORG_DEPTH_MAX))
    assert "error" in anvil._rpc.respond(*balance, hex(anvil.head[0] - BLOCKS_KEPT - 1))
    anvil.revert_to(snapshot)
    assert anvil.balance(BOB) == 0


def test_a_block_of_many_transactions_keeps_their_order(anvil: AnvilChain) -> None:
    """Beyond a hundred or so requests in one batch, anvil takes them in any order."""
    anvil.deploy("OPG", [ALICE], ALICE)
    senders = [Address(f"0x{i:040x}") for i in range(1, 401)]
    for sender in senders:
        anvil.fund(sender)
    block = anvil.mine(
        [Call(one, "OPG", "approve", (BOB, 1), Gas(60_000)) for one in senders], Timestamp(anvil.head[1] + 1)
    )
    assert [log.args["owner"] for receipt in block.receipts for log in receipt.logs] == senders


def test_a_refused_block_leaves_chain_and_pool_as_they_were(anvil: AnvilChain) -> None:
    anvil.deploy("OPG", [ALICE], ALICE)
    head = anvil.head
    with pytest.raises(RpcFailed, match="of 2 transactions, 1 "):
        anvil.mine([transfer(1), Call(BOB, "OPG", "transfer", (ALICE, 0), Gas(100))], Timestamp(head[1] + 1))
    assert anvil.head == head
    assert int(anvil._rpc.call("eth_blockNumber"), 16) == head[0]
    assert anvil._rpc.call("txpool_status") == {"pending": "0x0", "queued": "0x0"}
    assert anvil.balance(BOB) == 0


def test_a_refused_request_carries_method_and_code(anvil: AnvilChain) -> None:
    with pytest.raises(RpcFailed, match="eth_noSuchThing") as caught:
        anvil._rpc.call("eth_noSuchThing")
    assert (caught.value.method, caught.value.code) == ("eth_noSuchThing", -32601)
