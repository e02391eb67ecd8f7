"""The price of OPG: a fault of the market, which only rational participants look at."""

from __future__ import annotations

import pytest

from nodes.effects import ReadPrice, Sleep, Steps
from simnet.log.events import FaultEnded, FaultInjected
from tests.scenario_text import MINIMAL, one_error, parse
from tests.stage import Stage


def asking(stage: Stage) -> Steps:
    """Say what an OPG is worth, every second."""
    while True:
        stage.say((yield ReadPrice()))
        yield Sleep(1.0)


def test_the_last_price_counts_until_its_time_is_over_and_then_the_one_before(stage: Stage) -> None:
    stage.host("a", lambda: asking(stage))
    stage.faults("[{at: 1500 ms, price: 0.2}, {at: 3500 ms, price: 4, for: 2 s}]")
    assert [price for _, price in stage.run(7.0)] == [1.0, 1.0, 0.2, 0.2, 4.0, 4.0, 0.2]
    assert [fault.says for fault in stage.of(FaultInjected)] == [
        "OPG worth 0.2 of what it was",
        "OPG worth 4 of what it was",
    ]
    assert [(fault.fault, fault.says) for fault in stage.of(FaultEnded)] == [(1, "over: OPG worth 4 of what it was")]


@pytest.mark.parametrize("price", ["0", "-1", "1e9", "free"])
def test_a_price_is_a_positive_number(price: str) -> None:
    assert "price" in one_error(f"faults: [{{at: 1 s, price: {price}}}]\n", base=MINIMAL)


def test_a_scenario_with_a_price_loads_back_equal() -> None:
    weighing = "adversaries: [{behaviour: diligent_if_paid, role: full, count: 1}]\n"
    first = parse(MINIMAL + weighing + "faults: [{at: 10 s, price: 0.2, for: 1 min}]\n")
    assert parse(first.resolved_yaml()) == first
