"""Chains for tests: each test that asks for one gets a chain of its own."""

from __future__ import annotations

import gc
import os
import signal
from collections.abc import Generator, Iterator
from contextlib import closing
from importlib.util import find_spec
from pathlib import Path
from typing import TypeVar

import pytest
from hypothesis import settings

from chain.backends.anvil import AnvilChain
from chain.seam import Chain
from simnet.kernel.pace import OBJECTS_BETWEEN_COLLECTIONS
from tests.stage import Stage

AnyReport = TypeVar("AnyReport", pytest.CollectReport, pytest.TestReport)
Wrapped = Generator[None, AnyReport, AnyReport]

settings.register_profile("simnet", deadline=None, max_examples=60)  # a busy machine is no defect
settings.load_profile("simnet")

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # as in the background of a shell: tests end processes by it
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_finish() -> None:
    """Leave modules and collected tests out of garbage collections: a full one looks at them for half a second."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(OBJECTS_BETWEEN_COLLECTIONS, 5, 5)


ABSENT = "pyrevm is not installed"
"""What simnet says wherever contracts cannot run in process."""


def skipped_for_want_of_pyrevm(report: AnyReport, place: Path) -> AnyReport:
    """A report, as one of a skipped test if it failed for want of pyrevm, which has no wheel for every Python."""
    said = report.longreprtext + "".join(text for _, text in report.sections)
    if report.failed and ABSENT in said and find_spec("pyrevm") is None:
        report.outcome, report.longrepr = "skipped", (str(place), 0, f"Skipped: {ABSENT}")
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Wrapped[pytest.CollectReport]:
    """Modules that make a chain when they are imported."""
    return skipped_for_want_of_pyrevm((yield), collector.path)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Wrapped[pytest.TestReport]:
    """Tests that run contracts, and their fixtures."""
    return skipped_for_want_of_pyrevm((yield), item.path)


def open_backend(name: str) -> Chain:
    """A fresh chain. Skips the test where that backend does not exist (pyrevm has no wheel for every Python)."""
    if name == "anvil":
        return AnvilChain()
    pytest.importorskip("pyrevm")
    from chain.backends.revm import RevmChain

    return RevmChain()


@pytest.fixture(params=["anvil", "revm"])
def any_chain(request: pytest.FixtureRequest) -> Iterator[Chain]:
    """The test runs once on each backend."""
    with closing(open_backend(request.param)) as chain:
        yield chain


@pytest.fixture
def anvil() -> Iterator[AnvilChain]:
    """A chain on anvil."""
    with AnvilChain() as chain:
        yield chain


@pytest.fixture
def stage(tmp_path: Path) -> Iterator[Stage]:
    """An engine on a calm network, for the test to put hosts on."""
    with closing(Stage(tmp_path)) as open_stage:
        yield open_stage


@pytest.fixture(scope="session")
def zkml_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Keys and proofs in a cache that is new in each session, and that its workers share: keys take seconds to make.

    Skips the test where ezkl is not installed.
    """
    pytest.importorskip("ezkl")
    base = tmp_path_factory.getbasetemp()
    cache = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "simnet-cache"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("SIMNET_CACHE", str(cache))
        yield cache


@pytest.fixture(scope="session")
def troubled_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Directory of a small run with cheats, faults and an expectation that does not hold. Not to be changed."""
    return sample_run("TROUBLED", tmp_path_factory)


@pytest.fixture(scope="session")
def fraud_wins_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Directory of a small run that passes although fraud became final. Not to be changed."""
    return sample_run("FRAUD_WINS", tmp_path_factory)


def sample_run(name: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Run one of the scenarios of `tests.report_samples`."""
    pytest.importorskip("pyrevm")
    from tests import report_samples

    return report_samples.run_sample(getattr(report_samples, name), tmp_path_factory.mktemp("runs") / name.lower())
