"""`simnet run`: what a person reads, exit codes, Ctrl-C, and the determinism check."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import click
import pytest
import yaml

from chain.backends.anvil import AnvilChain
from nodes.effects import Sleep, Steps
from simnet.cli.main import main
from simnet.cli.run import read_pace
from simnet.cli.twice import first_difference
from simnet.lock import alone_in
from simnet.log.events import read_log
from simnet.log.tables import read_tables
from simnet.measure.catalogue import figures, measure
from simnet.run import RUNS
from simnet.strategies.unverified import UnverifiedHalf
from simnet.verdict.invariants import check_invariants
from tests.small import BASE
from tests.source import ROOT

pytest.importorskip("pyrevm")


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Run directories go below the working directory."""
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(name: str = "small", **sections: Any) -> str:
    """A scenario file of half a minute."""
    file = Path(f"{name}.yaml")
    short = {**BASE, "name": name, "duration": "30 s", "settle": "60 s", **sections}
    file.write_text(yaml.safe_dump(short, sort_keys=False))
    return str(file)


LIAR = [{"behaviour": "random_output", "nodes": ["inference-0"]}]
ANVIL = {"backend": "anvil"}


def latest() -> dict[str, Any]:
    """Results of the last run."""
    found: dict[str, Any] = json.loads((RUNS / "latest/results.json").read_bytes())
    return found


# -- exit codes ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("expect", "code", "outcome"), [("tasks_total > 0", 0, "pass"), ("tasks_total > 1000", 1, "fail")]
)
def test_the_exit_code_is_the_verdict(expect: str, code: int, outcome: str) -> None:
    assert main(["run", write(expect=[expect])]) == code
    assert latest()["outcome"] == outcome


def test_a_missed_expectation_is_named_with_its_value(capsys: pytest.CaptureFixture[str]) -> None:
    main(["run", write(expect=["detection_rate >= 95 %", "tasks_total >= 1000"], adversaries=LIAR)])
    out = capsys.readouterr().out
    total = latest()["metrics"]["tasks_total"]["value"]
    assert "held    detection_rate >= 95 %" in out
    assert f"tasks_total is {total}, expected tasks_total >= 1000" in out
    assert "FAILED  tasks_total >= 1000" in out


@pytest.mark.parametrize(("expect", "said"), [("tasks_total > 0", []), ("tasks_total > 10_000", ["FAILED"])])
def test_quiet_says_what_did_not_hold_and_the_outcome_alone(
    expect: str, said: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    main(["run", write(expect=[expect]), "--quiet"])
    shown = capsys.readouterr()
    outcome = "FAIL" if said else "PASS"
    assert [line.split()[0] for line in shown.out.splitlines()] == [*said, outcome, "digest", "replay", "report"]
    assert shown.err == ""


def test_open_shows_the_report(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    opened: list[str] = []
    monkeypatch.setattr(click, "launch", opened.append)
    assert main(["run", write(), "--headless", "--out", str(tmp_path / "out"), "--open"]) == 0
    assert opened == [(tmp_path / "out" / "report.html").resolve().as_uri()]


def test_something_that_never_happened_fails_a_run_that_asked_for_it(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", write(sometimes=["slashed"])]) == 1
    assert "never happened: slashed" in capsys.readouterr().out


@pytest.mark.parametrize(
    "arguments", [["missing.yaml"], ["broken.yaml"], ["small.yaml", "--set", "nodes.fool.count=1"]]
)
def test_a_scenario_that_cannot_be_read_exits_2_before_anything_runs(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    write()
    Path("broken.yaml").write_text("name: [\n")
    assert main(["run", *arguments]) == 2
    assert capsys.readouterr().out == ""
    assert not RUNS.exists()


def test_without_anvil_the_hint_says_what_to_do(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SIMNET_ANVIL", "/nowhere/anvil")
    assert main(["run", write(chain=ANVIL)]) == 4
    assert capsys.readouterr().err.splitlines() == [
        "there is no anvil to run at /nowhere/anvil",
        "  mend or unset $SIMNET_ANVIL",
    ]


def test_a_run_is_not_written_over_another_one_unless_forced(capsys: pytest.CaptureFixture[str]) -> None:
    file = write()
    assert main(["run", file, "--out", "out"]) == 0
    before = Path("out/events.jsonl").read_bytes()
    assert main(["run", file, "--seed", "9", "--out", "out"]) == 2
    error = capsys.readouterr().err
    assert "out holds another run's scenario.yaml" in error
    assert "--force" in error
    assert Path("out/events.jsonl").read_bytes() == before
    assert main(["run", file, "--seed", "9", "--out", "out", "--force"]) == 0
    assert Path("out/events.jsonl").read_bytes() != before


@pytest.mark.parametrize("name", ["scenario.yaml", "report.html"])
def test_a_file_of_somebodys_own_is_not_written_over(name: str) -> None:
    file = write()
    Path("mine").mkdir()
    Path("mine", name).write_text("mine")
    assert main(["run", file, "--out", "mine"]) == 2
    assert [path.read_text() for path in Path("mine").iterdir()] == ["mine"]


def test_two_runs_at_once_cannot_have_one_directory(capsys: pytest.CaptureFixture[str]) -> None:
    file = write()
    Path("out").mkdir()
    with alone_in(Path("out")):
        assert main(["run", file, "--out", "out", "--force"]) == 2
    assert "another simnet is writing to out" in capsys.readouterr().err
    assert list(Path("out").iterdir()) == []
    assert main(["run", file, "--out", "out"]) == 0


def test_a_directory_that_cannot_be_written_exits_4(capsys: pytest.CaptureFixture[str]) -> None:
    Path("taken").write_text("a file")
    assert main(["run", write(), "--out", "taken/below"]) == 4
    assert "choose another place with --out DIR" in capsys.readouterr().err


@pytest.mark.slow
def test_an_anvil_killed_in_mid_run_exits_4_and_says_where_the_record_is(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    chains: list[AnvilChain] = []

    def kill(self: UnverifiedHalf, log: Any) -> Steps:
        yield Sleep(15.0)
        os.killpg(chains[0].pid, signal.SIGKILL)

    class Remembered(AnvilChain):
        def __init__(self, **kwargs: Any) -> None:
            super().__init__(**kwargs)
            chains.append(self)

    monkeypatch.setattr(UnverifiedHalf, "on_log", kill)
    monkeypatch.setattr("chain.backends.anvil.AnvilChain", Remembered)
    assert main(["run", write(chain=ANVIL, strategy={"kind": "none"}), "--out", "out"]) == 4
    captured = capsys.readouterr()
    assert "anvil ended in mid-run: killed by SIGKILL" in captured.err
    assert "what was recorded until then is in out/" in captured.err
    assert "INCONCLUSIVE" in captured.out
    assert {"events.jsonl", "results.json", "manifest.json", "junit.xml"} <= {
        path.name for path in Path("out").iterdir()
    }


# -- what a person reads -------------------------------------------------------------------------------------


def test_the_summary_says_who_cheated_who_was_detected_how_long_it_took_what_it_cost_and_how_to_replay(
    capsys: pytest.CaptureFixture[str],
) -> None:
    file = write(adversaries=LIAR, expect=["fraud_finalised == 0"])
    assert main(["run", file, "--seed", "5", "--set", "clients.fee=0.5 OPG"]) == 0
    out = capsys.readouterr().out
    results = latest()
    assert any(line.split()[:2] == ["inference-0", "random_output"] for line in out.splitlines())
    for part in ("detection", "false slashes", "time to detection", "gas", "slashed", "attackers' return", "PASS"):
        assert part in out
    assert f"digest  {results['digest']}" in out
    assert f"replay  simnet run {file} --seed 5 --set 'clients.fee=0.5 OPG'" in out
    assert f"report  reports/runs/small-5-{results['digest'][:8]}/" in out
    assert results["seed"] == 5


def test_a_run_in_which_fraud_won_says_so_although_it_passed(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", write(strategy={"kind": "none"}, adversaries=LIAR)]) == 0
    out = capsys.readouterr().out
    assert f"Fraud won: {latest()['metrics']['fraud_finalised']['value']} wrong claims became final." in out
    assert "frauds final, not slashed" in out


def test_an_honest_run_says_that_nobody_misbehaved(capsys: pytest.CaptureFixture[str]) -> None:
    main(["run", write()])
    out = capsys.readouterr().out
    assert "Nobody misbehaved, and nobody was slashed." in out
    assert "detection          undefined: there was nothing to judge" in out


def test_a_pipe_gets_plain_lines_and_progress_stays_out_of_it(capsys: pytest.CaptureFixture[str]) -> None:
    main(["run", write()])
    shown = capsys.readouterr()
    assert "\x1b" not in shown.out + shown.err
    assert "small: 100 %" in shown.err
    assert "small: 100 %" not in shown.out


def test_the_run_directory_holds_a_junit_file() -> None:
    main(["run", write(expect=["tasks_total > 1000"]), "--out", "out"])
    assert 'failures="1"' in Path("out/junit.xml").read_text()


def test_the_replay_line_repeats_the_run(capsys: pytest.CaptureFixture[str]) -> None:
    main(["run", write(adversaries=LIAR), "--seed", "9", "--set", "clients.count=3"])
    first = latest()["digest"]
    main(["run", "small.yaml", "--seed", "9", "--set", "clients.count=3"])
    assert latest()["digest"] == first
    main(["run", "small.yaml", "--seed", "10", "--set", "clients.count=3"])
    assert latest()["digest"] != first


# -- pace ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "speed"), [("virtual", 0), ("wall", 1), ("60x", 60), ("0.5x", 0.5), ("1000000x", 1e6)]
)
def test_a_pace_is_a_speed(text: str, speed: float) -> None:
    assert read_pace(click.Context(click.Command("run")), click.Option(["--pace"]), text) == speed


@pytest.mark.parametrize("text", ["fast", "0x", "-1x", "x", "1e3x", "10", "nanx", "infx", "٣x"])
def test_what_is_no_pace_is_refused_with_an_example(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", write(), "--pace", text]) == 2
    assert "expected virtual, wall, or such as 60x" in capsys.readouterr().err


# -- Ctrl-C --------------------------------------------------------------------------------------------------


@contextmanager
def running(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    """`simnet` in a process of its own, once its log has begun."""
    program = [sys.executable, "-m", "simnet.cli.main", *arguments]
    Path("scratch").mkdir()
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "TMPDIR": str(Path("scratch").absolute())}
    process = subprocess.Popen(program, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment)
    try:
        while not list(Path().glob("out/events.jsonl")) or Path("out/events.jsonl").stat().st_size == 0:
            assert process.poll() is None, process.communicate()
            time.sleep(0.05)
        yield process
    finally:
        process.kill()
        process.communicate()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("backend", "pace", "how"),
    [
        ("anvil", "10x", signal.SIGINT),
        ("revm", "0.01x", signal.SIGINT),
        pytest.param("anvil", "10x", signal.SIGTERM, marks=pytest.mark.long),
        pytest.param("anvil", "10x", signal.SIGHUP, marks=pytest.mark.long),
    ],
)
def test_ctrl_c_and_its_like_end_a_run_with_what_there_is_and_leave_no_anvil(
    backend: str, pace: str, how: signal.Signals
) -> None:
    with running("run", write(chain={"backend": backend}), "--pace", pace, "--out", "out") as process:
        assert len(list(Path("scratch").glob("simnet-anvil-*"))) == (1 if backend == "anvil" else 0)
        process.send_signal(how)
        out, err = process.communicate(timeout=30)
    assert process.returncode == 3, err
    assert "INCONCLUSIVE   the run was interrupted" in out
    assert json.loads(Path("out/results.json").read_bytes())["outcome"] == "inconclusive"
    assert read_tables(Path("out/events.jsonl")).ended["reason"] == "interrupted"
    assert list(Path("scratch").glob("simnet-*")) == []  # where anvil keeps its state, removed when it is gone


# -- determinism ---------------------------------------------------------------------------------------------


def test_two_runs_that_agree_exit_0(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", write(), "--check-determinism"]) == 0
    out = capsys.readouterr().out
    digests = [line.split()[-1] for line in out.splitlines() if "run: digest" in line]
    assert len(set(digests)) == 1
    assert len(digests) == 2
    assert "both runs wrote the same log, byte for byte" in out


@pytest.mark.long
def test_the_check_keeps_the_exit_code_and_the_directory_of_the_run(capsys: pytest.CaptureFixture[str]) -> None:
    file = write(expect=["tasks_total > 1000"])
    assert main(["run", file, "--check-determinism", "--out", "out"]) == 1
    assert "both runs wrote the same log" in capsys.readouterr().out
    assert json.loads(Path("out/results.json").read_bytes())["outcome"] == "fail"
    assert Path("out/report.html").exists()


PLUGIN = """
from dataclasses import replace
from nodes.adversaries.inference.answers import AnswerBehaviour

class SetOrder(AnswerBehaviour):
    kind = "set_order"
    defeats, stopped_by, shows_in = "none", "any comparator", "detection_rate"

    def cheat(self, effect):
        execution = yield effect
        yield self.cheated("answer", effect.task)
        order = [int(name[1:]) for name in {f"o{i}" for i in range(execution.output.size)}]
        return replace(execution, output=execution.output.reshape(-1)[order].reshape(execution.output.shape))
"""
"""A third party's behaviour with the oldest mistake: what it does hangs on the order of a set of texts."""


@pytest.mark.long
@pytest.mark.parametrize("own_seed", ["", "1"])
def test_code_that_hangs_on_the_order_of_a_set_differs_and_exits_5(tmp_path: Path, own_seed: str) -> None:
    Path("plugin/hashy-0.1.dist-info").mkdir(parents=True)
    Path("plugin/hashy.py").write_text(PLUGIN)
    Path("plugin/hashy-0.1.dist-info/METADATA").write_text("Metadata-Version: 2.1\nName: hashy\nVersion: 0.1\n")
    Path("plugin/hashy-0.1.dist-info/entry_points.txt").write_text("[simnet.behaviours]\nset_order = hashy:SetOrder\n")
    environment = {**os.environ, "PYTHONPATH": f"{ROOT}{os.pathsep}{tmp_path / 'plugin'}"}
    environment.pop("PYTHONHASHSEED", None)
    if own_seed:
        environment["PYTHONHASHSEED"] = own_seed
    file = write(adversaries=[{"behaviour": "set_order", "count": 1}])
    command = [sys.executable, "-m", "simnet.cli.main", "run", file, "--check-determinism", "--headless"]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert done.returncode == 5, done.stderr
    number = int(done.stdout.split("from event ")[1].split()[0])
    first, second = (json.loads(line.split(":", 1)[1]) for line in done.stdout.splitlines()[-2:])
    assert (first["i"], second["i"]) == (number, number)
    assert first != second


@pytest.mark.parametrize(
    ("one", "other", "difference"),
    [
        ("a\nb\n", "a\nb\n", None),
        ("a\nb\n", "a\nc\n", (1, "b", "c")),
        ("a\n", "a\nb\n", (1, "(the log ends here)", "b")),
        ("", "a\n", (0, "(the log ends here)", "a")),
        ("", "", None),
    ],
)
def test_logs_are_compared_line_by_line(one: str, other: str, difference: Any) -> None:
    Path("one").write_text(one)
    Path("other").write_text(other)
    assert first_difference(Path("one"), Path("other")) == difference


def test_an_interrupted_determinism_check_is_inconclusive(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    original = UnverifiedHalf.on_log
    interrupts = [signal.SIGINT]

    def interrupt(self: UnverifiedHalf, log: Any) -> Steps:
        if interrupts:
            os.kill(os.getpid(), interrupts.pop())
        yield from original(self, log)

    monkeypatch.setattr(UnverifiedHalf, "on_log", interrupt)
    assert main(["run", write(strategy={"kind": "none"}), "--check-determinism"]) == 3
    assert "interrupted" in capsys.readouterr().out


def test_the_verdict_of_a_growing_log_is_that_of_the_log_read_again() -> None:
    """A run is judged once its log is whole; a fold of a log that grows goes back at each reorg, and finds the same."""
    main(["run", write(adversaries=LIAR), "--out", "out"])
    again = {name: metric.as_json() for name, metric in figures(measure(read_log(Path("out/events.jsonl")))).items()}
    found = json.loads(Path("out/results.json").read_bytes())
    assert json.loads(json.dumps(again)) == found["metrics"]
    findings = check_invariants(list(read_log(Path("out/events.jsonl"))))
    assert [{"name": one.name, "held": one.held, "detail": one.detail} for one in findings] == found["invariants"]
