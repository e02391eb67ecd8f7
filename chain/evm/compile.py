"""Compiles the contracts to ``chain/artifacts``: ``python -m chain.evm.compile [--check]``.

Runs solc's JavaScript build under Node.js, twice: the verifiers that ezkl generates are assembly, which the newer
pipeline of the compiler can't take. The bytecode carries no metadata hash, so that the same sources
give the same bytes anywhere. ``--check`` writes nothing and fails where an artifact is out of date.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from chain.errors import ChainError, SimnetError, ToolMissing
from chain.evm.abi import ARTIFACTS
from chain.evm.toolchain import find_node, find_package

CONTRACTS = Path(__file__).parents[1] / "contracts"
EVM_VERSION = "cancun"
"""Newest that OpenZeppelin needs (mcopy) and every backend runs."""

GENERATED = "evidence/zkml/circuits/"
"""Contracts that `nodes.proofs.circuits.make` generates. Nothing of ours imports them."""

# The output goes to a file: solcjs exits before a pipe is drained.
_DRIVER = """
const fs = require("fs"), path = require("path"), [modules, input, output] = process.argv.slice(1);
const solc = require(path.join(modules, "solc"));
const find = name => ({ contents: fs.readFileSync(path.join(modules, name), "utf8") });
fs.writeFileSync(output, solc.compile(fs.readFileSync(input, "utf8"), { import: find }));
"""


class CompileFailed(ChainError):
    """The compiler rejected a contract."""


def standard_input(generated: bool) -> dict[str, Any]:
    """What to ask solc for: all contracts that are generated, or all that are not."""
    paths = {path.relative_to(CONTRACTS).as_posix(): path for path in CONTRACTS.rglob("*.sol")}
    chosen = {name: path for name, path in sorted(paths.items()) if name.startswith(GENERATED) is generated}
    sources = {name: {"content": path.read_text()} for name, path in chosen.items()}
    settings = {
        "evmVersion": EVM_VERSION,
        "viaIR": not generated,
        "optimizer": {"enabled": True, "runs": 200},
        "metadata": {"bytecodeHash": "none", "appendCBOR": False},
        "outputSelection": {name: {"*": ["abi", "evm.bytecode.object", "metadata"]} for name in sources},
    }
    return {"language": "Solidity", "sources": sources, "settings": settings}


def run_solc(request: dict[str, Any]) -> dict[str, Any]:
    """What solc answers. Raises `CompileFailed` on errors and on warnings, `ToolMissing` if it cannot be run."""
    with tempfile.TemporaryDirectory() as scratch:
        source, output = Path(scratch, "in.json"), Path(scratch, "out.json")
        source.write_text(json.dumps(request))
        command: list[str | Path] = [find_node(), "-e", _DRIVER, find_package("solc").parent, source, output]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise ToolMissing(f"solc did not run: {done.stderr.strip()}")
        answer: dict[str, Any] = json.loads(output.read_text())
    if complaints := [item["formattedMessage"] for item in answer.get("errors", []) if _counts(item)]:
        raise CompileFailed("\n".join(complaints))
    return answer


def _counts(complaint: dict[str, Any]) -> bool:
    """Whether a complaint is ours to mend: any error, and a warning unless it is about a library."""
    if complaint["severity"] == "error":
        return True
    return not complaint.get("sourceLocation", {}).get("file", "").startswith("@")


def _artifact(name: str, output: dict[str, Any]) -> str:
    metadata = json.loads(output["metadata"])
    document = {
        "name": name,
        "abi": output["abi"],
        "bytecode": "0x" + output["evm"]["bytecode"]["object"],
        "compiler": {"version": metadata["compiler"]["version"], "settings": metadata["settings"]},
        "sources": {path: entry["keccak256"] for path, entry in metadata["sources"].items()},
    }
    return json.dumps(document, indent=1, sort_keys=True) + "\n"


def compile_contracts() -> dict[str, str]:
    """Text of each artifact, by contract name. Raises `CompileFailed` on errors and on warnings."""
    requests = [standard_input(generated) for generated in (False, True)]
    output: dict[str, Any] = {}
    for request in requests:
        if request["sources"]:
            output |= run_solc(request)["contracts"]
    return {
        name: _artifact(name, contract)
        for source in sorted(output)
        for name, contract in sorted(output[source].items())
        if contract["evm"]["bytecode"]["object"] and contract["abi"]  # not a library that others contain
    }


def stale_artifacts(fresh: dict[str, str]) -> list[str]:
    """Names whose committed artifact is missing, out of date or left over."""
    committed = {path.stem: path.read_text() for path in ARTIFACTS.glob("*.json")}
    return sorted(name for name in fresh.keys() | committed.keys() if fresh.get(name) != committed.get(name))


def main() -> int:
    """Compile, and write or compare."""
    parser = argparse.ArgumentParser(prog="python -m chain.evm.compile", description="Compile the contracts.")
    parser.add_argument("--check", action="store_true", help="fail if a committed artifact is out of date")
    check = parser.parse_args().check
    try:
        fresh = compile_contracts()
    except SimnetError as error:
        print(error, f"hint: {error.hint}" if error.hint else "", sep="\n", file=sys.stderr)
        return error.exit_code
    stale = stale_artifacts(fresh)
    for name in stale:
        path = ARTIFACTS / f"{name}.json"
        print(f"{'out of date' if check else 'written'}: {name}")
        if check:
            continue
        path.write_text(fresh[name]) if name in fresh else path.unlink()
    return 1 if check and stale else 0


if __name__ == "__main__":
    sys.exit(main())
