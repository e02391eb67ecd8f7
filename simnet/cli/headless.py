"""A run without a dashboard: a bar or lines that say how far it is."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from simnet.cli.console import make_console, progress
from simnet.cli.signals import stops

if TYPE_CHECKING:
    from simnet.run import Finished, Options
    from simnet.scenario.schema import Scenario


def run_with_progress(scenario: Scenario, options: Options, quiet: bool = False) -> Finished:
    """Run, with progress on stderr unless `quiet`, and with Ctrl-C as a request to stop."""
    from simnet.run import run as run_scenario

    console, end = make_console(stderr=True), scenario.duration + scenario.settle
    console.quiet = quiet
    with progress(console, scenario.name, end) as advance, stops(options.stop):
        watching = replace(
            options,
            progress=lambda now: advance(now, f"{now / 60:.1f} of {end / 60:.0f} min"),
            tell=console.print,
        )
        finished = run_scenario(scenario, watching)
        advance(finished.results.virtual_s)
    return finished
