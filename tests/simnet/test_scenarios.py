"""The scenarios that ship: each can be read, and shows what it says it shows."""

from __future__ import annotations

from pathlib import Path

import pytest

from chain.quantities import TOTAL_SUPPLY
from simnet.log.tables import Tables, read_tables
from simnet.run import Finished, Options, run
from simnet.scenario.errors import CannotRunHere
from simnet.scenario.load import load_scenario, parse_scenario
from tests.source import ROOT

ON_ANVIL = ("byzantine", "honest")
"""Those that are run on anvil; that both chains write the same log is shown elsewhere."""
SIMULATED = "strategy.prover=simulated"
"""Real proofs take a minute: that they lead to the same is shown elsewhere, by a few of them."""
SCENARIOS = sorted(ROOT.glob("scenarios/*.yaml"))


def names(path: Path) -> str:
    """A test's name for a file."""
    return path.stem


def assert_shows_what_it_says(finished: Finished) -> Tables:
    """The run passed, nothing was cut short, and the books add up."""
    assert finished.failure is None
    missed = [
        judged.detail for judged in (*finished.results.expectations, *finished.results.sometimes) if not judged.held
    ]
    assert (finished.results.outcome, missed) == ("pass", []), finished.results.reason
    tables = read_tables(finished.directory / "events.jsonl")
    last = tables.of("balances_read")[-1]
    held = sum(map(int, last["wallets"])) + sum(int(amount) for _, _, amount in last["contracts"])
    assert (last["moment"], int(last["total"]), held) == ("end", TOTAL_SUPPLY, 10**27)
    return tables


def test_the_scenarios_of_the_first_release_are_there() -> None:
    expected = {
        "byzantine",
        "honest",
        "lazy_verifiers",
        "copycats",
        "copycats_open_vote",
        "majority_collusion",
        "argmax_blind_spot",
        "argmax_blind_spot_closed",
    }
    assert expected <= {path.stem for path in SCENARIOS}


@pytest.mark.parametrize("path", SCENARIOS, ids=names)
def test_a_scenario_is_named_after_its_file_says_what_it_shows_and_expects_something(path: Path) -> None:
    scenario = load_scenario(path)
    assert scenario.name == path.stem
    assert len(scenario.description) > 40
    assert scenario.expect
    assert parse_scenario(scenario.resolved_yaml().encode(), "resolved", path.parent) == scenario


@pytest.mark.long
@pytest.mark.parametrize("path", [path for path in SCENARIOS if path.stem not in ON_ANVIL], ids=names)
def test_a_scenario_shows_what_it_says(path: Path, tmp_path: Path) -> None:
    pytest.importorskip("pyrevm")
    changes = ["chain.backend=revm", *([SIMULATED] if "kind: proofs" in path.read_text() else [])]
    try:
        scenario = load_scenario(path, changes, to_run=True)
    except CannotRunHere as error:
        pytest.skip(error.problems[0].message)
    assert_shows_what_it_says(run(scenario, Options(out=tmp_path)))


@pytest.mark.long
@pytest.mark.parametrize("name", ["byzantine", "honest"])
def test_on_anvil_a_scenario_shows_what_it_says_and_slashed_stake_on_chain_is_that_of_the_log(
    name: str, tmp_path: Path
) -> None:
    (path,) = (path for path in SCENARIOS if path.stem == name)
    tables = assert_shows_what_it_says(run(load_scenario(path, ["chain.backend=anvil"]), Options(out=tmp_path)))
    first, *_, last = tables.of("balances_read")
    on_chain = sum(map(int, first["bonded"])) - sum(map(int, last["bonded"]))
    assert on_chain == sum(int(row["amount"]) for row in tables.event("Slashed"))
    assert (on_chain > 0) is (name == "byzantine")
    liars = {row["node"] for row in tables.of("cheated") if row["act"] == "answer"}
    slashed = {tables.names[row["node"]] for row in tables.event("Slashed")}
    honest = {row["name"] for row in tables.of("participant_joined") if not row["dishonest"]}
    assert liars <= slashed
    assert not slashed & honest
