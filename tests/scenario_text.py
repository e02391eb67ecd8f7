"""Scenario texts for tests: a small valid one, and loading it with changes."""

from __future__ import annotations

import textwrap
from collections.abc import Sequence
from pathlib import Path

import pytest

from simnet.scenario.errors import ScenarioErrors
from simnet.scenario.load import parse_scenario
from simnet.scenario.schema import Scenario

MINIMAL = "name: tiny\nmodels: [digits_mlp]\nstrategy: none\n"


def parse(text: str, overrides: Sequence[str] = (), directory: Path = Path()) -> Scenario:
    """The scenario in an indented text."""
    return parse_scenario(textwrap.dedent(text).encode(), "x.yaml", directory, overrides)


def errors_of(text: str, overrides: Sequence[str] = ()) -> list[str]:
    """What is wrong with an indented text, without the closing line: one report for each problem."""
    with pytest.raises(ScenarioErrors) as caught:
        parse(text, overrides)
    return [str(problem) for problem in caught.value.problems]


def one_error(more: str, overrides: Sequence[str] = (), base: str = MINIMAL) -> str:
    """The only thing wrong with a scenario that begins with `base` and goes on with `more`."""
    errors = errors_of(base + textwrap.dedent(more), overrides)
    assert len(errors) == 1, "\n".join(errors)
    return errors[0]
