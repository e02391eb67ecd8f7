"""Latency: how long answers and finality take, as percentiles, over time and as a distribution."""

from __future__ import annotations

from dashboards.panel import Page
from dashboards.sketch import Course, Sketch
from dashboards.text import Line, figure, on_scale, pair, span_of_time, spark

PERCENTS = (50, 95, 99)
WIDE = 46
"""Columns from which on all percentiles fit."""


class Latency(Page):
    """Soft latency in milliseconds, finality latency in seconds."""

    TITLE = "5 Latency"

    def draw(self, width: int, height: int) -> list[Line]:
        """Two blocks of the same form, and the flow of tasks."""
        state = self.scene.state
        roomy = height >= 11
        lines = self._block("soft", "request → answer", state.soft, "soft", "ms", width, roomy)
        lines += self._block("final", "request → finality", state.finality, "finality", "s", width, roomy)
        sent, failed = state.counts["task_sent"], state.counts["task_failed"]
        flow: Line = [("tasks ", "dim"), (f"{sent:,} asked", "strong"), (f" · {state.soft.n:,} answered", "")]
        flow += [(f" · {failed:,} not", "warn" if failed else "dim"), (f" · {state.finalised:,} final", "")]
        lost = f"{100 * state.lost / state.messages:.2g} % lost" if state.lost else "none lost"
        lines += [flow]
        if roomy:
            rate: Line = [("asked  ", "dim"), (spark(on_scale(state.courses.get("sent"), self.scene.duration_s), width - 7), "accent")]
            lines += [rate, [(f"{state.messages:,} messages, {lost}", "dim")]]
        return lines

    def _block(
        self, name: str, meaning: str, sketch: Sketch, course: str, unit: str, width: int, roomy: bool
    ) -> list[Line]:
        quantiles: Line = [(f"{name:<6}", "strong")]
        for percent in PERCENTS if width >= WIDE else PERCENTS[:2]:
            value = span_of_time(sketch.quantile(percent / 100), unit)
            quantiles += [(f"p{percent} ", "dim"), (f"{value:<9}", "strong")]
        lines = [pair(quantiles, [(f"n {sketch.n:,}", "dim")], width)]
        course_of: Course | None = self.scene.state.courses.get(course)
        lines.append([("mean   ", "dim"), (spark(on_scale(course_of, self.scene.duration_s, "means"), width - 7), "accent")])
        if roomy:
            least, most, counts = sketch.histogram(max(1, width - 24))
            edges = f" {span_of_time(least, unit)}–{span_of_time(most, unit)}" if sketch.n else ""
            lines.append([("spread ", "dim"), (spark(counts, max(1, width - 24)), ""), (edges, "dim")])
        return lines
