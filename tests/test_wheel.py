"""A wheel, installed elsewhere, is all that a run needs: scenarios, artifacts, models, templates."""

from __future__ import annotations

import os
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

from tests.source import PACKAGES, ROOT

pytest.importorskip("pyrevm")

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, built as pip would build it."""
    out = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(out)]
    subprocess.run(command, cwd=ROOT, capture_output=True, check=True)
    (found,) = out.glob("*.whl")
    return found


def test_it_has_every_file_that_is_tracked_in_the_packages_and_every_scenario(wheel: Path) -> None:
    tracked = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    if tracked.returncode:
        pytest.skip("not a git checkout")
    places = {f"{package}/": f"{package}/" for package in PACKAGES} | {"scenarios/": "simnet/scenarios/"}
    expected = [
        file.replace(place, packed, 1)
        for file in tracked.stdout.split("\0")
        for place, packed in places.items()
        if file.startswith(place)
    ]
    assert len(expected) > 500
    assert sorted(set(expected) - set(zipfile.ZipFile(wheel).namelist())) == []


@pytest.mark.long
def test_installed_elsewhere_without_anvil_it_runs_a_scenario_by_name_and_says_so(wheel: Path, tmp_path: Path) -> None:
    """The dependencies are those of this environment; nothing of the repository is in sight."""
    home = tmp_path / "env"
    venv.create(home, symlinks=True)
    site = next(home.glob("lib/python*/site-packages"))
    zipfile.ZipFile(wheel).extractall(site)
    theirs = [path for path in sys.path if path.endswith("site-packages")]
    (site / "dependencies.pth").write_text("\n".join(theirs) + "\n")  # their .pth files, ours among them, do not count
    empty = tmp_path / "empty"
    empty.mkdir()
    environment = {"PATH": "/usr/bin:/bin", "HOME": str(empty), "TMPDIR": str(tmp_path)}
    command = [str(home / "bin" / "python"), "-P", "-m", "simnet.cli.main"]

    def simnet(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [*command, *arguments], cwd=empty, env=environment, capture_output=True, text=True, check=False
        )

    short = ("--set", "duration=60 s", "--set", "adversaries=[]", "--set", "expect=[]", "--set", "sometimes=[]")
    done = simnet("run", "byzantine", *short)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "Foundry's anvil is not installed: contracts run in process, by revm" in done.stderr
    assert "npm install --no-save @foundry-rs/anvil-" in done.stderr
    assert (empty / "reports/runs/latest/report.html").stat().st_size > 1_000_000
    assert simnet("run", "byzantine", "--backend", "anvil").returncode == 4
    assert simnet("new", "mine.yaml").returncode == 0
    assert os.listdir(empty / "reports/runs")
