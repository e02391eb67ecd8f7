"""The catalogue: every metric is described, and other packages add theirs."""

from __future__ import annotations

import pickle
import sys
from importlib.metadata import EntryPoint
from types import ModuleType

import pytest

from simnet.measure import catalogue
from simnet.measure.catalogue import COMPARED, METRICS, BadMetric, collect, source_of
from simnet.measure.fold import apply
from simnet.measure.metric import Neither, Value, first_sentence, metric
from simnet.measure.rows import Row
from simnet.measure.state import State
from tests.handmade import Handmade


class Heartbeats:
    """A fold of another package."""

    def __init__(self) -> None:
        self.count = 0

    def on(self, row: Row) -> None:
        """Count rows of one kind."""
        self.count += row["kind"] == "block_mined"


@metric("their_blocks", "count", kind="measured", better=Neither("for a test"), rests_on=Heartbeats)
def their_blocks(fold: Heartbeats) -> Value:
    """Blocks as another package counts them."""
    return Value(fold.count, fold.count)


@metric("blocks", "count", kind="measured", better="lower")
def blocks_again(state: State) -> Value:
    """A name that is taken."""
    return Value(0, 0)


@pytest.fixture
def plugged(monkeypatch: pytest.MonkeyPatch) -> list[EntryPoint]:
    """Entry points of an installed package, to be filled."""
    module = ModuleType("their_metrics")
    vars(module).update(their_blocks=their_blocks, blocks_again=blocks_again, number=7)
    monkeypatch.setitem(sys.modules, "their_metrics", module)
    points: list[EntryPoint] = []
    monkeypatch.setattr(catalogue, "entry_points", lambda group: points if group == "simnet.metrics" else [])
    return points


def point(name: str) -> EntryPoint:
    return EntryPoint(name, f"their_metrics:{name}", "simnet.metrics")


def test_a_metric_of_another_package_is_found_and_sees_every_row(plugged: list[EntryPoint]) -> None:
    plugged.append(point("their_blocks"))
    found = collect()
    assert found.keys() == {*COMPARED, "their_blocks"}
    state = State(folds={Heartbeats: Heartbeats()})
    for row in Handmade().mine().mine().rows:
        apply(state, row)
    figure = found["their_blocks"](source_of(found["their_blocks"], state))
    assert (figure.value, figure.spec.description) == (2, "blocks as another package counts them")


@pytest.mark.parametrize(
    ("name", "complaint"),
    [("blocks_again", "two metrics are called 'blocks'"), ("number", "was not made by"), ("gone", "cannot be loaded")],
)
def test_a_broken_metric_is_named(plugged: list[EntryPoint], name: str, complaint: str) -> None:
    plugged.append(point(name))
    with pytest.raises(BadMetric, match=complaint):
        collect()


def test_every_metric_is_described_and_a_modelled_one_names_its_source() -> None:
    for spec in COMPARED.values():
        assert spec.description[0].islower() or spec.description.startswith("OPG"), spec.name
        assert bool(spec.source) == (spec.kind == "modelled"), spec.name
    assert len(METRICS) < len(COMPARED)
    with pytest.raises(ValueError, match="names no source"):
        metric("x", "OPG", kind="modelled", better="lower")


def test_every_metric_comes_back_from_another_process() -> None:
    for spec in COMPARED.values():
        assert pickle.loads(pickle.dumps(spec)) == spec


def test_a_description_is_the_docstrings_first_sentence() -> None:
    assert first_sentence("Gas used, over\n    inferences. More.") == "gas used, over inferences"
    assert first_sentence("OPG of bounties.") == "OPG of bounties"
