"""Which behaviours, strategies, comparators and faults there are: ours, and those that entry points add.

Ours are the concrete classes with a `kind` in the modules of four packages. A third party names such a
class as an entry point in the group of its family, and scenarios use it like any other.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, cast

from chain.errors import SimnetError
from nodes.parameters import Parameters

if TYPE_CHECKING:
    from nodes.adversaries.behaviour import Behaviour
    from simnet.comparators.comparator import Comparator
    from simnet.faults.fault import Fault
    from simnet.strategies.strategy import Strategy


class BadPlugin(SimnetError):
    """A class that scenarios should be able to name cannot be used."""


@dataclass(frozen=True)
class Family:
    """A kind of thing that scenarios choose by name."""

    noun: str
    package: str
    """Where ours are."""
    base: str
    """``module:Class`` that all of them derive from."""
    group: str
    """Entry point group of the others."""

    def base_class(self) -> type[Parameters]:
        """The class that all of them derive from."""
        module, _, name = self.base.partition(":")
        return cast("type[Parameters]", getattr(importlib.import_module(module), name))


BEHAVIOURS = Family(
    "behaviour", "nodes.adversaries", "nodes.adversaries.behaviour:Behaviour", group="simnet.behaviours"
)
STRATEGIES = Family("strategy", "simnet.strategies", "simnet.strategies.strategy:Strategy", group="simnet.strategies")
COMPARATORS = Family(
    "comparator", "simnet.comparators", "simnet.comparators.comparator:Comparator", group="simnet.comparators"
)
FAULTS = Family("fault", "simnet.faults", "simnet.faults.fault:Fault", group="simnet.faults")


def behaviours() -> Mapping[str, type[Behaviour]]:
    """Every behaviour by its kind, in order of kind."""
    return cast("Mapping[str, type[Behaviour]]", members(BEHAVIOURS))


def strategies() -> Mapping[str, type[Strategy]]:
    """Every strategy by its kind, in order of kind."""
    return cast("Mapping[str, type[Strategy]]", members(STRATEGIES))


def comparators() -> Mapping[str, type[Comparator]]:
    """Every comparator by its kind, in order of kind."""
    return cast("Mapping[str, type[Comparator]]", members(COMPARATORS))


def faults() -> Mapping[str, type[Fault]]:
    """Every fault by its verb, in order of verb."""
    return cast("Mapping[str, type[Fault]]", members(FAULTS))


@cache
def members(family: Family) -> Mapping[str, type[Parameters]]:
    """Every member of a family by its kind, in order of kind. Raises `BadPlugin`."""
    found: dict[str, type[Parameters]] = {}
    for member in (*_built_in(family), *_third_party(family)):
        if other := found.get(member.kind):
            raise BadPlugin(
                f"two {family.noun} classes are called '{member.kind}': {_origin(other)} and {_origin(member)}",
                hint="rename one, or uninstall the package that brings it",
            )
        found[member.kind] = member
    return MappingProxyType(dict(sorted(found.items())))


def _built_in(family: Family) -> Iterator[type[Parameters]]:
    package = importlib.import_module(family.package)
    base = family.base_class()
    for name in sorted(module.name for module in pkgutil.walk_packages(package.__path__, f"{family.package}.")):
        for value in vars(importlib.import_module(name)).values():
            if _is_member(value, base) and value.__module__ == name:
                yield value


def _third_party(family: Family) -> Iterator[type[Parameters]]:
    for plugin in sorted(entry_points(group=family.group), key=lambda plugin: (plugin.name, plugin.value)):
        yield _load(plugin, family)


def _load(plugin: EntryPoint, family: Family) -> type[Parameters]:
    package = plugin.dist.name if plugin.dist else "an unknown package"
    what = f"{family.noun} plugin '{plugin.name}' ({plugin.value}) of {package}"
    try:
        value = plugin.load()
    except Exception as error:  # a plugin may fail in any way at all
        raise BadPlugin(f"{what} cannot be loaded: {error!r}", hint="repair that package or uninstall it") from error
    if not _is_member(value, family.base_class()):
        raise BadPlugin(
            f"{what} is not a concrete subclass of {family.base} with a 'kind'",
            hint="repair that package or uninstall it",
        )
    return cast("type[Parameters]", value)


def _is_member(value: Any, base: type[Parameters]) -> bool:
    """Whether it can be named: an abstract class has no `kind` of its own."""
    is_subclass = inspect.isclass(value) and issubclass(value, base) and not inspect.isabstract(value)
    return is_subclass and bool(vars(value).get("kind"))


def _origin(member: type[Parameters]) -> str:
    return f"{member.__module__}.{member.__qualname__}"
