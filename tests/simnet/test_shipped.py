"""Scenarios that come with simnet are found by their names, from anywhere."""

from __future__ import annotations

from pathlib import Path

import pytest

from simnet.scenario.errors import ScenarioErrors
from simnet.scenario.load import load_scenario
from simnet.shipped import find_scenario, names, shipped
from tests.source import ROOT


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def test_every_scenario_of_the_repository_has_a_name() -> None:
    files = sorted((ROOT / "scenarios").rglob("*.yaml"))
    assert [find_scenario(Path(name)) for name in sorted(names())] == sorted(files)


def test_a_file_of_ones_own_comes_first() -> None:
    Path("honest").write_text("name: mine")
    assert find_scenario(Path("honest")) == Path("honest")
    assert find_scenario(Path("byzantine")) == shipped() / "byzantine.yaml"
    assert load_scenario(find_scenario(Path("strategies/posp"))).strategy.kind == "posp"


@pytest.mark.parametrize(
    ("said", "hint"),
    [
        ("byzantin", "did you mean 'byzantine'?"),
        ("scenarios/byzantine.yaml", "'byzantine' comes with simnet: leave the rest out"),
        ("nowhere.yaml", "write it with: simnet new nowhere.yaml"),
    ],
)
def test_what_is_not_there_is_said_with_what_is(said: str, hint: str) -> None:
    with pytest.raises(ScenarioErrors, match="no such file") as caught:
        find_scenario(Path(said))
    assert hint in str(caught.value)


def test_a_file_that_is_not_there_may_be_one_beside_it_or_one_that_ships(tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").touch()

    def hint(path: Path) -> str:
        with pytest.raises(ScenarioErrors) as caught:
            find_scenario(path)
        return str(caught.value.problems[0].hint)

    assert hint(tmp_path / "mine.yam") == f"did you mean '{tmp_path / 'mine.yaml'}'?"
    assert hint(Path("byzantin")) == "did you mean 'byzantine'?"
    assert hint(tmp_path / "nowhere" / "zzz.yaml").startswith("write it with: simnet new ")
    assert hint(Path("qqqqqqq")).startswith("write it with: simnet new qqqqqqq.yaml")
