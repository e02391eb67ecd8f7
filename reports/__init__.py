"""What a run leaves for people and for machines: viewers of the event log, and nothing else.

Importing this package loads no plotting and no templates: each report is imported when it is written.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

JUNIT, REPORT, TRACE, SUMMARY = "junit.xml", "report.html", "trace.json", "summary.md"


if TYPE_CHECKING:
    from reports.source import Run


def write_reports(run: Run, out: Path | None = None) -> None:
    """Write every report of a run into its directory, or into another.

    Raises `OSError` if nothing can be written.
    """
    from reports.data import FIGURES, write_data
    from reports.html import plots, report_html
    from reports.junit import junit_xml
    from reports.summary import summary
    from reports.trace import write_trace

    target = out or run.directory
    target.mkdir(parents=True, exist_ok=True)
    (target / JUNIT).write_bytes(junit_xml([run.results], run.directory))
    shown = plots(run)
    (target / REPORT).write_text(report_html(run, shown), encoding="utf-8")
    write_data(shown, run.results.metrics, target / FIGURES)
    with (target / TRACE).open("wb") as file:
        write_trace(run, file)
    (target / SUMMARY).write_text(summary(run), encoding="utf-8")
