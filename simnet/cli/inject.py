"""`simnet inject`: a fault or an adversary, by hand, into a local network that is running."""

from __future__ import annotations

import urllib.error
import urllib.request

import click

from chain.errors import SimnetError

TIMEOUT_S = 60.0


class NotInjected(SimnetError):
    """Nothing was injected."""

    exit_code = 2


@click.command()
@click.argument("text")
@click.option("--control", envvar="OG_CONTROL_URL", required=True, help="Where; $OG_CONTROL_URL.")
def inject(text: str, control: str) -> int:
    """Break something, or have somebody misbehave, in a `simnet up` that is running.

    \b
    source reports/runs/.../up.env         the file that simnet up names
    simnet inject 'crash: [facilitator-0], for: 20 s'
    simnet inject 'behaviour: label_flip, nodes: [inference-0]'

    TEXT is an entry of a scenario's faults or adversaries, without its time: it happens now. It is in the event log,
    and in the scenario of the run directory.
    """
    try:
        request = urllib.request.Request(control, data=text.encode(), method="POST")
        with urllib.request.urlopen(request, timeout=TIMEOUT_S) as response:
            click.echo(response.read().decode())
    except urllib.error.HTTPError as error:
        said, _, hint = error.read().decode(errors="replace").partition("\n")
        raise NotInjected(said, hint or None) from None
    except (OSError, ValueError) as error:
        raise NotInjected(
            f"no local network answers: {getattr(error, 'reason', error)}", "start one with: simnet up"
        ) from None
    return 0
