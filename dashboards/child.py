"""The engine's process, while a dashboard shows its run.

The dashboard reads the log that this process writes, and sends orders through a pipe; when the pipe closes,
the run ends with what there is. Nothing here waits for the dashboard unless a person paused the run.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from dataclasses import replace
from multiprocessing.connection import Connection
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from simnet.kernel.inbox import Inbox
    from simnet.scenario.schema import Scenario


def serve(
    connection: Connection, scenario: Scenario, out: Path | None, force: bool, speed: float, command: str, errors: str
) -> None:
    """Run a scenario, and report through `connection`; stderr goes to the file `errors`."""
    for ignored in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):  # the parent's to hear; the pipe says when to stop
        signal.signal(ignored, signal.SIG_IGN)
    silence(errors)
    from chain.errors import SimnetError

    try:
        perform(connection, scenario, out, force, speed, command)
    except SimnetError as error:
        connection.send(("failed", (str(error), error.hint, error.exit_code)))
    except Exception as error:
        from simnet.cli.main import internal_error

        connection.send(("crashed", internal_error(error)))


def perform(
    connection: Connection, scenario: Scenario, out: Path | None, force: bool, speed: float, command: str
) -> None:
    """Run, steered from the other side, and send what came of it."""
    from chain.errors import SimnetError
    from simnet.kernel.pace import Control
    from simnet.run import Options, run
    from simnet.world.build import World
    from simnet.world.injection import inject

    control = Control(speed=speed)

    def begin(world: World) -> None:
        def inject_or_refuse(text: str) -> None:
            try:
                inject(world, text)
            except SimnetError as error:
                connection.send(("refused", str(error)))

        control.inject = inject_or_refuse
        threading.Thread(target=listen, args=(connection, world.engine.scheduler.inbox), daemon=True).start()
        world.log.listen(control.observe)
        world.log.flush()
        connection.send(("began", world.log.path))

    finished = run(
        scenario, Options(out=out, force=force, pace=control, stop=control.stop, command=command, begin=begin)
    )
    failure = finished.failure and (str(finished.failure), finished.failure.hint, finished.failure.exit_code)
    connection.send(("finished", (replace(finished, failure=None), failure)))


def listen(connection: Connection, inbox: Inbox) -> None:
    """Pass orders on to the event loop until the pipe closes; then the run is to stop."""
    from simnet.kernel.inbox import Order

    try:
        while True:
            inbox.put(connection.recv())
    except (EOFError, OSError):
        inbox.put(Order("stop"))


def silence(errors: str) -> None:
    """Keep this process from writing over the picture: stdout goes nowhere, stderr to a file."""
    sys.stdout.flush()
    for number, path in ((1, os.devnull), (2, errors)):
        file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
        os.dup2(file, number)
        os.close(file)
