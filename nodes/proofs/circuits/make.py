"""Makes the pinned circuits anew from the zoo: ``python -m nodes.proofs.circuits.make [NAME...]``. For developers.

Writes settings, compiled circuit, verifying key, verifier contract and manifest; ``python -m chain.evm.compile`` does
the rest. The SRS files are taken as they are: new ones would change every key.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import onnx

from chain.evm.compile import CONTRACTS
from nodes.models.zoo import default_zoo
from nodes.proofs.circuits import keys, library
from nodes.proofs.circuits.gap import measure
from nodes.proofs.circuits.pinned import CIRCUITS, MANIFEST, SRS, Gap, from_entry
from nodes.proofs.circuits.pool import Pool
from nodes.proofs.circuits.proofs import Prover

GENERATED = CONTRACTS / "evidence" / "zkml" / "circuits"


@dataclass(frozen=True)
class Recipe:
    """How a model becomes a circuit."""

    model: str
    logrows: int
    input_scale: int
    weight_scale: int
    columns: int = 2
    base: int = 2048
    """Integers are taken apart in `legs` digits to this base: what does not fit cannot be proven."""
    legs: int = 3
    rebase: int = 1
    """How many multiplications a number goes through before it is brought back to scale."""
    variant: str = "fp32"
    contract: str = ""
    """Its verifier. A variant that stands for no model has none: nobody would deploy it."""


RECIPES = {
    "diabetes_risk": Recipe("diabetes_risk", 12, 13, 13, contract="DiabetesRiskVerifier"),
    "medical_risk": Recipe("medical_risk", 13, 16, 16, base=4096, contract="MedicalRiskVerifier"),
    "digits_mlp": Recipe("digits_mlp", 14, 8, 11, 3, base=8192, rebase=3, contract="DigitsMlpVerifier"),
    "diabetes_risk-small": Recipe("diabetes_risk", 12, 13, 13, variant="small"),
    "medical_risk-small": Recipe("medical_risk", 13, 16, 16, base=4096, variant="small"),
    "digits_mlp-small": Recipe("digits_mlp", 14, 8, 11, base=8192, rebase=3, variant="small"),
}
"""Chosen for proofs that are quick to make, and close to the model: see docs/zkml.md."""


def compile_circuit(name: str, recipe: Recipe, where: Path) -> None:
    """Write ``settings.json`` and ``circuit.ezkl``. The keys that follow are the same at each call."""
    ezkl = library.load()
    graph = onnx.load(default_zoo().model(recipe.model).variant(recipe.variant).path)
    for tensor in (*graph.graph.input, *graph.graph.output):
        tensor.type.tensor_type.shape.dim[0].dim_value = 1
    onnx.save(graph, where / "model.onnx")
    settings = where / "settings.json"
    ezkl.gen_settings(str(where / "model.onnx"), str(settings), run_arguments(ezkl, recipe))
    text = json.loads(settings.read_text())
    text["required_range_checks"].sort()  # their order is random otherwise, and goes into the keys
    settings.write_text(json.dumps({**text, "timestamp": 0}, indent=1, sort_keys=True) + "\n")
    ezkl.compile_circuit(str(where / "model.onnx"), str(where / "circuit.ezkl"), str(settings))


def run_arguments(ezkl: Any, recipe: Recipe) -> Any:
    """Inputs and outputs public; weights fixed, so that the verifying key stands for them."""
    arguments = ezkl.PyRunArgs()
    arguments.input_visibility = arguments.output_visibility = "public"
    arguments.param_visibility = "fixed"
    arguments.logrows, arguments.num_inner_cols = recipe.logrows, recipe.columns
    arguments.decomp_base, arguments.decomp_legs = recipe.base, recipe.legs
    arguments.input_scale, arguments.param_scale = recipe.input_scale, recipe.weight_scale
    arguments.scale_rebase_multiplier = recipe.rebase
    arguments.lookup_range = (0, 0)
    return arguments


def contract_source(vk: Path, settings: Path, srs: Path, contract: str, pool: Pool) -> str:
    """ezkl's verifier contract, under a name of its own, and said to be what it is: it writes nothing."""
    with tempfile.TemporaryDirectory() as scratch:
        target = Path(scratch) / "verifier.sol"
        pool.start("verifier", target, vk=str(vk), settings=str(settings), srs=str(srs))
        pool.wait(target)
        generated = target.read_text()
    renamed = generated.replace("contract Halo2Verifier", f"contract {contract}")
    return renamed.replace(") public returns (bool)", ") public view returns (bool)")


def make(name: str, recipe: Recipe, pool: Pool) -> dict[str, Any]:
    """Write a circuit's files; its manifest entry."""
    where = CIRCUITS / name
    where.mkdir(exist_ok=True)
    srs = SRS / f"{recipe.logrows}.srs"
    with tempfile.TemporaryDirectory() as scratch:
        here = Path(scratch)
        compile_circuit(name, recipe, here)
        for file in ("settings.json", "circuit.ezkl"):
            (where / file).write_bytes((here / file).read_bytes())
        ezkl = library.load()
        ezkl.setup(str(where / "circuit.ezkl"), str(where / "vk"), str(here / "pk"), str(srs))
        if recipe.contract:
            source = contract_source(where / "vk", where / "settings.json", srs, recipe.contract, pool)
            (GENERATED / f"{recipe.contract}.sol").write_text(source)
        files = {path.name: digest(path) for path in (*sorted(where.iterdir()), srs, here / "pk")}
        pk_bytes = (here / "pk").stat().st_size
    settings = json.loads((where / "settings.json").read_text())
    model = default_zoo().model(recipe.model)
    return {
        "model": recipe.model,
        "variant": recipe.variant,
        "verifier": recipe.contract,
        "logrows": recipe.logrows,
        "input_scale": settings["model_input_scales"][0],
        "output_scale": settings["model_output_scales"][0],
        "input_shape": list(model.input_shape),
        "output_shape": list(model.output_shape),
        "proof_bytes": 0,
        "pk_bytes": pk_bytes,
        "files": files,
        "gap": asdict(Gap(0, 0.0, 0.0)),
    }


def measured(name: str, entry: dict[str, Any], pool: Pool) -> dict[str, Any]:
    """The entry, with what only proofs and outputs tell."""
    circuit = from_entry(name, entry)
    inputs, _ = default_zoo().inputs(circuit.model)
    keys.ensure([circuit], pool)
    with Prover(fresh=True) as prover:
        proof = prover.prove(circuit, inputs[0])
    return {**entry, "proof_bytes": len(proof.proof), "gap": asdict(measure(circuit))}


def digest(path: Path) -> str:
    """SHA-256 of a file."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def main() -> None:
    """Make the named circuits, or all of them."""
    parser = argparse.ArgumentParser(prog="python -m nodes.proofs.circuits.make", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(RECIPES))
    names = parser.parse_args().names or list(RECIPES)
    entries = json.loads(MANIFEST.read_text()) if MANIFEST.exists() else {}
    with Pool() as pool:
        for name in names:
            entries[name] = measured(name, make(name, RECIPES[name], pool), pool)
            print(name, entries[name]["gap"])
            ordered = {known: entries[known] for known in RECIPES if known in entries}
            MANIFEST.write_text(json.dumps(ordered, indent=1) + "\n")


if __name__ == "__main__":
    main()
