"""The model is the contracts' arithmetic: to the wei, on paths drawn at random, whatever happens on them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from simnet.economy import model, study
from simnet.economy.book import Done, Epoch, Jobs
from simnet.economy.course import People, months_of
from simnet.economy.figures import COLUMNS
from simnet.economy.ledger import Ledger
from simnet.economy.model import Model
from simnet.economy.paths import draw, zeros
from simnet.economy.scenario import EconomyScenario
from simnet.economy.study import ModelDiffers, agree, in_model, on_contracts
from simnet.economy.terms import terms_of
from simnet.economy.votes import Ballot, count
from tests.simnet.economy.worlds import small

pytest.importorskip("pyrevm")


def drawn(seed: int) -> EconomyScenario:
    """An economy whose fraud pays now and then, whose price is wild, and whose delegators are of all kinds."""
    chance = np.random.default_rng(seed)
    return small(
        seed=seed,
        price={"follows": "gbm", "start": float(chance.uniform(0.02, 0.5)), "volatility": float(chance.uniform(0, 3))},
        validators={"skew": float(chance.uniform(0, 2)), "rational": float(chance.uniform(0.3, 1)), "patience": 6},
        delegators={"hurdle": (0.0, float(chance.uniform(0, 0.3))), "nerve": (0.1, 0.9), "returning": 0.5},
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


def test_who_returns_comes_and_goes_with_the_yield() -> None:
    """Contracts and model agree on it: `on_contracts` raises where they do not."""
    lived = {}
    for returning in (0, 1):
        scenario = small(
            months=24,
            price={"start": 0.1},
            demand={"start": 4_000_000, "falls": [{"month": 14, "by": 0.97}]},
            validators={"patience": 100},
            delegators={"hurdle": (0.3, 0.9), "returning": returning},
        )
        lived[returning] = on_contracts(scenario).figures["delegators"][0]
    assert (np.diff(lived[0]) <= 0).all()
    assert (np.diff(lived[1]) > 0).any()
    assert (np.diff(lived[1][:14]) < 0).any()
    assert lived[1][:14].sum() > lived[0][:14].sum()
    assert lived[0][-1] == lived[1][-1] == 0


@pytest.mark.parametrize(("more", "slashed", "returns"), [(0, 0, False), (1, 0, True), (1, 1, False)])
def test_who_returns_needs_more_than_its_hurdle_and_no_slash(more: int, slashed: int, returns: bool) -> None:
    scenario = small(delegators={"hurdle": (0.12, 0.12), "returning": 1}, validators={"commission": 0})
    terms = terms_of(scenario)
    people, stakes = People(terms, 1), Model(terms, 1).stakes()
    none, nobody = zeros(1, 4), np.zeros((1, 4), bool)
    people.staying[:] = False
    rewards = Epoch(zeros(1, 1), zeros(1, 1), stakes.bonded // 100 + more, zeros(1, 4, 2))
    done = Done(none, none, none + slashed)
    people.learn(zeros(1, 1) + 1, stakes, Jobs(none, nobody, zeros(1, 1)), done, rewards)
    assert people.who_returns(0, draw(scenario, [0]), stakes).all() == returns


@pytest.mark.parametrize(
    ("slash_share", "slashed_while", "gets_in"),
    [(0.9999, "out", True), (1.0, "out", False), (0.995, "unbonding", True), (0.9951, "unbonding", False)],
)
def test_contracts_and_model_refuse_the_same(slash_share: float, slashed_while: str, gets_in: bool) -> None:
    """A pool that is gone, and less than the least delegation: 100 OPG are left of 20,000, or 98."""
    scenario = small(verification={"slash_share": slash_share})
    terms, entered = terms_of(scenario), []
    nobody, one = np.zeros((1, 4), bool), np.zeros((1, 4, 2), bool)
    one[0, 0, 0] = True
    fraud = Jobs(zeros(1, 4) + 1, np.array([[True, False, False, False]]), zeros(1, 1) + 10**18)
    idle = Jobs(zeros(1, 4), nobody, zeros(1, 1) + 10**18)
    books = Ledger(scenario), Model(terms, 1)
    for book in books:
        book.leave(nobody, one)
        book.work(fraud if slashed_while == "unbonding" else idle)
        book.close()
        book.release()
        book.leave(nobody, np.zeros_like(one))
        book.work(fraud if slashed_while == "out" else idle)
        book.close()
        entered.append([book.enter(one).any(), book.enter(one).any()])
    assert entered == [[gets_in, False]] * 2
    agree("then", *(book.stakes() for book in books))
    agree("then", *(book.holdings() for book in books))


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


def test_the_contracts_live_through_the_first_path_and_others_drawn_at_random() -> None:
    """What is shown of each is what the model has of that path; another seed draws others."""
    scenario = drawn(3).model_copy(update={"months": 3, "paths": 40, "contracts": 4})
    held, modelled = on_contracts(scenario), in_model(scenario)
    assert held.paths[0] == 0
    assert len(set(held.paths)) == len(held.figures["price_usd"]) == 4
    assert max(held.paths) < 40
    for name in COLUMNS:
        assert np.array_equal(held.figures[name], modelled[name][list(held.paths)]), name
    assert on_contracts(scenario.model_copy(update={"seed": 4})).paths != held.paths


def test_a_model_that_is_off_on_one_of_the_other_paths_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    scenario = small(months=2, contracts=4)
    lived, close = 0, Model.close

    def off_on_the_third(self: Model) -> Epoch:
        nonlocal lived
        lived += 1
        epoch = close(self)
        return Epoch(epoch.pot + 1, epoch.held, epoch.own, epoch.delegated) if lived == 6 else epoch

    monkeypatch.setattr(Model, "close", off_on_the_third)
    with pytest.raises(ModelDiffers, match=r"path 2, month 1: contracts and model differ in Epoch\.pot"):
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


# -- votes --------------------------------------------------------------------------------------------------


def voting(*votes: dict[str, Any]) -> EconomyScenario:
    """Everybody commits frauds and is found in every month, so that what it costs shows."""
    return small(
        months=6,
        paths=2,
        price={"start": 0.1},
        work={"compute_usd": 0.01},
        validators={"patience": 100},
        verification={"probability": 1e-4, "colluding": 0.0, "slash_share": 0.001},
        votes=votes,
    )


def test_a_vote_that_passes_changes_what_the_contracts_take_and_pay() -> None:
    """`on_contracts` holds the model against the contracts, votes and all that follows from them, to the wei."""
    both = ["airdrop", "liquidity"]
    figures = on_contracts(
        voting(
            {"month": 3, "slash_share": 0.002, "verifier_share": 0.4, "for": both},
            {"month": 5, "slash_share": 0.5, "for": both},
        )
    ).figures
    assert figures["slash_share"][0].tolist() == [0.001] * 3 + [0.002] * 2 + [0.5]
    each = figures["slashed_opg"][0, :4] / figures["found"][0, :4]
    assert each[3] / each[2] == pytest.approx(2, rel=0.01)  # delegators have left for the first slash, and what unbonds
    assert figures["cheating"][0].tolist() == [4] * 5 + [0]
    paid = figures["verifiers_usd"][0] / figures["fees_opg"][0] / figures["price_usd"][0]
    assert paid == pytest.approx([0.2] * 3 + [0.4] * 3)


LIQUIDITY = (60_000_000 - 4 * (30_000 + 2 * 20_000)) * 10**18
"""Of which validators and delegators have bought their stakes; the quorum is 40 million."""


@pytest.mark.parametrize(
    ("month", "vote", "voted_for", "passed"),
    [
        (0, {"for": ["liquidity"]}, LIQUIDITY, True),
        (0, {"for": ["airdrop"]}, 40_000_000 * 10**18, True),  # the quorum to the wei
        (0, {"for": ["airdrop"], "against": ["liquidity"]}, 40_000_000 * 10**18, False),
        (0, {"for": ["liquidity"], "against": ["airdrop"]}, LIQUIDITY, True),
        (0, {"for": ["foundation"]}, 0, False),  # has not vested what it takes to propose
        (5, {"for": ["foundation"]}, None, False),  # proposes, and falls short of the quorum
        (5, {"for": ["airdrop", "investors"]}, 40_000_000 * 10**18, True),  # nothing vests in the first year
    ],
)
def test_ballots_are_those_of_the_governor(
    month: int, vote: dict[str, Any], voted_for: int | None, passed: bool
) -> None:
    """The contracts decide; that the arithmetic comes to the same `on_contracts` holds."""
    ballot = on_contracts(voting({"month": month, "slash_amount": "3 OPG", **vote})).ballots[month]
    assert ballot.passed is passed
    if voted_for is not None:
        assert ballot.voted_for == voted_for
    else:
        assert 10**24 < ballot.voted_for < 40 * 10**24


def test_votes_follow_on_each_other_and_keep_what_was_voted_before() -> None:
    both = ["airdrop", "liquidity"]
    held = on_contracts(
        voting(
            {"month": 1, "slash_share": 0.2, "for": both},
            {"month": 2, "verifier_share": 0.5, "for": ["foundation"]},
            {"month": 3, "verifier_share": 0.1, "slash_amount": "7 OPG", "for": both},
            {"month": 4, "slash_share": 0.2, "for": both},
        )
    )
    assert held.figures["slash_share"][0].tolist() == [0.001] + [0.2] * 5
    assert held.figures["verifier_share"][0].tolist() == [0.2] * 3 + [0.1] * 3
    assert [ballot.passed for ballot in held.ballots.values()] == [True, False, True, True]


def test_a_model_that_counts_votes_wrongly_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def miscounted(*arguments: Any) -> Ballot:
        ballot = count(*arguments)
        return replace(ballot, voted_for=ballot.voted_for + 1)

    monkeypatch.setattr(model, "count", miscounted)
    with pytest.raises(ModelDiffers, match=r"month 1: contracts and model differ in Ballot\.voted_for"):
        on_contracts(voting({"month": 1, "slash_share": 0.5, "for": ["airdrop"]}))


def test_a_model_that_does_not_change_what_was_voted_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model, "voted", lambda terms, _: terms)
    with pytest.raises(ModelDiffers, match=r"month 1: contracts and model differ in Done\.slashed"):
        on_contracts(voting({"month": 1, "slash_share": 0.002, "for": ["airdrop"]}))
