"""Compiles the contracts that changed to ``chain/artifacts``: ``python -m chain.evm.compile [--check] [--all]``.

Runs solc's JavaScript build under Node.js, twice: the verifiers that ezkl generates are assembly, which the newer
pipeline of the compiler can't take. The bytecode carries no metadata hash, so that the same sources
give the same bytes anywhere. An artifact names its compiler, its settings and a hash of each source, so what has not
changed need not be compiled again; ``--all`` does so, which takes a minute and a half. ``--check`` writes nothing and
fails where an artifact is out of date.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Collection, Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

from chain.errors import ChainError, SimnetError, ToolMissing
from chain.evm.abi import ARTIFACTS
from chain.evm.toolchain import find_node, find_package
from chain.hashing import keccak

CONTRACTS = Path(__file__).parents[1] / "contracts"
EVM_VERSION = "cancun"
"""Newest that OpenZeppelin needs (mcopy) and every backend runs."""

GENERATED = "evidence/zkml/circuits/"
"""Contracts that `nodes.proofs.circuits.make` generates. Nothing of ours imports them."""

NAMED_BY_SOLC = frozenset({"compilationTarget", "libraries", "remappings"})
"""Settings that solc adds to those it was given."""

# The output goes to a file: solcjs exits before a pipe is drained.
_DRIVER = """
const fs = require("fs"), path = require("path"), [modules, input, output] = process.argv.slice(1);
const solc = require(path.join(modules, "solc"));
const find = name => ({ contents: fs.readFileSync(path.join(modules, name), "utf8") });
fs.writeFileSync(output, solc.compile(fs.readFileSync(input, "utf8"), { import: find }));
"""


_CONTRACT = re.compile(r"^contract (\w+)", re.MULTILINE)
"""A contract that can be deployed, by its name."""


class CompileFailed(ChainError):
    """The compiler rejected a contract."""


def source_files() -> dict[str, Path]:
    """Files of contracts, by their name in an import."""
    return {path.relative_to(CONTRACTS).as_posix(): path for path in sorted(CONTRACTS.rglob("*.sol"))}


def settings_for(generated: bool) -> dict[str, Any]:
    """How solc compiles the contracts that are generated, or the others."""
    return {
        "evmVersion": EVM_VERSION,
        "optimizer": {"enabled": True, "runs": 200},
        "metadata": {"bytecodeHash": "none", "appendCBOR": False},
        **({} if generated else {"viaIR": True}),
    }


def standard_input(generated: bool, unless: Collection[str] = ()) -> dict[str, Any]:
    """What to ask solc for: all contracts that are generated, or all that are not, `unless` their file is named.

    It is given every source each time, so that what it makes of one does not depend on which others it compiles.
    """
    chosen = {name: path for name, path in source_files().items() if name.startswith(GENERATED) is generated}
    sources = {name: {"content": path.read_text()} for name, path in chosen.items()}
    wanted = {name: {"*": ["abi", "evm.bytecode.object", "metadata"]} for name in sources if name not in unless}
    settings = {**settings_for(generated), "outputSelection": wanted}
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
    return as_text(document)


def as_text(artifact: dict[str, Any]) -> str:
    """An artifact as it is in its file."""
    return json.dumps(artifact, indent=1, sort_keys=True) + "\n"


def compile_contracts(kept: Mapping[str, dict[str, Any]] = MappingProxyType({})) -> dict[str, str]:
    """Text of each artifact, by contract name. Raises `CompileFailed` on errors and on warnings.

    Artifacts that are `kept` are not made anew, nor is a source compiled that is part of one, unless it has a contract
    of its own that is not kept.
    """
    files = source_files()
    parts = {source for artifact in kept.values() for source in artifact["sources"] if source in files}
    known = {source for source in parts if kept.keys() >= set(_CONTRACT.findall(files[source].read_text()))}
    output: dict[str, Any] = {}
    for request in (standard_input(generated, known) for generated in (False, True)):
        if request["settings"]["outputSelection"]:
            output |= run_solc(request)["contracts"]
    made = {
        name: _artifact(name, contract)
        for source in sorted(output)
        for name, contract in sorted(output[source].items())
        if contract["evm"]["bytecode"]["object"] and contract["abi"]  # not a library that others contain
    }
    return {**{name: as_text(artifact) for name, artifact in kept.items()}, **made}


def unchanged() -> dict[str, dict[str, Any]]:
    """Artifacts whose compiler, settings and sources are those of now, by contract name."""
    modules = find_package("solc").parent
    version = json.loads((modules / "solc" / "package.json").read_text())["version"]
    files = source_files()

    @cache
    def hash_of(name: str) -> str:
        path = files.get(name, modules / name)
        return "0x" + keccak(path.read_bytes()).hex() if path.is_file() else ""

    def is_current(artifact: dict[str, Any]) -> bool:
        used = artifact["compiler"]["settings"]
        (target,) = used["compilationTarget"]
        settings = settings_for(target.startswith(GENERATED))
        return (
            artifact["compiler"]["version"].startswith(f"{version}+")
            and {key: value for key, value in used.items() if key not in NAMED_BY_SOLC} == settings
            and all(hash_of(source) == digest for source, digest in artifact["sources"].items())
        )

    artifacts = {path.stem: json.loads(path.read_text()) for path in ARTIFACTS.glob("*.json")}
    return {name: artifact for name, artifact in artifacts.items() if is_current(artifact)}


def stale_artifacts(fresh: dict[str, str]) -> list[str]:
    """Names whose committed artifact is missing, out of date or left over."""
    committed = {path.stem: path.read_text() for path in ARTIFACTS.glob("*.json")}
    return sorted(name for name in fresh.keys() | committed.keys() if fresh.get(name) != committed.get(name))


def main() -> int:
    """Compile, and write or compare."""
    parser = argparse.ArgumentParser(prog="python -m chain.evm.compile", description="Compile the contracts.")
    parser.add_argument("--check", action="store_true", help="fail if a committed artifact is out of date")
    parser.add_argument("--all", action="store_true", help="compile what has not changed as well")
    arguments = parser.parse_args()
    check = arguments.check
    try:
        fresh = compile_contracts({} if arguments.all else unchanged())
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
