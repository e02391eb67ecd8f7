"""Scenario section ``network``: the backbone that connects regions, and how its links behave."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from chain.units import Bandwidth, Duration, Share
from nodes.parameters import ParameterError, Parameters
from simnet.scenario.files import ExistingFile
from simnet.scenario.maps import read_graph, read_matrix

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


def _readable_graph(path: Path) -> Path:
    read_graph(path)
    return path


def _readable_matrix(path: Path) -> Path:
    read_matrix(path)
    return path


def _regions_of(data: Mapping[str, Any]) -> tuple[str, ...]:
    """Those that the files have, if there are any."""
    if data.get("graph") is not None:
        return tuple(dict.fromkeys(read_graph(data["graph"]).regions))
    if data.get("latencies") is not None:
        return tuple(dict.fromkeys(region for way in read_matrix(data["latencies"]) for region in way))
    return ("local",)


def _sites_of(data: Mapping[str, Any]) -> int:
    if data.get("graph") is not None:
        return len(read_graph(data["graph"]).regions)
    return max(1, len(data.get("regions", ())))


REGIONS_MAX = 64


class Network(Parameters):
    """Points of presence, the links between them, and which regions the participants are in."""

    graph: Annotated[ExistingFile, AfterValidator(_readable_graph)] | None = Field(
        default=None, description="a file that has the backbone: GraphML or an edge list (docs/network.md)"
    )
    latencies: Annotated[ExistingFile, AfterValidator(_readable_matrix)] | None = Field(
        default=None, description="a CSV file of median latencies: from, to, p50_ms for each two regions"
    )
    topology: Literal["complete", "ring", "star", "line", "small_world", "scale_free", "grid", "file"] = Field(
        default_factory=lambda data: "complete" if data.get("graph") is None else "file",
        description="graph of the backbone's points of presence; file where one is named",
    )
    regions: tuple[Name, ...] = Field(
        default_factory=_regions_of,
        min_length=1,
        max_length=REGIONS_MAX,
        description="where participants are, dealt out in turn; those of the file, or one called local",
    )
    sites: int = Field(
        default_factory=_sites_of,
        ge=1,
        le=1000,
        description="points of presence in the backbone; at least one a region, which is the default",
    )
    latency: Latency = Field(default=Latency(), description="one-way latency of one link")
    bandwidth: Bandwidth = Field(default=12.5e6, gt=0, description="of one link (assumption)")
    loss: Share = Field(default=0.0, description="share of messages that a link loses")

    @model_validator(mode="after")
    def _fits_its_files(self) -> Self:
        """What the file says of the backbone, nothing else may say otherwise."""
        if self.graph is not None and self.latencies is not None:
            raise ParameterError("a graph has its latencies, and 'latencies' has others", "leave one of the two out")
        if (self.topology == "file") != (self.graph is not None):
            raise ParameterError(
                f"topology is '{self.topology}', and there is {'no' if self.graph is None else 'a'} graph"
            )
        if self.graph is None and self.latencies is None:
            return self
        known = _regions_of({"graph": self.graph, "latencies": self.latencies})
        if unknown := [region for region in self.regions if region not in known]:
            raise ParameterError(f"the file has no region '{unknown[0]}'", f"it has {', '.join(known[:20])}")
        if len(self.regions) > REGIONS_MAX:
            hint = "give the nodes a 'region' each, or name the regions to use"
            raise ParameterError(f"{len(self.regions)} regions are more than the limit of {REGIONS_MAX}", hint)
        sites = len(self.regions) if self.graph is None else _sites_of({"graph": self.graph})
        if self.sites != sites or (self.graph is None and self.topology != "complete"):
            raise ParameterError("with a file, topology and sites follow from it", "leave them out")
        return self
