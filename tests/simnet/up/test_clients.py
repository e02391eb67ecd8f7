"""Clients of others, unchanged, against one `simnet up`: packages at pinned hashes, in an environment of their own."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from platformdirs import user_cache_path

from chain.quantities import OPG
from simnet.up import client
from tests.nodes.enclave.test_tee_official import UNREACHABLE
from tests.simnet.cli.test_cli_up import KEY, approve, contract, rows, wait_for
from tests.source import ROOT
from tests.up_process import Up, up

pytestmark = [pytest.mark.long, pytest.mark.timeout(1200)]
"""Long: packages are installed the first time."""

CLIENTS = ROOT / "tests" / "clients"
GET_ENABLED = "getEnabledTEEs(uint8)(bytes32[])"
SAID = "You said: Is anybody there?"


def python() -> Path:
    """A Python with `opengradient` 1.1.4, `og-x402` 0.0.2.dev2 and `openai`."""
    try:
        return client.environment(print)
    except client.ClientMissing as missing:
        if UNREACHABLE.search(str(missing)):
            pytest.skip(f"no package registry can be reached: {missing}")
        raise


def laid_over(name: str) -> Path:
    """A directory with the packages of a lock file alone, made once."""
    lock = ROOT / "requirements" / f"{name}.lock"
    home = user_cache_path("simnet") / f"{name}-{hashlib.sha256(lock.read_bytes()).hexdigest()[:12]}"
    if home.exists():
        return home
    made = Path(tempfile.mkdtemp(prefix=f".{name}-", dir=home.parent))
    pip = (sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--require-hashes")
    done = subprocess.run([*pip, "--target", made, "-r", lock], capture_output=True, text=True, check=False)
    if done.returncode and UNREACHABLE.search(done.stderr):
        shutil.rmtree(made)
        pytest.skip(f"no package registry can be reached: {done.stderr}")
    assert done.returncode == 0, done.stderr
    made.rename(home)
    return home


def run(net: Up, script: Path, *over: str, **extra: str) -> str:
    """What a script says in the client's environment, with packages laid over it."""
    known = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    paths = os.pathsep.join(str(laid_over(name)) for name in over)
    told = {**known, **net.variables, **extra, **({"PYTHONPATH": paths} if paths else {})}
    done = subprocess.run([python(), script], capture_output=True, text=True, env=told, check=False, timeout=300)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@contextmanager
def approved(directory: Path) -> Iterator[Up]:
    """A network on which Permit2 may take the client's OPG."""
    with up(directory, "--idle", "3", "--batch-idle", "3") as made:
        approve(made)
        yield made


@pytest.fixture(scope="module")
def net(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    with approved(tmp_path_factory.mktemp("up")) as made:
        yield made


@pytest.fixture
def fresh_net(tmp_path: Path) -> Iterator[Up]:
    """One that knows no channel of this client's: another client would have to know how far it has been drawn."""
    with approved(tmp_path) as made:
        yield made


def collected(net: Up) -> int:
    """OPG that the client has paid so far, in wei."""
    opg = contract(net, "BASE_MAINNET_RPC", "OPG_ADDRESS", "BaseOPG")
    return int(1_000 * OPG - opg.functions.balanceOf(KEY.address).call())


def test_the_openai_package_is_answered_over_a_transport_that_pays(net: Up) -> None:
    before = collected(net)
    answered: dict[str, Any] = json.loads(run(net, CLIENTS / "openai_client.py"))
    assert answered["chat"] == answered["stream"] == SAID
    assert (answered["tool"], answered["completion"]) == ("weather", "You said: Once")
    assert "gpt-5" in answered["models"]
    assert wait_for(lambda: [{}] if collected(net) > before else [])


def test_veil_answers_what_it_has_verified(net: Up, tmp_path: Path) -> None:
    served = len(rows(net, "text_served"))
    answered = json.loads(run(net, CLIENTS / "veil_client.py", "veil", OG_VEIL_HOME=str(tmp_path)))
    assert answered == {"chat": SAID, "stream": SAID}
    mine = rows(net, "text_served")[served:]
    assert [row["caller"] for row in mine] == ["ohttp-relay-0"] * 2


def from_npm() -> Path:
    """A directory with the packages of ``tests/clients/package-lock.json``, made once."""
    lock = CLIENTS / "package-lock.json"
    home = user_cache_path("simnet") / f"npm-{hashlib.sha256(lock.read_bytes()).hexdigest()[:12]}"
    if home.exists():
        return home
    if shutil.which("npm") is None:
        pytest.skip("no npm here")
    made = Path(tempfile.mkdtemp(prefix=".npm-", dir=home.parent))
    for name in ("package.json", "package-lock.json", "x402_client.mjs"):
        shutil.copy(CLIENTS / name, made)
    install = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
    done = subprocess.run(install, cwd=made, capture_output=True, text=True, check=False)
    if done.returncode and UNREACHABLE.search(done.stderr):
        shutil.rmtree(made)
        pytest.skip(f"no package registry can be reached: {done.stderr}")
    assert done.returncode == 0, done.stderr
    made.rename(home)
    return home


@pytest.mark.parametrize("scheme", ["upto", "batch-settlement"])
def test_the_x402_client_in_typescript_pays_by_session_and_by_channel(net: Up, scheme: str) -> None:
    home, served = from_npm(), len(rows(net, "text_served"))
    shutil.copy(CLIENTS / "x402_client.mjs", home)
    trusting = {"NODE_TLS_REJECT_UNAUTHORIZED": "0", "NODE_NO_WARNINGS": "1"}  # Node.js wants a name in certificates
    told = {**os.environ, **net.variables, "SCHEME": scheme, **trusting}
    command = ["node", "x402_client.mjs"]
    done = subprocess.run(command, cwd=home, env=told, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == [SAID] * 3
    paid_by(scheme, rows(net, "text_served")[served:])


@pytest.mark.parametrize("scheme", ["upto", "batch-settlement"])
def test_og_x402_that_it_moves_to_pays_by_session_and_by_channel(fresh_net: Up, scheme: str) -> None:
    """og-x402 2.15.0, which has no sessions either."""
    answered = json.loads(run(fresh_net, CLIENTS / "x402_client.py", "channels", SCHEME=scheme))
    assert answered == [SAID] * 3
    paid_by(scheme, rows(fresh_net, "text_served"))


def paid_by(scheme: str, mine: list[dict[str, Any]]) -> None:
    """Whether three answers were paid as a client without sessions does."""
    used = {row["session"] for row in mine}
    assert len(mine) == 3
    if scheme == "upto":
        assert len(used) == 3, "sessions are og-x402's own: upstream's client pays anew for each answer"
    else:
        (channel,) = used
        assert len(bytes.fromhex(channel.removeprefix("0x"))) == 32


def test_cast_reads_and_sends_on_both_chains(net: Up) -> None:
    cast = from_npm() / "node_modules" / "@foundry-rs" / "cast-linux-amd64" / "bin" / "cast"
    if not cast.exists():
        pytest.skip("cast's package is for Linux on x86-64")

    def say(chain: str, *arguments: str) -> str:
        command = [str(cast), *arguments, "--rpc-url", net[chain]]
        return subprocess.run(command, capture_output=True, text=True, check=True, timeout=120).stdout.strip()

    nobody = "0x" + "5a" * 20
    key = ("--private-key", net["OG_PRIVATE_KEY"])
    assert [say(chain, "chain-id") for chain in ("OG_RPC_URL", "BASE_MAINNET_RPC")] == ["10740", "8453"]
    (enclave,) = json.loads(say("OG_RPC_URL", "call", net["OG_TEE_REGISTRY"], GET_ENABLED, "0", "--json"))[0]
    assert len(enclave) == 66
    sent = say("BASE_MAINNET_RPC", "send", net["OPG_ADDRESS"], "transfer(address,uint256)", nobody, "5", *key, "--json")
    assert json.loads(sent)["status"] == "0x1"
    assert say("BASE_MAINNET_RPC", "call", net["OPG_ADDRESS"], "balanceOf(address)(uint256)", nobody) == "5"
    paid = say("OG_RPC_URL", "send", nobody, "--value", "7", *key, "--json")
    assert json.loads(paid)["status"] == "0x1"
    assert say("OG_RPC_URL", "balance", nobody) == "7"


def test_the_client_before_makes_the_same_tour(tmp_path: Path) -> None:
    wrapper = tmp_path / "python"
    wrapper.write_text(f'#!/bin/sh\nPYTHONPATH="{laid_over("earlier")}" exec "{python()}" "$@"\n')
    wrapper.chmod(0o755)
    version = [str(wrapper), "-c", "import importlib.metadata as m; print(m.version('opengradient'))"]
    assert subprocess.run(version, capture_output=True, text=True, check=True).stdout == "1.1.3\n"
    out = tmp_path / "run"
    tour = [sys.executable, "-m", "simnet.cli.main", "tour", "--python", str(wrapper), "--out", str(out)]
    done = subprocess.run(tour, capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "10 recorded and audited" in done.stdout
