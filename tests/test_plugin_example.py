"""The package in examples/plugin, installed from its own pyproject.toml: a scenario uses all that it adds."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson
import pytest

from tests.source import ROOT

pytest.importorskip("pyrevm")

pytestmark = pytest.mark.slow

PLUGIN = ROOT / "examples" / "plugin"


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, str]:
    """What a process needs to find the package."""
    target = tmp_path_factory.mktemp("installed")
    options = ["--quiet", "--no-deps", "--no-index", "--no-build-isolation", "--disable-pip-version-check"]
    subprocess.run([sys.executable, "-m", "pip", "install", *options, "--target", str(target), str(PLUGIN)], check=True)
    assert list(target.glob("simnet_example-*.dist-info"))
    path = os.pathsep.join([str(target), str(ROOT)])
    return {**os.environ, "PYTHONPATH": path}


def simnet(environment: Mapping[str, str], *arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    """Run a verb somewhere else than in the tree."""
    command = [sys.executable, "-m", "simnet.cli.main", *arguments]
    return subprocess.run(command, env=environment, cwd=cwd, capture_output=True, text=True, check=False)


def test_a_scenario_runs_with_everything_that_the_package_adds(environment: Mapping[str, str], tmp_path: Path) -> None:
    ran = simnet(environment, "run", str(PLUGIN / "scenario.yaml"), "--headless", "--out", str(tmp_path), cwd=tmp_path)
    assert ran.returncode == 0, ran.stderr + ran.stdout
    rows = [orjson.loads(line) for line in (tmp_path / "events.jsonl").read_bytes().splitlines()]

    def seen(**fields: Any) -> bool:
        return any(all(row.get(name) == value for name, value in fields.items()) for row in rows)

    assert seen(kind="cheated", behaviour="round_off")
    assert seen(kind="fault_injected", verb="brownout")
    assert seen(kind="executed", model="three_peaks")
    results = orjson.loads((tmp_path / "results.json").read_bytes())
    assert results["strategy"] == "half_committee"
    assert results["outcome"] == "pass"
    assert results["metrics"]["fraud_detected"]["value"] > 0
    sent = {kind: sum(row["kind"] == kind for row in rows) for kind in ("message_sent", "task_sent")}
    assert results["metrics"]["messages_per_task"]["value"] == sent["message_sent"] / sent["task_sent"]


ADDED = {
    "behaviours": "round_off",
    "comparators": "top_k",
    "faults": "brownout",
    "metrics": "messages_per_task",
    "models": "three_peaks",
    "strategies": "half_committee",
}
"""What the package adds to each listing of ``simnet schema``."""

LIST_ALL = """
import sys
from simnet.cli.main import main
for family in sys.argv[1:]:
    print("#", family, flush=True)
    main(["schema", "--list", family])
"""


def test_what_it_adds_is_listed_with_ours(environment: Mapping[str, str], tmp_path: Path) -> None:
    command = [sys.executable, "-c", LIST_ALL, *ADDED]
    listed = subprocess.run(command, env=environment, cwd=tmp_path, capture_output=True, text=True, check=True)
    for family, name in ADDED.items():
        assert f"\n{name} " in listed.stdout.partition(f"# {family}\n")[2].partition("\n# ")[0]


def test_every_entry_point_of_the_package_is_used_by_its_scenario() -> None:
    project = tomllib.loads((PLUGIN / "pyproject.toml").read_text())["project"]
    scenario = (PLUGIN / "scenario.yaml").read_text()
    for group, entries in project["entry-points"].items():
        assert group.startswith("simnet.")
        assert all(re.search(rf"\b{name}\b", scenario) for name in entries), group


def test_without_the_package_the_scenario_names_what_is_missing(tmp_path: Path) -> None:
    ran = simnet({**os.environ, "PYTHONPATH": str(ROOT)}, "run", str(PLUGIN / "scenario.yaml"), cwd=tmp_path)
    assert ran.returncode == 2
    for name in ("round_off", "top_k", "brownout", "half_committee", "messages_per_task"):
        assert name in ran.stderr
