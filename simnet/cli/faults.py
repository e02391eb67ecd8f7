"""`simnet faults`: what can break in a scenario."""

from __future__ import annotations

import click

from simnet.cli.console import make_console, print_table


@click.command()
@click.argument("verb", required=False)
@click.option("--markdown", "as_markdown", is_flag=True, help="Print the page of the docs.")
def faults(verb: str | None, as_markdown: bool) -> None:
    """List what can break, or explain one fault: its parameters, and an example.

    \b
    simnet faults
    simnet faults partition
    """
    from simnet.cli import faults_page as catalogue
    from simnet.plugins import faults as known

    if as_markdown:
        click.echo(catalogue.markdown(), nl=False)
    elif verb is not None:
        explain(verb)
    else:
        rows = [(member.kind, catalogue.summary(member), member.shows_in) for member in known().values()]
        print_table(make_console(), ("fault", "what it does", "shows in"), rows)


def explain(verb: str) -> None:
    """Everything about one fault."""
    from simnet.cli import faults_page as catalogue

    member, console = catalogue.fault_named(verb), make_console()
    console.print(catalogue.about(member) + "\n")
    for name, fact in {"meanwhile": member.condition, "shows in": member.shows_in}.items():
        if fact:
            console.print(f"{name + ':':12}{fact}")
    if rows := [(p.name, p.default, p.description) for p in catalogue.parameters(member)]:
        console.print()
        print_table(console, ("parameter", "default", "meaning"), rows)
    console.print("\nfaults:")
    console.print(f"  {catalogue.example(member)}")
