"""What pydantic found, in the words of somebody who writes a scenario."""

from __future__ import annotations

from typing import Any

from pydantic_core import ErrorDetails

from chain.errors import SimnetError
from nodes.parameters import Hint, Suggestion, did_you_mean
from simnet.scenario.network import NAME_PATTERN

_EXPECTED = {
    "int": "a whole number such as 3",
    "float": "a number such as 0.5",
    "finite": "a number such as 0.5",
    "bool": "true or false",
    "string": "text",
    "path": "the path of a file",
    "tuple": "a list such as [a, b]",
    "list": "a list such as [a, b]",
    "model": "a mapping of keys to values",
    "dict": "a mapping of keys to values",
}
"""By the first word of pydantic's name for an error of type."""

_EXAMPLES = {"at": "at: 10 min", "count": "count: 3", "kind": "kind: none", "name": "name: mine"}
"""By key, what somebody who left it out could write."""


def problem_text(entry: ErrorDetails) -> tuple[str, Hint]:
    """Message and hint for an error that pydantic found."""
    context = {key: f"{part:g}" if isinstance(part, float) else part for key, part in entry.get("ctx", {}).items()}
    shown = _shown(entry["input"])
    ours = context.get("error")
    if isinstance(ours, SimnetError):
        return str(ours), ours.unread_hint if isinstance(ours.unread_hint, Suggestion) else ours.hint or ""
    match entry["type"]:
        case "missing":
            key = str(entry["loc"][-1])
            return f"key '{key}' is missing", f"add {_EXAMPLES.get(key, f'{key}: …')}; simnet schema says what it takes"
        case "greater_than_equal":
            return f"{shown} is too small", f"expected at least {context['ge']}"
        case "greater_than":
            return f"{shown} is too small", f"expected more than {context['gt']}"
        case "less_than_equal":
            return f"{shown} is too large", f"expected at most {context['le']}"
        case "less_than":
            return f"{shown} is too large", f"expected less than {context['lt']}"
        case "literal_error" | "enum":
            return f"unknown value {shown}", _nearest(entry["input"], context["expected"])
        case "too_short":
            return f"at least {context['min_length']} needed", "write one, or leave the key out where it has a default"
        case "too_long" | "string_too_long":
            return f"longer than the limit of {context['max_length']}", ""
        case "string_pattern_mismatch" if context["pattern"] == NAME_PATTERN:
            return f"{shown} is not a name", "expected letters, digits and _.-, 64 of them at the most"
        case kind:
            return _by_type(kind, shown, entry["msg"])


def _by_type(kind: str, shown: str, message: str) -> tuple[str, str]:
    expected = _EXPECTED.get(kind.partition("_")[0])
    return (f"expected {expected}, got {shown}" if expected else message[:1].lower() + message[1:]), ""


def _nearest(value: Any, expected: str) -> Hint:
    """The nearest of pydantic's ``'a', 'b' or 'c'``."""
    names = [name.strip(" '") for name in expected.replace(" or ", ",").split(",")]
    return did_you_mean(str(value), names)


def _shown(value: Any) -> str:
    if value is None:
        return "nothing"
    if isinstance(value, dict | list | tuple):
        return "a mapping" if isinstance(value, dict) else "a list"
    text = repr(value) if isinstance(value, str) else f"{value:g}" if isinstance(value, float) else str(value)
    return text if len(text) <= 60 else text[:60] + "…"
