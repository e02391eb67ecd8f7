"""`simnet models`: which ONNX files can be served, and what is to be written beside the others."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import click
from rich.progress import track

from simnet.cli.console import make_console, print_json, print_table
from simnet.cli.exit_codes import BAD_INPUT


@dataclass(frozen=True)
class Trial:
    """What became of trying one file."""

    file: str
    runs: bool
    says: str
    """In which arithmetic it runs, or why it does not."""
    cure: str = ""


@click.command()
@click.argument("paths", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@click.option("--with", "beside", default="{}", help="What a scenario would have beside the path: '{sizes: {n: 16}}'.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON value.")
def models(paths: tuple[Path, ...], beside: str, as_json: bool) -> int:
    """Say which ONNX files simnet can serve, as a run would: each is loaded, and executed on its inputs.

    Directories are searched. Exit code 2 if one of the files cannot be served.

    \b
    simnet models mine.onnx --with '{sizes: {height: 64, width: 64}}'
    simnet models "$(python -c 'import onnx; print(*onnx.__path__)')"
    """
    keys, files = read(beside), list(found(paths))
    console = make_console(stderr=True)
    counted = track(files, "tried", console=console, transient=True, disable=not console.is_terminal)
    trials = [tried(file, keys) for file in counted]
    served = sum(trial.runs for trial in trials)
    if as_json:
        print_json([asdict(trial) for trial in trials])
    else:
        rows = [(one.file, "runs" if one.runs else "no", one.says, one.cure) for one in trials]
        print_table(make_console(), ("file", "", "why", "what to do"), rows)
        click.echo(f"{served} of {len(trials)} run")
    return 0 if served == len(trials) else BAD_INPUT


def found(paths: tuple[Path, ...]) -> Iterator[Path]:
    """The files, and the ONNX files of the directories. Raises `UsageError` where there is none."""
    for path in paths:
        files = sorted(path.rglob("*.onnx")) if path.is_dir() else [path]
        if not files:
            raise click.UsageError(f"{path}: no file ends in .onnx there")
        yield from files


def tried(file: Path, beside: Mapping[str, Any]) -> Trial:
    """Whether a file can be served as a model with these keys `beside` its path. Raises `UsageError` about them."""
    from pydantic import ValidationError

    from nodes.models.files import BadModel
    from nodes.models.zoo import Zoo
    from simnet.scenario.models import ModelChoice
    from simnet.scenario.wording import problem_text

    zoo, described = Zoo(), {"name": "mine", "path": str(file.absolute()), **beside}
    try:
        choice = ModelChoice.model_validate(described, context={"directory": Path.cwd()})
    except ValidationError as error:
        message, hint = problem_text(error.errors(include_url=False)[0])
        raise click.UsageError(f"--with: {message}" + (f" ({hint})" if str(hint) else "")) from None
    try:
        choice.add_to(zoo)
    except BadModel as error:
        return Trial(str(file), False, str(error).removeprefix(f"{file.absolute()}: "), str(error.hint or ""))
    model = zoo.model("mine")
    prepared = zoo.portable(model.reference)
    how = "in portable arithmetic" if prepared.portable else f"natively: {prepared.reason}"
    drawn = f", and draws random numbers by {model.draws}: no run of it is reproducible" if model.draws else ""
    return Trial(str(file), True, how + drawn)


def read(beside: str) -> Mapping[str, Any]:
    """The keys that are written beside a path. Raises `UsageError`."""
    from simnet.scenario.errors import ScenarioErrors
    from simnet.scenario.locate import read_document

    try:
        value: Mapping[str, Any] = read_document(beside.encode(), "--with").value
    except ScenarioErrors as error:
        raise click.UsageError(str(error)) from None
    return value
