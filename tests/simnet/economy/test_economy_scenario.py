"""The format of economy scenarios: what is refused, where, and with what cure."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from simnet.economy.load import load_economy
from simnet.economy.paths import draw
from simnet.economy.scenario import EconomyScenario
from simnet.scenario.errors import ScenarioErrors
from tests.source import ROOT


def load_path(file: Path, overrides: Sequence[str] = (), seed: int | None = None) -> EconomyScenario:
    scenario = load_economy(file, overrides, seed)
    assert isinstance(scenario, EconomyScenario)
    return scenario


def loading(tmp_path: Path, text: str) -> str:
    file = tmp_path / "bad.yaml"
    file.write_text(f"name: bad\n{text}\n")
    with pytest.raises(ScenarioErrors) as caught:
        load_economy(file)
    return str(caught.value)


@pytest.mark.parametrize("file", sorted((ROOT / "scenarios" / "economy").glob("*.yaml")), ids=lambda file: file.stem)
def test_what_ships_is_right(file: Path) -> None:
    assert load_economy(file).name == file.stem  # attacks have a test of their own


@pytest.mark.parametrize(
    ("text", "place", "says"),
    [
        ("monts: 3", "2:1", "did you mean 'months'?"),
        ("months: 0", "2:9", "1"),
        ("price: {follows: gmb}", "2:18", "gbm"),
        ("price: {volatility: 0.5}", "2:8", "what is constant has no volatility"),
        ("price: {follows: file}", "2:8", "'follows: file' and 'file' go together"),
        ("price: {follows: file, file: nowhere.csv}", "2:30", "no file 'nowhere.csv'"),
        ("price: {falls: [{month: 3, by: 1.5}]}", "2:32", "less than 1"),
        ("validators: {bond: 5}", "2:20", "OPG"),
        ("validators: {commission: 60 %}", "2:26", "0.5"),
        ("verification: {slash_share: 0.00001}", "2:29", "basis points"),
        ("verification: {unbonding: 29 d}", "2:27", "at most 2.4192e+06"),
        ("delegators: {hurdle: [5 %, 1 %]}", "2:13", "hurdle goes from 0.05 down to 0.01"),
        ("validators: {count: 1000}", "bad.yaml", "at genesis 100_000_000 OPG are for sale"),
        ("validators: {bond: 9_999 OPG}", "bad.yaml", "less than min_bond"),
        ("paths: 4\ncontracts: 5", "bad.yaml", "lower 'contracts' or raise 'paths'"),
        ("contracts: 0", "2:12", "1"),
        ("votes: [{month: 1, for: [airdrop]}]", "2:9", "the vote changes nothing"),
        ("votes: [{month: 1, slash_share: 1 %, for: []}]", "2:43", "at least 1 needed"),
        ("votes: [{month: 1, slash_share: 1 %, for: [treasury]}]", "2:44", "foundation"),
        ("votes: [{month: 1, slash_share: 1 %, for: [airdrop], against: [airdrop]}]", "2:9", "airdrop votes twice"),
        ("months: 1\nvotes: [{month: 1, slash_share: 1 %, for: [airdrop]}]", "bad.yaml", "a vote in month 1, of 1"),
        (
            "votes: [{month: 1, slash_share: 1 %, for: [airdrop]}, {month: 1, slash_amount: 1 OPG, for: [airdrop]}]",
            "bad.yaml",
            "two votes in one month",
        ),
        ("verification: {window: 22 d}", "bad.yaml", "lower 'window'"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(tmp_path: Path, text: str, place: str, says: str) -> None:
    said = loading(tmp_path, text)
    assert place in said
    assert says in said
    assert "Traceback" not in said


def test_all_errors_of_a_file_come_at_once(tmp_path: Path) -> None:
    assert "3 errors" in loading(tmp_path, "months: 0\npaths: 0\nwork: {fee_usd: -1}")


@pytest.mark.parametrize(
    ("rows", "says"),
    [
        ("value\n1\nx\n", ":3: bad value 'x'"),
        ("value\n1\n0\n", ":3: bad value '0'"),
        ("price\n1\n", "no column 'value'"),
        ("value\n1\n2\n", "fewer than 3 values"),
        ("value\n", "no value in it"),
    ],
)
def test_a_path_from_a_file_is_checked(tmp_path: Path, rows: str, says: str) -> None:
    (tmp_path / "path.csv").write_text(rows)
    assert says in loading(tmp_path, "months: 3\nprice: {follows: file, file: path.csv}")


def test_a_path_from_a_file_is_what_the_file_says(tmp_path: Path) -> None:
    (tmp_path / "path.csv").write_text("month,usd\n1,0.5\n2,0.25\n3,2\n4,9\n")
    file = tmp_path / "good.yaml"
    file.write_text("name: good\nmonths: 3\nprice: {follows: file, file: path.csv, column: usd}\n")
    assert draw(load_path(file), [0]).price.tolist() == [[500_000_000, 250_000_000, 2_000_000_000]]


def test_overrides_and_seed(tmp_path: Path) -> None:
    file = tmp_path / "good.yaml"
    file.write_text("name: good\n")
    loaded = load_path(file, ["verification.slash_share=1 %", "months=7"], 9)
    assert (loaded.verification.slash_share, loaded.months, loaded.seed) == (0.01, 7, 9)
