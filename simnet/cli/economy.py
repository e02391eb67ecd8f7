"""`simnet economy`: years of the OPG economy, and answers to what the community asks."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from simnet.cli.console import make_console, print_json, print_table, progress
from simnet.cli.paths import DIRECTORY

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rich.console import Console

    from simnet.economy.answers import Answer
    from simnet.economy.attacks.scenario import AttackScenario
    from simnet.economy.scenario import EconomyScenario
    from simnet.economy.sensitivity import Effect
    from simnet.economy.study import Study

OUT = Path("reports/runs/economy")
SHOWN = ("price_usd", "fees_opg", "rewards_opg", "bonded_opg", "working", "cheating", "slashed_opg", "delegators")
SHOWN_MONTHS = 12


@click.command()
@click.argument("scenario", metavar="SCENARIO|DIRECTORY", type=click.Path(path_type=Path))
@click.option("--paths", type=click.IntRange(1, 100_000), help="How many in the model, instead of the scenario's.")
@click.option(
    "--contracts", type=click.IntRange(1), help="How many of them on the contracts too: the first, others at random."
)
@click.option("--seed", type=click.IntRange(0), help="Another seed.")
@click.option("--set", "overrides", multiple=True, metavar="PATH=VALUE", help="Change the scenario; may be repeated.")
@click.option("--out", type=DIRECTORY, help="Directory, instead of one below reports/runs/economy.")
@click.option("--sensitivity", "hangs_on", is_flag=True, help="Find what outcomes hang on, too; takes minutes.")
@click.option("--json", "as_json", is_flag=True, help="Print the answers as JSON instead of tables.")
def economy(
    scenario: Path,
    paths: int | None,
    contracts: int | None,
    seed: int | None,
    overrides: tuple[str, ...],
    out: Path | None,
    hangs_on: bool,
    as_json: bool,
) -> int:
    """Live through the months of an economy: one path on the real contracts, many in the same arithmetic.

    \b
    simnet economy economy/baseline                   a price that wanders, for ten years
    simnet economy economy/crash                      and falls by 66 % in month 24
    simnet economy economy/arbitrage                  delegators who left come back for a good yield
    simnet economy economy/votes                      holders vote on the slash share on the way
    simnet economy economy/baseline --paths 1000 --contracts 10
    simnet economy mine.yaml --set verification.slash_share=1% --set price.start=0.02
    simnet economy economy/baseline --sensitivity     needs the extra: pip install 'simnet[economy]'
    simnet economy economy/attacks/drain_treasury     an attack, without and with its remedy
    simnet economy economy/attacks                    all of them

    Inferences are not simulated one by one: a month of a validator is one batch. The report says which figure comes
    from the contracts and which from the model. Leaves economy.html, and months and answers as CSV and Parquet.

    Exit codes: 0; 1 an attack cost more or less than its file says, 2 a bad scenario, 4 contracts and model differ by
    a wei or OPG was made or lost, or pyrevm or SALib is missing.
    """
    from simnet.economy.attacks.scenario import AttackScenario
    from simnet.economy.load import load_economy
    from simnet.economy.sensitivity import need_salib
    from simnet.scenario.formats import ECONOMY
    from simnet.scenario.overrides import by_option
    from simnet.shipped import find_scenario

    numbers = (*by_option("--paths", "paths", paths), *by_option("--contracts", "contracts", contracts))
    chosen, file = (*overrides, *numbers), find_scenario(scenario, ECONOMY)
    files = sorted(file.glob("*.yaml")) if file.is_dir() else [file]
    everything = [load_economy(one, chosen, seed) for one in files]
    attacks = [one for one in everything if isinstance(one, AttackScenario)]
    if not everything or (attacks and len(attacks) < len(everything)) or len(everything) > max(1, len(attacks)):
        raise click.UsageError(f"{scenario} is neither one scenario nor a directory of attacks alone")
    if attacks:
        return tell_attacks(attacks, as_json)
    (loaded,) = (one for one in everything if not isinstance(one, AttackScenario))
    if hangs_on:
        need_salib()
    console = make_console(stderr=True)
    study, found = carry_out(console, loaded)
    effects = weigh(console, loaded) if hangs_on else []
    where = out or OUT / f"{loaded.name}-{loaded.seed}"
    conclude(study, found, effects, where, as_json)
    return 0


def tell_attacks(scenarios: Sequence[AttackScenario], as_json: bool) -> int:
    """Carry out attacks, and print what each cost; the exit code."""
    from chain.units import format_opg
    from simnet.economy.attacks.run import attack

    found = [(one, attack(one)) for one in scenarios]
    if as_json:
        print_json([{"name": one.name, "attack": one.attack, "sides": [o.as_json() for o in f]} for one, f in found])
    else:
        header = ("attack", "lost without the remedy", "with it", "as the file says")
        rows = [
            (one.name, *(format_opg(o.lost) for o in sides), "yes" if all(o.held for o in sides) else "no")
            for one, sides in found
        ]
        print_table(make_console(), header, rows)
    return 0 if all(o.held for _, sides in found for o in sides) else 1


def carry_out(console: Console, scenario: EconomyScenario) -> tuple[Study, list[Answer]]:
    """Run the contracts, the model, and the sweeps."""
    from simnet.economy.answers import answers, sweep_all
    from simnet.economy.study import Study, in_model, on_contracts

    with progress(console, "months on the contracts", scenario.months * scenario.contracts) as tell:
        measured = on_contracts(scenario, tell)
    with progress(console, "paths in the model", scenario.paths) as tell:
        modelled = in_model(scenario, tell)
    console.print("thresholds …")
    study = Study(scenario, measured, modelled)
    return study, answers(study, sweep_all(scenario))


def weigh(console: Console, scenario: EconomyScenario) -> list[Effect]:
    """Find what outcomes hang on."""
    from simnet.economy.sensitivity import runs_in_all, sensitivity

    with progress(console, "sensitivity", runs_in_all()) as tell:
        return sensitivity(scenario, tell)


def conclude(study: Study, found: list[Answer], effects: list[Effect], out: Path, as_json: bool) -> None:
    """Write tables and report, and print the answers."""
    from reports.economy import VOTES, votes, write_html
    from simnet.economy import tidy

    out.mkdir(parents=True, exist_ok=True)
    tidy.write(study, found, effects, out)
    write_html(study, found, effects, out / "economy.html")
    if as_json:
        print_json(tidy.as_json(study, found, effects))
        return
    console, measured = make_console(), study.measured
    months = range(0, study.scenario.months, SHOWN_MONTHS)
    rows = [[str(month + 1), *(f"{measured.figures[name][0, month]:,.6g}" for name in SHOWN)] for month in months]
    console.print("The first path, measured on the contracts:")
    print_table(console, ("month", *SHOWN), rows)
    console.print(
        f"{measured.transactions:,} transactions, {measured.gas / 1e9:.2f} G gas, {measured.wall_s:.0f} s on the"
        f" contracts; on {held_on(measured.paths)} the model agrees to the wei, and the supply was whole in every month"
    )
    if measured.ballots:
        console.print("\nVotes, as the governor counted them:")
        print_table(console, VOTES, list(votes(study)))
    for answer in found:
        console.print(f"\n{answer.question}")
        console.print(f"  {answer.text}")
        lines = [
            (e.name, f"{e.value:,.4g}", f"{e.low:,.4g} – {e.high:,.4g}", e.unit, e.kind, e.note)
            for e in answer.estimates
        ]
        print_table(console, ("number", "value", "95 %", "unit", "how", ""), lines)
    if effects:
        console.print("\nWhat outcomes hang on:")
        weights = [(e.outcome, e.path, e.method, f"{e.value:.3g}", f"± {e.half_width:.2g}") for e in leading(effects)]
        print_table(console, ("outcome", "quantity", "method", "value", "95 %"), weights)
    console.print(f"\nreport  {out}/economy.html")
    console.print(f"tables  {out}/months.csv, answers.csv, and both as .parquet")


def held_on(paths: Sequence[int]) -> str:
    """Which paths ran on the contracts."""
    if len(paths) == 1:
        return f"path {paths[0]}"
    return f"paths {', '.join(map(str, paths[:-1]))} and {paths[-1]}"


def leading(effects: list[Effect]) -> list[Effect]:
    """The largest of each outcome and method, first."""
    ordered = sorted(effects, key=lambda e: (e.outcome, e.method, -e.value))
    return [
        e
        for i, e in enumerate(ordered)
        if i < 4 or (e.outcome, e.method) != (ordered[i - 4].outcome, ordered[i - 4].method)
    ]
