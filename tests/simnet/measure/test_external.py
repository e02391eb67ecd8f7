"""Requests from outside, from the demand for payment to the audit: what the log of gateway and chains amounts to."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from chain.quantities import OPG
from nodes.adversaries.services.payments import NeverSettles
from nodes.identity import FACILITATOR, GATEWAY
from nodes.payments import TextServed
from nodes.x402 import SESSION_HEADER
from simnet.log.events import RequestCarried
from simnet.measure.catalogue import figures
from simnet.measure.needs import EXTERNAL_CLIENTS
from simnet.measure.state import State
from simnet.scenario.errors import CannotRunHere
from simnet.scenario.load import parse_scenario
from tests.handmade import Handmade
from tests.scenario_text import MINIMAL
from tests.services import CAST, Network402

FUNDS = OPG // 2


@pytest.fixture
def net(tmp_path: Path) -> Iterator[Network402]:
    made = Network402(tmp_path)
    yield made
    made.close()


def value_of(state: State, name: str) -> Any:
    return figures(state)[name].value


def test_a_run_without_external_clients_has_no_figure_of_them_rather_than_zero() -> None:
    found = [metric for metric in figures(Handmade().mine().state).values() if metric.spec.needs is EXTERNAL_CLIENTS]
    assert len(found) == 7
    for metric in found:
        assert set(metric.readings.values()) == {None}, metric.spec.name


def test_a_session_is_followed_from_the_demand_to_the_audit_to_the_wei(net: Network402) -> None:
    payer = net.payer()
    net.chat()
    name = net.chat(pays=payer.header(net.now)).answer.headers[SESSION_HEADER]
    net.chat(session=name, stream=True)
    external = net.measured().external
    (session,) = external.sessions.values()
    assert (external.demanded, external.refused, external.followed) == (1, 0, name)
    assert (session.payer, session.answers, session.is_over) == (payer.key.address, 2, False)
    net.wait(500)
    state = net.measured()
    (session,) = state.external.sessions.values()
    cost = sum(int(one.cost) for one in net.of(TextServed))
    assert session.is_over
    assert session.worth == session.owed == session.collection.paid == cost > 0
    (record,) = session.records
    assert (record.count, record.fault, record.audited is not None) == (2, "", True)
    assert [value_of(state, name) for name in ("requests_served", "requests_served_unpaid")] == [2, 0]
    assert value_of(state, "collected_opg") == value_of(state, "served_opg") == cost / OPG


def test_times_are_those_of_the_server_less_the_models(net: Network402) -> None:
    caller = net.chat(pays=net.payer().header(net.now), stream=True)
    unheard = net.chat(session="none")
    for one, is_complete in ((unheard, True), (caller, True), (caller, True)):
        how = ("POST", "/v1/chat/completions", 200, True, is_complete, 0.25, 0.75)
        net.external.append(RequestCarried(GATEWAY, one.name, *how))
    state = net.measured()
    (served,) = net.of(TextServed)
    found = figures(state)
    assert found["first_token_ms"].readings["first_token_ms.p50"] == 250
    assert found["gateway_overhead_ms"].value["p50"] == pytest.approx(750 - 1000 * served.model_s)  # type: ignore
    assert (found["first_token_ms"].n, found["gateway_overhead_ms"].n) == (1, 1), "what was refused is no answer"


def test_money_of_every_party_is_that_of_its_balance(net: Network402) -> None:
    by_session, by_channel = net.payer("session"), net.channel_payer("channel")
    net.chat(pays=by_session.header(net.now))
    by_channel.hear(net.chat(pays=by_channel.deposit(FUNDS, net.now)).answer)
    by_channel.hear(net.chat(pays=by_channel.voucher()).answer)
    net.wait(300)
    parties, gateway = net.measured().external.parties, net.engine.hosts[GATEWAY].identity.address
    costs = [int(one.cost) for one in net.of(TextServed)]
    for payer, worth in ((by_session, costs[0]), (by_channel, costs[1] + costs[2])):
        party = parties[payer.key.address]
        assert (party.net, party.worth) == (-worth, worth)
        assert net.owned_by(payer.key.address) == 10 * OPG + party.net - party.in_channels
    assert parties[gateway].net == net.owned_by(gateway) == sum(costs)
    assert (parties[gateway].name, parties[gateway].answers) == (GATEWAY, 3)
    assert sum(party.net for party in parties.values()) == 0


def test_what_goes_back_from_a_channel_is_the_payers(net: Network402) -> None:
    payer = net.channel_payer()
    payer.hear(net.chat(pays=payer.deposit(FUNDS, net.now)).answer)
    net.submit(payer.key, "X402BatchSettlement", "initiateWithdraw", payer.channel.as_args(), FUNDS - payer.charged)
    net.wait(905)
    net.submit(payer.key, "X402BatchSettlement", "finalizeWithdraw", payer.channel.as_args())
    net.wait(5)
    party = net.measured().external.parties[payer.key.address]
    assert (party.gave, party.in_channels, party.net) == (FUNDS, 0, -payer.charged)


def test_answers_beyond_the_cap_are_counted_unpaid(net: Network402) -> None:
    payer = net.payer()
    first = net.chat(pays=payer.header(net.now))
    name = first.answer.headers[SESSION_HEADER]
    net.chat(session=name, messages=[{"role": "user", "content": "word " * 60_000}])
    external = net.measured().external
    (session,) = external.sessions.values()
    assert (external.answers, external.unpaid, session.reasons) == (2, 1, {"cap": 1})
    assert session.unpaid == int(net.of(TextServed)[1].cost)


def test_a_facilitator_that_says_it_collected_does_not_make_money(net: Network402) -> None:
    net.turn(FACILITATOR, NeverSettles())
    net.chat(pays=net.payer().header(net.now))
    net.wait(200)
    state = net.measured()
    (session,) = state.external.sessions.values()
    assert (session.collection.said, session.collection.paid) == ("succeeded", 0)
    assert value_of(state, "collected_opg") == 0 < value_of(state, "served_opg")


def test_an_expectation_of_external_clients_is_refused_where_nobody_comes() -> None:
    text = MINIMAL + "expect: [requests_served >= 1]\n"
    parse_scenario(text.encode(), to_run=True, beside_services=True)
    with pytest.raises(CannotRunHere, match="requests_served has no value here: no client comes from outside"):
        parse_scenario(text.encode(), to_run=True)


def test_a_session_whose_settlement_fails_is_served_unpaid(net: Network402) -> None:
    payer = net.payer()
    net.chat(pays=payer.header(net.now))
    net.submit(payer.key, "BaseOPG", "transfer", CAST.deployer.address, 10 * OPG)
    net.wait(200)
    state = net.measured()
    (session,) = state.external.sessions.values()
    assert (session.collection.failed, session.unpaid, session.collection.paid) == (True, session.worth, 0)
    assert value_of(state, "requests_served_unpaid") == 1
