"""Scenarios that come with simnet, by name: ``byzantine``, ``strategies/posp``."""

from __future__ import annotations

import difflib
from pathlib import Path

from simnet.scenario.errors import Place, Problem, ScenarioErrors
from simnet.scenario.formats import SCENARIO, Format, format_named

HERE = Path(__file__).parent


def shipped() -> Path:
    """Their directory: within the package where that was installed, or else the repository's."""
    installed = HERE / "scenarios"
    return installed if installed.is_dir() else HERE.parent / "scenarios"


def names() -> list[str]:
    """Of all of them."""
    files = sorted(shipped().rglob("*.yaml"))
    return [file.relative_to(shipped()).with_suffix("").as_posix() for file in files]


def find_scenario(path: Path, wanted: Format = SCENARIO) -> Path:
    """A file or directory, or else the one of that name that comes with simnet. Raises `ScenarioErrors`."""
    if path.exists():
        return path
    known, name = names(), path.as_posix().removeprefix("scenarios/").removesuffix("/").removesuffix(".yaml")
    if path.as_posix() in known:
        return shipped() / f"{path}.yaml"
    if directory := find_directory(path):
        return directory
    if name in known or find_directory(Path(name)):
        what, hint = "no such file", f"'{name}' comes with simnet: leave the rest out"
    else:
        what = f"no such file, and no {wanted.noun} of that name comes with simnet"
        hint = nearest(path, name, [one for one in known if format_named(one) is wanted], wanted)
    raise ScenarioErrors(str(path), [Problem(Place(str(path)), what, hint)])


def find_directory(path: Path) -> Path | None:
    """A directory, or else the one of that name that comes with simnet; ``None`` if there is neither."""
    if path.exists() or not path.parts or ".." in path.parts:
        return path if path.is_dir() else None
    return shipped() / path if (shipped() / path).is_dir() else None


def nearest(path: Path, name: str, known: list[str], wanted: Format) -> str:
    """What may have been meant by a file that is not there: one beside it, or a shipped one of a name like that."""
    beside = [file.name for file in path.parent.glob("*.y*ml")] if path.parent.is_dir() else []
    if below := [one for one in known if one.endswith(f"/{name}")]:
        return f"did you mean '{below[0]}'?"
    for sought, names_of in ((path.name, beside), (name, known)):
        if found := difflib.get_close_matches(sought[:100], names_of, n=1):
            return f"did you mean '{path.parent / found[0] if names_of is beside else found[0]}'?"
    return wanted.cure.replace("FILE", str(path.with_suffix(".yaml")))
