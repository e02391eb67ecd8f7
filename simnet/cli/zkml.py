"""`simnet zkml`: which circuits prove which models, and the keys that proving takes."""

from __future__ import annotations

import click

from simnet.cli.console import make_console, print_table


@click.group()
def zkml() -> None:
    """List the circuits that prove models, and make their proving keys.

    \b
    simnet zkml list
    simnet zkml setup
    simnet zkml setup digits_mlp
    simnet zkml times
    """


@zkml.command("list")
def list_circuits() -> None:
    """List circuits: their size, their gap to the model in floating point, and whether their keys are made."""
    from nodes.proofs.circuits.keys import is_ready
    from nodes.proofs.circuits.library import cache_directory
    from nodes.proofs.circuits.pinned import circuits

    header = ("circuit", "proves", "rows", "proof, bytes", "largest error", "same class", "key, MB", "key is made")
    rows = [
        (
            circuit.name,
            f"{circuit.model}/{circuit.variant}",
            f"2**{circuit.logrows}",
            f"{circuit.proof_bytes:,}",
            f"{circuit.gap.max_error:.1e}",
            f"{circuit.gap.argmax_agreement:.1%} of {circuit.gap.inputs}",
            f"{circuit.pk_bytes / 1e6:.0f}",
            "yes" if is_ready(circuit) else "no",
        )
        for circuit in circuits().values()
    ]
    console = make_console()
    print_table(console, header, rows)
    console.print(f"\nKeys and proofs are kept in {cache_directory() / 'zkml'}.")
    console.print("All rest on a development SRS: whoever made it could know its trapdoor, and prove anything.")


@zkml.command()
@click.argument("names", nargs=-1, metavar="[CIRCUIT]...")
def setup(names: tuple[str, ...]) -> None:
    """Make proving keys that are missing or damaged; of all circuits if none is named. Takes some seconds each."""
    from nodes.parameters import did_you_mean
    from nodes.proofs.circuits.pinned import circuits
    from nodes.proofs.circuits.proofs import Prover

    known = circuits()
    for name in names:
        if name not in known:
            raise click.UsageError(f"unknown circuit: {name}; {did_you_mean(name, known)}")
    chosen = [known[name] for name in names or known]
    console = make_console()
    with Prover() as prover:
        prover.ensure_keys(*chosen, tell=console.print)
    console.print(f"{len(chosen)} proving key{'s are' if len(chosen) > 1 else ' is'} in place.")


@zkml.command()
@click.option("--measure", is_flag=True, help="Take the samples of `measured` on this machine, unless there are any.")
def times(measure: bool) -> None:
    """List what proofs take in simulated time, by source and model."""
    from nodes.models.zoo import default_zoo
    from nodes.proofs.circuits.pinned import circuits
    from nodes.proofs.circuits.times import MEASURED, MODELLED, proof_times

    console = make_console()
    models = tuple(circuit.model for circuit in circuits().values() if circuit.honest)
    sources = dict(MODELLED) | ({MEASURED: proof_times(MEASURED, models, console.print)} if measure else {})
    zoo = default_zoo()
    rows = [
        (name, model, f"{found.prove(zoo.model(model), 0.5):.3g}", f"{found.verify(zoo.model(model), 0.5):.3g}")
        for name, found in sources.items()
        for model in models
    ]
    print_table(console, ("times", "model", "prove, s", "verify, s"), rows)
    console.print()
    print_table(console, ("times", "source"), [(name, found.source) for name, found in sources.items()])
