"""Names of metrics on a command line."""

from __future__ import annotations

import click


def readings(name: str) -> tuple[str, ...]:
    """What a name given on a command line means. Raises `click.UsageError`."""
    from nodes.parameters import did_you_mean
    from simnet.studies.comparison.catalogue import CATALOGUE, READINGS, readings_of

    found = readings_of(name)
    if not found:
        raise click.UsageError(f"unknown metric '{name}', {did_you_mean(name, {*CATALOGUE, *READINGS})}")
    return found
