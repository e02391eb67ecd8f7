"""`simnet tour`: the official client's tour, and what is said when it cannot be made or does not go well."""

from __future__ import annotations

import ast
import re
import stat
from pathlib import Path

import pytest

from simnet.cli.main import main
from simnet.up import client, client_tour
from tests.nodes.enclave.test_tee_official import UNREACHABLE
from tests.source import ROOT

STEPS = (
    *("registry", "approval", "chat", "stream", "tools", "json", "completion", "verify"),
    *("private", "tampering", "enum"),
    *("infer", "upload", "workflow", "settlement"),
)


def impostor(directory: Path, script: str) -> str:
    """Something in the place of a Python that has the client."""
    made = directory / "python"
    made.write_text(f"#!/bin/sh\n{script}\n")
    made.chmod(made.stat().st_mode | stat.S_IXUSR)
    return str(made)


@pytest.mark.long
@pytest.mark.timeout(1200)
def test_the_official_client_finds_everything_in_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The client as it is published, at the hash of the lock file. Long: it takes a minute and a half to install."""
    monkeypatch.chdir(tmp_path)
    try:
        python = client.environment(print)
    except client.ClientMissing as missing:
        if UNREACHABLE.search(str(missing)):
            pytest.skip(f"no package registry can be reached: {missing}")
        raise
    code = main(["tour", "--python", str(python), "--out", "run"])
    said = (tmp_path / "run" / "tour.txt").read_text()
    assert code == 0, said
    assert [line.split()[0] for line in said.splitlines()] == [*STEPS, "done", "accounts"]
    account = re.search(r"10 answers, worth (\d+) wei: (\d+) collected, 0 served unpaid; 10 recorded and audited", said)
    assert account is not None, said
    assert account[1] == account[2]
    collected = re.search(r"(\d+) wei of OPG collected on the payment chain, and (\d+) of the relay", said)
    assert collected is not None, said
    assert int(collected[1]) + int(collected[2]) == int(account[2])


def test_what_runs_in_clients_environments_imports_nothing_of_simnet() -> None:
    scripts = [Path(client_tour.__file__), *(ROOT / "tests" / "clients").glob("*.py")]
    assert len(scripts) >= 3
    for script in scripts:
        for node in ast.walk(ast.parse(script.read_text())):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            own = {name.partition(".")[0] for name in names} & {
                "chain",
                "nodes",
                "simnet",
                "reports",
                "dashboards",
                "tests",
            }
            assert not own, f"{script.name} imports {own}"


def test_a_client_that_fails_fails_the_tour_and_is_on_record(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    python = impostor(tmp_path, 'echo "at $OG_GATEWAY_URL, for $OG_ADDRESS"; echo "failed: no answer" >&2; exit 1')
    assert main(["tour", "--python", python, "--out", "run"]) == 1
    first, second, accounts = (tmp_path / "run" / "tour.txt").read_text().splitlines()
    assert re.fullmatch(r"at https://127\.0\.0\.1:\d+, for 0xf39fd6e51aad88f6f4ce6ab8827279cfffb92266", first)
    assert second == "failed: no answer"
    assert accounts == "accounts    0 answers, worth 0 wei: 0 collected, 0 served unpaid; 0 recorded and audited"
    assert "failed: no answer" in capsys.readouterr().out


def test_a_client_that_cannot_be_installed_is_said_in_a_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lock = tmp_path / "client.lock"
    lock.write_text(f"{tmp_path}/nothing.whl --hash=sha256:{'0' * 64}\n")
    monkeypatch.setattr(client, "LOCK", lock)
    monkeypatch.setattr(client, "user_cache_path", lambda name: tmp_path / "cache" / name)
    assert main(["tour"]) == 4
    first, *_ = capsys.readouterr().err.splitlines()
    assert first.startswith("OpenGradient's client cannot be installed: ERROR")
    assert list((tmp_path / "cache" / "simnet").iterdir()) == [], "nothing half made is left"


def test_without_a_lock_file_a_python_has_to_be_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(client, "LOCK", tmp_path / "client.lock")
    assert main(["tour"]) == 4
    assert capsys.readouterr().err == (
        "there is no client.lock here\n  run it from a checkout, or name a Python with --python\n"
    )
