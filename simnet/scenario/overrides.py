"""Changes to a scenario from the command line: ``--set nodes.full.count=9``, ``--seed 7``."""

from __future__ import annotations

from typing import Any

from simnet.scenario.errors import KeyPath, Place, Problem, ScenarioErrors
from simnet.scenario.locate import Document, read_document

_EXPECTED = "expected a path and a value, such as --set nodes.full.count=9 or --set adversaries.0.probability='50 %'"


class Sourced(str):
    """An assignment that no ``--set`` made: what is wrong with it is said of its source."""

    source: str

    def __new__(cls, assignment: str, source: str = "") -> Sourced:
        """`source` is what somebody wrote instead, such as ``--seeds 5``."""
        made = super().__new__(cls, assignment)
        made.source = source
        return made


def by_option(name: str, path: str, value: object) -> tuple[str, ...]:
    """What an option with this value sets at `path`; nothing if the option was not given."""
    return () if value is None else (Sourced(f"{path}={value}", f"{name} {value}"),)


def override(document: Document, assignment: str) -> None:
    """Set what ``a.b=value`` says; the value is YAML. A mistake becomes one of the document's problems."""
    source = assignment.source if isinstance(assignment, Sourced) else f"--set {assignment}"
    dotted, equals, text = assignment.partition("=")
    path = tuple(int(part) if part.isdecimal() else part for part in dotted.strip().split("."))
    if not equals or "" in path:
        document.problems.append(Problem(Place(source), "not an assignment", _EXPECTED))
        return
    try:
        inside = read_document(f"value: {text}".encode("utf-8", "replace"), source)
    except ScenarioErrors as error:
        document.problems.extend(Problem(Place(source), problem.message) for problem in error.problems)
        return
    document.problems.extend(Problem(Place(source), problem.message) for problem in inside.problems)
    if list(inside.value) != ["value"]:
        document.problems.append(Problem(Place(source), "not one value", _EXPECTED))
        return
    assign(document, path, inside.value["value"], source)


def assign(document: Document, path: KeyPath, value: Any, source: str) -> None:
    """Put `value` at `path`, and remember that it came from `source`."""
    target, place = document.value, Place(source)
    for depth, step in enumerate(path[:-1], start=1):
        if isinstance(target, dict) and str(step) not in target:
            target[str(step)] = {}
            document.replace_places(path[:depth], place)
        target = _enter(target, step, is_strategy=path[:depth] == ("strategy",))
        if target is None:
            missing = ".".join(map(str, path[:depth]))
            document.problems.append(Problem(place, f"there is nothing to set at '{missing}'", _EXPECTED))
            return
    last = path[-1]
    if isinstance(target, dict):
        target[str(last)] = value
    elif isinstance(last, int) and last < len(target):
        target[last] = value
    else:
        document.problems.append(Problem(place, f"there is no element {last} to set", _EXPECTED))
        return
    document.replace_places(path, place)


def _enter(target: Any, step: str | int, *, is_strategy: bool) -> Any:
    """The mapping or list at `step` of `target`; ``None`` if there is none."""
    if isinstance(target, list):
        found = target[step] if isinstance(step, int) and step < len(target) else None
    else:
        found = target[str(step)]
    if is_strategy and isinstance(found, str):
        found = target[step] = {"kind": found}
    return found if isinstance(found, dict | list) else None
