"""What nodes execute models on, and whose speed their modelled time follows: two things, for each group of nodes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from pydantic import Field

from chain.units import NodeCount
from nodes.models.session import Processor
from nodes.parameters import Parameters

DeviceName = Literal["auto", "cpu", "laptop", "gpu"]

PROCESSOR = "what executes models; auto takes cuda where this machine has it, and says so"
DEVICE = "whose speed modelled time follows; auto is that of what executes: gpu for cuda, cpu for cpu"


class Machine(Parameters):
    """What some nodes run models on."""

    processor: Processor = Field(default="cpu", description=PROCESSOR)
    device: DeviceName = Field(default="auto", description=DEVICE)


class Group(Machine):
    """Some nodes of a role that run models on something else than the others."""

    count: NodeCount = Field(description="how many")


class Equipped(Machine):
    """Base of nodes that run models."""

    groups: tuple[Group, ...] = Field(
        default=(), max_length=100, description="the first nodes, group by group, that run models on something else"
    )

    def machine(self, index: int) -> Machine:
        """That of node number `index` of its role."""
        for group in self.groups:
            if index < group.count:
                return group
            index -= group.count
        return self

    def machines(self) -> Iterator[tuple[tuple[str | int, ...], Machine]]:
        """Every machine, and where it stands in the section."""
        yield (), self
        for number, group in enumerate(self.groups):
            yield ("groups", number), group
