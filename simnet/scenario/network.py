"""Scenario section ``network``: the backbone that connects regions, and how its links behave."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from chain.units import Bandwidth, Duration, Share
from nodes.parameters import Parameters

NAME_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$"

Name = Annotated[str, Field(pattern=NAME_PATTERN)]
"""A name of letters, digits and ``_.-``."""


class Latency(Parameters):
    """One-way latency of a backbone link (assumption, unless taken from measurements)."""

    distribution: Literal["constant", "uniform", "lognormal", "normal"] = Field(
        default="lognormal", description="shape of the distribution; draws below zero count as zero"
    )
    median: Duration = Field(
        default=0.04, description="median, which is also the mean of every distribution but lognormal"
    )
    jitter: Share = Field(
        default_factory=lambda data: 0.0 if data.get("distribution") == "constant" else 0.2,
        description="spread relative to the median: half the width (uniform), the standard deviation (normal) or that"
        " of the logarithm (lognormal); 0.2 if not given; constant latency has none",
    )


class Network(Parameters):
    """Points of presence, the links between them, and which regions the participants are in."""

    topology: Literal["complete", "ring", "star", "line", "small_world", "scale_free", "grid"] = Field(
        default="complete", description="graph of the backbone's points of presence"
    )
    regions: tuple[Name, ...] = Field(
        default=("local",), min_length=1, max_length=64, description="where participants are, dealt out in turn"
    )
    sites: int = Field(
        default_factory=lambda data: max(1, len(data.get("regions", ()))),
        ge=1,
        le=1000,
        description="points of presence in the backbone; at least one a region, which is the default",
    )
    latency: Latency = Field(default=Latency(), description="one-way latency of one link")
    bandwidth: Bandwidth = Field(default=12.5e6, gt=0, description="of one link (assumption)")
    loss: Share = Field(default=0.0, description="share of messages that a link loses")
