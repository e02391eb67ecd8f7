"""Attacks on the economy: each costs what its file says, without its remedy and with it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from simnet.cli.main import main
from simnet.economy.attacks.catalogue import ATTACKS
from simnet.economy.attacks.run import attack
from simnet.economy.attacks.scenario import AttackScenario
from simnet.economy.load import load_economy
from simnet.scenario.errors import ScenarioErrors
from tests.source import ROOT

pytest.importorskip("pyrevm")

TREASURY = str(40_000_000 * 10**18)
"""Wei, as JSON has it: no number of its own is so large."""

FILES = sorted((ROOT / "scenarios" / "economy" / "attacks").glob("*.yaml"))


def loaded(file: Path, *overrides: str) -> AttackScenario:
    scenario = load_economy(file, overrides)
    assert isinstance(scenario, AttackScenario)
    return scenario


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_an_attack_costs_what_its_file_says(file: Path) -> None:
    without, remedied = attack(loaded(file))
    assert (without.lost, remedied.lost) == (without.expected, remedied.expected)
    assert remedied.lost < without.lost or file.stem == "borrow_votes_within_a_block"


def test_every_attack_has_a_scenario_and_stands_in_the_docs() -> None:
    page = (ROOT / "docs" / "economy.md").read_text()
    assert {loaded(file).attack for file in FILES} == set(ATTACKS)
    assert [name for name in ATTACKS if f"`{name}`" not in page] == []


def test_a_remedy_that_is_taken_away_is_missed(capsys: pytest.CaptureFixture[str]) -> None:
    file = ROOT / "scenarios" / "economy" / "attacks" / "drain_treasury.yaml"
    assert main(["economy", str(file), "--json"]) == 0
    assert main(["economy", str(file), "--json", "--set", "with.rules.quorum=4%"]) == 1
    whole, broken = (json.loads(line) for line in capsys.readouterr().out.replace("]\n[", "]\n\0[").split("\0"))
    assert [side["lost"] for side in whole[0]["sides"]] == [TREASURY, "0"]
    assert [side["lost"] for side in broken[0]["sides"]] == [TREASURY] * 2


def test_a_directory_of_attacks_is_carried_out_and_one_of_other_things_is_not(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    for file in FILES[:2]:
        (tmp_path / file.name).write_text(file.read_text())
    assert main(["economy", str(tmp_path)]) == 0
    assert capsys.readouterr().out.count("yes") == 2
    (tmp_path / "other.yaml").write_text("name: other\n")
    assert main(["economy", str(tmp_path)]) == 2
    assert "neither one scenario nor a directory of attacks alone" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ("attack=drain_treasure", "did you mean 'drain_treasury'?"),
        ("with.rules.quorm=1%", "did you mean 'quorum'?"),
        ("without.rules.slash_share=1.5", "more than the whole"),
        ("with.rules.validators=51", "50"),
    ],
)
def test_what_is_wrong_with_an_attack_is_said(change: str, says: str) -> None:
    with pytest.raises(ScenarioErrors) as caught:
        loaded(FILES[0], change)
    assert says in str(caught.value)


def test_on_anvil_it_costs_the_same() -> None:
    file = ROOT / "scenarios" / "economy" / "attacks" / "poison_slash.yaml"
    assert attack(loaded(file, "backend=anvil")) == attack(loaded(file))
