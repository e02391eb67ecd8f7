"""`simnet doctor`: the truth about this machine, and a line to type for each thing that is missing."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from chain.evm import toolchain
from simnet.cli import doctor
from simnet.cli.main import main


def test_a_machine_that_runs_these_tests_can_run_simnet(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["doctor"]) == 0
    said = capsys.readouterr().out
    assert re.search(rf"{re.escape(toolchain.ANVIL_SERIES)}\d+ at ", said)
    assert "A run can work." in said
    assert "\x1b" not in said, "plain text in a pipe"


@pytest.mark.parametrize("has_revm", [True, False])
def test_without_anvil_it_says_what_to_type_and_fails_where_there_is_no_revm_either(
    has_revm: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(toolchain, "_anvil_candidates", lambda: iter([]))
    monkeypatch.delenv(toolchain.ANVIL_VARIABLE, raising=False)
    monkeypatch.setattr(doctor, "find_spec", lambda name: name if has_revm else None)
    assert main(["doctor"]) == (0 if has_revm else 4)
    said = capsys.readouterr().out
    assert toolchain.install_anvil() in said
    assert ("A run cannot work before this is fixed: anvil." in said) is not has_revm


def test_without_a_compiler_a_run_still_works(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    anvil = toolchain.find_anvil()
    monkeypatch.setenv(toolchain.ANVIL_VARIABLE, str(anvil))
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(toolchain, "REPOSITORY", tmp_path)
    monkeypatch.setattr(toolchain, "find_spec", lambda name: None)
    monkeypatch.chdir(tmp_path)
    assert main(["doctor"]) == 0
    said = capsys.readouterr().out
    for tool in ("node", "npm", "solc", "@openzeppelin/contracts"):
        assert f"{tool} " in said
    assert said.count("to compile contracts: ") == 4


def test_a_missing_package_that_every_run_needs_fails(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(doctor, "PACKAGES", ("simpy", "no-such-package"))
    monkeypatch.setattr(doctor, "EXTRAS", {"no-such-extra": "try this"})
    assert main(["doctor"]) == 4
    said = capsys.readouterr().out
    assert "fixed: no-such-package." in said
    assert "try this" in said
