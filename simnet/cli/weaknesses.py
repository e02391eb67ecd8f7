"""`simnet weaknesses`: what hostile clients take from a gateway, by version, and what ends it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from simnet.studies.weaknesses import Move, Outcome

LOST = 1

PAGE = """# Known weaknesses of x402 payments by session

What a hostile client takes from a gateway that is paid as OpenGradient's packages have it, in wei of OPG, and what is
left of that with a mitigation. `simnet weaknesses --markdown` plays every move against the gateway, the facilitator and
the contracts of [`simnet up`](devnet.md), at virtual pace, and writes this page; a test holds it. The loss is what the
answers were worth less what was collected in the end, both by the event log.

The columns are terms: those of `og-x402` 0.0.2.dev2 as OpenGradient's gateway sets it up (sessions end when idle for
100 s), and the defaults of 0.0.2.dev8 (240 s, and 120 s before the signature expires). 2.15.0 has no sessions any more,
so none of these moves: n/a. It settles by channels, which are not here. The gateway that is played against is ours;
what a version does was read or run in its package, as said below. **Nothing here says anything about the live
network**, which may run something else.

"""


@click.command()
@click.option("--markdown", is_flag=True, help="Print docs/weaknesses.md.")
def weaknesses(markdown: bool) -> int:
    """Play known moves against a gateway, and say what each takes, to the wei.

    Exit codes: 0 every mitigation brings its move to zero, 1 one does not.
    """
    from simnet.studies.weaknesses import outcomes

    found = list(outcomes())
    if markdown:
        click.echo(page(found), nl=False)
    else:
        click.echo(f"{'move':12}{'lost, dev2':>24}{'lost, dev8':>24}{'mitigated':>24}  by")
        for move, results in found:
            lost = (results[name].lost if name in results else "" for name in ("dev2", "dev8", "mitigated"))
            click.echo(f"{move.name:12}{''.join(f'{one:>24}' for one in lost)}  {move.mitigation}")
    return LOST if any("mitigated" in results and results["mitigated"].lost for _, results in found) else 0


def page(found: list[tuple[Move, dict[str, Outcome]]]) -> str:
    """The page of the docs."""
    lines = [
        "| move | a client | lost, dev2 | lost, dev8 | 2.15.0 | mitigation | lost with it |",
        "|---|---|---|---|---|---|---|",
    ]
    for move, results in found:
        dev2, dev8 = (f"{results[version].lost:,} of {results[version].served:,}" for version in ("dev2", "dev8"))
        left = f"{results['mitigated'].lost:,}" if "mitigated" in results else "–"
        ends = f"`--mitigate {move.mitigation}`" if move.mitigation else "–"
        lines.append(f"| `{move.name}` | {move.does} | {dev2} | {dev8} | n/a | {ends} | {left} |")
    lines += ["", "| move | evidence |", "|---|---|"]
    lines += [f"| `{move.name}` | {move.source} |" for move, _ in found if move.source]
    return PAGE + "\n".join(lines) + "\n"
