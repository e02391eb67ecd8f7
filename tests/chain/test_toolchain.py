"""Finding anvil and its companions, and saying what to do when they are not there."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from chain.errors import ToolMissing
from chain.evm import toolchain
from tests.source import ROOT


def program(path: Path, says: str = "") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(f"#!/bin/sh\necho '{says}'\n")
    path.chmod(0o755)
    return path


@pytest.fixture(autouse=True)
def bare_machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A machine with nothing installed: the test starts in its project's directory, ``project/sub``."""
    project = tmp_path / "project" / "sub"
    project.mkdir(parents=True)
    for name in (toolchain.ANVIL_VARIABLE, toolchain.ANY_VERSION_VARIABLE):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.setattr(toolchain, "REPOSITORY", tmp_path / "repository")
    monkeypatch.chdir(project)
    return tmp_path


def test_without_anvil_the_hint_says_how_to_get_it_and_what_it_is_not() -> None:
    with pytest.raises(ToolMissing) as caught:
        toolchain.find_anvil()
    line = f"npm install --no-save {toolchain.platform_package()}@{toolchain.ANVIL_VERSION}"
    assert line in str(caught.value.hint)
    assert "anvil-py on PyPI is another program" in str(caught.value.hint)


def test_in_the_repository_the_hint_is_the_line_of_its_makefile(bare_machine: Path) -> None:
    (bare_machine / "repository").mkdir()
    (bare_machine / "repository" / "package-lock.json").touch()
    assert "`make node_modules/.run`" in toolchain.install_anvil()
    assert "\nnode_modules/.run:" in (ROOT / "Makefile").read_text()


def test_places_are_tried_from_the_nearest_to_the_farthest(bare_machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    farthest_first = [
        bare_machine / "home/.foundry/bin/anvil",
        bare_machine / "bin/anvil",
        bare_machine / "project/node_modules/.bin/anvil",
        bare_machine / "project/node_modules" / toolchain.platform_package() / "bin/anvil",
        bare_machine / "repository/node_modules" / toolchain.platform_package() / "bin/anvil",
        bare_machine / "elsewhere/anvil",
    ]
    for place in farthest_first:
        program(place)
        if place is farthest_first[-1]:
            monkeypatch.setenv(toolchain.ANVIL_VARIABLE, str(place))
        assert toolchain.find_anvil() == place


def test_one_asked_for_by_name_is_never_replaced(bare_machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program(bare_machine / "bin/anvil")
    monkeypatch.setenv(toolchain.ANVIL_VARIABLE, "/nowhere/anvil")
    with pytest.raises(ToolMissing, match="/nowhere/anvil"):
        toolchain.find_anvil()
    named = program(bare_machine / "mine")
    assert toolchain.find_anvil(named) == named


def test_a_file_that_cannot_be_run_is_passed_over(bare_machine: Path) -> None:
    program(bare_machine / "project/node_modules" / toolchain.platform_package() / "bin/anvil").chmod(0o644)
    fallback = program(bare_machine / "bin/anvil")
    assert toolchain.find_anvil() == fallback


@pytest.mark.parametrize(
    ("says", "version"),
    [
        ("anvil Version: 1.7.1", "1.7.1"),
        ("anvil 0.2.0 (abc 2024)", "0.2.0"),
        ("v20.1.0", "20.1.0"),
        ("11.19.1", "11.19.1"),
        ("nonsense", "nonsense"),
    ],
)
def test_versions_are_read_whatever_stands_around_them(bare_machine: Path, says: str, version: str) -> None:
    assert toolchain.version_of(program(bare_machine / "tool", says)) == version


def test_a_program_that_does_not_run_is_missing(bare_machine: Path) -> None:
    with pytest.raises(ToolMissing, match="does not run"):
        toolchain.version_of(bare_machine / "absent")


@pytest.mark.parametrize("version", ["1.6.9", "1.8.0", "0.3.0", "1.70.0"])
def test_another_version_is_refused_unless_the_user_insists(version: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ToolMissing, match=version):
        toolchain.require_known_anvil(version)
    monkeypatch.setenv(toolchain.ANY_VERSION_VARIABLE, "1")
    toolchain.require_known_anvil(version)


@pytest.mark.parametrize("version", ["1.7.0", "1.7.1", "1.7.12-stable"])
def test_the_known_series_is_accepted(version: str) -> None:
    toolchain.require_known_anvil(version)


def test_node_comes_from_the_machine_or_from_the_python_package(
    bare_machine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(toolchain, "find_spec", lambda name: None)
    with pytest.raises(ToolMissing, match="Node"):
        toolchain.find_node()
    assert program(bare_machine / "bin/node") == toolchain.find_node()


def test_npm_packages_are_found_from_below_their_project(bare_machine: Path) -> None:
    with pytest.raises(ToolMissing, match="solc"):
        toolchain.find_package("solc")
    package = bare_machine / "project/node_modules/solc"
    package.mkdir(parents=True)
    shutil.copy(__file__, package / "package.json")
    assert toolchain.find_package("solc") == package
