"""`simnet economy`: what it prints, leaves and refuses."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from simnet.cli.main import main
from simnet.economy import answers
from simnet.economy.figures import COLUMNS

pytest.importorskip("pyrevm")

TEXT = """
name: tiny
months: 6
paths: 3
validators: {count: 3, bond: 30_000 OPG}
delegators: {per_validator: 1, stake: 20_000 OPG}
demand: {start: 1_000_000}
"""


@pytest.fixture
def scenario(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(answers, "SWEPT_PATHS", 2)
    monkeypatch.setattr(answers, "TRIED_PATHS", 5)
    file = tmp_path / "tiny.yaml"
    file.write_text(TEXT)
    return file


def test_it_answers_five_questions_and_leaves_tables(
    scenario: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    assert main(["economy", str(scenario), "--out", str(out)]) == 0
    told = capsys.readouterr().out
    assert sum(line.endswith("?") for line in told.splitlines()) == 5
    assert "on path 0 the model agrees to the wei" in told
    assert "Five questions" in (out / "economy.html").read_text()
    months = pd.read_parquet(out / "months.parquet")
    assert list(months.columns) == ["source", "path", "month", *COLUMNS]
    assert months.groupby("source").size().to_dict() == {"contracts": 6, "model": 18}
    pd.testing.assert_frame_equal(months, pd.read_csv(out / "months.csv"), check_dtype=False)
    assert set(pd.read_csv(out / "answers.csv")["kind"]) == {"measured", "modelled", "derived"}


def test_json_is_one_document_and_the_same_twice(
    scenario: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    told = []
    for _ in range(2):
        given = ["--json", "--paths", "2", "--contracts", "2"]
        assert main(["economy", str(scenario), "--out", str(tmp_path / "out"), *given]) == 0
        told.append(json.loads(capsys.readouterr().out))
        del told[-1]["contracts"]["wall_s"]
    assert told[0] == told[1]
    assert told[0]["paths"] == 2
    assert told[0]["contracts"]["paths"] == [0, 1]
    assert len(told[0]["answers"]) == 5


def test_without_pyrevm_it_says_so(
    scenario: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("simnet.economy.ledger.find_spec", lambda name: None)
    assert main(["economy", str(scenario)]) == 4
    assert "pyrevm, which is not installed" in capsys.readouterr().err


def test_what_is_wrong_is_exit_code_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "bad.yaml").write_text("name: bad\nmonts: 2\n")
    assert main(["economy", str(tmp_path / "bad.yaml")]) == 2
    assert "bad.yaml:2:1: unknown key 'monts'" in capsys.readouterr().err
    assert main(["economy", str(tmp_path / "nowhere.yaml")]) == 2
