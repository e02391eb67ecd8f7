"""`simnet bench`: measure simnet against the bare tools underneath it, on this machine."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import click

from simnet.cli.console import make_console, print_table
from simnet.shipped import shipped

SCENARIO = shipped() / "byzantine.yaml"
THOUSAND = shipped() / "bench" / "thousand.yaml"
SHORTER = ("duration=1 min",)
LONGER_ON_REVM = ("chain.backend=revm", "duration=40 min")
"""So that the run, and not the start of its processes, is what is measured."""

DASHBOARD_TIMES = 5
REVM_SCENARIO = shipped() / "strategies" / "posp.yaml"
ENGINE_MESSAGES = 100_000
ENGINE_NODES = (10, 100, 1_000)
FEW, MANY = 100, 10_000


@dataclass(frozen=True)
class Line:
    """One measurement. `target` is what the project holds itself to, on two cores."""

    what: str
    value: str
    target: str


def chain() -> Iterator[Line]:
    """The chain seam against a bare batching client and web3.py."""
    from simnet.bench.chain import measure

    found = measure()
    yield Line("chain seam, transactions/s", f"{found.seam:,.0f}", "")
    yield Line("bare batching client, transactions/s", f"{found.bare:,.0f}", "")
    yield Line("chain seam over bare client", f"{found.of_bare:.2f}", "at least 0.80")
    yield Line("chain seam over web3.py's transact() loop", f"{found.times_the_loop:.1f}", "at least 20")


def engine() -> Iterator[Line]:
    """The engine against bare simpy, at three sizes."""
    from simnet.bench.engine import bare_simpy
    from simnet.bench.engine import engine as engine_speed

    for nodes in ENGINE_NODES:
        bare = max(bare_simpy(nodes, ENGINE_MESSAGES) for _ in range(2))
        ours = max(engine_speed(nodes, ENGINE_MESSAGES) for _ in range(2))
        yield Line(f"engine, {nodes:,} nodes: messages/s", f"{ours:,.0f}", "")
        yield Line(f"engine, {nodes:,} nodes: microseconds a message", f"{1e6 / ours:.1f}", "")
        yield Line(f"engine, {nodes:,} nodes: over bare simpy", f"{ours / bare:.2f}", "at least 0.70")
    for who, speed in (("engine", engine_speed), ("bare simpy", bare_simpy)):
        rounds = [[speed(nodes, 4 * ENGINE_MESSAGES) for nodes in (FEW, MANY)] for _ in range(2)]
        few, many = (1e6 / max(speeds) for speeds in zip(*rounds, strict=True))
        target = "at most 1.30" if speed is engine_speed else ""
        times = f"{many / few:.2f} ({few:.1f} and {many:.1f} us)"
        yield Line(f"{who}, a message at {MANY:,} nodes over one at {FEW:,}", times, target)


def startup() -> Iterator[Line]:
    """What a person waits for."""
    from simnet.bench.startup import help_s, whole_run_s

    help_s()  # compiles what has never been imported
    yield Line("simnet --help, s", f"{min(help_s() for _ in range(3)):.2f}", "under 0.40")
    first, whole = whole_run_s(SCENARIO)
    yield Line(f"{SCENARIO.name}: first event, s", f"{first:.2f}", "under 2.00")
    yield Line(f"{SCENARIO.name}: whole run on anvil, s", f"{whole:.1f}", "under 30")


def evidence() -> Iterator[Line]:
    """What enclaves' evidence costs, off chain and on it."""
    from simnet.bench.evidence import measure

    found = measure()
    yield Line("attestation documents verified, /s a core", f"{found.documents_s:,.0f}", "at least 100")
    yield Line("RSA-PSS signatures verified, /s a core", f"{found.signatures_s:,.0f}", "")
    yield Line("answers signed, /s a core", f"{found.answers_s:,.0f}", "")
    yield Line("RSA-PSS signature on chain, gas", f"{found.signature_gas:,}", "under 150,000")


def settlement() -> Iterator[Line]:
    """How far provable inference scales: the share of zero-knowledge proofs swept."""
    from simnet.bench.settlement import sweep

    for found in sweep():
        shown = {name: "–" if value is None else f"{value:,.4g}" for name, value in found.readings.items()}
        figures = (
            f"final {shown['finality_zkml_s']} s, waits for a prover {shown['proof_queue_s.p95']} s (p95)",
            f"unproven {shown['unproven_claims']}, blocks {100 * found.gas_share:.0f} % full",
            f"gas {shown['gas_per_inference']}, USD {shown['settlement_cost_usd']}, OPG {shown['settlement_cost_opg']}",
            f"at risk {shown['value_at_risk_opg']} OPG",
        )
        yield Line(f"{found.system}, {found.share} % zkml of {shown['tasks_total']}", "; ".join(figures), "")


def processors() -> Iterator[Line]:
    """How far apart honest answers of this machine's processors are, and how long they take."""
    from simnet.bench.processors import measure

    for found in measure():
        same = "the same bits again" if found.repeats else "other bits each time"
        apart = f"worst {found.worst:.1e}, median {found.median:.1e}"
        yield Line(f"{found.model} on {found.processor}", f"{found.microseconds:,.0f} us; {apart}; {same}", "")


def viewers() -> Iterator[Line]:
    """What looking at runs costs, and how long one waits for it."""
    from simnet.bench.viewers import cost_of_dashboard, look_at

    ratio = cost_of_dashboard(SCENARIO, LONGER_ON_REVM, DASHBOARD_TIMES)
    yield Line("run with the dashboard over run without it, wall-clock time", f"{ratio:.2f}", "under 1.10")
    found = look_at(THOUSAND)
    yield Line(f"log of {found.events:,} events: opens, s", f"{found.opening_s:.2f}", "under 3.00")
    yield Line("  slowest of four jumps, s", f"{found.slowest_jump_s:.2f}", "under 0.50")
    yield Line("  its report, s", f"{found.report_s:.1f}", "under 15")
    yield Line("  its report, MB", f"{found.report_bytes / 1e6:.2f}", "under 5")


def zkml() -> Iterator[Line]:
    """Proofs of inference, one by one and twenty at once."""
    from simnet.bench.zkml import BATCH, BATCH_CIRCUIT, batch_s, measure

    for found in measure():
        yield Line(f"{found.circuit}: witness, CPU s", f"{found.witness_s:.3f}", "")
        yield Line(f"{found.circuit}: prove, CPU s", f"{found.prove_s:.2f}", "")
        yield Line(f"{found.circuit}: verify off chain, CPU s", f"{found.verify_s:.4f}", "")
        yield Line(f"{found.circuit}: proof, bytes", f"{found.proof_bytes:,}", "")
        yield Line(f"{found.circuit}: verify on chain, gas", f"{found.gas:,}", "")
    yield Line(f"{BATCH} proofs of {BATCH_CIRCUIT}, verified on anvil, s", f"{batch_s():.1f}", "under 120")


def has_ezkl() -> bool:
    """Whether proofs can be made here; says so if not."""
    from nodes.proofs.circuits.library import ZkmlMissing, require_ezkl

    try:
        require_ezkl()
    except ZkmlMissing as error:
        click.echo(f"no figures of zkml: {error}; {error.hint}", err=True)
        return False
    return True


def revm() -> Iterator[Line]:
    """The in-process chain against a loop over pyrevm."""
    from simnet.bench.revm import measure

    found = measure(REVM_SCENARIO)
    yield Line(f"revm, {found.calls:,} calls of {REVM_SCENARIO.name}: calls/s a core", f"{found.seam:,.0f}", "")
    yield Line("bare pyrevm loop, the same calls: calls/s a core", f"{found.bare:,.0f}", "")
    yield Line("revm over the bare loop", f"{found.of_bare:.2f}", "at least 0.65")
    yield Line("pyrevm's own part of it over the bare loop", f"{found.least_of_bare:.2f}", "")


def peers() -> Iterator[Line]:
    """The in-process chain against verbs', another simulator of agents on an EVM."""
    from simnet.bench.peers import TRANSFERS, has_verbs, measure

    if not has_verbs():
        click.echo("no figures of verbs: it is not installed; pip install verbs==0.4.1", err=True)
    found = measure()
    yield Line(f"revm, {TRANSFERS:,} OPG transfers: transfers/s a core", f"{found.ours:,.0f}", "")
    if found.verbs is not None:
        yield Line("verbs, the same transfers: transfers/s a core", f"{found.verbs:,.0f}", "")
        yield Line("revm over verbs", f"{found.ours / found.verbs:.2f}", "near 1.00")


def judging() -> Iterator[Line]:
    """What of a run's time goes into judging and reporting it."""
    from reports import write_reports
    from reports.source import finished_run
    from simnet.bench.judging import measure

    found = measure(THOUSAND, SHORTER, lambda finished: write_reports(finished_run(finished)))
    yield Line(f"{THOUSAND.name}, its first minute, s", f"{found.run_s:.1f}", "")
    yield Line("  judging it, s", f"{found.judging_s:.2f}", "")
    yield Line("  reporting it, s", f"{found.reporting_s:.2f}", "")
    yield Line("judging and reporting, share of the whole", f"{found.share:.2f}", "at most 0.25")


def gateway() -> Iterator[Line]:
    """The gateway of `simnet up`, as a client sees it."""
    from simnet.bench.gateway import language_model, waits
    from simnet.up.language import is_prepared

    found = waits()
    yield Line("gateway, nothing but HTTPS and the engine: ms", f"{found.nothing:.1f}", "")
    yield Line("gateway, a paid, signed answer of the echo in a kept session: ms", f"{found.answer:.1f}", "below 15")
    yield Line("the same at the 95th percentile: ms", f"{found.answer_p95:.1f}", "")
    if is_prepared():
        first_s, speed = language_model()
        yield Line("SmolLM2, to the first token: ms", f"{1e3 * first_s:.0f}", "")
        yield Line("SmolLM2, tokens a second", f"{speed:.1f}", "")


SUITES: dict[str, Callable[[], Iterator[Line]]] = {
    "chain": chain,
    "revm": revm,
    "peers": peers,
    "judging": judging,
    "engine": engine,
    "startup": startup,
    "evidence": evidence,
    "viewers": viewers,
    "processors": processors,
    "zkml": zkml,
    "settlement": settlement,
    "gateway": gateway,
}


@click.command(epilog=f"Suites: {', '.join(SUITES)}.")
@click.argument("suites", nargs=-1, type=click.Choice(list(SUITES)), metavar="[SUITE]...")
def bench(suites: tuple[str, ...]) -> None:
    """Measure simnet on this machine, as ratios within one run. All suites if none is named.

    \b
    simnet bench
    simnet bench engine
    """
    console = make_console()
    chosen = suites or tuple(name for name in SUITES if name != "zkml" or has_ezkl())
    lines = []
    for name in chosen:
        click.echo(f"measuring {name} …", err=True)
        lines += [(line.what, line.value, line.target) for line in SUITES[name]()]
    print_table(console, ("what", "measured", "target"), lines)
