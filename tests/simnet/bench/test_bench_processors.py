"""What processors make of the same model."""

from __future__ import annotations

from nodes.models.zoo import default_zoo
from simnet.bench.processors import measure_model


def test_a_cpu_repeats_itself_and_another_graph_of_a_convolution_rounds_differently() -> None:
    figures = {found.processor: found for found in measure_model(default_zoo(), "digits_cnn")}
    cpu, plain = figures["cpu"], figures["cpu, graph as is"]
    assert cpu.worst == cpu.median == 0
    assert all(found.repeats for found in figures.values())
    assert plain.worst < 1e-5, "honest rounding, far below any cheaper variant"
