"""A snapshot of a fold: what is restored is as it was, whatever happened since."""

from __future__ import annotations

import pickle

from simnet.measure.distribution import Distribution
from simnet.measure.snapshot import Growing, Snapshot


def filled(*values: float) -> Distribution:
    """An exact distribution."""
    found = Distribution(exact=True)
    for value in values:
        found.add(value, f"task {value}")
    return found


def test_what_is_restored_is_as_it_was_and_goes_its_own_way() -> None:
    fold = filled(1.0, 2.0)
    snapshot = Snapshot(fold)
    fold.add(3.0)
    one, other = snapshot.restore(), snapshot.restore()
    assert one == other == filled(1.0, 2.0)
    one.add(4.0, "task 4.0")
    assert (one, other) == (filled(1.0, 2.0, 4.0), filled(1.0, 2.0))
    assert fold.values == Growing("d", [1.0, 2.0, 3.0])


def test_it_does_not_grow_with_what_only_grows() -> None:
    small, large = filled(1.0), filled(*map(float, range(10_000)))
    assert abs(len(Snapshot(small)._rest) - len(Snapshot(large)._rest)) < 100


def test_what_grows_pickles_as_any_value_does() -> None:
    assert pickle.loads(pickle.dumps(filled(1.0, 2.0))) == filled(1.0, 2.0)
