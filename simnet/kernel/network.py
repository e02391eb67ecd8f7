"""The simulated network: who is where, how long a message takes, and what faults do to it.

Participants hang off points of presence ("sites") of a backbone whose shape networkx generates; each site
belongs to a region. A message takes the two access links, the shortest path between the sites, and its size
over the bandwidth, times a jitter. Sites number in the dozens however many participants there are, so a
message costs the same in a network of ten or of ten thousand.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import networkx

from simnet.kernel.streams import Streams

ACCESS_S = 0.002
"""One-way latency between a participant and its site (assumption)."""

RELATIVE_JITTER_MAX = 5.0
"""No message takes longer than this many times its median."""


@dataclass(frozen=True, slots=True)
class NetworkParameters:
    """The network's shape and quality, from the scenario."""

    topology: str
    sites: int
    regions: tuple[str, ...]
    distribution: str
    latency_s: float
    """Median one-way latency of a backbone link."""
    jitter: float
    """Spread of a message's latency, relative to its median."""
    bandwidth: float
    """Bytes per second."""
    loss: float
    """Share of messages that never arrive."""


def backbone(parameters: NetworkParameters, streams: Streams) -> networkx.Graph[int]:
    """The sites and the latency of each link between them, in seconds, as the edge weight ``latency_s``."""
    seed = int(streams.generator("network/backbone").integers(2**31))
    graph = _shape(parameters.topology, parameters.sites, seed)
    draws = streams.normals("network/links")
    for _, _, link in sorted(graph.edges(data=True), key=lambda edge: edge[:2]):
        link["latency_s"] = parameters.latency_s * math.exp(0.3 * next(draws))
    return graph


def _shape(topology: str, sites: int, seed: int) -> networkx.Graph[int]:
    """A connected graph of that topology with nodes 0 to sites - 1."""
    graph: networkx.Graph[int]
    if sites < 3:
        topology = "complete"
    match topology:
        case "complete":
            graph = networkx.complete_graph(sites)
        case "ring":
            graph = networkx.cycle_graph(sites)
        case "line":
            graph = networkx.path_graph(sites)
        case "star":
            graph = networkx.star_graph(sites - 1)
        case "grid":
            width = math.isqrt(sites)
            whole = networkx.convert_node_labels_to_integers(networkx.grid_2d_graph(-(-sites // width), width))
            graph = whole.subgraph(range(sites)).copy()
        case "small_world":
            graph = networkx.connected_watts_strogatz_graph(sites, min(4, sites - 1), 0.2, seed=seed)
        case "scale_free":
            graph = networkx.barabasi_albert_graph(sites, min(2, sites - 1), seed=seed)
        case _:
            raise ValueError(f"unknown topology {topology!r}")
    return graph


class Network:
    """Decides when, and whether, messages arrive."""

    def __init__(self, parameters: NetworkParameters, streams: Streams) -> None:
        self.parameters = parameters
        self.graph = backbone(parameters, streams)
        self._streams = streams
        lengths = networkx.all_pairs_dijkstra_path_length(self.graph, weight="latency_s")
        self._path_s: dict[int, dict[int, float]] = {site: dict(targets) for site, targets in lengths}
        self._crowd: dict[int, int] = dict.fromkeys(self.graph.nodes, 0)
        self._site: dict[str, int] = {}
        self._region: dict[str, str] = {}
        self._jitter: dict[str, Iterator[float]] = {}
        self._fate: dict[str, Iterator[float]] = {}
        self._side: dict[str, int] = {}
        self._held: dict[tuple[str, str], bool] = {}

    def region_of_site(self, site: int) -> str:
        """Sites are dealt out to the regions in turn."""
        return self.parameters.regions[site % len(self.parameters.regions)]

    def join(self, name: str, region: str) -> None:
        """Connect a participant at the least crowded site of its region."""
        sites = [s for s in self.graph.nodes if self.region_of_site(s) == region] or list(self.graph.nodes)
        site = min(sites, key=self._crowd.__getitem__)
        self._crowd[site] += 1
        self._site[name] = site
        self._region[name] = region
        self._jitter[name] = self._streams.normals(f"network/jitter/{name}")
        self._fate[name] = self._streams.uniforms(f"network/loss/{name}")

    def site_of(self, name: str) -> int:
        """Where a participant is connected."""
        return self._site[name]

    def delay(self, sender: str, receiver: str, size_bytes: int) -> float:
        """Seconds that a message of that size takes from sender to receiver, jitter included."""
        median = 2 * ACCESS_S + self._path_s[self._site[sender]][self._site[receiver]]
        return median * self._spread(sender) + size_bytes / self.parameters.bandwidth

    def _spread(self, sender: str) -> float:
        draw, jitter = next(self._jitter[sender]), self.parameters.jitter
        match self.parameters.distribution:
            case "lognormal":
                return min(math.exp(jitter * draw), RELATIVE_JITTER_MAX)
            case "normal":
                return min(max(1 + jitter * draw, 0.1), RELATIVE_JITTER_MAX)
            case "uniform":
                return 1 + jitter * math.erf(draw / math.sqrt(2))
        return 1.0

    def obstacle(self, sender: str, receiver: str) -> str:
        """Why a message sent now does not arrive: ``partition``, ``loss``, or an empty string."""
        if self._side and not self.connected(sender, receiver):
            return "partition"
        if self.parameters.loss and next(self._fate[sender]) < self.parameters.loss:
            return "loss"
        return ""

    def connected(self, one: str, other: str) -> bool:
        """Whether no partition is between two participants."""
        return self._side.get(one, 0) == self._side.get(other, 0)

    def members(self, names: Iterable[str]) -> tuple[str, ...]:
        """Participants meant by a list of names and regions."""
        wanted = list(names)
        return tuple(n for n in self._site if n in wanted or self._region[n] in wanted)

    def partition(self, names: Sequence[str]) -> None:
        """Cut these participants (or whole regions) off from all others. Replaces an earlier partition."""
        self._side = dict.fromkeys(self.members(names), 1)

    def heal(self) -> None:
        """End the partition."""
        self._side = {}

    def hold(self, senders: Sequence[str], receivers: Sequence[str]) -> None:
        """Keep messages from any of these senders to any of these receivers back, until `release`."""
        self._held.update({(s, r): True for s in self.members(senders) for r in self.members(receivers)})

    def is_held(self, sender: str, receiver: str) -> bool:
        """Whether messages on this way are held back."""
        return bool(self._held) and (sender, receiver) in self._held

    def release(self) -> None:
        """Let everything through again; who holds the messages sends them on."""
        self._held = {}
