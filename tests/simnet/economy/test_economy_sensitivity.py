"""What outcomes hang on: the two methods find what is known to matter, and nothing in what cannot."""

from __future__ import annotations

import importlib.util

import numpy as np
import pytest

from simnet.cli.main import main
from simnet.economy import sensitivity as module
from simnet.economy.figures import Figures
from simnet.economy.sensitivity import Varied, sensitivity
from tests.simnet.economy.worlds import small
from tests.source import ROOT


@pytest.fixture
def varied(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two quantities that decide what a validator earns, and one that decides nothing that is looked at."""
    chosen = (
        Varied("work.fee_usd", 1e-3, 1e-2, decades=True),
        Varied("verification.verifier_share", 0.0, 0.5),
        Varied("work.value_usd", 0.1, 10.0, decades=True),
    )
    outcome = {"income": lambda figures: figures["income_usd"][:, 0]}
    for name, value in {"VARIED": chosen, "OUTCOMES": outcome, "PATHS": 1, "SAMPLES": 64, "KEPT": 2}.items():
        monkeypatch.setattr(module, name, value)


def test_what_matters_is_found_and_what_cannot_is_not(varied: None) -> None:
    pytest.importorskip("SALib")
    done: list[float] = []
    scenario = small(months=1, price={"follows": "constant", "start": 0.1, "volatility": 0.0})
    found = {(one.method, one.path): one for one in sensitivity(scenario, done.append)}
    assert found["morris", "work.value_usd"].value == 0
    assert found["morris", "work.fee_usd"].value > found["morris", "verification.verifier_share"].value >= 0
    assert ("sobol", "work.value_usd") not in found
    fee = found["sobol", "work.fee_usd"]
    assert fee.value + fee.half_width > 0.9
    assert done[-1] == module.runs_in_all()


def test_it_is_the_same_twice(varied: None) -> None:
    pytest.importorskip("SALib")
    assert sensitivity(small(months=1)) == sensitivity(small(months=1))


def test_an_outcome_that_never_changes_has_no_indices(varied: None, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("SALib")

    def nothing(figures: Figures) -> np.ndarray:
        return np.zeros(1)

    monkeypatch.setattr(module, "OUTCOMES", {"nothing": nothing})
    assert {one.method for one in sensitivity(small(months=1))} == {"morris"}


def test_without_the_extra_it_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr(module, "find_spec", lambda name: None if name == "SALib" else find(name))
    scenario = ROOT / "scenarios" / "economy" / "baseline.yaml"
    assert main(["economy", str(scenario), "--set", "months=1", "--sensitivity"]) == 4
    told = capsys.readouterr().err
    assert "pip install 'simnet[economy]'" in told
    assert "months on the contracts" not in told, "it is said before anything is computed"
