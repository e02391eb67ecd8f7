"""`simnet report`: make a run's reports anew from its log."""

from __future__ import annotations

from pathlib import Path

import click

from simnet.cli.console import open_page, waiting
from simnet.cli.paths import DIRECTORY


@click.command()
@click.argument("run", type=click.Path(path_type=Path), default=Path("reports/runs/latest"))
@click.option("--out", type=DIRECTORY, help="Where to write, instead of into the run directory.")
@click.option("--open", "opens", is_flag=True, help="Open report.html in a browser afterwards.")
def report(run: Path, out: Path | None, opens: bool) -> int:
    """Write report.html, trace.json, summary.md and junit.xml of a run, from its log.

    \b
    simnet report                            of the latest run
    simnet report reports/runs/byzantine-42-1f2e3d4c --out out/

    RUN is a run directory. report.html opens in any browser and loads nothing; trace.json opens in
    https://ui.perfetto.dev. Exit code 2: RUN is no complete run, or its log was changed.
    """
    from reports import JUNIT, REPORT, SUMMARY, TRACE, write_reports
    from reports.data import FIGURES
    from reports.source import load_run
    from simnet.run import OutputError

    target = out or run
    try:
        with waiting("reading the log and writing the reports"):
            write_reports(load_run(run), out)
    except OSError as error:
        raise OutputError(
            f"cannot write to {target}: {error.strerror}", "choose another place with --out DIR"
        ) from None
    for name in (REPORT, TRACE, SUMMARY, JUNIT, FIGURES):
        click.echo(target / name)
    if opens:
        open_page(target / REPORT)
    return 0
