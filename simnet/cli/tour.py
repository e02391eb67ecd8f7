"""`simnet tour`: OpenGradient's own client tries everything that `simnet up` has."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

import click

from nodes.payments import BatchAudited, PaymentSettled, ServedUnpaid, TextServed
from simnet.cli.console import make_console
from simnet.cli.exit_codes import HARNESS_FAILED
from simnet.cli.paths import DIRECTORY
from simnet.cli.signals import stops

if TYPE_CHECKING:
    from nodes.gateway.terms import Terms
    from nodes.records import Record
    from simnet.kernel.pace import Stop

TRANSCRIPT = "tour.txt"
"""What the client said, in the run directory."""

IDLE_S = 3.0
"""How soon sessions are settled and inferences recorded, so that the tour need not wait for it."""

FAILED = 1

PYTHON = click.Path(exists=True, dir_okay=False, executable=True, path_type=Path)


@click.command()
@click.option("--python", type=PYTHON, help="A Python that has OpenGradient's client already.")
@click.option("--out", type=DIRECTORY, help="Run directory, instead of one below reports/runs.")
@click.option("--force", is_flag=True, help="Write over a run that is in the directory already.")
def tour(python: Path | None, out: Path | None, force: bool) -> int:
    """Start a local network, and have OpenGradient's client chat, call tools, verify, run models on chain, and pay.

    \b
    simnet tour

    The client comes from its package at a pinned hash, unchanged, in an environment of its own that is made the first
    time. The transcript is in the run directory. Exit codes: 0 all steps passed, and what was served was paid to the
    wei; 1 not so; 4 it could not be tried.
    """
    from nodes.facilitator.batching import BatchTerms
    from simnet.run import Options, run
    from simnet.scenario.load import load_scenario
    from simnet.up import QUIET, client, client_tour
    from simnet.up.devnet import Devnet, Ports, Sockets
    from simnet.up.environment import variables
    from simnet.up.specimens import write_specimens

    console = make_console()
    interpreter = python.absolute() if python else client.environment(console.print)
    scenario = load_scenario(QUIET, (), None, to_run=True)
    devnet = Devnet(scenario.seed, Sockets.at(Ports()), terms=terms(), batches=BatchTerms(idle_s=IDLE_S))
    accounts = Accounts()
    command = shlex.join(["simnet", *sys.argv[1:]])
    options = Options(out=out, force=force, command=command, tell=console.print, listener=accounts.hear)
    process = ClientProcess([str(interpreter), client_tour.__file__], options.stop, click.echo)

    def send_off(directory: Path) -> None:
        write_specimens(directory)
        known = {"SIMNET": shlex.join([sys.executable, "-m", "simnet.cli.main"]), "SIMNET_MODELS": str(directory)}
        process.start({**variables(devnet), **known})

    devnet.ready = send_off
    try:
        with stops(options.stop):
            finished = run(scenario, devnet.options(options))
    finally:
        process.end()
        devnet.close()
    click.echo(accounts.says)
    said = "".join(f"{line}\n" for line in (*process.lines, accounts.says))
    (finished.directory / TRANSCRIPT).write_text(said, encoding="utf-8")
    click.echo(f"the transcript is in {finished.directory}/{TRANSCRIPT}")
    if finished.failure is not None:
        click.echo(str(finished.failure), err=True)
        return HARNESS_FAILED
    return 0 if process.lines[-1:] == ["done"] and accounts.are_even else FAILED


def terms() -> Terms:
    """The gateway's usual terms, but for the time to settlement."""
    from nodes.gateway.terms import Terms
    from nodes.gateway.upto import UptoTerms

    return Terms(upto=UptoTerms(idle_s=IDLE_S, look_s=1.0))


class Accounts:
    """What was served, and what was paid for it, by the log."""

    def __init__(self) -> None:
        self.answers = self.served = self.collected = self.unpaid = self.audited = 0

    def hear(self, _: float, record: Record) -> None:
        """Add up. Amounts are in wei."""
        match record:
            case TextServed(cost=cost):
                self.answers += 1
                self.served += int(cost)
            case ServedUnpaid(cost=cost):
                self.unpaid += int(cost)
            case PaymentSettled(status="succeeded", amount=amount):
                self.collected += int(amount)
            case BatchAudited(reason="", count=count):
                self.audited += count

    @property
    def are_even(self) -> bool:
        """Whether exactly what was served was collected, and all of it recorded as it was."""
        return self.served == self.collected and not self.unpaid and self.answers == self.audited

    @property
    def says(self) -> str:
        """The accounts in a line."""
        served = f"{self.answers} answers, worth {self.served} wei"
        paid = f"{self.collected} collected, {self.unpaid} served unpaid"
        return f"{'accounts':12}{served}: {paid}; {self.audited} recorded and audited"


class ClientProcess:
    """A client in a process of its own. When it is done the run is."""

    def __init__(self, command: list[str], stop: Stop, tell: Callable[[str], None]) -> None:
        self.lines: list[str] = []
        self._command = command
        self._stop = stop
        self._tell = tell
        self._process: subprocess.Popen[str] | None = None
        self._thread = threading.Thread(target=self._listen, daemon=True)

    def start(self, variables: Mapping[str, str]) -> None:
        """Send it off."""
        known = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
        self._process = subprocess.Popen(
            self._command,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env={**known, **variables},
        )
        self._thread.start()

    def end(self) -> None:
        """Call it back, if it is still there."""
        if self._process is None:
            return
        self._process.terminate()
        self._process.wait()
        self._thread.join()
        if self._process.stdout is not None:
            self._process.stdout.close()

    def _listen(self) -> None:
        assert self._process is not None
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self.lines.append(line.rstrip("\n"))
            self._tell(self.lines[-1])
        self._stop.request()
