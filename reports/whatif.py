"""``whatif.html`` and ``whatif.md``: the page for a vote, for a browser and for a thread."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from pathlib import Path

from reports.changes import difference_text
from reports.estimates import heading, written
from reports.html import page_html
from reports.wording import duration, plural
from simnet.studies.whatif.whatif import LETTERS, Seen, Slashings, WhatIf

MAX_CHANGES = 20
"""Of a scenario on the page, the most relevant first; the others are in ``whatif.json``."""

SLASHED = ("OPG slashed", "rightly, A", "rightly, B", "wrongly, A", "wrongly, B")
"""Header of the table in which the sets are held against each other."""

NOBODY_PUNISHED = "Nobody is punished on either side."

MEAN = (
    "Means over the seeds. Rightly: from nodes that had done something dishonest before. In brackets: share of nodes."
)


def write_pages(found: WhatIf, replay: list[str], directory: Path) -> None:
    """Write both."""
    command = shlex.join(replay)
    directory.joinpath("whatif.md").write_text(markdown(found, command), encoding="utf-8")
    directory.joinpath("whatif.html").write_text(html(found, command), encoding="utf-8")


def html(found: WhatIf, replay: str) -> str:
    """The page for a browser."""
    values = {
        "found": found,
        "replay": replay,
        "letters": LETTERS,
        "verdict": verdict(found),
        "never_acts": list(never_acts(found)),
        "header": SLASHED,
        "mean": MEAN,
        "nobody_punished": NOBODY_PUNISHED,
        "nothing_changes": nothing_changes(len(found.seeds)),
        "plural": plural,
        "punished": {one.subject.name: list(punished(one, len(found.seeds))) for one in found.seen},
        "changes": {one.subject.name: list(changes(one)) for one in found.seen},
        "meanings": {one.subject.name: [change.spec.description for change in one.real] for one in found.seen},
        "slashed": list(slashed(found)),
    }
    return page_html("whatif.html.j2", {}, **values)


def markdown(found: WhatIf, replay: str) -> str:
    """The page for a thread."""
    first, second = found.sets
    lines = [f"# What if {second.name} instead of {first.name}?", "", verdict(found), ""]
    lines += [f"| {' | '.join(SLASHED)} |", "|---|---|---|---|---|"]
    lines += [f"| {' | '.join(row)} |" for row in slashed(found)]
    lines += ["", f"{MEAN}", ""]
    for letter, one in zip(LETTERS, found.sets, strict=True):
        lines += [f"- **{letter}**, {one.name}: {one.description or 'no description'}"]
        lines += [f"  - `{assignment}`" for assignment in one.assignments()]
    lines += ["", f"Seeds {', '.join(map(str, found.seeds))}, the same on both sides.", ""]
    if never := list(never_acts(found)):
        lines += ["## What can never act", "", *(f"- {text}" for text in never), ""]
    for seen in found.seen:
        lines += _section(seen, len(found.seeds))
    lines += ["## Repeat it", "", f"    {replay}", "", f"Digest `{found.digest}`.", ""]
    return "\n".join(lines)


def _section(seen: Seen, seeds: int) -> Iterator[str]:
    yield from (
        f"## {seen.subject.name}",
        "",
        seen.subject.sides[0].description,
        "",
    )
    if rows := list(punished(seen, seeds)):
        yield from ("| punished | A | B |", "|---|---|---|")
        yield from (f"| {name} | {a} | {b} |" for name, a, b in rows)
    else:
        yield NOBODY_PUNISHED
    yield ""
    if real := list(changes(seen)):
        yield from ("| beyond noise | A | B | difference, 95 % | |", "|---|---|---|---|---|")
        yield from ("| " + " | ".join(row) + " |" for row in real)
    else:
        yield nothing_changes(seeds)
    yield ""


def nothing_changes(seeds: int) -> str:
    """What is said in the place of an empty table of changes."""
    return f"No figure changes by more than noise over {plural(seeds, 'seed')}."


def verdict(found: WhatIf) -> str:
    """The first sentence: where each set slashes honest nodes."""
    unjust = [[seen.subject.name for seen in found.seen if seen.wrongly_slashed_share(side)] for side in range(2)]
    if not any(unjust):
        return "Nobody is slashed although honest, under either set."
    if unjust[0] == unjust[1]:
        return f"Nodes are slashed although they were honest: under both sets in {' and '.join(unjust[0])}."
    parts = (
        f"under {letter} ({one.name}) {'in ' + ' and '.join(names) if names else 'nowhere'}"
        for letter, one, names in zip(LETTERS, found.sets, unjust, strict=True)
    )
    return f"Nodes are slashed although they were honest: {', '.join(parts)}."


def slashed(found: WhatIf) -> Iterator[tuple[str, str, str, str, str]]:
    """What each set takes from the dishonest and from the honest: a row for each scenario, under `SLASHED`."""
    for seen in found.seen:
        a, b = (f"{seen.slashed_opg(side, rightly=True):,.0f}" for side in range(2))
        yield seen.subject.name, a, b, _wrongly(seen, 0), _wrongly(seen, 1)


def _wrongly(seen: Seen, side: int) -> str:
    opg, share = seen.slashed_opg(side, rightly=False), seen.wrongly_slashed_share(side)
    return f"{opg:,.0f} ({100 * share:.0f} %)" if share else "0"


def never_acts(found: WhatIf) -> Iterator[str]:
    """What cannot act, once for all the scenarios in which it does not."""
    names = [seen.subject.name for seen in found.seen]
    for side, letter in enumerate(LETTERS):
        for text in dict.fromkeys(text for seen in found.seen for text in seen.subject.idle[side]):
            where = [seen.subject.name for seen in found.seen if text in seen.subject.idle[side]]
            yield f"{letter}, {'everywhere' if where == names else 'in ' + ' and '.join(where)}: {text}"


def punished(seen: Seen, seeds: int) -> Iterator[tuple[str, str, str]]:
    """Who was slashed, and how on both sides."""
    for name, (a, b) in seen.slashings.items():
        yield name, slashings_text(a, seeds), slashings_text(b, seeds)


def slashings_text(found: Slashings, seeds: int) -> str:
    """How a participant was slashed."""
    if found.first_s is None:
        return "–"
    how = "rightly" if not found.wrongly else "wrongly" if found.wrongly == found.slashes else "rightly and wrongly"
    when = duration(round(found.first_s))
    return f"{how}, in {found.seeds} of {seeds} seeds, first after {when}, {found.opg:,.1f} OPG on average"


def changes(seen: Seen) -> Iterator[tuple[str, str, str, str, str]]:
    """Figures that changed by more than noise."""
    for change in seen.real[:MAX_CHANGES]:
        unit = change.spec.unit
        yield (
            heading(change.reading),
            written(change.before, unit),
            written(change.after, unit),
            difference_text(change),
            change.direction,
        )
