"""Install Python packages into the environment that runs this, with the arguments of ``pip install``.

uv does it, in a tenth of pip's time; where it is not to be had or fails, pip does. Packages come from wherever pip is
set up to take them from.
"""

from __future__ import annotations

import ast
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).parents[1]
LOCK = ROOT / "requirements" / "uv.lock"
PIP = (sys.executable, "-m", "pip", "--disable-pip-version-check")
UV = Path(sys.executable).with_name("uv")

RANK = ("global", "user", "site", "install", ":env:")
"""Sections of ``pip config list``: a later one counts more."""


def pip_settings(listing: str) -> dict[str, str]:
    """What pip is told, by the name of the option, from the output of ``pip config list``."""
    found: dict[str, tuple[int, str]] = {}
    for line in listing.splitlines():
        name, equals, value = line.partition("=")
        section, _, option = name.rpartition(".")
        rank = RANK.index(section) if section in RANK else -1
        if equals and rank >= found.get(option, (-1, ""))[0]:
            found[option] = rank, str(ast.literal_eval(value))
    return {option: value for option, (_, value) in found.items()}


def uv_environment(settings: Mapping[str, str], environment: Mapping[str, str]) -> dict[str, str]:
    """The environment in which uv takes packages from where pip would; what it says of uv already is left alone."""
    told = {
        "UV_DEFAULT_INDEX": settings.get("index-url", ""),
        "UV_INDEX": " ".join(filter(is_there, settings.get("extra-index-url", "").split())),
        "UV_FIND_LINKS": ",".join(settings.get("find-links", "").split()),
        "UV_INSECURE_HOST": settings.get("trusted-host", ""),
        "UV_NO_INDEX": settings.get("no-index", ""),
        "SSL_CERT_FILE": settings.get("cert", ""),
        "UV_INDEX_STRATEGY": "unsafe-best-match",  # the hashes say which file is meant, wherever it is
    }
    return {**{name: value for name, value in told.items() if value}, **environment}


def is_there(index: str) -> bool:
    """Whether an index may have anything: pip ignores a directory that does not exist, and uv does not."""
    return not index.startswith("file://") or Path(index.removeprefix("file://")).is_dir()


def has_uv() -> bool:
    """Whether uv is here, or could be installed."""
    command = (*PIP, "install", "--quiet", "--require-hashes", "--requirement", str(LOCK))
    return UV.exists() or subprocess.run(command, stderr=subprocess.DEVNULL, check=False).returncode == 0


def main(arguments: list[str]) -> int:
    """Install; returns the exit code."""
    if has_uv():
        listing = subprocess.run((*PIP, "config", "list"), capture_output=True, text=True, check=False).stdout
        command = (str(UV), "pip", "install", "--quiet", "--python", sys.executable, *arguments)
        if subprocess.run(command, env=uv_environment(pip_settings(listing), os.environ), check=False).returncode == 0:
            return 0
        print("simnet: uv could not do it; pip tries, which takes a minute or two", file=sys.stderr)
    return subprocess.run((*PIP, "install", "--quiet", *arguments), check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
