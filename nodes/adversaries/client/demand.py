"""Clients whose demand is not what it seems: wash trades, floods, inputs that cannot be served.

Catalogue: self-dealing to farm rewards or reputation, and requests that cost a node more than they pay.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import ClassVar

import numpy as np
from pydantic import Field, PrivateAttr

from chain.formats.claims import task_name
from nodes.adversaries.behaviour import Behaviour, on
from nodes.client import Order
from nodes.effects import Request, Steps
from nodes.identity import Role
from nodes.messages import InferenceRequest


class SelfDealer(Behaviour):
    """Send every task to a node of one's own: the fee comes back, and the node's record grows.

    The verifiers' share of the fee is what the trade costs. It lasts as long as the run.
    """

    kind: ClassVar[str] = "self_dealer"
    role: ClassVar[Role] = Role.CLIENT
    defeats: ClassVar[str] = "rewards and reputation by volume"
    stopped_by: ClassVar[str] = "a share of each fee that does not come back; checks that trust does not switch off"
    shows_in: ClassVar[str] = "washed_tasks"
    refers_to: ClassVar[Mapping[str, str]] = {"node": Role.INFERENCE}

    node: str = Field(default="", max_length=80, description="its node; the first dishonest one if not given")

    @property
    def own_node(self) -> str:
        """The node that it deals with."""
        everybody = [identity.name for identity in self._situation.directory.of(Role.INFERENCE)]
        return self.node or next((name for name in everybody if name in self._situation.accomplices), everybody[0])

    def plan(self, orders: Iterator[Order]) -> Iterator[Order]:
        """The same tasks, for its own node."""
        return (replace(order, node=self.own_node) for order in orders)

    @on(Request)
    def own_up(self, effect: Request) -> Steps:
        """Record each wash trade."""
        if isinstance(effect.message, InferenceRequest) and effect.peer == self.own_node:
            yield self.cheated("wash", effect.message.task)
        return (yield effect)


class DosInputs(Behaviour):
    """Flood nodes with requests, or with inputs that are too large for the model."""

    kind: ClassVar[str] = "dos_inputs"
    role: ClassVar[Role] = Role.CLIENT
    defeats: ClassVar[str] = "payment after the answer; nodes that take any input"
    stopped_by: ClassVar[str] = "a voucher with every request; inputs checked before they are run"
    shows_in: ClassVar[str] = "unpaid_tasks"

    times: int = Field(default=10, ge=1, le=1000, description="requests that it sends for each one that it has")
    oversize: int = Field(default=1, ge=1, le=10_000, description="how many times too large its inputs are")
    _extra: dict[str, None] = PrivateAttr(default_factory=dict)

    def begin(self) -> None:
        """Nothing sent yet."""
        self._extra = {}

    def plan(self, orders: Iterator[Order]) -> Iterator[Order]:
        """Each task many times over, at once, under a new id each time."""
        for order in orders:
            yield order
            for i in range(1, self.times):
                task = task_name(hashlib.sha256(f"{order.task}/{i}".encode()).digest())
                self._extra[task] = None
                yield replace(order, after_s=0.0, task=task)

    @on(Request)
    def bloat(self, effect: Request) -> Steps:
        """Blow up the input, and record what is no honest request."""
        request = effect.message
        if not isinstance(request, InferenceRequest):
            return (yield effect)
        if request.task in self._extra or self.oversize > 1:
            self._extra.pop(request.task, None)
            yield self.cheated("flood", request.task)
        if self.oversize > 1:
            request = replace(request, value=np.concatenate([request.value] * self.oversize))
        return (yield replace(effect, message=request))
