"""Every behaviour says what it is, in the code, on the command line and in the docs, and all three agree."""

from __future__ import annotations

import pytest

from nodes.adversaries.behaviour import Behaviour
from nodes.identity import SERVICES, Role
from nodes.records import RECORDS
from simnet.cli.behaviours_page import behaviour_named, example, markdown, parameters, summary
from simnet.cli.main import main
from simnet.measure.catalogue import METRICS
from simnet.plugins import behaviours
from simnet.world.injection import InjectionError, extend
from tests.scenario_text import MINIMAL, parse
from tests.source import ROOT

ALL = list(behaviours().values())
CATALOGUE = [
    *("selective_cheater", "sleeper", "hit_and_run", "whitewash", "cache_replay", "stale_model_version"),
    *("threshold_hugger", "probe_detector", "slow_loris", "sampling_shirker", "false_challenger", "bribed"),
    *("extortionist", "constant_reporter", "incapable_negative", "last_second_mover", "self_dealer", "dos_inputs"),
    *("sybil", "stake_whale", "borrowed_stake", "p_plus_epsilon_bribe", "beacon_bias", "reward_front_runner"),
    *("proof_replay", "wrong_vk", "quantised_circuit_gap", "forged_witness", "late_prover"),
    *("best_response", "diligent_if_paid", "replicator", "replicator_verifier", "cartel_recruit", "adaptive_cheat"),
]


def test_what_the_literature_knows_is_there() -> None:
    assert set(CATALOGUE) <= set(behaviours())


@pytest.mark.parametrize("member", ALL, ids=[member.kind for member in ALL])
def test_a_behaviour_describes_itself(member: type[Behaviour]) -> None:
    assert member.shows_in in (RECORDS if member.role in SERVICES else METRICS)
    assert summary(member)
    assert member.defeats
    assert member.stopped_by
    assert isinstance(member.role, Role)
    assert all(parameter.description for parameter in parameters(member))


@pytest.mark.parametrize("member", ALL, ids=[member.kind for member in ALL])
def test_its_example_is_a_scenarios_entry_and_spells_out_the_defaults(member: type[Behaviour]) -> None:
    enough = "nodes: {inference: {count: 8}, full: {count: 8}}\n"
    strategy = "strategy: {kind: committee, size: 3}\n"
    scenario = parse(MINIMAL.replace("strategy: none\n", strategy) + enough + f"adversaries:\n  {example(member)}\n")
    [adversary] = scenario.adversaries
    assert adversary.behaviour == member()
    assert adversary.count == member.at_least


def test_the_page_in_the_docs_is_in_step() -> None:
    written = (ROOT / "docs" / "behaviours.md").read_text()
    assert written == markdown(), "write it anew: simnet behaviours --markdown > docs/behaviours.md"


def test_the_page_has_every_behaviour_once() -> None:
    rows = [line.split("`")[1] for line in markdown().splitlines() if line.startswith("| `")]
    assert sorted(rows) == list(behaviours())


def test_the_command_lists_those_of_a_role(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["behaviours", "--role", "producer"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split()[:2] == ["behaviour", "role"]
    assert [line.split()[0] for line in lines[1:]] == ["censor", "reward_front_runner"]


def test_the_command_explains_one_with_its_parameters_and_an_example(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["behaviours", "false_challenger"]) == 0
    text = capsys.readouterr().out
    for expected in ("a behaviour of role full", "needs:", "optimistic", "challenges", "100", "stopped by:"):
        assert expected in text
    assert "- {behaviour: false_challenger, count: 1, share: 1.0, challenges: 100}" in text


def test_a_name_that_does_not_exist_gets_the_nearest_that_does(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["behaviours", "slepper"]) == 2
    assert "did you mean 'sleeper'?" in capsys.readouterr().err
    with pytest.raises(Exception, match="unknown behaviour"):
        behaviour_named("")


def test_only_a_behaviour_that_needs_nothing_of_what_came_before_may_begin_late() -> None:
    late = {kind for kind, member in behaviours().items() if member.may_begin_late()}
    assert {"quantize", "lazy_accept", "bribed", "threshold_hugger", "censor"} <= late
    assert not late & {"whitewash", "sybil", "stake_whale", "self_dealer", "best_response", "beacon_bias", "copycat"}


@pytest.mark.parametrize(
    ("entry", "refused"),
    [
        ("behaviour: quantize", False),
        ("behaviour: sybil", True),
        ("behaviour: quantize, adaptive: {slashed: 0}", True),
    ],
)
def test_others_cannot_be_injected_into_a_run_that_goes_on(entry: str, refused: bool) -> None:
    if not refused:
        assert extend(parse(MINIMAL), entry, 1.0).injected
        return
    with pytest.raises(InjectionError, match="has to be there from the start"):
        extend(parse(MINIMAL), entry, 1.0)
