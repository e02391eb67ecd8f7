"""Engine code gives the same log for the same seed: no clock, no chance of its own, no order of a set."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

import pytest

from tests.source import ROOT, Module, modules, report

ENGINE = ("simnet/kernel/", "simnet/strategies/", "simnet/comparators/", "nodes/")
"""Where the same seed must give the same log."""

EXCEPTIONS = {
    ("simnet/kernel/pace.py", "time.monotonic"): "wall pace follows the real clock, and records nothing of it",
    ("nodes/proofs/circuits/worker.py", "time.process_time"): "how long a proof took, which is kept with the proof",
    ("nodes/models/execution.py", "time.thread_time"): "measured compute time, which the run says is not reproducible",
}

FORBIDDEN_MODULES = {"random", "secrets", "uuid"}
CLOCKS = {
    *(f"time.{name}{unit}" for name in ("time", "monotonic", "perf_counter", "process_time") for unit in ("", "_ns")),
    *("time.thread_time", "datetime.now", "datetime.utcnow", "datetime.today", "date.today", "os.urandom"),
}
SET_TYPE = re.compile(r"(set|frozenset|AbstractSet|MutableSet)\b")
SEEDED = {"Generator", "PCG64", "SeedSequence", "default_rng"}
"""What may be used of ``numpy.random``: the rest is one hidden stream for all."""


def engine_modules() -> list[Module]:
    return [module for module in modules() if module.place.startswith(ENGINE) and "/train/" not in module.place]


def clocks_and_chance(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Line and name of each use of a clock, or of a source of randomness that no seed controls."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute):
            full = ast.unparse(node)
            used = ".".join(full.split(".")[-2:])
            if used in CLOCKS or (re.fullmatch(r"(np|numpy)\.random\.\w+", full) and node.attr not in SEEDED):
                yield node.lineno, used
        elif isinstance(node, ast.Call) and not node.args and ast.unparse(node.func).endswith("default_rng"):
            yield node.lineno, "default_rng without a seed"


def is_set(node: ast.AST) -> bool:
    """Whether an expression is plainly a set."""
    if isinstance(node, ast.BinOp):
        return is_set(node.left) or is_set(node.right)
    called = node.func.id if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) else ""
    return isinstance(node, ast.Set | ast.SetComp) or called in ("set", "frozenset")


def names_of_sets(tree: ast.AST) -> set[str]:
    """Variables, attributes and parameters of a file that hold sets, as far as it says so."""
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and is_set(node.value):
            names |= {ast.unparse(target) for target in node.targets}
        if isinstance(node, ast.arg | ast.AnnAssign) and SET_TYPE.match(ast.unparse(node.annotation or ast.Tuple([]))):
            name = node.arg if isinstance(node, ast.arg) else ast.unparse(node.target)
            names |= {name, f"self.{name}"}
    return names


def walked_through(node: ast.AST) -> list[ast.expr]:
    """What a node goes through in an order that shows."""
    if isinstance(node, ast.For | ast.comprehension):
        return [node.iter]
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name | ast.Attribute):
        name = node.func.id if isinstance(node.func, ast.Name) else node.func.attr
        if name in ("list", "tuple", "iter", "enumerate", "map", "zip", "join", "extend", "next"):
            return list(node.args)
    return []


def walks_through_sets(tree: ast.AST) -> Iterator[ast.expr]:
    """Each place where the order of a set would show."""
    sets = names_of_sets(tree)
    for node in ast.walk(tree):
        yield from (walked for walked in walked_through(node) if is_set(walked) or ast.unparse(walked) in sets)


def test_engine_code_reads_no_clock_and_draws_no_chance_of_its_own() -> None:
    def findings() -> Iterator[str]:
        for module in engine_modules():
            for line, name in module.imports():
                if name.partition(".")[0] in FORBIDDEN_MODULES:
                    yield f"{module.place}:{line} imports {name}: draw from a named stream"
            for line, used in clocks_and_chance(module.tree):
                if (module.place, used) not in EXCEPTIONS:
                    yield f"{module.place}:{line} uses {used}"

    report(findings())


def test_engine_code_never_walks_through_a_set() -> None:
    report(
        f"{module.place}:{walked.lineno} the order of {ast.unparse(walked)} is not fixed: sort it"
        for module in engine_modules()
        for walked in walks_through_sets(module.tree)
    )


def test_every_exception_is_still_needed() -> None:
    for place, used in EXCEPTIONS:
        assert used in (ROOT / place).read_text()


@pytest.mark.parametrize(
    ("source", "caught"),
    [
        ("time.time()", True),
        ("datetime.datetime.now()", True),
        ("np.random.rand(3)", True),
        ("np.random.default_rng()", True),
        ("np.random.default_rng(7)", False),
        ("self.random.rand()", False),
        ("time.sleep(1)", False),
    ],
)
def test_clocks_and_chance_are_recognised(source: str, caught: bool) -> None:
    assert bool(list(clocks_and_chance(ast.parse(source)))) == caught


@pytest.mark.parametrize(
    ("source", "caught"),
    [
        ("for x in {1, 2}: pass", True),
        ("s = set(a)\nfor x in s: pass", True),
        ("def f(s: frozenset[int]): return [x for x in s]", True),
        ("s = {x for x in a}\nt = tuple(s)", True),
        ("s = set(a) - b\nlist(s)", True),
        ("class C:\n  s: set[int]\n  def f(self): return list(self.s)", True),
        ("s = set(a)\nfor x in sorted(s): pass", False),
        ("s = set(a)\nassert 1 in s", False),
        ("s = [1]\nfor x in s: pass", False),
        ("s: dict[str, set[int]]\nfor x in s: pass", False),
    ],
)
def test_walking_through_a_set_is_recognised(source: str, caught: bool) -> None:
    assert bool(list(walks_through_sets(ast.parse(source)))) == caught
