"""Scenarios that come with simnet, by name: ``byzantine``, ``strategies/posp``."""

from __future__ import annotations

import difflib
from pathlib import Path

from simnet.scenario.errors import Place, Problem, ScenarioErrors

HERE = Path(__file__).parent


def shipped() -> Path:
    """Their directory: within the package where that was installed, or else the repository's."""
    installed = HERE / "scenarios"
    return installed if installed.is_dir() else HERE.parent / "scenarios"


def names() -> list[str]:
    """Of all of them."""
    files = sorted(shipped().rglob("*.yaml"))
    return [file.relative_to(shipped()).with_suffix("").as_posix() for file in files]


def find_scenario(path: Path) -> Path:
    """A file or directory, or else the scenario of that name that comes with simnet. Raises `ScenarioErrors`."""
    if path.exists():
        return path
    known, name = names(), path.as_posix().removeprefix("scenarios/").removesuffix(".yaml")
    if path.as_posix() in known:
        return shipped() / f"{path}.yaml"
    hint = f"'{name}' comes with simnet: leave the rest out" if name in known else nearest(path, name, known)
    what = "no such file, and no scenario of that name comes with simnet" if name not in known else "no such file"
    raise ScenarioErrors(str(path), [Problem(Place(str(path)), what, hint)])


def nearest(path: Path, name: str, known: list[str]) -> str:
    """What may have been meant by a file that is not there: one beside it, or a scenario of a name like that."""
    beside = [file.name for file in path.parent.glob("*.y*ml")] if path.parent.is_dir() else []
    for wanted, names_of in ((path.name, beside), (name, known)):
        if found := difflib.get_close_matches(wanted[:100], names_of, n=1):
            return f"did you mean '{path.parent / found[0] if names_of is beside else found[0]}'?"
    return (
        f"write it with: simnet new {path.with_suffix('.yaml')}, or run one that comes with simnet, such as byzantine"
    )
