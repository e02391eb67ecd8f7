"""Modelled compute time: overhead plus work over rate, faster with narrower weights where the device has it."""

from __future__ import annotations

from dataclasses import replace

import pytest

from chain.errors import SimnetError
from nodes.models.devices import DEVICES, Device, seconds
from nodes.models.zoo import default_zoo

REFERENCE = default_zoo().model("digits_mlp").reference
SLOW = Device("slow", overhead_s=0.5, macs_per_s=100.0, speed_up={8: 4.0}, source="assumption: a test")


@pytest.mark.parametrize(("bits", "expected"), [(32, 2.5), (16, 2.5), (8, 1.0)])
def test_time_is_overhead_plus_work_over_rate(bits: int, expected: float) -> None:
    assert seconds(200, replace(REFERENCE, weight_bits=bits), SLOW) == pytest.approx(expected)


def test_no_work_still_costs_the_overhead() -> None:
    assert seconds(0, REFERENCE, SLOW) == 0.5


def test_devices_go_by_name_and_say_where_their_figures_are_from() -> None:
    assert seconds(1000, REFERENCE, "cpu") == seconds(1000, REFERENCE, DEVICES["cpu"])
    for device in DEVICES.values():
        assert device.source.startswith(("measured: ", "assumption: "))


def test_an_unknown_device_is_refused_with_the_nearest_name() -> None:
    with pytest.raises(SimnetError, match="unknown device: laptopp") as caught:
        seconds(1, REFERENCE, "laptopp")
    assert caught.value.hint == "did you mean 'laptop'?"


def test_a_cheaper_variant_never_takes_longer_than_the_reference() -> None:
    for model in default_zoo().models.values():
        for device in DEVICES.values():
            honest = seconds(model.reference.macs, model.reference, device)
            assert all(seconds(variant.macs, variant, device) <= honest for variant in model.variants.values())
