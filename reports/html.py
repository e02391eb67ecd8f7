"""``report.html``: one file that needs nothing but a browser.

The page's policy forbids it to load anything. Plots are drawn by plotly.js, which is part of the page.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jinja2
import orjson
from markupsafe import Markup

from reports import people, wording
from reports.assumptions import assumptions
from reports.intervals import of_quantile
from reports.modes import modes
from reports.plots import fraud, gas, latency, participation, stake, topology
from reports.plots.plot import Plot
from reports.replay import replay_line
from reports.source import Run
from reports.verdict import conclusion, headlines
from simnet.measure.catalogue import READINGS, distributions
from simnet.measure.metric import Metric
from simnet.verdict.expectations import parse_expectation
from simnet.verdict.happened import happenings
from simnet.verdict.results import Judged, Results

HERE = Path(__file__).parent
LIBRARY = HERE / "vendor" / "plotly-cartesian-4.1.1.min.js"
"""plotly.js, the bundle of its two-dimensional plots, as npm has it (plotly.js-cartesian-dist-min; MIT)."""


NO_BREAK = "\N{NO-BREAK SPACE}"

MAX_PEOPLE = 25
"""Participants that are shown at once; the others unfold."""

COSTS = (
    "gas_per_inference",
    "verification_overhead_ratio",
    "verification_work_ratio",
    "slashed_opg",
    "attacker_roi",
    "honest_node_profit_opg",
)
"""The metrics that say what it cost."""

PROOF_COSTS = (
    "gas_vanilla",
    "gas_tee",
    "gas_zkml",
    "evidence_check_s",
    "proof_queue_s",
    "proving_s",
    "proving_cost_opg",
)
"""What proofs cost, where clients ask for them."""


@dataclass(frozen=True)
class Expected:
    """An expectation and the metric that it rests on."""

    judged: Judged
    metric: Metric
    interval: tuple[float, float] | None


def report_html(run: Run, shown: Mapping[str, Plot] | None = None) -> str:
    """The report's text; `shown` are its plots, if somebody has made them already."""
    everybody = people.of_note(run.state)
    return page_html(
        "report.html.j2",
        shown or plots(run),
        run=run,
        results=run.results,
        conclusion=conclusion(run.results),
        headlines=headlines(run.results),
        modes=modes(run),
        defined={name: one for name, one in run.results.metrics.items() if has_value(one)},
        undefined=[name for name, one in run.results.metrics.items() if not has_value(one)],
        expected=[expected(judged, run) for judged in run.results.expectations],
        people=everybody[:MAX_PEOPLE],
        more_people=everybody[MAX_PEOPLE:],
        jailed=people.times_jailed(run.state),
        others=people.others(run.state, everybody),
        costs=costs(run.results),
        groups=people.groups(run.state),
        balances=people.balances(run.state),
        actions=gas.actions(run.tables),
        assumptions=assumptions(run.scenario),
        sometimes={name: one.says for name, one in happenings().items()},
        replay=replay_line(run.directory),
    )


def costs(results: Results) -> dict[str, Metric]:
    """What it cost: of proofs, where there are any."""
    proofs = [name for name in PROOF_COSTS if has_value(results.metrics[name])]
    return {name: results.metrics[name] for name in (*COSTS, *proofs)}


def has_value(metric: Metric) -> bool:
    """Whether a run defines it."""
    return any(value is not None for value in metric.readings.values())


def page_html(template: str, shown: Mapping[str, Plot], **values: Any) -> str:
    """A page with these plots, by name and in their order, and everything that it needs to draw them."""
    page = environment().get_template(template)
    return page.render(
        plots=shown,
        numbers={name: i for i, name in enumerate(shown, start=1)},
        plots_json=script_json([drawing(plot) for plot in shown.values()]),
        library=Markup(LIBRARY.read_text(encoding="utf-8")),
        **values,
    )


def plots(run: Run) -> dict[str, Plot]:
    """Every plot by its name, in the order of the page."""
    found = [
        fraud.confusion(run),
        fraud.timeline(run),
        stake.plot(run),
        topology.plot(run),
        participation.plot(run),
        *latency.plots(run),
        gas.plot(run),
    ]
    return {plot.name: plot for plot in found if plot is not None}


def drawing(plot: Plot) -> dict[str, Any]:
    """What the page's script needs to draw it."""
    return {"name": plot.name, "traces": plot.traces, "layout": {**plot.layout, "height": plot.height}}


def expected(judged: Judged, run: Run) -> Expected:
    """An expectation with its metric, and the interval of the metric or of its percentile."""
    reading = parse_expectation(judged.expression).metrics[0]
    metric = run.results.metrics[READINGS[reading].name]
    found, statistic = distributions(run.state).get(metric.spec.name), reading.rpartition(".")[2]
    if found is None or not found.exact:
        return Expected(judged, metric, metric.ci95)
    return Expected(judged, metric, of_quantile(sorted(found.values), int(statistic[1:]) / 100))


def script_json(value: Any) -> Markup:
    """JSON that can stand in a script element."""
    text = orjson.dumps(value, option=orjson.OPT_SERIALIZE_NUMPY).decode()
    return Markup(text.replace("<", "\\u003c").replace("\u2028", "\\u2028").replace("\u2029", "\\u2029"))


def environment() -> jinja2.Environment:
    """Templates that escape what they insert and refuse what they do not know."""
    found = jinja2.Environment(
        loader=jinja2.FileSystemLoader(HERE / "page"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    found.filters |= {
        "number": wording.number,
        "quantity": lambda value, unit: wording.quantity(value, unit).replace(" ", NO_BREAK),
        "between": lambda interval, unit: wording.between(interval, unit).replace(" ", NO_BREAK),
        "metric": wording.metric_text,
        "plural": wording.plural,
        "duration": wording.duration,
    }
    return found
