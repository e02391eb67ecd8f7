"""What a run leaves for people and for machines: viewers of the event log, and nothing else.

Importing this package loads no plotting and no templates: each report is imported when it is written.
"""

from __future__ import annotations

from pathlib import Path

JUNIT, REPORT, TRACE, SUMMARY = "junit.xml", "report.html", "trace.json", "summary.md"


def write_reports(directory: Path, out: Path | None = None) -> None:
    """Write every report of the run in a directory, to there or to another.

    Raises `reports.source.UnreadableRun` if there is no complete run, and `OSError` if nothing can be written.
    """
    from reports.html import report_html
    from reports.junit import junit_xml
    from reports.source import load_run
    from reports.summary import summary
    from reports.trace import trace_json

    run, target = load_run(directory), out or directory
    target.mkdir(parents=True, exist_ok=True)
    (target / JUNIT).write_bytes(junit_xml([run.results], run.directory))
    (target / REPORT).write_text(report_html(run), encoding="utf-8")
    (target / TRACE).write_bytes(trace_json(run))
    (target / SUMMARY).write_text(summary(run), encoding="utf-8")
