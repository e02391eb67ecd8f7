"""Networks as people have them: a graph's file (GraphML, or an edge list as networkx writes it), a matrix of latencies.

A graph has a site for each node and a link for each edge. A node's region is its attribute ``region``, or its name. An
edge's one-way latency is its attribute ``latency_s`` or ``latency_ms``, or is drawn as for any other link. A matrix is
a CSV file with the columns ``from``, ``to`` and one of `LATENCY_COLUMNS`: a median for each two regions.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from itertools import permutations
from pathlib import Path
from typing import Any, NoReturn
from xml.etree.ElementTree import ParseError

from nodes.parameters import ParameterError
from simnet.scenario.files import csv_header, csv_rows

SITES_MAX = 1000
BYTES_MAX = 10_000_000
LATENCY_MAX_S = 60.0

UNITS_S = {"_s": 1.0, "_ms": 1e-3}
LATENCY_COLUMNS = tuple(f"{name}{unit}" for name in ("p50", "median", "latency") for unit in UNITS_S)

REGION = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")

EXPECTED_GRAPH = (
    "expected a connected undirected graph: GraphML (.graphml), or an edge list (.edgelist) with lines such as"
    " fra nyc {'latency_ms': 40}"
)
EXPECTED_MATRIX = "expected a CSV file with the columns from, to and p50_ms, and a line for each two regions"


@dataclass(frozen=True)
class Graph:
    """A backbone from a file."""

    regions: tuple[str, ...]
    """Of each site, in the file's order."""
    links: tuple[tuple[int, int, float | None], ...]
    """Two sites and the latency between them in seconds, ``None`` if the file does not say."""


def read_graph(path: Path) -> Graph:
    """The graph in a file. Raises `ParameterError`."""
    return _graph(path, _version(path))


def read_matrix(path: Path) -> Mapping[tuple[str, str], float]:
    """Seconds from each region to each other; one way counts for both if the other is not there. Raises alike."""
    return _matrix(path, _version(path))


def _version(path: Path) -> tuple[int, int]:
    stat = path.stat()
    return stat.st_mtime_ns, stat.st_size


@lru_cache(maxsize=4)
def _graph(path: Path, version: tuple[int, int]) -> Graph:
    import networkx

    if version[1] > BYTES_MAX:
        _refuse(path, f"more than the limit of {BYTES_MAX:,} bytes")
    try:
        if path.suffix == ".graphml":
            found: Any = networkx.read_graphml(path)
        elif path.suffix == ".edgelist":
            found = networkx.read_edgelist(path)
        else:
            _refuse(path, f"'{path.suffix}' is no kind of graph that is known by its name")
    except (OSError, ParseError, networkx.NetworkXException, ValueError, TypeError, LookupError, SyntaxError) as error:
        if isinstance(error, ParameterError):
            raise
        _refuse(path, f"no graph can be read from it: {error}")
    if found.is_directed() or found.is_multigraph():
        _refuse(path, "it is directed, or has two edges between the same nodes")
    if not 1 <= len(found) <= SITES_MAX:
        _refuse(path, f"{len(found)} nodes, and there may be 1 to {SITES_MAX}")
    if not networkx.is_connected(found):
        _refuse(path, "it is in several parts")
    sites = {node: i for i, node in enumerate(found)}
    regions = tuple(_region(path, str(data.get("region", node))) for node, data in found.nodes(data=True))
    links = [(sites[a], sites[b], _link(path, f"{a} – {b}", data)) for a, b, data in found.edges(data=True) if a != b]
    return Graph(regions, tuple(sorted(links)))


def _region(path: Path, name: str) -> str:
    if not REGION.fullmatch(name):
        _refuse(path, f"{name!r} is no name of a region: letters, digits and _.-")
    return name


def _link(path: Path, where: str, data: Mapping[str, Any]) -> float | None:
    for unit, size in UNITS_S.items():
        if f"latency{unit}" in data:
            return _seconds(path, where, data[f"latency{unit}"], size)
    if data:
        named = ", ".join(map(str, data))
        _refuse(path, f"the edge {where} has {named}, and neither latency_s nor latency_ms: its unit is not known")
    return None


def _seconds(path: Path, where: str, value: object, size: float) -> float:
    try:
        seconds = float(str(value)) * size
    except ValueError:
        seconds = math.nan
    if not 0 < seconds <= LATENCY_MAX_S:
        _refuse(path, f"{where}: {value!r} is no latency above 0 and up to {LATENCY_MAX_S:.0f} s")
    return seconds


@lru_cache(maxsize=4)
def _matrix(path: Path, _: tuple[int, int]) -> dict[tuple[str, str], float]:
    columns = [name for name in csv_header(path, EXPECTED_MATRIX) if name in LATENCY_COLUMNS]
    if len(columns) != 1:
        these = " and ".join(columns) if columns else f"none of {', '.join(LATENCY_COLUMNS)}"
        raise ParameterError(f"{path}:1: one column of latencies is needed, and there is {these}", EXPECTED_MATRIX)
    size = UNITS_S["_" + columns[0].rpartition("_")[2]]
    found: dict[tuple[str, str], float] = {}
    for line, row in csv_rows(path, ("from", "to", columns[0]), EXPECTED_MATRIX):
        way = _region(path, row["from"]), _region(path, row["to"])
        if way in found:
            raise ParameterError(f"{path}:{line}: {way[0]} to {way[1]} is there twice", EXPECTED_MATRIX)
        found[way] = _seconds(path, f"line {line}", row[columns[0]], size)
    regions = list(dict.fromkeys(region for way in found for region in way))
    for one, other in permutations(regions, 2):
        seconds = found.get((one, other), found.get((other, one)))
        if seconds is None:
            raise ParameterError(f"{path}: nothing about {one} and {other}", EXPECTED_MATRIX)
        found[one, other] = seconds
    return found


def _refuse(path: Path, what: str) -> NoReturn:
    raise ParameterError(f"{path}: {what}", EXPECTED_GRAPH)
