"""Loading a scenario: text to values, values to sections, then the checks that span sections.

Whatever the bytes, loading either returns a `Scenario` or raises `ScenarioErrors` with everything wrong.
"""

from __future__ import annotations

import pathlib
from collections.abc import Iterable, Sequence

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from nodes.parameters import UnknownKey
from simnet.plugins import faults
from simnet.scenario.checks import absent, check, unserved
from simnet.scenario.errors import CannotRunHere, KeyPath, Place, Problem, ScenarioErrors
from simnet.scenario.formats import SCENARIO, Format, mistaken_for
from simnet.scenario.locate import MAX_BYTES, Document, read_document
from simnet.scenario.overrides import assign, override
from simnet.scenario.rest import rest_of
from simnet.scenario.schema import Scenario
from simnet.scenario.wording import problem_text


def load_scenario(
    path: str | pathlib.Path,
    overrides: Sequence[str] = (),
    seed: int | None = None,
    to_run: bool = False,
    beside_services: bool = False,
) -> Scenario:
    """The scenario in a file, with ``a.b=value`` overrides and another seed if given. Raises `ScenarioErrors`.

    With `to_run`, `CannotRunHere` if this machine lacks a processor that it asks for, or if it has services misbehave
    and they are not there: they are `beside_services` alone.
    """
    file = pathlib.Path(path)
    return parse_scenario(read_bytes(file), str(path), file.parent, overrides, seed, to_run, beside_services)


def read_bytes(file: pathlib.Path) -> bytes:
    """What is in a file, as far as a scenario may be long. Raises `ScenarioErrors`."""
    try:
        with file.open("rb") as opened:
            return opened.read(MAX_BYTES + 1)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        hint = "name a file in it; simnet check runs all of a directory" if isinstance(error, IsADirectoryError) else ""
        problem = Problem(Place(str(file)), f"cannot read the file: {reason}", hint)
        raise ScenarioErrors(str(file), [problem]) from None


def read_changed(
    data: bytes, source: str, overrides: Sequence[str], seed: int | None, wanted: Format = SCENARIO
) -> Document:
    """The document in `data`, with these values changed. Raises `ScenarioErrors` if it is of another format."""
    document = read_document(data, source, wanted)
    if other := mistaken_for(wanted, document.value):
        place = document.place((next(key for key in document.value if key in other.marks),), key=True)
        hint = f"it is for: {other.verb.replace('FILE', source)}"
        raise ScenarioErrors(source, [Problem(place, f"{other}, and not {wanted}", hint)])
    for assignment in overrides:
        override(document, assignment)
    if seed is not None:
        assign(document, ("seed",), seed, f"--seed {seed}")
    return document


def parse_scenario(
    data: bytes,
    source: str = "scenario",
    directory: pathlib.Path = pathlib.Path(),
    overrides: Sequence[str] = (),
    seed: int | None = None,
    to_run: bool = False,
    beside_services: bool = False,
) -> Scenario:
    """The scenario in `data`; files it names are looked for below `directory`. Raises as `load_scenario` does."""
    document = read_changed(data, source, overrides, seed)
    directory = directory.absolute()
    try:
        scenario = Scenario.model_validate(document.value, context={"directory": directory})
    except ValidationError as error:
        others = _of_the_rest(error, document, directory)
        wrong = [*document.problems, *unfinished(document, error), *located(error, document), *others]
        raise ScenarioErrors(source, wrong) from None
    found = (Problem(_place(document, path), message, hint) for path, message, hint in check(scenario))
    if problems := [*document.problems, *unfinished(document), *found]:
        raise ScenarioErrors(source, problems)
    missing = (*absent(scenario), *(() if beside_services else unserved(scenario))) if to_run else ()
    if missing:
        raise CannotRunHere(source, [Problem(_place(document, path), why, str(hint)) for path, why, hint in missing])
    return scenario


def located(error: ValidationError, document: Document) -> Iterable[Problem]:
    """What is wrong with a document, each with its place."""
    for entry in error.errors(include_url=False):
        if not _follows_from_another(entry):
            message, hint = problem_text(entry)
            yield Problem(_place(document, entry["loc"], key=_is_about_key(entry)), message, hint)


def unfinished(document: Document, error: ValidationError | None = None) -> Iterable[Problem]:
    """Keys without a value, which would stand for the default: somebody may have meant to write one.

    Those that an `error` is about already are left out.
    """
    alone = [verb for verb, fault in faults().items() if not fault.model_fields[verb].is_required()]
    told = [] if error is None else [written(entry["loc"]) for entry in error.errors(include_url=False)]
    for path in document.bare:
        if isinstance(path[-1], str) and path[-1] not in alone and path not in told:
            hint = "write one, or leave the key out: null stands for nothing"
            yield Problem(document.place(path, key=True), f"key '{path[-1]}' has no value", hint)


def _of_the_rest(error: ValidationError, document: Document, directory: pathlib.Path) -> Iterable[Problem]:
    """What is wrong between sections as far as these are right, each with its place."""
    rest = rest_of(document.value, [entry["loc"] for entry in error.errors(include_url=False)], directory)
    if rest is not None:
        for path, message, hint in check(rest.scenario, rest.lacking):
            yield Problem(_place(document, rest.written(path)), message, hint)


def _follows_from_another(entry: ErrorDetails) -> bool:
    """Whether another error of the same mapping or list is the cause."""
    counted_without_wrong_ones = entry["type"] == "too_short" and len(entry["input"]) >= entry["ctx"]["min_length"]
    return entry["type"] == "default_factory_not_called" or counted_without_wrong_ones


def _is_about_key(entry: ErrorDetails) -> bool:
    return isinstance(entry.get("ctx", {}).get("error"), UnknownKey)


def _place(document: Document, location: KeyPath, *, key: bool = False) -> Place:
    return document.place(location if location in document.keys else written(location), key=key)


def written(location: KeyPath) -> KeyPath:
    """Where the file has what the schema has at `location`: some parts of it are written one level off."""
    match location:
        case ("strategy.comparator", *below):
            return ("strategy", "comparator", *below)
        case ("compare", "strategies", int(i), "strategy", *below):
            return ("compare", "strategies", i, *below)
        case ("adversaries", int(i), "behaviour", "kind"):
            return ("adversaries", i, "behaviour")
        case ("adversaries", int(i), "behaviour", *below) if below:
            return ("adversaries", i, *below)
    return location
