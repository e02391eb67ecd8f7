"""What scenarios can name: ours, plugins, and plugins that are broken."""

from __future__ import annotations

import importlib
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

import pytest

from nodes.adversaries.inference.answers import Quantize
from nodes.parameters import Parameters
from simnet import plugins as registry
from simnet.plugins import BadPlugin, Family, members
from tests.scenario_text import errors_of, one_error

BASE = """
from typing import ClassVar
from nodes.adversaries.inference.answers import Quantize
from nodes.parameters import Parameters

class Shape(Parameters):
    '''Base.'''
"""

MEMBER = """
from typing import ClassVar
from {package}.base import Shape

class Round(Shape):
    kind: ClassVar[str] = "{kind}"
    radius: float = 1.0
"""

COMPARATOR = """
from typing import ClassVar
from simnet.comparators.comparator import Comparator

class Fuzzy(Comparator):
    kind: ClassVar[str] = "fuzzy"
    radius: float = 1.0
"""


@pytest.fixture
def shapes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Family:
    """A family of its own, in a package that lies in `tmp_path`."""
    package = f"shapes_{tmp_path.name}"
    (tmp_path / package).mkdir()
    (tmp_path / package / "__init__.py").write_text("")
    (tmp_path / package / "base.py").write_text(BASE)
    (tmp_path / package / "round.py").write_text(MEMBER.format(package=package, kind="round"))
    monkeypatch.syspath_prepend(str(tmp_path))
    return Family("shape", package, f"{package}.base:Shape", group=f"{package}.plugins")


def install(directory: Path, family: Family, entry: str) -> None:
    """Pretend that a distribution with one entry point is installed."""
    metadata = directory / f"{family.package}_plugin-1.0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {family.package}-plugin\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text(f"[{family.group}]\n{entry}\n")
    importlib.invalidate_caches()


def test_concrete_classes_of_the_package_are_found_by_kind(shapes: Family) -> None:
    (member,) = members(shapes).items()
    assert member[0] == "round"
    assert issubclass(member[1], Parameters)


def test_a_plugin_is_found_by_its_entry_point(shapes: Family, tmp_path: Path) -> None:
    (tmp_path / f"{shapes.package}_plugin.py").write_text(MEMBER.format(package=shapes.package, kind="ellipse"))
    install(tmp_path, shapes, f"ellipse = {shapes.package}_plugin:Round")
    assert list(members(shapes)) == ["ellipse", "round"]


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("raise RuntimeError('no GPU')", "cannot be loaded: RuntimeError('no GPU')"),
        ("import nothing_of_that_name", "cannot be loaded: ModuleNotFoundError"),
        ("class Other: pass", "cannot be loaded: AttributeError"),
        ("Round = 7", "is not a concrete subclass of"),
        ("class Round: kind = 'x'", "is not a concrete subclass of"),
        ("from {package}.base import Shape as Round", "is not a concrete subclass of"),
    ],
)
def test_a_broken_plugin_is_named(shapes: Family, tmp_path: Path, code: str, expected: str) -> None:
    (tmp_path / f"{shapes.package}_plugin.py").write_text(code.format(package=shapes.package))
    install(tmp_path, shapes, f"ellipse = {shapes.package}_plugin:Round")
    with pytest.raises(BadPlugin, match="shape plugin 'ellipse'") as caught:
        members(shapes)
    assert expected in str(caught.value)
    assert f"of {shapes.package}-plugin" in str(caught.value)


def test_two_classes_of_one_kind_are_an_error(shapes: Family, tmp_path: Path) -> None:
    (tmp_path / f"{shapes.package}_plugin.py").write_text(MEMBER.format(package=shapes.package, kind="round"))
    install(tmp_path, shapes, f"ellipse = {shapes.package}_plugin:Round")
    with pytest.raises(BadPlugin, match="two shape classes are called 'round'"):
        members(shapes)


def test_everything_that_the_first_scenarios_name_is_there() -> None:
    assert {"none", "full_reexecution", "committee"} <= registry.strategies().keys()
    assert {"bitwise", "relative", "argmax"} <= registry.comparators().keys()
    assert {"random_output", "quantize", "lazy_accept", "censor", "honest_noisy"} <= registry.behaviours().keys()


def test_a_behaviour_cannot_have_a_parameter_that_every_adversary_has(monkeypatch: pytest.MonkeyPatch) -> None:
    class Crowd(Quantize):
        """Clashes."""

        kind: ClassVar[str] = "crowd"
        count: int = 3

    monkeypatch.setattr("simnet.scenario.adversaries.behaviours", lambda: {"crowd": Crowd})
    error = one_error("adversaries: [{behaviour: crowd, count: 2}]")
    assert error.startswith("x.yaml:4:15: 'crowd' has a parameter 'count', as every adversary has")


def test_a_typo_in_a_plugins_parameter_is_found(shapes: Family, tmp_path: Path) -> None:
    (tmp_path / f"{shapes.package}_plugin.py").write_text(COMPARATOR)
    install(tmp_path, replace(shapes, group="simnet.comparators"), f"fuzzy = {shapes.package}_plugin:Fuzzy")
    members.cache_clear()
    try:
        text = "name: t\nmodels: [digits_mlp]\nstrategy: {kind: none, comparator: {kind: fuzzy, radus: 2}}"
        (error,) = errors_of(text)
    finally:
        members.cache_clear()
    assert error.startswith("x.yaml:3:50: unknown key 'radus'")
    assert "did you mean 'radius'?" in error
