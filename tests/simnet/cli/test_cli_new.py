"""`simnet new`: a first scenario that says what it is, and runs."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from simnet.cli.main import main
from simnet.run import Options, run
from simnet.scenario.load import load_scenario


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_it_has_a_comment_in_every_section_and_passes(capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("pyrevm")
    assert main(["new", "mine.yaml"]) == 0
    assert "simnet run mine.yaml" in capsys.readouterr().out
    scenario = load_scenario("mine.yaml", ["chain.backend=revm"])
    assert scenario.name == "mine"
    sections = re.split(r"\n\n", Path("mine.yaml").read_text())
    assert [section for section in sections if "#" not in section and "arrivals" not in section] == []
    assert run(scenario, Options()).results.outcome == "pass"


def test_it_writes_over_nothing_unless_forced(capsys: pytest.CaptureFixture[str]) -> None:
    Path("mine.yaml").write_text("mine")
    assert main(["new", "mine.yaml"]) == 2
    assert "--force" in capsys.readouterr().err
    assert Path("mine.yaml").read_text() == "mine"
    assert main(["new", "mine.yaml", "--force"]) == 0
    assert load_scenario("mine.yaml")


@pytest.mark.parametrize(("file", "code"), [("no/such/place.yaml", 4), ("-odd name-.yaml", 0)])
def test_a_place_that_cannot_be_is_an_error_and_an_odd_name_is_not(file: str, code: int) -> None:
    assert main(["new", "--", file]) == code
