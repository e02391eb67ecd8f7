"""Published statements hold in simulation, and a sabotaged harness is found out."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from simnet.cli.main import main
from simnet.scenario.load import load_scenario
from simnet.scenario.truth import Truth
from simnet.studies.truth.document import as_markdown, call
from simnet.studies.truth.judge import Verdict, agrees_in_print, binomial_p
from simnet.studies.truth.panels import counted
from simnet.studies.truth.suite import CaseResult, case_files, run_case
from simnet.studies.truth.values import Frequency
from tests.source import ROOT

CASES = ROOT / "scenarios" / "truth"
TASKS_MIN = 10_000

SHORTER = {
    "GT-3c": ("duration=60 s",),
    "GT-8a": ("duration=100 s",),
    "GT-8b": ("duration=60 s",),
    "GT-8c": ("duration=1000 s",),
    "GT-10a": ("duration=400 s",),
    "GT-23": ("duration=80 s",),
    "GT-9": ("duration=60 s",),
}
"""Enough to find a sabotage out."""


def failing(result: CaseResult) -> list[str]:
    """Formulas whose check did not hold."""
    return [verdict.check.formula for verdict in result.verdicts if not verdict.held]


@pytest.mark.slow
@pytest.mark.parametrize("file", case_files(CASES, ()), ids=lambda file: file.stem)
def test_every_case_holds_over_ten_thousand_tasks(file: Path) -> None:
    result = run_case(file)
    assert failing(result) == []
    assert result.held, result.broken
    assert result.tasks >= TASKS_MIN


@pytest.mark.slow
@pytest.mark.parametrize(
    ("case", "sabotage", "found_out"),
    [
        ("GT-5", "strategy.probability=7 %", "seen_by_sampling"),  # a biased sampler
        ("GT-7a", "clients.fee=11 OPG", "break_even_penalty"),  # a wrong reward
        ("GT-17a", "strategy.commit_reveal=false", "constant"),  # votes that can be copied
        ("GT-4", "strategy.size=4", "seats_captured"),  # committees of another size
        ("GT-3c", "strategy.quorum=3/4", "constant"),  # a quorum that 70 % do not reach
        ("GT-8a", "strategy.winner_share=90 %", "fraud_floor"),  # a find that pays less
        ("GT-8b", "strategy.wrong_vote_slash=0.02 %", "fraud_floor"),  # a wrong vote that costs more
        ("GT-8c", "adversaries.0.explore=1", "gain_of_looking"),  # cheats who toss coins
        ("GT-9", "strategy.jackpot=999 OPG", "jackpot_share"),  # a smaller jackpot
        ("GT-10a", "strategy.jackpot=18 OPG", "looks_if_it_pays"),  # a jackpot that does not pay
        ("GT-23", "strategy.comparator.tolerance=0.6", "detector_threshold"),  # a detector of another power
    ],
)
def test_a_sabotaged_case_does_not_hold(case: str, sabotage: str, found_out: str) -> None:
    (file,) = case_files(CASES, (case,))
    result = run_case(file, (sabotage, *SHORTER.get(case, ())))
    assert not result.held
    assert found_out in failing(result)


@pytest.mark.slow
@pytest.mark.parametrize("case", ["GT-3c", "GT-7a", "GT-9", "GT-14a"])
def test_what_contracts_decide_is_the_same_on_anvil(case: str) -> None:
    """Votes by stake, the break-even penalty, the jackpot's split and challenge bonds, over 1,200 tasks each."""
    (file,) = case_files(CASES, (case,))
    result = run_case(file, ("chain.backend=anvil", "clients.tasks=1200"))
    assert result.backend == "anvil"
    assert failing(result) == []
    assert result.held, result.broken
    assert result.tasks >= 1000


def test_the_command_ends_red_when_a_case_does_not_hold(capsys: pytest.CaptureFixture[str]) -> None:
    short = ["--set", "duration=20 s", "--set", "strategy.probability=60 %", "--directory", str(CASES), "--jobs", "1"]
    assert main(["truth", "GT-6", *short]) == 1
    assert "simulation differs" in capsys.readouterr().out


def test_fewer_tasks_are_enough_where_nothing_is_left_to_chance_and_the_page_is_written(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    short = ["--tasks", "80", "--set", "duration=20 s", "--jobs", "1", "--directory", str(CASES)]
    assert main(["truth", "GT-14b", *short, "--markdown", str(page)]) == 0
    assert "80 tasks on revm: `simnet truth GT-14b`" in page.read_text()


def test_a_case_that_is_not_there_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["truth", "GT-99", "--directory", str(CASES)]) == 2
    assert "no case GT-99" in capsys.readouterr().err


def test_a_number_of_a_case_means_its_parts_and_no_other_case() -> None:
    assert {file.stem for file in case_files(CASES, ("GT-1",))} == {"GT-1a", "GT-1b", "GT-1c", "GT-1d", "GT-1e"}
    assert [file.stem for file in case_files(CASES, ("gt-7b",))] == ["GT-7b"]


@pytest.mark.parametrize(
    ("value", "printed", "agrees"),
    [
        (0.00796, "<0.01", True),
        (0.0101, "<0.01", False),
        (0.0877193, "0.0877", True),
        (0.0877193, "0.0878", False),
        (1980.0, "1980", True),
        (0.98998, "0.99", True),
    ],
)
def test_a_formula_must_give_the_printed_digits(value: float, printed: str, agrees: bool) -> None:
    assert agrees_in_print(value, printed) is agrees


def test_certain_events_allow_no_exception() -> None:
    assert binomial_p(Frequency(100, 100), 1.0) == 1.0
    assert binomial_p(Frequency(99, 100), 1.0) == 0.0
    assert binomial_p(Frequency(0, 100), 0.0) == 1.0
    assert binomial_p(Frequency(0, 0), 0.5) == 0.0


@pytest.mark.parametrize(
    ("stakes", "verdict"),
    [([67, 20, 13], (1, 0, 0)), ([66, 20, 14], (0, 0, 1)), ([33, 40, 27], (0, 1, 0)), ([34, 40, 26], (0, 0, 1))],
)
def test_a_verdict_needs_two_thirds_of_the_stake_however_many_heads(
    stakes: list[int], verdict: tuple[int, int, int]
) -> None:
    valid, invalid = 1, 1 << 128
    assert counted(list(zip(stakes, [valid, invalid, invalid], strict=True)), 1, 2, 3) == verdict


# -- the page in the docs --------------------------------------------------------------------------------------


def test_the_page_has_every_case_with_its_statement_and_every_number_of_it_and_no_other() -> None:
    page = (CASES.parents[1] / "docs" / "truth.md").read_text()
    cases = [load_scenario(file).truth for file in case_files(CASES, ())]
    assert re.findall(r"^### (\S+)$", page, re.MULTILINE) == [truth.id for truth in cases if truth]
    for truth in cases:
        assert truth is not None
        section = page.partition(f"### {truth.id}\n")[2].partition("\n### ")[0]
        assert f"\n{truth.statement}\n" in section
        assert f"Known: {truth.known}." in section
        assert f"Source: {truth.source}." in section
        rows = [line for line in section.splitlines() if line.startswith("| `")]
        assert len(rows) == len(truth.checks)
        for row, check in zip(rows, truth.checks, strict=True):
            assert call(check.formula, check.with_) in row
            assert call(check.observe, check.using) in row
            assert row.endswith("| holds |")


def test_the_page_says_what_is_modelled_and_what_does_not_hold() -> None:
    truth = Truth.model_validate(
        {
            "id": "GT-99",
            "statement": "Heads and tails come alike.",
            "source": "a coin",
            "known": "tossed",
            "modelled": "the coin",
            "checks": [{"formula": "constant", "with": {"value": 0.5}, "observe": "frauds_caught"}],
        }
    )
    verdict = Verdict(truth.checks[0], 0.5, Frequency(90, 100), 1e-9, printed_agrees=True, simulated_agrees=False)
    page = as_markdown([CaseResult(Path("GT-99.yaml"), truth, "Tosses.", 100, 0.1, "revm", (verdict,), "")])
    assert "Modelled: the coin." in page
    assert "| `constant(value=0.5)` | 0.5 |  | `frauds_caught()` | 0.9 |" in page
    assert "| [GT-99](#gt-99) | Heads and tails come alike. | tossed | 100 | 0 of 1 | **does not hold** |" in page
    assert "- `frauds_caught`: Frauds detected, of those detected or finalised." in page
