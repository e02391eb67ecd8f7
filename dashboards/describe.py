"""What a row of the log says, in a sentence. What nobody described is shown field by field."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from string import Formatter
from typing import Any

from dashboards.text import Line, count, opg, short, span_of_time
from simnet.log.descriptions import described, group_of
from simnet.log.index import is_address
from simnet.measure.rows import Row, as_text

Who = Callable[[str], str]
"""Names a participant by its address."""

MARKS = {
    "run": ("■", "strong"),
    "tasks": ("→", ""),
    "messages": ("~", "dim"),
    "work": ("∗", "dim"),
    "blocks": ("▪", "dim"),
    "batches": ("▣", "accent"),
    "duties": ("◈", ""),
    "votes": ("◇", ""),
    "disputes": ("≠", "warn"),
    "evidence": ("◆", ""),
    "randomness": ("∿", "dim"),
    "money": ("$", "dim"),
    "fraud": ("!", "warn"),
    "shirking": ("¡", "warn"),
    "penalties": ("⚑", "bad"),
    "faults": ("↯", "warn"),
    "governance": ("§", "dim"),
    "other": ("·", "dim"),
}
"""Mark and style of each group of rows."""

BESIDES = "besides "
OPTIONAL = re.compile(r"\[([^]]*)\]")
"""A part of a sentence that may be left out."""


def describe(row: Row, who: Who) -> Line:
    """A row as one line: a mark that tells its group, and a sentence."""
    mark, style = MARKS[group_of(row)]
    return [(mark, style), (" ", ""), (sentence(row, who), style)]


def sentence(row: Row, who: Who) -> str:
    """A row as a sentence. Never fails, whatever the row."""
    try:
        found = described(row)
        return fill(found.says, found.values, who) if found else f"{row['kind']} {fields(row, who)}"
    except (AttributeError, KeyError, TypeError, ValueError):
        return f"{row['kind']} {fields(row, who)}"


def fill(says: str, values: Mapping[str, Any], who: Who) -> str:
    """The sentence of a `nodes.records.Description` with the values of a row in it."""
    text = ""
    for i, part in enumerate(OPTIONAL.split(says)):  # what stands in brackets is at odd places
        pieces = [(before, name, how or "") for before, name, how, _ in Formatter().parse(part)]
        if i % 2 == 0 or all(value_in(values, name, how) for _, name, how in pieces if name):
            for before, name, how in pieces:
                text += before + (written(value_in(values, name, how), how, who) if name else "")
    return text


def value_in(values: Mapping[str, Any], name: str, how: str) -> Any:
    """The value of a field, as far as another one does not say the same."""
    if not how.startswith(BESIDES):
        return values[name]
    return [part for part in values[name] if part not in values[how.removeprefix(BESIDES)]]


def written(value: Any, how: str, who: Who) -> str:
    """A value in the way that a description asks for."""
    if how.startswith("or "):
        return str(value) or how.removeprefix("or ")
    if how in WAYS:
        return WAYS[how](value, who)
    return value_of(value, who) if not how or how.startswith(BESIDES) else format(value, how)


WAYS: dict[str, Callable[[Any, Who], str]] = {
    "id": lambda value, who: short(value),
    "who": lambda value, who: ", ".join(map(who, value)) if isinstance(value, list) else who(value),
    "opg": lambda value, who: opg(int(value)),
    "count": lambda value, who: count(value),
    "span": lambda value, who: span_of_time(value),
    "size": lambda value, who: str(len(value)),
    "bits": lambda value, who: str(int(value).bit_count()),
    "text": lambda value, who: as_text(value),
    "head": lambda value, who: str(value).partition("(")[0],
    "if": lambda value, who: "",
}
"""How values are written; `nodes.records.Description` says what each is for."""


def fields(row: Mapping[str, Any], who: Who) -> str:
    """The fields of a row that nothing better is known of."""
    hidden = ("i", "t", "kind")
    return " ".join(f"{key}={value_of(value, who)}" for key, value in row.items() if key not in hidden)


def value_of(value: Any, who: Who) -> str:
    """A value for reading: participants by name, hashes shortened."""
    if isinstance(value, str):
        return who(value) if is_address(value) else short(value)
    if isinstance(value, list):
        return f"{len(value)}×" if len(value) > 3 else ", ".join(value_of(part, who) for part in value)
    if isinstance(value, dict):
        return ", ".join(f"{key} {value_of(part, who)}" for key, part in value.items())
    return f"{value:.4g}" if isinstance(value, float) and abs(value) < 1 else str(value)
