"""What a comparison runs: its section of the scenario, its labels, its seeds, and what each run is made of."""

from __future__ import annotations

import pickle
from pathlib import Path

import pytest

from nodes.parameters import ParameterError
from simnet.log.tables import read_tables
from simnet.scenario.load import parse_scenario
from simnet.studies.comparison.plan import file_name, make_plan
from tests.comparison_samples import compared, plan_of
from tests.scenario_text import MINIMAL, one_error, parse
from tests.small import scenario


def test_a_file_says_what_to_compare() -> None:
    found = parse(
        MINIMAL
        + "compare:\n  seeds: [3, 9]\n  strategies:\n    - none\n"
        + "    - {kind: committee, size: 2, comparator: bitwise, label: pair}\n"
    )
    none, pair = make_plan(found).entrants
    assert (none.label, none.strategy.kind, none.comparator.kind) == ("none", "none", "relative")
    assert (pair.label, pair.strategy.model_dump()["size"], pair.comparator.kind) == ("pair", 2, "bitwise")
    assert make_plan(found).seeds == (3, 9)


def test_a_number_of_seeds_counts_up_from_the_scenarios_own() -> None:
    assert plan_of(["none"], seeds=3, seed=40).seeds == (40, 41, 42)


def test_a_bare_name_of_the_scenarios_own_strategy_means_it_as_configured() -> None:
    own = {"kind": "committee", "size": 2}
    bare, explicit = plan_of(["committee", {"kind": "committee", "size": 3}], strategy=own).entrants
    assert (bare.strategy.model_dump()["size"], explicit.strategy.model_dump()["size"]) == (2, 3)


def test_the_scenarios_own_strategy_is_checked_as_configured() -> None:
    three = {"inference": {"count": 2}, "full": {"count": 3}}
    assert plan_of(["committee"], nodes=three, strategy={"kind": "committee", "size": 2})
    error = one_error("compare: {strategies: [{kind: committee, size: 9}]}\nnodes: {full: {count: 7}}\n")
    assert "x.yaml:4:48: a committee of 9 cannot be drawn from 7 full nodes" in error


def test_a_strategy_is_checked_with_the_comparator_that_it_comes_with() -> None:
    assert "only be compared bitwise" in one_error("compare: {strategies: [indexed_commitment]}\n")
    assert plan_of([{"kind": "indexed_commitment", "comparator": "bitwise"}])


def test_labels_say_what_was_set_only_where_that_is_needed() -> None:
    sizes = [{"kind": "committee", "size": 3}, {"kind": "committee", "size": 4}, {"kind": "none"}]
    assert [one.label for one in plan_of(sizes).entrants] == ["committee(size=3)", "committee(size=4)", "none"]
    assert [one.label for one in plan_of(sizes[1:]).entrants] == ["committee", "none"]


@pytest.mark.parametrize(
    ("section", "expected"),
    [
        ("{strategies: [comittee]}", "unknown strategy 'comittee'"),
        ("{strategies: [comittee]}", "did you mean 'committee'?"),
        ("{strategies: [{kind: committee, sise: 3}]}", "did you mean 'size'?"),
        ("{strategies: [none, none]}", "another strategy is called 'none' too"),
        ("{strategies: [{size: 3}]}", "key 'kind' is missing"),
        ("{strategies: [{strategy: none}]}", "write its name as kind"),
        ("{strategies: none}", "expected a list"),
        ("{strategies: [none], seeds: 0}", "between 1 and"),
        ("{strategies: [none], seeds: [4, 4]}", "a seed is named twice"),
        ("{strategies: [none], seeds: [-1]}", "between 0 and"),
        ("{strategies: [none], seeds: []}", "1 to"),
        ("{strategies: [none], seeds: many}", "expected how many"),
        ("{strategies: [none], seeds: true}", "expected how many"),
        ("{strategys: [none]}", "did you mean 'strategies'?"),
    ],
)
def test_a_mistake_in_the_section_is_named(section: str, expected: str) -> None:
    assert expected in one_error(f"compare: {section}\n")


def test_with_nothing_to_compare_there_is_no_plan() -> None:
    with pytest.raises(ParameterError, match="names no strategies") as caught:
        make_plan(scenario())
    assert caught.value.exit_code == 2


def test_only_strategy_comparator_and_seed_differ_between_runs(tmp_path: Path) -> None:
    plan = plan_of(["none", {"kind": "committee", "size": 2}], expect=["fraud_finalised == 0"])
    works = list(plan.works(tmp_path))
    assert [(entrant.label, work.seed) for entrant, work in works] == [
        ("none", 3),
        ("committee", 3),
        ("none", 4),
        ("committee", 4),
    ]
    first, second = (work.scenario.model_dump(by_alias=True) for _, work in works[:2])
    assert {key for key in first if first[key] != second[key]} == {"strategy"}
    assert works[0][1].scenario.expect == ()
    assert len({work.out for _, work in works}) == len(works)


def test_a_work_item_can_be_sent_to_another_process(tmp_path: Path) -> None:
    ((_, work),) = plan_of([{"kind": "committee", "quorum": "3/4", "size": 4}], seeds=1).works(tmp_path)
    assert pickle.loads(pickle.dumps(work)) == work


def test_a_plan_written_out_plans_the_same_again() -> None:
    own = {"kind": "committee", "size": 2}
    strategies = ["none", "committee", {"kind": "committee", "size": 3, "comparator": "bitwise"}]
    plan = plan_of(strategies, seeds=[5, 8], strategy=own)
    again = make_plan(parse_scenario(plan.resolved_yaml().encode()))
    assert (again.entrants, again.seeds) == (plan.entrants, plan.seeds)


def test_under_one_seed_every_strategy_meets_the_same_requests(tmp_path: Path) -> None:
    comparison = compared(tmp_path, ["none", "full_reexecution", {"kind": "committee", "size": 2}], seeds=1)
    requests = []
    for ran in comparison.ran:
        sent = read_tables(tmp_path / ran.directory / "events.jsonl").of("task_sent")
        requests.append([(row["t"], row["client"], row["model"], row["task"]) for row in sent])
    assert len(requests[0]) > 30
    assert requests[0] == requests[1] == requests[2]


@pytest.mark.parametrize(
    ("label", "name"),
    [("committee(size=3)", "committee-size-3"), ("../../etc", "etc"), ("δ", "strategy"), ("a b", "a-b")],
)
def test_a_label_makes_a_harmless_file_name(label: str, name: str) -> None:
    assert file_name(label) == name
