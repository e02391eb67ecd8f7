"""Indifference thresholds: the fit is honest about what it knows, and best responses switch where theory says."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from simnet.batch import processes
from simnet.cli.main import main
from simnet.log.figures import Figures
from simnet.log.tables import read_tables
from simnet.run import Options, run
from simnet.scenario.errors import ScenarioErrors
from simnet.scenario.load import load_scenario
from simnet.studies.equilibrium.fit import Chosen, fit
from simnet.studies.equilibrium.probe import ProbeFailed, preferences, statement_of
from simnet.studies.equilibrium.search import spread
from simnet.studies.truth.suite import case_files
from simnet.theory.dilemma import fraud_floor
from simnet.theory.formulas import FORMULAS
from tests.comparison_samples import Here
from tests.small import scenario
from tests.source import ROOT

CASES = ROOT / "scenarios" / "equilibrium"
BETWEEN = (0.01, 1.0)

STATEMENT = {
    "id": "EQ-9",
    "statement": "an example",
    "source": "this file",
    "known": "derived",
    "vary": "strategy.probability",
    "between": [0.01, 0.5],
    "who": "best_response",
    "turns_to": "honest",
    "formula": "posp_threshold",
    "with": {"cost": 1, "reward": 1.5, "slash": 10},
}


def drawn(threshold: float, width: float, seed: int) -> list[Chosen]:
    """What fifteen participants choose at each of eight values around a indifference threshold."""
    rng = np.random.default_rng(seed)
    values = np.geomspace(threshold / 3, threshold * 3, 8)
    shares = 1 / (1 + (values / threshold) ** (-1 / width))
    return [Chosen(float(v), int(rng.binomial(15, s)), 15) for v, s in zip(values, shares, strict=True)]


# -- the fit ---------------------------------------------------------------------------------------------------


def test_where_all_turn_at_once_the_threshold_is_anywhere_in_between() -> None:
    found = fit([Chosen(0.05, 0, 16), Chosen(0.1, 0, 16), Chosen(0.2, 16, 16), Chosen(0.4, 16, 16)], BETWEEN)
    assert found.low == pytest.approx(0.1, rel=0.05)
    assert found.high == pytest.approx(0.2, rel=0.05)
    assert found.low < found.value < found.high


def test_half_of_a_crowd_marks_the_threshold_and_more_of_them_make_it_sharper() -> None:
    few, many = (fit([Chosen(0.1, n // 4, n), Chosen(0.2, n // 2, n), Chosen(0.4, 3 * n // 4, n)], BETWEEN)
                 for n in (16, 1600))  # fmt: skip
    assert few.value == pytest.approx(0.2, rel=0.05)
    assert many.value == pytest.approx(0.2, rel=0.02)
    assert many.high / many.low < few.high / few.low
    assert many.share_at(many.value) == 0.5
    assert many.share_at(0.4) == pytest.approx(0.75, abs=0.02)


@pytest.mark.long
@pytest.mark.parametrize("width", [0.05, 0.2, 0.6])
def test_the_interval_holds_the_truth_about_as_often_as_it_says(width: float) -> None:
    held = 0
    for seed in range(200):
        found = fit(drawn(0.1, width, seed), BETWEEN)
        held += found.low <= 0.1 <= found.high
    assert held >= 180


def test_who_never_turns_leaves_the_interval_open() -> None:
    found = fit([Chosen(0.05, 0, 16), Chosen(0.5, 0, 16)], BETWEEN)
    assert found.high == pytest.approx(BETWEEN[1])


def test_each_round_looks_closer_at_where_it_may_be() -> None:
    first = spread([], BETWEEN, 5)
    assert [first[0], first[-1]] == pytest.approx([0.01, 1])
    choices = [Chosen(value, 16 if value > 0.1 else 0, 16) for value in first]
    second = spread(choices, BETWEEN, 5)
    assert 0.09 < second[0] < second[-1] < 0.33


# -- what participants prefer ----------------------------------------------------------------------------------


def test_a_preference_is_the_last_change_of_mind_of_who_has_seen_both_pay() -> None:
    statement = scenario(indifference=STATEMENT).indifference
    assert statement is not None

    def row(node: str, subject: str, action: str, **expected: float) -> dict[str, object]:
        named = {"kind": "decided", "node": node, "behaviour": "best_response"}
        return {**named, "subject": subject, "action": action, "expected": expected}

    log = [
        row("a", "", "small", small=1),
        row("a", "", "honest", small=1, honest=2),
        row("a", "0x1", "small", small=1, honest=2),
        row("b", "", "small", small=1),
        {**row("c", "", "honest", small=1, honest=2), "behaviour": "another"},
    ]
    assert preferences(log, statement) == ["honest"]


def test_a_scenario_without_a_statement_cannot_be_searched() -> None:
    with pytest.raises(ProbeFailed, match="no section 'indifference'"):
        statement_of(CASES.parent / "honest.yaml")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"who": "quantize"}, "no behaviour that learns what pays"),
        ({"formula": "posp_treshold"}, "unknown formula"),
        ({"between": [0.5, 0.1]}, "not a range of positive values"),
    ],
)
def test_a_wrong_statement_is_shown_with_its_place(change: dict[str, object], message: str) -> None:
    with pytest.raises(ScenarioErrors, match=message):
        scenario(indifference={**STATEMENT, **change})


# -- the cases -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("file", case_files(CASES, ()), ids=lambda file: file.stem)
def test_theory_is_well_within_the_range_that_is_searched(file: Path) -> None:
    statement = statement_of(file)
    assert statement.id == file.stem
    expected = FORMULAS[statement.formula](**statement.with_)
    assert 3 * statement.between[0] < expected < statement.between[1] / 2


def test_there_are_five_sets_of_parameters_for_the_threshold_of_proof_of_sampling() -> None:
    sets = [statement_of(file).with_ for file in case_files(CASES, ("EQ-1",))]
    assert len(sets) >= 5
    assert all(len({one[name] for one in sets}) > 1 for name in ("cost", "reward", "slash", "colluding"))


def find(out: Path, *more: str) -> int:
    """A short search for the threshold of Proof of Sampling."""
    short = ["--set", "duration=32 s", "--rounds", "2", "--runs", "4", "--jobs", "1", "--directory", str(CASES)]
    return main(["equilibrium", "EQ-1a", *short, "--out", str(out), *more])


@pytest.mark.long
def test_nodes_turn_honest_where_theory_says_and_elsewhere_if_a_slash_is_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("pyrevm")
    monkeypatch.setattr(processes, "Processes", Here)
    assert find(tmp_path) == 0
    assert "1 of 1 cases hold" in capsys.readouterr().out
    frame = pd.read_csv(tmp_path / "equilibrium.csv")
    assert len(frame) == 8
    assert frame["held"].all()
    assert (tmp_path / "equilibrium.html").read_text().count("data-plot=") == 1
    assert list(pd.read_parquet(tmp_path / "equilibrium.parquet")["value"]) == pytest.approx(list(frame["value"]))
    assert find(tmp_path, "--set", "economics.slash_amount=0.3 OPG") == 1
    assert "theory is outside" in capsys.readouterr().out


def test_a_case_that_is_not_there_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["equilibrium", "EQ-99", "--directory", str(CASES)]) == 2
    assert "no case 'EQ-99'" in capsys.readouterr().err


# -- markets ---------------------------------------------------------------------------------------------------


def late_fraud(name: str, duration: str) -> float:
    """Share of frauds among what was asked for in the second half of a market."""
    pytest.importorskip("pyrevm")
    market = load_scenario(CASES.parent / "markets" / f"market_{name}.yaml", (f"duration={duration}",))
    with tempfile.TemporaryDirectory() as directory:
        run(market, Options(out=Path(directory)))
        figures = Figures(read_tables(Path(directory, "events.jsonl")))
    late = figures.claims[figures.claims["sent"] > market.duration / 2]
    return float(late["fraud"].notna().mean())


@pytest.mark.long
def test_where_nobody_pays_for_checking_fraud_comes_back_to_where_checking_just_pays() -> None:
    floor = fraud_floor(check_cost=0.01, reward=0.05)
    assert floor / 2 < late_fraud("unpaid", "2500 s") < 3 / 2 * floor


@pytest.mark.long
def test_where_full_nodes_must_pay_attention_nobody_cheats_but_to_find_out() -> None:
    assert late_fraud("attention", "1000 s") < 0.08
