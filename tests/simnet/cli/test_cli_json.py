"""`--json`: one JSON value on stdout, whatever else is said on stderr; and what GitHub Actions is told."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from simnet.batch import processes
from simnet.cli.github import escaped
from simnet.cli.main import VERBS, main
from tests.comparison_samples import Here
from tests.small import BASE

pytest.importorskip("pyrevm")


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Files are in a directory of the test's own; runs are in this process; this is no step of a workflow."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(processes, "Processes", Here)
    monkeypatch.delenv("GITHUB_ACTIONS", raising=False)
    monkeypatch.delenv("GITHUB_STEP_SUMMARY", raising=False)


def write(name: str = "small", **sections: Any) -> str:
    """A scenario of 20 seconds."""
    file = Path(f"{name}.yaml")
    file.write_text(yaml.safe_dump({**BASE, "name": name, "duration": "20 s", "settle": "60 s", **sections}))
    return str(file)


def test_run_prints_its_results(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", write(expect=["slashes_total >= 7"]), "--json", "--out", "out"]) == 1
    found = json.loads(capsys.readouterr().out)
    recorded = json.loads(Path("out/results.json").read_text())
    assert {key: found[key] for key in recorded} == recorded
    assert (found["outcome"], found["directory"]) == ("fail", "out")


def test_check_prints_every_run_with_what_did_not_hold(capsys: pytest.CaptureFixture[str]) -> None:
    files = [write("good"), write("bad", expect=["slashes_total >= 7"], sometimes=["slashed"])]
    assert main(["check", *files, "--json", "--out", "out"]) == 1
    good, bad = json.loads(capsys.readouterr().out)
    assert (good["file"], good["outcome"], good["failed"]) == ("good.yaml", "pass", [])
    assert (bad["outcome"], bad["failed"]) == ("fail", ["slashes_total >= 7", "slashed"])
    assert "never happened: slashed" in bad["reason"]
    assert (Path(bad["directory"]) / "report.html").exists(), "a run that does not pass has its reports"
    assert not (Path(good["directory"]) / "report.html").exists()


def test_compare_prints_the_comparison(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compare", write(), "--strategies", "none,committee", "--json", "--out", "out"]) == 0
    assert json.loads(capsys.readouterr().out) == json.loads(Path("out/comparison.json").read_text())


def test_doctor_prints_every_finding(capsys: pytest.CaptureFixture[str]) -> None:
    code = main(["doctor", "--json"])
    found = json.loads(capsys.readouterr().out)
    assert {"python", "numpy", "anvil"} <= {one["what"] for one in found}
    assert code == (4 if any(one["state"] == "missing" for one in found) else 0)


def test_a_dashboard_and_what_rules_it_out_are_a_mistake(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", write(), "--tui", "--metrics-port", "0"]) == 2
    assert "--tui cannot be had with --metrics-port" in capsys.readouterr().err


def test_github_is_told_the_line_of_what_does_not_hold(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GITHUB_ACTIONS", "true")
    monkeypatch.setenv("GITHUB_STEP_SUMMARY", "step.md")
    file = write("bad", expect=["tasks_total > 0", "slashes_total >= 7"])
    line = next(n for n, text in enumerate(Path(file).read_text().splitlines(), 1) if "slashes_total >= 7" in text)
    assert main(["check", file]) == 1
    assert f"::error file=bad.yaml,line={line},title=simnet::slashes_total >= 7: slashes_total is 0" in (
        capsys.readouterr().err
    )
    assert "0 of 1 scenarios passed" in Path("step.md").read_text()
    assert "| `bad.yaml` | ❌ fail |" in Path("step.md").read_text()


def test_elsewhere_nothing_is_annotated(capsys: pytest.CaptureFixture[str]) -> None:
    main(["check", write("bad", expect=["slashes_total >= 7"])])
    assert "::error" not in capsys.readouterr().err


def test_a_line_for_github_cannot_be_broken_by_what_it_says() -> None:
    assert escaped("100 %\nof: a, b") == "100 %25%0Aof: a, b"
    assert escaped("a,b:c", True) == "a%2Cb%3Ac"


def test_shells_can_ask_for_completions() -> None:
    asked = {"_SIMNET_COMPLETE": "bash_complete", "COMP_WORDS": "simnet ", "COMP_CWORD": "1"}
    command = [sys.executable, "-c", "import sys; from simnet.cli.main import main; sys.exit(main())"]
    found = subprocess.run(command, env=asked, capture_output=True, text=True, check=False)
    assert {line.partition(",")[2] for line in found.stdout.splitlines()} == set(VERBS)


@pytest.mark.parametrize("verb", ["run", "check", "compare"])
def test_a_shell_completes_scenarios_that_come_with_simnet_and_files(
    verb: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = {"_SIMNET_COMPLETE": "bash_complete", "COMP_WORDS": f"simnet {verb} strategies/po", "COMP_CWORD": "2"}
    for name, value in asked.items():
        monkeypatch.setenv(name, value)
    main()
    found = capsys.readouterr().out.split()
    assert {"plain,strategies/posp", "file,strategies/po"} <= set(found)
    assert all(",strategies/po" in one for one in found)
