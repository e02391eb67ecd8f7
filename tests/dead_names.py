"""Names that nothing in the five packages refers to."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from tests.source import PACKAGES, ROOT, Module

Function = ast.FunctionDef | ast.AsyncFunctionDef

REGISTERING = {"on", "command", "metric", "model_validator", "field_validator", "model_serializer", "field_serializer"}
"""Decorators whose framework calls what they stand before."""

CALLED_BY_NAME = {
    "Textual": r"(on|action|watch)_\w+|compose|render_line|check_action|notify_style_update",
    "Textual, too": r"get_suggestion|get_system_commands|deliver_screenshot|search|discover",
    "click": r"list_commands|get_command|resolve_command|format_commands|shell_complete",
    "torch": r"forward",
    "pickle": r"persistent_id|persistent_load",
    "yaml": r"ignore_aliases",
    "Python": r"__\w+__",
}
"""Methods that a framework finds by their names."""

HOOK = re.compile("|".join(CALLED_BY_NAME.values()))


@dataclass(frozen=True)
class Definition:
    """A function, class, constant or method."""

    module: Module
    line: int
    name: str
    owner: str = ""
    """The class of a method."""
    node: Function | ast.ClassDef | None = None

    def __str__(self) -> str:
        return f"{self.module.place}:{self.line} {self.full_name}"

    @property
    def full_name(self) -> str:
        """The name, after that of the class of a method."""
        return f"{self.owner}.{self.name}" if self.owner else self.name

    @property
    def is_registered(self) -> bool:
        """Whether a decorator, or its name, makes it known to a framework."""
        decorators = [] if self.node is None else self.node.decorator_list
        called = [decorator.func for decorator in decorators if isinstance(decorator, ast.Call)]
        return bool(HOOK.fullmatch(self.name)) or any(ast.unparse(f).rpartition(".")[2] in REGISTERING for f in called)


def dead_names(sources: Sequence[Module], also_used: str = "") -> list[Definition]:
    """Definitions that no source refers to, outside of themselves, and no word of the other text is."""
    attributes, words = Counter[str](), set(re.findall(r"\w+", also_used))
    imported: set[tuple[str, str]] = set()
    for source in sources:
        attributes.update(attributes_in(source.tree))
        for node in ast.walk(source.tree):
            if isinstance(node, ast.ImportFrom) and node.module:
                imported.update((node.module, alias.name) for alias in node.names)
    found = []
    for source in sources:
        here = Counter(loaded_in(source.tree))
        for one in definitions(source):
            uses = attributes[one.name] - sum(name == one.name for name in attributes_in(one.node))
            if not one.owner:
                uses += here[one.name] - sum(name == one.name for name in loaded_in(one.node))
                uses += (source.name, one.name) in imported
            if not uses and one.name not in words and not one.is_registered:
                found.append(one)
    return found


def definitions(source: Module) -> Iterator[Definition]:
    """What a module defines at its top, and the methods of its classes."""
    for node in source.tree.body:
        if isinstance(node, Function | ast.ClassDef):
            yield Definition(source, node.lineno, node.name, node=node)
        if isinstance(node, ast.ClassDef):
            methods = (method for method in node.body if isinstance(method, Function))
            yield from (Definition(source, m.lineno, m.name, node.name, m) for m in methods)
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            yield from (Definition(source, node.lineno, t.id) for t in targets if isinstance(t, ast.Name))


def loaded_in(tree: ast.AST | None) -> list[str]:
    """Names that are read."""
    nodes = ast.walk(tree) if tree else ()
    return [node.id for node in nodes if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load)]


def attributes_in(tree: ast.AST | None) -> list[str]:
    """Names that stand after a dot."""
    return [node.attr for node in (ast.walk(tree) if tree else ()) if isinstance(node, ast.Attribute)]


def templates() -> str:
    """Pages that are filled with Python's values."""
    return "\n".join(path.read_text() for package in PACKAGES for path in (ROOT / package).rglob("*.j2"))
