"""`simnet new`: write a first scenario, with a comment on every line that somebody may want to change."""

from __future__ import annotations

import re
from pathlib import Path

import click

FIRST = Path(__file__).with_name("first.yaml")


@click.command()
@click.argument("file", type=click.Path(path_type=Path, dir_okay=False))
@click.option("--force", is_flag=True, help="Write over a file that is there.")
def new(file: Path, force: bool) -> int:
    """Write a commented scenario to FILE, to begin with.

    \b
    simnet new mine.yaml
    simnet run mine.yaml
    """
    from simnet.run import OutputError
    from simnet.scenario.network import NAME_PATTERN

    name = file.stem if re.fullmatch(NAME_PATTERN, file.stem) else "first"
    try:
        with file.open("w" if force else "x", encoding="utf-8") as opened:
            opened.write(FIRST.read_text(encoding="utf-8").replace("name: first", f"name: {name}", 1))
    except FileExistsError:
        raise click.UsageError(f"{file} is there already; --force writes over it") from None
    except OSError as error:
        hint = "choose a place in a directory that is there"
        raise OutputError(f"cannot write {file}: {error.strerror}", hint) from None
    click.echo(f"{file}: run it with simnet run {file}")
    return 0
