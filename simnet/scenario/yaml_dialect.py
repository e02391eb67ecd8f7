"""YAML as scenario files use it: the core schema of YAML 1.2, so that nothing turns into something else.

YAML 1.1 reads ``no`` as false, ``1:30`` as 90, ``2024-01-01`` as a date and ``1e-4`` as text. Here there is
text, numbers and null; what is true or false, a field of that type decides.
"""

from __future__ import annotations

import re
from typing import Any

import yaml

try:
    from yaml import CSafeLoader as _Loader
except ImportError:  # PyYAML was built without libyaml
    from yaml import SafeLoader as _Loader  # type: ignore[assignment]

INT_TAG, FLOAT_TAG, NULL_TAG, STR_TAG = (f"tag:yaml.org,2002:{name}" for name in ("int", "float", "null", "str"))
COLLECTION_TAGS = ("tag:yaml.org,2002:map", "tag:yaml.org,2002:seq")

_PLAIN = (
    (INT_TAG, re.compile(r"[-+]?[0-9][0-9_]{0,29}$"), "-+0123456789"),
    (
        FLOAT_TAG,
        re.compile(r"[-+]?(?:[0-9][0-9_]{0,29}(?:\.[0-9]{0,30})?|\.[0-9]{1,30})(?:[eE][-+]?[0-9]{1,3})?$"),
        "-+.0123456789",
    ),
    (NULL_TAG, re.compile(r"(?:~|null|Null|NULL|)$"), ("~", "n", "N", "")),
)
"""How plain scalars are told apart: tag, pattern, and the characters they can begin with."""


class ScenarioLoader(_Loader):
    """Composes scenario files into nodes."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012 (as PyYAML has it)


class ScenarioDumper(yaml.SafeDumper):
    """Writes what `ScenarioLoader` reads back the same."""

    yaml_implicit_resolvers: dict[str, list[tuple[str, re.Pattern[str]]]] = {}  # noqa: RUF012 (as PyYAML has it)

    def ignore_aliases(self, data: Any) -> bool:
        """Write everything out."""
        return True


for _tag, _pattern, _first in _PLAIN:
    for _class in (ScenarioLoader, ScenarioDumper):
        _class.add_implicit_resolver(_tag, _pattern, list(_first))


def scalar(tag: str, text: str) -> str | int | float | None:
    """The value of a scalar. Raises `ValueError` if the tag does not fit it, or is none of ours."""
    match tag:
        case "tag:yaml.org,2002:str":
            return text
        case "tag:yaml.org,2002:int":
            return int(text.replace("_", ""))
        case "tag:yaml.org,2002:float":
            return float(text.replace("_", ""))
        case "tag:yaml.org,2002:null":
            return None
    raise ValueError(f"unknown tag {tag}")


def _write_bool(dumper: ScenarioDumper, value: bool) -> yaml.ScalarNode:
    return dumper.represent_scalar(STR_TAG, "true" if value else "false")


ScenarioDumper.add_representer(bool, _write_bool)
