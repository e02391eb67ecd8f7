"""Latency: how long answers and finality take, as percentiles, over time and as a distribution."""

from __future__ import annotations

from typing import Literal

from dashboards.panel import Page
from dashboards.sketch import Sketch
from dashboards.text import Line, on_scale, pair, span_of_time, spark

PERCENTS = (50, 95, 99)
WIDE = 46
"""Columns from which on all percentiles fit."""
ROOMY = 9
"""Lines from which on everything fits."""
LABEL, EDGES = 7, 17
"""Columns for what a curve is, and for the ends of a distribution."""


class Latency(Page):
    """Soft latency in milliseconds, finality latency in seconds."""

    TITLE = "5 Latency"

    def draw(self, width: int, height: int) -> list[Line]:
        """Two blocks of the same form, and the flow of tasks."""
        state, roomy = self.scene.state, height >= ROOMY
        lines = self._block("soft", "soft", state.soft, "ms", width, roomy)
        lines += self._block("final", "finality", state.finality, "s", width, roomy)
        sent, failed = state.sent, state.failed
        flow: Line = [("tasks ", "dim"), (f"{sent:,} asked", "strong"), (f" · {state.soft.n:,} answered", "")]
        flow += [(f" · {failed:,} not", "warn" if failed else "dim"), (f" · {state.finalised:,} final", "")]
        if not roomy:
            return [*lines, flow]
        lost = f"{100 * state.lost / state.messages:.2g} % lost" if state.lost else "none lost"
        return [
            *lines,
            flow,
            self._course("asked", "sent", "counts", width),
            [(f"{state.messages:,} messages, {lost}", "dim")],
        ]

    def _block(self, name: str, course: str, sketch: Sketch, unit: str, width: int, roomy: bool) -> list[Line]:
        """Percentiles, means over time and, where there is room, the distribution."""
        quantiles: Line = [(f"{name:<6}", "strong")]
        for percent in PERCENTS if width >= WIDE else PERCENTS[:2]:
            value = span_of_time(sketch.quantile(percent / 100), unit)
            quantiles += [(f"p{percent} ", "dim"), (f"{value:<9}", "strong")]
        lines = [pair(quantiles, [(f"n {sketch.n:,}", "dim")], width), self._course("mean", course, "means", width)]
        if roomy:
            columns = max(1, width - LABEL - EDGES)
            least, most, counts = sketch.histogram(columns)
            edges = f" {span_of_time(least, unit)}–{span_of_time(most, unit)}" if sketch.n else ""
            lines.append([(f"{'spread':<{LABEL}}", "dim"), (spark(counts, columns), ""), (edges, "dim")])
        return lines

    def _course(self, label: str, name: str, what: Literal["counts", "means"], width: int) -> Line:
        """Something over the time of the whole run."""
        values = on_scale(self.scene.state.courses.get(name), self.scene.duration_s, what)
        return [(f"{label:<{LABEL}}", "dim"), (spark(values, width - LABEL), "accent")]
