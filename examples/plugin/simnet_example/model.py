"""A model: an ONNX file, and real inputs to ask it with."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from nodes.models.zoo import Zoo

FILE = Path(__file__).with_name("three_peaks.onnx")
"""A Gemm and a Softmax: which of three points in the plane is near. One input and one output, a batch in front."""

MACS = 6
"""Multiply-accumulates of one inference. Without it they are counted, which needs the package onnx."""


def add(zoo: Zoo) -> None:
    """Add the model under the name that scenarios use, with points on a grid as inputs."""
    grid = np.stack(np.meshgrid(np.linspace(-2, 2, 16), np.linspace(-2, 2, 16)), axis=-1).reshape(-1, 2)
    zoo.add("three_peaks", FILE, grid.astype(np.float32), macs=MACS)
