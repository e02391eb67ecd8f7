"""The command line around the verbs: help, errors, exit codes, terminals and pipes."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
import types

import click
import pytest

from chain.errors import SimnetError
from simnet.cli import main as cli
from simnet.cli.console import make_console, print_table, progress
from simnet.scenario.errors import Place, Problem, ScenarioErrors
from simnet.verdict.happened import happenings


@pytest.fixture
def verb(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    """A verb ``act`` that returns the parameter, or raises it if it is an exception."""
    outcome = request.param

    @click.command()
    def act() -> object:
        if isinstance(outcome, BaseException):
            raise outcome
        return outcome

    module = types.ModuleType("simnet.cli.act")
    module.act = act  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "simnet.cli.act", module)
    monkeypatch.setattr(cli, "VERBS", {**cli.VERBS, "act": "Act."})


def test_help_names_every_verb_and_gives_examples(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["--help"]) == 0
    text = capsys.readouterr().out
    for name in ("run", "check", "doctor", "schema", "bench"):
        assert f"\n  {name} " in text
    assert "simnet run byzantine" in text


def test_help_imports_nothing_slow() -> None:
    code = "import sys; from simnet.cli.main import main; main(['--help']); print(*sys.modules)"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    imported = found.stdout.splitlines()[-1].split()
    assert "click" in imported
    assert not {"numpy", "pydantic", "yaml", "pandas", "onnxruntime", "textual", "rich"} & set(imported)


def test_no_verb_at_all_is_answered_with_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main([]) == 2
    assert "Verbs:" in "".join(capsys.readouterr())


def test_a_mistyped_verb_gets_the_nearest_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["rnu"]) == 2
    assert "unknown verb 'rnu', did you mean 'run'?" in capsys.readouterr().err


def test_a_mistyped_option_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["schema", "--lst", "metrics"]) == 2
    assert "--list" in capsys.readouterr().err


def test_the_version_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["--version"]) == 0
    assert capsys.readouterr().out.startswith("simnet ")


@pytest.mark.parametrize(("verb", "code"), [(None, 0), (0, 0), (1, 1), (3, 3)], indirect=["verb"])
@pytest.mark.usefixtures("verb")
def test_a_verb_decides_the_exit_code(code: int) -> None:
    assert cli.main(["act"]) == code


@pytest.mark.parametrize("verb", [SimnetError("anvil is missing", "run: npm ci")], indirect=True)
@pytest.mark.usefixtures("verb")
def test_an_expected_failure_is_a_message_and_a_hint(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["act"]) == 4
    assert capsys.readouterr().err == "anvil is missing\n  run: npm ci\n"


@pytest.mark.parametrize(
    "verb", [ScenarioErrors("a.yaml", [Problem(Place("a.yaml", 1, 3, 1, "x y"), "wrong")])], indirect=True
)
@pytest.mark.usefixtures("verb")
def test_a_bad_scenario_exits_2(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["act"]) == 2
    assert capsys.readouterr().err == "a.yaml:1:3: wrong\n   1 | x y\n     |   ^\n1 error in a.yaml\n"


@pytest.mark.parametrize("verb", [KeyboardInterrupt()], indirect=True)
@pytest.mark.usefixtures("verb")
def test_an_interrupt_that_nobody_handles_exits_130(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["act"]) == 130
    assert "interrupted" in capsys.readouterr().err


@pytest.mark.parametrize("verb", [ZeroDivisionError("by zero")], indirect=True)
@pytest.mark.usefixtures("verb")
def test_an_unforeseen_error_is_short_and_says_where(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert cli.main(["act"]) == 4
    text = capsys.readouterr().err
    assert text.startswith("internal error: ZeroDivisionError: by zero\n")
    assert f"  at {__file__}:" in text
    assert "Traceback" not in text
    monkeypatch.setenv("SIMNET_TRACEBACK", "1")
    assert cli.main(["act"]) == 4
    assert "Traceback" in capsys.readouterr().err


def test_a_reader_that_goes_away_is_no_error() -> None:
    reader, writer = os.pipe()
    os.close(reader)
    command = [sys.executable, "-m", "simnet.cli.main", "schema"]
    found = subprocess.run(command, stdout=writer, stderr=subprocess.PIPE, text=True, check=False)
    os.close(writer)
    assert (found.returncode, found.stderr) == (141, "")


def test_the_schema_is_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["schema"]) == 0
    assert {"name", "strategy", "adversaries"} <= json.loads(capsys.readouterr().out)["properties"].keys()


@pytest.mark.parametrize(
    ("listing", "name"),
    [
        ("behaviours", "lazy_accept"),
        ("strategies", "committee"),
        ("comparators", "relative"),
        ("models", "digits_mlp"),
        ("metrics", "soft_latency_ms.p95"),
        ("events", next(iter(happenings()))),
    ],
)
def test_lists_are_plain_columns_in_a_pipe(capsys: pytest.CaptureFixture[str], listing: str, name: str) -> None:
    assert cli.main(["schema", "--list", listing]) == 0
    header, *rows = capsys.readouterr().out.splitlines()
    assert header.startswith(listing[:4])
    assert any(row.split()[0] == name for row in rows)
    assert all("\x1b" not in row for row in rows)


def test_lines_are_never_broken_in_a_pipe() -> None:
    file = io.StringIO()
    console = make_console(file=file)
    print_table(console, ("a", "b"), [("x", "y " * 400)])
    assert len(file.getvalue().splitlines()) == 2


@pytest.mark.parametrize(
    ("environment", "coloured"),
    [({}, False), ({"FORCE_COLOR": "1"}, True), ({"FORCE_COLOR": "1", "NO_COLOR": "1"}, False)],
)
def test_colour_follows_the_environment(
    environment: dict[str, str], coloured: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("FORCE_COLOR", "NO_COLOR", "TTY_COMPATIBLE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    file = io.StringIO()
    make_console(file=file).print("caught", style="red")
    assert ("\x1b[31m" in file.getvalue()) is coloured


def test_progress_in_a_pipe_is_a_line_at_each_tenth() -> None:
    file = io.StringIO()
    with progress(make_console(file=file), "byzantine", 200.0) as advance:
        for done in range(0, 201, 5):
            advance(done, f"{done} s")
    lines = file.getvalue().splitlines()
    assert len(lines) == 10
    assert (lines[0], lines[-1]) == ("byzantine: 10 % 20 s", "byzantine: 100 % 200 s")


def test_progress_of_nothing_ends_at_once() -> None:
    file = io.StringIO()
    with progress(make_console(file=file), "empty", 0.0) as advance:
        advance(0.0)
    assert file.getvalue() == "empty: 100 %\n"


def test_an_option_that_is_no_number_says_what_to_write(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["run", "byzantine", "--seed", "x"]) == 2
    assert "write a whole number, such as --seed 1" in capsys.readouterr().err
