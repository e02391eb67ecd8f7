"""``python -m nodes.models.train [NAME...]``: make the named models anew, or all of them."""

from __future__ import annotations

import argparse
import json
import logging
from typing import Any

import numpy as np
import torch
from rich.console import Console

from nodes.models.execution import OnnxExecutor
from nodes.models.scoring import score
from nodes.models.train import diabetes_risk, digits_cnn, digits_mlp, medical_risk, text_transformer
from nodes.models.train.build import build
from nodes.models.zoo import MANIFEST, load_zoo

RECIPES = {
    module.RECIPE.name: module.RECIPE
    for module in (digits_mlp, digits_cnn, medical_risk, diabetes_risk, text_transformer)
}


def main() -> None:
    """Train, write the files and the manifest, then measure what was written."""
    parser = argparse.ArgumentParser(prog="python -m nodes.models.train", description=__doc__)
    parser.add_argument("names", nargs="*", choices=[[], *RECIPES], metavar="NAME", help=", ".join(RECIPES))
    names = parser.parse_args().names or list(RECIPES)
    logging.disable(logging.WARNING)  # ONNX Runtime's quantiser recommends a preprocessing that changes nothing here
    torch.use_deterministic_algorithms(True)
    torch.set_num_threads(1)  # the same sums on every machine, and no slower on networks this small
    console = Console(highlight=False)
    entries = json.loads(MANIFEST.read_text())["models"] if MANIFEST.exists() else {}
    for name in names:
        with console.status(name) as status:
            entries[name] = build(RECIPES[name], MANIFEST.parent / name, status.update)
            write(entries)
            measure(name, entries[name])
            write(entries)
        report(console, name, entries[name])


def measure(name: str, entry: dict[str, Any]) -> None:
    """Score every variant of a model on its holdout, as a node would run it."""
    zoo = load_zoo(MANIFEST)
    executor = OnnxExecutor(zoo, "cpu")
    inputs, labels = zoo.inputs(name)
    for variant, fields in entry["variants"].items():
        outputs = np.stack([executor.run(name, variant, value).output for value in inputs])
        fields["score"] = round(score(entry["metric"], outputs, labels), 4)


def write(entries: dict[str, Any]) -> None:
    """Write the manifest, models in the order of the recipes."""
    ordered = {name: entries[name] for name in RECIPES if name in entries}
    MANIFEST.write_text(json.dumps({"models": ordered}, indent=1) + "\n")


def report(console: Console, name: str, entry: dict[str, Any]) -> None:
    """Print what a model and its variants score and cost."""
    console.print(f"{name}: {entry['metric']} (baseline {entry['baseline']})")
    for variant, fields in entry["variants"].items():
        console.print(
            f"  {variant:10} {fields['score']:.4f} {fields['macs']:>10,} MACs {fields['size_bytes']:>8,} bytes"
        )


if __name__ == "__main__":
    main()
