"""Scenarios of hostile services: `simnet up` alone runs them, and each does to a client what it says."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from nodes.auditor import MISSING, UNSIGNED
from nodes.payments import BatchAudited, PaymentSettled, TextServed
from nodes.records import Cheated
from simnet.scenario.errors import CannotRunHere
from simnet.scenario.load import load_scenario
from simnet.studies.weaknesses import SETTLED_AFTER_S, Client, collected
from simnet.up.casting import cast_services
from simnet.up.stage import GENESIS
from tests.services import Network402
from tests.source import ROOT

FILES = sorted(ROOT.glob("scenarios/opengradient/*.yaml"))


def lost(net: Network402) -> int:
    return sum(int(answer.cost) for answer in net.of(TextServed)) - collected(net)


def audited(net: Network402) -> list[tuple[str, int]]:
    return [(one.reason, one.unsigned) for one in net.of(BatchAudited)]


def a_poor_client_is_served(net: Network402) -> bool:
    return net.chat(pays=net.payer("poor", 0, 0).header(net.now)).answer.status == 200


SHOWS: dict[str, tuple[bool, Callable[[Network402], bool]]] = {
    "unsettled": (False, lambda net: lost(net) > 0 and [one.status for one in net.of(PaymentSettled)] == ["succeeded"]),
    "blind": (False, a_poor_client_is_served),
    "befriend": (True, lambda net: lost(net) > 0),
    "ghosts": (False, lambda net: audited(net) == [(UNSIGNED, 3)]),
    "withhold": (False, lambda net: audited(net) == [(MISSING, 0)]),
    "overbilled": (False, lambda net: {one.tokens_out % 3 for one in net.of(TextServed)} == {0}),
    "forged_answer": (False, lambda net: lost(net) == 0),
}
"""Whether it is about payment by channel, and what can be seen."""


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_a_hostile_service_does_what_its_scenario_says(file: Path, tmp_path: Path) -> None:
    by_channel, shows = SHOWS[file.stem]
    scenario, net = load_scenario(file, to_run=True, beside_services=True), Network402(tmp_path)
    try:
        cast_services(scenario, net.engine.hosts, GENESIS)
        Client(net, by_channel).ask(2)
        net.wait(SETTLED_AFTER_S)
        assert shows(net)
        (adversary,) = scenario.adversaries
        assert {one.behaviour for one in net.of(Cheated)} == {adversary.behaviour.kind}
    finally:
        net.close()


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_it_runs_beside_services_alone(file: Path) -> None:
    with pytest.raises(CannotRunHere, match="which simnet up alone has"):
        load_scenario(file, to_run=True)
