"""Checks that span sections: each side of every bound, and the place of each complaint."""

from __future__ import annotations

from pathlib import Path

import pytest

from nodes.identity import Role
from simnet.scenario.errors import ScenarioErrors
from tests.scenario_text import MINIMAL, one_error, parse
from tests.source import ROOT

MODEL_FILE = ROOT / "nodes/models/zoo/digits_mlp/fp32.onnx"


@pytest.mark.parametrize(
    ("right", "wrong", "expected"),
    [
        (
            "network: {regions: [a, b], sites: 2}",
            "network: {regions: [a, b], sites: 1}",
            "4:35: 2 regions need at least as many sites, not 1",
        ),
        ("network: {regions: [a, b]}", "network: {regions: [a, a]}", "4:24: region 'a' is named twice"),
        ("network: {regions: [full-5]}", "network: {regions: [full-4]}", "4:21: 'full-4' is the name of a node"),
        (
            "network: {latency: {distribution: constant}}",
            "network: {latency: {distribution: constant, jitter: 0.1}}",
            "4:53: constant latency has no jitter",
        ),
        ("chain: {block_time: 2 s}", "chain: {block_time: 2.5 s}", "4:21: block time must be whole seconds"),
        (
            "economics: {slash_share: 0.01 %}",
            "economics: {slash_share: 1/3}",
            "4:26: 0.3333333333333333 is not",
        ),
        ("economics: {jail: 2 s}", "economics: {jail: 500 ms}", "4:19: 500 ms is not whole seconds"),
        (
            "clients: {fee: 1 OPG, deposit: 1 OPG}",
            "clients: {fee: 1.1 OPG, deposit: 1 OPG}",
            "4:16: a fee of 1.1 OPG is more than the deposit of 1 OPG",
        ),
        (
            "nodes: {full: {stake: 1_000 OPG}}",
            "nodes: {full: {stake: 999 OPG}}",
            "4:23: a stake of 999 OPG is below economics.min_stake_full, 1_000 OPG",
        ),
        (
            "duration: 1000 s\nclients: {arrivals: poisson 10000/s}",
            "duration: 1001 s\nclients: {arrivals: poisson 10000/s}",
            "5:21: about 1e+07 tasks in 1001 s, more than the limit of 10000000",
        ),
        (
            "clients: {count: 10, deposit: 99_000_000 OPG}",
            "clients: {count: 10, deposit: 100_000_000 OPG}",
            "stakes, deposits and bonds add up to",
        ),
        (
            "adversaries: [{behaviour: quantize, count: 4}]",
            "adversaries: [{behaviour: quantize, count: 5}]",
            "4:44: 5 adversaries of role inference, but the scenario has 4",
        ),
        (
            "adversaries: [{behaviour: quantize, count: 4}, {behaviour: label_flip, count: 4}]",
            "adversaries: [{behaviour: quantize, count: 4}, {behaviour: label_flip, count: 5}]",
            "4:79: 5 adversaries of role inference",
        ),
        (
            "adversaries: [{behaviour: lazy_accept}]",
            "nodes: {full: {count: 0}}\nadversaries: [{behaviour: lazy_accept}]",
            "5:15: 1 adversary of role full, but the scenario has none",
        ),
        (
            "adversaries: [{behaviour: quantize, role: inference}]",
            "adversaries: [{behaviour: quantize, role: full}]",
            "4:43: 'quantize' is a behaviour of role inference, not full",
        ),
        (
            "adversaries: [{behaviour: quantize, nodes: [inference-3]}]",
            "adversaries: [{behaviour: quantize, nodes: [inference-4]}]",
            "4:45: no participant of role inference is called 'inference-4'",
        ),
        (
            "adversaries: [{behaviour: quantize, nodes: [inference-3, inference-1]}]",
            "adversaries: [{behaviour: quantize, nodes: [inference-3, inference-3]}]",
            "4:58: 'inference-3' is named twice",
        ),
        (
            "adversaries: [{behaviour: quantize, count: 1}]",
            "adversaries: [{behaviour: quantize, count: 1, nodes: [inference-1]}]",
            "4:44: both count and nodes are given",
        ),
        (
            "duration: 9 s\nsettle: 1 s\nadversaries: [{behaviour: quantize, from: 9 s, until: 10 s}]",
            "duration: 9 s\nsettle: 1 s\nadversaries: [{behaviour: quantize, from: 10 s}]",
            "6:43: begins at 10 s, when the run is over",
        ),
        (
            "adversaries: [{behaviour: quantize, from: 2 s, until: 3 s}]",
            "adversaries: [{behaviour: quantize, from: 3 s, until: 3 s}]",
            "4:55: ends at 3 s, before it begins",
        ),
        (
            "duration: 9 s\nsettle: 1 s\nadversaries: [{behaviour: quantize, until: 10 s}]",
            "duration: 9 s\nsettle: 1 s\nadversaries: [{behaviour: quantize, until: 11 s}]",
            "6:44: ends after the run",
        ),
        (
            "duration: 9 s\nsettle: 1 s\nfaults: [{at: 9.9 s, reorg: 1}]",
            "duration: 9 s\nsettle: 1 s\nfaults: [{at: 10 s, reorg: 1}]",
            "6:15: happens at 10 s, when the run is over",
        ),
        (
            "duration: 9 s\nsettle: 1 s\nfaults: [{at: 8 s, crash: [full-0], for: 2 s}]",
            "duration: 9 s\nsettle: 1 s\nfaults: [{at: 8 s, crash: [full-0], for: 2.1 s}]",
            "6:42: ends after the run",
        ),
        (
            "faults: [{at: 1 s, partition: [full-1, full-0]}]",
            "faults: [{at: 1 s, partition: [locla, full-0]}]",
            "4:32: unknown region or node 'locla'",
        ),
        (
            "faults: [{at: 1 s, hold: {from: local, to: client-9}}]",
            "faults: [{at: 1 s, hold: {from: local, to: client-10}}]",
            "4:44: unknown region or node 'client-10'",
        ),
        (
            "faults: [{at: 1 s, crash: [full-0]}]",
            "faults: [{at: 1 s, crash: [local]}]",
            "4:28: unknown node 'local'",
        ),
        ("sometimes: [slashed]", "sometimes: [slashd]", "4:13: unknown event 'slashd'"),
        (
            "faults: [{at: 1 s, crash: [full-0]}]\nsometimes: [crashed]",
            "faults: [{at: 9 s, reorg: 1}]\nsometimes: [slashed, crashed]",
            "5:22: 'crashed' can never happen: the scenario has no fault 'crash'",
        ),
        (
            "injected: [{at: 9 s, reorg: 1}]\nsometimes: [reorged]",
            "sometimes: [reorged]",
            "4:13: 'reorged' can never happen",
        ),
        (
            "expect: [false_slash_rate <= 95 %]",
            "expect: [false_slash_rate >= 95]",
            "4:10: 'false_slash_rate >= 95' never holds",
        ),
        ("expect: [fraud_finalised <= 0]", "expect: [fraud_finalised >= 0]", "'fraud_finalised >= 0' always holds"),
    ],
)
def test_each_bound_holds_on_both_sides(right: str, wrong: str, expected: str) -> None:
    parse(MINIMAL + right)
    assert expected in one_error(wrong)


def test_a_model_is_served_once() -> None:
    error = one_error("models: [digits_mlp, digits_mlp]", base="name: t\nstrategy: none\n")
    assert error.startswith("x.yaml:3:22: model 'digits_mlp' is already in the list")


def test_a_committee_cannot_be_larger_than_the_full_nodes() -> None:
    text = "name: t\nmodels: [digits_mlp]\nnodes: {full: {count: 5}}\n"
    parse(text + "strategy: {kind: committee, size: 5}")
    error = one_error("strategy: {kind: committee, size: 6}", base=text)
    assert error.startswith("x.yaml:4:35: a committee of 6")


@pytest.mark.parametrize(
    ("strategy", "right", "wrong"),
    [
        ("{kind: full_reexecution}", 3, 4),
        ("{kind: posp}", 3, 4),
    ],
)
def test_the_largest_call_fits_a_block(strategy: str, right: int, wrong: int) -> None:
    """A batch of 128 claims that all fall takes all of the smallest block, with a few members of a panel to pay."""
    text = f"name: t\nmodels: [digits_mlp]\nchain: {{block_gas_limit: 6000000}}\nstrategy: {strategy}\n"
    nodes = "nodes: {inference: {count: 2, batch_size: 128}, full: {count: %d}}"
    parse(text + nodes % right)
    error = one_error(nodes % wrong, base=text)
    assert error.startswith("x.yaml:3:26: the largest call of")
    assert "lower nodes.inference.batch_size" in error


@pytest.mark.parametrize(
    ("strategy", "right", "wrong"),
    [("full_reexecution", 366, 367), ("{kind: committee, size: 5}", 2_095, 2_096), ("tee", 726, 727)],
)
def test_the_largest_call_is_a_transaction_that_mainnet_takes(strategy: str, right: int, wrong: int) -> None:
    """Default blocks hold more. With many full nodes it is the draw that takes most, or who is paid for verifying."""
    text = f"name: t\nmodels: [digits_mlp]\nstrategy: {strategy}\n"
    nodes = "nodes: {inference: {count: 2, batch_size: 128}, full: {count: %d}}"
    parse(text + nodes % right)
    error = one_error(nodes % wrong, base=text)
    assert error.startswith("x.yaml:3:11: the largest call of")
    assert "16,777,216 of any transaction (EIP-7825)" in error


def test_an_epoch_whose_full_nodes_cannot_all_be_paid_in_a_block_is_refused() -> None:
    text = "name: t\nmodels: [digits_mlp]\nchain: {block_gas_limit: 6000000}\n"
    text += "strategy: {kind: secret_seed_duty, arbiters: 2}\n"
    nodes = "nodes: {inference: {count: 2, batch_size: 1}, full: {count: %d}}"
    parse(text + nodes % 94)
    assert "may take 6,0" in one_error(nodes % 95, base=text)


def test_the_largest_dispute_that_a_block_holds_is_the_largest_that_is_allowed() -> None:
    text = "name: t\nmodels: [digits_mlp]\nchain: {block_gas_limit: 6000000}\nstrategy: optimistic\n"
    nodes = "nodes: {inference: {count: 2, batch_size: %d}, full: {count: 3}}"
    parse(text + nodes % 40)
    assert "may take 6,0" in one_error(nodes % 41, base=text)


def test_a_models_file_is_opened_before_the_run(tmp_path: Path) -> None:
    file = tmp_path / "mine.onnx"
    file.write_bytes(b"this is no model")
    error = one_error(f"description: x\nmodels: [{{name: mine, path: {file}}}]", base="name: t\nstrategy: none\n")
    assert error.startswith(f"x.yaml:4:29: {file}")


def test_a_users_model_cannot_take_a_name_of_the_zoo(tmp_path: Path) -> None:
    file = tmp_path / "mine.onnx"
    file.write_bytes(b"")
    error = one_error(f"models: [{{name: digits_mlp, path: {file}}}]", base="name: t\nstrategy: none\n")
    assert error.startswith("x.yaml:3:17: 'digits_mlp' is a model of the zoo")


@pytest.mark.parametrize(("behaviour", "variant"), [("quantize", "int8"), ("model_swap", "small")])
def test_a_behaviour_that_runs_a_variant_needs_models_that_have_one(behaviour: str, variant: str) -> None:
    base = f"name: t\nstrategy: none\nmodels: [digits_mlp, {{name: mine, path: {MODEL_FILE}, macs: 1}}]\n"
    error = one_error(f"adversaries: [{{behaviour: {behaviour}}}]", base=base)
    assert f"'{behaviour}' runs the variant '{variant}', and model 'mine' has none" in error
    parse(base + "adversaries: [{behaviour: random_output}]")


@pytest.mark.parametrize(
    ("entry", "says"),
    [
        ("behaviour: never_settles", ""),
        ("behaviour: never_settles, nodes: [facilitator-0], from: 10 s, until: 1 min", ""),
        ("behaviour: never_settles, nodes: [facilitator-1]", "no participant of role facilitator is called"),
        ("behaviour: never_settles, count: 2", "the scenario has 1"),
        ("behaviour: never_settles, role: gateway", "is a behaviour of role facilitator, not gateway"),
        ("behaviour: never_settles, adaptive: {slashed: 0}", "services are not slashed"),
        ("behaviour: never_settles, probability: 50%", "services serve no tasks"),
        ("behaviour: never_settles, cartel: us", "services have no accomplices"),
    ],
)
def test_services_are_adversaries_like_others_but_for_what_they_do_not_have(entry: str, says: str) -> None:
    text = MINIMAL + f"adversaries: [{{{entry}}}]\n"
    if not says:
        (adversary,) = parse(text).adversaries
        assert adversary.role is Role.FACILITATOR
        return
    with pytest.raises(ScenarioErrors, match=says):
        parse(text)
