"""The truth suite as a page of the docs: what is claimed, where, how well that is known, and what simulation says."""

from __future__ import annotations

import inspect
import math
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from simnet.studies.truth.judge import Outcome, Verdict
from simnet.studies.truth.observations import OBSERVATIONS
from simnet.studies.truth.suite import CaseResult
from simnet.theory.formulas import FORMULAS

PREFACE = """\
# Ground truth

Can simnet's results be trusted? This page lists statements that others have published, or that can be derived, and
compares each with a simulation of many tasks: real models, real contracts, scripted or rational adversaries. If a
formula and simnet disagree, one of them is wrong, and `simnet truth` fails.

`simnet truth --markdown docs/truth.md` writes this page. Each case is a scenario in `scenarios/truth/` with a fixed
seed, so that a second run gives the same numbers.

## How a row is decided

- **Counts** (how many of so many) pass an exact two-sided binomial test. Several shares that must all be the same,
  such as those of the members of a panel, are tested one by one, at a level divided by their number. **Means** pass
  a normal test. The level of a row is 0.05 / 100: a suite has at most 100 tested rows (Bonferroni), so that a suite
  of true statements fails with a probability of 5 % at the most.
- **Amounts** that contracts pay must be right to the wei.
- **Printed numbers** must come out of the formula to their last digit. A row that says *agrees in print* is not
  simulated: the event is so rare that a run of affordable length would show too few.
- **How sharp is it?** *Events* is the expected number of the rarer outcome. *Notices* gives the minimum detectable
  effect: were the true value outside of these limits, the row would fail with a probability of at least 80 %. The
  percentage is the larger of both deviations, relative to the expected value (for a share, to the probability of
  the rarer outcome; for a value that is inverse to a share, to the share).
- A row that would not notice a deviation of 50 %, that cannot fail on one side, or for which nothing was observed, is
  **inconclusive**, even if the simulation agrees. It never *holds*.
- A case has no two rows that rest on the same count: they would fail together, and two that hold would be one.

R is what the token's own transfers say that a node was paid for an accepted claim, S what contracts slashed for a
rejected one, and C what the logged executions cost at the scenario's price of compute. None of them is read from the
scenario.

Tests change contracts and see that rows fail: a Settlement that pays half, a beacon with a constant seed, a sampler
that never draws the first claim or draws 7 % too few, panels that never seat two of twenty nodes, votes that count
by heads, jackpots that are not divided (`tests/simnet/studies/truth`).

*Known* says how well the source is known. *Read*: in the source itself. *Abstract only*, *second-hand*: not in full,
or quoted by others. *Derived*: not published as such. *Modelled* names what is computed from the log and done by no
participant.

What contracts decide also holds on anvil: `simnet truth GT-3c GT-7a GT-9 GT-14a --backend anvil --tasks 1500`.
"""

CHANGES = """\
## Rows that changed

Earlier versions of this page called some rows *holds* that said little. What became of them:

- **GT-1, GT-2.** Four rows restated one count of detected frauds, and one of them compared the expected payoff of
  honesty with the payoff of frauds. Now one row counts the panels that detect (this gives p\\*), one the claims drawn,
  and honesty is measured on an honest node's own answers. R and S were the scenario's. Where p\\* is small, claims are
  sampled more often than p\\*, because the formula depends on what a panel detects and not on how often one is called;
  the row of p\\* has enough events for that.
- **GT-3.** Slots were dealt from a seed and a counter, so that a beacon that always says the same passed. Now each
  state of the beacon deals once. At 35 % and 30 % of the stake, 3.6 and 0.01 captured committees are expected of
  20,000: GT-3b could not fail low, and these numbers are held against print alone.
- **GT-4.** Three corrupt members of three were expected 4.8 times: the row could not fail low. It is held against
  print alone, as a part of the same count as two of three. The beacon and the seats of each member are new rows.
- **GT-5, GT-6.** Groups of 10, 20 and 50 requests were made of one sequence of frauds. One size is counted, the
  others are held against print; 99 % within 16 could not fail high (6.6 misses were expected).
- **GT-7.** The payoff and the share detected were one count. What a claim was paid is a row of its own.
- **GT-8, GT-10.** The payoff of verification and the share that finds something were one count. In GT-8b 52 wrong
  claims were expected, too few to notice that half of them are missing, and the error came from the shrinking stake.
  A claim in 50 is wrong now, and the loss is given as a share of the stake. GT-8c was tested as if its claims were
  independent, which they are not: cheats and verifier react to each other in waves. With an error from successive
  parts of the run its row was inconclusive at 10,199 tasks, and is sharp at three times as many.
  EQ-2 in [equilibria](equilibria.md) finds the same floor by a search. In GT-10b 36 finds were expected of a
  verifier that rarely verifies; that row is left to GT-10a.
- **GT-9.** Totals restated the parts. That a forced error is found by at least one of five could not fail high
  (ten misses of 328 were expected); the challenges themselves are counted instead.
- **GT-23.** Four rejected honest answers were expected, and payoffs restated the counts of the threshold. Claims are
  sampled more often, and the threshold's error is that of batches.
"""

HEADER = (
    "formula",
    "expected",
    "in print",
    "observed",
    "simulated",
    "95 % interval",
    "n",
    "events",
    "notices",
    "p-value",
    "verdict",
)


def as_markdown(results: Sequence[CaseResult]) -> str:
    """The whole page."""
    cases = [section(result) for result in results]
    checks = [verdict.check for result in results for verdict in result.verdicts]
    formulas = dictionary(FORMULAS, (check.formula for check in checks))
    observes = {name: observe.of for name, observe in OBSERVATIONS.items()}
    observations = dictionary(observes, (check.observe for check in checks if check.observe))
    parts = [PREFACE, "## All cases\n", overview(results), CHANGES, "## Case by case\n", *cases]
    parts += ["## Formulas\n", formulas, "## Observations\n", observations]
    return "\n".join(parts)


def overview(results: Sequence[CaseResult]) -> str:
    """One row a case."""
    rows = []
    for result in results:
        truth, tested = result.truth, [verdict for verdict in result.verdicts if verdict.observed is not None]
        held = sum(verdict.outcome is Outcome.HOLDS for verdict in tested)
        link = f"[{truth.id}](#{anchor(truth.id)})"
        sharp = [verdict.sharpness.bias for verdict in tested if verdict.sharpness is not None]
        blunt = percent(max(sharp)) if sharp else "any"
        numbers = f"{result.tasks:,}", f"{held} of {len(tested)}", blunt
        rows.append((link, truth.statement, truth.known, *numbers, spoken(result.outcome)))
    return table(("case", "statement", "known", "tasks", "rows that hold", "notices", "verdict"), rows)


def anchor(heading: str) -> str:
    """The anchor of a heading, as GitHub makes it."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def section(result: CaseResult) -> str:
    """One case in full."""
    truth = result.truth
    lines = [f"### {truth.id}", "", truth.statement, "", f"Source: {truth.source}.", "", f"Known: {truth.known}."]
    if truth.modelled:
        lines += ["", f"Modelled: {truth.modelled}."]
    lines += ["", f"Set-up: {' '.join(result.description.split())}"]
    lines += ["", table(HEADER, [row(verdict) for verdict in result.verdicts])]
    lines += [f"{result.tasks:,} tasks on {result.backend}: `simnet truth {truth.id}`", ""]
    return "\n".join(lines)


def row(verdict: Verdict) -> tuple[str, ...]:
    """One number of a case."""
    check, observed = verdict.check, verdict.observed
    formula = (f"`{call(check.formula, check.with_)}`", number(verdict.expected), check.published or "")
    if observed is None:
        return (*formula, "", "", "", "", "", "", "", spoken(verdict.outcome))
    low, high = observed.interval
    return (
        *formula,
        f"`{call(check.observe or '', check.using)}`",
        number(observed.value),
        f"{low:.4g} – {high:.4g}",
        f"{observed.n:,}",
        events(verdict),
        notices(verdict),
        "" if verdict.p_value is None else f"{verdict.p_value:.2g}",
        spoken(verdict.outcome),
    )


def number(value: float) -> str:
    """A value to six digits, rounding errors about 0 left out."""
    return f"{round(value, 15):.6g}"


def events(verdict: Verdict) -> str:
    """How many events of the rarer outcome are expected; nothing where nothing is counted."""
    sharpness = verdict.sharpness
    return "" if sharpness is None or sharpness.events is None else f"{sharpness.events:.3g}"


def notices(verdict: Verdict) -> str:
    """Which true values a row would notice, and how large a bias that is."""
    if verdict.observed is None:
        return ""
    if not verdict.observed.n:
        return "nothing observed"
    if verdict.sharpness is None:
        return "any"
    below, above, bias = verdict.sharpness.below, verdict.sharpness.above, verdict.sharpness.bias
    sides = [f"< {below:.4g}" if below is not None else "", f"> {above:.4g}" if above is not None else ""]
    return f"{' or '.join(side for side in sides if side) or 'nothing'} ({percent(bias)})"


def percent(bias: float) -> str:
    """A relative bias to two digits."""
    return "no bias" if bias == math.inf else f"{100 * bias:.2g} %"


def reasons(verdict: Verdict) -> str:
    """Why a row fails, in words; nothing if it does not."""
    wrong = [] if verdict.printed_agrees else [f"print says {verdict.check.published}"]
    if verdict.observed is not None and not verdict.simulated_agrees:
        wrong.append("simulation differs")
    return "; ".join(wrong)


def call(name: str, arguments: Mapping[str, float]) -> str:
    """A formula or observation with its arguments."""
    return f"{name}({', '.join(f'{key}={value:g}' for key, value in arguments.items())})"


def spoken(outcome: Outcome) -> str:
    """A verdict as a word; what does not hold stands out."""
    return f"**{outcome}**" if outcome in (Outcome.FAILS, Outcome.INCONCLUSIVE) else str(outcome)


def dictionary(known: Mapping[str, Callable[..., Any]], used: Iterable[str]) -> str:
    """What each of the names used means."""
    entries = [f"- `{name}`: {first_paragraph(known[name])}" for name in sorted(dict.fromkeys(used))]
    return "\n".join(entries) + "\n"


def first_paragraph(function: Callable[..., Any]) -> str:
    """The first paragraph of a function's documentation, on one line; sources are with the cases."""
    paragraph = " ".join((inspect.getdoc(function) or "").partition("\n\n")[0].split())
    return paragraph.partition(" Source: ")[0]


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table."""
    lines = ["| " + " | ".join(cells) + " |" for cells in (header, ("---",) * len(header), *rows)]
    return "\n".join(lines) + "\n"
