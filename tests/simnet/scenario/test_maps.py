"""Backbones and latencies from files: what they say is what messages take, and what is wrong in them is said."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from simnet.kernel.network import ACCESS_S, Network
from simnet.scenario.load import parse_scenario
from simnet.world.build import network_of
from simnet.world.plan import Plan
from tests.scenario_text import MINIMAL, one_error, parse

GRAPHML = """<?xml version="1.0" encoding="UTF-8"?>
<graphml xmlns="http://graphml.graphdrawing.org/xmlns">
<key id="l" for="edge" attr.name="latency_s" attr.type="double"/>
<key id="r" for="node" attr.name="region" attr.type="string"/>
<graph edgedefault="undirected">
<node id="fra"/><node id="nyc"/><node id="sin"/><node id="4"><data key="r">par</data></node>
<edge source="fra" target="nyc"><data key="l">0.04</data></edge>
<edge source="nyc" target="sin"><data key="l">0.11</data></edge>
<edge source="4" target="sin"><data key="l">0.01</data></edge>
</graph></graphml>
"""
EDGES = "fra nyc {'latency_ms': 40}\nnyc sin {'latency_ms': 110}\n"
MATRIX = "from,to,p50_ms\nfra,nyc,40\nnyc,sin,110\nfra,sin,85\nsin,fra,90\n"


def network(directory: Path, name: str, text: str, more: str = "") -> Network:
    """The network of a scenario that names such a file, in constant time; it loads again as it is resolved."""
    (directory / name).write_text(text)
    key = "latencies" if name.endswith(".csv") else "graph"
    calm = "latency: {distribution: constant}, bandwidth: 100 Gbit/s"
    scenario = parse(f"{MINIMAL}network: {{{key}: {name}, {calm}{more}}}\n", directory=directory)
    assert parse_scenario(scenario.resolved_yaml().encode()) == scenario
    return network_of(Plan.of(scenario))


def between(found: Network, one: str, other: str) -> float:
    """Milliseconds that a small message takes from one region to another, access links apart."""
    for region in (one, other):
        found.join(region, region)
    return round((found.travel(one, other, 0) - 2 * ACCESS_S) * 1e3, 6)


@pytest.mark.parametrize(("name", "text"), [("a.graphml", GRAPHML), ("a.edgelist", EDGES)])
def test_a_graph_has_its_regions_and_messages_take_its_shortest_path(tmp_path: Path, name: str, text: str) -> None:
    found = network(tmp_path, name, text)
    assert found.parameters.regions[:3] == ("fra", "nyc", "sin")
    assert between(found, "fra", "sin") == 150
    assert between(network(tmp_path, name, text, ", regions: [nyc, fra]"), "fra", "nyc") == 40


def test_a_node_is_in_the_region_of_its_attribute(tmp_path: Path) -> None:
    found = network(tmp_path, "a.graphml", GRAPHML)
    assert found.parameters.regions[3:] == ("par",)
    assert between(found, "nyc", "par") == 120


def test_links_without_a_latency_are_drawn(tmp_path: Path) -> None:
    found = network(tmp_path, "a.edgelist", "fra nyc\nnyc sin {'latency_ms': 110}\n")
    drawn = between(found, "fra", "nyc")
    assert drawn > 0
    assert between(found, "nyc", "sin") == 110
    assert between(network(tmp_path, "a.edgelist", "fra nyc\n"), "fra", "nyc") == drawn


def test_a_matrix_says_what_a_message_takes_each_way_and_no_way_around(tmp_path: Path) -> None:
    found = network(tmp_path, "m.csv", MATRIX)
    ways = [("fra", "sin"), ("sin", "fra"), ("nyc", "fra"), ("sin", "nyc")]
    assert [between(found, *way) for way in ways] == [85, 90, 40, 110]
    around = network(tmp_path, "m.csv", MATRIX.replace("fra,sin,85", "fra,sin,500"))
    assert between(around, "fra", "sin") == 500


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("a.graphml", "", "a.graphml: no graph can be read from it"),
        ("a.graphml", "<graphml/>", "a.graphml: "),
        ("a.txt", EDGES, "'.txt' is no kind of graph"),
        ("a.edgelist", "", "0 nodes"),
        ("a.edgelist", "fra\n", "0 nodes"),
        ("a.edgelist", "a b 40\n", "no graph can be read from it"),
        ("a.edgelist", "a b {'weight': 40}\n", "its unit is not known"),
        ("a.edgelist", "a b {'latency_ms': -40}\n", "-40 is no latency above 0"),
        ("a.edgelist", "a b {'latency_s': 'soon'}\n", "'soon' is no latency"),
        ("a.edgelist", "a b {'latency_s': 61}\n", "up to 60 s"),
        ("a.edgelist", "a b\nc d\n", "it is in several parts"),
        ("a.edgelist", "a/b c\n", "'a/b' is no name of a region"),
        ("a.edgelist", "".join(f"n{i} n{i + 1}\n" for i in range(1000)), "1001 nodes"),
        ("a.edgelist", "".join(f"n{i} n{i + 1}\n" for i in range(64)), "65 regions are more than the limit of 64"),
        ("a.graphml", GRAPHML.replace("undirected", "directed"), "it is directed"),
        ("m.csv", "from,to\na,b\n", "one column of latencies is needed, and there is none of p50_s, p50_ms"),
        ("m.csv", "from,to,p50_ms,latency_ms\na,b,1,1\n", "p50_ms and latency_ms"),
        ("m.csv", "from,p50_ms\na,1\n", "m.csv:1: no column 'to'"),
        ("m.csv", "from,to,p50_ms\na,b,1,5\n", "m.csv:2: 4 fields for 3 columns"),
        ("m.csv", "from,to,p50_ms\na,b,0\n", "line 2: '0' is no latency"),
        ("m.csv", "from,to,p50_ms\na,b,1\na,b,2\n", "m.csv:3: a to b is there twice"),
        ("m.csv", "from,to,p50_ms\na,b,1\nb,c,2\n", "nothing about a and c"),
    ],
)
def test_what_is_wrong_in_a_file_is_said_before_the_run(tmp_path: Path, name: str, text: str, says: str) -> None:
    (tmp_path / name).write_text(text)
    key = "latencies" if name.endswith(".csv") else "graph"
    error = one_error(f"network: {{{key}: {tmp_path / name}}}")
    assert says in error
    assert error.startswith("x.yaml:4:")


@pytest.mark.parametrize(
    ("more", "says"),
    [
        ("regions: [fra, mars]", "the file has no region 'mars'"),
        ("sites: 7", "topology and sites follow from it"),
        ("topology: ring", "topology is 'ring', and there is a graph"),
        ("latencies: m.csv", "leave one of the two out"),
    ],
)
def test_what_a_file_says_nothing_else_may_say_otherwise(tmp_path: Path, more: str, says: str) -> None:
    (tmp_path / "a.graphml").write_text(GRAPHML)
    (tmp_path / "m.csv").write_text(MATRIX)
    more = more.replace("m.csv", str(tmp_path / "m.csv"))
    assert says in one_error(f"network: {{graph: {tmp_path / 'a.graphml'}, {more}}}")


def test_a_topology_of_a_file_needs_one() -> None:
    assert "topology is 'file', and there is no graph" in one_error("network: {topology: file}")


def test_the_seed_draws_the_same_network_as_before_without_a_file() -> None:
    plain: Any = network_of(Plan.of(parse(f"{MINIMAL}network: {{regions: [a, b], topology: ring, sites: 6}}\n")))
    assert plain.graph.number_of_edges() == 6
    assert {plain.region_of_site(site) for site in range(6)} == {"a", "b"}
