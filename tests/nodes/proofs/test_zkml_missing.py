"""Without ezkl: what needs it ends with exit code 4 and the line that installs it, and nothing else breaks."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from nodes.proofs.circuits import library
from nodes.proofs.circuits.library import ZkmlMissing
from nodes.proofs.circuits.pinned import circuit
from nodes.proofs.circuits.proofs import Prover, verify
from nodes.proofs.circuits.times import MEASURED, proof_times
from simnet.cli.main import main

CIRCUIT = circuit("diabetes_risk")


@pytest.fixture(autouse=True)
def no_ezkl(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Python finds no such module; nor is anything in the cache."""
    monkeypatch.setitem(sys.modules, "ezkl", None)
    monkeypatch.setenv("SIMNET_CACHE", str(tmp_path_factory.mktemp("cache")))


def test_whoever_needs_it_is_told_how_to_install_it() -> None:
    def prove() -> object:
        with Prover() as prover:
            return prover.prove(CIRCUIT, np.zeros(CIRCUIT.input_shape, np.float32))

    for act in (
        prove,
        lambda: verify(CIRCUIT, b"", ()),
        lambda: proof_times(MEASURED, ("diabetes_risk",)),
        library.load,
    ):
        with pytest.raises(ZkmlMissing, match="not installed") as caught:
            act()
        assert caught.value.exit_code == 4
        assert "simnet[zkml]" in (caught.value.hint or "")


def test_making_keys_ends_with_4_and_the_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["zkml", "setup"]) == 4
    assert "pip install 'simnet[zkml]'" in capsys.readouterr().err


@pytest.mark.parametrize("command", [["zkml", "list"], ["zkml", "times"], ["--help"]])
def test_what_does_not_need_it_works(command: list[str]) -> None:
    assert main(command) == 0


def test_another_version_is_as_good_as_none(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(library, "find_spec", lambda name: object())
    monkeypatch.setattr(library, "version", lambda name: "22.0.0")
    with pytest.raises(ZkmlMissing, match=r"needs ezkl 23.0.5, not 22.0.0"):
        library.require_ezkl()
