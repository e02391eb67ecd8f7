"""The formats of files that are written in YAML, and how somebody gets to one of each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Format:
    """What kind of file it is."""

    noun: str
    article: str
    least: str
    """What is in every one."""
    marks: frozenset[str]
    """Keys that no other format has."""
    folder: str
    """Where those are that come with simnet."""
    verb: str
    """What takes such a file, with FILE in its place."""
    cure: str
    """What to do without one, with FILE for its name."""

    def __str__(self) -> str:
        return f"{self.article} {self.noun}"


SCENARIO = Format(
    "scenario",
    "a",
    "the keys name, models and strategy",
    frozenset({"models", "strategy", "clients", "nodes"}),
    "",
    "simnet run FILE",
    "write it with: simnet new FILE, or run one that comes with simnet, such as byzantine",
)
ECONOMY = Format(
    "economy",
    "an",
    "the key name",
    frozenset({"months", "price", "validators", "attack"}),
    "economy",
    "simnet economy FILE",
    "run one that comes with simnet, such as economy/baseline, or copy its file and change it",
)
PARAMETER_SET = Format(
    "parameter set",
    "a",
    "the key name, and set: {path: value}",
    frozenset({"set", "proposal"}),
    "whatif/sets",
    "simnet whatif FILE OTHER",
    "write one: 'name: mine' and 'set: {economics.slash_share: 5 %}'; whatif/sets/today comes with simnet",
)
FORMATS = (SCENARIO, ECONOMY, PARAMETER_SET)


def format_named(name: str) -> Format:
    """Of a file that comes with simnet, by its name."""
    return next((one for one in FORMATS if one.folder and name.startswith(f"{one.folder}/")), SCENARIO)


def mistaken_for(wanted: Format, value: dict[str, Any]) -> Format | None:
    """Which other format a file is of that has these values; ``None`` if it may well be of the one that is wanted."""
    if wanted.marks & value.keys():
        return None
    return next((one for one in FORMATS if one.marks & value.keys()), None)
