"""A right scenario: what its text means, what it leaves open, what the command line changes."""

from __future__ import annotations

import contextlib
import fractions
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chain.quantities import OPG, TOTAL_SUPPLY
from chain.units import format_bandwidth, format_duration, format_opg, format_rate
from nodes.adversaries.inference.answers import Quantize
from nodes.identity import Role
from simnet.comparators.bitwise import Bitwise
from simnet.comparators.relative import Relative
from simnet.faults.crash import Crash
from simnet.faults.heal import Heal
from simnet.faults.hold import Hold
from simnet.faults.partition import Partition
from simnet.faults.release import Release
from simnet.faults.reorg import Reorg
from simnet.faults.restart import Restart
from simnet.scenario.arrivals import Constant, Poisson
from simnet.scenario.errors import ScenarioErrors
from simnet.scenario.load import load_scenario, parse_scenario
from simnet.scenario.traces import Trace
from simnet.strategies.voting.committee import Committee
from tests.scenario_text import MINIMAL, errors_of, one_error, parse
from tests.source import SCENARIOS

FULL = """\
    name: byzantine
    seed: 42
    duration: 30 min
    chain: {backend: revm, block_time: 2 s}
    models: [digits_mlp]
    network: {topology: small_world, regions: [us-east, eu-west, ap-south], loss: 0.1 %}
    nodes:
      inference: {count: 8, device: cpu, stake: 10_000 OPG}
      full: {count: 7, stake: 20_000 OPG}
    clients: {count: 20, arrivals: poisson 2/s, fee: 0.02 OPG, audit: no}
    strategy: {kind: committee, size: 5, quorum: 2/3, comparator: {kind: relative, tolerance: 1e-4}}
    adversaries:
      - {behaviour: quantize, variant: int4, role: inference, count: 2, probability: 30 %, from: 5 min}
      - {behaviour: lazy_accept, nodes: [full-0, full-6]}
    faults:
      - {at: 10 min, partition: [ap-south], for: 5 min}
      - {at: 12 min, heal}
      - {at: 13 min, hold: {from: us-east, to: full-1}}
      - {at: 14 min, release: all}
      - {at: 15 min, crash: [inference-0], for: 2 min}
      - {at: 16 min, restart: [inference-0]}
      - {at: 17 min, reorg: 3}
    expect:
      - detection_rate >= 95 %
    sometimes: [slashed]
    """


def test_every_value_arrives_as_the_number_it_means() -> None:
    scenario = parse(FULL)
    assert (scenario.name, scenario.seed, scenario.duration) == ("byzantine", 42, 1800.0)
    assert (scenario.chain.backend, scenario.chain.block_time) == ("revm", 2.0)
    assert scenario.network.loss == 0.001
    assert scenario.nodes.inference.stake == 10_000 * OPG
    assert scenario.clients.fee == OPG // 50
    assert scenario.clients.arrivals == Poisson(rate="2/s")  # type: ignore[arg-type]
    assert scenario.clients.audit is False
    assert [str(expectation) for expectation in scenario.expect] == ["detection_rate >= 95 %"]


def test_a_strategy_and_its_comparator_are_apart() -> None:
    scenario = parse(FULL)
    assert isinstance(scenario.strategy, Committee)
    assert (scenario.strategy.size, scenario.strategy.quorum) == (5, fractions.Fraction(2, 3))
    assert isinstance(scenario.comparator, Relative)


def test_a_bare_name_chooses_a_strategy_or_comparator_as_it_comes() -> None:
    assert parse("name: t\nmodels: [digits_mlp]\nstrategy: committee").strategy == Committee()
    scenario = parse("name: t\nmodels: [digits_mlp]\nstrategy: {kind: none, comparator: bitwise}")
    assert scenario.comparator == Bitwise()
    assert parse(MINIMAL).comparator == Relative(tolerance=1e-4)


def test_a_behaviours_own_parameters_stand_beside_the_shared_ones() -> None:
    quantizer, lazy = parse(FULL).adversaries
    assert quantizer.behaviour == Quantize(variant="int4")
    assert (quantizer.role, quantizer.count, quantizer.probability) == (Role.INFERENCE, 2, 0.3)
    assert (quantizer.from_, quantizer.until) == (300.0, None)
    assert (lazy.role, lazy.count, lazy.nodes) == (Role.FULL, None, ("full-0", "full-6"))


def test_an_adversary_that_says_nothing_more_is_one() -> None:
    (adversary,) = parse(MINIMAL + "adversaries: [{behaviour: quantize}]").adversaries
    assert (adversary.role, adversary.count) == (Role.INFERENCE, 1)


def test_each_fault_verb_has_its_class() -> None:
    faults = parse(FULL).faults
    assert [type(fault) for fault in faults] == [Partition, Heal, Hold, Release, Crash, Restart, Reorg]
    assert [fault.lasts for fault in faults] == [300.0, None, None, None, 120.0, None, None]


def test_there_is_a_site_for_each_region_unless_there_are_more() -> None:
    assert parse(FULL).network.sites == 3
    assert parse(MINIMAL).network.sites == 1
    assert parse(MINIMAL + "network: {regions: [a, b], sites: 9}").network.sites == 9


def test_participants_are_named_by_role_and_number() -> None:
    scenario = parse(FULL)
    assert scenario.names(Role.FULL)[-1] == "full-6"
    assert scenario.names(Role.PRODUCER) == ("producer-0",)
    assert len(scenario.names(Role.CLIENT)) == 20


def test_a_resolved_scenario_loads_back_equal() -> None:
    scenario = parse(FULL)
    assert parse_scenario(scenario.resolved_yaml().encode()) == scenario


def test_scenarios_that_ship_with_simnet_load_and_load_back_equal() -> None:
    assert SCENARIOS
    for file in SCENARIOS:
        scenario = load_scenario(file)
        assert parse_scenario(scenario.resolved_yaml().encode()) == scenario


SECONDS = st.floats(1.0, 1e6).map(format_duration)
SHARES = st.floats(0, 1)
CHARACTERS = st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]) | st.sampled_from("\n\t:#'\"-?")
TEXT = st.text(CHARACTERS, max_size=60)
VALID = st.fixed_dictionaries(
    {"name": st.just("t"), "models": st.just(["digits_mlp"])},
    optional={
        "strategy": st.sampled_from(["none", "committee", {"kind": "full_reexecution", "comparator": "argmax"}]),
        "description": TEXT,
        "seed": st.integers(0, 2**63 - 1),
        "duration": SECONDS,
        "network": st.fixed_dictionaries(
            {},
            optional={
                "loss": SHARES,
                "bandwidth": st.floats(1e-6, 1e9).map(format_bandwidth),
                "latency": st.fixed_dictionaries({"median": SECONDS, "jitter": SHARES}),
                "regions": st.lists(st.sampled_from(["no", "null-1", "1e-4", "7", "a.b"]), min_size=1, unique=True),
            },
        ),
        "clients": st.fixed_dictionaries(
            {
                "deposit": st.integers(OPG, TOTAL_SUPPLY // 1000).map(format_opg),
                "arrivals": st.floats(1e-6, 10).map(lambda rate: f"poisson {format_rate(rate)}"),
                "audit": st.booleans(),
                "tasks": st.none() | st.integers(1, 100),
            }
        ),
        "adversaries": st.lists(
            st.fixed_dictionaries({"behaviour": st.just("quantize"), "probability": SHARES, "label": TEXT}), max_size=2
        ),
    },
).map(lambda tree: {"strategy": "none", **tree})


@given(VALID)
def test_every_right_scenario_loads_back_equal(tree: dict[str, Any]) -> None:
    scenario = parse_scenario(json.dumps(tree, ensure_ascii=False).encode())
    assert parse_scenario(scenario.resolved_yaml().encode()) == scenario


def test_the_command_line_overrides_the_file() -> None:
    overrides = ["strategy.size=3", "nodes.full.count=9", "adversaries.0.probability=50 %", "chain.port=8545"]
    scenario = parse(FULL, overrides)
    assert isinstance(scenario.strategy, Committee)
    assert (scenario.strategy.size, scenario.nodes.full.count) == (3, 9)
    assert (scenario.adversaries[0].probability, scenario.chain.port) == (0.5, 8545)


def test_an_override_may_replace_whole_sections_and_reach_into_a_bare_strategy() -> None:
    assert parse(FULL, ["adversaries=[]", "expect=[]"]).adversaries == ()
    assert parse("name: t\nmodels: [digits_mlp]\nstrategy: committee", ["strategy.size=2"]).strategy == Committee(
        size=2
    )
    assert parse(MINIMAL, ["strategy={kind: committee, size: 4}"]).strategy == Committee(size=4)


def test_a_seed_from_the_command_line_wins(tmp_path: Path) -> None:
    file = tmp_path / "a.yaml"
    file.write_text(MINIMAL + "seed: 1\n")
    assert load_scenario(file).seed == 1
    assert load_scenario(file, seed=7).seed == 7


@pytest.mark.parametrize(
    ("override", "expected"),
    [
        ("seed=x", "--set seed=x: expected a whole number such as 3, got 'x'"),
        ("nodes.ful.count=1", "--set nodes.ful.count=1: unknown key 'ful'"),
        ("nodes.full.coutn=1", "--set nodes.full.coutn=1: unknown key 'coutn'"),
        ("strategy={kind: none, a: 1}", "--set strategy={kind: none, a: 1}: unknown key 'a'"),
        ("strategy.kind=non", "--set strategy.kind=non: unknown strategy 'non'"),
        ("models.0=digit_mlp", "--set models.0=digit_mlp: unknown model 'digit_mlp'"),
        ("models.3=digits_mlp", "--set models.3=digits_mlp: there is no element 3"),
        ("models.x=1", "--set models.x=1: there is no element x"),
        ("seed.a=1", "there is nothing to set at 'seed'"),
        ("seed", "--set seed: not an assignment"),
        ("=1", "--set =1: not an assignment"),
        ("a..b=1", "--set a..b=1: not an assignment"),
        ("seed=[", "--set seed=[: "),
        ("seed=1\nname: x", "not one value"),
        ("seed=\0", "the file is binary"),
        ("seed={a: 1, a: 2}", "duplicate key 'a'"),
    ],
)
def test_an_error_in_an_override_points_at_it(override: str, expected: str) -> None:
    assert any(expected in error for error in errors_of(MINIMAL + "seed: 0", [override]))


@given(st.text(max_size=30), st.text(max_size=30))
def test_any_override_gives_a_scenario_or_errors(path: str, value: str) -> None:
    for assignment in (path, f"{path}={value}", f"nodes.full.{path}={value}", f"strategy={value}"):
        with contextlib.suppress(ScenarioErrors):
            parse(MINIMAL, [assignment])


def test_files_are_looked_for_beside_the_scenario(tmp_path: Path) -> None:
    (tmp_path / "arrivals.csv").write_text("at_s\n0.5\n0.5\n2\n")
    scenario = parse(MINIMAL + "clients: {arrivals: {trace: arrivals.csv}}", directory=tmp_path)
    assert isinstance(scenario.clients.arrivals, Trace)
    assert scenario.clients.arrivals.moments == (0.5, 0.5, 2.0)
    assert parse_scenario(scenario.resolved_yaml().encode()) == scenario


def test_arrivals_may_be_even() -> None:
    arrivals = parse(MINIMAL + "clients: {arrivals: constant 30/min}").clients.arrivals
    assert isinstance(arrivals, Constant)
    assert arrivals.rate == 0.5


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("time\n1\n", "arrivals.csv:1: no column 'at_s': there are time"),
        ("", "arrivals.csv:1: no column 'at_s': the file is empty"),
        ('[{"at_s": 1}]', "arrivals.csv:1: no column 'at_s'"),
        ("at_s;x\n0.5;1\n", "arrivals.csv:1: no column 'at_s': there are at_s;x"),
        ("at_s\n1,5\n", "arrivals.csv:2: 2 fields for 1 columns"),
        ("at_s\n", "arrivals.csv: no request in it"),
        ("at_s\n1e400\n", "arrivals.csv:2: bad at_s '1e400'"),
        ("at_s\n1000000\n", "its first request is at 1000000 s, when clients no longer ask"),
        ("at_s\n2023-11-16\n1\n", "arrivals.csv:3: bad at_s '1'"),
        ("at_s\n2023-11-16T00:00\n2023-11-16T00:00Z\n", "arrivals.csv:3: bad at_s '2023-11-16T00:00Z'"),
        ("at_s\n\n1\n", None),
        ("\ufeffat_s,x\r\n1,2\r\n", None),
        ("at_s\n1\nsoon\n", "arrivals.csv:3: bad at_s 'soon'"),
        ("at_s\n2\n1\n", "arrivals.csv:3: 1 s is earlier than what comes before it"),
        ("at_s\n-1\n", "arrivals.csv:2: bad at_s '-1'"),
        ("at_s\nnan\n", "arrivals.csv:2: bad at_s 'nan'"),
        ("at_s,b\n1\n", None),
    ],
)
def test_a_bad_trace_is_an_error_with_its_line(tmp_path: Path, content: str, expected: str | None) -> None:
    (tmp_path / "arrivals.csv").write_text(content)
    more = f"clients: {{arrivals: {{trace: {tmp_path}/arrivals.csv}}}}"
    if expected is None:
        assert parse(MINIMAL + more)
    else:
        assert expected in one_error(more)


def test_the_column_and_the_unit_of_a_trace_can_be_named(tmp_path: Path) -> None:
    (tmp_path / "cloud.csv").write_text(
        "TIMESTAMP,tokens,ms\n2023-11-16 18:15:46.6805900,374,1500\n2023-11-16 18:15:48.1805900,9,2500\n"
    )

    def moments(more: str) -> tuple[float, ...]:
        arrivals = parse(f"{MINIMAL}clients: {{arrivals: {{trace: {tmp_path}/cloud.csv, {more}}}}}").clients.arrivals
        assert isinstance(arrivals, Trace)
        return arrivals.moments

    assert moments("column: TIMESTAMP") == (0.0, 1.5)
    assert moments("column: ms, unit: ms") == (1.5, 2.5)
    error = one_error(f"clients: {{arrivals: {{trace: {tmp_path}/cloud.csv, column: TIMESTAMP, unit: s}}}}")
    assert "cloud.csv:2: bad TIMESTAMP" in error
    assert "column: NAME, unit: ms" in error


def test_a_missing_file_is_an_error_at_its_place() -> None:
    assert one_error("clients: {arrivals: {trace: gone.csv}}").startswith("x.yaml:4:29: no file 'gone.csv'")
    assert "no file 'gone.onnx'" in one_error("description: x", ["models=[{name: mine, path: gone.onnx}]"])
