"""Which Python `make` takes: one for which every package has a wheel, if there is one."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.source import ROOT

STUB = """#!/bin/sh
[ "$1" = -c ] || {{ echo 'Python {dotted}'; exit 0; }}
exec {python} -c "import sys; sys.version_info = {version}; $2"
"""


def found(directory: Path, *versions: tuple[int, int]) -> subprocess.CompletedProcess[str]:
    """What the script says of interpreters of these versions, in this order."""
    stubs = []
    for version in versions:
        dotted = ".".join(map(str, version))
        stub = directory / f"python{dotted}"
        stub.write_text(STUB.format(dotted=dotted, python=sys.executable, version=version))
        stub.chmod(0o755)
        stubs.append(str(stub))
    return subprocess.run([ROOT / "scripts" / "find-python", *stubs], capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("versions", "taken"),
    [
        ([(3, 11)], "python3.11"),
        ([(3, 10), (3, 12)], "python3.12"),
        ([(3, 13), (3, 11)], "python3.11"),
        ([(3, 14), (3, 13)], "python3.13"),
        ([(3, 12), (3, 11)], "python3.12"),
    ],
)
def test_the_first_that_has_every_package_is_taken_and_3_13_only_where_there_is_no_other(
    tmp_path: Path, versions: list[tuple[int, int]], taken: str
) -> None:
    assert Path(found(tmp_path, *versions).stdout.strip()).name == taken


def test_without_one_it_says_which_are_needed(tmp_path: Path) -> None:
    refused = found(tmp_path, (3, 10), (3, 14))
    assert refused.returncode == 1
    assert "needs Python 3.11, 3.12 or 3.13 (found: Python 3.10)" in refused.stderr
