"""The model is the contracts' arithmetic: to the wei, on paths drawn at random, whatever happens on them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from simnet.economy import model, study
from simnet.economy.course import months_of
from simnet.economy.figures import COLUMNS
from simnet.economy.ledger import Ledger
from simnet.economy.model import Model
from simnet.economy.paths import draw
from simnet.economy.scenario import EconomyScenario
from simnet.economy.study import ModelDiffers, in_model, on_contracts
from simnet.economy.terms import terms_of
from tests.simnet.economy.worlds import small

pytest.importorskip("pyrevm")


def drawn(seed: int) -> EconomyScenario:
    """An economy whose fraud pays now and then, whose price is wild, and whose delegators are of all kinds."""
    chance = np.random.default_rng(seed)
    return small(
        seed=seed,
        price={"follows": "gbm", "start": float(chance.uniform(0.02, 0.5)), "volatility": float(chance.uniform(0, 3))},
        validators={"skew": float(chance.uniform(0, 2)), "rational": float(chance.uniform(0.3, 1)), "patience": 6},
        delegators={"hurdle": (0.0, float(chance.uniform(0, 0.3))), "nerve": (0.1, 0.9)},
        verification={
            "probability": float(10 ** chance.uniform(-8, -5)),
            "slash_share": round(float(10 ** chance.uniform(-3.5, 0)), 4),
            "slash_amount": f"{int(chance.integers(0, 50))}.{int(chance.integers(1, 999))} OPG",
            "verifier_share": round(float(chance.uniform(0, 0.5)), 4),
        },
        work={"compute_usd": float(10 ** chance.uniform(-4, -2))},
        demand={"start": 400_000_000},
        rewards={"cap": float(chance.choice([0.5, 1.0, 50.0]))},
    )


@pytest.mark.parametrize("seed", range(10))
def test_contracts_and_model_agree_to_the_wei(seed: int) -> None:
    """`on_contracts` raises where they do not; what it shows is what the model shows of its first path."""
    scenario = drawn(seed)
    figures, modelled = on_contracts(scenario).figures, in_model(scenario)
    for name in COLUMNS:
        assert np.array_equal(figures[name][0], modelled[name][0]), name


def test_the_paths_drawn_are_not_all_quiet() -> None:
    """Else they would show little."""
    seen = dict.fromkeys(("found", "slashed_opg", "rewards_opg", "held_opg"), 0.0)
    lost = 0.0
    for seed in range(10):
        figures = in_model(drawn(seed))
        for name in seen:
            seen[name] += figures[name][0].sum()
        lost += figures["delegators"][0, 0] - figures["delegators"][0, -1]
    assert lost > 10
    assert min(seen.values()) > 0


@pytest.mark.parametrize(
    ("broken", "part"),
    [("scheduled", "Epoch"), ("slash_of", "Done"), ("_sell", "Stakes")],
)
def test_a_model_that_is_off_by_a_wei_is_found(broken: str, part: str, monkeypatch: pytest.MonkeyPatch) -> None:
    scenario = small(
        verification={"probability": 1e-5}, work={"compute_usd": 0.5}, rewards={"cap": 100.0}, price={"start": 0.1}
    )
    owner: Any = Model if broken == "_sell" else model
    right = getattr(owner, broken)

    def by_one(*arguments: Any) -> Any:
        return right(*arguments) + 1

    def sell_less(self: Model, slot: int, amount: Any) -> None:
        right(self, slot, np.maximum(amount - 1, 0))

    monkeypatch.setattr(owner, broken, sell_less if broken == "_sell" else by_one)
    with pytest.raises(ModelDiffers, match=part):
        on_contracts(scenario)


def test_opg_that_is_missing_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Ledger, "supply", lambda _: 10**27 - 1)
    with pytest.raises(ModelDiffers, match="supply"):
        on_contracts(small(months=1))


def test_a_path_is_the_same_whichever_others_are_computed_with_it(monkeypatch: pytest.MonkeyPatch) -> None:
    scenario = drawn(3)
    together = in_model(scenario)
    monkeypatch.setattr(study, "AT_ONCE", 1)
    assert all(np.array_equal(together[name], in_model(scenario)[name]) for name in ("bonded_opg", "found"))


def test_who_cannot_pay_for_the_year_leaves_and_who_can_stays() -> None:
    terms = terms_of(small(price={"start": 0.1}, validators={"monthly_usd": 1e6}))
    paths = draw(small(price={"start": 0.1}), [0])
    last = list(months_of(Model(terms, 1), terms, paths))[-1]
    assert not last.working.any()
    assert in_model(small(price={"start": 0.1}))["working"][:, -1].tolist() == [4, 4, 4, 4]
