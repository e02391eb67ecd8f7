"""What the command line takes as places to write to: wrong ones are told before anything is run."""

from __future__ import annotations

from pathlib import Path

import click

DIRECTORY = click.Path(path_type=Path, file_okay=False)
FILE = click.Path(path_type=Path, dir_okay=False)
