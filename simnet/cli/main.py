"""`simnet`: finds the verb, runs it, and turns what went wrong into a message and an exit code.

Exit codes: 0 pass; 1 an expectation or invariant failed; 2 bad scenario or usage; 3 inconclusive;
4 toolchain or harness failure; 5 determinism diverged; 130 interrupted.
"""

from __future__ import annotations

import difflib
import importlib
import os
import sys
import traceback
from collections.abc import Sequence
from typing import cast

import click
from click.shell_completion import shell_complete

from simnet import shadowing

shadowing.refuse()

from chain.errors import SimnetError  # noqa: E402 (only now is it known to be ours)
from simnet.cli.exit_codes import HARNESS_FAILED  # noqa: E402
from simnet.cli.signals import ends_as_interrupt  # noqa: E402

INTERRUPTED = 130
COMPLETE = "_SIMNET_COMPLETE"
"""Environment variable by which a shell asks for completions: ``bash_source``, ``zsh_source``, ``fish_source``."""

PIPE_CLOSED = 141
"""What a shell reports for a program that wrote to a closed pipe."""

VERBS = {
    "new": "Write a first scenario, with comments.",
    "run": "Run a scenario and report what happened.",
    "watch": "Look at a recorded run, or at one that is going on.",
    "report": "Write the reports of a run anew from its log.",
    "check": "Run many scenarios; fail if an expectation does not hold.",
    "compare": "Run a scenario under several strategies, side by side.",
    "sweep": "Run a scenario over a grid of its own values.",
    "diff": "Say what changed between two runs, and whether it is beyond noise.",
    "truth": "Hold simnet against published formulas and tables.",
    "equilibrium": "Find where rational participants switch, and compare with theory.",
    "economy": "Live through years of the OPG economy, and answer what its community asks.",
    "fuzz": "Call the contracts as nobody should, and hold what comes of it against what is promised.",
    "whatif": "Say what changes if one parameter set is voted for instead of another.",
    "doctor": "Say what is installed, what is missing, and how to get it.",
    "behaviours": "List what adversaries can do, or explain one behaviour.",
    "faults": "List what can break, or explain one fault.",
    "models": "Say which ONNX files can be served, and what the others lack.",
    "schema": "Print the format of scenario files, or list what they can name.",
    "zkml": "List the circuits that prove models, and make their keys.",
    "tour": "Have OpenGradient's own client try everything on a local network.",
    "weaknesses": "Measure what hostile clients take from a gateway, and what ends it.",
    "up": "Have OpenGradient on this machine: gateway, facilitator and two chains that clients can use.",
    "inject": "Break something, or have somebody misbehave, in a local network that is running.",
    "upload": "Put an ONNX file into a local network, for contracts to run.",
    "bench": "Measure simnet itself.",
}
"""Every verb with its line of help. A verb is the command of that name in the module of that name."""

EXAMPLES = """
\b
Examples:
  simnet run byzantine
  simnet run byzantine --seed 7 --set strategy.size=3
  simnet new mine.yaml
  simnet check mine.yaml honest
  simnet compare byzantine --strategies none,committee --seeds 5
  simnet schema --list behaviours

\b
Completion in your shell: eval "$(_SIMNET_COMPLETE=bash_source simnet)", or zsh_source, or
_SIMNET_COMPLETE=fish_source simnet | source
"""


class Verbs(click.Group):
    """Imports the module of a verb when the verb is used, so that help and errors come at once."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in VERBS:
            return None
        module = importlib.import_module(f"simnet.cli.{cmd_name}")
        return cast(click.Command, getattr(module, cmd_name))

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in VERBS and not args[0].startswith("-"):
            near = difflib.get_close_matches(args[0], VERBS, n=1)
            ctx.fail(
                f"unknown verb '{args[0]}'" + (f", did you mean '{near[0]}'?" if near else "; simnet --help lists them")
            )
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Verbs"):
            formatter.write_dl(list(VERBS.items()))


def _print_version(ctx: click.Context, _parameter: click.Parameter, wanted: bool) -> None:
    if not wanted:
        return
    from importlib.metadata import PackageNotFoundError, version

    try:
        number = version("simnet")
    except PackageNotFoundError:
        number = "(not installed)"
    click.echo(f"simnet {number}, Python {sys.version.split()[0]}")
    ctx.exit()


@click.group(
    cls=Verbs,
    epilog=EXAMPLES,
    subcommand_metavar="VERB ...",
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.option(
    "--version", is_flag=True, is_eager=True, expose_value=False, callback=_print_version, help="Show the version."
)
def cli() -> None:
    """Test bench for verifiable AI inference: real nodes, a real chain, scripted adversaries.

    "simnet VERB --help" explains a verb.
    """


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line; returns the exit code."""
    if arguments is None and (instruction := os.environ.get(COMPLETE)):  # what is asked for by a shell
        return shell_complete(cli, {}, "simnet", COMPLETE, instruction)
    try:
        # Not cli.main: that turns a closed pipe into exit code 1, which here says that an expectation failed.
        with (
            ends_as_interrupt(),
            cli.make_context("simnet", list(sys.argv[1:] if arguments is None else arguments)) as context,
        ):
            code = cli.invoke(context)
        sys.stdout.flush()
        return code if isinstance(code, int) else 0
    except click.exceptions.Exit as error:
        return error.exit_code
    except click.ClickException as error:
        error.show()
        if isinstance(error, click.BadParameter) and error.param and isinstance(error.param.type, click.IntRange):
            click.echo(f"  write a whole number, such as {error.param.opts[0]} {error.param.type.min or 1}", err=True)
        if isinstance(error, click.MissingParameter) and error.param and error.param.envvar:
            click.echo(f"  or source the file that simnet up names: it sets ${error.param.envvar}", err=True)
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        click.echo("interrupted", err=True)
        return INTERRUPTED
    except SimnetError as error:
        click.echo(str(error), err=True)
        if error.hint:
            click.echo(f"  {error.hint}", err=True)
        return error.exit_code
    except BrokenPipeError:
        # Whatever is still buffered must not fail again when the interpreter flushes it at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return PIPE_CLOSED
    except Exception as error:
        click.echo(internal_error(error), err=True)
        return HARNESS_FAILED


def internal_error(error: Exception) -> str:
    """What to tell about an error that nobody foresaw."""
    if os.environ.get("SIMNET_TRACEBACK"):
        return "".join(traceback.format_exception(error))
    frame = traceback.extract_tb(error.__traceback__)[-1]
    lines = (
        f"internal error: {type(error).__name__}: {error}",
        f"at {frame.filename}:{frame.lineno} in {frame.name}",
        *getattr(error, "__notes__", ()),
        "this is a defect in simnet; SIMNET_TRACEBACK=1 shows how it came about",
    )
    return "\n  ".join(lines)


if __name__ == "__main__":
    sys.exit(main())
