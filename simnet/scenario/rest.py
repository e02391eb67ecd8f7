"""What is right of a scenario with mistakes, so that the rest of it is checked too and all are told together."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from nodes.models.zoo import default_zoo
from simnet.scenario.errors import KeyPath
from simnet.scenario.schema import Scenario

ENTRIES = ("models", "adversaries", "faults", "injected", "expect", "sometimes")
"""Sections that are lists: of these, single entries can be left out."""

KEYED = ("nodes", "clients", "network", "chain", "economics")
"""Sections of which single keys can be left out."""

ROUNDS = 8
"""How often parts are left out until what is left is a scenario: some mistakes hide others."""


@dataclass(frozen=True)
class Rest:
    """A scenario without the parts that are wrong."""

    scenario: Scenario
    lacking: frozenset[str]
    """Sections that are not as the file has them, or keys of them such as ``clients.fee``."""
    entries: Mapping[str, list[int]]
    """Of sections that are lists, the numbers in the file of the entries that are left."""

    def written(self, path: KeyPath) -> KeyPath:
        """Where the file has what the rest has at `path`."""
        match path:
            case (str(section), int(i), *below) if section in self.entries:
                return (section, self.entries[section][i], *below)
        return path


def rest_of(value: Mapping[str, Any], wrong: Iterable[KeyPath], directory: Path) -> Rest | None:
    """What is left of a scenario's `value` without what is at the paths `wrong`; ``None`` if that is nothing."""
    left = dict(value)
    entries = {name: list(range(len(left[name]))) for name in ENTRIES if isinstance(left.get(name), list)}
    lacking: set[str] = set()
    for _ in range(ROUNDS):
        lacking |= _without(left, entries, wrong)
        try:
            scenario = Scenario.model_validate(left, context={"directory": directory})
        except ValidationError as error:
            wrong = [entry["loc"] for entry in error.errors(include_url=False)]
            continue
        return Rest(scenario, frozenset(lacking), entries)
    return None


def _without(left: dict[str, Any], entries: dict[str, list[int]], wrong: Iterable[KeyPath]) -> set[str]:
    """Leave out what is wrong, fill in what must be there, and say which sections, or keys of them, that changed."""
    numbers: dict[str, set[int]] = {}
    lacking = set()
    for path in wrong:
        section, key = str(path[0]).partition(".")[0] if path else "", path[1] if len(path) > 1 else None
        keys = left.get(section)
        if section in KEYED and isinstance(keys, dict) and key in keys:
            lacking.add(f"{section}.{key}")
            left[section] = {name: value for name, value in keys.items() if name != key}
            continue
        lacking.add(section)
        if section in entries and isinstance(key, int):
            numbers.setdefault(section, set()).add(key)
        else:
            left.pop(section, None)
            entries.pop(section, None)
    for section, gone in numbers.items():
        if section in left:
            left[section] = _others(left[section], gone)
            entries[section] = _others(entries[section], gone)
    for section, filler in (("name", "rest"), ("models", next(iter(default_zoo().models))), ("strategy", "none")):
        if not left.get(section):
            left[section] = [filler] if section == "models" else filler
            entries.pop(section, None)
            lacking.add(section)
    return lacking


def hangs_on(needs: Iterable[str], lacking: Iterable[str]) -> bool:
    """Whether something that is needed, a section or a key of one, is not as the file has it."""
    return any(f"{one}.".startswith(f"{other}.") for a in needs for b in lacking for one, other in ((a, b), (b, a)))


def _others(items: list[Any], gone: Collection[int]) -> list[Any]:
    return [item for i, item in enumerate(items) if i not in gone]
