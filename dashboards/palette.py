"""The command palette over things: participants, and tasks and batches by any part of their id."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, Protocol, cast

from textual.command import DiscoveryHit, Hit, Hits, Provider

from dashboards.participant import trouble
from dashboards.scene import Scene

MOST = 20
"""Tasks and batches that are offered for one text; more would not be read."""

SHORTEST = 3
"""Characters from which on ids are searched."""


class Opens(Protocol):
    """What the palette needs of the dashboard."""

    scene: Scene

    def open(self, subject: str | int) -> Any:
        """Show a participant, task, batch or row."""
        ...


class Things(Provider):
    """Opens what somebody names, however badly typed."""

    @property
    def _dashboard(self) -> Opens:
        return cast(Opens, self.app)

    async def search(self, query: str) -> Hits:
        """Whoever's name or behaviours match, by letters in their order; whatever's id has the text in it."""
        matcher, found = self.matcher(query), participants(self._dashboard.scene)
        for name, about in found:
            if (score := matcher.match(text := f"{name} {about}")) > 0:
                yield Hit(score, matcher.highlight(text), self._opening(name), text, "open this participant")
        for subject in ids(self._dashboard.scene, query.strip()):
            yield Hit(0.5, subject, self._opening(subject), subject, "open this task or batch")

    async def discover(self) -> Hits:
        """Before anything is typed: whoever matters most."""
        for name, about in participants(self._dashboard.scene)[:5]:
            yield DiscoveryHit(f"{name} {about}", self._opening(name), name, "open this participant")

    def _opening(self, subject: str) -> Callable[[], None]:
        return partial(self._dashboard.open, subject)


def participants(scene: Scene) -> list[tuple[str, str]]:
    """Everybody and how they behave, whoever matters most first."""
    nodes = sorted(scene.state.nodes.values(), key=lambda node: (trouble(node), node.name))
    return [(node.name, "+".join(node.behaviours) or "honest") for node in nodes]


def ids(scene: Scene, text: str) -> Iterator[str]:
    """Tasks and batches with the text in their id."""
    if len(text) < SHORTEST:
        return
    index, found = scene.timeline.index, 0
    for subject in index.subjects(""):
        if text in subject and subject not in scene.timeline.head.nodes:
            yield subject
            found += 1
            if found == MOST:
                return
