"""Outage: many nodes stop at once."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any, ClassVar

from pydantic import Field

from chain.units import Share
from nodes.identity import Identity, Role
from nodes.parameters import Parameters, did_you_mean
from simnet.faults.crash import stop
from simnet.faults.fault import Condition, Finding, Lasting, Setting, Undo, World
from simnet.scenario.network import Name


class Struck(Parameters):
    """Whom an outage strikes."""

    share: Share = Field(gt=0, description="of the honest nodes, rounded up")
    role: Role | None = Field(default=None, description="whose nodes; all roles if not given")
    region: Name | None = Field(default=None, description="where; everywhere if not given")

    def __str__(self) -> str:
        role = f"{self.role} nodes" if self.role else "participants"
        return f"{100 * self.share:g} % of honest {role}" + (f" in {self.region}" if self.region else "")


class Outage(Lasting):
    """Stop a share of the honest nodes of a role or a region at once, drawn by the seed.

    Nodes that share a cloud, a client or a power line fail together: quorums sized for independent crashes do not
    survive that. Nodes that start anew know nothing of batches that were posted before: a batch whose keeper and all
    backup keepers went down together is never made final.
    """

    kind: ClassVar[str] = "outage"
    condition: ClassVar[Condition] = "down"
    shows_in: ClassVar[str] = "quorum_failures, missed_reveals, tasks_unanswered"
    sometimes: ClassVar[tuple[str, str] | None] = ("outage", "many nodes went down at once")
    sample: ClassVar[dict[str, Any]] = {"share": "50 %", "role": "full", "region": "us-east"}

    outage: Struck

    @property
    def says(self) -> str:
        """Whom it strikes."""
        return f"{self.outage} down at once"

    def begin(self, world: World) -> Undo:
        """Stop them."""
        honest = [
            name
            for name, host in world.engine.hosts.items()
            if isinstance(who := host.identity, Identity)
            and self._strikes(who.role, who.region)
            and not any(behaviour.dishonest for behaviour, _ in host.behaviours)
        ]
        order = world.streams.generator(f"faults/outage/{self.at:g}").permutation(len(honest))
        struck = sorted(order[: math.ceil(self.outage.share * len(honest))].tolist())
        return stop(world, tuple(honest[i] for i in struck))

    def _strikes(self, role: Role, region: str) -> bool:
        return self.outage.role in (None, role) and self.outage.region in (None, region)

    def victims(self, setting: Setting) -> list[str]:
        """Whoever may be struck."""
        there = [name for name, role in setting.roles.items() if self._strikes(role, setting.region[name])]
        return [name for name in there if name not in setting.cheats]

    def problems(self, setting: Setting) -> Iterator[Finding]:
        """An unknown region, and nobody to strike."""
        region = self.outage.region
        if region is not None and region not in setting.regions:
            yield ("region",), f"unknown region '{region}'", did_you_mean(region, setting.regions)
        elif not self.victims(setting):
            whose = f"{self.outage.role} nodes" if self.outage.role else "participants"
            yield (), f"this strikes nobody: there are no honest {whose} there", "an outage is of honest nodes"
