"""`simnet models`: what a run would say of ONNX files, without a run."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from nodes.models.userfile import CURES, ELSE, cure
from simnet.cli.main import main
from tests.user_models import write


def test_files_and_directories_are_tried_and_the_exit_code_says_whether_all_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    good, bad = write(tmp_path, "two_inputs"), write(tmp_path, "free_axis")
    assert main(["models", str(good)]) == 0
    assert "1 of 1 run" in capsys.readouterr().out
    assert main(["models", str(tmp_path)]) == 2
    out = capsys.readouterr().out
    assert "1 of 2 run" in out
    (line,) = (line for line in out.splitlines() if line.startswith(str(bad)))
    assert "axes of any size besides the first: time" in line
    assert "sizes: {time: 16}" in line


def test_what_a_scenario_would_have_beside_the_path_is_given_as_it_has_it(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = str(write(tmp_path, "free_axis"))
    assert main(["models", file, "--with", "{sizes: {time: 16}}", "--json"]) == 0
    (trial,) = json.loads(capsys.readouterr().out)
    assert (trial["file"], trial["runs"], trial["says"]) == (file, True, "in portable arithmetic")


@pytest.mark.parametrize(
    ("beside", "expected"),
    [("{size: {time: 1}}", "did you mean 'sizes'?"), ("{sizes: {time: 0}}", "0 is too small"), ("{siz", "--with:"),
     ("7", "mapping")],
)  # fmt: skip
def test_mistakes_beside_the_path_are_told(
    tmp_path: Path, beside: str, expected: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["models", str(write(tmp_path, "free_axis")), "--with", beside]) == 2
    assert expected in capsys.readouterr().err


def test_models_that_run_natively_or_draw_say_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models", str(write(tmp_path, "draws"))]) == 0
    assert "draws random numbers by" in capsys.readouterr().out


def test_a_directory_without_models_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models", str(tmp_path)]) == 2
    assert "no file ends in .onnx there" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("message", "expected"),
    [
        ("my.domain:MyOp(-1) is not a registered function/op", CURES[0][1]),
        ("Could not find an implementation for Foo(6) node with name ''", CURES[0][1]),
        ("Failed to construct locale with name:en_US.UTF-8", CURES[1][1]),
        ("Type Error: Type 'tensor(double)' of input is invalid", ELSE),
    ],
)
def test_the_cure_is_for_what_is_wrong(message: str, expected: str) -> None:
    """A locale that a machine lacks is no operator that ONNX Runtime lacks."""
    assert cure(message) == expected
