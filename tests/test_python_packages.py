"""What `make` installs with: uv takes packages from where pip is set up to take them from."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

from tests.source import ROOT


@pytest.fixture(scope="module")
def script() -> ModuleType:
    """scripts/python_packages.py, which belongs to no package."""
    spec = importlib.util.spec_from_file_location("python_packages", ROOT / "scripts" / "python_packages.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_of_several_settings_of_pip_the_most_particular_counts(script: ModuleType) -> None:
    listing = ":env:.index-url='https://three'\nglobal.index-url='https://one'\ninstall.index-url='https://two'\n"
    assert script.pip_settings(listing) == {"index-url": "https://three"}
    assert script.pip_settings("\n".join(listing.splitlines()[1:])) == {"index-url": "https://two"}


def test_uv_is_told_what_pip_is_told_but_for_places_that_do_not_exist(script: ModuleType, tmp_path: Path) -> None:
    settings = {
        "index-url": "https://mirror/simple",
        "extra-index-url": f"file:///no/such/place file://{tmp_path}\nhttps://other",
        "find-links": "/wheels /more",
        "cert": "/ca.pem",
        "no-index": "true",
        "trusted-host": "mirror",
        "default-timeout": "180",
    }
    assert script.uv_environment(settings, {"PATH": "/bin", "SSL_CERT_FILE": "/own.pem"}) == {
        "UV_DEFAULT_INDEX": "https://mirror/simple",
        "UV_INDEX": f"file://{tmp_path} https://other",
        "UV_FIND_LINKS": "/wheels,/more",
        "UV_NO_INDEX": "true",
        "UV_INSECURE_HOST": "mirror",
        "UV_INDEX_STRATEGY": "unsafe-best-match",
        "SSL_CERT_FILE": "/own.pem",
        "PATH": "/bin",
    }


@pytest.mark.parametrize(("uv_works", "asked"), [(True, ["uv"]), (False, ["uv", "pip"])])
def test_where_uv_fails_pip_does_it(
    script: ModuleType, monkeypatch: pytest.MonkeyPatch, uv_works: bool, asked: list[str]
) -> None:
    ran: list[tuple[str, ...]] = []

    class Done:
        stdout = ""

        def __init__(self, code: int) -> None:
            self.returncode = code

    def run(command: tuple[str, ...], **_: object) -> Done:
        ran.append(command)
        return Done(0 if uv_works or "pip" in command[2:3] else 2)

    monkeypatch.setattr(script, "has_uv", lambda: True)
    monkeypatch.setattr(script.subprocess, "run", run)
    assert script.main(["--require-hashes", "-r", "run.lock"]) == 0
    installs = [command for command in ran if "install" in command]
    assert ["uv" if Path(command[0]).name == "uv" else "pip" for command in installs] == asked
    assert all(command[-3:] == ("--require-hashes", "-r", "run.lock") for command in installs)
