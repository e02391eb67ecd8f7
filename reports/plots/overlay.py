"""Two runs over each other: what happened over their time, and how long things took in each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import accumulate

from reports.intervals import of_distribution
from reports.plots.latency import curve
from reports.plots.plot import Clock, Plot, Trace, empty
from simnet.measure.catalogue import METRICS
from simnet.measure.distribution import Course
from simnet.measure.metric import Origin
from simnet.measure.timings import Courses
from simnet.studies.comparison.diff import Side

COLOURS = {"A": "@blue", "B": "@vermillion"}


@dataclass(frozen=True)
class OverTime:
    """A figure of what added up over the time of a run."""

    name: str
    title: str
    unit: str
    kind: Origin
    curves: Mapping[str, str]
    """Which courses, and what they are called; all but the last are dotted."""
    sums: bool = False
    """Whether the values of a course add up, and not their number."""


OVER_TIME = (
    OverTime("frauds", "Frauds", "frauds", "simulated", {"committed": "posted", "detected": "detected"}),
    OverTime("slashed", "Stake slashed", "OPG", "simulated", {"slashed": ""}, sums=True),
    OverTime("inferences", "Inferences", "inferences", "simulated", {"soft": "answered", "finality": "decided"}),
    OverTime("gas", "Gas used", "gas", "measured", {"gas": ""}, sums=True),
)

TOOK = {
    "time_to_detection_s": "Time to detection",
    "soft_latency_ms": "Soft latency",
    "finality_latency_s": "Finality latency",
}


def plots(first: Side, second: Side) -> Iterator[Plot]:
    """The plots of two runs; none of comparisons, which have several runs a side."""
    if first.courses is None or second.courses is None:
        return
    for figure in OVER_TIME:
        yield over_time(figure, {"A": first.courses, "B": second.courses})
    for name in TOOK:
        yield took(name, {"A": first, "B": second})


def over_time(figure: OverTime, sides: Mapping[str, Courses]) -> Plot:
    """How much had added up by when."""
    found = {letter: {one: getattr(courses, one) for one in figure.curves} for letter, courses in sides.items()}
    ends = {letter: span(courses.gas) for letter, courses in sides.items()}
    clock = Clock(max(ends.values()) or 1.0)
    *_, last = figure.curves
    traces = [
        rising(f"{letter} {figure.curves[one]}".rstrip(), course, figure.sums, clock, ends[letter])
        | {"line": {"shape": "hv", "color": COLOURS[letter], "width": 2, "dash": "solid" if one == last else "dot"}}
        for letter, side in found.items()
        for one, course in side.items()
    ]
    counts = [f"{sum(side[last].counts):,} in {letter}" for letter, side in found.items()]
    of_each = f" {' and '.join(figure.curves.values())}".rstrip()
    happened = any(course.counts for side in found.values() for course in side.values())
    return Plot(
        name=figure.name,
        title=figure.title,
        caption=f"{figure.title}{of_each}, added up over the time of each run.",
        kind=figure.kind,
        n=" and ".join(counts),
        interval="no interval: counted in one run each",
        traces=traces if happened else [],
        layout={
            "xaxis": clock.axis,
            "yaxis": {"title": {"text": figure.unit}, "rangemode": "tozero"},
            **({} if happened else empty("none in either run")),
        },
        height=280,
    )


def span(course: Course) -> float:
    """Seconds up to the end of its last bin; of a run's gas, that of the run."""
    return len(course.counts) * course.width_s


def rising(name: str, course: Course, sums: bool, clock: Clock, end_s: float) -> Trace:
    """The total at the end of each bin in which something happened, from nothing on to the end of the run."""
    values = course.totals if sums else course.counts
    steps = [(i, total) for i, total in enumerate(accumulate(values)) if values[i]]
    return {
        "type": "scatter",
        "mode": "lines",
        "name": name,
        "x": [0, *(clock((i + 1) * course.width_s) for i, _ in steps), clock(max(end_s, span(course)))],
        "y": [0, *(round(total, 4) for _, total in steps), round(steps[-1][1], 4) if steps else 0],
        "hovertemplate": f"{name}: %{{y:,.6~g}}<extra></extra>",
    }


def took(name: str, sides: Mapping[str, Side]) -> Plot:
    """The share of tasks done within a time on either side, with its band."""
    spec, title = METRICS[name], TOOK[name]
    values = {letter: sorted(map(float, side.evidence[""][0].observations[name])) for letter, side in sides.items()}
    known = {letter: ordered for letter, ordered in values.items() if ordered}
    traces = [
        trace for letter, ordered in known.items() for trace in curve(ordered, spec.unit, letter, COLOURS[letter])
    ]
    bands = [f"±{100 * of_distribution(len(ordered)):.2g} points in {letter}" for letter, ordered in known.items()]
    ends = [min(1.05 * ordered[-1], 1.5 * ordered[round(0.99 * (len(ordered) - 1))]) for ordered in known.values()]
    return Plot(
        name=name.replace("_", "-"),
        title=title,
        caption=f"{title}: share done within a time, {spec.description}. The axis leaves out the slowest.",
        kind=spec.kind,
        n=" and ".join(f"{len(ordered):,} in {letter}" for letter, ordered in values.items()),
        interval=f"95 % interval of the curves {' and '.join(bands)}" if bands else "no interval: none in either run",
        traces=traces,
        layout={
            "xaxis": {"title": {"text": f"{title.lower()} ({spec.unit})"}, "range": [0, max(ends, default=1.0)]},
            "yaxis": {"title": {"text": "share (%)"}, "range": [0, 102]},
            **({} if known else empty("none in either run")),
        },
        height=280,
    )
