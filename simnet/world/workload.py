"""What clients ask, and when: it follows from the scenario and its seed, whatever the nodes do."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

import numpy as np

from chain.formats.claims import task_name
from chain.formats.modes import marked
from chain.quantities import Wei
from nodes.client import Order
from nodes.models.zoo import Zoo
from simnet.kernel.streams import Streams
from simnet.scenario.arrivals import Poisson
from simnet.scenario.schema import Scenario
from simnet.scenario.traces import Trace


def orders(scenario: Scenario, index: int, zoo: Zoo, streams: Streams) -> Iterator[Order]:
    """What client number `index` asks, until the scenario's duration is over."""
    name = f"client-{index}"
    models = [choice.name for choice in scenario.models]
    draws = streams.uniforms(f"orders/{name}")
    modes = streams.uniforms(f"modes/{name}")
    fortunes = streams.normals(f"worth/{name}")
    at = 0.0
    for number, gap in enumerate(gaps(scenario, index, streams)):
        at += gap
        if at >= scenario.duration or not may_ask(scenario, index, number):
            return
        model = models[int(next(draws) * len(models))]
        inputs, _ = zoo.inputs(model)
        value = np.asarray(inputs[int(next(draws) * len(inputs))])
        task = task_name(hashlib.sha256(f"{scenario.seed}/{name}/{number}".encode()).digest())
        mode = None if scenario.clients.modes is None else scenario.clients.modes.at(next(modes))
        worth = None if scenario.clients.worth is None else Wei(scenario.clients.worth.at(next(fortunes)))
        fee = scenario.clients.fees.of(mode)
        task = marked(task, mode) if mode else task
        yield Order(gap, task, model, value, next(draws), mode=mode, worth=worth, fee=fee)


def may_ask(scenario: Scenario, index: int, number: int) -> bool:
    """Whether the cap on tasks, divided evenly over the clients, leaves room for this client's next."""
    cap, count = scenario.clients.tasks, scenario.clients.count
    return cap is None or number < cap // count + (index < cap % count)


def gaps(scenario: Scenario, index: int, streams: Streams) -> Iterator[float]:
    """Seconds between one client's requests. All clients together ask at the scenario's rate."""
    arrivals, count = scenario.clients.arrivals, scenario.clients.count
    if isinstance(arrivals, Poisson):
        for draw in streams.exponentials(f"arrivals/client-{index}"):
            yield draw * count / arrivals.rate
    elif isinstance(arrivals, Trace):
        before = 0.0
        for moment in arrivals.moments[index::count]:
            yield moment - before
            before = moment
    else:
        yield (index + 1) / arrivals.rate
        while True:
            yield count / arrivals.rate
