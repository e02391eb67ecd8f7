"""Scenario files as pytest tests: each seed of a file is a test, which passes if the run does.

A file counts as a scenario if it is named on pytest's command line, or matches ``simnet_files`` in pytest's
configuration; other YAML files are left alone. Nothing of simnet is imported before a scenario is collected.

    pytest scenarios/byzantine.yaml --simnet-seeds 5
    pytest scenarios/ -n 4                    with  simnet_files = scenarios/*.yaml  and pytest-xdist
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from simnet.scenario.schema import Scenario
    from simnet.verdict.results import Results

SUFFIXES = (".yaml", ".yml")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Options and settings."""
    group = parser.getgroup("simnet", "scenarios of simnet")
    group.addoption("--simnet-seeds", metavar="N", help="How many, counting up from the file's; or which, as 3,7,9.")
    group.addoption("--simnet-backend", choices=("anvil", "revm"), help="Which chain runs the contracts.")
    parser.addini("simnet_files", "Patterns of scenario files, from pytest's root directory.", type="args", default=[])
    parser.addini("simnet_seeds", "As --simnet-seeds.", default="1")


def pytest_collect_file(file_path: Path, parent: pytest.Collector) -> ScenarioFile | None:
    """Take a file for a scenario if somebody says so."""
    if file_path.suffix not in SUFFIXES:
        return None
    root = parent.config.rootpath
    name = file_path.relative_to(root).as_posix() if file_path.is_relative_to(root) else file_path.as_posix()
    wanted = parent.session.isinitpath(file_path) or any(
        fnmatch(name, pattern) for pattern in parent.config.getini("simnet_files")
    )
    return ScenarioFile.from_parent(parent, path=file_path) if wanted else None


class ScenarioFile(pytest.File):
    """A scenario file: a test for each seed."""

    def collect(self) -> Iterator[ScenarioItem]:
        """Read it, so that a mistake in it is known before anything is run."""
        from simnet.scenario.errors import ScenarioErrors
        from simnet.scenario.load import load_scenario
        from simnet.scenario.overrides import by_option

        backend = self.config.getoption("--simnet-backend")
        overrides = by_option("--simnet-backend", "chain.backend", backend or None)
        try:
            scenario = load_scenario(self.path, overrides)
        except ScenarioErrors as error:
            raise self.CollectError(str(error)) from None
        for seed in seeds(self.config, scenario.seed):
            yield ScenarioItem.from_parent(
                self, name=f"seed {seed}", scenario=scenario.model_copy(update={"seed": seed}), overrides=overrides
            )


def seeds(config: pytest.Config, first: int) -> list[int]:
    """Which seeds are asked for. Raises `pytest.UsageError`."""
    text = str(config.getoption("--simnet-seeds") or config.getini("simnet_seeds"))
    from simnet.cli.cases import BadSeeds, seeds_of

    try:
        return seeds_of(text, first)
    except BadSeeds as error:
        raise pytest.UsageError(f"--simnet-seeds: {error}") from None


class DidNotPass(Exception):
    """A run did not pass; says why."""


class ScenarioItem(pytest.Item):
    """A run of a scenario."""

    def __init__(self, *, scenario: Scenario, overrides: tuple[str, ...], **about: Any) -> None:
        super().__init__(**about)
        self.scenario, self.overrides = scenario, overrides

    def runtest(self) -> None:
        """Run it, and judge it."""
        from simnet.batch.perform import perform
        from simnet.batch.work import Work
        from simnet.cli.check import reported_unless_passed

        work = Work(self.scenario, self.scenario.seed, None, reported_unless_passed, command=self.replay)
        summary = perform(work)
        if summary.directory is not None:
            self.add_report_section("call", "simnet", f"run directory: {summary.directory}/")
        if summary.results is None or summary.reason:
            raise DidNotPass(f"the run {summary.state}: {summary.reason}")
        if summary.results.exit_code:
            raise DidNotPass("\n".join((summary.results.reason, *unmet(summary.results), f"replay  {self.replay}")))

    @property
    def replay(self) -> str:
        """The command that runs it again."""
        from simnet.cli.run import set_options

        seed = str(self.scenario.seed)
        return shlex.join(["simnet", "run", str(self.path), "--seed", seed, *set_options(self.overrides)])

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """What did not hold, without a traceback; that of an error that nobody foresaw."""
        return str(excinfo.value) if isinstance(excinfo.value, DidNotPass) else super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int | None, str]:
        """Where it is and what it is called."""
        return self.path, None, f"{self.path.name}, {self.name}"


def unmet(results: Results) -> list[str]:
    """A line for each thing that did not hold."""
    broken = [f"  invariant {one.name}: {one.detail}" for one in results.invariants if not one.held]
    return [*broken, *(f"  {one.expression}: {one.detail}" for one in results.unmet)]
