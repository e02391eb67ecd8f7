"""Proving keys: made once, found again, made anew where damaged; and the processes that make them end with us."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from chain.errors import SimnetError
from nodes.models.zoo import default_zoo
from nodes.proofs.circuits import keys
from nodes.proofs.circuits.pinned import circuit
from nodes.proofs.circuits.pool import Pool, ProofFailed
from simnet.cli.main import main
from simnet.scenario.facts import facts_of
from tests.processes import group_is_gone
from tests.small import scenario

pytest.importorskip("ezkl")

CIRCUIT = circuit("diabetes_risk")


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache of its own, with nothing in it."""
    monkeypatch.setenv("SIMNET_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.mark.long
def test_a_key_is_made_once_told_of_and_made_anew_when_damaged(cache: Path) -> None:
    told: list[str] = []
    with Pool() as pool:
        assert not keys.is_ready(CIRCUIT)
        keys.ensure([CIRCUIT, CIRCUIT], pool, told.append)
        assert told == ["zkml: making the proving key of diabetes_risk (20 MB)"]
        keys.ensure([CIRCUIT], pool, told.append)
        assert len(told) == 1
        path = keys.pk_path(CIRCUIT)
        whole = path.read_bytes()
        for damaged in (whole[:-1], whole[:1000] + b"?" + whole[1001:]):
            path.write_bytes(damaged)
            assert not keys.is_ready(CIRCUIT)
        keys.ensure([CIRCUIT], pool, told.append)
        assert path.read_bytes() == whole


def test_the_command_makes_the_keys_that_it_is_asked_for(cache: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["zkml", "setup", "diabetes_risk"]) == 0
    assert "1 proving key is in place." in capsys.readouterr().out
    assert main(["zkml", "list"]) == 0
    rows = [line.split() for line in capsys.readouterr().out.splitlines()]
    made = {row[0]: row[-1] for row in rows if row and row[-1] in ("yes", "no")}
    assert [name for name, is_made in made.items() if is_made == "yes"] == ["diabetes_risk"]
    assert main(["zkml", "setup", "digit_mlp"]) == 2
    assert "did you mean 'digits_mlp'?" in capsys.readouterr().err


@pytest.mark.long
def test_a_run_tells_of_the_keys_that_it_has_to_make(cache: Path) -> None:
    told: list[str] = []
    zkml = scenario(models=["diabetes_risk"], strategy={"kind": "zkml"})
    prover = zkml.strategy.make_prover(facts_of(zkml), default_zoo(), told.append)
    assert prover is not None
    prover.close()
    assert told == ["zkml: making the proving key of diabetes_risk (20 MB)"]


def test_a_key_that_is_not_the_pinned_one_is_no_use(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(CIRCUIT.files, "pk", "0" * 64)
    with Pool() as pool, pytest.raises(SimnetError, match="is not the pinned one"):
        keys.ensure([CIRCUIT], pool)


def test_a_job_that_fails_says_why_and_leaves_no_file(cache: Path) -> None:
    with Pool() as pool:
        pool.start("setup", cache / "pk", compiled="/nowhere", srs=str(CIRCUIT.srs))
        with pytest.raises(ProofFailed, match="ezkl failed: Failed to run setup"):
            pool.wait(cache / "pk")
        assert not (cache / "pk").exists()


@pytest.mark.long
def test_nothing_is_written_into_the_home_directory(cache: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    home.mkdir()
    script = (
        "from nodes.models.zoo import default_zoo\n"
        "from nodes.proofs.circuits.pinned import circuit\n"
        "from nodes.proofs.circuits.proofs import Prover, verify\n"
        "found = circuit('diabetes_risk')\n"
        "with Prover() as prover:\n"
        "    made = prover.prove(found, default_zoo().inputs('diabetes_risk')[0][0])\n"
        "assert verify(found, made.proof, made.instances)\n"
    )
    subprocess.run([sys.executable, "-c", script], env={**os.environ, "HOME": str(home)}, check=True)
    assert list(home.iterdir()) == []


@pytest.mark.long
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_no_worker_outlives_its_parent(cache: Path, how: signal.Signals) -> None:
    cache.mkdir()
    os.mkfifo(cache / "srs")  # whoever reads it waits until we close it: the set-up cannot be over before the signal
    script = (
        "import signal, sys, time; from pathlib import Path\n"
        "signal.signal(signal.SIGINT, signal.default_int_handler)  # background jobs inherit it ignored\n"
        "from nodes.proofs.circuits.pinned import circuit; from nodes.proofs.circuits.pool import Pool\n"
        "pool, cache = Pool(1), Path(sys.argv[1])\n"
        "pool.start('setup', cache / 'pk', compiled=str(circuit('digits_mlp').compiled), srs=str(cache / 'srs'))\n"
        "print(*(run._child.pid for run in pool._running.values()), flush=True); time.sleep(600)\n"
    )
    command = [sys.executable, "-c", script, str(cache)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as parent:
        assert parent.stdout is not None
        worker = int(parent.stdout.readline())
        with (cache / "srs").open("wb"):  # returns when the worker has opened the other end, so it is at work
            parent.send_signal(how)
            parent.wait()
            assert group_is_gone(worker)
    assert not (cache / "pk").exists()
