"""``comparison.html``: every strategy has its place in every panel, with units, intervals and words for what is not."""

from __future__ import annotations

import html
import math
import re
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.comparison import GROUPS, comparison_html
from reports.estimates import cell_text, estimate_text, heading
from reports.plots.comparison import frontier_plot, panel
from reports.plots.labels import Box, box_of, place
from reports.winner import cheapest, winner
from simnet.studies.comparison.catalogue import CATALOGUE, HEADLINE, READINGS
from simnet.studies.comparison.comparison import Comparison
from simnet.studies.comparison.estimates import COUNTS, Estimate, mean, pool
from simnet.studies.comparison.frontier import frontiers
from tests.comparison_samples import compared, evidence


@pytest.fixture(scope="module")
def comparison(tmp_path_factory: pytest.TempPathFactory) -> Comparison:
    """Two strategies over two seeds."""
    pytest.importorskip("pyrevm")
    return compared(tmp_path_factory.mktemp("comparison"))


def figures_of(page: str) -> dict[str, Any]:
    """What the page's script draws, by name."""
    found = re.search(r'<script type="application/json" id="plots">(.*?)</script>', page, re.DOTALL)
    assert found is not None
    return {plot["name"]: plot for plot in orjson.loads(found[1])}


def test_every_headline_figure_has_a_panel() -> None:
    shown = [name for names in GROUPS.values() for name in names]
    assert sorted(shown) == sorted({reading.partition(".")[0] for reading in HEADLINE})


def test_every_strategy_has_a_mark_or_a_word_in_every_panel(comparison: Comparison) -> None:
    drawn = figures_of(comparison_html(comparison))
    for name in (name.replace("_", "-") for names in GROUPS.values() for name in names):
        plot = drawn[name]
        axis = plot["layout"]["yaxis"]
        rows = {round(y) for trace in plot["traces"] for y in trace["y"]}
        words = {round(note["y"]) for note in plot["layout"]["annotations"]}
        assert axis["ticktext"] == ["none", "full_reexecution"]
        assert rows | words == {0, 1}, name


def test_axes_say_what_they_show_and_in_which_unit(comparison: Comparison) -> None:
    drawn = figures_of(comparison_html(comparison))
    titles = {name: plot["layout"]["xaxis"]["title"]["text"] for name, plot in drawn.items()}
    assert titles["detection-rate"] == "detection_rate (%)"
    assert titles["gas-per-inference"] == "gas_per_inference (gas)"
    assert titles["soft-latency-ms"] == "soft_latency_ms (ms)"


def test_intervals_are_drawn(comparison: Comparison) -> None:
    (trace,) = figures_of(comparison_html(comparison))["integrity-loss"]["traces"]
    assert all(up > 0 for up in trace["error_x"]["array"])


def test_the_page_needs_nothing_from_outside_and_says_how_to_make_it_again(comparison: Comparison) -> None:
    page = comparison_html(comparison)
    outside = re.sub(r"<script>.*?</script>", "", page, flags=re.DOTALL)
    assert not re.search(r"src=|url\(|@import", outside)
    assert not re.search(r'href="(/|[a-z]+:)', outside), "links are to files beside the page"
    assert f"simnet compare {comparison.directory}/scenario.yaml" in page


def test_what_a_scenario_says_cannot_break_the_page(tmp_path: Path) -> None:
    nasty = "</script><script>alert(1)</script>"
    pytest.importorskip("pyrevm")
    page = comparison_html(compared(tmp_path, [{"kind": "none", "label": nasty}], seeds=1, description=nasty))
    assert nasty not in page
    assert nasty in str(figures_of(page))


def an_estimate(value: float | None, interval: Any = None, name: str = "detection_rate") -> Estimate:
    """An estimate with these numbers."""
    return Estimate(CATALOGUE[name], "rate", value, 10, interval, COUNTS)


@pytest.mark.parametrize(
    ("estimate", "text"),
    [
        (an_estimate(0.5, (0.4, 0.625)), "50 % (40–62.5 %)"),
        (an_estimate(None), "undefined"),
        (an_estimate(math.inf, None, "honesty_stake_opg"), "infinite"),
        (an_estimate(48.0, (44.0, None), "time_to_detection_s"), "48 s (from 44 s)"),
        (an_estimate(48.0, (None, 50.0), "time_to_detection_s"), "48 s (to 50 s)"),
        (an_estimate(48.0, (None, None), "time_to_detection_s"), "48 s"),
        (an_estimate(-0.5, (-0.75, 0.25), "attacker_roi"), "\N{MINUS SIGN}0.5 (\N{MINUS SIGN}0.75 to 0.25)"),
    ],
)
def test_an_estimate_in_words(estimate: Estimate, text: str) -> None:
    assert estimate_text(estimate) == text
    assert cell_text(estimate) == text.replace(" %", "").replace(" s", "")


def test_headings_name_the_unit_once() -> None:
    assert heading("detection_rate") == "detection_rate (%)"
    assert heading("soft_latency_ms.p95") == "soft_latency_ms.p95"
    assert heading("verification_overhead_ratio") == "verification_overhead_ratio"


def test_of_nothing_there_are_panels_and_planes_all_the_same() -> None:
    estimates = {"failed": pool([])}
    for reading in READINGS:
        (note,) = panel(estimates, [reading]).layout["annotations"]
        assert note["text"] == "undefined"
    for one in frontiers(estimates):
        assert "undefined: failed" in frontier_plot(one).caption


def test_percentiles_of_one_distribution_share_a_panel() -> None:
    estimates = {"a": pool([evidence(observations={"soft_latency_ms": [1.0]})])}
    whole = panel(estimates, ["soft_latency_ms.p50", "soft_latency_ms.p95"])
    assert [note["text"] for note in whole.layout["annotations"]] == ["1 · 1"]
    assert [trace["name"] for trace in whole.traces] == ["p50", "p95"]


POINTS = st.lists(st.tuples(st.text("abc", min_size=1, max_size=12), st.floats(0, 800), st.floats(0, 250)), max_size=4)


@given(POINTS)
def test_names_of_a_few_points_never_run_into_each_other(points: list[tuple[str, float, float]]) -> None:
    boxes = [box_of(spot, x, y) for spot, (_, x, y) in zip(place(points, [], 860, 250), points, strict=True)]
    assert not [1 for i, box in enumerate(boxes) for other in boxes[:i] if box.overlaps(other)]


def test_a_name_keeps_clear_of_bars() -> None:
    bar = Box(0, 99, 400, 101)
    (spot,) = place([("strategy", 100, 100)], [bar], 400, 200)
    assert not box_of(spot, 100, 100).overlaps(bar)


def test_it_says_who_won_and_by_how_much(comparison: Comparison) -> None:
    found = winner(comparison)
    assert found.startswith("Least fraud among final answers: full_reexecution, 0 %")
    assert "most: none, " in found
    assert found in html.unescape(comparison_html(comparison))


def test_of_those_that_cannot_be_told_apart_the_cheapest_is_named(comparison: Comparison) -> None:
    found = cheapest(comparison, ["none", "full_reexecution"])
    assert re.fullmatch(
        r"Of these, none costs least: [\d,]+ gas per inference, \d+ % less than full_reexecution\.", found
    )
    assert cheapest(comparison, ["none"]) == ""


@pytest.mark.parametrize("name", ["gas_per_inference", "verification_overhead_ratio"])
def test_no_interval_of_what_cannot_be_negative_goes_below_zero(name: str) -> None:
    found = mean(CATALOGUE[name], [0.0, 0.0, 0.3])
    assert found.interval is not None
    assert found.interval[0] == 0.0
    roi = mean(CATALOGUE["attacker_roi"], [0.0, 0.0, 0.3]).interval
    assert roi is not None
    assert roi[0] is not None
    assert roi[0] < 0
