"""Every fault says what it is, in the code, on the command line and in the docs, and all three agree."""

from __future__ import annotations

import ast

import pytest

from simnet.cli.faults_page import example, fault_named, markdown, parameters, summary
from simnet.cli.main import main
from simnet.faults.fault import Fault, Lasting
from simnet.plugins import faults
from simnet.scenario.load import load_scenario
from tests.scenario_text import errors_of, one_error, parse
from tests.source import ROOT, modules, report

ALL = list(faults().values())
VERBS = [
    *("crash", "restart", "outage", "slow", "skew", "rpc", "partition", "heal", "cut", "loss", "latency", "hold"),
    *("release", "reorg", "censor", "congestion", "gas_price", "price"),
]
BASE = """
name: broken
models: [digits_mlp]
strategy: {kind: committee, size: 3}
network: {regions: [us-east, eu-west, ap-south]}
nodes: {inference: {count: 3}, full: {count: 6}}
"""


def test_every_kind_of_trouble_is_there() -> None:
    assert sorted(VERBS) == list(faults())


@pytest.mark.parametrize("member", ALL, ids=list(faults()))
def test_a_fault_describes_itself(member: type[Fault]) -> None:
    assert member.kind in member.own_keys()
    assert summary(member)
    assert bool(member.shows_in) or not issubclass(member, Lasting)
    assert all(parameter.description for parameter in parameters(member)) or issubclass(member, Fault)


@pytest.mark.parametrize("member", ALL, ids=list(faults()))
def test_its_example_is_a_scenarios_entry(member: type[Fault]) -> None:
    mends = {
        "heal": "partition: [eu-west]",
        "release": "hold: {from: us-east, to: full-1}",
        "restart": "crash: [full-0]",
    }
    first = f"  - {{at: 1 min, {mends[member.kind]}}}\n" if member.kind in mends else ""
    weighing = "adversaries: [{behaviour: diligent_if_paid, count: 1}]\n"
    scenario = parse(BASE + weighing + f"faults:\n{first}  {example(member)}\n")
    assert type(scenario.faults[-1]) is member
    assert parse(scenario.resolved_yaml()) == scenario
    assert scenario.faults[-1].says


def test_whoever_reads_a_run_names_no_verb() -> None:
    """What readers say of a fault they take from its class or from the log, so that a third party's is no exception."""
    readers = ("dashboards.", "reports.", "simnet.measure.", "simnet.verdict.")
    named = (
        f"{module.place}:{node.lineno} names the fault '{node.value}'"
        for module in modules()
        if module.name.startswith(readers)
        for node in ast.walk(module.tree)
        if isinstance(node, ast.Constant) and node.value in VERBS
    )
    report(named)


def test_the_page_in_the_docs_is_in_step() -> None:
    written = (ROOT / "docs" / "faults.md").read_text()
    assert written == markdown(), "write it anew: simnet faults --markdown > docs/faults.md"


def test_the_page_has_every_fault_once() -> None:
    assert [line.split("`")[1] for line in markdown().splitlines() if line.startswith("| `")] == list(faults())


def test_the_scenario_of_all_faults_has_every_verb_once() -> None:
    scenario = load_scenario(ROOT / "scenarios" / "faults.yaml")
    assert sorted(fault.kind for fault in scenario.faults) == list(faults())


# -- the command ---------------------------------------------------------------------------------------------


def test_the_command_lists_all(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["faults"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split()[0] == "fault"
    assert {line.split()[0] for line in lines[1:]} >= set(VERBS)


def test_the_command_explains_one_with_its_parameters_and_an_example(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["faults", "loss"]) == 0
    text = capsys.readouterr().out
    for expected in ("meanwhile:", "shows in:", "share", "between", "- {at: 5 min, loss:"):
        assert expected in text


def test_a_name_that_does_not_exist_gets_the_nearest_that_does(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["faults", "partitoin"]) == 2
    assert "did you mean 'partition'?" in capsys.readouterr().err
    with pytest.raises(Exception, match="unknown fault"):
        fault_named("earthquake")


# -- faults that could do nothing ----------------------------------------------------------------------------

EMPTY_REGION = BASE.replace("[us-east, eu-west, ap-south]", "[us-east, eu-west, ap-south, b, c, d, e, f, g, h, i]")


@pytest.mark.parametrize(
    ("right", "wrong", "expected"),
    [
        ("partition: [eu-west]", "partition: [us-east, eu-west, ap-south]", "this cuts nobody off: it names everybody"),
        ("cut: {from: full-0, to: producer-0}", "cut: {from: full-0, to: full-0}", "nothing ever goes this way"),
        ("hold: {from: full-0, to: eu-west}", "hold: {from: full-0, to: producer-0}", "no message ever goes this way"),
        ("hold: {from: full-0, to: full-1}", "hold: {from: full-0, to: full-0}", "no message ever goes this way"),
        ("loss: {share: 1 %, to: full-0}", "loss: {share: 1 %, to: producer-0}", "no message ever goes this way"),
        ("latency: {add: 1 s, to: producer-0}", "latency: {add: 1 s, between: [full-0, full-0]}", "nothing ever goes"),
        ("crash: [full-0]", "restart: [full-0]", "'full-0' is not down by then"),
        ("reorg: 30", "reorg: 31", "the run has 30 slots by then"),
        ("slow: {nodes: full-0, times: 2}", "slow: {nodes: client-0, times: 2}", "nobody there executes models"),
        ("skew: {nodes: client-0, ahead: 1 s}", "skew: {nodes: producer-0, ahead: 1 s}", "block producers go by"),
        ("rpc: {nodes: client-0}", "rpc: {nodes: producer-0}", "block producers need no endpoint"),
        ("gas_price: 2", "gas_price: 1", "this changes nothing"),
        ("gas_price: 2", "price: 2", "nobody here weighs what OPG is worth"),
        ("censor: {function: postBatch}", "censor: {function: postBach}", "'postBach' is no function of any contract"),
        ("censor: {contract: Staking}", "censor: {contract: Stakin}", "unknown contract 'Stakin'"),
        ("censor: {senders: full-0}", "censor: {senders: full-0, producers: full-1}", "nobody there builds blocks"),
        ("outage: {share: 1 %, region: eu-west}", "outage: {share: 1 %, region: eu}", "unknown region 'eu'"),
        ("outage: {share: 1 %, role: full}", "heal", "there is nothing to heal"),
        ("reorg: 1", "release", "there is nothing to release"),
    ],
)
def test_a_fault_that_could_do_nothing_is_told_at_its_line(right: str, wrong: str, expected: str) -> None:
    assert len(parse(BASE + f"faults:\n  - {{at: 1 min, {right}}}\n").faults) == 1
    error = one_error(f"faults:\n  - {{at: 1 min, {wrong}}}\n", base=BASE)
    assert error.startswith("x.yaml:8:")
    assert expected in error


@pytest.mark.parametrize(
    "entry",
    ["partition: [i]", "cut: {to: i}", "hold: {from: us-east, to: i}", "loss: {share: 1 %, from: i}",
     "latency: {add: 1 s, from: i}", "slow: {nodes: i, times: 2}", "skew: {nodes: i, ahead: 1 s}", "rpc: {nodes: i}",
     "censor: {senders: i}"],
)  # fmt: skip
def test_a_region_in_which_nobody_is_is_told(entry: str) -> None:
    few = EMPTY_REGION + "clients: {count: 2}\n"
    assert "nobody is in region 'i'" in one_error(f"faults:\n  - {{at: 1 min, {entry}}}\n", base=few)


def test_an_outage_where_no_such_node_is_strikes_nobody() -> None:
    assert "this strikes nobody" in one_error(
        "faults:\n  - {at: 1 min, outage: {share: 50 %, role: producer, region: eu-west}}\n", base=BASE
    )


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        ("skew: {nodes: full-0}", "either ahead or behind"),
        ("skew: {nodes: full-0, ahead: 1 s, behind: 1 s}", "either ahead or behind"),
        ("cut: {from: full-0, between: [full-0, full-1]}", "'between' is both ways"),
        ("censor: {}", "does not say what is left out"),
        ("slow: {nodes: full-0, times: 1}", "1 is too small"),
        ("loss: {share: 0 %}", "is too small"),
        ("congestion: 101 %", "is more than"),
        ("rpc: {nodes: full-0, how: maybe}", "timeout"),
    ],
)
def test_what_makes_no_sense_is_refused(entry: str, expected: str) -> None:
    assert expected in "\n".join(errors_of(BASE + f"faults:\n  - {{at: 1 min, {entry}}}\n"))


def test_a_mend_counts_only_what_begins_before_it() -> None:
    crash, restart = "  - {at: 2 min, crash: [full-0]}\n", "  - {at: %s, restart: [full-0]}\n"
    assert len(parse(BASE + "faults:\n" + restart % "3 min" + crash).faults) == 2
    assert "is not down by then" in one_error("faults:\n" + restart % "2 min" + crash, base=BASE)
    assert len(parse(BASE + "faults:\n" + crash + restart % "2 min").faults) == 2
    struck = "faults:\n  - {at: 1 min, outage: {share: 50 %, role: full}}\n"
    assert len(parse(BASE + struck + restart % "2 min").faults) == 2


@pytest.mark.parametrize(
    ("lasting", "mend"), [("partition: [eu-west]", "heal"), ("hold: {from: us-east, to: full-1}", "release"),
                          ("crash: [full-0]", "restart: [full-0]")]
)  # fmt: skip
def test_what_is_over_by_itself_is_not_there_to_be_undone(lasting: str, mend: str) -> None:
    entries = f"faults:\n  - {{at: 1 min, {lasting}, for: 60 s}}\n  - {{at: %s, {mend}}}\n"
    assert len(parse(BASE + entries % "119 s").faults) == 2
    assert one_error(entries % "121 s", base=BASE).startswith("x.yaml:9:")


@pytest.mark.parametrize(
    ("lasting", "mend"),
    [("partition: [eu-west]", "heal"), ("hold: {from: us-east, to: full-1}", "release"),
     ("crash: [full-0]", "restart: [full-0]")],
)  # fmt: skip
def test_what_was_undone_before_is_not_there_to_be_undone_again(lasting: str, mend: str) -> None:
    first = f"faults:\n  - {{at: 1 min, {lasting}}}\n  - {{at: 2 min, {mend}}}\n"
    assert one_error(first + f"  - {{at: 3 min, {mend}}}\n", base=BASE).startswith("x.yaml:10:")
    again = f"  - {{at: 150 s, {lasting}}}\n  - {{at: 3 min, {mend}}}\n"
    assert len(parse(BASE + first + again).faults) == 4


def test_what_is_injected_may_take_the_place_of_what_comes_later() -> None:
    planned = "faults: [{at: 2 min, crash: [full-0], for: 10 s}, {at: 125 s, restart: [full-0]}]\n"
    parse(BASE + planned + "injected: [{at: 90 s, crash: [full-0]}]\n")
    parse(BASE + planned + "injected: [{at: 122 s, restart: [full-0]}]\n")
    told = one_error(planned + "injected: [{at: 121 s, crash: [full-0], for: 1 s}]\n", base=BASE)
    assert "this changes nothing" in told


ALIKE = [
    "partition: [eu-west]", "cut: {from: full-0, to: us-east}", "hold: {from: full-0, to: full-1}",
    "censor: {function: postBatch}", "rpc: {nodes: [full-0]}", "congestion: 50 %", "crash: [full-0]",
]  # fmt: skip
ADD_UP = [
    "loss: {share: 1 %}", "latency: {add: 1 s}", "slow: {nodes: full-0, times: 2}", "gas_price: 2",
    "skew: {nodes: full-0, ahead: 1 s}", "outage: {share: 10 %}",
]  # fmt: skip


@pytest.mark.parametrize("what", ALIKE)
def test_what_an_earlier_fault_does_for_as_long_is_told(what: str) -> None:
    entries = f"faults:\n  - {{at: 1 min, {what}, for: 60 s}}\n  - {{at: 90 s, {what}, for: LONG}}\n"
    told = one_error(entries.replace("LONG", "30 s"), base=BASE)
    assert told.startswith("x.yaml:9:")
    assert "this changes nothing: what happens at 1 min lasts as long" in told
    assert len(parse(BASE + entries.replace("LONG", "31 s")).faults) == 2


@pytest.mark.parametrize("what", ADD_UP)
def test_faults_that_add_up_may_lie_within_one_another(what: str) -> None:
    parse(BASE + f"faults:\n  - {{at: 1 min, {what}, for: 2 min}}\n  - {{at: 90 s, {what}, for: 10 s}}\n")


def test_a_crash_of_nodes_that_are_all_down_is_told_and_not_after_one_was_restarted() -> None:
    down = "faults:\n  - {at: 1 min, crash: [full-0]}\n"
    again = "  - {at: 2 min, crash: [full-0], for: 10 s}\n"
    assert one_error(down + again, base=BASE).startswith("x.yaml:9:25:")
    parse(BASE + down + "  - {at: 90 s, restart: [full-0]}\n" + again)


def test_a_crash_of_which_one_node_alone_is_down_does_something() -> None:
    down = "faults:\n  - {at: 1 min, crash: [full-0]}\n"
    parse(BASE + down + "  - {at: 2 min, crash: [full-0, full-1], for: 10 s}\n")


@pytest.mark.parametrize(
    ("adversaries", "told"),
    [
        ("[{behaviour: lazy_accept, nodes: [full-0, full-1, full-2, full-3]}]", True),
        ("[{behaviour: lazy_accept, nodes: [full-0, full-1, full-2]}]", False),
        ("[{behaviour: lazy_accept, nodes: [full-0]}, {behaviour: copycat, count: 3}]", True),
        ("[{behaviour: copycat, count: 3}, {behaviour: lazy_accept, nodes: [full-0]}]", False),
        ("[{behaviour: label_flip, count: 3}]", False),
    ],
)
def test_an_outage_of_honest_nodes_where_all_cheat_whatever_the_seed_strikes_nobody(
    adversaries: str, told: bool
) -> None:
    text = f"nodes: {{inference: {{count: 3}}, full: {{count: 4}}}}\nadversaries: {adversaries}\n"
    text += "faults:\n  - {at: 1 min, outage: {share: 50 %, role: full}}\n"
    base = "name: tiny\nmodels: [digits_mlp]\nstrategy: {kind: committee, size: 3}\n"
    if told:
        assert "there are no honest full nodes there" in one_error(text, base=base)
    else:
        parse(base + text)


def test_honest_noise_is_no_misbehaviour_to_an_outage() -> None:
    struck = "faults: [{at: 1 min, outage: {share: 50 %, role: inference}}]\n"
    others = "{behaviour: label_flip, count: 2}]\n"
    parse(BASE + "adversaries: [{behaviour: honest_noisy, count: 1}, " + others + struck)
    told = one_error("adversaries: [{behaviour: model_swap, count: 1}, " + others + struck, base=BASE)
    assert "no honest inference nodes" in told


def test_a_price_is_changed_where_somebody_weighs_it_and_changed_back_only_after_that() -> None:
    text = BASE + "adversaries: [{behaviour: diligent_if_paid, count: 1}]\nfaults:\n  - {at: 2 min, price: 1}\n"
    assert "this changes nothing" in errors_of(text)[0]
    parse(text + "  - {at: 1 min, price: 2}\n")
