"""`simnet schema`: the format of scenario files, and what they can name."""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable, Sequence
from typing import TypeAlias

import click

from simnet.cli.console import make_console, print_table

Listing: TypeAlias = tuple[Sequence[str], Sequence[Sequence[str]]]
"""Header and rows of a table."""


def _behaviours() -> Listing:
    from simnet.plugins import behaviours

    header = ("behaviour", "role", "what it does", "shows in")
    return header, [(kind, str(b.role), _summary(b), b.shows_in) for kind, b in behaviours().items()]


def _strategies() -> Listing:
    from simnet.plugins import strategies

    return ("strategy", "what it does", "claim"), [(kind, _summary(s), s.claim) for kind, s in strategies().items()]


def _comparators() -> Listing:
    from simnet.plugins import comparators

    header = ("comparator", "how it judges", "meant for", "blind to")
    return header, [(kind, _summary(c), c.meant_for, c.blind_to) for kind, c in comparators().items()]


def _faults() -> Listing:
    from simnet.plugins import faults

    header = ("fault", "what it does", "shows in")
    return header, [(verb, _summary(fault), fault.shows_in) for verb, fault in faults().items()]


def _models() -> Listing:
    from nodes.models.zoo import default_zoo

    header = ("model", "task", "multiply-accumulates", "what it does")
    models = default_zoo().models.values()
    return header, [(m.name, m.task_kind, f"{m.reference.macs:,}", m.summary) for m in models]


def _metrics() -> Listing:
    from simnet.measure.catalogue import READINGS

    header = ("metric", "unit", "kind", "better", "meaning")
    return header, [(name, m.unit, m.kind, m.direction or "neither", m.description) for name, m in READINGS.items()]


def _events() -> Listing:
    from simnet.verdict.happened import happenings

    return ("event", "meaning"), [(one.name, one.says) for one in happenings().values()]


def _log() -> Listing:
    from simnet.cli.log_page import entries

    header = ("kind or event", "group", "sentence", "what it is")
    return header, [(entry.name, entry.group, entry.sentence.replace("*", ""), entry.meaning) for entry in entries()]


LISTINGS: dict[str, Callable[[], Listing]] = {
    "behaviours": _behaviours,
    "strategies": _strategies,
    "comparators": _comparators,
    "faults": _faults,
    "models": _models,
    "metrics": _metrics,
    "events": _events,
    "log": _log,
}


def _summary(member: type) -> str:
    """The first sentence of a class's documentation."""
    paragraph = inspect.cleandoc(member.__doc__ or "").partition("\n\n")[0]
    return " ".join(paragraph.split()).partition(". ")[0].rstrip(".")


@click.command()
@click.option("--list", "listing", type=click.Choice(list(LISTINGS)), help="List what scenarios can name instead.")
@click.option("--markdown", "as_markdown", is_flag=True, help="With --list log: print the page of the docs.")
def schema(listing: str | None, as_markdown: bool) -> None:
    """Print the JSON schema of scenario files, plugins included.

    \b
    simnet schema > scenario.schema.json     for an editor
    simnet schema --list behaviours          what an adversary can do
    simnet schema --list metrics             what an expectation can name
    simnet schema --list log                 what the event log holds
    """
    if as_markdown:
        if listing != "log":
            raise click.UsageError("--markdown goes with --list log")
        from simnet.cli.log_page import markdown

        click.echo(markdown(), nl=False)
        return
    if listing is None:
        from simnet.scenario.json_schema import json_schema

        click.echo(json.dumps(json_schema(), indent=2, ensure_ascii=False))
        return
    header, rows = LISTINGS[listing]()
    print_table(make_console(), header, rows)
