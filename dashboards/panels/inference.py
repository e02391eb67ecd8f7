"""One inference followed through its eight steps, or what an external client paid for through its seven."""

from __future__ import annotations

from dashboards import session_stages
from dashboards.panel import Page
from dashboards.stages import Step, collect, stages_of
from dashboards.text import Line, clock, short


class Inference(Page):
    """The one that somebody chose, or else an external client's until it is paid, or else one after the other."""

    TITLE = "7 Inference"

    def draw(self, width: int, height: int) -> list[Line]:
        """Its steps."""
        scene, external = self.scene, self.scene.state.external
        task, position = scene.task, scene.player.position
        session = external.sessions.get(external.followed)
        if not scene.pinned and (external.demanded or session) and (not task or (session and not session.is_over)):
            self.border_subtitle = (
                f"an external client's, {len(external.sessions)} so far" if session else "an external client's"
            )
            return steps_as_lines(session_stages.stages_of(external, session, scene.state.who))
        self.border_subtitle = f"{short(task)}{' · pinned, u to release' if scene.pinned else ''}" if task else ""
        if not task:
            return [[("nobody has asked for anything yet", "dim")]]
        if (task, position) != self._told:
            self._told = (task, position)
            self._steps = stages_of(collect(scene.timeline, task, position), scene.state.who)
        return steps_as_lines(self._steps)

    _told = ("", -1)
    _steps: list[Step] = []  # noqa: RUF012 - replaced, never changed


def steps_as_lines(steps: list[Step]) -> list[Line]:
    """Each step's number, title and time, and what happened in it."""
    lines: list[Line] = []
    for number, step in enumerate(steps, 1):
        begun = step.when is not None
        mark = "●" if begun else "○"
        when = f"{clock(step.when, 2):>9}" if step.when is not None else " " * 9
        head: Line = [(f"{mark} {number} {step.title:<9}", "strong" if begun else "dim"), (f"{when}  ", "dim")]
        first, *others = step.lines or [[]]
        lines.append([*head, *first])
        lines += [[("│" + " " * 23, "dim"), *other] for other in others]
    return lines
