"""Small economies for tests."""

from __future__ import annotations

from typing import Any

from simnet.economy.scenario import EconomyScenario

SMALL: dict[str, Any] = {
    "name": "small",
    "months": 14,
    "paths": 4,
    "validators": {"count": 4, "bond": "30_000 OPG", "monthly_usd": 20.0, "patience": 2},
    "delegators": {"per_validator": 2, "stake": "20_000 OPG", "warm_up": 3},
    "demand": {"start": 1_000_000},
}


def small(**sections: Any) -> EconomyScenario:
    """A small economy with these values changed, section by section."""
    merged = {
        key: {**SMALL.get(key, {}), **value} if isinstance(value, dict) else value for key, value in sections.items()
    }
    return EconomyScenario.model_validate({**SMALL, **merged})
