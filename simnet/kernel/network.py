"""The simulated network: who is where, how long a message takes, and what faults do to it.

Participants hang off points of presence ("sites") of a backbone whose shape networkx generates; each site
belongs to a region. A message takes the two access links, the shortest path between the sites, and its size
over the bandwidth, times a jitter. Sites number in the dozens however many participants there are, so a
message costs the same in a network of ten or of ten thousand. Cuts, holds, losses and delays are sets: each
stays until its own handle removes it, and those that overlap all apply.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field

import networkx

from simnet.kernel.layers import Layers, Lift, together
from simnet.kernel.streams import Streams
from simnet.log.events import CUT, ON_THE_WAY

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
    site_regions: tuple[str, ...] = ()
    """The region of each site, where the backbone is given; else sites are dealt out to the regions."""
    links: tuple[tuple[int, int, float | None], ...] = ()
    """Its links: two sites, and a median latency in seconds, ``None`` for one that is drawn."""
    between: Mapping[tuple[str, str], float] = field(default_factory=dict)
    """Median seconds from each region to each other, where they are given; one site a region then."""


def backbone(parameters: NetworkParameters, streams: Streams) -> networkx.Graph[int]:
    """The sites and the latency of each link between them, in seconds, as the edge weight ``latency_s``."""
    seed = int(streams.generator("network/backbone").integers(2**31))
    graph = _given(parameters) if parameters.site_regions else _shape(parameters.topology, parameters.sites, seed)
    draws = streams.normals("network/links")
    for _, _, link in sorted(graph.edges(data=True), key=lambda edge: edge[:2]):
        drawn = parameters.latency_s * math.exp(0.3 * next(draws))
        link["latency_s"] = link.get("latency_s") or drawn
    return graph


def _given(parameters: NetworkParameters) -> networkx.Graph[int]:
    """The graph that the scenario's file has."""
    graph: networkx.Graph[int] = networkx.empty_graph(len(parameters.site_regions))
    graph.add_edges_from((one, other, {"latency_s": seconds}) for one, other, seconds in parameters.links)
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


def spread_of(distribution: str, jitter: float) -> Callable[[float], float]:
    """What a message's latency is over its median, from a standard normal draw."""
    exp, most = math.exp, RELATIVE_JITTER_MAX
    match distribution:
        case "lognormal":
            return lambda draw: min(exp(jitter * draw), most)
        case "normal":
            return lambda draw: min(max(1 + jitter * draw, 0.1), most)
        case "uniform":
            return lambda draw: 1 + jitter * math.erf(draw / math.sqrt(2))
    return lambda _: 1.0


@dataclass(frozen=True, slots=True)
class Way:
    """Messages from any of these senders to any of these receivers."""

    senders: frozenset[str]
    receivers: frozenset[str]

    def covers(self, sender: str, receiver: str) -> bool:
        """Whether a message goes this way."""
        return sender in self.senders and receiver in self.receivers


@dataclass(slots=True)
class Hold:
    """Keeps back what goes its way, until it is released."""

    way: Way
    kept: list[Callable[[], None]] = field(default_factory=list)
    """What sends each message that it keeps on its way again, oldest first."""


class Network:
    """Decides when, and whether, messages arrive."""

    def __init__(self, parameters: NetworkParameters, streams: Streams) -> None:
        self.parameters = parameters
        self.graph = backbone(parameters, streams)
        self._streams = streams
        self._path_s = self._paths()
        self._crowd: dict[int, int] = dict.fromkeys(self.graph.nodes, 0)
        self._site: dict[str, int] = {}
        self._region: dict[str, str] = {}
        self._uplink: dict[str, tuple[dict[int, float], Callable[[], float]]] = {}
        """Of each participant: seconds from its site to every other, and its draws of jitter."""
        self._spread = spread_of(parameters.distribution, parameters.jitter)
        self._bandwidth = parameters.bandwidth
        self._losses: dict[str, Iterator[float]] = {}
        self.cuts: Layers[Way] = Layers()
        self.holds: Layers[Hold] = Layers()
        self.losses: Layers[tuple[Way, float]] = Layers()
        """Ways on which a share of the messages is lost, on top of the others."""
        self.delays: Layers[tuple[Way, float]] = Layers()
        """Ways on which messages take so many seconds more."""

    def _paths(self) -> dict[int, dict[int, float]]:
        """Seconds from each site to each: as the matrix has them, or along the shortest path."""
        lengths = networkx.all_pairs_dijkstra_path_length(self.graph, weight="latency_s")
        paths = {site: dict(targets) for site, targets in lengths}
        if self.parameters.between:
            for site, targets in paths.items():
                for other in targets:
                    way = self.region_of_site(site), self.region_of_site(other)
                    targets[other] = self.parameters.between.get(way, 0.0)
        return paths

    def region_of_site(self, site: int) -> str:
        """As the backbone's file has it, or else sites are dealt out to the regions in turn."""
        if self.parameters.site_regions:
            return self.parameters.site_regions[site]
        return self.parameters.regions[site % len(self.parameters.regions)]

    def join(self, name: str, region: str) -> None:
        """Connect a participant at the least crowded site of its region."""
        sites = [s for s in self.graph.nodes if self.region_of_site(s) == region] or list(self.graph.nodes)
        site = min(sites, key=self._crowd.__getitem__)
        self._crowd[site] += 1
        self._site[name] = site
        self._region[name] = region
        self._uplink[name] = self._path_s[site], self._streams.normals(f"network/jitter/{name}").__next__
        self._losses[name] = self._streams.uniforms(f"network/loss/{name}")

    def delay(self, sender: str, receiver: str, size_bytes: int) -> float:
        """Seconds that a message of that size takes from sender to receiver, jitter included."""
        seconds = self.travel(sender, receiver, size_bytes)
        return seconds + self.added(sender, receiver) if self.delays else seconds

    def travel(self, sender: str, receiver: str, size_bytes: int) -> float:
        """Seconds that it takes when no fault delays it; the jitter is drawn from the first one's stream."""
        path_s, jitter = self._uplink[sender]
        median = 2 * ACCESS_S + path_s[self._site[receiver]]
        return median * self._spread(jitter()) + size_bytes / self._bandwidth

    def added(self, sender: str, receiver: str) -> float:
        """Seconds that faults add."""
        return math.fsum(more for way, more in self.delays.values() if way.covers(sender, receiver))

    def obstacle(self, sender: str, receiver: str) -> str:
        """Why a message sent now does not arrive: `CUT`, `ON_THE_WAY`, or an empty string."""
        if self.cuts and not self.reaches(sender, receiver):
            return CUT
        share = self.parameters.loss
        if self.losses:
            passes = [1 - lost for way, lost in self.losses.values() if way.covers(sender, receiver)]
            share = 1 - (1 - share) * math.prod(passes)
        if share and next(self._losses[sender]) < share:
            return ON_THE_WAY
        return ""

    def reaches(self, sender: str, receiver: str) -> bool:
        """Whether nothing cuts the way from one participant to another."""
        return not any(way.covers(sender, receiver) for way in self.cuts.values())

    def hold_on(self, sender: str, receiver: str) -> Hold | None:
        """The first hold that keeps messages on this way back, if one does."""
        return next((hold for hold in self.holds.values() if hold.way.covers(sender, receiver)), None)

    def hold(self, way: Way) -> Lift:
        """Keep messages that go this way back. What is returned sends them on; another hold may take them over."""
        hold = Hold(way)
        lift = self.holds.lay(hold)

        def release() -> None:
            lift()
            kept, hold.kept = hold.kept, []
            for send_on in kept:
                send_on()

        return release

    @property
    def everybody(self) -> tuple[str, ...]:
        """All participants, in the order in which they joined."""
        return tuple(self._site)

    def members(self, places: Iterable[str]) -> tuple[str, ...]:
        """Participants meant by a list of names and regions, in the order in which they joined."""
        wanted = frozenset(places)
        return tuple(n for n in self._site if n in wanted or self._region[n] in wanted)

    def way(self, senders: Iterable[str], receivers: Iterable[str]) -> Way:
        """From these participants or regions to those."""
        return Way(frozenset(self.members(senders)), frozenset(self.members(receivers)))

    def isolate(self, places: Collection[str]) -> Lift:
        """Cut these participants or regions off from all others, both ways; among themselves they still talk."""
        inside = frozenset(self.members(places))
        outside = frozenset(self._site) - inside
        return self.cut(Way(inside, outside), Way(outside, inside))

    def cut(self, *ways: Way) -> Lift:
        """Let nothing through on these ways, until what is returned is called."""
        return together([self.cuts.lay(way) for way in ways])
