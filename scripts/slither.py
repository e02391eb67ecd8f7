"""Static analysis of the contracts by slither: ``make slither``, with ``ARGS`` for slither itself.

slither wants a solc of its own and an environment of its own (web3 below 8). It gets the repository's solc, which is
JavaScript, behind the few options that it uses, and the sources in a directory where imports are file names. It reads
syntax trees, so that nothing is compiled to bytecode.
"""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from chain.evm.compile import CONTRACTS, GENERATED, run_solc, source_files
from chain.evm.toolchain import find_package

ROOT = Path(__file__).parents[1]
SLITHER = ROOT / ".venv-slither" / "bin" / "slither"
SETTINGS = ROOT / "scripts" / "slither.json"
WANTED = {"*": {"*": ["abi"], "": ["ast"]}}
NO_CODE = {"object": "", "sourceMap": ""}


def answer_as_solc(arguments: list[str]) -> int:
    """Do what ``solc --version`` and ``solc --standard-json`` do, as far as slither looks."""
    if "--version" in arguments:
        package = json.loads((find_package("solc").parent / "solc" / "package.json").read_text())
        print(f"solc, the solidity compiler commandline interface\nVersion: {package['version']}")
        return 0
    request = json.load(sys.stdin)
    request["settings"] = {"outputSelection": WANTED, "viaIR": True, "evmVersion": "cancun"}
    answer = run_solc(request)
    for contracts in answer["contracts"].values():
        for contract in contracts.values():
            contract["evm"] = {"bytecode": NO_CODE, "deployedBytecode": NO_CODE}
    json.dump(answer, sys.stdout)
    return 0


def analyse(arguments: list[str]) -> int:
    """Run slither over our own contracts; its exit code."""
    with tempfile.TemporaryDirectory(prefix="simnet-slither-") as scratch:
        place = Path(scratch)
        for name in {file.split("/")[0] for file in source_files()}:
            (place / name).symlink_to(CONTRACTS / name)
        (place / "@openzeppelin").symlink_to(find_package("@openzeppelin/contracts").parent)
        sources = {name: {"content": path.read_text()} for name, path in source_files().items() if not generated(name)}
        (place / "contracts.json").write_text(json.dumps(request(sources)))
        solc = place / "solc"
        solc.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} {shlex.quote(__file__)} --as-solc "$@"\n')
        solc.chmod(0o755)
        command = [SLITHER, "contracts.json", "--compile-force-framework", "Solc-json", "--solc", solc]
        environment = {**os.environ, "PYTHONPATH": str(ROOT)}
        command += ["--config-file", SETTINGS, *arguments]
        return subprocess.run(command, cwd=place, env=environment, check=False).returncode


def request(sources: dict[str, Any]) -> dict[str, Any]:
    """Standard input of the compiler."""
    return {"language": "Solidity", "sources": sources, "settings": {}}


def generated(name: str) -> bool:
    """Whether a source is one of the verifiers that ezkl generates: assembly, which slither makes nothing of."""
    return name.startswith(GENERATED)


if __name__ == "__main__":
    given = sys.argv[1:]
    sys.exit(answer_as_solc(given[1:]) if given[:1] == ["--as-solc"] else analyse(given))
