"""What could not do anything, hold or happen is told before the run: every fault, metric and event that there is."""

from __future__ import annotations

import pytest

from simnet.measure.catalogue import METRICS, READINGS, figures, new_state
from simnet.measure.metric import MetricSpec
from simnet.plugins import faults
from simnet.scenario.effects import prospect_of
from simnet.verdict.happened import PROTOCOL, Happening, happenings
from tests.scenario_text import errors_of, one_error, parse

BARE = """
name: bare
models: [digits_mlp]
strategy: none
nodes: {inference: {count: 2}, full: {count: 4}}
"""
RICH = """
name: rich
models: [digits_mlp]
nodes: {inference: {count: 9}, full: {count: 6}}
adversaries: [{behaviour: label_flip, count: 1}, {behaviour: copycat, count: 1}]
network: {loss: 1 %}
"""
STRATEGIES = ("committee", "posp", "forced_error", "attention_challenge", "tee", "zkml", "proofs")
MODES = "clients: {modes: {vanilla: 40 %, tee: 30 %, zkml: 30 %}}\n"

IDLE = {
    "censor": "censor: {senders: full-0, producers: full-1}",
    "crash": "crash: [full-9]",
    "cut": "cut: {from: full-0, to: full-0}",
    "gas_price": "gas_price: 1",
    "heal": "heal: all",
    "hold": "hold: {from: full-0, to: producer-0}",
    "latency": "latency: {add: 0 s}",
    "loss": "loss: {share: 0 %}",
    "outage": "outage: {share: 0 %}",
    "partition": "partition: [inference-0, inference-1, full-0, full-1, full-2, full-3, producer-0, us-east, eu-west]",
    "price": "price: 0.2",
    "release": "release: all",
    "reorg": "reorg: 64",
    "restart": "restart: [full-0]",
    "rpc": "rpc: {nodes: producer-0}",
    "skew": "skew: {nodes: full-0, ahead: 0 s}",
    "slow": "slow: {nodes: full-0, times: 1}",
    "congestion": "congestion: 0 %",
}
"""Of every fault an entry that could not do anything."""


def test_there_is_an_idle_entry_of_every_fault() -> None:
    assert sorted(IDLE) == sorted(faults())


@pytest.mark.parametrize("verb", sorted(IDLE))
def test_a_fault_that_could_do_nothing_is_told(verb: str) -> None:
    bare = BARE + "network: {regions: [us-east, eu-west]}\nclients: {count: 2}\n"
    assert one_error(f"faults: [{{at: 1 min, {IDLE[verb]}}}]\n", base=bare).startswith("x.yaml:8:")


@pytest.mark.parametrize("verb", sorted(faults()))
@pytest.mark.parametrize(("at", "told"), [("779 s", False), ("13 min", True), ("20 min", True)])
def test_a_fault_after_the_end_is_told(verb: str, at: str, told: bool) -> None:
    errors = errors_of(BARE + f"faults: [{{at: {at}, {IDLE[verb]}}}, {{at: 1 min, crash: [nobody]}}]\n")
    invalid = any("too small" in error or "either ahead" in error for error in errors)
    assert any("when the run is over" in error for error in errors) == (told and not invalid)


@pytest.mark.parametrize("spec", METRICS.values(), ids=list(METRICS))
def test_a_metric_that_may_have_no_value_says_what_it_needs(spec: MetricSpec) -> None:
    empty = figures(new_state())[spec.name]
    if all(value is None for value in empty.readings.values()):
        assert spec.needs is not None, "declare it with needs=, REQUESTS if it has a value in every run"


@pytest.mark.parametrize("reading", READINGS)
def test_an_expectation_on_what_no_run_has_is_told(reading: str) -> None:
    needs, prospect = READINGS[reading].needs, prospect_of(parse(BARE))
    expect = f"expect: [{reading} > 0.5]\n"
    if needs is None or needs.met(prospect):
        parse(BARE + expect)
    else:
        assert f"{reading} can have no value" in (error := one_error(expect, base=BARE))
        assert needs.lacking in error


def test_what_each_metric_needs_some_scenario_has() -> None:
    rich = [prospect_of(parse(RICH + f"strategy: {{kind: {kind}}}\n" + MODES)) for kind in STRATEGIES]
    rich.append(prospect_of(parse(RICH + "strategy: committee\n", ["nodes.inference.noise=gaussian"])))
    needy = [spec for spec in METRICS.values() if spec.needs is not None and not any(map(spec.needs.met, rich))]
    assert [spec.name for spec in needy] == []


@pytest.mark.parametrize("event", happenings().values(), ids=list(happenings()))
def test_an_event_that_no_run_has_is_told(event: Happening) -> None:
    text = f"sometimes: [{event.name}]\n"
    if event.fault or (event.needs is not None and not event.needs.met(prospect_of(parse(BARE)))):
        assert f"'{event.name}' can never happen" in one_error(text, base=BARE)
    else:
        parse(BARE + text)


@pytest.mark.parametrize("event", PROTOCOL, ids=[event.name for event in PROTOCOL])
def test_what_an_event_needs_some_scenario_has(event: Happening) -> None:
    parse(RICH + f"strategy: committee\nsometimes: [{event.name}]\n")


def test_where_overrides_take_away_what_expectations_need_the_cure_that_is_told_cures_it() -> None:
    text = RICH + "strategy: committee\nexpect: [detection_rate > 0]\nsometimes: [equivocation_proved]\n"
    first, second = errors_of(text, ["adversaries=[]"])
    assert "--set expect=[]" in first
    assert "--set sometimes=[]" in second
    assert parse(text, ["adversaries=[]", "expect=[]", "sometimes=[]"]).expect == ()


def test_of_a_scenario_with_mistakes_nothing_is_said_to_be_impossible() -> None:
    """The adversary that is misspelt may be the one that makes it possible."""
    text = BARE + "adversaries: [{behaviour: quantise, count: 1}]\nexpect: [detection_rate > 0]\nsometimes: [crashed]\n"
    assert ["unknown behaviour" in error for error in errors_of(text)] == [True]
