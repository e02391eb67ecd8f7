"""`simnet report` makes every report of a run anew, from its log alone."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import click
import pytest

from reports import write_reports
from reports.source import load_run
from simnet.cli.main import main

NAMES = ["figures", "junit.xml", "report.html", "summary.md", "trace.json"]


def test_it_writes_every_report_beside_the_run_or_elsewhere(
    troubled_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = sorted(path.name for path in troubled_run.iterdir())
    assert main(["report", str(troubled_run), "--out", str(tmp_path / "a" / "b")]) == 0
    assert sorted(path.name for path in (tmp_path / "a" / "b").iterdir()) == NAMES
    assert sorted(path.name for path in troubled_run.iterdir()) == before
    assert str(tmp_path / "a" / "b" / "report.html") in capsys.readouterr().out


def test_it_opens_the_page_if_asked_to(troubled_run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []
    monkeypatch.setattr(click, "launch", opened.append)
    assert main(["report", str(troubled_run), "--out", str(tmp_path)]) == 0
    assert opened == []
    assert main(["report", str(troubled_run), "--out", str(tmp_path), "--open"]) == 0
    assert opened == [(tmp_path / "report.html").resolve().as_uri()]


def test_made_twice_the_reports_are_the_same(troubled_run: Path, tmp_path: Path) -> None:
    for name in ("first", "second"):
        write_reports(load_run(troubled_run), tmp_path / name)
    first, second = (
        {
            path.relative_to(tmp_path / name): path.read_bytes()
            for path in (tmp_path / name).rglob("*")
            if path.is_file()
        }
        for name in ("first", "second")
    )
    assert first == second
    assert {path.parts[0] for path in first} == {*NAMES}


def test_without_a_run_it_says_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["report"]) == 2
    error = capsys.readouterr().err
    assert error == "no run in reports/runs/latest: it has no events.jsonl\n  simnet run SCENARIO makes one\n"


def test_a_place_that_cannot_be_written_to_is_a_clear_error(
    troubled_run: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (file := tmp_path / "file").touch()
    assert main(["report", str(troubled_run), "--out", str(file / "below")]) == 4
    assert capsys.readouterr().err.startswith(f"cannot write to {file / 'below'}: ")
    assert main(["report", str(troubled_run), "--out", str(file)]) == 2
    assert f"Directory '{file}' is a file" in capsys.readouterr().err


def test_a_run_loads_no_templates_and_no_exporter() -> None:
    code = "import sys, simnet.run, reports; print([m for m in ('jinja2', 'prometheus_client') if m in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"
