"""Real proofs in whole runs: made by ezkl, verified by its contracts, and wanted by those alone that ask for them."""

from __future__ import annotations

import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from simnet.cli.main import main
from simnet.log.tables import Tables, read_tables
from simnet.run import Options, run
from tests.small import scenario

NODES = {"inference": {"count": 2, "batch_interval": "10 s"}, "full": {"count": 3}}
FEW = {"count": 2, "arrivals": "constant 1/s", "tasks": 4}
CHEAT = [{"behaviour": "forged_witness", "nodes": ["inference-0"]}]


def played(directory: Path, **sections: Any) -> tuple[Any, Tables]:
    small = scenario(
        **{
            "strategy": {"kind": "zkml", "proving_period": "60 s"},
            "models": ["diabetes_risk"],
            "duration": "30 s",
            "settle": "2 min",
            "nodes": NODES,
            "clients": FEW,
            **sections,
        }
    )
    finished = run(small, Options(out=directory))
    return finished, read_tables(directory / "events.jsonl")


def refusals(tables: Tables) -> Counter[str]:
    rows = [row for row in tables.transactions if row["function"] == "prove"]
    return Counter((row["revert"] or "taken").partition("(")[0] for row in rows)


@pytest.mark.long
def test_what_ezkl_proves_its_contract_takes_and_the_batch_is_final(zkml_cache: Path, tmp_path: Path) -> None:
    pytest.importorskip("pyrevm")
    finished, tables = played(tmp_path)
    assert refusals(tables) == {"taken": 4}
    assert {row["fault"] for row in tables.of("evidence_checked")} == {""}
    assert finished.results.metrics["tasks_finalised"].value == 4
    assert 0 < finished.results.metrics["circuit_gap"].value < 1e-3


@pytest.mark.long
def test_a_proof_of_a_made_up_witness_is_refused_and_a_second_run_is_the_same(zkml_cache: Path, tmp_path: Path) -> None:
    pytest.importorskip("pyrevm")
    finished, tables = played(tmp_path / "first", adversaries=CHEAT)
    taken = refusals(tables)
    assert taken["InvalidProof"] == finished.results.metrics["fraud_committed"].value > 0
    assert taken["taken"] == 4 - taken["InvalidProof"]
    assert finished.results.metrics["fraud_finalised"].value == 0
    again, _ = played(tmp_path / "second", adversaries=CHEAT)
    assert again.results.digest == finished.results.digest


def missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ezkl", None)


def text(modes: str, directory: Path) -> str:
    """Writes a scenario; answers where."""
    path = directory / "small.yaml"
    path.write_text(
        "name: small\nduration: 20 s\nchain: {backend: revm}\nmodels: [diabetes_risk]\n"
        f"clients: {{count: 2, arrivals: constant 1/s, tasks: 4, modes: {modes}}}\nstrategy: proofs\n"
    )
    return str(path)


def test_without_ezkl_a_run_that_needs_it_ends_with_4_and_the_line_that_installs_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    missing(monkeypatch)
    assert main(["run", text("{zkml: 100 %}", tmp_path), "--headless", "--out", str(tmp_path / "out")]) == 4
    assert "simnet[zkml]" in capsys.readouterr().err


@pytest.mark.long
def test_and_one_that_asks_for_other_proofs_does_not_need_it(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("pyrevm")
    missing(monkeypatch)
    command = ["run", text("{vanilla: 50 %, tee: 50 %}", tmp_path), "--headless", "--out", str(tmp_path / "out")]
    assert main(command) == 0
