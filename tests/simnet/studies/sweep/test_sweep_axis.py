"""What is varied, as the command line says it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nodes.parameters import ParameterError
from simnet.studies.sweep.axis import MAX_VALUES, Axis, read_axis


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("strategy.size=3,5,7", ("3", "5", "7")),
        (
            "strategy=committee, {kind: posp, probability: 30 %}",
            ("committee", '{"kind": "posp", "probability": "30 %"}'),
        ),
        ("clients.arrivals=poisson 1/s, poisson 2/s", ("poisson 1/s", "poisson 2/s")),
        ("strategy.commit_reveal=true,false", ("true", "false")),
        ("nodes.full.count=3..9:4", ("3", "5", "7", "9")),
        ("network.loss=0..10 %:3", ("0 %", "5 %", "10 %")),
        ("economics.slash_amount = 1 .. 100 OPG : 3 log", ("1 OPG", "10 OPG", "100 OPG")),
        ("x=5..1:2", ("5", "1")),
    ],
)
def test_lists_and_ranges_are_read(text: str, values: tuple[str, ...]) -> None:
    assert read_axis(text).values == values


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("strategy.size", "does not say what to vary"),
        ("=3,4", "does not say what to vary"),
        ("strategy.size=", "does not say what to vary"),
        ("strategy.size=3", "has no two values"),
        ("strategy.size=1..3:1", "has no two values"),
        ("strategy.size=3, 3", "has 3 twice"),
        ("strategy.size=1..1:4", "has 1 twice"),
        (f"strategy.size=1..9:{MAX_VALUES + 1}", "has 1,001 values"),
        ("strategy.size=" + ",".join(map(str, range(MAX_VALUES + 1))), "has 1,001 values"),
        ("strategy.size=[3", "did not find expected"),
        ("strategy.size=1,2}", "did not find expected"),
        ("network.loss=0..10 %:5 log", "not above zero"),
        ("seed=1,2", "cannot be varied"),
        ("expect=1,2", "cannot be varied"),
        ("compare.seeds=1,2", "cannot be varied"),
    ],
)
def test_what_cannot_be_varied_is_refused_with_its_text(text: str, message: str) -> None:
    with pytest.raises(ParameterError, match=message):
        read_axis(text)


@given(st.text(max_size=40))
def test_no_text_ends_in_anything_but_an_axis_or_a_refusal(text: str) -> None:
    try:
        axis = read_axis(f"a.b={text}")
    except ParameterError:
        return
    assert len(axis.values) >= 2


@pytest.mark.parametrize(
    ("values", "quantities"),
    [
        (("3", "5"), ((3.0, 5.0), "")),
        (("1 %", "2.5 %"), ((1.0, 2.5), "%")),
        (("1 s", "2 min"), None),
        (("committee", "posp"), None),
        (("poisson 1/s", "poisson 2/s"), None),
    ],
)
def test_values_are_numbers_only_where_all_are_of_one_unit(
    values: tuple[str, ...], quantities: tuple[tuple[float, ...], str] | None
) -> None:
    assert Axis("a", values).quantities == quantities
