"""`simnet weaknesses`: what hostile clients take from a gateway, by version, and what ends it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from simnet.studies.weaknesses import Row

LOST = 1

PAGE = """# Known weaknesses of x402 payments

What a hostile client takes from a gateway that is paid as OpenGradient's packages have it, in wei of OPG, and what is
left of that with a mitigation. `simnet weaknesses --markdown` plays every move against the gateway, the facilitator and
the contracts of [`simnet up`](devnet.md), at virtual pace, and writes this page; a test holds it. The loss is what the
answers were worth, by the event log, less what the gateway has or has claimed on the payment chain in the end.

The columns are terms: those of `og-x402` 0.0.2.dev2 as OpenGradient's gateway sets it up (sessions end when idle for
100 s), the defaults of 0.0.2.dev8 (240 s, and 120 s before the signature expires), and channels as in 2.15.0, which has
no sessions. The gateway that is played against is ours, and so are the contracts; what a version does was read or run
in its package, as said below. **Nothing here says anything about the live network**, which may run something else.

The moves are code and no scenario files: each reacts to what it is answered. Not played: hostile facilitators, two
gateways on one channel, and what costs no money but a record (heartbeats, roots, blobs, revocation, the payer's name).

"""


@click.command()
@click.option("--markdown", is_flag=True, help="Print docs/weaknesses.md.")
def weaknesses(markdown: bool) -> int:
    """Play known moves against a gateway, and say what each takes, to the wei.

    Exit codes: 0 every mitigation brings its move to zero, 1 one does not.
    """
    from simnet.studies.weaknesses import VERSIONS, rows

    found = list(rows())
    if markdown:
        click.echo(page(found), nl=False)
    else:
        click.echo(f"{'move':12}{''.join(f'{name:>24}' for name in VERSIONS)}{'mitigated':>24}  by")
        for row in found:
            lost = [str(row.found[name].lost) if name in row.found else "n/a" for name in VERSIONS]
            lost.append(str(left(row)) if row.mitigated else "")
            click.echo(f"{row.move.name:12}{''.join(f'{one:>24}' for one in lost)}  {row.move.mitigation}")
    return LOST if any(left(row) for row in found) else 0


def left(row: Row) -> int:
    """The most that a move takes of any version with its mitigation."""
    return max((outcome.lost for outcome in row.mitigated.values()), default=0)


def page(found: list[Row]) -> str:
    """The page of the docs."""
    from simnet.studies.weaknesses import VERSIONS

    lines = [
        f"| move | a client | {' | '.join(f'lost, {name}' for name in VERSIONS)} | mitigation | lost with it |",
        "|---|---|" + "---|" * len(VERSIONS) + "---|---|",
    ]
    for row in found:
        move = row.move
        cells = [
            f"{row.found[name].lost:,} of {row.found[name].served:,}"
            if name in row.found
            else f"n/a: {move.lacks[name]}"
            for name in VERSIONS
        ]
        ends = f"`--mitigate {move.mitigation}`" if move.mitigation else "–"
        rest = f"{left(row):,}" if row.mitigated else "–"
        lines.append(f"| `{move.name}` | {move.does} | {' | '.join(cells)} | {ends} | {rest} |")
    lines += ["", "| move | evidence |", "|---|---|"]
    lines += [f"| `{row.move.name}` | {row.move.source} |" for row in found if row.move.source]
    return PAGE + "\n".join(lines) + "\n"
