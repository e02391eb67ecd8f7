"""An economy scenario carried out: some of its paths on the contracts, all of them in the model."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import count

import numpy as np

from chain.errors import SimnetError
from chain.quantities import TOTAL_SUPPLY
from simnet.economy.book import Holdings
from simnet.economy.course import Month, months_of
from simnet.economy.figures import COLUMNS, Figures, figures_of
from simnet.economy.ledger import Ledger
from simnet.economy.model import Model
from simnet.economy.paths import draw
from simnet.economy.scenario import EconomyScenario
from simnet.economy.terms import terms_of
from simnet.economy.votes import Ballot
from simnet.kernel.streams import Streams

AT_ONCE = 50
"""Paths that are computed together: memory does not grow with their number."""

Tell = Callable[[float], None]
"""Hears how many units of work are done: months on the contracts, of all paths together, or paths."""


class ModelDiffers(SimnetError):
    """The model and the contracts do not come to the same: one of them is wrong."""

    exit_code = 4


@dataclass(frozen=True)
class OnContracts:
    """Paths on the real contracts, which the model agrees with."""

    paths: tuple[int, ...]
    """Their numbers."""
    figures: Figures
    """A row for each of them."""
    ballots: Mapping[int, Ballot]
    """What came of each vote, by months: the same on every path."""
    transactions: int
    gas: int
    wall_s: float


@dataclass(frozen=True)
class Study:
    """What came of a scenario."""

    scenario: EconomyScenario
    measured: OnContracts
    modelled: Figures
    """All of them."""


def on_contracts(scenario: EconomyScenario, tell: Tell = lambda _: None) -> OnContracts:
    """Carry out the first path on the contracts, and with it others drawn at random, as many as the scenario says.

    Raises `ModelDiffers` where the model does not agree with one to the wei, and where OPG was made or lost.
    """
    others = Streams(scenario.seed).generator("contracts").permutation(np.arange(1, scenario.paths))
    numbers = (0, *sorted(others[: scenario.contracts - 1].tolist()))
    months = count(1)
    lived = [path_on_contracts(scenario, number, lambda: tell(next(months))) for number in numbers]
    return OnContracts(
        paths=numbers,
        ballots=lived[0].ballots,
        figures={name: np.concatenate([one.figures[name] for one in lived]) for name in COLUMNS},
        transactions=sum(one.transactions for one in lived),
        gas=sum(one.gas for one in lived),
        wall_s=sum(one.wall_s for one in lived),
    )


def path_on_contracts(scenario: EconomyScenario, path: int, tell: Callable[[], None]) -> OnContracts:
    """The same of one path. `tell` is called after each month."""
    began = time.perf_counter()
    terms, paths = terms_of(scenario), draw(scenario, [path])
    ledger, model = Ledger(scenario), Model(terms, 1)
    ballots: dict[int, Ballot] = {}
    twice = zip(months_of(ledger, terms, paths), months_of(model, terms, paths), strict=True)

    def months() -> Iterator[Month]:
        for real, computed in twice:
            for part in ("stakes", "done", "epoch", "jobs"):
                agree(f"path {path}, month {real.number}", getattr(real, part), getattr(computed, part))
            if real.ballot is not None:
                agree(f"path {path}, month {real.number}", real.ballot, computed.ballot)
                ballots[real.number] = real.ballot
            if ledger.supply() != TOTAL_SUPPLY:
                raise ModelDiffers(f"path {path}, month {real.number}: the OPG of all accounts is not the supply")
            tell()
            yield real

    figures = figures_of(months(), scenario)
    held: Holdings = ledger.holdings()
    agree(f"path {path}, in the end", held, model.holdings())
    return OnContracts((path,), figures, ballots, ledger.transactions, ledger.gas, time.perf_counter() - began)


def agree(when: str, real: object, computed: object) -> None:
    """Raise `ModelDiffers`, saying when, unless all amounts are the same."""
    for name, value in vars(real).items():
        if not np.array_equal(value, getattr(computed, name)):
            raise ModelDiffers(f"{when}: contracts and model differ in {type(real).__name__}.{name}")


def in_model(scenario: EconomyScenario, tell: Tell = lambda _: None) -> Figures:
    """Carry out all paths in the model."""
    terms, parts = terms_of(scenario), []
    for start in range(0, scenario.paths, AT_ONCE):
        numbers = range(start, min(start + AT_ONCE, scenario.paths))
        paths = draw(scenario, numbers)
        parts.append(figures_of(months_of(Model(terms, len(paths)), terms, paths), scenario))
        tell(numbers.stop)
    return {name: np.concatenate([part[name] for part in parts]) for name in COLUMNS}
