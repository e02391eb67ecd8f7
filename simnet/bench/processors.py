"""What this machine's processors make of the same models: how far apart honest answers are, and how long they take.

Each of the zoo's reference models answers its own holdout inputs one by one, on the CPU with and without graph
optimisation, and, where ONNX Runtime has CUDA, on the GPU with and without TensorFloat-32. This is the noise that a
comparator's tolerance has to let through.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import onnxruntime

from nodes.models.session import CUDA, Processor, open_session
from nodes.models.zoo import Zoo, default_zoo

INPUTS = 300
WARM_UP = 20


@dataclass(frozen=True)
class ProcessorFigures:
    """One model on one processor, beside the CPU with graph optimisation."""

    model: str
    processor: str
    worst: float
    """Largest difference of an output, over its largest magnitude."""
    median: float
    repeats: bool
    """Whether a second run gave the same bits, every time."""
    microseconds: float
    """An inference, the copies to and from the device included."""


def measure() -> Iterator[ProcessorFigures]:
    """Every reference model on every processor there is."""
    zoo = default_zoo()
    for name in zoo.models:
        yield from measure_model(zoo, name)


def measure_model(zoo: Zoo, name: str) -> Iterator[ProcessorFigures]:
    """One model on every processor there is."""
    reference = zoo.model(name).reference
    inputs = zoo.inputs(name)[0][:INPUTS]
    settings: list[tuple[str, Processor, bool, bool]] = [
        ("cpu", "cpu", True, False),
        ("cpu, graph as is", "cpu", False, False),
    ]
    if CUDA in onnxruntime.get_available_providers():
        settings += [("cuda", "cuda", True, False), ("cuda, TF32", "cuda", True, True)]
    expected: list[np.ndarray] = []
    for label, processor, optimise, tf32 in settings:
        session = open_session(reference.path, zoo.read(reference), processor, optimise, tf32)
        outputs, again, seconds = ask(session, inputs)
        expected = expected or outputs
        apart = [float(np.abs(a - b).max() / np.abs(a).max()) for a, b in zip(expected, outputs, strict=True)]
        repeats = all(np.array_equal(a, b) for a, b in zip(outputs, again, strict=True))
        yield ProcessorFigures(name, label, max(apart), float(np.median(apart)), repeats, 1e6 * seconds)


def ask(session: onnxruntime.InferenceSession, inputs: np.ndarray) -> tuple[list[np.ndarray], list[np.ndarray], float]:
    """Two rounds of outputs, and seconds an inference of the second took."""
    name = session.get_inputs()[0].name
    feeds = [{name: value[np.newaxis]} for value in inputs]
    for feed in feeds[:WARM_UP]:
        session.run(None, feed)
    first = [session.run(None, feed)[0] for feed in feeds]
    started = time.perf_counter()
    second = [session.run(None, feed)[0] for feed in feeds]
    return first, second, (time.perf_counter() - started) / len(feeds)
