"""The dashboard. Importing this package does not load Textual; calling what is here does."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from simnet.run import Finished, Options
    from simnet.scenario.schema import Scenario

NICENESS = 5
"""How far the dashboard stands back where processors are scarce, so that the engine does not wait for it."""


def run_live(scenario: Scenario, options: Options) -> Finished:
    """Run a scenario in a process of its own and show it on the terminal until somebody leaves.

    Of the options, `out`, `force`, `command` and the speed of `pace` are used. Leaving early ends the run with what
    there is, as Ctrl-C does headless. Raises what `simnet.run.run` raises, and `SimnetError` if the engine crashed.
    """
    from chain.errors import SimnetError
    from dashboards.live_run import Engine

    print(f"{scenario.name}: the engine, its models and its chain are being started …", file=sys.stderr)
    engine = Engine(scenario, options.out, options.pace.speed, options.command, force=options.force)
    os.nice(NICENESS)
    broken = False
    try:
        while engine.running and engine.log is None:
            engine.poll(1.0)
        if engine.log is not None:
            from dashboards.app import Dashboard
            from dashboards.scene import open_scene
            from dashboards.settings import default_file, read_settings

            app = Dashboard(open_scene(engine.log.parent), engine, read_settings(default_file()))
            app.run()
            broken = bool(app.return_code)
    finally:
        engine.stop()
        engine.wait()
    if broken:
        raise SimnetError("the dashboard failed, and the run was ended with it", "run it with --headless")
    return engine.result()


def watch(directory: Path) -> int:
    """Show a recorded run, or one that another process is writing; returns the exit code."""
    from dashboards.app import Dashboard
    from dashboards.scene import open_scene
    from dashboards.settings import default_file, read_settings

    app = Dashboard(open_scene(directory), settings=read_settings(default_file()))
    app.run()
    return app.return_code or 0
