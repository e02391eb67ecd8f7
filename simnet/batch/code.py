"""Which code a run came from: two runs of one scenario and seed are the same only if the code was."""

from __future__ import annotations

import hashlib
import importlib
import inspect
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path

from nodes.models.zoo import default_zoo
from simnet.measure.catalogue import third_party
from simnet.plugins import BEHAVIOURS, COMPARATORS, FAULTS, STRATEGIES, members
from simnet.run import RECORDED_PACKAGES, installed

PACKAGES = ("chain", "nodes", "simnet")
FAMILIES = (BEHAVIOURS, STRATEGIES, COMPARATORS, FAULTS)
SUFFIXES = (".py", ".json", ".onnx", ".npz")


@cache
def code_digest() -> str:
    """SHA-256, as hex, over simnet's code, contracts and models, third parties' classes, and the packages below."""
    digest = hashlib.sha256(sys.version.encode())
    for name in RECORDED_PACKAGES:
        digest.update(f"{name} {installed(name)}\n".encode())
    for file in (*our_files(), *their_files()):
        digest.update(f"{file}\n".encode())
        digest.update(file.read_bytes())
    return digest.hexdigest()


def our_files() -> Iterator[Path]:
    """Everything of ours that can change what a run does, in a fixed order."""
    for name in PACKAGES:
        (root,) = importlib.import_module(name).__path__
        yield from sorted(path for path in Path(root).rglob("*") if path.suffix in SUFFIXES)


def their_files() -> list[Path]:
    """What entry points added: modules of classes and metrics, and files of models."""
    classes = [member for family in FAMILIES for member in members(family).values()]
    theirs = {Path(inspect.getfile(found)) for found in classes if found.__module__.partition(".")[0] not in PACKAGES}
    theirs |= {Path(inspect.getfile(found.compute)) for found in third_party()}
    models = {variant.path for model in default_zoo().models.values() for variant in model.variants.values()}
    return sorted(theirs | models)
