"""Contracts that do what they must not, compiled from sabotaged sources: a whole run with them breaks an invariant."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from chain.evm import abi
from chain.evm import compile as compiler
from simnet.run import Options, run
from tests.small import scenario

SOURCES = ("Claims", "OPG", "Settlement", "Staking")
PAID = "if (paid > 0) opg.safeTransfer(batch.node, paid);"
SHARED = "paid -= toVerifier;"

SABOTAGES = [
    pytest.param(PAID, PAID.replace("paid);", "paid / 2);"), "ledger_agrees_with_chain", id="half of all fees is kept"),
    pytest.param(SHARED, f"{SHARED} paid -= paid / 2;", "fees_are_accounted_for", id="half is kept, and told"),
]


def sabotaged(directory: Path, line: str, instead: str) -> abi.Artifact:
    """Settlement with one line of its source replaced."""
    (directory / "core").mkdir()
    for name in SOURCES:
        shutil.copy(compiler.CONTRACTS / "core" / f"{name}.sol", directory / "core")
    source = directory / "core" / "Settlement.sol"
    text = source.read_text()
    assert text.count(line) == 1
    source.write_text(text.replace(line, instead))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(compiler, "CONTRACTS", directory)
        compiled = json.loads(compiler.compile_contracts()["Settlement"])
    return abi.Artifact(compiled["name"], compiled["abi"], bytes.fromhex(compiled["bytecode"].removeprefix("0x")))


@pytest.mark.long
@pytest.mark.timeout(900)
@pytest.mark.parametrize(("line", "instead", "invariant"), SABOTAGES)
def test_a_settlement_that_keeps_fees_breaks_an_invariant(
    line: str, instead: str, invariant: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pytest.importorskip("pyrevm")
    (tmp_path / "sources").mkdir()
    settlement, load = sabotaged(tmp_path / "sources", line, instead), abi.load
    monkeypatch.setattr(abi, "load", lambda name: settlement if name == "Settlement" else load(name))
    results = run(scenario(), Options(out=tmp_path / "run")).results
    assert results.outcome == "fail"
    assert invariant in [finding.name for finding in results.invariants if not finding.held]
