"""`simnet doctor`: what is installed here, what is missing, and the line that installs it."""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

import click

from chain.errors import ChainError, SimnetError, ToolMissing
from chain.evm.toolchain import REPOSITORY, find_anvil, find_node, find_npm, find_package, version_of
from nodes.proofs.circuits.library import INSTALL as INSTALL_ZKML
from simnet.cli.console import make_console, print_json, print_table, waiting
from simnet.cli.exit_codes import HARNESS_FAILED

PYTHON_SUPPORTED = ((3, 11), (3, 13))
DISK_MIN_MB = 200
"""Room for a run directory and for what anvil keeps while it runs."""

DASHBOARD_MIN = (80, 24)
"""Columns and lines below which the dashboard is hard to read."""

INSTALL_PACKAGES = "make .venv/.run" if (REPOSITORY / "Makefile").is_file() else "pip install --upgrade simnet"
PACKAGES = (
    "coincurve",
    "eth-abi",
    "faker",
    "networkx",
    "numpy",
    "onnx",
    "onnxruntime",
    "orjson",
    "pandas",
    "pydantic",
    "pyyaml",
    "simpy",
)
"""What every run imports."""

EXTRAS = {
    "pyrevm": "the revm backend: pip install pyrevm (CPython 3.11 and 3.12)",
    "ezkl": f"proofs of inference, zkml: {INSTALL_ZKML}",
    "textual": f"the dashboard: {INSTALL_PACKAGES}",
    "web3": f"simnet bench: {INSTALL_PACKAGES}",
    "pytest": f"the tests: {INSTALL_PACKAGES}",
}
"""What some verbs need, and what for."""


@dataclass(frozen=True)
class Finding:
    """One thing looked for. `remedy` is what to do if it is not `ok`; a run needs it if `needed`."""

    what: str
    found: str
    ok: bool = True
    needed: bool = False
    remedy: str = ""

    @property
    def state(self) -> str:
        """``ok``, ``missing`` where a run needs it, ``absent`` where it does not."""
        if self.ok:
            return "ok"
        return "missing" if self.needed else "absent"


def _python() -> Finding:
    lowest, highest = PYTHON_SUPPORTED
    found = f"{sys.version.split()[0]} at {sys.executable}"
    remedy = "make clean, then make run PYTHON=/path/to/python3.12"
    return Finding("python", found, lowest <= sys.version_info[:2] <= highest, True, remedy)


def _package(name: str, needed: bool, remedy: str) -> Finding:
    try:
        return Finding(name, version(name))
    except PackageNotFoundError:
        return Finding(name, "not installed", False, needed, remedy)


def _anvil() -> Finding:
    """Not only there: it starts, is of a known version, and answers."""
    from chain.backends.anvil import AnvilChain

    try:
        binary = find_anvil()
        with AnvilChain(binary=binary) as chain:
            return Finding("anvil", f"{chain.version} at {binary}")
    except ChainError as error:
        needed = find_spec("pyrevm") is None  # else a run that names no chain takes revm
        return Finding("anvil", str(error), False, needed, error.hint or "")


def _tool(what: str, find: Callable[[], Path]) -> Finding:
    try:
        path = find()
        return Finding(what, f"{version_of(path)} at {path}")
    except ToolMissing as error:
        return Finding(what, str(error), False, False, f"to compile contracts: {error.hint}")


def _node_package(name: str) -> Finding:
    try:
        return Finding(name, str(find_package(name)))
    except ToolMissing as error:
        return Finding(name, "not installed", False, False, f"to compile contracts: {error.hint}")


def _onnx_providers() -> Finding:
    try:
        from onnxruntime import get_available_providers

        from nodes.models.processors import INSTALL, why_not_cuda
        from nodes.models.session import CUDA
    except ImportError as error:
        return Finding("onnx processor", str(error), False, True, INSTALL_PACKAGES)
    names = ", ".join(str(name).removesuffix("ExecutionProvider") for name in get_available_providers())
    reason = why_not_cuda()
    has_gpu = shutil.which("nvidia-smi") is not None or CUDA in get_available_providers()
    found = f"{names}; processor: cuda {f'is absent: {reason}' if reason else 'works'}"
    remedy = f"models run on the CPU; for the GPU: {INSTALL}, and pip uninstall onnxruntime if it is in the way"
    return Finding("onnx processor", found, not (has_gpu and reason), False, remedy)


def _arithmetic() -> Finding:
    """Whether the zoo's models compute here what they compute elsewhere."""
    from nodes.models.arithmetic import processor_class
    from nodes.models.fingerprints import differing
    from nodes.models.zoo import default_zoo

    try:
        wrong = differing(default_zoo(), inputs=2)
    except SimnetError as error:
        return Finding("arithmetic", str(error), False, True, error.hint or "")
    found = f"portable; this processor is of class {processor_class()}"
    if not wrong:
        return Finding("arithmetic", found)
    remedy = f"{', '.join(wrong)}: other outputs here, so digests differ from other machines'; please report it"
    return Finding("arithmetic", "models compute otherwise than elsewhere", False, False, remedy)


def _terminal() -> Finding:
    if not sys.stdout.isatty():
        return Finding("terminal", "output is not a terminal: plain lines, no dashboard")
    columns, lines = shutil.get_terminal_size()
    fits = columns >= DASHBOARD_MIN[0] and lines >= DASHBOARD_MIN[1]
    return Finding("terminal", f"{columns} x {lines}", fits, False, "the dashboard wants 80 x 24 or more")


def _disk(what: str, directory: Path) -> Finding:
    free_mb = shutil.disk_usage(directory).free // 2**20
    fits = free_mb >= DISK_MIN_MB and os.access(directory, os.W_OK)
    remedy = f"{directory} must be writable and have {DISK_MIN_MB} MB free"
    return Finding(what, f"{free_mb:,} MB free in {directory}", fits, True, remedy)


def findings() -> Iterator[Finding]:
    """Look for everything, in the order in which it is shown."""
    yield _python()
    for name in PACKAGES:
        yield _package(name, True, INSTALL_PACKAGES)
    for name, remedy in EXTRAS.items():
        yield _package(name, False, remedy)
    yield _anvil()
    yield _tool("node", find_node)
    yield _tool("npm", find_npm)
    yield _node_package("solc")
    yield _node_package("@openzeppelin/contracts")
    yield _onnx_providers()
    yield _arithmetic()
    yield _terminal()
    yield _disk("disk", Path.cwd())
    yield _disk("scratch disk", Path(tempfile.gettempdir()))


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead.")
def doctor(as_json: bool) -> int:
    """Say what is installed, what is missing, and how to get it.

    Ends with 0 if a run can work here, and with 4 if not.
    """
    console = make_console()
    with waiting("looking at packages, tools and models"):
        found = list(findings())
    if as_json:
        print_json([{"what": one.what, "state": one.state, "found": one.found, "remedy": one.remedy} for one in found])
        return HARNESS_FAILED if any(one.state == "missing" for one in found) else 0
    print_table(console, ("what", "state", "found"), [(item.what, item.state, item.found) for item in found])
    if remedies := [(item.what, item.remedy) for item in found if not item.ok]:
        console.print()
        print_table(console, ("for", "do this"), remedies)
    missing = [item.what for item in found if item.state == "missing"]
    console.print()
    console.print(f"A run cannot work before this is fixed: {', '.join(missing)}." if missing else "A run can work.")
    return HARNESS_FAILED if missing else 0
