"""`simnet behaviours`: what participants can do that the protocol does not foresee."""

from __future__ import annotations

import click

from nodes.identity import Role
from simnet.cli.console import make_console, print_table


@click.command()
@click.argument("name", required=False)
@click.option("--role", type=click.Choice([str(role) for role in Role]), help="List those of one role alone.")
@click.option("--markdown", "as_markdown", is_flag=True, help="Print the page of the docs.")
def behaviours(name: str | None, role: str | None, as_markdown: bool) -> None:
    """List the behaviours of participants, or explain one: its parameters, and an example.

    \b
    simnet behaviours
    simnet behaviours --role full
    simnet behaviours sleeper
    """
    from simnet.cli import behaviours_page as catalogue
    from simnet.plugins import behaviours as known

    if as_markdown:
        click.echo(catalogue.markdown(), nl=False)
    elif name is not None:
        explain(name)
    else:
        header = ("behaviour", "role", "what it does", "defeats", "stopped by", "shows in")
        shown = [member for member in known().values() if role in (None, member.role)]
        rows = [(m.kind, str(m.role), catalogue.summary(m), m.defeats, m.stopped_by, m.shows_in) for m in shown]
        print_table(make_console(), header, rows)


def explain(name: str) -> None:
    """Everything about one behaviour."""
    from simnet.cli import behaviours_page as catalogue

    member, console = catalogue.behaviour_named(name), make_console()
    console.print(f"{member.kind}: a behaviour of role {member.role}\n")
    console.print(catalogue.about(member) + "\n")
    facts = {"defeats": member.defeats, "stopped by": member.stopped_by, "shows in": member.shows_in}
    for name, fact in {**facts, "needs": member.needs}.items():
        if fact:
            console.print(f"{name + ':':12}{fact}")
    if rows := [(p.name, p.default, p.description) for p in catalogue.parameters(member)]:
        console.print()
        print_table(console, ("parameter", "default", "meaning"), rows)
    console.print("\nadversaries:")
    console.print(f"  {catalogue.example(member)}")
