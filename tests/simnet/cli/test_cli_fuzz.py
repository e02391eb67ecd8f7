"""`simnet fuzz`: a table of what was called, an exit code, a file that repeats what broke, and games that are kept."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from simnet.batch import processes
from simnet.cli.main import main
from tests.comparison_samples import Here
from tests.mutants import MUTANTS

pytest.importorskip("pyrevm")

from simnet.studies.fuzz import carry_out, game
from simnet.studies.fuzz.machine import Machine
from simnet.studies.fuzz.setting import SETTINGS


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything is written to a directory of the test's own; games are short, and in this process."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(processes, "Processes", Here)
    monkeypatch.setattr(carry_out, "GAME_CALLS", 400)


def test_what_holds_is_a_table_and_exit_code_0(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["fuzz", "unverified", "--steps", "800", "--jobs", "1"]) == 0
    out, err = capsys.readouterr()
    row = next(line for line in out.splitlines() if line.startswith("Settlement.postBatch"))
    called, accepted = (int(word) for word in row.split()[1:3])
    assert 0 < accepted <= called
    assert "in 2 rounds, violations: 0" in out
    assert "unverified-400-0: held" in err
    assert "unverified-400-1: held" in err


def test_finished_games_are_not_played_again(capsys: pytest.CaptureFixture[str]) -> None:
    main(["fuzz", "unverified", "committee", "--steps", "800", "--out", "kept"])
    first = capsys.readouterr().out
    main(["fuzz", "unverified", "committee", "--steps", "1200", "--out", "kept"])
    out, err = capsys.readouterr()
    assert err.count("(was there)") == 2
    assert first != out
    main(["fuzz", "unverified", "committee", "--steps", "800", "--out", "kept", "--fresh"])
    assert capsys.readouterr().out == first


def test_what_breaks_is_exit_code_1_and_can_be_repeated(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    MUTANTS["settlement_pays_half"].deploy_instead(monkeypatch)
    broken = Machine(SETTINGS["unverified"])
    monkeypatch.setattr(game, "machine_for", lambda setting: broken)
    assert main(["fuzz", "unverified", "--steps", "400", "--out", "found"]) == 1
    out = capsys.readouterr().out
    assert "unverified: books: " in out
    assert "again: simnet fuzz --replay found/violation-unverified-400-0.json" in out
    file = Path("found/violation-unverified-400-0.json").absolute()
    assert len(json.loads(file.read_bytes())["moves"]) <= 6
    assert main(["fuzz", "--replay", str(file)]) == 1
    assert capsys.readouterr().out.splitlines()[-1] in out
    monkeypatch.undo()
    assert main(["fuzz", "--replay", str(file)]) == 0


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["committe"], "no setting 'committe'; there are unverified, committee"),
        (["--replay", "no.json"], "is no violation that simnet fuzz has written"),
        (["--replay", "other.json"], "names a setting or a move that does not exist"),
    ],
)
def test_bad_usage_is_exit_code_2(arguments: list[str], complaint: str, capsys: pytest.CaptureFixture[str]) -> None:
    Path("no.json").write_text("[]")
    Path("other.json").write_text('{"setting": "committee", "moves": [["fly", 1]]}')
    assert main(["fuzz", *arguments]) == 2
    assert complaint in capsys.readouterr().err
