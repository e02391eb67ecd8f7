"""Contracts and code with a defect are found out by the rows that are about them."""

from __future__ import annotations

import copy
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from nodes.adversaries.learning.experience import Experience
from simnet.comparators.relative import Relative
from simnet.log.tables import Rows, Tables, read_tables
from simnet.run import Options, run
from simnet.scenario.load import load_scenario
from simnet.studies.truth.judge import Outcome, judge_truth
from simnet.studies.truth.observed import Observed
from simnet.studies.truth.suite import case_files, run_case
from tests.mutants import MUTANTS
from tests.simnet.studies.truth.test_truth import CASES


def rows_that_fail(case: str, *overrides: str) -> set[str]:
    """Observations of the rows of a case that do not hold."""
    pytest.importorskip("pyrevm")
    (file,) = case_files(CASES, (case,))
    verdicts = run_case(file, overrides).verdicts
    return {verdict.check.observe or "" for verdict in verdicts if verdict.outcome is Outcome.FAILS}


@pytest.mark.parametrize("name", MUTANTS)
def test_mutants_are_what_their_sources_compile_to(name: str) -> None:
    assert MUTANTS[name].is_up_to_date(), "python -m tests.mutants"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("mutant", "case", "duration", "found_out"),
    [
        pytest.param("settlement_pays_half", "GT-1b", 60, {"payoff_of_honesty"}, marks=pytest.mark.long),
        pytest.param("settlement_pays_half", "GT-7a", 60, {"rewards"}, marks=pytest.mark.long),
        pytest.param(
            "settlement_slashes_half", "GT-1b", 60, {"slash_amounts", "break_even_probability"}, marks=pytest.mark.long
        ),
        ("beacon_is_constant", "GT-3a", 60, {"seeds_repeated"}),
        pytest.param("beacon_is_constant", "GT-4", 60, {"seeds_repeated"}, marks=pytest.mark.long),
        pytest.param("beacon_is_constant", "GT-5", 40, {"seeds_repeated"}, marks=pytest.mark.long),
        pytest.param("beacon_serves_a_constant", "GT-4", 60, {"draws_from_seeds"}, marks=pytest.mark.long),
        ("beacon_serves_a_constant", "GT-5", 40, {"draws_from_seeds"}),
        ("sampling_skips_the_first_claim", "DRAWS", 60, {"draws_by_index"}),
        pytest.param("sampling_draws_too_few", "DRAWS", 300, {"claims_sampled"}, marks=pytest.mark.long),
        pytest.param("panels_skip_two_nodes", "GT-4", 80, {"seats_by_member"}, marks=pytest.mark.long),
        ("votes_count_by_heads", "GT-3c", 60, {"verdicts_by_stake", "frauds_finalised"}),
        ("jackpots_are_split_evenly", "GT-9", 60, {"jackpot_parts"}),
    ],
)
def test_a_contract_with_a_defect_is_found_out(
    mutant: str, case: str, duration: int, found_out: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    MUTANTS[mutant].deploy_instead(monkeypatch)
    assert found_out <= rows_that_fail(case, f"duration={duration} s")


@pytest.mark.long
def test_a_comparator_that_accepts_everything_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    def equal(comparator: Relative, reference: np.ndarray, claimed: np.ndarray) -> bool:
        return True

    monkeypatch.setattr(Relative, "equal", equal)
    assert "detected_within" in rows_that_fail("GT-5", "duration=40 s")


@pytest.mark.long
def test_a_rational_verifier_that_does_what_pays_least_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    best = Experience.best
    monkeypatch.setattr(
        Experience, "best", lambda known, actions: next(a for a in actions if a != best(known, actions))
    )
    assert "verified_once_learnt" in rows_that_fail("GT-10a", "duration=200 s")


# -- logs with a defect ----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def honest_log(tmp_path_factory: pytest.TempPathFactory) -> Tables:
    """The log of a short run of GT-1b."""
    (file,) = case_files(CASES, ("GT-1b",))
    scenario = load_scenario(file, ("duration=40 s",))
    finished = run(scenario, Options(out=Path(tmp_path_factory.mktemp("GT-1b"))))
    return read_tables(finished.directory / "events.jsonl")


def half_transfers(tables: Tables) -> None:
    """The token moves half of what contracts say that they pay."""
    tables.chain["Transfer"] = Rows({**row, "value": str(int(row["value"]) // 2)} for row in tables.event("Transfer"))


def half_slashes(tables: Tables) -> None:
    """Contracts slash half."""
    tables.chain["Slashed"] = Rows({**row, "amount": str(int(row["amount"]) // 2)} for row in tables.event("Slashed"))


def half_work(tables: Tables) -> None:
    """Nodes do half of the work."""
    tables.rows["executed"] = Rows({**row, "macs": row["macs"] // 2} for row in tables.of("executed"))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("defect", "found_out"),
    [
        (None, set()),
        (half_transfers, {"payoff_of_honesty"}),
        (half_slashes, {"slash_amounts", "break_even_probability"}),
        (half_work, {"payoff_of_honesty", "break_even_probability"}),
    ],
)
def test_reward_slash_and_cost_are_read_from_what_happened(
    honest_log: Tables, defect: Callable[[Tables], None] | None, found_out: set[str]
) -> None:
    tables = copy.deepcopy(honest_log)
    if defect is not None:
        defect(tables)
    (file,) = case_files(CASES, ("GT-1b",))
    truth = load_scenario(file).truth
    assert truth is not None
    failed = {v.check.observe for v in judge_truth(truth, Observed(tables)) if v.outcome is Outcome.FAILS}
    assert failed == found_out if defect is None else found_out <= failed
