"""Scenarios that come with simnet are found by their names, from anywhere."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from simnet.cli.main import main
from simnet.scenario.errors import ScenarioErrors
from simnet.scenario.formats import format_named, mistaken_for
from simnet.scenario.load import load_scenario
from simnet.shipped import find_directory, find_scenario, names, shipped
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


@pytest.mark.parametrize(
    ("verb", "name", "said"),
    [
        (["run"], "economy/baseline", "an economy, and not a scenario"),
        (["run"], "whatif/sets/strict", "a parameter set, and not a scenario"),
        (["check"], "byzantine economy/attacks/drain_treasury", "an economy, and not a scenario"),
        (["economy"], "byzantine", "a scenario, and not an economy"),
        (["economy"], "whatif/sets/strict", "a parameter set, and not an economy"),
        (["whatif", "whatif/sets/today"], "byzantine", "a scenario, and not a parameter set"),
        (["whatif", "economy/baseline"], "whatif/sets/today", "an economy, and not a parameter set"),
    ],
    ids=str,
)
def test_a_file_of_another_format_is_told_with_what_it_is_for(
    capsys: pytest.CaptureFixture[str], verb: list[str], name: str, said: str
) -> None:
    assert main([*verb, *name.split()]) == 2
    text = capsys.readouterr().err
    assert said in text
    assert "it is for: simnet " in text
    assert "1 error in " in text


@pytest.mark.parametrize(
    ("verb", "cure"),
    [
        (["run", "qqq"], "write it with: simnet new qqq.yaml"),
        (["compare", "qqq"], "write it with: simnet new qqq.yaml"),
        (["economy", "qqq"], "such as economy/baseline, or copy its file"),
        (["economy", "baseline"], "did you mean 'economy/baseline'?"),
        (["whatif", "qqq", "rrr"], "whatif/sets/today comes with simnet"),
        (["whatif", "today", "strict"], "did you mean 'whatif/sets/today'?"),
        (["whatif", "whatif/sets/today", "whatif/sets/strict", "--on", "qqq"], "write it with: simnet new qqq.yaml"),
        (["run", "posp"], "did you mean 'strategies/posp'?"),
        (["run", "."], "name a file in it; simnet check runs all of a directory"),
        (["whatif", ".", "."], "name a file in it"),
    ],
    ids=str,
)
def test_the_cure_fits_what_was_asked_for(capsys: pytest.CaptureFixture[str], verb: list[str], cure: str) -> None:
    assert main(verb) == 2
    assert cure in capsys.readouterr().err


def test_a_directory_that_comes_with_simnet_has_its_name_as_well(tmp_path: Path) -> None:
    assert find_scenario(Path("economy/attacks")) == shipped() / "economy" / "attacks"
    assert find_directory(Path("strategies")) == shipped() / "strategies"
    Path("strategies").mkdir()
    assert find_directory(Path("strategies")) == Path("strategies")
    assert find_directory(Path("../scenarios")) is None
    assert find_directory(Path("byzantine")) is None


def test_every_file_that_comes_with_simnet_is_of_the_format_of_its_folder() -> None:
    for name in names():
        value = yaml.safe_load((shipped() / f"{name}.yaml").read_text())
        assert mistaken_for(format_named(name), value) is None, name


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
