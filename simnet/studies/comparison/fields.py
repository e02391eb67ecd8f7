"""Where two nested mappings differ: scenarios, manifests."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

Field: TypeAlias = tuple[str, Any, Any]
"""A path, and the value that each side has there; ``None`` where it is missing."""


def fields(first: Mapping[str, Any], second: Mapping[str, Any]) -> list[Field]:
    """Every field in which two nested mappings differ, by its path."""
    before, after = dict(flattened(first, ())), dict(flattened(second, ()))
    paths = [*before, *(path for path in after if path not in before)]
    return [(path, before.get(path), after.get(path)) for path in paths if before.get(path) != after.get(path)]


def flattened(value: Any, path: tuple[str, ...]) -> Iterator[tuple[str, Any]]:
    """The leaves of nested mappings and lists, each with its path; an empty one is a leaf."""
    if value and isinstance(value, Mapping | list):
        for key, part in value.items() if isinstance(value, Mapping) else enumerate(value):
            yield from flattened(part, (*path, str(key)))
    else:
        yield ".".join(path), value
