"""The share of a run that goes into judging and reporting it."""

from __future__ import annotations

import pytest

from simnet.bench.judging import JudgingFigures


def test_the_share_is_of_run_and_reports_together() -> None:
    assert JudgingFigures(run_s=6, judging_s=1, reporting_s=2).share == pytest.approx(3 / 8)
    assert JudgingFigures(run_s=6, judging_s=0, reporting_s=0).share == 0
