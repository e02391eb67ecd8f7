"""The simulated network: how long messages take, which get lost, and what partitions and holds do."""

from __future__ import annotations

import statistics
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import networkx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chain.quantities import BatchId
from nodes.effects import Receive, Send, Sleep, Steps
from nodes.messages import BatchQuery
from simnet.kernel.network import ACCESS_S, Network, backbone
from simnet.kernel.streams import Streams
from simnet.log.events import MessageSent
from tests.stage import CALM, Stage

TOPOLOGIES = ("complete", "ring", "star", "line", "small_world", "scale_free", "grid")
DISTRIBUTIONS = ("constant", "uniform", "normal", "lognormal")


def network(*names: str, seed: int = 1, **changes: Any) -> Network:
    """A network with these participants, in alternating regions."""
    made = Network(replace(CALM, **changes), Streams(seed))
    for i, name in enumerate(names):
        made.join(name, made.parameters.regions[i % len(made.parameters.regions)])
    return made


def delays(made: Network, sender: str = "a", receiver: str = "b", count: int = 2000) -> list[float]:
    """Delays of small messages."""
    return [made.delay(sender, receiver, 0) for _ in range(count)]


# -- latency -----------------------------------------------------------------------------------------------


def test_constant_latency_is_the_same_for_every_message() -> None:
    assert set(delays(network("a", "b", sites=2))) == {delays(network("a", "b", sites=2))[0]}


@pytest.mark.parametrize("distribution", ["uniform", "normal", "lognormal"])
def test_latency_spreads_around_its_median_as_the_distribution_says(distribution: str) -> None:
    (median,) = set(delays(network("a", "b", sites=2), count=1))
    relative = [d / median for d in delays(network("a", "b", sites=2, distribution=distribution, jitter=0.2))]
    expected = {"uniform": 0.2 / 3**0.5, "normal": 0.2, "lognormal": 0.204}
    assert statistics.median(relative) == pytest.approx(1.0, abs=0.02)
    assert statistics.pstdev(relative) == pytest.approx(expected[distribution], rel=0.1)
    if distribution == "uniform":
        assert 0.8 <= min(relative) < 0.81
        assert 1.19 < max(relative) <= 1.2


@given(
    st.sampled_from(DISTRIBUTIONS),
    st.floats(0, 1),
    st.floats(0, 10),
    st.floats(1, 1e9),
    st.integers(0, 10**9),
)
def test_no_message_arrives_before_it_was_sent(
    distribution: str, jitter: float, latency_s: float, bandwidth: float, size: int
) -> None:
    made = network(
        "a", "b", sites=2, distribution=distribution, jitter=jitter, latency_s=latency_s, bandwidth=bandwidth
    )
    assert all(made.delay("a", "b", size) >= 0 for _ in range(20))


def test_bandwidth_adds_size_over_rate() -> None:
    slow = network("a", "b", bandwidth=1000.0)
    assert slow.delay("a", "b", 5000) - slow.delay("a", "b", 0) == pytest.approx(5.0)


def test_participants_of_one_site_are_two_access_links_apart_and_of_two_sites_a_link_more() -> None:
    made = network("a", "b", "c", sites=2)
    assert made.delay("a", "c", 0) == pytest.approx(2 * ACCESS_S)
    link = made.graph.edges[0, 1]["latency_s"]
    assert made.delay("a", "b", 0) == pytest.approx(2 * ACCESS_S + link)


# -- topologies --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("topology", TOPOLOGIES)
@given(st.integers(1, 40))
def test_every_topology_connects_all_its_sites(topology: str, sites: int) -> None:
    graph = backbone(replace(CALM, topology=topology, sites=sites), Streams(3))
    assert sorted(graph.nodes) == list(range(sites))
    assert networkx.is_connected(graph)
    assert all(link["latency_s"] > 0 for _, _, link in graph.edges(data=True))


def test_a_line_is_as_long_as_its_links_together() -> None:
    made = network("a", "b", "c", "d", topology="line", sites=4, regions=("w", "x", "y", "z"))
    links = sum(link["latency_s"] for _, _, link in made.graph.edges(data=True))
    assert made.delay("a", "d", 0) == pytest.approx(2 * ACCESS_S + links)


def test_participants_spread_evenly_over_the_sites_of_their_region() -> None:
    made = network(*(f"p{i}" for i in range(12)), sites=6)
    for i in range(12):
        others = [j for j in range(12) if j != i]
        at_its_site = [j for j in others if made.delay(f"p{i}", f"p{j}", 0) == pytest.approx(2 * ACCESS_S)]
        assert len(at_its_site) == 1
        assert at_its_site[0] % 2 == i % 2, "its site is in its region"


# -- loss --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("loss", [0.0, 0.05, 0.5, 1.0])
def test_the_share_of_messages_lost_is_near_what_was_asked_for(loss: float) -> None:
    made = network("a", "b", loss=loss)
    lost = sum(made.obstacle("a", "b") == "loss" for _ in range(5000)) / 5000
    assert lost == pytest.approx(loss, abs=0.02)
    assert loss not in (0.0, 1.0) or lost == loss


# -- named streams -----------------------------------------------------------------------------------------


def test_one_participant_more_shifts_nobody_elses_draws() -> None:
    settings: dict[str, Any] = {"distribution": "lognormal", "jitter": 0.3, "loss": 0.3}
    few, many = network("a", "b", **settings), network("a", "b", "c", **settings)
    seen = []
    for made in (few, many):
        draws = []
        for _ in range(300):
            draws.append((made.delay("a", "b", 0), made.obstacle("a", "b")))
            if made is many:
                made.delay("c", "a", 0)
                made.obstacle("c", "b")
        seen.append(draws)
    assert seen[0] == seen[1]


def test_a_stream_depends_on_its_name_and_on_the_seed_and_on_nothing_else() -> None:
    def draws(seed: int, name: str) -> list[float]:
        stream = Streams(seed).uniforms(name)
        return [next(stream) for _ in range(600)]

    streams = Streams(7)
    next(streams.uniforms("other"))
    again = streams.uniforms("a")
    assert [next(again) for _ in range(600)] == draws(7, "a")
    assert len({tuple(draws(seed, name)) for seed in (7, 8) for name in ("a", "b")}) == 4
    assert Streams(7).secret("a") != Streams(8).secret("a")


@given(st.integers(0, 2**63 - 1), st.text(max_size=100))
def test_any_seed_and_name_make_a_stream_of_numbers_between_zero_and_one(seed: int, name: str) -> None:
    assert 0 <= next(Streams(seed).uniforms(name)) < 1


# -- partitions and holds ----------------------------------------------------------------------------------


def beacon(stage: Stage, receiver: str) -> Callable[[], Steps]:
    """Sends the second of each second."""

    def steps() -> Steps:
        while True:
            yield Send(receiver, BatchQuery(BatchId(str(round(stage.engine.now)))))
            yield Sleep(1.0)

    return steps


def hearing(stage: Stage, name: str) -> Callable[[], Steps]:
    """Says what it hears."""

    def steps() -> Steps:
        while True:
            stage.say(name, (yield Receive()).message.batch)

    return steps


def heard(stage: Stage, name: str) -> list[str]:
    """What one of them heard."""
    return [what for _, who, what in stage.said if who == name]


def test_a_partition_drops_messages_across_it_and_none_within(stage: Stage) -> None:
    stage.host("a", beacon(stage, "b"))
    stage.host("b", hearing(stage, "b"), region="there")
    stage.host("c", beacon(stage, "d"), region="there")
    stage.host("d", hearing(stage, "d"), region="there")
    stage.faults("[{at: 1.5 s, partition: [there], for: 3 s}]")
    stage.run(6.5)
    assert heard(stage, "b") == ["0", "1", "5", "6"]
    assert heard(stage, "d") == ["0", "1", "2", "3", "4", "5", "6"]
    assert [m.lost for m in stage.of(MessageSent) if m.sender == "a"] == ["", "", *["partition"] * 3, "", ""]


def test_a_partition_may_name_nodes_and_a_later_one_leaves_it_in_place(stage: Stage) -> None:
    stage.host("a", beacon(stage, "b"))
    stage.host("b", hearing(stage, "b"))
    stage.host("c", beacon(stage, "d"))
    stage.host("d", hearing(stage, "d"))
    stage.faults("[{at: 500 ms, partition: [b]}, {at: 2.5 s, partition: [d]}, {at: 4.5 s, heal: all}]")
    stage.run(6.5)
    assert heard(stage, "b") == ["0", "5", "6"]
    assert heard(stage, "d") == ["0", "1", "2", "5", "6"]


def test_held_messages_are_kept_and_all_delivered_in_order_when_released(stage: Stage) -> None:
    stage.host("a", beacon(stage, "b"))
    stage.host("b", hearing(stage, "b"))
    stage.host("c", beacon(stage, "b"))
    stage.faults("[{at: 500 ms, hold: {from: a, to: b}, for: 3 s}]")
    stage.run(4.5)
    assert [(when, what) for when, _, what in stage.said] == [
        (0.004, "0"),
        (0.004, "0"),
        (1.004, "1"),
        (2.004, "2"),
        (3.004, "3"),
        (3.55, "1"),
        (3.55, "2"),
        (3.55, "3"),
        (4.004, "4"),
        (4.004, "4"),
    ]


def test_a_hold_is_one_way(stage: Stage) -> None:
    stage.host("a", beacon(stage, "b"))
    stage.host("b", hearing(stage, "b"))
    stage.faults("[{at: 500 ms, hold: {from: b, to: a}}]")
    stage.run(2.5)
    assert heard(stage, "b") == ["0", "1", "2"]


# -- cost --------------------------------------------------------------------------------------------------


def test_a_message_costs_the_same_number_of_events_among_few_and_among_many(tmp_path: Path) -> None:
    def steps_per_message(participants: int) -> float:
        stage = Stage(tmp_path, replace(CALM, sites=4))
        for i in range(participants):
            stage.host(f"{i}", beacon(stage, f"{(i + 1) % participants}"))
        steps = 0
        while stage.engine.scheduler.peek() < 10:
            stage.engine.scheduler.step()
            steps += 1
        stage.close()
        return steps / len(stage.of(MessageSent))

    assert steps_per_message(100) == pytest.approx(steps_per_message(10), rel=0.01)
