"""Packages of other people by the names of ours are noticed before they do harm."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from simnet.shadowing import PACKAGES, shadowed_packages
from tests.source import PACKAGES as OURS
from tests.source import ROOT


def test_our_own_are_none() -> None:
    assert shadowed_packages() == []
    assert {"simnet", *PACKAGES} == set(OURS)


@pytest.mark.parametrize("place", ["nodes.py", "chain/__init__.py", "reports/__init__.py"])
def test_one_that_hides_ours_is_named_with_its_place(tmp_path: Path, place: str) -> None:
    (tmp_path / place).parent.mkdir(exist_ok=True)
    (tmp_path / place).touch()
    environment = {**os.environ, "PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}"}
    command = [sys.executable, "-m", "simnet.cli.main", "--version"]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, cwd=ROOT.parent, check=False)
    assert done.returncode == 4
    assert str(tmp_path / place.removesuffix("/__init__.py")) in done.stderr
    assert "Traceback" not in done.stderr
    assert "take that place out of PYTHONPATH" in done.stderr
