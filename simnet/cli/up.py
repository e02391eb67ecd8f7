"""`simnet up`: OpenGradient on this machine, for clients from outside."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import click

from chain.errors import SimnetError
from nodes.gateway.terms import MITIGATIONS, Terms, mitigated
from nodes.gateway.upto import UptoTerms
from simnet.cli.console import make_console
from simnet.cli.exit_codes import HARNESS_FAILED
from simnet.cli.paths import DIRECTORY, FILE
from simnet.cli.signals import stops

if TYPE_CHECKING:
    from nodes.gateway.completion import LanguageModel
    from nodes.records import Record
    from simnet.run import Finished
    from simnet.up.devnet import Devnet
    from simnet.up.home import Home

Listener: TypeAlias = "Callable[[float, Record], None]"
"""Hears the log."""

LOOPBACK = "127.0.0.1"

SHOWN = (
    *("payment_demanded", "session_opened", "text_served", "served_unpaid", "session_closed", "payment_settled"),
    *("batch_recorded", "batch_audited", "fault_injected", "fault_ended"),
)
"""Kinds of record that are told as they happen."""


@click.command()
@click.option("--scenario", type=click.Path(path_type=Path), help="What to run beside the services; next to nothing.")
@click.option("--seed", type=click.IntRange(min=0), help="Use another seed: other keys of the services.")
@click.option("--set", "overrides", multiple=True, metavar="PATH=VALUE", help="Change the scenario; may be repeated.")
@click.option("--gateway-port", type=click.IntRange(0, 65535), default=8443, show_default=True, help="0: a free one.")
@click.option("--facilitator-port", type=click.IntRange(0, 65535), default=4022, show_default=True)
@click.option("--settlement-port", type=click.IntRange(0, 65535), default=10740, show_default=True)
@click.option("--payment-port", type=click.IntRange(0, 65535), default=8453, show_default=True)
@click.option("--blobs-port", type=click.IntRange(0, 65535), default=9031, show_default=True)
@click.option("--relay-port", type=click.IntRange(0, 65535), default=8444, show_default=True)
@click.option("--host", default=LOOPBACK, show_default=True, help="Address to listen on.")
@click.option("--idle", type=click.FloatRange(min=1), default=100.0, show_default=True, help="Seconds to settlement.")
@click.option("--batch-idle", type=click.FloatRange(min=1), default=300.0, show_default=True, help="To recording.")
@click.option(
    "--mitigate",
    multiple=True,
    type=click.Choice(["all", *MITIGATIONS]),
    help="End a known weakness of the gateway; may be repeated (docs/devnet.md).",
)
@click.option(
    "--fault",
    "faults",
    multiple=True,
    metavar="TEXT",
    help="Break something: 'at: 10 s, crash: [facilitator-0], for: 5 s', counted from the start; may be repeated.",
)
@click.option(
    "--llm",
    type=click.Choice(["echo", "smollm2"]),
    default="echo",
    show_default=True,
    help="What answers: a built-in echo, or SmolLM2-135M-Instruct, which is fetched (93 MB) the first time.",
)
@click.option("--state", type=DIRECTORY, help="Go on with the network in this directory, or begin it.")
@click.option("--out", type=DIRECTORY, help="Run directory, instead of one below reports/runs.")
@click.option("--force", is_flag=True, help="Write over a run that is in the directory already.")
@click.option("--env", "env_file", type=FILE, help="Write the variables to this file as well.")
@click.option("--quiet", is_flag=True, help="Print the servers' addresses, and nothing else.")
def up(
    scenario: Path | None,
    seed: int | None,
    overrides: tuple[str, ...],
    gateway_port: int,
    facilitator_port: int,
    settlement_port: int,
    payment_port: int,
    blobs_port: int,
    relay_port: int,
    host: str,
    idle: float,
    batch_idle: float,
    mitigate: tuple[str, ...],
    faults: tuple[str, ...],
    llm: str,
    state: Path | None,
    out: Path | None,
    force: bool,
    env_file: Path | None,
    quiet: bool,
) -> int:
    """Start a gateway, a facilitator and two chains that OpenGradient's own client works with, until Ctrl-C.

    \b
    simnet up
    simnet up --scenario faults --mitigate all
    source reports/runs/latest/up.env      in another shell, with the directory that is printed

    What happens lands in a run directory as any run does: `simnet watch DIR` shows it meanwhile. Everything listens on
    loopback, and the keys are for development alone. See docs/devnet.md for what is real here and what is not.
    """
    from nodes.facilitator.batching import BatchTerms
    from simnet.run import Options, run
    from simnet.scenario.load import load_scenario
    from simnet.shipped import find_scenario
    from simnet.up import QUIET
    from simnet.up.devnet import Devnet, Ports, Sockets

    path = find_scenario(scenario) if scenario else QUIET
    loaded = load_scenario(path, overrides, seed, to_run=True, beside_services=True)
    console = make_console()
    if host != LOOPBACK:
        click.echo(f"warning: {host} is not loopback: whoever reaches it can use well-known keys", err=True)
    terms, batches = terms_of(idle, (*mitigate, *(("keep-sessions",) if state else ()))), BatchTerms(idle_s=batch_idle)
    held = ExitStack()
    home = open_home(held, state, loaded.seed) if state else None
    registered_port = home.gateway_port(gateway_port) if home else gateway_port
    ports = Ports(registered_port, facilitator_port, settlement_port, payment_port, blobs_port, relay_port, host)
    parts = terms, language_model(llm, console.print), batches, faults, home
    devnet = Devnet(loaded.seed, Sockets.at(ports), *parts)
    listener = None if quiet else telling(console.print)
    command = shlex.join(["simnet", *sys.argv[1:]])
    options = Options(out=out, force=force, command=command, tell=console.print, listener=listener)
    devnet.ready = lambda directory: announce(devnet, directory, env_file)
    try:
        with stops(options.stop):
            finished = run(loaded, devnet.options(options))
    finally:
        devnet.close()
        held.close()
    return tell_end(finished, state)


def tell_end(finished: Finished, state: Path | None) -> int:
    """Report a run that is over, and say what it came to. Returns the exit code."""
    from reports import write_reports
    from reports.source import finished_run
    from simnet.up.served import says

    write_reports(finished_run(finished))
    click.echo(f"{says(finished.state, finished.results.metrics)}\nstopped; what happened is in {finished.directory}/")
    if finished.failure is None:
        return 0
    again = f"start again with --state {state}" if state else "this network is gone; --state DIR keeps the next one"
    click.echo(f"{finished.failure}\nhint: {again}", err=True)
    return HARNESS_FAILED


def language_model(name: str, tell: Callable[[str], None]) -> LanguageModel:
    """What answers."""
    from nodes.gateway.completion import Echo
    from simnet.up import language

    return language.smollm2(tell) if name == "smollm2" else Echo()


def open_home(held: ExitStack, state: Path, seed: int) -> Home:
    """The state directory, which is this process's alone while `held` is open. Raises `SimnetError`."""
    from simnet.lock import alone_in
    from simnet.up.home import Home

    try:
        state.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SimnetError(
            f"cannot write to {state}: {error.strerror}", "choose another place with --state DIR"
        ) from None
    held.enter_context(alone_in(state))
    return Home(state, seed)


def terms_of(idle_s: float, mitigations: tuple[str, ...]) -> Terms:
    """Terms of the gateway: it looks as often as og-x402, every quarter of the idle time, from 5 to 30 s."""
    look_s = max(min(5.0, idle_s), min(idle_s / 4, 30.0))
    return mitigated(Terms(upto=UptoTerms(idle_s=idle_s, look_s=look_s)), mitigations)


def telling(tell: Callable[[str], None]) -> Listener:
    """Hears the log, and tells what clients do."""
    from dashboards.describe import sentence
    from simnet.measure.rows import row_of

    def hear(time_s: float, record: Record) -> None:
        if record.kind in SHOWN:
            tell(f"{time_s:9.3f} s  {sentence(row_of(0, time_s, record), lambda address: address[:10])}")

    return hear


def announce(devnet: Devnet, directory: Path, env_file: Path | None) -> None:
    """Say where everything is, and write it down for clients."""
    from simnet.up.environment import FILE, WARNING, as_file, variables

    places = [directory / FILE, *([env_file] if env_file else [])]
    for place in places:
        place.write_text(as_file(devnet), encoding="utf-8")
    click.echo(f"answers come from {devnet.model.fingerprint}")
    lines = [f"  {name:22}{value}" for name, value in variables(devnet).items()]
    click.echo("\n".join(["up:", *lines, WARNING, f"source {places[-1]}", "Ctrl-C ends it."]))
    sys.stdout.flush()
