"""The sweep over shares of zero-knowledge proofs: each of its scenarios can be run."""

from __future__ import annotations

import pytest

from simnet.bench.settlement import SHARES, SYSTEMS, scenario_of


@pytest.mark.parametrize("share", SHARES)
@pytest.mark.parametrize("system", SYSTEMS)
def test_every_point_of_the_sweep_loads(system: str, share: int) -> None:
    """Modes that a share leaves out, and figures that are expected of them, are mistakes in a scenario."""
    scenario = scenario_of(system, share, "revm")
    assert scenario.clients.modes is not None
    assert scenario.clients.modes.zkml == pytest.approx(share / 100)
