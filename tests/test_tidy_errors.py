"""The tree of errors in the docstring of `chain.errors` is the tree that there is."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Iterator

import chain.errors
from chain.errors import SimnetError
from tests.source import PACKAGES

NEEDS_TORCH = "nodes.models.train"


def load_everything() -> None:
    """Import every module that a plain installation can import."""
    for package in PACKAGES:
        for module in pkgutil.walk_packages(importlib.import_module(package).__path__, f"{package}."):
            if not module.name.startswith(NEEDS_TORCH) and not module.name.endswith("__main__"):
                importlib.import_module(module.name)


def ours(error: type[SimnetError]) -> list[type[SimnetError]]:
    """Direct subclasses that the five packages define, by name."""
    found = [sub for sub in error.__subclasses__() if sub.__module__.partition(".")[0] in PACKAGES]
    return sorted(found, key=lambda sub: sub.__name__)


def tree(error: type[SimnetError], stem: str = "", branch: str = "") -> Iterator[str]:
    """A line for an error and for each below it: its exit code, and the module that defines it."""
    yield f"{branch + error.__name__:<26}exit {error.exit_code}   {error.__module__}"
    for sub in ours(error):
        last = sub is ours(error)[-1]
        yield from tree(sub, stem + ("    " if last else "│   "), stem + ("└── " if last else "├── "))


def test_the_tree_of_errors_is_drawn_as_it_is() -> None:
    load_everything()
    drawn = inspect.cleandoc(chain.errors.__doc__ or "")
    wanted = "\n".join(f"    {line}" for line in tree(SimnetError))
    assert wanted in drawn, f"draw it anew in chain/errors.py:\n{wanted}"
