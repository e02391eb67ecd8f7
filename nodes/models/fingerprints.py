"""Fingerprints of what every model and variant answers in portable arithmetic: ``python -m nodes.models.fingerprints``.

The committed table holds on every x86-64 processor. The suite and ``simnet doctor`` hold this machine against it; with
``--check`` so does this command, which also runs on an emulated processor: ``qemu-x86_64 -cpu Haswell python -m …``.
Without options it writes the table anew: for developers, after a model or the rewriting has changed.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import sys
from collections.abc import Iterator
from pathlib import Path

from nodes.models.execution import OnnxExecutor
from nodes.models.zoo import Zoo, default_zoo

TABLE = Path(__file__).with_suffix(".json")
INPUTS = 16
"""Holdout inputs a variant."""
HEX_DIGITS = 8
"""Of the SHA-256 of an output's bytes: enough to notice, short enough to read."""


def fingerprints(zoo: Zoo, inputs: int = INPUTS) -> Iterator[tuple[str, list[str]]]:
    """``model/variant`` and the fingerprint of each output, in the order of the holdout inputs."""
    executor = OnnxExecutor(zoo, "cpu")
    for name, model in zoo.models.items():
        for variant in model.variants:
            outputs = (executor.run(name, variant, value).output for value in zoo.inputs(name)[0][:inputs])
            yield f"{name}/{variant}", [hashlib.sha256(output.tobytes()).hexdigest()[:HEX_DIGITS] for output in outputs]


def differing(zoo: Zoo, inputs: int = INPUTS, table: Path = TABLE) -> list[str]:
    """``model/variant`` of whatever computes otherwise here than the table says; empty where portability holds."""
    expected = json.loads(table.read_text())
    return [key for key, found in fingerprints(zoo, inputs) if found != expected.get(key, [])[:inputs]]


def main() -> int:
    """Write the table, or compare."""
    parser = argparse.ArgumentParser(prog="python -m nodes.models.fingerprints", description=__doc__)
    parser.add_argument(
        "--check", action="store_true", help="compare with the committed table; exit code 1 if it differs"
    )
    parser.add_argument("--inputs", type=int, default=INPUTS, help="of each variant to compare (default %(default)s)")
    asked = parser.parse_args()
    if asked.check:
        wrong = differing(default_zoo(), asked.inputs)
        print("\n".join(f"differs: {key}" for key in wrong) or "every model and variant as in the table")
        return 1 if wrong else 0
    table = dict(fingerprints(default_zoo()))
    TABLE.write_text(json.dumps(table, indent=0) + "\n")
    print(f"written: {TABLE}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
