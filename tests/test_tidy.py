"""House rules that a reader relies on, held against the source text itself."""

from __future__ import annotations

import ast
import itertools
import json
import re
import subprocess
import sys
from collections.abc import Iterator

import networkx
import pytest

from simnet.cli.main import VERBS
from simnet.measure.catalogue import COMPARED
from simnet.measure.metric import Neither
from simnet.plugins import BEHAVIOURS, COMPARATORS, FAULTS, STRATEGIES, members
from tests.dead_names import dead_names, templates
from tests.source import ROOT, Module, modules, report

MAY_IMPORT = {
    "chain": {"chain"},
    "nodes": {"nodes", "chain"},
    "simnet": {"simnet", "nodes", "chain"},
    "reports": {"reports", "simnet", "nodes", "chain"},
    "dashboards": {"dashboards", "simnet", "nodes", "chain"},
}
"""Imports point one way. The command line alone may reach all, inside functions: it puts the parts together."""

USED_OUTSIDE = {
    **dict.fromkeys(
        (
            "pytest_addoption",
            "pytest_collect_file",
            "ScenarioItem.runtest",
            "ScenarioItem.repr_failure",
            "ScenarioItem.reportinfo",
        ),
        "what pytest calls of a plugin",
    ),
    "BY_MODE": "metrics, which the catalogue finds by looking through their module",
    "measure": "a whole log in one call, where a run folds it line by line",
    "check_invariants": "the same",
    "run_case": "a case in one call, where the command has many carried out",
}
"""Names that nothing of ours refers to, tests apart, and why they stay."""

FUNCTION_LINES_MAX = 70

# Put together here, so that this file does not hold what it looks for.
REGISTRY_HOSTS = [".".join(parts) for parts in (("pypi", "org"), ("pythonhosted", "org"), ("npmjs", "org"))]
MACHINE_PATHS = ["/".join(("", place, "")) for place in ("root", "work", "opt/pypi")]


def test_imports_point_one_way() -> None:
    report(
        f"{module.place}:{line} {module.package} must not import {target}"
        for module in modules()
        for line, target in against_the_way(module)
    )


def against_the_way(module: Module) -> Iterator[tuple[int, str]]:
    """Line and package of every import that leads up."""
    inside = {id(node) for node in module.tree.body}
    for node in ast.walk(module.tree):
        if not isinstance(node, ast.Import | ast.ImportFrom):
            continue
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else [node.module or ""]
        for target in {name.partition(".")[0] for name in names} & MAY_IMPORT.keys():
            in_a_verb = module.place.startswith("simnet/cli/") and id(node) not in inside
            if target not in MAY_IMPORT[module.package] and not in_a_verb:
                yield node.lineno, target


def test_no_file_imports_itself_by_way_of_others() -> None:
    """Deferred imports and those for types alone count: either way neither file can be read without the other."""
    report(f"a circle of imports: {', '.join(sorted(circle))}" for circle in circles(list(modules())))


def circles(sources: list[Module]) -> list[set[str]]:
    """The sets of files of which each imports each other, directly or by way of the rest."""
    imports: networkx.DiGraph[str] = networkx.DiGraph()
    names = {source.name for source in sources}
    for source in sources:
        # `from package import module` needs the module alone; the package itself only for names that are no modules.
        imports.add_edges_from((source.name, name) for name in source.imported_modules(names) if name != source.name)
    return [set(circle) for circle in networkx.strongly_connected_components(imports) if len(circle) > 1]


@pytest.mark.parametrize(
    ("imports", "circle"),
    [
        ({"a": "import nodes.b", "b": "import nodes.c", "c": ""}, set()),
        ({"a": "from nodes import b", "b": "from nodes.a import name"}, {"nodes.a", "nodes.b"}),
        ({"a": "def late():\n    import nodes.b", "b": "import nodes.a"}, {"nodes.a", "nodes.b"}),
        ({"a": "if TYPE_CHECKING:\n    import nodes.b", "b": "import nodes.a"}, {"nodes.a", "nodes.b"}),
        ({"__init__": "from nodes.a import name", "a": "from nodes import b", "b": ""}, set()),
        ({"__init__": "from nodes.a import name", "a": "from nodes import word"}, {"nodes", "nodes.a"}),
    ],
)
def test_a_circle_is_found_however_its_imports_are_written(imports: dict[str, str], circle: set[str]) -> None:
    sources = [Module(ROOT / "nodes" / f"{name}.py", text) for name, text in imports.items()]
    assert circles(sources) == ([circle] if circle else [])


def test_every_metric_says_which_way_is_better_or_why_neither_is() -> None:
    def findings() -> Iterator[str]:
        for name, spec in COMPARED.items():
            better = spec.better.reason if isinstance(spec.better, Neither) else spec.better
            if not better.strip() or (not isinstance(spec.better, Neither) and better not in ("higher", "lower")):
                yield f"{name}: better is {spec.better!r}, not higher, lower or a reason"

    report(findings())


def test_a_headless_run_never_imports_textual() -> None:
    entries = "simnet.cli.run, simnet.cli.check, simnet.run, chain.backends.anvil, reports.junit"
    script = f"import sys, {entries}; sys.exit('textual' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", script], cwd=ROOT, check=False).returncode == 0


def test_functions_fit_a_screen() -> None:
    def findings() -> Iterator[str]:
        for module in modules():
            for node in ast.walk(module.tree):
                if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.end_lineno:
                    lines = node.end_lineno - node.lineno + 1
                    if lines > FUNCTION_LINES_MAX:
                        yield f"{module.place}:{node.lineno} {node.name} has {lines} lines"

    report(findings())


def test_every_module_says_what_it_is() -> None:
    report(f"{module.place}: no docstring" for module in modules() if not ast.get_docstring(module.tree))


def test_every_module_is_used() -> None:
    def is_entered(module: Module) -> bool:
        """Whether something other than an import statement leads to the module."""
        if module.place.endswith(("__init__.py", "__main__.py")):
            return True
        if module.name in {"simnet.cli.main", *(f"simnet.cli.{verb}" for verb in VERBS)}:
            return True
        families = (BEHAVIOURS, STRATEGIES, COMPARATORS, FAULTS)
        if module.name.startswith(tuple(f"{family.package}." for family in families)):
            return True
        if f'= "{module.name}"\n' in (ROOT / "pyproject.toml").read_text():  # an entry point
            return True
        return f"python -m {module.name}\n" in (ROOT / "Makefile").read_text()

    imported = {name for module in modules() for _, name in module.imports() if name != module.name}
    report(
        f"{module.place}: nothing imports it"
        for module in modules()
        if module.name not in imported and not is_entered(module)
    )


def test_every_name_is_used() -> None:
    """By the five packages: what tests alone call is dead."""
    families = (BEHAVIOURS, STRATEGIES, COMPARATORS, FAULTS)
    named = {(kind.__module__, kind.__name__) for family in families for kind in members(family).values()}
    verbs = {(f"simnet.cli.{verb}", verb) for verb in VERBS}
    found = [one for one in dead_names(modules(), templates()) if (one.module.name, one.name) not in named | verbs]
    names = {one.full_name for one in found}
    new = (f"{one}: nothing refers to it" for one in found if one.full_name not in USED_OUTSIDE)
    gone = (f"{name} is used or gone: take it out" for name in sorted(USED_OUTSIDE.keys() - names))
    report(itertools.chain(new, gone))


@pytest.mark.parametrize(
    ("text", "dead"),
    [
        ("def f(): ...", ["f"]),
        ("def f():\n    return f()", ["f"]),
        ("def f(): ...\nf()", []),
        ("LIMIT = 1\nclass C:\n    def m(self): return LIMIT", ["C", "C.m"]),
        ("class C:\n    def m(self): ...\n    def n(self): self.m()\nC().n()", []),
        ("class C:\n    @on(Pay)\n    def m(self): ...\n    def on_click(self): ...\nC()", []),
        ("class C:\n    @property\n    def m(self): ...\nC()", ["C.m"]),
        ("from nodes.a import f\ndef f(): ...", []),
        ("import elsewhere\nelsewhere.f()\ndef f(): ...", []),
        ("from elsewhere import f\ndef f(): ...", ["f"]),
        ("def shown(): ...", []),
    ],
)
def test_a_dead_name_is_found(text: str, dead: list[str]) -> None:
    assert [one.full_name for one in dead_names([Module(ROOT / "nodes" / "a.py", text)], "{{ shown }}")] == dead


def tracked_texts() -> Iterator[tuple[str, str]]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode:
        pytest.skip("not a git checkout")
    for place in filter(None, listed.stdout.split("\0")):
        try:
            yield place, (ROOT / place).read_text()
        except (UnicodeDecodeError, FileNotFoundError):
            continue  # a picture or a model; or deleted and not yet committed


def test_the_wei_of_an_opg_are_written_once() -> None:
    """A constant that has a name is used by it: `chain.quantities.OPG`. The client's tour runs where that is not."""

    def is_it(node: ast.AST) -> bool:
        if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Pow):
            return ast.unparse(node) == "10 ** 18"
        return isinstance(node, ast.Constant) and isinstance(node.value, int | float) and node.value == 10**18

    assert {module.name for module in modules() for node in ast.walk(module.tree) if is_it(node)} == {
        "chain.quantities",
        "simnet.up.client_tour",
    }


def test_no_file_names_a_package_registry_or_a_path_of_one_machine() -> None:
    def findings() -> Iterator[str]:
        for place, text in tracked_texts():
            for word in (*REGISTRY_HOSTS, *MACHINE_PATHS):
                for found in re.finditer(re.escape(word), text):
                    yield f"{place}:{text.count(chr(10), 0, found.start()) + 1} holds {word}"

    report(findings())


@pytest.mark.parametrize("name", ["run", "test", "node", "client", "official", "uv"])
def test_every_python_package_is_pinned_with_hashes(name: str) -> None:
    pins = (ROOT / "requirements" / f"{name}.lock").read_text().replace("\\\n", " ").splitlines()
    assert pins
    report(f"{name}.lock: {pin}" for pin in pins if not re.match(r"[\w.-]+==\S+ (;[^#]*)? *--hash=sha256:", pin))


def test_every_node_package_is_pinned_with_a_hash_and_no_address() -> None:
    packages = json.loads((ROOT / "package-lock.json").read_text())["packages"]
    assert len(packages) > 1
    report(
        f"package-lock.json: {place}"
        for place, package in packages.items()
        if place and not (package.get("integrity", "").startswith("sha512-") and "resolved" not in package)
    )
