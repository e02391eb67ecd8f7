"""Two runs, or two comparisons, held against each other: what is said of each figure, and on what grounds."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from simnet.measure.metric import Neither
from simnet.studies.comparison.catalogue import CATALOGUE
from simnet.studies.comparison.change import BEYOND, EXACT, SAME, UNKNOWN, VERDICTS, WITHIN, Change
from simnet.studies.comparison.diff import Side, diff
from simnet.studies.comparison.evidence import Evidence
from simnet.studies.comparison.fields import fields
from tests.comparison_samples import evidence


def side(*runs: Evidence, label: str = "", scenario: dict[str, Any] | None = None, inexact: str = "") -> Side:
    """A side of these runs."""
    logs = tuple(str(id(one)) for one in runs)
    return Side(Path("run"), "", scenario or {}, {}, {label: runs}, logs, inexact=inexact)


def change(first: Sequence[Evidence], second: Sequence[Evidence], reading: str, **more: Any) -> Change:
    """What became of one figure."""
    found = diff(side(*first, **more), side(*second, **more))
    (one,) = [one for one in found.changes if one.reading == reading]
    return one


def verdict(first: Evidence, second: Evidence, reading: str, **more: Any) -> str:
    """What is said of one figure of two runs."""
    return change([first], [second], reading, **more).verdict


def test_a_run_against_itself_has_not_changed() -> None:
    run = evidence(
        counts={"detection_rate": (5, 9)}, values={"gas_total": 3.0}, observations={"soft_latency_ms": [1, 2]}
    )
    found = diff(side(run), side(run))
    assert found.is_none
    assert {one.verdict for one in found.changes} == {SAME}


def test_a_rate_that_fell_far_is_beyond_noise_and_worse() -> None:
    first, second = (evidence(counts={"detection_rate": counts}) for counts in ((100, 100), (60, 100)))
    found = change([first], [second], "detection_rate")
    assert (found.verdict, found.direction, found.is_worse) == (BEYOND, "worse", True)
    assert "Fisher's exact test" in found.why
    assert "n = 100 and 100" in found.why


@pytest.mark.parametrize(("after", "said"), [(0.3 + 1e-16, SAME), (0.3 * (1 + 1e-9), EXACT)])
def test_what_the_order_of_a_sum_changes_is_no_change(after: float, said: str) -> None:
    first, second = (evidence(values={"slashed_opg": value}) for value in (0.1 + 0.2, after))
    assert verdict(first, second, "slashed_opg") == said


def test_a_rate_that_rose_is_no_worse() -> None:
    first, second = (evidence(counts={"detection_rate": counts}) for counts in ((60, 100), (100, 100)))
    assert not change([first], [second], "detection_rate").is_worse


def test_a_rate_that_hardly_moved_is_within_noise() -> None:
    first, second = (evidence(counts={"detection_rate": counts}) for counts in ((97, 100), (95, 100)))
    assert verdict(first, second, "detection_rate") == WITHIN


def test_a_rate_of_too_few_cannot_be_told() -> None:
    first, second = (evidence(counts={"detection_rate": counts}) for counts in ((2, 2), (0, 2)))
    found = change([first], [second], "detection_rate")
    assert (found.verdict, found.why) == (UNKNOWN, "n = 2 and 2: too few")


def test_a_figure_that_one_side_does_not_define_cannot_be_told() -> None:
    found = change([evidence(counts={"detection_rate": (2, 2)})], [evidence()], "detection_rate")
    assert (found.verdict, found.why) == (UNKNOWN, "undefined after: n = 0")


def test_a_count_under_the_same_seed_is_exact() -> None:
    first, second = (evidence(values={"fraud_finalised": value}) for value in (0.0, 1.0))
    found = change([first], [second], "fraud_finalised")
    assert (found.verdict, found.is_worse) == (EXACT, True)


def test_a_count_under_different_seeds_cannot_be_told() -> None:
    first, second = (evidence(seed, values={"fraud_finalised": seed}) for seed in (1, 2))
    assert verdict(first, second, "fraud_finalised") == UNKNOWN


def test_a_count_that_hangs_on_measured_time_is_not_exact() -> None:
    first, second = (evidence(values={"gas_total": value}) for value in (1.0, 2.0))
    assert verdict(first, second, "gas_total", inexact="measured") == UNKNOWN


def latencies(seed: int, shift: float) -> Evidence:
    """A run with a thousand soft latencies."""
    drawn = np.random.default_rng(seed).normal(100, 10, 1000) + shift
    return evidence(1, observations={"soft_latency_ms": drawn.tolist()})


def test_a_latency_that_shifted_is_beyond_noise() -> None:
    found = change([latencies(1, 0)], [latencies(2, 5)], "soft_latency_ms.p50")
    assert (found.verdict, found.direction) == (BEYOND, "worse")
    low, high = found.interval or (None, None)
    assert low is not None
    assert high is not None
    assert low < 5 < high


def test_a_latency_that_only_scattered_is_within_noise() -> None:
    assert verdict(latencies(1, 0), latencies(2, 0), "soft_latency_ms.p50") == WITHIN


def test_under_different_seeds_a_latency_may_differ_by_the_network_alone() -> None:
    first, second = latencies(1, 0), latencies(2, 5)
    other_seed = Evidence(2, second.metrics, second.observations, second.stake)
    found = change([first], [other_seed], "soft_latency_ms.p50")
    assert found.verdict == UNKNOWN
    assert "the seeds differ" in found.why


def gas(seed: int, value: float) -> Evidence:
    """A run with a figure that is neither a rate nor a distribution."""
    return evidence(seed, values={"gas_per_inference": value})


def test_over_several_seeds_runs_are_paired_by_seed() -> None:
    first = [gas(1, 100), gas(2, 200), gas(3, 300), gas(4, 400)]
    second = [gas(4, 404), gas(2, 203), gas(3, 303), gas(1, 104)]
    found = change(first, second, "gas_per_inference")
    assert (found.verdict, found.direction) == (BEYOND, "worse")
    assert "paired t" in found.why


def test_seeds_that_only_one_side_has_are_left_out_where_some_are_shared() -> None:
    first, second = [gas(1, 100), gas(2, 200), gas(3, 900)], [gas(1, 100), gas(2, 200)]
    found = change(first, second, "gas_per_inference")
    assert (found.verdict, found.before, found.after) == (SAME, 150, 150)


def test_seeds_that_are_all_different_are_compared_as_two_groups() -> None:
    first, second = [gas(1, 100), gas(2, 101), gas(3, 102)], [gas(4, 100.5), gas(5, 102.5)]
    found = change(first, second, "gas_per_inference")
    assert found.verdict == WITHIN
    assert "Welch's t" in found.why


def test_one_rare_figure_among_many_tests_is_not_called_beyond_noise() -> None:
    names = [name for name, spec in CATALOGUE.items() if spec.unit == "share"]
    first = evidence(counts=dict.fromkeys(names, (50, 100)))
    alone = evidence(counts=dict.fromkeys(names, (50, 100)) | {"detection_rate": (35, 100)})
    among = evidence(counts=dict.fromkeys(names, (51, 100)) | {"detection_rate": (35, 100)})
    assert verdict(first, alone, "detection_rate") == BEYOND
    found = change([first], [among], "detection_rate")
    assert (found.verdict, found.p is not None and found.p < 0.05) == (WITHIN, True)
    assert f"no rarity among {len(names)} tests" in found.why


def test_the_most_relevant_comes_first() -> None:
    first = evidence(counts={"detection_rate": (100, 100)}, values={"gas_total": 1.0, "fraud_finalised": 0.0})
    second = evidence(counts={"detection_rate": (50, 100)}, values={"gas_total": 0.5, "fraud_finalised": 9.0})
    found = diff(side(first), side(second)).changes
    assert [one.reading for one in found[:3]] == ["detection_rate", "fraud_finalised", "gas_total"]
    assert [VERDICTS.index(one.verdict) for one in found] == sorted(VERDICTS.index(one.verdict) for one in found)


def test_only_labels_of_both_sides_are_compared() -> None:
    left, right = side(gas(1, 1), label="a"), side(gas(1, 2), label="b")
    assert diff(left, right).changes == []


def test_fields_are_named_by_their_path() -> None:
    first = {"seed": 1, "nodes": {"full": {"count": 7}}, "adversaries": [{"behaviour": "quantize"}], "same": [1, 2]}
    second = {"seed": 2, "nodes": {"full": {"count": 9}}, "adversaries": [], "same": [1, 2]}
    assert fields(first, second) == [
        ("seed", 1, 2),
        ("nodes.full.count", 7, 9),
        ("adversaries.0.behaviour", "quantize", None),
        ("adversaries", None, []),
    ]


def test_parameters_of_a_strategy_that_only_one_side_has_are_not_listed() -> None:
    first, second = (
        side(gas(1, 1), label=label, scenario={"compare": {"strategies": {label: {"size": 3}}, "seeds": seeds}})
        for label, seeds in (("a", 1), ("b", 2))
    )
    assert diff(first, second).scenario == [("compare.seeds", 1, 2)]


@pytest.mark.parametrize("reading", ["blocks", "fraud_committed"])
def test_a_figure_of_no_better_or_worse_counts_as_worse_when_it_changes(reading: str) -> None:
    assert not CATALOGUE[reading].direction
    found = change([evidence(values={reading: 1.0})], [evidence(values={reading: 2.0})], reading)
    assert (found.direction, found.is_worse) == ("", True)


def test_every_figure_has_a_direction_or_a_reason_why_it_has_none() -> None:
    for spec in CATALOGUE.values():
        assert spec.direction in ("higher", "lower") or (isinstance(spec.better, Neither) and spec.better.reason)


def test_a_loss_that_ceased_is_for_the_better() -> None:
    found = change(
        [evidence(values={"value_lost_opg": 56.9})], [evidence(values={"value_lost_opg": 0.0})], "value_lost_opg"
    )
    assert (found.verdict, found.direction, found.is_worse) == (EXACT, "better", False)
