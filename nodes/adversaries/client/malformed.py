"""Clients whose requests no honest client would send, to have honest nodes punished, or the network stopped.

Catalogue: one task with two inputs, so that a node signs two answers to it; numbers that a model or its circuit cannot
take.
"""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar

import numpy as np
from pydantic import PrivateAttr

from nodes.adversaries.behaviour import Behaviour, on
from nodes.effects import Request, Spawn, Steps
from nodes.identity import Role
from nodes.messages import InferenceRequest


class Bait(Behaviour):
    """Ask each task twice at once, with two inputs, so that the node signs two answers to it."""

    kind: ClassVar[str] = "bait"
    role: ClassVar[Role] = Role.CLIENT
    defeats: ClassVar[str] = "slashing for any two signed answers to one task; nodes that check for that too late"
    stopped_by: ClassVar[str] = "nodes that take a task before they wait; equivocation only for the same input"
    shows_in: ClassVar[str] = "honest_slashed_opg"

    _asked: dict[str, None] = PrivateAttr(default_factory=dict)

    def begin(self) -> None:
        """Nobody baited yet."""
        self._asked = {}

    @on(Request)
    def ask_twice(self, effect: Request) -> Steps:
        """Send the same task with another input just before."""
        request = effect.message
        if isinstance(request, InferenceRequest) and request.task not in self._asked:
            self._asked[request.task] = None
            yield self.cheated("bait", request.task)
            yield Spawn(self.send(replace(effect, message=replace(request, value=request.value[::-1].copy()))))
        return (yield effect)

    def send(self, request: Request) -> Steps:
        """Ask, whatever is answered."""
        yield request


class WildInput(Behaviour):
    """Ask for inferences of numbers that are none, or beyond what a circuit can hold."""

    kind: ClassVar[str] = "wild_input"
    role: ClassVar[Role] = Role.CLIENT
    defeats: ClassVar[str] = "nodes that take any input of the right shape"
    stopped_by: ClassVar[str] = "a refusal before anything is answered; equal bytes are equal, whatever they stand for"
    shows_in: ClassVar[str] = "honest_slashed_opg"

    @on(Request)
    def run_wild(self, effect: Request) -> Steps:
        """Put not-a-number and the largest number into every input of floats."""
        request = effect.message
        if not isinstance(request, InferenceRequest) or not np.issubdtype(request.value.dtype, np.floating):
            return (yield effect)
        yield self.cheated("wild_input", request.task)
        wild = np.full_like(request.value, np.finfo(request.value.dtype).max)
        wild.flat[::2] = np.nan
        return (yield replace(effect, message=replace(request, value=wild)))
