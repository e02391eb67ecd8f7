"""A scenario's text as values, each with its place in the file.

Everything that can be wrong with the text itself is found here: what is not text, not YAML, too large, too
deep, or would silently mean something else (duplicate keys, recursive anchors).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml

from simnet.scenario.errors import KeyPath, Place, Problem, ScenarioErrors
from simnet.scenario.formats import SCENARIO, Format
from simnet.scenario.yaml_dialect import COLLECTION_TAGS, NULL_TAG, STR_TAG, ScenarioLoader, scalar

MAX_BYTES = 1_000_000
MAX_DEPTH = 20
MAX_VALUES = 50_000
"""Limits of a scenario file, after its aliases are written out."""


@dataclass
class Document:
    """Values of a text, and where they stand."""

    source: str
    value: Any = None
    keys: dict[KeyPath, Place] = field(default_factory=dict)
    values: dict[KeyPath, Place] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)
    """What is wrong with the text and does not keep the rest from being checked."""
    bare: list[KeyPath] = field(default_factory=list)
    """Keys after which nothing stands."""

    def replace_places(self, path: KeyPath, place: Place) -> None:
        """Say that the value at `path`, and everything in it, stands at `place`."""
        for places in (self.keys, self.values):
            for known in [known for known in places if known[: len(path)] == path]:
                del places[known]
            places[path] = place
        self.bare = [known for known in self.bare if known[: len(path)] != path]

    def place(self, path: KeyPath, *, key: bool = False) -> Place:
        """Where the value at `path` stands, or its key, or else the nearest thing around it."""
        if key and path in self.keys:
            return self.keys[path]
        around = (path[:length] for length in range(len(path), -1, -1))
        return next((self.values[known] for known in around if known in self.values), Place(self.source))


def read_document(data: bytes, source: str, wanted: Format = SCENARIO) -> Document:
    """The values in a file of a format. Raises `ScenarioErrors` if there is no telling what they are."""
    hint = f"expected at least {wanted.least}"
    text = _decode(data, source)
    lines = text.splitlines()
    try:
        _guard_depth(text, source, lines)
        node = yaml.compose(text, Loader=ScenarioLoader)
    except yaml.YAMLError as error:
        raise ScenarioErrors(source, [_syntax_problem(error, source, lines)]) from None
    if node is None or node.tag.endswith(":null"):
        raise ScenarioErrors(source, [Problem(Place(source), "the file is empty", hint)])
    if not isinstance(node, yaml.MappingNode):
        problem = Problem(_place(node, source, lines), f"{wanted} is a mapping of keys to values", hint)
        raise ScenarioErrors(source, [problem])
    return _Reader(source, lines).read(node)


def _decode(data: bytes, source: str) -> str:
    """The text of a file. Raises `ScenarioErrors` if it is none."""
    if len(data) > MAX_BYTES:
        problem = Problem(Place(source), f"the file has {len(data):,} bytes, more than the limit of {MAX_BYTES:,}")
        raise ScenarioErrors(source, [problem])
    if b"\0" in data:
        raise ScenarioErrors(source, [Problem(Place(source), "the file is binary", "expected YAML text")])
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = data[: error.start].decode("utf-8", "replace").splitlines() or [""]
        place = Place(source, len(before), len(before[-1]) + 1, 1, before[-1])
        raise ScenarioErrors(source, [Problem(place, "the file is not UTF-8 text")]) from None


def _guard_depth(text: str, source: str, lines: list[str]) -> None:
    """Refuse deep nesting before anything recurses into it."""
    depth = 0
    for event in yaml.parse(text, Loader=ScenarioLoader):
        if isinstance(event, yaml.CollectionStartEvent):
            depth += 1
        elif isinstance(event, yaml.CollectionEndEvent):
            depth -= 1
        if depth > MAX_DEPTH:
            problem = Problem(_place(event, source, lines), f"nested deeper than the limit of {MAX_DEPTH} levels")
            raise ScenarioErrors(source, [problem])


def _place(node: Any, source: str, lines: list[str]) -> Place:
    """Where a node or event stands; one that spans lines counts up to the end of its first."""
    start, end = node.start_mark, node.end_mark
    text = lines[start.line] if start.line < len(lines) else ""
    stop = end.column if end.line == start.line else len(text.rstrip())
    return Place(source, start.line + 1, start.column + 1, max(1, stop - start.column), text)


def _syntax_problem(error: yaml.YAMLError, source: str, lines: list[str]) -> Problem:
    """What YAML itself says is wrong."""
    mark = getattr(error, "problem_mark", None) or getattr(error, "context_mark", None)
    message = getattr(error, "problem", None) or getattr(error, "reason", None) or "not YAML"
    if mark is None:
        return Problem(Place(source), str(message))
    text = lines[mark.line] if mark.line < len(lines) else ""
    place = Place(source, mark.line + 1, mark.column + 1, 1, text)
    if "\t" in text[: mark.column + 1]:
        return Problem(place, "YAML does not allow tabs here", "indent with spaces")
    return Problem(place, str(message), str(getattr(error, "context", None) or ""))


class _Reader:
    """Turns nodes into values and notes their places."""

    def __init__(self, source: str, lines: list[str]) -> None:
        self.document = Document(source)
        self.lines = lines
        self.count = 0

    def read(self, root: yaml.MappingNode) -> Document:
        self.document.value = self._value(root, (), ())
        return self.document

    def _place(self, node: yaml.Node) -> Place:
        return _place(node, self.document.source, self.lines)

    def _fail(self, node: yaml.Node, message: str, hint: str = "") -> None:
        self.document.problems.append(Problem(self._place(node), message, hint))

    def _value(self, node: yaml.Node, path: KeyPath, above: tuple[yaml.Node, ...]) -> Any:
        self.document.values[path] = self._place(node)
        self.count += 1
        if any(node is other for other in above):
            raise self._fatal(node, "an anchor contains itself")
        if self.count > MAX_VALUES or len(above) > MAX_DEPTH:
            raise self._fatal(node, f"more than the limit of {MAX_VALUES:,} values, or {MAX_DEPTH} levels")
        if isinstance(node, yaml.CollectionNode) and node.tag not in COLLECTION_TAGS:
            self._fail(node, f"tag {node.tag} does not fit here")
        if isinstance(node, yaml.MappingNode):
            return {key: self._value(part, (*path, key), (*above, node)) for key, part in self._pairs(node, path)}
        if isinstance(node, yaml.SequenceNode):
            return [self._value(part, (*path, i), (*above, node)) for i, part in enumerate(node.value)]
        if not node.value and node.tag == NULL_TAG:
            self.document.bare.append(path)
        try:
            return scalar(node.tag, node.value)
        except ValueError:
            self._fail(node, f"tag {node.tag} does not fit here")
            return node.value

    def _pairs(self, node: yaml.MappingNode, path: KeyPath) -> Iterator[tuple[str, yaml.Node]]:
        """Keys and their nodes, each key once."""
        first: dict[str, Place] = {}
        for key_node, part in node.value:
            key, place = key_node.value, self._place(key_node)
            if not isinstance(key_node, yaml.ScalarNode) or key_node.tag != STR_TAG:
                self._fail(key_node, "a key must be text")
            elif key in first:
                self._fail(key_node, f"duplicate key '{key}'", f"it is already set in line {first[key].line}")
            else:
                first[key] = self.document.keys[(*path, key)] = place
                yield key, part

    def _fatal(self, node: yaml.Node, message: str) -> ScenarioErrors:
        return ScenarioErrors(self.document.source, [Problem(self._place(node), message)])
