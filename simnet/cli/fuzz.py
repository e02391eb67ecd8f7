"""`simnet fuzz`: call every contract as nobody should, and hold what comes of it against what is promised."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from simnet.cli.batch import Progress, batch, batch_options
from simnet.cli.console import make_console, print_table
from simnet.cli.paths import DIRECTORY

if TYPE_CHECKING:
    from collections import Counter

    from rich.console import Console

    from simnet.studies.fuzz.game import Broken

OUT = Path("reports/runs/fuzz")
HEADER = ("function", "called", "accepted", "reverted with")
ERRORS_SHOWN = 4


@click.command()
@click.argument("settings", nargs=-1)
@click.option("--steps", type=click.IntRange(min=1), default=100_000, show_default=True, help="Calls in all.")
@click.option("--seed", type=int, default=0, show_default=True, help="Of the first game; each has one of its own.")
@click.option("--out", type=DIRECTORY, default=OUT, show_default=True, help="Directory to write to.")
@click.option("--replay", type=click.Path(path_type=Path, exists=True, dir_okay=False), help="Repeat a violation.")
@batch_options
def fuzz(
    settings: tuple[str, ...],
    steps: int,
    seed: int,
    out: Path,
    replay: Path | None,
    jobs: int | None,
    dask: str | None,
    fresh: bool,
) -> int:
    """Play against the contracts: random callers, arguments, order, time and repetition, on revm.

    SETTINGS are verification contracts, each with honest participants who do their duty and others who try anything;
    all of them if none is named. After every call the books are kept, and it must hold that no OPG appears or
    vanishes, nobody honest loses, wrong claims fall, nobody is paid twice, and every call fits a transaction.
    A violation is written with the fewest moves that lead there, as a file for --replay.

    \b
    simnet fuzz                                      a hundred thousand calls, some minutes
    simnet fuzz --steps 10_000_000 --jobs 2          again after a kill: finished games are not played again
    simnet fuzz optimistic sampling --seed 7
    simnet fuzz --replay reports/runs/fuzz/violation-optimistic-10000-7.json

    Exit codes: 0 everything held, 1 something did not, 2 no such setting, 3 interrupted.
    """
    from simnet.studies.fuzz.carry_out import games, play_all
    from simnet.studies.fuzz.game import Played
    from simnet.studies.fuzz.setting import SETTINGS

    console = make_console()
    if replay is not None:
        return repeat(replay, console)
    if unknown := [name for name in settings if name not in SETTINGS]:
        raise click.UsageError(f"no setting '{unknown[0]}'; there are {', '.join(SETTINGS)}")
    todo = games(steps, seed, settings or tuple(SETTINGS))
    total, broken = Played(), []
    with batch(jobs, dask, out, fresh) as how, Progress(make_console(stderr=True), len(todo)) as tell:
        for game, played, was_known in play_all(todo, how):
            total.tally += played.tally
            total.rounds += played.rounds
            if played.broken is not None:
                broken.append(written(played.broken, out / f"violation-{game.key}.json"))
            tell(f"{game.key}: {'VIOLATION' if played.broken else 'held'}", was_known)
    print_coverage(console, total.tally)
    for found, file in broken:
        print_broken(console, found, file)
    said = f"{total.tally.total():,} calls in {total.rounds:,} rounds, violations: {len(broken)}"
    console.print(said)
    return 1 if broken else 3 if how.stop.requested else 0


def print_coverage(console: Console, tally: Counter[tuple[str, str]]) -> None:
    """Each function: how often it was called, how often that was accepted, and what it reverted with most."""
    rows = []
    for function in sorted({function for function, _ in tally}):
        outcomes = {outcome: times for (name, outcome), times in tally.items() if name == function}
        accepted = outcomes.pop("ok", 0)
        called = accepted + sum(outcomes.values())
        most = sorted(outcomes.items(), key=lambda one: (-one[1], one[0]))
        errors = [f"{error} {times:,}" for error, times in most[:ERRORS_SHOWN]]
        more = [f"{len(most) - ERRORS_SHOWN} more"] if len(most) > ERRORS_SHOWN else []
        rows.append((function, f"{called:,}", f"{accepted:,}", ", ".join(errors + more)))
    print_table(console, HEADER, rows)


def written(broken: Broken, file: Path) -> tuple[Broken, Path]:
    """A violation and the file that repeats it, once that is written."""
    import orjson

    document = {"setting": broken.setting, "violation": broken.sentence, "moves": broken.steps, "calls": broken.calls}
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes(orjson.dumps(document, option=orjson.OPT_INDENT_2))
    return broken, file


def print_broken(console: Console, broken: Broken, file: Path) -> None:
    """What does not hold, the calls that show it, and how to repeat them."""
    console.print(f"\n{broken.setting}: {broken.sentence}")
    for call in broken.calls:
        console.print(f"  {call}")
    console.print(f"again: simnet fuzz --replay {file}")


def repeat(file: Path, console: Console) -> int:
    """Play the moves of a file again. Raises `click.UsageError` for a file that holds none."""
    import orjson

    from simnet.studies.fuzz.game import machine_for, play
    from simnet.studies.fuzz.moves.catalogue import MOVES
    from simnet.studies.fuzz.setting import SETTINGS

    try:
        document = orjson.loads(file.read_bytes())
        setting, steps = document["setting"], [(str(move), int(salt)) for move, salt in document["moves"]]
    except (ValueError, KeyError, TypeError):
        raise click.UsageError(f"{file} is no violation that simnet fuzz has written") from None
    if setting not in SETTINGS or not {move for move, _ in steps} <= MOVES.keys():
        raise click.UsageError(f"{file} names a setting or a move that does not exist")
    machine = machine_for(setting)
    found = play(machine, steps)
    for call in machine.arena.calls:
        console.print(str(call))
    console.print("everything holds" if found is None else str(found))
    return 0 if found is None else 1
